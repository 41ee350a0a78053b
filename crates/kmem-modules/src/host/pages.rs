//! Pages. A `struct page *` of C is an address in the mem_map; what it says about the page is the engine's.

use crate::exec::Call;
use crate::finding::{Finding, FindingKind};
use crate::session::Session;
use crate::tracker::{Allocation, Kind, Space};
use kmem::gfp::Gfp;
use kmem::page::FrameKind;
use kmem::{AllocError, Misuse, Order, Pfn};

/// Allocates a block and enters it into the ledger.
fn take(s: &Session, call: &Call<'_>, flags: u32, order: u32, function: &'static str) -> Option<Pfn> {
    let gfp = s.decode_gfp(flags);
    if gfp.may_sleep() {
        s.check_context(call, &format!("{function}() with flags that may sleep"));
    }
    let result = match Order::new(order) {
        Some(order) => {
            let take = || s.kernel.alloc_pages(gfp | s.forced_gfp() | Gfp::NOWARN, order);
            take().or_else(|error| if s.end_quarantine(None) { take() } else { Err(error) })
        }
        None => Err(AllocError::TooLarge { bytes: u64::MAX, limit: 0 }),
    };
    match result {
        Ok(pfn) => {
            let bytes = 4096 << order;
            let zone = s.zone_name(pfn);
            s.record(call, Kind::Pages { order }, pfn.raw(), bytes, bytes, function, format!("zone {zone}"));
            if let Some(addr) = s.kernel.phys_to_virt(pfn.phys()) {
                s.kasan_fresh(addr, bytes, gfp);
            }
            Some(pfn)
        }
        Err(error) => {
            s.refused(call, function);
            if !gfp.contains(Gfp::NOWARN) {
                match error {
                    AllocError::TooLarge { .. } if !s.is_old() => {
                        s.print_warning("mm/page_alloc.c:5530", None, &s.chain(call));
                    }
                    _ => s.print_page_failure(call, order, flags),
                }
            }
            None
        }
    }
}

pub(super) fn alloc_pages(s: &Session, call: &mut Call<'_>) -> u64 {
    let (flags, order) = (call.word(), call.word());
    take(s, call, flags, order, "alloc_pages").map_or(0, |pfn| s.page_of(pfn).into())
}
pub(super) fn get_free_pages(s: &Session, call: &mut Call<'_>) -> u64 {
    let (flags, order) = (call.word(), call.word());
    address_of_new(s, call, flags, order, "__get_free_pages")
}
pub(super) fn get_zeroed_page(s: &Session, call: &mut Call<'_>) -> u64 {
    let flags = call.word() | s.gfp.encode(Gfp::ZERO);
    let addr = address_of_new(s, call, flags, 0, "get_zeroed_page");
    if s.gfp.encode(Gfp::ZERO) == 0 && addr != 0 {
        s.write_bytes(addr as u32, &[0; 4096]);
    }
    addr
}
fn address_of_new(s: &Session, call: &Call<'_>, mut flags: u32, order: u32, function: &'static str) -> u64 {
    let high = s.gfp.encode(Gfp::HIGHMEM);
    if flags & high != 0 {
        let title = format!("{function}() with __GFP_HIGHMEM: it returns an address, and high memory has none");
        s.misuse(call, FindingKind::Mismatch, title, vec!["the flag was dropped".into()]);
        flags &= !high;
    }
    let pfn = take(s, call, flags, order, function);
    pfn.and_then(|pfn| s.kernel.phys_to_virt(pfn.phys())).map_or(0, |addr| addr.raw())
}

pub(super) fn free_pages_of(s: &Session, call: &mut Call<'_>) -> u64 {
    let (page, order) = (call.word(), call.word());
    if let Some(pfn) = pfn_of(s, call, page, "__free_pages") {
        give(s, call, pfn, order, "__free_pages");
    }
    0
}
pub(super) fn free_pages(s: &Session, call: &mut Call<'_>) -> u64 {
    let (addr, order) = (call.word(), call.word());
    if addr == 0 {
        return 0;
    }
    match s.kernel.virt_to_phys(kmem::VirtAddr::new(addr.into())) {
        Some(phys) if addr % 4096 == 0 => give(s, call, Pfn::containing(phys), order, "free_pages"),
        _ => s.report_bad_free(call, "free_pages", Space::Linear, addr.into()),
    }
    0
}

/// Finds the frame of a `struct page *`; a wrong pointer is reported.
pub(super) fn pfn_of(s: &Session, call: &Call<'_>, page: u32, function: &str) -> Option<Pfn> {
    let pfn = s.pfn_of(page);
    if pfn.is_none() {
        let title = format!("{function}() of {}, which is no struct page", s.hex(page));
        s.misuse(call, FindingKind::Mismatch, title, Vec::new());
    }
    pfn
}

