//! Debugged slab caches: every write outside an object is found, none inside; each kind of mistake has its name, in each
//! kernel's words.

mod support;

use kmem::boot::{cut_nodes, BootParams};
use kmem::gfp::Gfp;
use kmem::profile::{by_name, SlabKind, PROFILES};
use kmem::slab::debug::{DebugRule, Layout};
use kmem::slab::{CacheId, CacheSpec, Hook, SlabFlags};
use kmem::{Kernel, Misuse, VirtAddr};
use proptest::prelude::*;
use support::HeapMachine;

const ALL: SlabFlags =
    SlabFlags::POISON.union(SlabFlags::RED_ZONE).union(SlabFlags::STORE_USER).union(SlabFlags::CONSISTENCY_CHECKS);

/// One profile of each era that has SLUB.
const ERAS: [&str; 4] = ["msm8x25", "i386-pae-6.1", "armhf-6.12", "amd64-6.12"];

fn boot(profile: &str, cmdline: &str) -> Kernel<HeapMachine> {
    let profile = by_name(profile).unwrap();
    let params = BootParams { ram_bytes: 96 << 20, cpus: 1, cmdline, ..BootParams::new(profile) };
    let kernel = support::boot_with(profile, &params, None);
    support::log();
    kernel
}
fn create(kernel: &Kernel<HeapMachine>, name: &str, size: u32, flags: SlabFlags) -> CacheId {
    kernel.cache_create(&CacheSpec { name, size, align: 0, flags, ..CacheSpec::default() }).unwrap()
}
fn put(kernel: &Kernel<HeapMachine>, at: VirtAddr, count: u64, byte: u8) {
    assert!(kernel.ram().fill(kernel.virt_to_phys(at).unwrap(), count, byte));
}
fn byte(kernel: &Kernel<HeapMachine>, at: VirtAddr) -> u8 {
    let mut byte = [0];
    assert!(kernel.ram().read(kernel.virt_to_phys(at).unwrap(), &mut byte));
    byte[0]
}
#[track_caller]
fn has(lines: &[String], what: &str) {
    assert!(lines.iter().any(|line| line.contains(what)), "no `{what}` in\n{}", lines.join("\n"));
}
fn layout(kernel: &Kernel<HeapMachine>, cache: CacheId) -> Layout {
    let info = kernel.slab().info(cache).unwrap();
    Layout::new(&info.geometry, info.flags, info.has_ctor, false, &DebugRule::of(kernel.profile))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// The parts follow each other without overlap, and end with the stride that the geometry gives.
    #[test]
    fn the_parts_fit_the_geometry(size in 1u32..3000, align in 0u32..8, bits in 0u32..16, era in 0usize..4, ctor: bool) {
        let profile = by_name(ERAS[era]).unwrap();
        let mut flags = SlabFlags::empty();
        for (bit, flag) in [SlabFlags::POISON, SlabFlags::RED_ZONE, SlabFlags::STORE_USER, SlabFlags::TYPESAFE_BY_RCU].into_iter().enumerate() {
            flags.set(flag, bits >> bit & 1 != 0);
        }
        let align = if align < 3 { 0 } else { 1 << align };
        let ground = kmem::slab::geometry::Ground {
            rule: profile.slab, word: profile.word_bytes, cache_line: profile.cache_line, cpus: 2, total_pages: 1 << 16,
            params: Default::default(),
        };
        let shape = kmem::slab::geometry::Shape { object_size: size, align, flags, has_ctor: ctor, is_kmalloc: false, freeptr_offset: None };
        let geometry = kmem::slab::geometry::geometry(&shape, &ground).unwrap();
        let layout = Layout::new(&geometry, flags, ctor, false, &DebugRule::of(profile));
        prop_assert_eq!(layout.object, geometry.left);
        prop_assert_eq!(layout.object_end, layout.object + size);
        prop_assert!(layout.zone_end >= layout.object_end);
        if layout.has_red_zones() {
            prop_assert!(layout.zone_end > layout.object_end, "no room behind the object");
        }
        let mut end = layout.zone_end;
        if let Some(link) = layout.link {
            prop_assert_eq!(link, end);
            end += profile.word_bytes;
        }
        if flags.contains(SlabFlags::POISON) {
            prop_assert!(layout.link.is_some(), "a poisoned object cannot hold its link");
        }
        let kmem::profile::SlabRule::Slub { track, .. } = profile.slab else { unreachable!() };
        if let Some(tracks) = layout.tracks {
            prop_assert_eq!(tracks, end);
            end += 2 * track;
        }
        prop_assert_eq!(layout.padding, end);
        prop_assert!(end <= layout.size, "{:?} {:?}", layout, geometry);
        prop_assert_eq!(layout.size, geometry.size);
    }
}

