//! Which caches share their slabs is what a real kernel decided.
//!
//! One recorded boot of 6.12 had `slab_nomerge`: its files name every cache, with its own size and flags. They are created
//! again here, in that boot's order, in a kernel that merges. The families must be those of a boot that did merge, with
//! their names under /sys/kernel/slab, and slabinfo must name the same founders.
//!
//! Two things are not in the files and come from elsewhere: which caches charge their objects (`ACCOUNT`), from the letter in
//! their family's name; and that the buckets of `msg_msg` and the cache of bucket tables are never merged (`ipc/msgutil.c`,
//! `mm/slab_common.c`: `SLAB_NO_MERGE`).

#[path = "../../kmem-cli/src/like.rs"]
#[allow(dead_code)] // each user of it reads some of its fields
mod like;
mod slabs_tsv;
mod support;

use kmem::boot::BootParams;
use kmem::profile::{self, Profile};
use kmem::slab::{CacheSpec, Hook, SlabFlags};
use kmem::{Gfp, Kernel, VirtAddr};
use slabs_tsv::{golden, table, Row};
use std::collections::{BTreeMap, BTreeSet};
use support::HeapMachine;

fn boot(profile: &'static Profile, cmdline: &str) -> Kernel<HeapMachine> {
    let params = BootParams { ram_bytes: 96 << 20, cpus: 2, cmdline, ..BootParams::new(profile) };
    support::boot_with(profile, &params, None)
}

fn read(case: &str, file: &str) -> String {
    std::fs::read_to_string(golden().join(case).join(file)).unwrap()
}

/// Names of the caches in a slabinfo, the oldest first.
fn listed(case: &str) -> Vec<String> {
    let text = read(case, "slabinfo");
    let names = text.lines().skip(2).map(|line| line.split_whitespace().next().unwrap().to_owned());
    let mut names: Vec<_> = names.collect();
    names.reverse();
    names
}

fn is_first(name: &str) -> bool {
    ["kmem_cache", "kmem_cache_node"].contains(&name)
        || name.starts_with("kmalloc-")
        || name.starts_with("dma-kmalloc-")
}

/// Each cache of a boot that merged, with the name of its folder.
fn families(rows: &[Row]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for row in rows {
        let folder = row.word("name");
        let names = if folder.starts_with(':') { row.word("alias_names") } else { folder };
        found.extend(names.split(',').map(|name| (name.to_owned(), folder.to_owned())));
    }
    found
}

#[test]
fn families_of_a_real_boot() {
    let apart = table(&read("amd64-1g-slab_nomerge", "slabs.tsv"));
    let real = families(&table(&read("amd64-2g", "slabs.tsv")));
    let kernel = boot(&profile::amd64_6_12::PROFILE, "");
    let mut created = Vec::new();
    for name in listed("amd64-1g-slab_nomerge").iter().filter(|name| !is_first(name)) {
        let row = apart.iter().find(|row| row.word("name") == name).unwrap_or_else(|| panic!("{name} has a folder"));
        let mut flags = row.flags();
        if real.get(name).is_some_and(|folder| folder.starts_with(":") && folder.contains('A')) {
            flags |= SlabFlags::ACCOUNT;
        }
        if name.starts_with("msg_msg-") || name.starts_with("memdup_user-") || name == "kmalloc_buckets" {
            flags |= SlabFlags::NO_MERGE;
        }
        let spec = CacheSpec {
            name,
            size: row.number("object_size"),
            align: row.number("align"),
            flags,
            ctor: (!row.word("ctor").is_empty()).then_some(Hook { call: |_, _| (), token: 0 }),
            usersize: row.number("usersize"),
            ..CacheSpec::default()
        };
        created.push((name.clone(), kernel.cache_create(&spec).unwrap()));
    }
    let mut compared = 0;
    for (name, id) in &created {
        let ours = kernel.slab().info(*id).unwrap();
        let Some(folder) = real.get(name) else { continue };
        assert_eq!(ours.sysfs_name().as_str(), folder, "{name}");
        compared += 1;
    }
    assert!(compared > 100 && real.len() - compared < 70, "{compared} of {}", real.len());
    // slabinfo has the founders and nothing else.
    let names: BTreeSet<String> = created.iter().map(|(name, _)| name.clone()).collect();
    let theirs: BTreeSet<String> = listed("amd64-2g").into_iter().filter(|name| names.contains(name)).collect();
    let ours: BTreeSet<String> = kernel.slab_rows().map(|row| row.name.as_str().to_owned()).collect();
    let ours: BTreeSet<String> = ours.into_iter().filter(|name| real.contains_key(name) && !is_first(name)).collect();
    assert_eq!(ours, theirs);
    kernel.verify().unwrap();
}