fn give(s: &Session, call: &Call<'_>, pfn: Pfn, order: u32, function: &'static str) {
    let known = s.tracker.borrow().get(Space::Frame, pfn.raw()).cloned();
    let Some(allocation) = known else {
        s.report_bad_free(call, function, Space::Frame, pfn.raw());
        return;
    };
    let allocated = match allocation.kind {
        Kind::Pages { order } => order,
        _ => {
            let title = match allocation.kind {
                Kind::Exact => {
                    format!("{function}() of pages that alloc_pages_exact() gave: free_pages_exact() frees them")
                }
                _ => format!("{function}() of what {}() gave", allocation.function),
            };
            s.report_mismatch(call, title, &allocation);
            return;
        }
    };
    let result = Order::new(order)
        .map_or(Err(Misuse::BadArgument("an order beyond all orders")), |order| s.kernel.free_pages(pfn, order));
    match result {
        Ok(()) => after_free(s, call, pfn, order),
        Err(Misuse::WrongOrder { .. }) => wrong_order(s, call, pfn, allocated, order, function, &allocation),
        Err(misuse) => s.report_refused(call, function, pfn.raw(), &misuse),
    }
}

/// A reference may keep the first page, or all of a compound block.
fn after_free(s: &Session, call: &Call<'_>, pfn: Pfn, order: u32) {
    let still = s.kernel.frame(pfn).filter(|info| info.kind == FrameKind::Used && info.head == pfn);
    match still {
        Some(info) if info.order.raw() == order && order != 0 => {}
        Some(_) if order != 0 => {
            if let Some(allocation) = s.tracker.borrow_mut().get_mut(Space::Frame, pfn.raw()) {
                allocation.kind = Kind::Pages { order: 0 };
                allocation.given = 4096;
            }
        }
        Some(info) if info.count != 0 => {}
        _ => s.forget(call, Space::Frame, pfn.raw()),
    }
}

fn wrong_order(
    s: &Session,
    call: &Call<'_>,
    pfn: Pfn,
    allocated: u32,
    freed: u32,
    function: &str,
    allocation: &Allocation,
) {
    let (had, gave) = (1u64 << allocated, 1u64 << freed.min(40));
    let title = if gave < had {
        format!("{had} pages allocated, {gave} given back: {function}() with order {freed} loses {} pages", had - gave)
    } else {
        format!("{had} pages allocated, {gave} given back: {function}() with order {freed} frees a stranger's pages")
    };
    let finding = Finding::new(FindingKind::Mismatch, title, s.place(&s.chain(call)), "freed here")
        .also(s.place(&allocation.chain), format!("allocated here with order {allocated}"))
        .note("nothing was freed; a real kernel would have done it silently")
        .help(format!("free the block with order {allocated}"))
        .bytes(allocation.asked, allocation.given);
    s.report(finding);
    if let Some(allocation) = s.tracker.borrow_mut().get_mut(Space::Frame, pfn.raw()) {
        allocation.reported = true;
    }
}

pub(super) fn alloc_pages_exact(s: &Session, call: &mut Call<'_>) -> u64 {
    let (size, flags) = (call.size(), call.word());
    let gfp = s.decode_gfp(flags) - Gfp::COMP;
    if gfp.may_sleep() {
        s.check_context(call, "alloc_pages_exact() with flags that may sleep");
    }
    match s.kernel.alloc_pages_exact(size.into(), (gfp - Gfp::HIGHMEM) | s.forced_gfp()) {
        Ok(pfn) => {
            let given = u64::from(size).div_ceil(4096) * 4096;
            let zone = s.zone_name(pfn);
            let from = format!("zone {zone}");
            s.record(call, Kind::Exact, pfn.raw(), size.into(), given, "alloc_pages_exact", from);
            s.kernel.phys_to_virt(pfn.phys()).map_or(0, |addr| addr.raw())
        }
        Err(_) => 0,
    }
}
pub(super) fn free_pages_exact(s: &Session, call: &mut Call<'_>) -> u64 {
    let (addr, size) = (call.word(), call.size());
    let phys = s.kernel.virt_to_phys(kmem::VirtAddr::new(addr.into()));
    let key = phys.map_or(u64::MAX, |phys| Pfn::containing(phys).raw());
    let known = s.tracker.borrow().get(Space::Frame, key).cloned();
    let Some(allocation) = known.filter(|allocation| allocation.kind == Kind::Exact) else {
        s.report_bad_free(call, "free_pages_exact", Space::Frame, key);
        return 0;
    };
    let pages = u64::from(size).div_ceil(4096);
    if pages * 4096 != allocation.given {
        let had = allocation.given / 4096;
        let title = format!("{had} pages allocated, {pages} given back by free_pages_exact()");
        let finding = Finding::new(FindingKind::Mismatch, title, s.place(&s.chain(call)), "freed here")
            .also(s.place(&allocation.chain), "allocated here")
            .bytes(allocation.asked, allocation.given);
        s.report(finding);
        if let Some(allocation) = s.tracker.borrow_mut().get_mut(Space::Frame, key) {
            allocation.reported = true;
        }
        return 0;
    }
    for page in 0..pages {
        if let Err(misuse) = s.kernel.free_pages(Pfn::new(key + page), Order::ZERO) {
            s.report_refused(call, "free_pages_exact", key + page, &misuse);
        }
    }
    s.forget(call, Space::Frame, key);
    0
}

