//! The shape of slabs is that of real kernels.
//!
//! `golden/*/slabs.tsv` has what SLUB said of each of its caches under /sys/kernel/slab. From the object's size, alignment
//! and flags, the CPUs and the command line, [`geometry`] must give the rest of each row. Between the recorded sizes a second
//! evaluation of the formulas, [`naive`], says what is right for any size, alignment, flags, CPUs and boot parameters.
//!
//! Not compared, because a shape does not depend on it: names, the region that may be copied to user space, who was merged
//! (`tests/golden_merge.rs`), and the number of objects and slabs, which is live and not in the files.

#[path = "../../kmem-cli/src/like.rs"]
#[allow(dead_code)] // each user of it reads some of its fields
mod like;
mod naive_slab;
mod slabs_tsv;
mod support;

use kmem::boot::cmdline::CommandLine;
use kmem::boot::BootParams;
use kmem::profile::{self, Profile, SlabRule, SlubEra};
use kmem::slab::geometry::{geometry, Ground, Shape};
use kmem::slab::params::SlabParams;
use kmem::slab::{Geometry, SlabFlags};
use kmem::{Gfp, Order};
use naive_slab as naive;
use proptest::prelude::*;
use slabs_tsv::{cases, golden, Case, Row};

fn ground(profile: &Profile, cpus: u32, line: &str) -> Ground {
    Ground {
        rule: profile.slab,
        params: SlabParams::new(profile.slab, profile.top_order, CommandLine::new(line)),
        word: profile.word_bytes,
        cache_line: profile.cache_line,
        cpus,
        total_pages: 1 << 18,
    }
}

fn boot(profile: &'static Profile, cpus: u32, cmdline: &str) -> kmem::Kernel<support::HeapMachine> {
    let params = BootParams { ram_bytes: 96 << 20, cpus, cmdline, ..BootParams::new(profile) };
    support::boot_with(profile, &params, None)
}

/// What of a shape the kernel shows.
fn shown(shape: &Geometry) -> String {
    let Geometry { size, order, objects, align, min_partial, cpu_partial, .. } = shape;
    format!("slab_size {size} order {order} objs {objects} align {align} min {min_partial} cpu {cpu_partial}")
}

fn shape_of(row: &Row) -> Shape {
    Shape {
        object_size: row.number("object_size"),
        align: row.number("align"),
        flags: row.flags(),
        has_ctor: !row.word("ctor").is_empty(),
        is_kmalloc: row.is_kmalloc(),
        freeptr_offset: None,
    }
}

#[test]
fn every_recorded_cache() {
    let mut compared = 0;
    for Case { name, profile, cpus, line, rows } in cases() {
        let ground = ground(profile, cpus, &line);
        for row in &rows {
            let real = format!(
                "slab_size {} order {} objs {} align {} min {} cpu {}",
                row.word("slab_size"),
                row.word("order"),
                row.word("objs_per_slab"),
                row.word("align"),
                row.word("min_partial"),
                row.word("cpu_partial")
            );
            let ours = geometry(&shape_of(row), &ground).unwrap();
            assert_eq!(shown(&ours), real, "{name}: {}", row.word("name"));
            compared += 1;
        }
    }
    assert!(compared > 2900, "{compared} caches");
}

#[test]
fn every_class_of_kmalloc() {
    for Case { name, profile, cpus, line, rows } in cases() {
        let kernel = boot(profile, cpus, &line);
        for row in rows.iter().filter(|row| row.is_kmalloc()) {
            let called = row.word("name");
            let ours = kernel.slab().by_name(called).unwrap_or_else(|| panic!("{name}: no {called}"));
            let (align, size) = (ours.geometry.align, ours.geometry.object_size);
            assert_eq!((size, align), (row.number("object_size"), row.number("align")), "{name}: {called}");
        }
    }
}