#[derive(Clone, Debug)]
enum Op {
    Alloc,
    Free(usize),
    /// Fills a live object.
    Use(usize, u8),
    /// Writes one byte somewhere in the stride of a live object; the first number chooses the object.
    Stray(usize, u32, u8),
    /// Writes on past the end of a live object.
    Overflow(usize, u32, u8),
    /// The same of a free one, inside.
    AfterFree(usize, u32, u8),
    Validate,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => Just(Op::Alloc),
        4 => any::<usize>().prop_map(Op::Free),
        4 => (any::<usize>(), any::<u8>()).prop_map(|(n, byte)| Op::Use(n, byte)),
        2 => (any::<usize>(), any::<u32>(), any::<u8>()).prop_map(|(n, at, byte)| Op::Stray(n, at, byte)),
        1 => (any::<usize>(), 1u32..40, any::<u8>()).prop_map(|(n, len, byte)| Op::Overflow(n, len, byte)),
        1 => (any::<usize>(), any::<u32>(), any::<u8>()).prop_map(|(n, at, byte)| Op::AfterFree(n, at, byte)),
        1 => Just(Op::Validate),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    /// A byte that changes outside a live object is found the next time somebody looks, and nothing else is.
    #[test]
    fn writes_outside_are_found_and_writes_inside_are_not(
        era in 0usize..4,
        size in 1u32..700,
        ops in prop::collection::vec(op(), 1..120),
    ) {
        let kernel = boot(ERAS[era], "");
        let cache = create(&kernel, "model", size, ALL);
        let layout = layout(&kernel, cache);
        let mut live: Vec<VirtAddr> = Vec::new();
        let mut free: Vec<VirtAddr> = Vec::new();
        for op in ops {
            // Whatever is written, it must be seen by `validate`, which puts it right.
            let mut changed = false;
            match op {
                Op::Alloc => {
                    let object = kernel.cache_alloc(cache, Gfp::KERNEL).unwrap();
                    prop_assert!(!live.contains(&object));
                    free.retain(|other| *other != object);
                    live.push(object);
                }
                Op::Free(n) if !live.is_empty() => {
                    let object = live.swap_remove(n % live.len());
                    prop_assert_eq!(kernel.cache_free(object), Ok(()));
                    prop_assert_eq!(kernel.cache_free(object), Err(Misuse::ObjectFree(object)));
                    has(&support::log(), "Object already free");
                    free.push(object);
                }
                Op::Use(n, with) if !live.is_empty() => put(&kernel, live[n % live.len()], size.into(), with),
                Op::Stray(n, at, with) if !live.is_empty() => {
                    let object = live[n % live.len()];
                    let at = at % layout.size;
                    let inside = (layout.object..layout.object_end).contains(&at);
                    let tracks = layout.tracks.is_some_and(|tracks| (tracks..layout.padding).contains(&at));
                    let place = VirtAddr::new(object.raw() - u64::from(layout.object) + u64::from(at));
                    // Who it was is nobody's secret: tracks are not guarded, as in the kernel.
                    if !tracks {
                        changed = !inside && byte(&kernel, place) != with;
                        put(&kernel, place, 1, with);
                    }
                }
                Op::Overflow(n, len, with) if !live.is_empty() => {
                    let object = live[n % live.len()];
                    let len = len.min(layout.zone_end - layout.object_end);
                    let end = object.offset(size.into());
                    changed = (0..len).any(|at| byte(&kernel, end.offset(at.into())) != with);
                    put(&kernel, end, len.into(), with);
                }
                Op::AfterFree(n, at, with) if !free.is_empty() => {
                    // It may have gone back with its slab.
                    let object = free[n % free.len()];
                    let phys = kernel.virt_to_phys(object).unwrap();
                    if kernel.slab().object(kernel.pages(), phys).is_some_and(|info| info.cache == cache) {
                        let place = object.offset((at % size).into());
                        changed = byte(&kernel, place) != with;
                        put(&kernel, place, 1, with);
                    }
                }
                Op::Validate => {}
                _ => continue,
            }
            let found = kernel.validate_slab(cache).unwrap();
            let lines = support::log();
            prop_assert_eq!(found, u64::from(changed), "{}", lines.join("\n"));
            prop_assert_eq!(lines.is_empty(), !changed);
            prop_assert_eq!(kernel.verify(), Ok(()));
        }
        for object in live {
            prop_assert_eq!(kernel.cache_free(object), Ok(()));
        }
        prop_assert_eq!(kernel.cache_destroy(cache), Ok(()));
        prop_assert_eq!(support::log(), Vec::<String>::new());
    }
}

