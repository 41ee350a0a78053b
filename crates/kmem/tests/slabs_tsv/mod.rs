//! `golden/*/slabs.tsv`, read: the caches of real kernels.
#![allow(dead_code)] // not every test file looks at all of it

use crate::like::Like;
use kmem::profile::{self, Profile};
use kmem::slab::SlabFlags;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A cache, by the names of the columns.
pub struct Row(BTreeMap<String, String>);

impl Row {
    pub fn word(&self, column: &str) -> &str {
        self.0.get(column).unwrap_or_else(|| panic!("no column {column}"))
    }
    pub fn number(&self, column: &str) -> u32 {
        self.word(column).parse().unwrap_or_else(|_| panic!("{column} is {}", self.word(column)))
    }
    /// True for the caches behind kmalloc. Buckets that other parts of a kernel keep for themselves are none of them.
    pub fn is_kmalloc(&self) -> bool {
        self.word("name").starts_with("kmalloc-") || self.word("name").starts_with("dma-kmalloc-")
    }
    pub fn flags(&self) -> SlabFlags {
        const FLAGS: [(&str, SlabFlags); 8] = [
            ("hwcache_align", SlabFlags::HWCACHE_ALIGN),
            ("cache_dma", SlabFlags::CACHE_DMA),
            ("reclaim_account", SlabFlags::RECLAIM_ACCOUNT),
            ("destroy_by_rcu", SlabFlags::TYPESAFE_BY_RCU),
            ("sanity_checks", SlabFlags::CONSISTENCY_CHECKS),
            ("red_zone", SlabFlags::RED_ZONE),
            ("poison", SlabFlags::POISON),
            ("store_user", SlabFlags::STORE_USER),
        ];
        let set = FLAGS.iter().filter(|(column, _)| self.word(column) == "1");
        set.fold(SlabFlags::empty(), |all, (_, flag)| all | *flag)
    }
}

/// A boot's caches, and what decides their shape.
pub struct Case {
    pub name: String,
    pub profile: &'static Profile,
    pub cpus: u32,
    pub line: String,
    pub rows: Vec<Row>,
}

pub fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden")
}

/// The kernel of a recorded boot, its CPUs and its command line.
pub fn inputs(folder: &Path) -> (&'static Profile, u32, String) {
    let like = Like::read(folder).unwrap_or_else(|_| panic!("{} has inputs", folder.display()));
    let profile = profile::by_name(like.profile.name).unwrap();
    (profile, like.cpus, like.cmdline.clone())
}

/// Reads a table with a heading.
pub fn table(text: &str) -> Vec<Row> {
    let mut lines = text.lines();
    let heading: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    let row =
        |line: &str| Row(heading.iter().zip(line.split('\t')).map(|(a, b)| (a.to_string(), b.to_owned())).collect());
    lines.map(row).collect()
}

/// All boots whose caches are recorded.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(golden()).unwrap() {
        let folder = entry.unwrap().path();
        let Ok(text) = std::fs::read_to_string(folder.join("slabs.tsv")) else { continue };
        let (profile, cpus, line) = inputs(&folder);
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        cases.push(Case { name, profile, cpus, line, rows: table(&text) });
    }
    assert_eq!(cases.len(), 21, "recorded boots");
    cases
}