/// The caches of boot, in the order of slabinfo: name, bytes, objects and pages of a slab.
#[test]
fn first_caches_of_every_slabinfo() {
    let mut compared = 0;
    for entry in std::fs::read_dir(golden()).unwrap() {
        let folder = entry.unwrap().path();
        let Ok(text) = std::fs::read_to_string(folder.join("slabinfo")) else { continue };
        let is_first = |name: &str| {
            ["kmem_cache", "kmem_cache_node", "kmalloc_buckets"].contains(&name)
                || name.starts_with("kmalloc-")
                || name.starts_with("dma-kmalloc-")
        };
        let real = text.lines().skip(2).map(|line| line.split_whitespace().collect::<Vec<_>>());
        let real = real.filter(|words| is_first(words[0])).map(|words| {
            let row = format!("{} {} {} {}", words[0], words[3], words[4], words[5]);
            row
        });
        let (profile, cpus, line) = slabs_tsv::inputs(&folder);
        let kernel = boot(profile, cpus, &line);
        let ours = kernel
            .slab_rows()
            .map(|row| format!("{} {} {} {}", row.name, row.object_bytes, row.objects_per_slab, row.pages_per_slab));
        assert_eq!(ours.collect::<Vec<_>>(), real.collect::<Vec<_>>(), "{}", folder.display());
        compared += 1;
    }
    assert_eq!(compared, 10, "recorded slabinfos");
}

#[test]
fn flags_choose_the_ladder() {
    let serves = |kernel: &kmem::Kernel<support::HeapMachine>, gfp: Gfp| {
        let addr = kernel.kmalloc(100, gfp).unwrap();
        let phys = kernel.virt_to_phys(addr).unwrap();
        let object = kernel.slab().object(kernel.pages(), phys).unwrap();
        kernel.kfree(addr).unwrap();
        kernel.slab().info(object.cache).unwrap().name.as_str().to_owned()
    };
    let kernel = boot(&profile::amd64_6_12::PROFILE, 1, "");
    let all = Gfp::DMA | Gfp::RECLAIMABLE | Gfp::ACCOUNT;
    assert_eq!(serves(&kernel, Gfp::KERNEL), "kmalloc-128");
    assert_eq!(serves(&kernel, Gfp::KERNEL | Gfp::ACCOUNT), "kmalloc-cg-128");
    assert_eq!(serves(&kernel, Gfp::KERNEL | Gfp::ACCOUNT | Gfp::RECLAIMABLE), "kmalloc-rcl-128");
    assert_eq!(serves(&kernel, Gfp::KERNEL | all), "dma-kmalloc-128");
    let kernel = boot(&profile::amd64_6_12::PROFILE, 1, "cgroup.memory=nosocket,nokmem");
    assert_eq!(serves(&kernel, Gfp::KERNEL | Gfp::ACCOUNT), "kmalloc-128");
    assert!(kernel.slab().by_name("kmalloc-cg-128").is_none());
    let kernel = boot(&profile::msm8x25::PROFILE, 1, "");
    assert_eq!(serves(&kernel, Gfp::KERNEL | Gfp::RECLAIMABLE), "kmalloc-128");
}

#[test]
fn every_recorded_request() {
    let mut compared = 0;
    for entry in std::fs::read_dir(golden()).unwrap() {
        let folder = entry.unwrap().path();
        let Ok(text) = std::fs::read_to_string(folder.join("kmalloc_sizes.tsv")) else { continue };
        let (profile, ..) = slabs_tsv::inputs(&folder);
        let kernel = boot(profile, 1, "");
        for line in text.lines().skip(1) {
            let (asked, given) = line.split_once('\t').unwrap();
            let (asked, given): (u64, u64) = (asked.parse().unwrap(), given.parse().unwrap());
            assert_eq!(kernel.slab().kmalloc().roundup(asked), Some(given), "{}: {asked}", folder.display());
            let addr = kernel.kmalloc(asked, Gfp::KERNEL).unwrap();
            assert_eq!(kernel.ksize(addr).unwrap(), given, "{}: {asked}", folder.display());
            kernel.kfree(addr).unwrap();
            compared += 1;
        }
    }
    assert_eq!(compared, 379, "pairs of the recorded traces");
}

/// Kernels of each era and word.
const PROFILES: [&Profile; 5] = [
    &profile::i386_pae_6_1::PROFILE,
    &profile::amd64_6_1::PROFILE,
    &profile::armhf_6_12::PROFILE,
    &profile::amd64_6_12::PROFILE,
    &profile::msm8x25::PROFILE,
];

