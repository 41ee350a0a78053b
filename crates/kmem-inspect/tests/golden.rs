//! Files of real kernels are read without a doubt: every row, every number.

use kmem_inspect::{Capture, Reader};
use std::fs;
use std::path::{Path, PathBuf};

const FILES: [&str; 11] = [
    "meminfo",
    "buddyinfo",
    "pagetypeinfo",
    "zoneinfo",
    "slabinfo",
    "vmallocinfo",
    "iomem",
    "vmstat",
    "boot_log",
    "memory_report",
    "dmesg",
];

fn cases() -> Vec<PathBuf> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden");
    let folders = fs::read_dir(golden).expect("golden/ is there").map(|entry| entry.expect("a readable folder").path());
    let mut folders: Vec<PathBuf> = folders.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

fn read(path: &Path) -> Capture {
    let mut reader = Reader::new();
    let bytes = fs::read(path).expect("a readable file");
    reader.read(&path.to_string_lossy(), bytes.as_slice()).expect("memory can be read");
    reader.finish()
}

#[test]
fn every_line_is_read_and_adds_up() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for folder in cases() {
        for name in FILES {
            let path = folder.join(name);
            if !path.exists() {
                continue;
            }
            count += 1;
            let capture = read(&path);
            for doubt in capture.doubts.iter() {
                wrong.push(format!("{}:{}: {}", path.display(), doubt.place.line, doubt.what));
            }
            let source = &capture.sources[0];
            // Kernel logs and reports have lines about other things; the rest is ours to the last line.
            let blank =
                fs::read_to_string(&path).unwrap_or_default().lines().filter(|line| line.trim().is_empty()).count();
            if !["boot_log", "memory_report", "dmesg"].contains(&name) && source.other != blank as u64 {
                wrong.push(format!("{}: {} lines were not read", path.display(), source.other));
            }
            if name == "zoneinfo" {
                let unknown = &capture.zoneinfo[0].unknown;
                if !unknown.is_empty() {
                    wrong.push(format!("{}: unknown names {}", path.display(), unknown.join(" ")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 150, "{count} files");
}
