//! Each reader for minutes, with texts that look like its own.
//!
//! For each reader there is a pool: the texts of the corpus and of `golden/` in which it finds something. Again and again
//! one of them is changed as such texts change on their way and as nobody expects: numbers become edges, rows and blocks
//! of others come in, columns run together, bytes turn. A text that is read in a way that was not seen before joins the
//! pool. Whatever the text, reading and explaining end soon, without a panic, and nothing is kept.
//!
//! The long form (`KMEM_LONG=1`, `cargo xtask long`) takes ten minutes for each reader, as many at a time as there are
//! processors. `KMEM_SEED` repeats a run, `KMEM_FUZZ_SECONDS` changes how long one takes. What fails is left in the
//! target folder, with its seed and number in its name.

use kmem_inspect::explain::pages::PageRequest;
use kmem_inspect::explain::{explain, Question};
use kmem_inspect::{reading, Capture, Reader};
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{env, fs, process, thread};

/// A reader, and how much of its kind a capture has.
type Target = (&'static str, fn(&Capture) -> usize);
const TARGETS: [Target; 15] = [
    ("vmallocinfo", |it| it.vmallocinfo.iter().map(|it| it.rows.len()).sum()),
    ("meminfo", |it| it.meminfo.len()),
    ("buddyinfo", |it| it.buddyinfo.iter().map(|it| it.rows.len()).sum()),
    ("pagetypeinfo", |it| it.pagetypeinfo.len()),
    ("zoneinfo", |it| it.zoneinfo.iter().map(|it| it.zones.len()).sum()),
    ("slabinfo", |it| it.slabinfo.iter().map(|it| it.rows.len()).sum()),
    ("iomem", |it| it.iomem.len()),
    ("vmstat", |it| it.vmstat.len()),
    ("sysctl", |it| it.sysctl.len()),
    ("slab_folder", |it| it.slab_folders.iter().map(|it| it.caches.len()).sum()),
    ("kernel_log", |it| it.logs.len()),
    ("report", |it| it.reports.len()),
    ("trouble", |it| it.troubles.len()),
    ("repeats", |it| it.repeats.len()),
    // Whatever there is: what stands in front of lines, joined lines, several listings in one text.
    ("line", |it| it.sources.len()),
];

/// An input is cut to this, and read and explained in this time.
const LARGEST: usize = 32 << 10;
const SLOW: Duration = Duration::from_secs(if cfg!(debug_assertions) { 60 } else { 10 });
/// Where nothing comes back at all, the process is ended.
const HANGS: Duration = Duration::from_secs(120);
/// What the process may grow by when all pools are filled.
const GROWTH: u64 = 192 << 20;
const MOST_IN_POOL: usize = 400;

/// A generator of numbers that are the same for the same seed: splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
    fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths: Vec<PathBuf> = Vec::new();
    for folder in ["tests/corpus", "tests/advice"] {
        let found = fs::read_dir(root.join(folder)).expect("texts are there");
        paths.extend(found.map(|entry| entry.expect("a readable folder").path()));
    }
    paths.retain(|path| path.extension().is_some_and(|ext| ext == "txt"));
    for case in ["armhf-1g", "amd64-2g", "oom-armhf-128m", "i386-pae-1g", "amd64-numa2-1g"] {
        let found = fs::read_dir(root.join("../../golden").join(case)).expect("recordings are there");
        paths.extend(found.map(|entry| entry.expect("a readable folder").path()).filter(|path| path.is_file()));
    }
    paths.sort();
    let read = |path: &PathBuf| fs::read(path).expect("a readable text");
    paths.iter().map(read).filter(|text| !text.contains(&0)).map(cut).collect()
}

fn cut(mut text: Vec<u8>) -> Vec<u8> {
    text.truncate(LARGEST);
    text
}

const NUMBERS: [&str; 22] = [
    "0",
    "1",
    "-1",
    "00000000000000000007",
    "4095",
    "4096",
    "4097",
    "2147483648",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999999999",
    "0x0",
    "0xffffffff",
    "0xffffffffffffffff",
    "0x10000000000000000",
    "c0000000",
    "",
    ">100000",
];
const WORDS: [&str; 24] = [
    "Node 0, zone   Normal",
    "Node 4294967295, zone DMA",
    "cpu: 0",
    "pagesets",
    "protection: (",
    ")",
    ": tunables ",
    ": slabdata ",
    "Mem-Info:",
    "Linux version 6.1.0",
    "Linux version 2.6.11-x",
    "Zone ranges:",
    "  HighMem  [mem 0x00000000ffffffff-0xffffffffffffffff]",
    "vmap allocation for size 18446744073709551615 failed: use vmalloc=",
    "x: page allocation failure: order:30, mode:0xffffffff",
    "BUG: KASAN: x in y+0x1/0x2",
    "unreferenced object 0x0 (size 18446744073709551615):",
    "Page allocated via order 31, mask 0x0",
    "[123.456]",
    "<6>",
    "#012",
    "\\n",
    "... ",
    "0xc0000000-0xc0001000    4096 f+0x0/0x0 ioremap",
];

