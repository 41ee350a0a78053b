//! Pictures of all captures there are: they can be drawn, they are well-formed, to scale, and honest.

use kmem_inspect::explain::{explain, Question};
use kmem_inspect::Reader;
use kmem_picture::Picture;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn picture(texts: &[(String, String)]) -> Picture {
    let mut reader = Reader::new();
    texts.iter().for_each(|(name, text)| reader.read_text(name, text));
    let mut capture = reader.finish();
    let mut words = String::new();
    explain(&mut words, &mut capture, &Question::default()).expect("words");
    kmem_picture::make::of_capture(&capture, &words)
}

fn of_text(text: &str) -> Picture {
    picture(&[("text".to_owned(), text.to_owned())])
}

fn of_files(files: &[PathBuf]) -> Picture {
    let read = |file: &PathBuf| {
        let text = String::from_utf8_lossy(&fs::read(file).expect("a file")).into_owned();
        (file.display().to_string(), text)
    };
    picture(&files.iter().map(read).collect::<Vec<_>>())
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

/// Both outputs, checked for what must hold of any.
fn check(picture: &Picture, name: &str) -> (String, String) {
    let (html, svg) = (picture.html(), picture.svg());
    let document = roxmltree::Document::parse(&svg).unwrap_or_else(|error| panic!("{name}: {error}"));
    for node in document.descendants() {
        for key in ["x", "y", "width", "height"] {
            let number = node.attribute(key).filter(|value| !value.ends_with('%')).map(str::parse::<f64>);
            assert!(number.is_none_or(|number| number.is_ok_and(f64::is_finite)), "{name}: {node:?}");
        }
    }
    let ids: HashSet<&str> = picture.figures.iter().map(|figure| figure.id.as_str()).collect();
    assert_eq!(ids.len(), picture.figures.len(), "{name}: figures have names of their own");
    assert!(html.len() < 5_000_000 && svg.len() < 5_000_000, "{name}: {} {}", html.len(), svg.len());
    for elsewhere in [" src=", "href=\"http", "url(http", "@import"] {
        assert!(!html.contains(elsewhere), "{name}: {elsewhere}");
    }
    (html, svg)
}

#[test]
fn every_capture_can_be_drawn() {
    let mut drawn = 0;
    for folder in files(&top().join("golden")).into_iter().filter(|path| path.is_dir()) {
        let picture = of_files(&files(&folder));
        check(&picture, &folder.display().to_string());
        drawn += usize::from(picture.figures.len() >= 4);
    }
    assert!(drawn > 40, "{drawn}");
    for file in files(&top().join("crates/kmem-inspect/tests/corpus"))
        .into_iter()
        .filter(|file| file.extension().is_some_and(|it| it == "txt"))
    {
        check(&of_files(std::slice::from_ref(&file)), &file.display().to_string());
    }
}

/// The rectangles of the map of the vmalloc area: first address, place, width, class, words.
fn map_of(svg: &str) -> Vec<(u64, f64, f64, String, String)> {
    let document = roxmltree::Document::parse(svg).expect("well-formed");
    let strip = document.descendants().rfind(|node| node.attribute("class") == Some("strip")).expect("a strip");
    let base =
        u64::from_str_radix(strip.attribute("data-base").expect("a base").trim_start_matches("0x"), 16).expect("hex");
    let lane = strip.descendants().find(|node| node.attribute("class") == Some("lane")).expect("a lane");
    let number = |node: &roxmltree::Node<'_, '_>, key: &str| {
        node.attribute(key).expect("a number").parse::<f64>().expect("a number")
    };
    lane.children()
        .filter(roxmltree::Node::is_element)
        .map(|node| {
            let words = node.descendants().find_map(|it| it.text()).unwrap_or_default().to_owned();
            let class = node.attribute("class").unwrap_or_default().to_owned();
            (base + number(&node, "data-o") as u64, number(&node, "x"), number(&node, "width"), class, words)
        })
        .collect()
}

#[test]
fn the_phones_area_is_drawn_to_scale_with_its_holes_and_what_is_unknown() {
    let picture = of_files(&[top().join("crates/kmem-inspect/tests/corpus/phone-page.txt")]);
    let (html, svg) = check(&picture, "phone");
    let map = map_of(&svg);
    let whole: f64 = map.iter().map(|(_, _, width, ..)| width).sum();
    assert!(svg.contains(&format!("data-w=\"{whole:.0}\"")), "the area takes all the room there is: {whole}");
    for pair in map.windows(2) {
        assert!((pair[0].1 + pair[0].2 - pair[1].1).abs() < 0.05, "no overlap, no gap: {pair:?}");
    }
    for (start, megabytes, class, name) in [
        (0xf72f_f000, 45.0, "p-free", "hole 45.0 MB"),
        (0xfb60_0000, 57.86, "p-free", "hole 57.86 MB"),
        (0xf36f_f000, 47.5, "p-unknown", "unknown 47.5 MB"),
    ] {
        let found = map.iter().find(|piece| piece.0 == start).unwrap_or_else(|| panic!("{start:#x}"));
        assert!((found.2 / whole - megabytes / 192.0).abs() < 0.0005, "{found:?}");
        assert!(found.3.contains(class) && found.4.starts_with(name), "{found:?}");
        assert!(html.contains(name));
    }
    assert!(html.contains("meminfo has a vmalloc area of 528 MB"), "the findings are there");
    assert!(html.contains("grows with vmalloc="), "and what bounds a hole");
}

#[test]
fn a_hundred_thousand_areas_make_a_usable_file() {
    let mut text = String::new();
    let mut at = 0xffff_c900_0000_0000u64;
    for number in 0..100_000u64 {
        let bytes = 4096 * (2 + number % 7);
        let end = at + bytes;
        text += &format!(
            "{at:#x}-{end:#x} {bytes:7} caller_{}+0x10/0x20 pages={} vmalloc\n",
            number % 20_000,
            bytes / 4096 - 1
        );
        at = end + 4096 * (number % 3);
    }
    // A hole that one can see among them.
    at += 64 << 20;
    text += &format!("{at:#x}-{:#x}    8192 caller_last+0x10/0x20 pages=1 vmalloc\n", at + 8192);
    let (html, svg) = check(&of_text(&text), "many");
    assert!(html.contains("narrower than a pixel are put together"), "it says so");
    let map = map_of(&svg);
    assert!(map.len() < 2500, "{}", map.len());
    let last = &map[map.len() - 2];
    assert!(last.4.starts_with("hole 64"), "{last:?}");
    let pieces: u64 = map
        .iter()
        .map(|piece| match piece.4.split_once(" pieces") {
            Some((count, _)) => count.parse().expect("a count"),
            None => u64::from(piece.4.starts_with("caller")),
        })
        .sum();
    assert_eq!(pieces, 100_001, "none is lost");
}

#[test]
fn what_a_dump_says_is_text() {
    let evil = "0xf0800000-0xf0803000   12288 <script>alert(1)</script>&\"'+0x550/0x748 pages=2 vmalloc\n";
    let picture = picture(&[(
        "<b>name</b>".to_owned(),
        format!("{evil}0xf0810000-0xf0821000   69632 \u{202e}x\u{1}+0x38/0xf8 ioremap\n"),
    )]);
    let (html, svg) = check(&picture, "evil");
    for text in [&html, &svg] {
        assert!(!text.contains("<script>alert") && !text.contains("<b>name"), "escaped");
        assert!(text.contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;'"), "and there");
        assert!(!text.contains('\u{202e}') && !text.contains('\u{1}'));
    }
    assert_eq!(html.matches("<script").count(), 1);
}

#[test]
fn hidden_addresses_are_not_drawn_as_if_they_were_known() {
    let picture = of_files(&[top().join("crates/kmem-inspect/tests/corpus/vmallocinfo-hashed.txt")]);
    let (html, _) = check(&picture, "hashed");
    assert!(html.contains("cannot be drawn") && !html.contains("class=\"strip\""));
}

/// Texts with a part taken from another place, cut, or with numbers that cannot be.
#[test]
fn broken_texts_are_drawn_without_a_panic() {
    let mut state = 1u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below.max(1)
    };
    let corpus = files(&top().join("crates/kmem-inspect/tests/corpus"));
    let texts: Vec<String> = corpus
        .iter()
        .filter(|file| file.extension().is_some_and(|it| it == "txt"))
        .map(|file| String::from_utf8_lossy(&fs::read(file).expect("a file")).into_owned())
        .collect();
    let numbers = ["0", "18446744073709551615", "ffffffffffffffff", "4294967296", "-1", "0xffffffff"];
    for round in 0..400 {
        let mut text: String = (0..2).map(|_| texts[random(texts.len())].as_str()).collect();
        for _ in 0..3 {
            let mut words: Vec<&str> = text.split_inclusive([' ', '\n', '-']).collect();
            let (from, to) = (random(words.len()), random(words.len()));
            match random(4) {
                _ if words.is_empty() => (),
                0 => words.swap(from, to),
                1 => words.truncate(from + 20),
                2 => words.insert(to, words[from]),
                _ => words.insert(to, numbers[random(numbers.len())]),
            }
            text = words.concat();
        }
        check(&of_text(&text), &format!("round {round}"));
    }
}
