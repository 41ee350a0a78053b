//! kmalloc, slab caches.

use super::{errno, EBUSY};
use crate::exec::Call;
use crate::finding::FindingKind;
use crate::session::{CacheRecord, Session};
use crate::tracker::{Kind, Space};
use kmem::gfp::Gfp;
use kmem::profile::SlabKind;
use kmem::slab::rule::ObjectRule;
use kmem::slab::{CacheId, CacheSpec, CreateError, Hook, SlabFlags};
use kmem::snapshot::report::cache_panic;
use kmem::{AllocError, Misuse, VirtAddr};

const ZERO_SIZE_PTR: u32 = 16;

pub(super) fn kmalloc(s: &Session, call: &mut Call<'_>) -> u64 {
    let (size, flags) = (call.size(), call.word());
    kmalloc_at(s, call, size, flags, "kmalloc").into()
}

fn kmalloc_at(s: &Session, call: &Call<'_>, size: u32, flags: u32, function: &'static str) -> u32 {
    let Some(gfp) = slab_gfp(s, call, flags, function) else { return 0 };
    let take = || s.kernel.kmalloc(size.into(), gfp | s.forced_gfp() | Gfp::NOWARN);
    // What waits in the quarantine is free memory.
    match take().or_else(|error| if s.end_quarantine(None) { take() } else { Err(error) }) {
        Ok(addr) if addr.raw() == u64::from(ZERO_SIZE_PTR) => ZERO_SIZE_PTR,
        Ok(addr) => {
            let (given, from) = s.describe_kmalloc(addr);
            s.record(call, Kind::Kmalloc, addr.raw(), size.into(), given, function, from);
            s.kasan_fresh_own(addr, size.into(), gfp);
            addr.raw() as u32
        }
        Err(error) => {
            s.refused(call, function);
            failed(s, call, &error, gfp, flags, size);
            0
        }
    }
}

/// Decodes the flags, checks the context, and drops what slabs cannot give.
fn slab_gfp(s: &Session, call: &Call<'_>, flags: u32, function: &str) -> Option<Gfp> {
    let mut gfp = s.decode_gfp(flags);
    if gfp.may_sleep() {
        s.check_context(call, &format!("{function}() with flags that may sleep"));
    }
    let wrong = gfp & (Gfp::HIGHMEM | Gfp::DMA32);
    if !wrong.is_empty() {
        gfp -= wrong;
        let (bad, good) = (s.gfp_text(wrong), s.gfp_text(gfp));
        if s.is_old() {
            let title = format!("{function}() cannot give memory of {bad}: objects need an address");
            s.misuse(call, FindingKind::Mismatch, title, Vec::new());
        } else {
            s.log.line(&format!(
                "Unexpected gfp: {:#x} ({bad}). Fixing up to gfp: {:#x} ({good}). Fix your code!",
                s.gfp.encode(wrong),
                s.gfp.encode(gfp)
            ));
        }
    }
    Some(gfp)
}

fn failed(s: &Session, call: &Call<'_>, error: &AllocError, gfp: Gfp, flags: u32, size: u32) {
    if gfp.contains(Gfp::NOWARN) {
        return;
    }
    match error {
        AllocError::NoMemory { order, .. } => s.print_page_failure(call, order.raw(), flags),
        AllocError::TooLarge { .. } if !s.is_old() => {
            s.print_warning("mm/page_alloc.c:5530", Some(&format!("kmalloc of {size} bytes")), &s.chain(call));
        }
        _ => {}
    }
}

pub(super) fn kfree(s: &Session, call: &mut Call<'_>) -> u64 {
    let addr = call.word();
    kfree_at(s, call, addr, "kfree");
    0
}