pub(super) fn split_page(s: &Session, call: &mut Call<'_>) -> u64 {
    let (page, order) = (call.word(), call.word());
    let Some(pfn) = pfn_of(s, call, page, "split_page") else { return 0 };
    let split = Order::new(order)
        .map_or(Err(Misuse::BadArgument("an order beyond all orders")), |order| s.kernel.pages().split(pfn, order));
    if let Err(misuse) = split {
        s.report_refused(call, "split_page", pfn.raw(), &misuse);
        return 0;
    }
    s.split(pfn, order);
    0
}
pub(super) fn get_page(s: &Session, call: &mut Call<'_>) -> u64 {
    let page = call.word();
    if let Some(pfn) = pfn_of(s, call, page, "get_page") {
        if let Err(misuse) = s.kernel.pages().get(pfn) {
            s.report_refused(call, "get_page", pfn.raw(), &misuse);
        }
    }
    0
}
pub(super) fn put_page(s: &Session, call: &mut Call<'_>) -> u64 {
    let page = call.word();
    let Some(pfn) = pfn_of(s, call, page, "put_page") else { return 0 };
    let known = s.tracker.borrow().get(Space::Frame, pfn.raw()).cloned();
    match s.kernel.put_page(pfn) {
        Ok(()) => {
            let used = s.kernel.frame(pfn).is_some_and(|info| info.kind == FrameKind::Used && info.count != 0);
            if !used {
                s.forget(call, Space::Frame, pfn.raw());
            }
        }
        Err(Misuse::WrongOrder { allocated, .. }) => {
            if let Some(allocation) = known {
                wrong_order(s, call, pfn, allocated.raw(), 0, "put_page", &allocation);
            }
        }
        Err(_) if known.is_none() => s.report_bad_free(call, "put_page", Space::Frame, pfn.raw()),
        Err(misuse) => s.report_refused(call, "put_page", pfn.raw(), &misuse),
    }
    0
}
pub(super) fn page_count(s: &Session, call: &mut Call<'_>) -> u64 {
    let page = call.word();
    let Some(pfn) = pfn_of(s, call, page, "page_count") else { return 0 };
    let info = s.kernel.frame(pfn);
    info.filter(|info| info.head == pfn || info.compound).map_or(0, |info| info.count.into())
}
pub(super) fn compound_head(s: &Session, call: &mut Call<'_>) -> u64 {
    let page = call.word();
    let Some(pfn) = pfn_of(s, call, page, "compound_head") else { return 0 };
    let head = s.kernel.frame(pfn).filter(|info| info.compound).map_or(pfn, |info| info.head);
    s.page_of(head).into()
}
pub(super) fn compound_order(s: &Session, call: &mut Call<'_>) -> u64 {
    let page = call.word();
    let Some(pfn) = pfn_of(s, call, page, "compound_order") else { return 0 };
    s.kernel.frame(pfn).filter(|info| info.compound && info.head == pfn).map_or(0, |info| info.order.raw().into())
}
pub(super) fn page_address(s: &Session, call: &mut Call<'_>) -> u64 {
    let page = call.word();
    let Some(pfn) = pfn_of(s, call, page, "page_address") else { return 0 };
    s.kernel.map().page_address(s.kernel.memory(), pfn).map_or(0, |addr| addr.raw())
}
pub(super) fn page_zonenum(s: &Session, call: &mut Call<'_>) -> u64 {
    let page = call.word();
    let Some(pfn) = pfn_of(s, call, page, "page_zonenum") else { return 0 };
    s.kernel.pages().zone_index(pfn).unwrap_or(0) as u64
}
pub(super) fn zone_name(s: &Session, call: &mut Call<'_>) -> u64 {
    let (zone, buffer, size) = (call.word(), call.word(), call.word());
    let name = s.kernel.profile.zones.get(zone as usize).map_or("", |zone| zone.name);
    s.write_string(buffer, size, name)
}
pub(super) fn meminfo(s: &Session, call: &mut Call<'_>) -> u64 {
    let what = call.word();
    let high = |pfn: Pfn| s.kernel.is_high(pfn);
    let zones = || s.kernel.pages().zone_counts();
    match what {
        0 => zones().map(|zone| zone.managed).sum(),
        1 => zones().map(|zone| zone.free).sum(),
        2 => zones().filter(|zone| high(zone.extent.start)).map(|zone| zone.managed).sum(),
        _ => zones().filter(|zone| high(zone.extent.start)).map(|zone| zone.free).sum(),
    }
}
