//! vmalloc, vmap, ioremap, and a look at the page tables.

use crate::exec::Call;
use crate::finding::FindingKind;
use crate::session::Session;
use crate::tracker::{Kind, Space};
use kmem::gfp::Gfp;
use kmem::map::entry::Prot;
use kmem::map::VmallocRequest;
use kmem::{AllocError, Machine, Pfn, PhysAddr, VirtAddr};

pub(super) fn vmalloc(s: &Session, call: &mut Call<'_>) -> u64 {
    let size = call.size();
    take(s, call, size, Gfp::KERNEL | Gfp::HIGHMEM, "vmalloc")
}
pub(super) fn vzalloc(s: &Session, call: &mut Call<'_>) -> u64 {
    let size = call.size();
    take(s, call, size, Gfp::KERNEL | Gfp::HIGHMEM | Gfp::ZERO, "vzalloc")
}
pub(super) fn vmalloc_32(s: &Session, call: &mut Call<'_>) -> u64 {
    let size = call.size();
    take(s, call, size, Gfp::KERNEL, "vmalloc_32")
}
pub(super) fn vmalloc_gfp(s: &Session, call: &mut Call<'_>) -> u64 {
    let (size, flags) = (call.size(), call.word());
    take(s, call, size, s.decode_gfp(flags), "__vmalloc")
}

pub(super) fn vmalloc_node(s: &Session, call: &mut Call<'_>) -> u64 {
    let (size, align, flags) = (call.size(), call.size(), call.word());
    let gfp = s.decode_gfp(flags);
    let caller = s.caller_name(&s.chain(call));
    let request = VmallocRequest { gfp, align: align.max(1).into(), ..VmallocRequest::new(size.into(), caller) };
    take_with(s, call, &request, "__vmalloc_node")
}

fn take(s: &Session, call: &Call<'_>, size: u32, gfp: Gfp, function: &'static str) -> u64 {
    let caller = s.caller_name(&s.chain(call));
    take_with(s, call, &VmallocRequest { gfp, ..VmallocRequest::new(size.into(), caller) }, function)
}

fn take_with(s: &Session, call: &Call<'_>, request: &VmallocRequest, function: &'static str) -> u64 {
    let (size, gfp) = (request.bytes as u32, request.gfp);
    s.check_context(call, &format!("{function}()"));
    let request = &VmallocRequest { gfp: gfp | s.forced_gfp(), ..*request };
    match s.kernel.map().vmalloc_with(s.kernel.memory(), request) {
        Ok(addr) => {
            let given = u64::from(size).div_ceil(4096) * 4096;
            s.record(call, Kind::Vmalloc, addr.raw(), size.into(), given, function, "the vmalloc area".into());
            s.kasan_fresh_own(addr, size.into(), gfp);
            addr.raw()
        }
        Err(error) => {
            s.refused(call, function);
            failed(s, call, &error, size, gfp);
            0
        }
    }
}

fn failed(s: &Session, call: &Call<'_>, error: &AllocError, size: u32, gfp: Gfp) {
    if s.is_old() || gfp.contains(Gfp::NOWARN) {
        return;
    }
    match error {
        AllocError::ZeroSize => s.print_warning("mm/vmalloc.c:3170", None, &s.chain(call)),
        AllocError::NoAddressSpace { .. } => s.print_vmalloc_failure(call, size, gfp, "vm_struct allocation failed"),
        AllocError::NoMemory { .. } => s.print_vmalloc_failure(call, size, gfp, "failed to allocate pages"),
        _ => {}
    }
}

pub(super) fn vfree(s: &Session, call: &mut Call<'_>) -> u64 {
    let addr = call.word();
    give(s, call, addr, &Kind::Vmalloc, "vfree");
    0
}
pub(super) fn vunmap(s: &Session, call: &mut Call<'_>) -> u64 {
    let addr = call.word();
    give(s, call, addr, &Kind::Vmap, "vunmap");
    0
}
pub(super) fn iounmap(s: &Session, call: &mut Call<'_>) -> u64 {
    let addr = call.word() & !4095;
    give(s, call, addr, &Kind::Ioremap, "iounmap");
    0
}

