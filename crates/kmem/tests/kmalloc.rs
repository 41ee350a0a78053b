//! What is built on kmalloc: sizes, contents, overflows, nodes; each allocation failed once.

mod support;

use kmem::boot::{cut_nodes, BootParams};
use kmem::error::ReallocError;
use kmem::memory::ZERO_SIZE_PTR;
use kmem::profile::{by_name, Profile, ZeroSize, PROFILES};
use kmem::slab::{CacheSpec, SlabFlags};
use kmem::{AllocError, Gfp, Kernel, Misuse, VirtAddr};
use support::HeapMachine;

type Machine = Kernel<HeapMachine>;
const NULL: VirtAddr = VirtAddr::new(0);
const RAM: u64 = 64 << 20;

fn boot(name: &str) -> Machine {
    support::boot(by_name(name).unwrap(), RAM, 1)
}
fn fill(kernel: &Machine, addr: VirtAddr, bytes: u64, value: u8) {
    assert!(kernel.ram().fill(kernel.virt_to_phys(addr).unwrap(), bytes, value));
}
fn bytes(kernel: &Machine, addr: VirtAddr, bytes: u64) -> Vec<u8> {
    let mut content = vec![0; bytes as usize];
    assert!(kernel.ram().read(kernel.virt_to_phys(addr).unwrap(), &mut content));
    content
}
fn small_machines() -> impl Iterator<Item = &'static Profile> {
    PROFILES.iter().copied().filter(|profile| profile.default_ram >= RAM)
}

#[test]
fn arrays_overflow_where_size_t_does() {
    for (name, limit) in [("i386-pae-6.1", u64::from(u32::MAX)), ("amd64-6.12", u64::MAX)] {
        let kernel = boot(name);
        for (count, size) in [(limit, 2), (limit / 2 + 1, 2), (1 << 16, limit >> 15), (u64::MAX, u64::MAX)] {
            let refused = kernel.kmalloc_array(count, size, Gfp::KERNEL);
            assert!(matches!(refused, Err(AllocError::TooLarge { limit: most, .. }) if most == limit), "{refused:?}");
            assert_eq!(kernel.kcalloc(count, size, Gfp::KERNEL), refused);
        }
        // The product of 32 bits would be small.
        assert_eq!(kernel.array_size(1 << 31, 3).is_ok(), name == "amd64-6.12");
        assert_eq!(kernel.array_size(limit, 0), Ok(0));
        let dirty = kernel.kmalloc(96, Gfp::KERNEL).unwrap();
        fill(&kernel, dirty, 96, 0xee);
        kernel.kfree(dirty).unwrap();
        let array = kernel.kcalloc(12, 8, Gfp::KERNEL).unwrap();
        assert_eq!(array, dirty, "the object that was freed last");
        assert_eq!(bytes(&kernel, array, 96), [0; 96]);
        kernel.kfree(array).unwrap();
        assert_eq!(kernel.kcalloc(0, 8, Gfp::KERNEL), Ok(ZERO_SIZE_PTR));
    }
}

#[test]
fn krealloc_keeps_contents_and_moves_no_more_than_it_must() {
    for profile in small_machines() {
        let kernel = support::boot(profile, RAM, 1);
        let name = profile.name;
        // NULL and nothing.
        let first = kernel.krealloc(NULL, 20, Gfp::KERNEL).unwrap();
        let room = kernel.ksize(first).unwrap();
        fill(&kernel, first, room, 0xa1);
        for size in [1, room / 2, room] {
            assert_eq!(kernel.krealloc(first, size, Gfp::KERNEL), Ok(first), "{name}: it has room for {size}");
            assert_eq!(kernel.ksize(first), Ok(room));
        }
        // Larger, through all classes, into whole pages and back down.
        let mut at = first;
        let mut held = room;
        let most = u64::from(profile.kmalloc.max).min(256 << 10);
        while held < most {
            let next = kernel.krealloc(at, held + 1, Gfp::KERNEL).unwrap();
            assert_ne!(next, at, "{name}: {held} bytes have no room for one more");
            assert!(bytes(&kernel, next, held).iter().all(|byte| *byte == 0xa1), "{name}: contents at {held} bytes");
            assert!(kernel.kmalloc_info(at).is_err(), "{name}: the old one is free");
            at = next;
            held = kernel.ksize(at).unwrap();
            fill(&kernel, at, held, 0xa1);
        }
        assert_eq!(kernel.krealloc(at, 10, Gfp::KERNEL), Ok(at), "{name}: what shrinks stays");
        assert_eq!(kernel.ksize(at), Ok(held));
        // A failure changes nothing.
        let refused = kernel.krealloc(at, u64::from(profile.kmalloc.max) + 1, Gfp::KERNEL);
        assert!(matches!(refused, Err(ReallocError::Alloc(AllocError::TooLarge { .. }))), "{name}: {refused:?}");
        assert!(bytes(&kernel, at, held).iter().all(|byte| *byte == 0xa1));
        assert_eq!(kernel.krealloc(at, 0, Gfp::KERNEL), Ok(ZERO_SIZE_PTR));
        assert!(kernel.kmalloc_info(at).is_err(), "{name}: size 0 frees");
        let nothing = kernel.krealloc(NULL, 0, Gfp::KERNEL).unwrap();
        assert_eq!(nothing == ZERO_SIZE_PTR, profile.kmalloc.zero == ZeroSize::Pointer16, "{name}");
        kernel.kfree(nothing).unwrap();
        let again = kernel.krealloc(ZERO_SIZE_PTR, 8, Gfp::KERNEL).unwrap();
        kernel.kfree(again).unwrap();
        let wrong = kernel.krealloc(VirtAddr::new(1), 8, Gfp::KERNEL).unwrap();
        kernel.kfree(wrong).unwrap();
        let stranger = kernel.krealloc(VirtAddr::new(0x1000), 8, Gfp::KERNEL);
        assert!(matches!(stranger, Err(ReallocError::Misuse(Misuse::NotDirectMapped(_)))), "{name}: {stranger:?}");
        kernel.verify().unwrap();
    }
}

