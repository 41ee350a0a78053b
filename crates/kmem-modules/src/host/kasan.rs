//! What checked code calls when the shadow does not allow an access.

use crate::exec::Call;
use crate::session::Session;

/// An access of a size that the function's name says.
fn sized<const BYTES: u32, const WRITE: bool>(s: &Session, call: &mut Call<'_>) -> u64 {
    let addr = call.word();
    s.kasan_access(call, addr, BYTES, WRITE);
    0
}
/// An access of any size.
fn ranged<const WRITE: bool>(s: &Session, call: &mut Call<'_>) -> u64 {
    let (addr, bytes) = (call.word(), call.size());
    s.kasan_access(call, addr, bytes, WRITE);
    0
}

pub(super) fn load1(s: &Session, call: &mut Call<'_>) -> u64 {
    sized::<1, false>(s, call)
}
pub(super) fn load2(s: &Session, call: &mut Call<'_>) -> u64 {
    sized::<2, false>(s, call)
}
pub(super) fn load4(s: &Session, call: &mut Call<'_>) -> u64 {
    sized::<4, false>(s, call)
}
pub(super) fn load8(s: &Session, call: &mut Call<'_>) -> u64 {
    sized::<8, false>(s, call)
}
pub(super) fn load16(s: &Session, call: &mut Call<'_>) -> u64 {
    sized::<16, false>(s, call)
}
pub(super) fn load_n(s: &Session, call: &mut Call<'_>) -> u64 {
    ranged::<false>(s, call)
}
pub(super) fn store1(s: &Session, call: &mut Call<'_>) -> u64 {
    sized::<1, true>(s, call)
}
pub(super) fn store2(s: &Session, call: &mut Call<'_>) -> u64 {
    sized::<2, true>(s, call)
}
pub(super) fn store4(s: &Session, call: &mut Call<'_>) -> u64 {
    sized::<4, true>(s, call)
}
pub(super) fn store8(s: &Session, call: &mut Call<'_>) -> u64 {
    sized::<8, true>(s, call)
}
pub(super) fn store16(s: &Session, call: &mut Call<'_>) -> u64 {
    sized::<16, true>(s, call)
}
pub(super) fn store_n(s: &Session, call: &mut Call<'_>) -> u64 {
    ranged::<true>(s, call)
}

pub(super) fn register_globals(s: &Session, call: &mut Call<'_>) -> u64 {
    let (array, count) = (call.word(), call.word());
    s.kasan_globals(array, count);
    0
}
pub(super) fn handle_no_return(s: &Session, call: &mut Call<'_>) -> u64 {
    s.kasan_stack_left(call.stack_pointer(), s.stack_top());
    0
}