/// Changes a text in one way.
fn change(text: &mut Vec<u8>, random: &mut Random, pool: &[Vec<u8>]) {
    let at = random.below(text.len() + 1);
    match random.below(14) {
        0 => {
            if let Some(byte) = text.get_mut(at) {
                *byte = random.next() as u8;
            }
        }
        1 => {
            if let Some(byte) = text.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        2 => text.truncate(at),
        3 => {
            let end = (at + random.below(300)).min(text.len());
            text.drain(at..end);
        }
        4..=6 => {
            // A number becomes an edge.
            let is_part = |byte: &u8| byte.is_ascii_hexdigit();
            if let Some(from) = text[at..].iter().position(u8::is_ascii_digit).map(|found| at + found) {
                let end = text[from..].iter().position(|byte| !is_part(byte)).map_or(text.len(), |found| from + found);
                text.splice(from..end, random.of(&NUMBERS).bytes());
            }
        }
        7 => drop(text.splice(at..at, random.of(&WORDS).bytes())),
        8 => {
            // Lines of another text of the same kind.
            let other: &Vec<u8> = random.of(pool);
            let other = lines(other);
            let from = random.below(other.len());
            let count = 1 + random.below(12);
            let some: Vec<u8> = other[from..].iter().take(count).flat_map(|line| line.iter().copied()).collect();
            let start = text[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |found| found + 1);
            text.splice(start..start, some);
        }
        9 => {
            let mut list: Vec<Vec<u8>> = lines(text).into_iter().map(<[u8]>::to_vec).collect();
            let (a, b) = (random.below(list.len()), random.below(list.len()));
            if !list.is_empty() {
                list.swap(a, b);
            }
            *text = list.concat();
        }
        10 => {
            // A line again, up to five hundred times: caps and what grows with the square show.
            let list = lines(text);
            if !list.is_empty() {
                let line = list[random.below(list.len())].to_vec();
                let times = 1 << random.below(10);
                let start = text[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |found| found + 1);
                text.splice(start..start, line.repeat(times));
            }
        }
        11 => {
            // Blanks and line ends are lost.
            let mut left = 1 + random.below(30);
            let tail = text.split_off(at);
            text.extend(tail.into_iter().filter(|byte| {
                let lost = left > 0 && (*byte == b' ' || *byte == b'\n');
                left -= usize::from(lost);
                !lost
            }));
        }
        12 => {
            let word = random.of(&["\u{e9}", "\u{2003}", "\r", "\t", "\u{0}", "\u{feff}", "> ", "[    1.000000] "]);
            text.splice(at..at, word.bytes());
        }
        _ => {
            // A column of one line goes before another.
            let words: Vec<&[u8]> =
                text.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty()).collect();
            if !words.is_empty() {
                let word = [*random.of(&words), &b" "[..]].concat();
                text.splice(at..at, word);
            }
        }
    }
    text.truncate(LARGEST);
}

fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

/// Reads and explains; returns what can be told from outside about the way that went.
fn run(text: &[u8], of: fn(&Capture) -> usize) -> u64 {
    let mut reader = Reader::new();
    reader.read("text", text).expect("memory can be read");
    let mut capture = reader.finish();
    let mut out = String::new();
    reading::write(&mut out, &capture).expect("a string can be written");
    let mut way = DefaultHasher::new();
    let other = capture.sources[0].other.min(20);
    (other, of(&capture).min(50), capture.doubts.count().min(50), capture.not_kept.min(3)).hash(&mut way);
    for doubt in capture.doubts.iter().take(20) {
        doubt.what.split(|c: char| c.is_ascii_digit()).next().hash(&mut way);
    }
    let pages = |order: u32, gfp: &str| Some(PageRequest { order, gfp: gfp.to_owned() });
    let sum = text.iter().fold(0u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(*byte)));
    let questions = [
        Question { fit: Some(64 << 20), advise: true, pages: None },
        Question { fit: Some(u64::from(sum) << (sum % 20)), advise: true, pages: None },
        Question {
            fit: None,
            advise: false,
            pages: pages(sum % 20, ["", "GFP_ATOMIC", "GFP_HIGHUSER"][sum as usize % 3]),
        },
    ];
    for question in &questions {
        let answer = explain(&mut out, &mut capture, question).expect("a string can be written");
        format!("{answer:?}").hash(&mut way);
    }
    assert!(out.len() < 400 * text.len() + 400_000, "{} bytes are said of {}", out.len(), text.len());
    way.finish()
}