#[test]
fn krealloc_zeroes_as_its_kernel_does() {
    for (name, zeroes_spare) in [("amd64-6.1", false), ("amd64-6.12", true)] {
        let kernel = boot(name);
        let old = kernel.kmalloc(64, Gfp::KERNEL).unwrap();
        fill(&kernel, old, 64, 0x77);
        assert_eq!(kernel.krealloc(old, 60, Gfp::KERNEL | Gfp::ZERO), Ok(old));
        let mut expected = vec![0x77; 64];
        if zeroes_spare {
            expected[60..].fill(0);
        }
        assert_eq!(bytes(&kernel, old, 64), expected, "{name}");
        // What is gained by moving is zero in each.
        let dirty = kernel.kmalloc(256, Gfp::KERNEL).unwrap();
        fill(&kernel, dirty, 256, 0xee);
        kernel.kfree(dirty).unwrap();
        let new = kernel.krealloc(old, 200, Gfp::KERNEL | Gfp::ZERO).unwrap();
        expected.resize(256, 0);
        assert_eq!(bytes(&kernel, new, 256), expected, "{name}");
        kernel.kfree(new).unwrap();
    }
}

#[test]
fn sensitive_bytes_are_gone() {
    let kernel = boot("amd64-6.12");
    for size in [24, 20_000] {
        let secret = kernel.kmalloc(size, Gfp::KERNEL).unwrap();
        let room = kernel.ksize(secret).unwrap();
        fill(&kernel, secret, room, b'S');
        kernel.kfree_sensitive(secret).unwrap();
        let found = bytes(&kernel, secret, room);
        // A free object may hold the link to the next one.
        assert!(found.iter().filter(|byte| **byte != 0).count() <= 2, "{size}: {:x?}", &found[..16]);
        assert!(!found.contains(&b'S'));
        assert!(kernel.kmalloc_info(secret).is_err());
    }
    assert_eq!(kernel.kfree_sensitive(NULL), Ok(()));
    assert_eq!(kernel.kfree_sensitive(ZERO_SIZE_PTR), Ok(()));
}

#[test]
fn copies_and_texts() {
    let kernel = boot("i386-pae-6.1");
    let check = |addr: Result<VirtAddr, AllocError>, expected: &[u8]| {
        let addr = addr.unwrap();
        assert_eq!(bytes(&kernel, addr, expected.len() as u64), expected);
        assert!(kernel.ksize(addr).unwrap() >= expected.len() as u64);
        kernel.kfree(addr).unwrap();
    };
    check(kernel.kmemdup(b"\x01\x00\x02", Gfp::KERNEL), b"\x01\x00\x02");
    assert_eq!(kernel.kmemdup(b"", Gfp::KERNEL), Ok(ZERO_SIZE_PTR));
    check(kernel.kmemdup_nul(b"a\0b", Gfp::KERNEL), b"a\0b\0");
    check(kernel.kstrdup(b"text", Gfp::KERNEL), b"text\0");
    check(kernel.kstrdup(b"text\0behind", Gfp::KERNEL), b"text\0");
    check(kernel.kstrdup(b"", Gfp::KERNEL), b"\0");
    check(kernel.kstrndup(b"text", 2, Gfp::ATOMIC), b"te\0");
    check(kernel.kstrndup(b"text", 100, Gfp::KERNEL), b"text\0");
    check(kernel.kasprintf(Gfp::KERNEL, format_args!("{}-{:#x}", "eth", 10)), b"eth-0xa\0");
    let long = "x".repeat(5000);
    check(kernel.kasprintf(Gfp::KERNEL, format_args!("{long}!")), format!("{long}!\0").as_bytes());
    kernel.verify().unwrap();
}