fn give(s: &Session, call: &Call<'_>, addr: u32, expected: &Kind, function: &str) {
    if addr == 0 {
        return;
    }
    let key = u64::from(addr);
    let known = s.tracker.borrow().get(Space::Virtual, key).cloned();
    let Some(allocation) = known else {
        if function != "iounmap" {
            let text = if addr.is_multiple_of(4096) {
                format!("Trying to {function}() nonexistent vm area ({})", s.digits(addr))
            } else {
                format!("Trying to {function}() bad address ({})", s.digits(addr))
            };
            s.print_warning("mm/vmalloc.c:2694", Some(&text), &s.chain(call));
        }
        s.report_bad_free(call, function, Space::Virtual, key);
        return;
    };
    if allocation.kind != *expected {
        let title = format!("{function}() of what {}() gave", allocation.function);
        s.report_mismatch(call, title, &allocation);
        return;
    }
    if allocation.kind == Kind::Vmalloc {
        s.check_freed(call, addr, allocation.given);
    }
    let (memory, at) = (s.kernel.memory(), VirtAddr::new(key));
    let done = match expected {
        Kind::Vmap => s.kernel.map().vunmap(memory, at),
        Kind::Ioremap => s.kernel.map().iounmap(memory, at),
        _ => s.kernel.map().vfree(memory, at),
    };
    match done {
        Ok(()) => s.forget(call, Space::Virtual, key),
        Err(misuse) => s.report_refused(call, function, key, &misuse),
    }
}

pub(super) fn vmap(s: &Session, call: &mut Call<'_>) -> u64 {
    let (array, count) = (call.word(), call.word());
    s.check_context(call, "vmap()");
    if u64::from(count) > s.kernel.total_pages() {
        return 0;
    }
    let mut pages = Vec::new();
    for index in 0..count {
        let page = s.read_pointer(array, index);
        match super::pages::pfn_of(s, call, page, "vmap") {
            Some(pfn) => pages.push(pfn),
            None => return 0,
        }
    }
    let caller = s.caller_name(&s.chain(call));
    match s.kernel.map().vmap(s.kernel.memory(), &pages, Prot::KERNEL, caller) {
        Ok(addr) => {
            let bytes = u64::from(count) * 4096;
            s.record(call, Kind::Vmap, addr.raw(), bytes, bytes, "vmap", "the vmalloc area".into());
            addr.raw()
        }
        Err(AllocError::Unsupported(why)) => {
            s.log.line(&format!("vmap: {why}"));
            0
        }
        Err(_) => 0,
    }
}

/// The bytes of the area that begins at an address; 0 where none does.
pub(super) fn bytes(s: &Session, call: &mut Call<'_>) -> u64 {
    let addr = call.word();
    s.kernel.map().vmalloc_size(VirtAddr::new(addr.into())).unwrap_or(0)
}

pub(super) fn vmalloc_to_page(s: &Session, call: &mut Call<'_>) -> u64 {
    let addr = call.word();
    translate(s, call, addr, "vmalloc_to_page").map_or(0, |pfn| s.page_of(pfn).into())
}
pub(super) fn vmalloc_to_pfn(s: &Session, call: &mut Call<'_>) -> u64 {
    let addr = call.word();
    translate(s, call, addr, "vmalloc_to_pfn").map_or(0, Pfn::raw)
}
fn translate(s: &Session, call: &Call<'_>, addr: u32, function: &str) -> Option<Pfn> {
    let pfn = s.kernel.map().vmalloc_to_pfn(s.kernel.memory(), VirtAddr::new(addr.into()));
    if pfn.is_none() {
        let title = format!("{function}() of {}, where nothing is mapped", s.hex(addr));
        s.misuse(call, FindingKind::Misuse, title, Vec::new());
    }
    pfn
}

pub(super) fn ioremap(s: &Session, call: &mut Call<'_>) -> u64 {
    let (phys, size) = (call.u64(), call.size());
    let caller = s.caller_name(&s.chain(call));
    match s.kernel.map().ioremap(s.kernel.memory(), PhysAddr::new(phys), size.into(), caller) {
        Ok(addr) => {
            let given = (phys % 4096 + u64::from(size)).div_ceil(4096) * 4096;
            let key = addr.raw() & !4095;
            s.record(call, Kind::Ioremap, key, size.into(), given, "ioremap", format!("physical {phys:#x}"));
            addr.raw()
        }
        Err(error) => {
            s.refused(call, "ioremap");
            s.log.line(&format!("ioremap of {phys:#x}, {size} bytes, failed: {error}"));
            0
        }
    }
}

pub(super) fn flush_tlb_kernel_range(s: &Session, call: &mut Call<'_>) -> u64 {
    let (start, end) = (call.word(), call.word());
    s.kernel.machine().flush_tlb(VirtAddr::new(start.into()), VirtAddr::new(end.into()));
    0
}
pub(super) fn pgd(s: &Session, _: &mut Call<'_>) -> u64 {
    let root = s.kernel.map().root();
    root.and_then(|root| s.kernel.phys_to_virt(root)).map_or(0, |addr| addr.raw())
}
