//! Broken texts: whatever the bytes, reading ends, does not panic, and explains without a panic.
//!
//! Texts of the corpus are cut, joined, shuffled and have bytes changed. The long form (`KMEM_LONG=1`, `cargo xtask long`) is half a
//! million of each.

use kmem_inspect::explain::pages::PageRequest;
use kmem_inspect::explain::{explain, Question};
use kmem_inspect::{reading, Capture, Reader};
use proptest::prelude::*;
use std::path::Path;
use std::{env, fs};

fn texts() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let golden = root.join("../../golden");
    let mut paths: Vec<_> = fs::read_dir(root.join("tests/corpus"))
        .expect("the corpus is there")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "txt"))
        .collect();
    for file in [
        "meminfo",
        "zoneinfo",
        "buddyinfo",
        "pagetypeinfo",
        "slabinfo",
        "vmallocinfo",
        "iomem",
        "vmstat",
        "memory_report",
    ] {
        let found =
            ["armhf-1g", "amd64-2g", "oom-armhf-128m", "i386-pae-1g"].iter().map(|case| golden.join(case).join(file));
        paths.extend(found.filter(|path| path.exists()).take(1));
    }
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("a readable text")).collect()
}

/// What is done to a text.
#[derive(Clone, Debug)]
enum Change {
    /// A byte becomes another.
    Byte(usize, u8),
    /// All behind is lost.
    Cut(usize),
    /// Some bytes are lost.
    Lose(usize, usize),
    /// Some bytes are there twice.
    Repeat(usize, usize),
    /// Two lines change places.
    Swap(usize, usize),
    /// A number becomes as large as can be.
    Nines(usize),
    /// Blanks and line ends are lost from here on, some of them.
    Glue(usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<usize>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        at().prop_map(Change::Cut),
        (at(), 0..400usize).prop_map(|(at, length)| Change::Lose(at, length)),
        (at(), 0..4000usize).prop_map(|(at, length)| Change::Repeat(at, length)),
        (at(), at()).prop_map(|(a, b)| Change::Swap(a, b)),
        at().prop_map(Change::Nines),
        (at(), 1..50usize).prop_map(|(at, count)| Change::Glue(at, count)),
    ]
}

fn apply(text: &mut Vec<u8>, change: &Change) {
    let length = text.len().max(1);
    match *change {
        Change::Byte(at, byte) => {
            if let Some(slot) = text.get_mut(at % length) {
                *slot = byte;
            }
        }
        Change::Cut(at) => text.truncate(at % length),
        Change::Lose(at, count) => {
            let at = (at % length).min(text.len());
            text.drain(at..(at + count).min(text.len()));
        }
        Change::Repeat(at, count) => {
            let at = (at % length).min(text.len());
            let again = text[at..(at + count).min(text.len())].to_vec();
            text.splice(at..at, again);
        }
        Change::Swap(a, b) => {
            let mut lines: Vec<Vec<u8>> = text.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
            let count = lines.len();
            lines.swap(a % count, b % count);
            *text = lines.join(&b'\n');
        }
        Change::Nines(at) => {
            let at = (at % length).min(text.len());
            let digit = |byte: &u8| byte.is_ascii_digit();
            if let Some(start) = text[at..].iter().position(digit).map(|found| at + found) {
                let end = text[start..].iter().position(|byte| !digit(byte)).map_or(text.len(), |found| start + found);
                text.splice(start..end, *b"18446744073709551615");
            }
        }
        Change::Glue(at, count) => {
            let at = (at % length).min(text.len());
            let mut left = count;
            let mut tail = text.split_off(at);
            tail.retain(|byte| {
                let lost = left > 0 && (*byte == b' ' || *byte == b'\n');
                left -= usize::from(lost);
                !lost
            });
            text.extend(tail);
        }
    }
}

fn read(text: &[u8]) -> Capture {
    let mut reader = Reader::new();
    reader.read("text", text).expect("memory can be read");
    reader.finish()
}

fn cases() -> u32 {
    if env::var_os("KMEM_LONG").is_some() {
        500_000
    } else {
        600
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn broken_texts_are_read_without_a_panic(which in any::<usize>(), changes in prop::collection::vec(change(), 1..12)) {
        let texts = texts();
        let mut text = texts[which % texts.len()].clone();
        changes.iter().for_each(|change| apply(&mut text, change));
        let mut capture = read(&text);
        let mut out = String::new();
        prop_assert!(reading::write(&mut out, &capture).is_ok());
        for fit in [Some(64 << 20), Some(u64::MAX)] {
            let answer = explain(&mut out, &mut capture, &Question { fit, advise: true, pages: None });
            prop_assert!(answer.is_ok());
        }
        for gfp in ["", "GFP_ATOMIC", "GFP_HIGHUSER_MOVABLE"] {
            let pages = Some(PageRequest { order: which as u32 % 18, gfp: gfp.to_owned() });
            let answer = explain(&mut out, &mut capture, &Question { pages, ..Question::default() });
            prop_assert!(answer.is_ok());
        }
        // What comes out is bounded by what went in.
        prop_assert!(out.len() < 200 * text.len() + 100_000, "{} bytes of {}", out.len(), text.len());
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(text in prop::collection::vec(any::<u8>(), 0..2000)) {
        let mut capture = read(&text);
        let mut out = String::new();
        let answer = explain(&mut out, &mut capture, &Question { fit: Some(1), advise: true, pages: None });
        prop_assert!(answer.is_ok());
    }
}