fn kfree_at(s: &Session, call: &Call<'_>, addr: u32, function: &str) {
    if addr <= ZERO_SIZE_PTR || s.runtime_owns(addr) {
        if addr > ZERO_SIZE_PTR {
            rt_free_addr(s, addr);
        }
        return;
    }
    let key = u64::from(addr);
    let known = s.tracker.borrow().get(Space::Linear, key).cloned();
    let Some(allocation) = known else {
        s.let_kernel_refuse(key);
        s.report_bad_free(call, function, Space::Linear, key);
        return;
    };
    if s.is_of_devres(&allocation) && s.is_module_code(call.return_address()) {
        let title = format!("{function}() of what devm_kmalloc() gave: the device frees it when its driver leaves");
        s.report_mismatch(call, title, &allocation);
        return;
    }
    s.check_freed(call, addr, allocation.given);
    if allocation.kind == Kind::Kmalloc && s.quarantines(&allocation) {
        s.forget(call, Space::Linear, key);
        s.quarantine(&allocation);
        return;
    }
    match s.kernel.kfree(VirtAddr::new(key)) {
        Ok(()) => s.forget(call, Space::Linear, key),
        // The checks have left a finding.
        Err(Misuse::Overwritten(_)) => {}
        Err(misuse) => s.report_refused(call, function, key, &misuse),
    }
}

pub(super) fn ksize(s: &Session, call: &mut Call<'_>) -> u64 {
    let addr = call.word();
    if addr <= ZERO_SIZE_PTR {
        return 0;
    }
    match s.kernel.ksize(VirtAddr::new(addr.into())) {
        Ok(bytes) => {
            s.kasan_measured(addr);
            bytes
        }
        Err(misuse) => {
            s.report_refused(call, "ksize", addr.into(), &misuse);
            0
        }
    }
}

pub(super) fn krealloc(s: &Session, call: &mut Call<'_>) -> u64 {
    let (old, size, flags) = (call.word(), call.size(), call.word());
    if old <= ZERO_SIZE_PTR {
        return kmalloc_at(s, call, size, flags, "krealloc").into();
    }
    if size == 0 {
        kfree_at(s, call, old, "krealloc");
        return ZERO_SIZE_PTR.into();
    }
    let key = u64::from(old);
    let Some((given, asked)) = s.tracker.borrow().get(Space::Linear, key).map(|old| (old.given, old.asked)) else {
        s.report_bad_free(call, "krealloc", Space::Linear, key);
        return 0;
    };
    if u64::from(size) <= given {
        // Whoever asks how large an object is may use all of it.
        let _ = s.kernel.ksize(VirtAddr::new(key));
        let resized = s.tracker.borrow_mut().get_mut(Space::Linear, key).map(|allocation| {
            allocation.asked = size.into();
            allocation.clone()
        });
        if let Some(resized) = resized {
            s.kasan_resized(&resized);
        }
        let zeroes = ObjectRule::of(s.kernel.profile).krealloc_zeroes_spare;
        if zeroes && s.decode_gfp(flags).contains(Gfp::ZERO) {
            s.write_bytes(old + size, &vec![0; (given - u64::from(size)) as usize]);
        }
        return key;
    }
    let new = kmalloc_at(s, call, size, flags, "krealloc");
    if new != 0 {
        let bytes = s.read_bytes(old, asked.max(given).min(u64::from(size)) as u32);
        s.write_bytes(new, &bytes);
        kfree_at(s, call, old, "krealloc");
    }
    new.into()
}

/// What is at an address has so many bytes from now on; nothing where nothing was given.
pub(super) fn resized(s: &Session, call: &mut Call<'_>) -> u64 {
    let (addr, size) = (u64::from(call.word()), u64::from(call.size()));
    let resized = [Space::Linear, Space::Virtual].into_iter().find_map(|space| {
        let mut tracker = s.tracker.borrow_mut();
        let allocation = tracker.get_mut(space, addr).filter(|allocation| size <= allocation.given)?;
        allocation.asked = size;
        Some(allocation.clone())
    });
    resized.iter().for_each(|allocation| s.kasan_resized(allocation));
    0
}

pub(super) fn kmalloc_size_roundup(s: &Session, call: &mut Call<'_>) -> u64 {
    let size = call.size();
    s.kernel.slab().kmalloc().size_roundup(size.into())
}

