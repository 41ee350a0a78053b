//! Files of real kernels are read without a doubt: every row, every number.

use kmem::snapshot::proc::{self, ProcFormat};
use kmem::snapshot::{MemField, MemInfo};
use kmem::units::Order;
use kmem_inspect::parse::vmallocinfo::VmallocInfo;
use kmem_inspect::vmalloc::Area;
use kmem_inspect::{Capture, Doubts, Reader};
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

/// The formats of a capture's kernel, which its folder names; a kernel without a number is 6.1 on 32 bits and 6.12 on 64.
fn format_of(folder: &Path) -> &'static ProcFormat {
    let case = folder.file_name().and_then(|name| name.to_str()).expect("a name");
    let case = case.trim_start_matches("trace-").trim_start_matches("oom-").trim_start_matches("zfit-");
    let has = |part: &str| case.contains(part);
    match case.split('-').next() {
        Some("i386") if has("-pae") => &proc::PROC_6_1_PAE,
        Some("i386") => &proc::PROC_6_1_I386,
        Some("armhf") if has("-lpae") => &proc::PROC_6_1_LPAE,
        Some("armhf") if has("-6.12") => &proc::PROC_6_12_ARMHF,
        Some("armhf") => &proc::PROC_6_1_ARMHF,
        Some("amd64") if has("-6.1-") || has("exceeds") => &proc::PROC_6_1_AMD64,
        Some("amd64") => &proc::PROC_6_12_AMD64,
        Some("arm64") if has("-6.1-") => &proc::PROC_6_1_ARM64,
        Some("arm64") => &proc::PROC_6_12_ARM64,
        other => panic!("no formats for {other:?}"),
    }
}

/// What was read, written again by the engine's renderers, is the file: so nothing was read wrong and nothing left out.
fn written_again(name: &str, format: &ProcFormat, capture: &Capture) -> String {
    let mut out = String::new();
    let done = match name {
        "buddyinfo" => proc::buddyinfo::write(&mut out, capture.buddyinfo[0].rows.iter().map(|(_, row)| row.clone())),
        "slabinfo" => {
            proc::slabinfo::write(&mut out, format.slabinfo, capture.slabinfo[0].rows.iter().map(|(_, row)| *row))
        }
        "vmallocinfo" => {
            proc::vmallocinfo::write(&mut out, format, capture.vmallocinfo[0].rows.iter().map(|row| row.area))
        }
        "iomem" => proc::iomem::write(&mut out, capture.iomem[0].rows.iter().map(|(_, row)| *row)),
        "zoneinfo" => {
            proc::zoneinfo::write(&mut out, format, capture.zoneinfo[0].zones.iter().map(|(_, zone)| &**zone))
        }
        "meminfo" => {
            let mut info = MemInfo::default();
            for field in MemField::ALL {
                info[*field] = capture.meminfo[0].get(*field).unwrap_or(0);
            }
            proc::meminfo::write(&mut out, format, &info)
        }
        "vmstat" => proc::vmstat::write(&mut out, format, &capture.vmstat[0].values),
        _ => {
            let info = &capture.pagetypeinfo[0];
            let order = info.block_order.and_then(|order| Order::new(order as u32)).expect("an order");
            let style = format.pagetypes.expect("a kernel with mobility types");
            proc::pagetypeinfo::write(&mut out, style, order, info.rows.iter().cloned())
        }
    };
    done.expect("a string can be written");
    out
}

#[test]
fn what_is_read_writes_the_same_file() {
    let mut count = 0;
    for folder in cases() {
        for name in &FILES[..8] {
            let path = folder.join(name);
            let Ok(text) = fs::read_to_string(&path) else { continue };
            count += 1;
            let written = written_again(name, format_of(&folder), &read(&path));
            for (line, (written, real)) in written.lines().zip(text.lines()).enumerate() {
                assert_eq!(written, real, "{}:{}", path.display(), line + 1);
            }
            assert_eq!(written.lines().count(), text.lines().count(), "{}", path.display());
        }
    }
    assert!(count > 150, "{count} files");
}

/// The engine's own rows make the same listing as a file of them.
#[test]
fn rows_of_the_engine_are_a_listing_too() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/armhf-1g/vmallocinfo");
    let read = &read(&path).vmallocinfo[0];
    let made: VmallocInfo = read.rows.iter().map(|row| row.area).collect();
    let area = |info: &VmallocInfo| Area::new(info, None, None, &mut Doubts::default()).expect("an area");
    let (file, engine) = (area(read), area(&made));
    assert_eq!((file.start, file.end, file.gaps), (engine.start, engine.end, engine.gaps));
    assert_eq!((made.digits, made.rows.len()), (8, read.rows.len()));
}
