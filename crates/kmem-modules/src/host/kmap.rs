//! kmap and its temporary kin.

use super::pages::pfn_of;
use crate::exec::Call;
use crate::finding::FindingKind;
use crate::session::{Session, CLOSED_TOO_EARLY};
use kmem::VirtAddr;

/// `void *kmem_host_kmap(page)`: all ones to wait, since every slot of the pkmap area is in use.
pub(super) fn kmap(s: &Session, call: &mut Call<'_>) -> u64 {
    let page = call.word();
    s.check_context(call, "kmap()");
    let Some(pfn) = pfn_of(s, call, page, "kmap") else { return 0 };
    match s.kernel.map().kmap(s.kernel.memory(), pfn) {
        Ok(addr) => {
            s.kmapped(call, pfn, addr);
            addr.raw()
        }
        // Who maps waits until a slot is free.
        Err(_) => u64::MAX,
    }
}
pub(super) fn kunmap(s: &Session, call: &mut Call<'_>) -> u64 {
    let page = call.word();
    let Some(pfn) = pfn_of(s, call, page, "kunmap") else { return 0 };
    match s.kernel.map().kunmap(s.kernel.memory(), pfn) {
        Ok(()) => s.kunmapped(pfn),
        Err(misuse) => s.report_refused(call, "kunmap", pfn.raw(), &misuse),
    }
    0
}
pub(super) fn kmap_local(s: &Session, call: &mut Call<'_>) -> u64 {
    open_window(s, call, "kmap_local_page")
}
pub(super) fn kmap_atomic(s: &Session, call: &mut Call<'_>) -> u64 {
    open_window(s, call, "kmap_atomic")
}
fn open_window(s: &Session, call: &mut Call<'_>, function: &'static str) -> u64 {
    let page = call.word();
    let Some(pfn) = pfn_of(s, call, page, function) else { return 0 };
    match s.kernel.map().kmap_local(s.kernel.memory(), pfn) {
        Ok(addr) => {
            s.kasan_window_opened(addr);
            s.local_windows.borrow_mut().push((addr.raw() & !4095, function, s.chain(call)));
            addr.raw()
        }
        Err(error) => {
            s.die(call, format!("{function}(): {error}"), Vec::new());
            0
        }
    }
}
pub(super) fn kunmap_local(s: &Session, call: &mut Call<'_>) -> u64 {
    let addr = VirtAddr::new(u64::from(call.word()) & !4095);
    match s.kernel.map().kunmap_local(s.kernel.memory(), addr) {
        Ok(()) => {
            check_order(s, call, addr);
            closed(s, addr);
            close_late(s);
        }
        Err(misuse) => {
            // It has been closed too early: that it is open still is the same slip, not one more.
            let mut windows = s.local_windows.borrow_mut();
            let window = windows.iter_mut().rev().find(|(page, ..)| *page == addr.raw());
            let is_open = window.is_some();
            window.into_iter().for_each(|window| window.1 = CLOSED_TOO_EARLY);
            drop(windows);
            if !is_open || s.has_order() {
                s.report_refused(call, "kunmap_local", addr.raw(), &misuse);
            }
        }
    }
    0
}
impl Session {
    /// Temporary mappings end in reverse order since 2.6.37; each had a slot of its own before.
    fn has_order(&self) -> bool {
        self.api.version >= (2, 6, 37)
    }
}
/// Where all memory has an address nothing is mapped, and any order works; on other machines it does not.
fn check_order(s: &Session, call: &Call<'_>, addr: VirtAddr) {
    let windows = s.local_windows.borrow();
    let is_open = windows.iter().any(|(page, ..)| *page == addr.raw());
    let is_last = windows.last().is_some_and(|(page, ..)| *page == addr.raw());
    drop(windows);
    if is_open && !is_last && s.has_order() {
        let title = format!("kunmap_local() of {}, which is not the mapping that was made last", s.hex(addr.raw()));
        s.misuse(call, FindingKind::Mismatch, title, vec!["the last one is undone first".to_owned()]);
    }
}
fn closed(s: &Session, addr: VirtAddr) {
    s.kasan_window_closed(addr);
    let mut windows = s.local_windows.borrow_mut();
    if let Some(last) = windows.iter().rposition(|(page, ..)| *page == addr.raw()) {
        windows.remove(last);
    }
}
/// Closes those whose turn it is now.
fn close_late(s: &Session) {
    loop {
        let last = s.local_windows.borrow().last().map(|(page, function, _)| (*page, *function));
        let Some((page, CLOSED_TOO_EARLY)) = last else { return };
        if s.kernel.map().kunmap_local(s.kernel.memory(), VirtAddr::new(page)).is_err() {
            return;
        }
        closed(s, VirtAddr::new(page));
    }
}