/// Slab flags: the bits are the same in both eras as far as both have them.
const FLAGS: &[(u32, SlabFlags)] = &[
    (0x100, SlabFlags::CONSISTENCY_CHECKS),
    (0x400, SlabFlags::RED_ZONE),
    (0x800, SlabFlags::POISON),
    (0x2000, SlabFlags::HWCACHE_ALIGN),
    (0x4000, SlabFlags::CACHE_DMA),
    (0x10000, SlabFlags::STORE_USER),
    (0x20000, SlabFlags::RECLAIM_ACCOUNT),
    (0x40000, SlabFlags::PANIC),
    (0x80000, SlabFlags::TYPESAFE_BY_RCU),
    (0x1000, SlabFlags::KMALLOC),
    (0x100_0000, SlabFlags::NO_MERGE),
    (0x400_0000, SlabFlags::ACCOUNT),
];
/// Room for the name in a handle's own memory.
pub(super) const NAME_BYTES: u32 = 64;
/// Stands for no place of a free object's link.
const NO_FREEPTR: u32 = u32::MAX;
/// `SLAB_DEBUG_INITIAL` of 2.6.
const DEBUG_INITIAL: u32 = 0x200;
/// `SLAB_MUST_HWCACHE_ALIGN` of 2.6.
const MUST_HWCACHE_ALIGN: u32 = 0x8000;

pub(super) fn cache_create(s: &Session, call: &mut Call<'_>) -> u64 {
    let (name, size, align, raw) = (call.word(), call.word(), call.word(), call.word());
    let (useroffset, usersize, ctor_addr, dtor) = (call.word(), call.word(), call.word(), call.word());
    let freeptr_offset = Some(call.word()).filter(|offset| *offset != NO_FREEPTR);
    let name = if name == 0 { String::new() } else { s.read_string(name) };
    let mut flags = FLAGS.iter().filter(|(bit, _)| raw & bit != 0).fold(SlabFlags::empty(), |all, (_, f)| all | *f);
    if s.is_old() {
        flags -= SlabFlags::CONSISTENCY_CHECKS | SlabFlags::ACCOUNT | SlabFlags::NO_MERGE | SlabFlags::KMALLOC;
        if raw & MUST_HWCACHE_ALIGN != 0 {
            flags |= SlabFlags::HWCACHE_ALIGN;
        }
    }
    s.check_context(call, "kmem_cache_create()");
    let what = if name.is_empty() || size == 0 {
        "without a name or of objects of 0 bytes"
    } else if s.in_interrupt() {
        "in an interrupt"
    } else {
        ""
    };
    if !what.is_empty() {
        create_is_wrong(s, call, &name, what);
        return 0;
    }
    if s.is_old() && s.cache_named(&name).is_some() {
        s.log.line(&format!("kmem_cache_create: duplicate cache {name}"));
        s.die(call, format!("BUG() in kmem_cache_create(): there is a cache {name} already"), Vec::new());
        return 0;
    }
    if s.cache_named(&name).is_some() || name.contains(' ') {
        let why = if name.contains(' ') { "has a blank in its name" } else { "already exists" };
        let text = format!("kmem_cache_create: cache '{name}' {why}");
        s.print_warning("mm/slab_common.c:95", Some(&text), &s.chain(call));
    }
    if !s.is_old() && (size < usersize || size - usersize < useroffset || usersize == 0 && useroffset != 0) {
        // The kernel creates it all the same, without a region.
        s.print_warning("mm/slab_common.c:302", None, &s.chain(call));
    }
    let Some(handle) = s.new_handle() else { return 0 };
    let hook = |function: u32, call| {
        (function != 0).then_some(Hook { call, token: u64::from(handle) << 32 | u64::from(function) })
    };
    let ctor = hook(ctor_addr, Session::run_ctor);
    let dtor = hook(dtor, Session::run_dtor);
    let spec = CacheSpec { name: &name, size, align, flags, ctor, dtor, useroffset, usersize, freeptr_offset };
    match s.kernel.cache_create(&spec) {
        Ok(id) => {
            s.look_for_debugging();
            let info = s.kernel.slab().info(id);
            let given = info.map_or(0, |info| info.geometry.size - info.geometry.redzone);
            info.iter().for_each(|info| s.describe_cache(handle, raw, ctor_addr, info));
            s.caches.borrow_mut().insert(
                handle,
                CacheRecord {
                    id,
                    name: name.clone(),
                    size,
                    panics: flags.contains(SlabFlags::PANIC),
                    verifier: if s.is_old() && raw & DEBUG_INITIAL != 0 { ctor_addr } else { 0 },
                    is_zombie: false,
                },
            );
            s.record(call, Kind::Cache, handle.into(), size.into(), given.into(), "kmem_cache_create", name);
            handle.into()
        }
        Err(error) => {
            s.free_handle(handle);
            s.refused(call, "kmem_cache_create");
            if !s.is_old() && matches!(error, CreateError::Alloc(AllocError::TooLarge { .. })) {
                s.log.line(&format!("kmem_cache_create({name}) integrity check failed"));
            }
            s.log.line(&format!("kmem_cache_create({name}) failed: {error}"));
            if flags.contains(SlabFlags::PANIC) {
                create_panics(s, call, &name, &error);
            }
            0
        }
    }
}