/// Bytes that the process holds.
fn resident() -> u64 {
    let text = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}

/// One target's loop; returns how many inputs it tried, or what was found.
fn fuzz(
    target: Target,
    seed: u64,
    until: &dyn Fn(u64) -> bool,
    heart: &Mutex<HashMap<&'static str, (Instant, u64)>>,
) -> Result<u64, String> {
    let (name, of) = target;
    let mut random = Random(seed ^ name.bytes().fold(0, |sum, byte| sum << 8 ^ u64::from(byte)));
    let mut pool: Vec<Vec<u8>> = Vec::new();
    let mut ways = HashSet::new();
    for text in seeds() {
        let mut reader = Reader::new();
        reader.read("text", &text[..]).expect("memory can be read");
        if of(&reader.finish()) > 0 {
            pool.push(text);
        }
    }
    assert!(!pool.is_empty(), "no text for {name}");
    let mut number = 0;
    while until(number) {
        number += 1;
        let mut text = random.of(&pool).clone();
        for _ in 0..=random.below(8) {
            change(&mut text, &mut random, &pool);
        }
        heart.lock().expect("no panic holds it").insert(name, (Instant::now(), number));
        let begun = Instant::now();
        let done = catch_unwind(AssertUnwindSafe(|| run(&text, of)));
        let problem = match &done {
            Err(_) => Some("a panic"),
            Ok(_) if begun.elapsed() > SLOW => Some("slow"),
            Ok(_) => None,
        };
        if let Some(problem) = problem {
            let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{name}-{seed}-{number}.txt"));
            let _ = fs::write(&path, &text);
            heart.lock().expect("no panic holds it").remove(name);
            return Err(format!("{name}: {problem} with KMEM_SEED={seed}, input {number}: {}", path.display()));
        }
        if ways.insert(done.unwrap_or(0)) && text.len() < LARGEST / 2 {
            if pool.len() < MOST_IN_POOL {
                pool.push(text);
            } else {
                let at = random.below(pool.len());
                pool[at] = text;
            }
        }
    }
    heart.lock().expect("no panic holds it").remove(name);
    Ok(number)
}

#[test]
fn every_reader_bears_whatever_comes() {
    let long = env::var_os("KMEM_LONG").is_some();
    let number = |name: &str| env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seconds = number("KMEM_FUZZ_SECONDS").or(long.then_some(600));
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |time| time.as_secs());
    let seed = number("KMEM_SEED").unwrap_or(if long { clock } else { 1 });
    println!("KMEM_SEED={seed}");
    let heart = Mutex::new(HashMap::new());
    let next = AtomicUsize::new(0);
    let (filled, most) = (AtomicU64::new(u64::MAX), AtomicU64::new(0));
    let found = Mutex::new(Vec::new());
    let workers = thread::available_parallelism().map_or(1, usize::from).min(TARGETS.len());
    thread::scope(|scope| {
        let work = || {
            while let Some(target) = TARGETS.get(next.fetch_add(1, Ordering::Relaxed)) {
                let begun = Instant::now();
                let until = |number: u64| match seconds {
                    Some(seconds) => begun.elapsed() < Duration::from_secs(seconds),
                    None => number < 40,
                };
                let done = fuzz(*target, seed, &until, &heart);
                most.fetch_max(resident(), Ordering::Relaxed);
                let _ = filled.compare_exchange(u64::MAX, resident(), Ordering::Relaxed, Ordering::Relaxed);
                match done {
                    Ok(count) => println!("{}: {count} inputs in {:.0} s", target.0, begun.elapsed().as_secs_f64()),
                    Err(what) => found.lock().expect("no panic holds it").push(what),
                }
            }
        };
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        while !workers.iter().all(|worker| worker.is_finished()) {
            thread::sleep(Duration::from_millis(50));
            let stuck = |(_, (since, _)): &(&&str, &(Instant, u64))| since.elapsed() > HANGS;
            if let Some((name, (_, number))) = heart.lock().expect("no panic holds it").iter().find(stuck) {
                eprintln!("{name}: reading does not end with KMEM_SEED={seed}, input {number}");
                process::abort();
            }
        }
    });
    let found = found.into_inner().expect("no panic holds it");
    assert!(found.is_empty(), "{}", found.join("\n"));
    let (filled, most) = (filled.into_inner(), most.into_inner());
    println!("{} MB when the first was done, {} MB at most", filled >> 20, most >> 20);
    assert!(most.saturating_sub(filled) <= GROWTH, "memory grew from {} MB to {} MB", filled >> 20, most >> 20);
}
