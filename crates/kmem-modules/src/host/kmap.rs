//! kmap and its temporary kin.

use super::pages::pfn_of;
use crate::exec::Call;
use crate::session::Session;
use kmem::VirtAddr;

pub(super) fn kmap(s: &Session, call: &mut Call<'_>) -> u64 {
    let page = call.word();
    s.check_context(call, "kmap()");
    let Some(pfn) = pfn_of(s, call, page, "kmap") else { return 0 };
    match s.kernel.map().kmap(s.kernel.memory(), pfn) {
        Ok(addr) => {
            s.kmapped(call, pfn, addr);
            addr.raw()
        }
        Err(error) => {
            let note = "every slot of the pkmap area is in use and nobody else runs that could free one".to_owned();
            s.die(call, format!("kmap() would wait for ever: {error}"), vec![note]);
            0
        }
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
            s.kasan_window_closed(addr);
            let mut windows = s.local_windows.borrow_mut();
            if let Some(last) = windows.iter().rposition(|(page, ..)| *page == addr.raw()) {
                windows.remove(last);
            }
        }
        Err(misuse) => s.report_refused(call, "kunmap_local", addr.raw(), &misuse),
    }
    0
}
