//! Texts in the shapes that people paste, and what must be read from each.
//!
//! `corpus/NAME.txt` is a text, `corpus/NAME.reading` what [`kmem_inspect::reading`] writes of it. With `BLESS=1` in the
//! environment the readings are written anew; read the difference then.

use kmem_inspect::{reading, Reader};
use std::path::{Path, PathBuf};
use std::{env, fs};

fn texts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let files =
        fs::read_dir(folder).expect("the corpus is there").map(|entry| entry.expect("a readable folder").path());
    let mut texts: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|ext| ext == "txt")).collect();
    texts.sort();
    texts
}

fn read(bytes: &[u8]) -> String {
    let mut reader = Reader::new();
    reader.read("text", bytes).expect("memory can be read");
    let mut out = String::new();
    reading::write(&mut out, &reader.finish()).expect("a string can be written");
    out
}

#[test]
fn each_text_is_read_as_expected() {
    let mut wrong = Vec::new();
    for path in texts() {
        let found = read(&fs::read(&path).expect("a readable text"));
        let expected = path.with_extension("reading");
        if env::var_os("BLESS").is_some() {
            fs::write(&expected, &found).expect("a writable corpus");
        } else if fs::read_to_string(&expected).unwrap_or_default() != found {
            wrong.push(format!("{}:\n{found}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn line_ends_and_prefixes_change_nothing() {
    for path in texts() {
        let bytes = fs::read(&path).expect("a readable text");
        let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
        let plain = read(text.as_bytes());
        assert_eq!(read(text.replace('\n', "\r\n").as_bytes()), plain, "{}", path.display());
        let quoted: String = text.lines().map(|line| format!("> {line}\n")).collect();
        assert_eq!(read(quoted.as_bytes()), plain, "{}", path.display());
    }
}