#[test]
fn a_family_lives_as_long_as_its_last_name() {
    let kernel = boot(&profile::amd64_6_12::PROFILE, "");
    let create =
        |name: &str, size: u32| kernel.cache_create(&CacheSpec { name, size, ..CacheSpec::default() }).unwrap();
    let free_pages = kernel.pages().free_pages();
    let founder = create("founder", 188);
    let alias = create("alias", 190);
    assert_eq!(founder, alias);
    let info = kernel.slab().by_name("alias").unwrap();
    assert_eq!((info.id, info.name.as_str(), info.aliases), (founder, "founder", 1));
    // `kmem_cache_size` is the largest of the family.
    assert_eq!((info.geometry.object_size, info.geometry.size), (190, 192));
    let object = kernel.cache_alloc(alias, Gfp::KERNEL).unwrap();
    kernel.cache_destroy(founder).unwrap();
    kernel.cache_free(object).unwrap();
    assert_eq!(kernel.slab().by_name("alias").unwrap().aliases, 0);
    kernel.cache_destroy(alias).unwrap();
    assert!(kernel.slab().by_name("alias").is_none() && kernel.slab().by_name("founder").is_none());
    assert!(kernel.cache_destroy(alias).is_err());
    kernel.drain();
    assert!(free_pages - kernel.pages().free_pages() <= 8, "no more than tables of descriptors were kept");
    kernel.verify().unwrap();
}

/// While a founder is destroyed, somebody else may be given it under another name.
#[test]
fn a_family_that_grows_while_its_founder_goes_lives_on() {
    let kernel = boot(&profile::amd64_6_12::PROFILE, "");
    let create = |name: &str| kernel.cache_create(&CacheSpec { name, size: 188, ..CacheSpec::default() }).unwrap();
    let founder = create("founder");
    let alias = std::cell::Cell::new(None);
    // The barrier stands for what other CPUs do meanwhile.
    let meanwhile = || alias.set(Some(create("alias")));
    kernel.slab().destroy(kernel.pages(), 0, founder, meanwhile).unwrap();
    let alias = alias.get().unwrap();
    assert_eq!(alias, founder);
    let object = kernel.cache_alloc(alias, Gfp::KERNEL).unwrap();
    kernel.cache_free(object).unwrap();
    kernel.cache_destroy(alias).unwrap();
    kernel.cache_destroy(alias).unwrap_err();
    kernel.verify().unwrap();
}

#[test]
fn what_is_never_merged() {
    fn touch(_: u64, _: VirtAddr) {}
    let hook = Some(Hook { call: touch, token: 0 });
    let plain = CacheSpec { name: "other", size: 192, ..CacheSpec::default() };
    let flag = |flags: SlabFlags| CacheSpec { flags, ..plain };
    let shares = |line: &str, profile: &'static Profile, first: CacheSpec<'_>, second: CacheSpec<'_>| {
        let kernel = boot(profile, line);
        let first = kernel.cache_create(&CacheSpec { name: "first", ..first }).unwrap();
        first == kernel.cache_create(&second).unwrap()
    };
    let new = &profile::amd64_6_12::PROFILE;
    assert!(shares("", new, plain, plain));
    for line in ["slab_nomerge", "slub_nomerge"] {
        assert!(!shares(line, new, plain, plain), "{line}");
    }
    let own = [
        flag(SlabFlags::NO_MERGE),
        flag(SlabFlags::TYPESAFE_BY_RCU),
        flag(SlabFlags::RED_ZONE),
        flag(SlabFlags::POISON),
        flag(SlabFlags::STORE_USER),
        flag(SlabFlags::TRACE),
        flag(SlabFlags::FAILSLAB),
        CacheSpec { ctor: hook, ..plain },
        CacheSpec { usersize: 8, ..plain },
    ];
    for spec in own {
        assert!(!shares("", new, spec, spec), "{spec:?}");
        assert!(!shares("", new, plain, spec) && !shares("", new, spec, plain), "{spec:?}");
    }
    for flags in [SlabFlags::RECLAIM_ACCOUNT, SlabFlags::CACHE_DMA, SlabFlags::ACCOUNT] {
        assert!(!shares("", new, plain, flag(flags)) && shares("", new, flag(flags), flag(flags)), "{flags:?}");
    }
    let size = |size: u32, align: u32| CacheSpec { size, align, ..plain };
    assert!(shares("", new, size(192, 0), size(185, 0)) && !shares("", new, size(192, 0), size(184, 0)));
    assert!(shares("", new, size(192, 0), size(192, 64)) && !shares("", new, size(200, 0), size(200, 64)));
    // A region that does not lie in the object counts as none.
    assert!(shares("", new, plain, CacheSpec { useroffset: 190, usersize: 8, ..plain }));
    // The SLAB of 2.6 has no families.
    assert!(!shares("", &profile::linux_2_6_i386::PROFILE, plain, plain));
}

#[test]
fn before_4_16_kmalloc_founds_families() {
    let spec = CacheSpec { name: "mine", size: 128, ..CacheSpec::default() };
    let old = boot(&profile::msm8x25::PROFILE, "");
    let id = old.cache_create(&spec).unwrap();
    assert_eq!(old.slab().info(id).unwrap().name.as_str(), "kmalloc-128");
    old.cache_destroy(id).unwrap();
    assert!(old.cache_destroy(id).is_err(), "kmalloc's own");
    let new = boot(&profile::armhf_6_1::PROFILE, "");
    let id = new.cache_create(&spec).unwrap();
    assert_eq!(new.slab().info(id).unwrap().name.as_str(), "mine");
}