#[test]
fn each_mistake_has_its_words_in_each_era() {
    for era in ERAS {
        let kernel = boot(era, "slub_debug=FZPU");
        let words = |old: &'static str, new: &'static str| if era == "msm8x25" { old } else { new };
        let foo = create(&kernel, "foo", 100, SlabFlags::empty());
        let bar = create(&kernel, "bar", 100, SlabFlags::empty());
        let taken = || kernel.cache_alloc(foo, Gfp::KERNEL).unwrap();
        support::run_as(&["taker+0x1/0x2", "outer+0x3/0x4"]);
        let object = taken();
        // Two bytes past the end.
        put(&kernel, object.offset(100), 2, 1);
        assert_eq!(kernel.cache_free(object), Err(Misuse::Overwritten(object)), "{era}");
        let lines = support::log();
        has(&lines, words("Redzone overwritten", "Right Redzone overwritten"));
        has(&lines, "First byte 0x1 instead of 0xcc");
        has(&lines, "Allocated in taker+0x1/0x2 age=0 cpu=0 pid=");
        has(&lines, "outer+0x3/0x4");
        has(&lines, words("FIX foo: Restoring Redzone 0x", "FIX foo: Restoring Right Redzone 0x"));
        has(&lines, "FIX foo: Object at 0x");
        // Into the wrong cache.
        let wrong = kernel.cache_free_checked(bar, object);
        assert!(matches!(wrong, Err(Misuse::WrongCache { .. })), "{era}: {wrong:?}");
        has(&support::log(), "cache_from_obj: Wrong slab cache. bar but object is from foo");
        // Inside.
        assert!(kernel.cache_free(object.offset(8)).is_err());
        has(&support::log(), "Invalid object pointer 0x");
        // The link of a live object.
        let link = layout(&kernel, foo).link.unwrap() - layout(&kernel, foo).object;
        put(&kernel, object.offset(link.into()), 4, 0);
        assert_eq!(kernel.validate_slab(foo), Ok(1));
        has(&support::log(), "Freepointer corrupt");
        assert_eq!(kernel.cache_free(object), Ok(()));
        assert_eq!(support::log(), Vec::<String>::new());
        // A free one, written to at its end.
        put(&kernel, object.offset(99), 1, 0);
        let other = taken();
        assert_ne!(other, object);
        let lines = support::log();
        has(&lines, words("Poison overwritten", "End Poison overwritten"));
        has(&lines, "First byte 0x0 instead of 0xa5");
        has(&lines, "Freed in taker+0x1/0x2");
        has(&lines, "FIX foo: Marking all objects used");
        kernel.cache_free(other).unwrap();
        assert!(kernel.cache_destroy(foo).is_err());
        kernel.cache_destroy(bar).unwrap();
        kernel.verify().unwrap();
    }
}

