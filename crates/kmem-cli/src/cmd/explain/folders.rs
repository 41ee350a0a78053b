//! Folders with one value a file: `/proc/sys/vm` and `/sys/kernel/slab`. Each becomes a listing as `grep -r .` prints it.

use std::fs;
use std::path::Path;

/// The most bytes of a file: a value, or a list of callers.
const MOST_BYTES: usize = 64 << 10;

/// The listings that a folder is or has: its own values, the caches in it; of a live `/proc` its tunables, and the caches that lie
/// beside it. What cannot be read is left out: most of it is root's only.
pub fn listings(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut add = |name: &Path, text: Option<String>| {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            found.push((name.display().to_string(), text));
        }
    };
    if super::is_proc(folder) {
        let tunables = folder.join("sys/vm");
        add(&tunables, values(&tunables));
        // A copied `/proc` may have a copied `/sys` beside it.
        let caches = folder.parent().unwrap_or(folder).join("sys/kernel/slab");
        add(&caches, slabs(&caches));
    } else if is_tunables(folder) {
        add(folder, values(folder));
    } else {
        add(folder, slabs(folder));
    }
    found
}

/// True for a folder whose files are values, which are no listings of their own.
pub fn is_values(folder: &Path) -> bool {
    is_tunables(folder)
}

fn is_tunables(folder: &Path) -> bool {
    folder.join("min_free_kbytes").is_file() && folder.join("overcommit_memory").is_file()
}

/// `vm.NAME = VALUE` of each file.
fn values(folder: &Path) -> Option<String> {
    let mut lines: Vec<String> = Vec::new();
    for (name, path) in entries(folder)? {
        if let Some(text) = text(&path).filter(|text| !text.trim().is_empty()) {
            lines.push(format!("vm.{name} = {}\n", text.trim().replace('\n', " ")));
        }
    }
    Some(lines.concat())
}

/// `CACHE/FILE:LINE` of each line of each file of the folders that are caches. Links are other names of caches, and left out.
fn slabs(folder: &Path) -> Option<String> {
    let mut lines = String::new();
    for (cache, path) in entries(folder)? {
        let is_link = fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_symlink());
        if is_link || !path.join("object_size").is_file() {
            continue;
        }
        for (file, path) in entries(&path).unwrap_or_default() {
            for line in text(&path).unwrap_or_default().lines() {
                lines.push_str(&format!("{cache}/{file}:{line}\n"));
            }
        }
    }
    Some(lines)
}

/// Names and paths, in order.
fn entries(folder: &Path) -> Option<Vec<(String, std::path::PathBuf)>> {
    let entries = fs::read_dir(folder).ok()?;
    let mut found: Vec<_> =
        entries.flatten().map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path())).collect();
    found.sort();
    Some(found)
}

fn text(path: &Path) -> Option<String> {
    if !path.is_file() {
        return None;
    }
    let mut bytes = fs::read(path).ok()?;
    bytes.truncate(MOST_BYTES);
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