/// Whole pages of kmalloc's count as slabs since 5.4; older kernels' do not, and SLAB has caches for them.
#[test]
fn large_memory_is_counted_as_its_kernel_does() {
    for (name, bytes, counted) in [
        ("i386-pae-6.1", 1 << 20, 1024),
        ("amd64-6.12", 9000, 16),
        ("armhf-6.1", 3 << 20, 4096),
        ("msm8x25", 1 << 20, 0),
    ] {
        let kernel = boot(name);
        let unreclaimable = || {
            let mut text = String::new();
            kernel.write_proc("meminfo", &mut text).unwrap().unwrap();
            let line = text.lines().find_map(|line| line.strip_prefix("SUnreclaim:")).unwrap().trim();
            line.trim_end_matches(" kB").parse::<u64>().unwrap()
        };
        let before = unreclaimable();
        let large = kernel.kmalloc(bytes, Gfp::KERNEL).unwrap();
        assert_eq!(unreclaimable() - before, counted, "{name}");
        let larger = kernel.krealloc(large, 2 * bytes, Gfp::KERNEL).unwrap();
        kernel.kfree(larger).unwrap();
        assert_eq!(unreclaimable(), before, "{name}");
    }
}

/// A machine of 64 bits with three nodes and a CPU on each.
fn three_nodes() -> Machine {
    let profile = by_name("amd64-6.12").unwrap();
    let nodes = cut_nodes(profile, 3 * RAM, &[RAM, RAM, RAM]).unwrap();
    let params = BootParams { ram_bytes: 3 * RAM, cpus: 3, nodes: Some(nodes.as_slice()), ..BootParams::new(profile) };
    support::boot_with(profile, &params, None)
}
fn node_of(kernel: &Machine, addr: VirtAddr) -> u32 {
    let frame = kernel.frame(kmem::Pfn::containing(kernel.virt_to_phys(addr).unwrap())).unwrap();
    kernel.pages().node_of(frame.head).unwrap()
}

#[test]
fn a_named_node_is_asked_first_and_alone_if_so_wanted() {
    let kernel = three_nodes();
    let spec = CacheSpec { name: "near", size: 700, align: 0, flags: SlabFlags::empty(), ..CacheSpec::default() };
    let cache = kernel.cache_create(&spec).unwrap();
    let mut held = Vec::new();
    for round in 0..60 {
        let node = round % 3;
        for size in [24, 1500, 9000] {
            let addr = kernel.kmalloc_node(size, Gfp::KERNEL | Gfp::ZERO, Some(node)).unwrap();
            assert_eq!(node_of(&kernel, addr), node, "{size} bytes");
            held.push(addr);
        }
        let object = kernel.cache_alloc_node(cache, Gfp::KERNEL, Some(node)).unwrap();
        assert_eq!(node_of(&kernel, object), node);
        held.push(object);
    }
    kernel.verify().unwrap();
    held.drain(..).for_each(|addr| kernel.kfree(addr).unwrap());
    // What this CPU has of another node is not given for its own.
    let far = kernel.cache_alloc_node(cache, Gfp::KERNEL, Some(2)).unwrap();
    kernel.cache_free(far).unwrap();
    let near = kernel.cache_alloc_node(cache, Gfp::KERNEL, Some(0)).unwrap();
    assert_eq!(node_of(&kernel, near), 0);
    kernel.cache_free(near).unwrap();
    // Node 1 is used up: another will do, but not for those who say that it will not.
    let only = Gfp::NOWAIT | Gfp::THISNODE | Gfp::NOWARN;
    let mut strict = Vec::new();
    while let Ok(addr) = kernel.cache_alloc_node(cache, only, Some(1)) {
        assert_eq!(node_of(&kernel, addr), 1);
        strict.push(addr);
    }
    assert!(strict.len() > 10_000, "{}", strict.len());
    let elsewhere = kernel.cache_alloc_node(cache, Gfp::KERNEL, Some(1)).unwrap();
    assert_ne!(node_of(&kernel, elsewhere), 1);
    kernel.cache_free(elsewhere).unwrap();
    kernel.verify().unwrap();
    strict.into_iter().for_each(|addr| kernel.cache_free(addr).unwrap());
    for node in [3, u32::MAX] {
        assert!(matches!(kernel.kmalloc_node(8, Gfp::KERNEL, Some(node)), Err(AllocError::BadFlags(_))));
        assert!(matches!(kernel.cache_alloc_node(cache, Gfp::KERNEL, Some(node)), Err(AllocError::BadFlags(_))));
    }
    kernel.kfree(kernel.kmalloc_node(8, Gfp::KERNEL, None).unwrap()).unwrap();
    assert_eq!(kernel.kmalloc_node(0, Gfp::KERNEL, Some(1)), Ok(ZERO_SIZE_PTR));
    kernel.cache_destroy(cache).unwrap();
    kernel.verify().unwrap();
}