#[test]
fn the_end_of_a_slab_is_guarded() {
    let kernel = boot("amd64-6.12", "");
    let cache = create(&kernel, "foo", 700, ALL);
    let object = kernel.cache_alloc(cache, Gfp::KERNEL).unwrap();
    let shape = kernel.slab().info(cache).unwrap().geometry;
    let view = kernel.slab().view(kernel.pages(), kernel.virt_to_phys(object).unwrap()).unwrap();
    let end = view.slab.phys().offset(u64::from(shape.size) * u64::from(shape.objects));
    assert!(end < view.slab.phys().offset(view.order.bytes()), "a slab without a rest proves nothing");
    put(&kernel, kernel.phys_to_virt(end).unwrap(), 1, 9);
    assert_eq!(kernel.validate_slab(cache), Ok(1));
    let lines = support::log();
    has(&lines, "Padding overwritten. 0x");
    has(&lines, "FIX foo: Restoring slab padding");
    assert_eq!(kernel.validate_slab(cache), Ok(0));
}

/// From 6.2 on, what kmalloc gave beyond what it was asked for is a red zone, until somebody asks how much there is.
#[test]
fn kmalloc_guards_what_was_not_asked_for() {
    for (era, guards) in [("armhf-6.12", true), ("amd64-6.12", true), ("i386-pae-6.1", false)] {
        let kernel = boot(era, "slub_debug=FZPU");
        for gfp in [Gfp::KERNEL, Gfp::KERNEL | Gfp::ZERO] {
            let object = kernel.kmalloc(100, gfp).unwrap();
            put(&kernel, object, 100, 7);
            kernel.kfree(object).unwrap();
            assert_eq!(support::log(), Vec::<String>::new(), "{era}");
            let object = kernel.kmalloc(100, gfp).unwrap();
            put(&kernel, object.offset(100), 1, 7);
            assert_eq!(kernel.kfree(object).is_err(), guards, "{era}");
            let lines = support::log();
            if guards {
                has(&lines, "kmalloc Redzone overwritten");
                kernel.kfree(object).unwrap();
            }
            let object = kernel.kmalloc(100, gfp).unwrap();
            put(&kernel, object, kernel.ksize(object).unwrap(), 7);
            kernel.kfree(object).unwrap();
            assert_eq!(support::log(), Vec::<String>::new(), "{era}");
        }
        kernel.verify().unwrap();
    }
}

/// Who only frees does not ask how much there is; who makes an object larger where it lies does, and uses it.
#[test]
fn only_who_asks_may_use_what_was_not_asked_for() {
    let kernel = boot("amd64-6.12", "slub_debug=FZPU");
    let object = kernel.kmalloc(100, Gfp::KERNEL).unwrap();
    put(&kernel, object.offset(100), 1, 7);
    kernel.kfree_rcu(object, 0).unwrap();
    kernel.rcu_barrier().unwrap();
    has(&support::log(), "kmalloc Redzone overwritten");
    for used in [101, 128] {
        let object = kernel.kmalloc(100, Gfp::KERNEL).unwrap();
        assert_eq!(kernel.krealloc(object, used, Gfp::KERNEL), Ok(object));
        put(&kernel, object, used, 7);
        kernel.kfree(object).unwrap();
    }
    let object = kernel.kmalloc(100, Gfp::KERNEL).unwrap();
    kernel.kfree_sensitive(object).unwrap();
    assert_eq!(support::log(), Vec::<String>::new());
}