const FLAGS: [SlabFlags; 7] = [
    SlabFlags::HWCACHE_ALIGN,
    SlabFlags::RED_ZONE,
    SlabFlags::POISON,
    SlabFlags::STORE_USER,
    SlabFlags::CONSISTENCY_CHECKS,
    SlabFlags::TYPESAFE_BY_RCU,
    SlabFlags::RECLAIM_ACCOUNT,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]
    #[test]
    fn any_size_align_flags_cpus_and_parameters(
        which in 0..PROFILES.len(),
        object_size in prop_oneof![1 => 1u32..=16, 4 => 1u32..=8192],
        align in prop_oneof![Just(0), (0u32..=12).prop_map(|bit| 1 << bit)],
        chosen in 0u32..1 << FLAGS.len(),
        has_ctor: bool,
        is_kmalloc: bool,
        cpus in 1u32..=64,
        max_order in prop_oneof![6 => Just(None), 1 => (0u32..=10).prop_map(Some)],
        min_order in prop_oneof![6 => Just(None), 1 => (0u32..=10).prop_map(Some)],
        min_objects in prop_oneof![6 => Just(None), 1 => (0u32..=400).prop_map(Some)],
    ) {
        let profile = PROFILES[which];
        let chosen = FLAGS.iter().enumerate().filter(|(bit, _)| chosen >> bit & 1 == 1);
        let flags = chosen.fold(SlabFlags::empty(), |all, (_, flag)| all | *flag);
        let mut line = String::new();
        for (name, value) in
            [("slub_max_order", max_order), ("slub_min_order", min_order), ("slub_min_objects", min_objects)]
        {
            if let Some(value) = value {
                line += &format!(" {name}={value}");
            }
        }
        let shape = Shape { object_size, align, flags, has_ctor, is_kmalloc, freeptr_offset: None };
        let ours = geometry(&shape, &ground(profile, cpus, &line));
        let SlabRule::Slub { era, track, .. } = profile.slab else { unreachable!("chosen so") };
        let naive = naive::Kernel {
            generation: match era { SlubEra::V3 => 3, SlubEra::V6_1 => 61, SlubEra::V6_12 => 612 },
            word: profile.word_bytes.into(),
            line: profile.cache_line.into(),
            track: track.into(),
            top: profile.top_order.raw().into(),
            cpus: cpus.into(),
            max_order: max_order.map(u64::from),
            min_order: min_order.map(u64::from),
            min_objects: min_objects.map(u64::from),
        };
        let cache = naive::Cache {
            object: object_size.into(),
            align: align.into(),
            hwcache: flags.contains(SlabFlags::HWCACHE_ALIGN),
            red: flags.contains(SlabFlags::RED_ZONE),
            poison: flags.contains(SlabFlags::POISON),
            user: flags.contains(SlabFlags::STORE_USER),
            checks: flags.contains(SlabFlags::CONSISTENCY_CHECKS),
            rcu: flags.contains(SlabFlags::TYPESAFE_BY_RCU),
            ctor: has_ctor,
            kmalloc: is_kmalloc,
        };
        let theirs = naive.shape(&cache);
        prop_assert_eq!(ours.as_ref().map(shown), theirs.as_ref().map(|theirs| theirs.to_string()), "{} {}", profile.name, line);
        let ours = ours.unwrap_or_default();
        // What the object needs beside itself lies in its stride, and not in it where it must stay as it is.
        prop_assert!(u64::from(ours.left + object_size) <= u64::from(ours.size));
        prop_assert!(ours.link + 2 <= ours.size);
        let kept = has_ctor || flags.intersects(SlabFlags::POISON | SlabFlags::TYPESAFE_BY_RCU);
        prop_assert!(!kept || ours.link >= ours.left + object_size, "link at {}", ours.link);
    }
}

