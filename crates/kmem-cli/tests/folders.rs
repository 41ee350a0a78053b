//! Folders with one value a file, given to `explain`: `/proc/sys/vm` and `/sys/kernel/slab`, of a live machine or copied.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use support::kmem;

fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is the test's");
        fs::write(path, text).expect("the folder is the test's");
    }
    folder
}

fn explain(folder: &Path) -> String {
    let done = kmem(&["explain", &folder.display().to_string()], b"");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{said}");
    String::from_utf8(done.stdout).expect("UTF-8")
}

#[test]
fn values_of_tunables() {
    let files = [
        ("min_free_kbytes", "67584\n"),
        ("overcommit_memory", "2\n"),
        ("lowmem_reserve_ratio", "256\t256\t32\t0\t0\n"),
        ("stat_refresh", ""),
        ("swappiness", "10\n"),
    ];
    let said = explain(&folder("folder-of-tunables", &files));
    assert!(said.contains("tunables, 4 of vm (from line 1); 0 of 4 lines are other text"), "{said}");
    assert!(said.contains("vm.swappiness 10 (60)") && said.contains("vm.overcommit_memory 2 (0)"), "{said}");
}

#[test]
fn values_of_caches() {
    let cache = |name: &'static str, size: &'static str| {
        [
            ("object_size", size),
            ("slab_size", size),
            ("objs_per_slab", "21\n"),
            ("order", "0\n"),
            ("slabs", "100 N0=100\n"),
        ]
        .map(|(file, value)| (format!("{name}/{file}"), value))
    };
    let files: Vec<(String, &str)> = cache(":0000064", "64\n").into_iter().chain(cache("dentry", "192\n")).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, value)| (path.as_str(), *value)).collect();
    let folder = folder("folder-of-caches", &files);
    #[cfg(unix)]
    std::os::unix::fs::symlink(":0000064", folder.join("kmalloc-64")).expect("a link");
    let said = explain(&folder);
    assert!(said.contains("slab folder, 2 caches (from line 1); 0 of 10 lines are other text"), "{said}");
    assert!(said.contains("400 kB  dentry") && !said.contains("kmalloc-64"), "{said}");
}

#[test]
fn the_machine_that_this_runs_on() {
    let done = kmem(&["explain", "/proc"], b"");
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(said.contains("/proc/sys/vm: tunables, ") && said.contains("\nTunables: "), "{said}");
}