/// An object of a node is guarded as any other, and what is wrong with it is said at once.
#[test]
fn a_node_makes_no_difference() {
    let profile = by_name("amd64-6.12").unwrap();
    let nodes = cut_nodes(profile, 256 << 20, &[128 << 20, 128 << 20]).unwrap();
    let params = BootParams {
        ram_bytes: 256 << 20,
        cpus: 2,
        nodes: Some(nodes.as_slice()),
        cmdline: "slub_debug=FZPU",
        ..BootParams::new(profile)
    };
    let kernel = support::boot_with(profile, &params, None);
    support::log();
    for node in [0, 1] {
        let object = kernel.kmalloc_node(100, Gfp::KERNEL, Some(node)).unwrap();
        put(&kernel, object.offset(100), 1, 7);
        kernel.kfree(object).unwrap_err();
        has(&support::log(), "kmalloc Redzone overwritten");
        kernel.kfree(object).unwrap();
        put(&kernel, object.offset(50), 1, 7);
        let other = kernel.kmalloc_node(100, Gfp::KERNEL, Some(node)).unwrap();
        has(&support::log(), "Poison overwritten");
        kernel.kfree(other).unwrap();
        let cache = create(&kernel, &format!("of{node}"), 64, SlabFlags::empty());
        let object = kernel.cache_alloc_node(cache, Gfp::KERNEL, Some(node)).unwrap();
        kernel.cache_free(object).unwrap();
        put(&kernel, object.offset(50), 1, 7);
        let other = kernel.cache_alloc_node(cache, Gfp::KERNEL, Some(node)).unwrap();
        has(&support::log(), "Poison overwritten");
        kernel.cache_free(other).unwrap();
        put(&kernel, other.offset(50), 1, 7);
        let mut many = [VirtAddr::new(0); 3];
        kernel.cache_alloc_bulk(cache, Gfp::KERNEL, &mut many).unwrap();
        has(&support::log(), "Poison overwritten");
        kernel.cache_free_bulk(&many).unwrap();
        kernel.verify().unwrap();
    }
}

#[test]
fn the_command_line_chooses_caches_and_off_is_off() {
    let kernel = boot("amd64-6.12", "slub_debug=FZ,named*;P,other");
    for (name, debugged) in [("named7", true), ("other", true), ("plain", false)] {
        let cache = create(&kernel, name, 200, SlabFlags::empty());
        let object = kernel.cache_alloc(cache, Gfp::KERNEL).unwrap();
        kernel.cache_free(object).unwrap();
        let info = kernel.slab().info(cache).unwrap();
        // A debugged cache keeps nothing on the CPU: each operation is seen.
        assert_eq!(info.in_cpu_arrays == 0, debugged, "{name}");
    }
    let named = kernel.slab().by_name("named7").unwrap();
    assert_eq!(named.flags, SlabFlags::RED_ZONE | SlabFlags::CONSISTENCY_CHECKS);
    // With O, a cache whose slabs would have to grow is left alone.
    let kernel = boot("amd64-6.12", "slub_debug=FZPUO");
    for (size, flags) in [(4096, SlabFlags::CONSISTENCY_CHECKS), (64, ALL)] {
        let cache = create(&kernel, &format!("size{size}"), size, SlabFlags::empty());
        assert_eq!(kernel.slab().info(cache).unwrap().flags, flags, "{size}");
    }
    // SLAB does not know the parameter.
    let kernel = boot("linux-2.6-i386", "slub_debug=FZPU");
    let cache = create(&kernel, "foo", 64, SlabFlags::empty());
    assert_eq!(kernel.slab().info(cache).unwrap().flags, SlabFlags::empty());
}

#[test]
fn a_constructor_keeps_its_objects() {
    fn construct(_: u64, _: VirtAddr) {}
    let kernel = boot("amd64-6.12", "slub_debug=FZPU");
    let ctor = Some(Hook { call: construct, token: 0 });
    let spec = CacheSpec { name: "made", size: 64, align: 0, flags: SlabFlags::empty(), ctor, ..CacheSpec::default() };
    let cache = kernel.cache_create(&spec).unwrap();
    let object = kernel.cache_alloc(cache, Gfp::KERNEL).unwrap();
    put(&kernel, object, 64, 0x77);
    kernel.cache_free(object).unwrap();
    let again = kernel.cache_alloc(cache, Gfp::KERNEL).unwrap();
    assert_eq!((again, byte(&kernel, again)), (object, 0x77));
    put(&kernel, object.offset(64), 1, 0);
    assert_eq!(kernel.validate_slab(cache), Ok(1));
    kernel.cache_free(object).unwrap();
    kernel.cache_destroy(cache).unwrap();
}