#[test]
fn bulk_gives_all_or_nothing() {
    let kernel = boot("amd64-6.12");
    let spec = CacheSpec { name: "many", size: 500, align: 0, flags: SlabFlags::empty(), ..CacheSpec::default() };
    let cache = kernel.cache_create(&spec).unwrap();
    let live = || kernel.slab().info(cache).unwrap().live;
    let mut objects = [NULL; 300];
    kernel.cache_alloc_bulk(cache, Gfp::KERNEL, &mut objects).unwrap();
    assert_eq!(live(), 300);
    let mut sorted = objects.to_vec();
    sorted.sort();
    assert!(sorted.windows(2).all(|pair| pair[1].raw() - pair[0].raw() >= 500), "none overlap");
    for object in objects {
        fill(&kernel, object, 500, 0xcc);
    }
    kernel.cache_free_bulk(&objects).unwrap();
    assert_eq!(live(), 0);
    kernel.cache_alloc_bulk(cache, Gfp::KERNEL | Gfp::ZERO, &mut objects).unwrap();
    assert!(objects.iter().all(|object| bytes(&kernel, *object, 500) == [0; 500]));
    kernel.cache_free_bulk(&objects).unwrap();
    // More than there is.
    let mut too_many = vec![NULL; 1 << 18];
    let refused = kernel.cache_alloc_bulk(cache, Gfp::NOWAIT | Gfp::NOWARN, &mut too_many);
    assert!(matches!(refused, Err(AllocError::NoMemory { .. })), "{refused:?}");
    assert_eq!(live(), 0);
    assert_eq!(kernel.cache_alloc_bulk(cache, Gfp::KERNEL, &mut []), Ok(()));
    assert_eq!(kernel.cache_free_bulk(&[]), Ok(()));
    assert!(kernel.cache_free_bulk(&[VirtAddr::new(0x1000)]).is_err());
    kernel.cache_destroy(cache).unwrap();
    kernel.verify().unwrap();
}

#[test]
fn nothing_is_lost_whichever_allocation_fails() {
    for profile in small_machines() {
        let kernel = support::boot(profile, RAM, 1);
        let settled = || support::settled_pages(&kernel);
        let big = u64::from(profile.kmalloc.max).min(100_000);
        let free = |addr: Result<VirtAddr, AllocError>| match addr {
            Ok(addr) => kernel.kfree(addr).unwrap(),
            Err(error) => assert_eq!(error, AllocError::Injected),
        };
        let arrays = || {
            free(kernel.kcalloc(big / 100, 100, Gfp::KERNEL));
            free(kernel.kzalloc(40, Gfp::KERNEL));
            free(kernel.kmalloc_node(3000, Gfp::KERNEL, Some(0)));
        };
        assert!(support::fail_each_once(&kernel, arrays, settled) >= 4, "{}", profile.name);
        let texts = || {
            free(kernel.kmemdup(&[7; 3000], Gfp::KERNEL));
            free(kernel.kstrdup(b"eth0", Gfp::KERNEL));
            free(kernel.kasprintf(Gfp::KERNEL, format_args!("{:>1000}", 1)));
        };
        assert!(support::fail_each_once(&kernel, texts, settled) >= 3, "{}", profile.name);
        let growing = || {
            let Ok(mut at) = kernel.kmalloc(10, Gfp::KERNEL) else { return };
            fill(&kernel, at, 10, 0x3c);
            for size in [100, 2000, big] {
                match kernel.krealloc(at, size, Gfp::KERNEL) {
                    Ok(new) => at = new,
                    Err(error) => assert_eq!(error, ReallocError::Alloc(AllocError::Injected)),
                }
                assert_eq!(bytes(&kernel, at, 10), [0x3c; 10], "{}: what failed changed nothing", profile.name);
            }
            kernel.kfree(at).unwrap();
        };
        assert!(support::fail_each_once(&kernel, growing, settled) >= 5, "{}", profile.name);
        let spec = CacheSpec { name: "b", size: 1300, align: 0, flags: SlabFlags::empty(), ..CacheSpec::default() };
        let bulk = || {
            let Ok(cache) = kernel.cache_create(&spec) else { return };
            let mut objects = [NULL; 20];
            if kernel.cache_alloc_bulk(cache, Gfp::KERNEL, &mut objects).is_ok() {
                kernel.cache_free_bulk(&objects).unwrap();
            }
            kernel.cache_destroy(cache).unwrap();
        };
        assert!(support::fail_each_once(&kernel, bulk, settled) >= 21, "{}", profile.name);
    }
}
