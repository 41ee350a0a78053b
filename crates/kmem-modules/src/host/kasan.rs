//! What checked code calls when the shadow does not allow an access.

use crate::exec::Call;
use crate::session::Session;

/// A read of a size that the function's name says.
fn sized<const BYTES: u32>(s: &Session, call: &mut Call<'_>) -> u64 {
    let addr = call.word();
    if s.kasan_access(call, addr, BYTES, false) {
        s.kasan_read(call, addr, BYTES, false);
    }
    0
}

pub(super) fn load1(s: &Session, call: &mut Call<'_>) -> u64 {
    sized::<1>(s, call)
}
pub(super) fn load2(s: &Session, call: &mut Call<'_>) -> u64 {
    sized::<2>(s, call)
}
pub(super) fn load4(s: &Session, call: &mut Call<'_>) -> u64 {
    sized::<4>(s, call)
}
pub(super) fn load8(s: &Session, call: &mut Call<'_>) -> u64 {
    sized::<8>(s, call)
}
pub(super) fn load16(s: &Session, call: &mut Call<'_>) -> u64 {
    sized::<16>(s, call)
}
pub(super) fn load_n(s: &Session, call: &mut Call<'_>) -> u64 {
    let (addr, bytes) = (call.word(), call.size());
    if s.kasan_access(call, addr, bytes, false) {
        s.kasan_read(call, addr, bytes, true);
    }
    0
}
/// `void kmem_host_kasan_store(unsigned long addr, size_t size)`: a write of which the runtime knows no more than that.
pub(super) fn store(s: &Session, call: &mut Call<'_>) -> u64 {
    let (addr, bytes) = (call.word(), call.size());
    s.kasan_access(call, addr, bytes, true);
    0
}

/// `void kmem_host_unset(size_t size, const char *what)`: a value is used that its function has never set.
pub(super) fn unset(s: &Session, call: &mut Call<'_>) -> u64 {
    let (bytes, what) = (call.word(), s.read_string(call.word()));
    s.kasan_unset(call, bytes, &what);
    0
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