#[test]
fn each_object_that_is_left_is_named_with_its_owner() {
    for era in ERAS {
        let kernel = boot(era, "slub_debug=U");
        let cache = create(&kernel, "left", 50, SlabFlags::empty());
        support::run_as(&["first+0x1/0x2"]);
        let objects: Vec<_> = (0..90).map(|_| kernel.cache_alloc(cache, Gfp::KERNEL).unwrap()).collect();
        support::run_as(&["second+0x1/0x2"]);
        let last = kernel.cache_alloc(cache, Gfp::KERNEL).unwrap();
        assert_eq!(kernel.cache_destroy(cache), Err(Misuse::LiveObjects { count: 91 }));
        let lines = support::log();
        let count = |what: &str| lines.iter().filter(|line| line.contains(what)).count();
        assert_eq!(count("Allocated in first+0x1/0x2 age="), 90, "{era}");
        assert_eq!(count("Allocated in second+0x1/0x2 age="), 1, "{era}");
        for object in objects.iter().chain([&last]) {
            assert_eq!(count(&format!("Object {object} @offset=")), 1, "{era} {object}\n{}", lines.join("\n"));
            kernel.cache_free(*object).unwrap();
        }
        kernel.cache_destroy(cache).unwrap();
    }
}

/// Random work on every kind of cache, all of them debugged: nothing is ever found, and nothing is lost.
#[test]
fn clean_work_is_clean_on_every_profile() {
    // SLOB has nothing to check by.
    for profile in PROFILES.iter().filter(|profile| profile.slab.kind() != SlabKind::Slob) {
        let kernel = boot(profile.name, "slub_debug=FZPU");
        let cache = create(&kernel, "clean", 200, ALL);
        let mut live = Vec::new();
        for round in 0..400u64 {
            let bytes = 1 + round * 37 % 5000;
            // The smallest machines run out of memory.
            let Ok(block) = kernel.kmalloc(bytes, Gfp::KERNEL | Gfp::NOWARN) else { break };
            live.push((block, bytes));
            let Ok(object) = kernel.cache_alloc(cache, Gfp::KERNEL | Gfp::NOWARN) else { break };
            live.push((object, 200));
            for (object, bytes) in live.iter().rev().take(2) {
                put(&kernel, *object, *bytes, round as u8);
            }
            if round % 3 != 0 {
                let (object, _) = live.swap_remove((round * 7919) as usize % live.len());
                kernel.kfree(object).unwrap();
            }
        }
        live.iter().for_each(|(object, _)| kernel.kfree(*object).unwrap());
        kernel.cache_destroy(cache).unwrap();
        let ids: Vec<_> = kernel.slab().infos().map(|info| info.id).collect();
        assert!(ids.iter().all(|id| kernel.validate_slab(*id) == Ok(0)), "{}", profile.name);
        let lines: Vec<_> = support::log().into_iter().filter(|line| line.contains("BUG")).collect();
        assert_eq!(lines, Vec::<String>::new(), "{}", profile.name);
        kernel.verify().unwrap();
    }
}

