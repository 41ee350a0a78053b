//! Memory pools. A pool's elements come from functions of the module's or the runtime's.

use super::{errno, EINVAL, ENOMEM};
use crate::exec::Call;
use crate::finding::{FindingKind, Place};
use crate::session::{PoolRecord, Session};
use crate::tracker::{Kind, Space};
use kmem::pool::{PoolId, PoolInfo, Source};
use kmem::Pfn;

/// What a pool kept in reserve when it was destroyed, or when the run ended.
#[derive(Clone, Debug)]
pub struct PoolIdle {
    /// Where it was made.
    pub place: Option<Place>,
    /// By which function.
    pub function: &'static str,
    /// Elements in reserve.
    pub reserved: u32,
    /// Bytes that they take of their allocators: whole classes, whole blocks. What a module takes from elsewhere is not known.
    pub bytes: u64,
}

impl Session {
    /// Notes what a pool keeps idle.
    fn note_idle(&self, handle: u32, id: PoolId) {
        let tracker = self.tracker.borrow();
        let (mut reserved, mut bytes) = (0, 0);
        for element in self.kernel.pools().reserve(self.kernel.memory(), id) {
            let object = tracker.get(Space::Linear, element);
            let block = || tracker.get(Space::Frame, self.pfn_of(element as u32)?.raw());
            bytes += object.or_else(block).map_or(0, |allocation| allocation.given);
            reserved += 1;
        }
        let made = tracker.get(Space::Handle, handle.into()).cloned();
        drop(tracker);
        let function = made.as_ref().map_or("mempool_create", |made| made.function);
        let place = made.and_then(|made| self.place(&made.chain));
        self.idle.borrow_mut().push(PoolIdle { place, function, reserved, bytes });
    }
    /// What a pool that was never destroyed keeps in reserve is the pool's fault.
    pub(crate) fn excuse_reserves(&self) {
        for pool in self.pools.borrow().values() {
            for element in self.kernel.pools().reserve(self.kernel.memory(), pool.id) {
                let mut tracker = self.tracker.borrow_mut();
                let frame = self.pfn_of(element as u32).map_or(u64::MAX, Pfn::raw);
                let key = if tracker.get(Space::Linear, element).is_some() {
                    (Space::Linear, element)
                } else {
                    (Space::Frame, frame)
                };
                if let Some(live) = tracker.get_mut(key.0, key.1) {
                    live.reported = true;
                }
            }
        }
    }
    /// Notes what the pools keep idle that are still there.
    pub(crate) fn note_pools(&self) {
        let left: Vec<_> = self.pools.borrow().iter().map(|(handle, pool)| (*handle, pool.id)).collect();
        left.into_iter().for_each(|(handle, id)| self.note_idle(handle, id));
    }
}

pub(super) fn create(s: &Session, call: &mut Call<'_>) -> u64 {
    let (min_nr, alloc_fn, free_fn, data) = (call.word(), call.word(), call.word(), call.word());
    s.check_context(call, "mempool_create()");
    let Some(handle) = s.new_handle() else { return 0 };
    if make(s, call, handle, min_nr, [alloc_fn, free_fn, data], "mempool_create") {
        return handle.into();
    }
    s.free_handle(handle);
    0
}
/// A pool in a structure of the module's own, whose address is the handle.
pub(super) fn init(s: &Session, call: &mut Call<'_>) -> u64 {
    let (handle, min_nr, alloc_fn, free_fn, data) = (call.word(), call.word(), call.word(), call.word(), call.word());
    s.check_context(call, "mempool_init()");
    if make(s, call, handle, min_nr, [alloc_fn, free_fn, data], "mempool_init") {
        0
    } else {
        errno(ENOMEM)
    }
}
fn make(s: &Session, call: &Call<'_>, handle: u32, min_nr: u32, token: [u32; 3], function: &'static str) -> bool {
    let source = Source::Client { alloc: Session::pool_alloc, free: Session::pool_free, token: token.map(u64::from) };
    let Ok(id) = s.kernel.pools().create(s.kernel.memory(), min_nr, source) else { return false };
    s.pools.borrow_mut().insert(handle, PoolRecord { id, out: 0 });
    show_counts(s, handle, id);
    let fields = handle.wrapping_add(s.runtime_word("kmem_pool_data_at"));
    let [alloc_fn, free_fn, data] = token;
    (0..).zip([data, alloc_fn, free_fn]).for_each(|(index, field)| s.write_pointer(fields, index, field));
    let from = format!("min_nr {min_nr}");
    s.record(call, Kind::Pool, handle.into(), min_nr.into(), 0, function, from);
    true
}

fn pool(s: &Session, call: &Call<'_>, handle: u32, function: &str) -> Option<PoolId> {
    let id = s.pools.borrow().get(&handle).map(|record| record.id);
    if id.is_none() {
        let title = format!("{function}() on {}, which is no pool", s.hex(handle));
        s.misuse(call, FindingKind::Misuse, title, Vec::new());
    }
    id
}