/// The slabs of 2.6 by the same means.
fn check_old(profile: &'static Profile, total_pages: u64, cache: &naive::old::Cache) {
    let SlabRule::Slab { descriptor, bufctl, max_order } = profile.slab else { unreachable!("a SLAB") };
    let kernel = naive::old::Kernel {
        word: profile.word_bytes.into(),
        line: profile.cache_line.into(),
        descriptor: descriptor.into(),
        bufctl: bufctl.into(),
        max_order: max_order.into(),
        pages: total_pages,
    };
    let mut flags = SlabFlags::empty();
    flags.set(SlabFlags::HWCACHE_ALIGN, cache.hwcache);
    flags.set(SlabFlags::RED_ZONE, cache.red);
    flags.set(SlabFlags::STORE_USER, cache.user);
    flags.set(SlabFlags::RECLAIM_ACCOUNT, cache.reclaim);
    let (object_size, align) = (cache.object as u32, cache.align as u32);
    let shape = Shape { object_size, align, flags, has_ctor: false, is_kmalloc: false, freeptr_offset: None };
    let ours = geometry(&shape, &Ground { total_pages, ..ground(profile, 1, "") }).map(|ours| naive::old::Shape {
        size: ours.size.into(),
        align: ours.align.into(),
        order: ours.order.raw().into(),
        objects: ours.objects.into(),
        off_slab: ours.off_slab,
        management: ours.management.into(),
        colours: ours.colours.into(),
        head: ours.left.into(),
    });
    let what = format!("{}: {object_size} bytes, align {align}, {flags:?}, {total_pages} pages", profile.name);
    assert_eq!(ours, kernel.shape(cache), "{what}");
}

#[test]
fn any_cache_of_2_6() {
    let profiles = [&profile::linux_2_6_i386::PROFILE, &profile::uclinux_2_6::PROFILE];
    let sizes = || (4..1100).chain((1100..9000).step_by(13)).chain((9000..140_000).step_by(4099));
    for profile in profiles {
        for total_pages in [1 << 12, 1 << 16] {
            for object in sizes() {
                for bits in 0..16 {
                    let bit = |at: u32| bits >> at & 1 == 1;
                    let (hwcache, red, user, reclaim) = (bit(0), bit(1), bit(2), bit(3));
                    for align in [0, 4, 8, 64, 4096, 8192] {
                        let cache = naive::old::Cache { object, align, hwcache, red, user, reclaim };
                        check_old(profile, total_pages, &cache);
                    }
                }
            }
        }
    }
}

#[test]
fn the_link_may_lie_where_the_user_says() {
    let rcu = Shape {
        object_size: 184,
        align: 0,
        flags: SlabFlags::TYPESAFE_BY_RCU,
        has_ctor: false,
        is_kmalloc: false,
        freeptr_offset: Some(40),
    };
    let new = geometry(&rcu, &ground(&profile::amd64_6_12::PROFILE, 2, "")).unwrap();
    assert_eq!((new.size, new.link), (184, 40));
    // The argument came with 6.12; without the flag it means nothing.
    let old = geometry(&rcu, &ground(&profile::amd64_6_1::PROFILE, 2, "")).unwrap();
    assert_eq!((old.size, old.link), (192, 184));
    let plain = Shape { flags: SlabFlags::empty(), ..rcu };
    let plain = geometry(&plain, &ground(&profile::amd64_6_12::PROFILE, 2, "")).unwrap();
    assert_eq!((plain.size, plain.link), (184, 88));
}

#[test]
fn boot_parameters_reach_the_caches() {
    let order = |profile: &'static Profile, line: &str| {
        let kernel = boot(profile, 2, line);
        kernel.slab().by_name("kmalloc-2k").unwrap().geometry.order
    };
    let (old, new) = (&profile::i386_pae_6_1::PROFILE, &profile::amd64_6_12::PROFILE);
    let is = |order: u32| Order::new(order).unwrap();
    assert_eq!((order(old, ""), order(new, "")), (is(3), is(3)));
    assert_eq!((order(old, "slub_max_order=1"), order(new, "slab_max_order=1")), (is(1), is(1)));
    assert_eq!(order(old, "slub_min_objects=4"), is(1));
    assert_eq!(order(new, "slub_min_order=4"), is(4));
}