/// SLAB has a word of red zone on each side, says less, and goes on.
#[test]
fn the_slab_of_2_6_checks_what_asks_for_it() {
    let kernel = boot("linux-2.6-i386", "");
    let flags = SlabFlags::POISON | SlabFlags::RED_ZONE | SlabFlags::STORE_USER;
    let cache = create(&kernel, "foo", 100, flags);
    let layout = layout(&kernel, cache);
    assert_eq!((layout.object, layout.zone, layout.zone_end, layout.tracks), (4, 104, 108, Some(108)));
    support::run_as(&["taker+0x1/0x2"]);
    let object = kernel.cache_alloc(cache, Gfp::KERNEL).unwrap();
    assert_eq!([0, 98, 99].map(|at| byte(&kernel, object.offset(at))), [0x5a, 0x5a, 0xa5]);
    kernel.cache_free(object).unwrap();
    assert_eq!([0, 98, 99].map(|at| byte(&kernel, object.offset(at))), [0x6b, 0x6b, 0xa5]);
    assert_eq!(support::log(), Vec::<String>::new());
    // Past the end: reported, and freed all the same.
    let object = kernel.cache_alloc(cache, Gfp::KERNEL).unwrap();
    put(&kernel, object.offset(100), 1, 0x12);
    assert_eq!(kernel.cache_free(object), Ok(()));
    let lines = support::log();
    let what = "double free, or memory outside object was overwritten";
    has(&lines, &format!("slab error in cache_free_debugcheck(): cache `foo': {what}"));
    has(&lines, &format!("{:08x}: redzone 1: 0x170fc2a5, redzone 2: 0x170fc212.", object.raw()));
    // Twice.
    assert_eq!(kernel.cache_free(object), Err(Misuse::ObjectFree(object)));
    let lines = support::log();
    has(&lines, &format!("slab error in cache_free_debugcheck(): cache `foo': {what}"));
    has(&lines, "redzone 1: 0x5a2cf071, redzone 2: 0x5a2cf071.");
    // After it was freed: found when it would be handed out.
    put(&kernel, object.offset(20), 1, 0x55);
    let next = kernel.cache_alloc(cache, Gfp::KERNEL).unwrap();
    let lines = support::log();
    has(&lines, &format!("Slab corruption: start={:08x}, len=100", object.raw()));
    has(&lines, "Redzone: 0x5a2cf071/0x5a2cf071.");
    has(&lines, "](taker+0x1/0x2)");
    has(&lines, "010: 6b 6b 6b 6b 55 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b");
    assert_eq!(kernel.validate_slab(cache), Ok(0));
    assert!(kernel.cache_destroy(cache).is_err());
    has(&support::log(), "slab error in kmem_cache_destroy(): cache `foo': Can't free all objects");
    kernel.cache_free(next).unwrap();
    kernel.cache_destroy(cache).unwrap();
    kernel.verify().unwrap();
}

/// Whatever the shape: all of an object may be used, none touches another, and nothing is found.
#[test]
fn every_shape_can_be_used_from_end_to_end() {
    fn construct(_: u64, _: VirtAddr) {}
    let sizes = [4, 5, 31, 33, 60, 100, 128, 449, 500, 508, 512, 1000, 2048, 4000, 4093, 4096, 5000, 8192, 20_000];
    for era in ERAS.into_iter().chain(["linux-2.6-i386", "uclinux-2.6"]) {
        let kernel = boot(era, "");
        for size in sizes {
            for align in [0, 8, 64, 256, 4096] {
                for bits in 0..32u32 {
                    let flags =
                        [SlabFlags::RED_ZONE, SlabFlags::POISON, SlabFlags::STORE_USER, SlabFlags::HWCACHE_ALIGN];
                    let chosen = flags.into_iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1);
                    let flags = chosen.fold(SlabFlags::CONSISTENCY_CHECKS, |all, (_, flag)| all | flag);
                    let ctor = (bits >> 4 == 1).then_some(Hook { call: construct, token: 0 });
                    let spec = CacheSpec { name: "any", size, align, flags, ctor, ..CacheSpec::default() };
                    let what = format!("{era}: {spec:?}");
                    // A slab that holds one may be larger than the machine's blocks.
                    let Ok(cache) = kernel.cache_create(&spec) else { continue };
                    // 2.6 gives the alignment up for debugging, unless it is more than that to cache lines.
                    let given = kernel.slab().info(cache).unwrap().geometry.align;
                    let given = if kernel.profile.version < (3, 0, 0) { given } else { align.max(1) };
                    let mut objects = Vec::new();
                    for round in 0..5u8 {
                        let Ok(object) = kernel.cache_alloc(cache, Gfp::KERNEL | Gfp::NOWARN) else { break };
                        assert_eq!(object.raw() % u64::from(given), 0, "{what}");
                        put(&kernel, object, size.into(), round);
                        objects.push(object);
                    }
                    for (round, object) in objects.iter().enumerate() {
                        for at in [0, u64::from(size) / 2, u64::from(size) - 1] {
                            assert_eq!(byte(&kernel, object.offset(at)), round as u8, "{what}");
                        }
                        kernel.cache_free(*object).unwrap_or_else(|misuse| panic!("{what}: {misuse}"));
                    }
                    assert_eq!(kernel.validate_slab(cache), Ok(0), "{what}");
                    kernel.cache_destroy(cache).unwrap();
                }
            }
        }
        kernel.verify().unwrap();
        assert_eq!(support::log(), Vec::<String>::new(), "{era}");
    }
}