/// What the kernel says of a cache that cannot be meant: 2.6 ends the caller (mm/slab.c), 6.x gives nothing (mm/slab_common.c,
/// `kmem_cache_sanity_check`).
fn create_is_wrong(s: &Session, call: &Call<'_>, name: &str, what: &str) {
    let shown = if name.is_empty() { "(null)" } else { name };
    if s.is_old() {
        s.log.line(&format!("kmem_cache_create: Early error in slab {shown}"));
        s.die(call, format!("BUG() in kmem_cache_create(): it was called {what}"), Vec::new());
        return;
    }
    s.log.line(&format!("kmem_cache_create({shown}) integrity check failed"));
    // That it is called where it must not sleep has been said.
    if !s.in_interrupt() {
        s.misuse(call, FindingKind::Misuse, format!("kmem_cache_create() {what}"), Vec::new());
    }
}

/// `SLAB_PANIC`: what the kernel says when it cannot go on without a cache.
fn create_panics(s: &Session, call: &mut Call<'_>, name: &str, error: &CreateError) {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = cache_panic::write(&mut text, s.kernel.profile.version, name, error);
    s.log.line(&text);
    s.die(call, format!("the cache {name} with SLAB_PANIC cannot be created: {error}"), Vec::new());
}

/// Finds the cache of a handle that a module gave; a wrong one is reported.
pub(super) fn cache(s: &Session, call: &Call<'_>, handle: u32, function: &str) -> Option<CacheId> {
    let record = s.caches.borrow().get(&handle).cloned();
    match record {
        Some(record) if !record.is_zombie => Some(record.id),
        Some(record) => {
            let title = format!("{function}() on the cache {}, which was destroyed", record.name);
            s.misuse(call, FindingKind::Misuse, title, Vec::new());
            None
        }
        None => {
            let title = format!("{function}() on {}, which is no cache", s.hex(handle));
            s.misuse(call, FindingKind::Misuse, title, Vec::new());
            None
        }
    }
}

pub(super) fn cache_destroy(s: &Session, call: &mut Call<'_>) -> u64 {
    let handle = call.word();
    if handle == 0 {
        if s.is_old() {
            s.misuse(call, FindingKind::Misuse, "kmem_cache_destroy(NULL) is an Oops in 2.6".into(), Vec::new());
        }
        return 0;
    }
    let Some(id) = cache(s, call, handle, "kmem_cache_destroy") else { return 0 };
    let name = s.caches.borrow().get(&handle).map(|record| record.name.clone()).unwrap_or_default();
    let info = s.kernel.slab().info(id);
    let founder = info.map(|info| info.name).unwrap_or_default();
    let is_shared = info.is_some_and(|info| info.aliases > 0);
    let is_slob = s.kernel.profile.slab.kind() == SlabKind::Slob;
    let live = s.tracker.borrow().live();
    let out = live.iter().filter(|live| live.kind == (Kind::Object { cache: handle })).count();
    s.end_quarantine(Some(id));
    // The kernel names who destroyed a cache that is in use.
    let runs = kmem_hosted::stack::run_as(s.chain(call).iter().map(|addr| u64::from(*addr)));
    let destroyed = s.kernel.cache_destroy(id);
    drop(runs);
    match destroyed {
        Ok(()) if (is_shared || is_slob) && out > 0 => {
            let objects = if out == 1 { "1 object".to_owned() } else { format!("{out} objects") };
            let title = format!("kmem_cache_destroy() of {name} with {objects} still in use");
            let note = if is_slob {
                "the kernel says nothing: SLOB does not count the objects of a cache".to_owned()
            } else {
                format!("the kernel says nothing: {name} shares the slabs of {founder}, which stay")
            };
            s.misuse(call, FindingKind::Misuse, title, vec![note]);
            s.forget(call, Space::Handle, handle.into());
            if let Some(record) = s.caches.borrow_mut().get_mut(&handle) {
                record.is_zombie = true;
            }
            0
        }
        Ok(()) => {
            s.forget(call, Space::Handle, handle.into());
            s.caches.borrow_mut().remove(&handle);
            s.free_handle(handle);
            0
        }
        // The kernel has named what is left.
        Err(Misuse::LiveObjects { .. }) if s.is_old() => errno(EBUSY),
        Err(Misuse::LiveObjects { .. }) => {
            // A test that counts what is wrong has left them on purpose.
            if s.slab_errors.get() != 0 {
                let objects = live.iter().filter(|live| live.kind == (Kind::Object { cache: handle }));
                for object in objects {
                    if let Some(object) = s.tracker.borrow_mut().get_mut(Space::Linear, object.key) {
                        object.reported = true;
                    }
                }
            }
            // The cache is gone for the module, its memory is lost.
            s.forget(call, Space::Handle, handle.into());
            if let Some(record) = s.caches.borrow_mut().get_mut(&handle) {
                record.is_zombie = true;
            }
            errno(EBUSY)
        }
        Err(misuse) => {
            s.report_refused(call, "kmem_cache_destroy", handle.into(), &misuse);
            0
        }
    }
}

