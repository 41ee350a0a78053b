//! A tracer hears of each object that is given and given back, with the tracepoints' fields.

mod support;

use kmem::boot::BootParams;
use kmem::event::Event;
use kmem::page::Tracer;
use kmem::profile::PROFILES;
use kmem::slab::{CacheSpec, SlabFlags};
use kmem::{Gfp, Misuse};
use std::cell::RefCell;
use std::collections::BTreeMap;

thread_local! {
    static HEARD: RefCell<Vec<Event>> = const { RefCell::new(Vec::new()) };
}

fn hear(_: usize, event: &Event) {
    let is_object = matches!(
        event,
        Event::Kmalloc(_) | Event::Kfree { .. } | Event::KmemCacheAlloc(_) | Event::KmemCacheFree { .. }
    );
    if is_object {
        HEARD.with(|heard| heard.borrow_mut().push(*event));
    }
}
fn heard() -> Vec<Event> {
    HEARD.with(RefCell::take)
}

#[test]
fn each_object_is_told_with_what_it_takes() {
    for profile in PROFILES {
        let params = BootParams {
            ram_bytes: profile.max_ram.min(64 << 20),
            cpus: profile.max_cpus.min(2),
            ..BootParams::new(profile)
        };
        let kernel = support::boot_with(profile, &params, None);
        let spec =
            CacheSpec { name: "traced", size: 200, align: 0, flags: SlabFlags::HWCACHE_ALIGN, ..CacheSpec::default() };
        let cache = kernel.cache_create(&spec).unwrap();
        // Before anybody listens, so that lists and arrays are not empty.
        let early = kernel.kmalloc(64, Gfp::KERNEL).unwrap();
        kernel.kfree(kernel.kmalloc(64, Gfp::KERNEL).unwrap()).unwrap();
        kernel.set_tracer(Some(Tracer { call: hear, id: 0 }));
        heard();

        for bytes in [1u64, 64, 100, 1000, 5000, 100_000] {
            let object = kernel.kmalloc(bytes, Gfp::KERNEL).unwrap();
            let [Event::Kmalloc(told)] = heard()[..] else { panic!("{}: {bytes}", profile.name) };
            assert_eq!((told.ptr, told.bytes_req, told.gfp), (object.raw(), bytes as u32, Gfp::KERNEL));
            // What a cache adds to its objects for itself is the user's too, as far as events go.
            assert!(u64::from(told.bytes_alloc) >= kernel.slab().kmalloc().roundup(bytes).unwrap(), "{}", profile.name);
            kernel.kfree(object).unwrap();
            let [Event::Kfree { ptr, .. }] = heard()[..] else { panic!("{}: {bytes}", profile.name) };
            assert_eq!(ptr, object.raw());
        }
        let object = kernel.cache_alloc(cache, Gfp::ATOMIC).unwrap();
        // A merged cache has the size of its largest member.
        let shape = kernel.slab().info(cache).unwrap().geometry;
        let [Event::KmemCacheAlloc(told)] = heard()[..] else { panic!("{}", profile.name) };
        assert_eq!((told.ptr, told.bytes_req, told.bytes_alloc), (object.raw(), shape.object_size, shape.size));
        kernel.cache_free_to(cache, object).unwrap();
        let [Event::KmemCacheFree { ptr, cache: of, .. }] = heard()[..] else { panic!("{}", profile.name) };
        assert_eq!((ptr, of), (object.raw(), cache.raw()));

        // A free that is refused is none; one that nobody could answer has no address.
        assert!(matches!(kernel.kfree(object), Err(Misuse::ObjectFree(_) | Misuse::NotAnObject(_))));
        assert!(kernel.kmalloc(4 << 30, Gfp::KERNEL | Gfp::NOWARN).is_err());
        assert!(matches!(heard()[..], [Event::Kmalloc(told)] if told.ptr == 0), "{}", profile.name);

        // Everything that is still out was told when it was given.
        let mut out = BTreeMap::new();
        let held: Vec<_> = (0..500).map(|n| kernel.kmalloc(1 + n * 7, Gfp::KERNEL).unwrap()).collect();
        held.iter().skip(1).step_by(2).for_each(|object| kernel.kfree(*object).unwrap());
        for event in heard() {
            match event {
                Event::Kmalloc(told) => assert!(out.insert(told.ptr, told.bytes_req).is_none()),
                Event::Kfree { ptr, .. } => assert!(out.remove(&ptr).is_some()),
                _ => {}
            }
        }
        let expected: BTreeMap<_, _> =
            held.iter().enumerate().step_by(2).map(|(n, object)| (object.raw(), 1 + n as u32 * 7)).collect();
        assert_eq!(out, expected, "{}", profile.name);

        kernel.set_tracer(None);
        held.iter().step_by(2).for_each(|object| kernel.kfree(*object).unwrap());
        kernel.kfree(early).unwrap();
        assert!(heard().is_empty());
        kernel.verify().unwrap();
    }
}