pub(super) fn destroy(s: &Session, call: &mut Call<'_>) -> u64 {
    let handle = call.word();
    let id = s.pools.borrow().get(&handle).map(|record| record.id);
    let out = id.filter(|_| s.is_old()).map_or(0, |id| missing(s, id));
    if out > 0 {
        // mm/mempool.c of 2.6: there were outstanding elements.
        s.die(call, format!("BUG() in mempool_destroy(): the reserve is short of {out}, they are out"), Vec::new());
        return 0;
    }
    if handle != 0 && end(s, call, handle, "mempool_destroy") {
        s.free_handle(handle);
    }
    0
}
pub(super) fn exit(s: &Session, call: &mut Call<'_>) -> u64 {
    let handle = call.word();
    // A zeroed pool that was never made may be given.
    if s.pools.borrow().contains_key(&handle) {
        end(s, call, handle, "mempool_exit");
    }
    0
}
fn end(s: &Session, call: &Call<'_>, handle: u32, function: &str) -> bool {
    let Some(id) = pool(s, call, handle, function) else { return false };
    s.note_idle(handle, id);
    // The pool is there.
    let _ = s.kernel.pools().destroy(s.kernel.memory(), id);
    s.pools.borrow_mut().remove(&handle);
    s.forget(call, Space::Handle, handle.into());
    true
}
pub(super) fn is_saturated(s: &Session, call: &mut Call<'_>) -> u64 {
    let handle = call.word();
    pool(s, call, handle, "mempool_is_saturated").map_or(0, |id| u64::from(missing(s, id) == 0))
}
fn info(s: &Session, id: PoolId) -> Option<PoolInfo> {
    s.kernel.pools().infos(s.kernel.memory()).find(|info| info.id == id)
}
/// Elements that a pool's reserve is short of.
fn missing(s: &Session, id: PoolId) -> u32 {
    info(s, id).map_or(u32::MAX, |info| info.min_nr.saturating_sub(info.reserved))
}
/// Writes `min_nr` and `curr_nr` where a driver reads them.
fn show_counts(s: &Session, handle: u32, id: PoolId) {
    let Some(info) = info(s, id) else { return };
    let at = handle.wrapping_add(s.runtime_word("kmem_pool_counts_at"));
    s.write_bytes(at, &info.min_nr.to_le_bytes());
    s.write_bytes(at.wrapping_add(4), &info.reserved.to_le_bytes());
}
/// Nobody's element: the caller waits until one comes back.
const WAIT: u64 = u64::MAX;

/// `void *kmem_host_mempool_alloc(pool, gfp_t)`: an element, NULL, or all ones to wait.
pub(super) fn alloc(s: &Session, call: &mut Call<'_>) -> u64 {
    let (handle, flags) = (call.word(), call.word());
    let Some(id) = pool(s, call, handle, "mempool_alloc") else { return 0 };
    let gfp = s.decode_gfp(flags);
    if gfp.may_sleep() {
        s.check_context(call, "mempool_alloc() with flags that may sleep");
    }
    match s.kernel.pools().alloc(s.kernel.memory(), id, gfp) {
        Ok(element) => {
            if let Some(record) = s.pools.borrow_mut().get_mut(&handle) {
                record.out += 1;
            }
            show_counts(s, handle, id);
            s.kasan_element(element, false);
            element
        }
        Err(_) if gfp.may_sleep() => WAIT,
        Err(_) => 0,
    }
}
pub(super) fn free(s: &Session, call: &mut Call<'_>) -> u64 {
    let (element, handle) = (call.word(), call.word());
    if element == 0 {
        return 0;
    }
    let Some(id) = pool(s, call, handle, "mempool_free") else { return 0 };
    if let Some(record) = s.pools.borrow_mut().get_mut(&handle) {
        record.out -= 1;
    }
    // The pool is there.
    let _ = s.kernel.pools().free(s.kernel.memory(), id, element.into());
    show_counts(s, handle, id);
    if s.kernel.pools().reserve(s.kernel.memory(), id).any(|reserved| reserved == u64::from(element)) {
        s.kasan_element(element.into(), true);
    }
    0
}
pub(super) fn resize(s: &Session, call: &mut Call<'_>) -> u64 {
    let (handle, min_nr) = (call.word(), call.word());
    let Some(id) = pool(s, call, handle, "mempool_resize") else { return errno(EINVAL) };
    if min_nr == 0 {
        s.misuse(call, FindingKind::Misuse, "mempool_resize() to 0 is a bug in the kernel".into(), Vec::new());
        return errno(EINVAL);
    }
    match s.kernel.pools().resize(s.kernel.memory(), id, min_nr) {
        Ok(()) => {
            show_counts(s, handle, id);
            0
        }
        Err(_) => errno(ENOMEM),
    }
}