pub(super) fn cache_alloc(s: &Session, call: &mut Call<'_>) -> u64 {
    let (handle, flags) = (call.word(), call.word());
    let Some(id) = cache(s, call, handle, "kmem_cache_alloc") else { return 0 };
    object(s, call, handle, id, flags, "kmem_cache_alloc").into()
}

pub(super) fn object(
    s: &Session,
    call: &Call<'_>,
    handle: u32,
    id: CacheId,
    flags: u32,
    function: &'static str,
) -> u32 {
    let Some(gfp) = slab_gfp(s, call, flags, function) else { return 0 };
    let Some(info) = s.kernel.slab().info(id) else { return 0 };
    if gfp.contains(Gfp::ZERO) && info.has_ctor {
        let text = "__GFP_ZERO with a cache that has a constructor";
        s.print_warning("mm/slab.h:735", Some(text), &s.chain(call));
    }
    // An object that keeps its state from free to alloc is not to be cleared.
    let keeps = info.has_ctor || info.flags.intersects(SlabFlags::TYPESAFE_BY_RCU | SlabFlags::POISON);
    let forced = if keeps { Gfp::empty() } else { s.forced_gfp() };
    let take = || s.kernel.cache_alloc(id, gfp | forced | Gfp::NOWARN);
    match take().or_else(|error| if s.end_quarantine(None) { take() } else { Err(error) }) {
        Ok(addr) => {
            // What this creator called it and asked for: the family's name and size may be another's.
            let own = s.caches.borrow().get(&handle).map(|record| (record.name.clone(), record.size));
            let (from, asked) = own.unwrap_or((info.name.as_str().to_owned(), info.geometry.object_size));
            let (asked, given) = (u64::from(asked), (info.geometry.size - info.geometry.redzone).into());
            s.record(call, Kind::Object { cache: handle }, addr.raw(), asked, given, function, from);
            if !info.has_ctor && !info.flags.intersects(SlabFlags::TYPESAFE_BY_RCU | SlabFlags::POISON) {
                s.kasan_fresh_own(addr, asked, gfp);
            }
            addr.raw() as u32
        }
        Err(error) => {
            s.refused(call, function);
            failed(s, call, &error, gfp, flags, info.geometry.object_size);
            0
        }
    }
}

pub(super) fn cache_free(s: &Session, call: &mut Call<'_>) -> u64 {
    let (handle, addr) = (call.word(), call.word());
    let Some(id) = cache(s, call, handle, "kmem_cache_free") else { return 0 };
    free_object(s, call, handle, id, addr);
    0
}

fn free_object(s: &Session, call: &Call<'_>, handle: u32, id: CacheId, addr: u32) {
    if addr == 0 {
        return;
    }
    let key = u64::from(addr);
    let known = s.tracker.borrow().get(Space::Linear, key).cloned();
    if let Some(known) = known.as_ref().filter(|known| known.kind == (Kind::Object { cache: handle })) {
        s.check_freed(call, addr, known.given);
        s.verify_object(handle, addr);
    }
    match known.as_ref().map(|allocation| &allocation.kind) {
        None => {
            s.let_kernel_refuse(key);
            s.report_bad_free(call, "kmem_cache_free", Space::Linear, key);
        }
        Some(Kind::Object { cache })
            if *cache == handle && known.as_ref().is_some_and(|known| s.quarantines(known)) =>
        {
            s.forget(call, Space::Linear, key);
            known.iter().for_each(|known| s.quarantine(known));
        }
        Some(Kind::Object { cache }) if *cache == handle => match s.kernel.cache_free_checked(id, VirtAddr::new(key)) {
            Ok(()) => s.forget(call, Space::Linear, key),
            // As above.
            Err(Misuse::Overwritten(_)) => {}
            Err(misuse) => s.report_refused(call, "kmem_cache_free", key, &misuse),
        },
        Some(_) => {
            let phys = s.kernel.virt_to_phys(VirtAddr::new(key));
            let own = phys.and_then(|phys| s.kernel.slab().object(s.kernel.pages(), phys)).map(|object| object.cache);
            if own.is_some_and(|own| own != id) {
                // The kernel refuses it too, and has words for it if one of the two is a debugged cache.
                let _ = s.kernel.cache_free_checked(id, VirtAddr::new(key));
            }
            s.report_wrong_cache(call, handle, key);
        }
    }
}

pub(super) fn cache_shrink(s: &Session, call: &mut Call<'_>) -> u64 {
    let handle = call.word();
    if let Some(id) = cache(s, call, handle, "kmem_cache_shrink") {
        s.end_quarantine(Some(id));
        // The cache is there, so shrinking cannot be refused.
        let _ = s.kernel.cache_shrink(id);
    }
    0
}
pub(super) fn cache_size(s: &Session, call: &mut Call<'_>) -> u64 {
    let handle = call.word();
    let info = cache(s, call, handle, "kmem_cache_size").and_then(|id| s.kernel.slab().info(id));
    info.map_or(0, |info| info.geometry.object_size.into())
}
pub(super) fn cache_name(s: &Session, call: &mut Call<'_>) -> u64 {
    let handle = call.word();
    let name = s.caches.borrow().get(&handle).map(|record| record.name.clone()).unwrap_or_default();
    let at = handle + super::slab_test::CACHE_BYTES;
    s.write_string(at, NAME_BYTES, &name);
    at.into()
}
pub(super) fn cache_alloc_bulk(s: &Session, call: &mut Call<'_>) -> u64 {
    let (handle, flags, count, array) = (call.word(), call.word(), call.size(), call.word());
    let Some(id) = cache(s, call, handle, "kmem_cache_alloc_bulk") else { return 0 };
    for index in 0..count {
        let addr = object(s, call, handle, id, flags, "kmem_cache_alloc_bulk");
        if addr == 0 {
            for taken in 0..index {
                free_object(s, call, handle, id, s.read_pointer(array, taken));
            }
            return 0;
        }
        s.write_pointer(array, index, addr);
    }
    count.into()
}
pub(super) fn cache_free_bulk(s: &Session, call: &mut Call<'_>) -> u64 {
    let (handle, count, array) = (call.word(), call.size(), call.word());
    let Some(id) = cache(s, call, handle, "kmem_cache_free_bulk") else { return 0 };
    for index in 0..count {
        free_object(s, call, handle, id, s.read_pointer(array, index));
    }
    0
}

pub(super) fn rt_alloc(s: &Session, call: &mut Call<'_>) -> u64 {
    let size = call.size();
    match s.kernel.kmalloc(size.into(), Gfp::KERNEL | Gfp::ZERO) {
        Ok(addr) => {
            s.own(addr.raw() as u32, size);
            addr.raw()
        }
        Err(_) => 0,
    }
}
pub(super) fn rt_free(s: &Session, call: &mut Call<'_>) -> u64 {
    rt_free_addr(s, call.word());
    0
}
fn rt_free_addr(s: &Session, addr: u32) {
    if s.runtime_memory.borrow_mut().remove(&addr) {
        // It came from kmalloc and was in the set, so it is freed once.
        let _ = s.kernel.kfree(VirtAddr::new(addr.into()));
    }
}
