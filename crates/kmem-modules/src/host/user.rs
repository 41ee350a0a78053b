//! Copies to and from user space: only user addresses that are mapped, byte-exact about how far they got.

use super::{errno, EFAULT};
use crate::exec::Call;
use crate::session::Session;
use crate::tracker::{Kind, Space};
use kmem::profile::SlabKind;
use kmem::VirtAddr;

/// How many bytes are moved at once.
const CHUNK: u32 = 4096;

/// Copies `n` bytes piece by piece; returns how many were not copied.
fn copy(s: &Session, call: &Call<'_>, to: u32, from: u32, n: u32, to_user: bool) -> u64 {
    let user = if to_user { to } else { from };
    let function = if to_user { "copy_to_user()" } else { "copy_from_user()" };
    s.check_context(call, function);
    if to_user {
        s.check_room(call, to, n);
    }
    if s.kasan_access(call, if to_user { from } else { to }, n, !to_user) && to_user {
        s.kasan_shown(call, "copy_to_user", from, n);
    }
    let done = if s.is_user_range(user, n) { copy_pieces(s, call, to, from, n, to_user) } else { 0 };
    let left = u64::from(n - done);
    let mut copies = s.copies.borrow_mut();
    copies.done += u64::from(done);
    if left != 0 && copies.cut.is_none() {
        let name = if to_user { "copy_to_user" } else { "copy_from_user" };
        copies.cut = Some((name, left, s.chain(call)));
    }
    left
}
/// Returns how many bytes were copied.
fn copy_pieces(s: &Session, call: &Call<'_>, to: u32, from: u32, n: u32, to_user: bool) -> u32 {
    let mut done = 0;
    while done < n {
        let (to, from) = (to.wrapping_add(done), from.wrapping_add(done));
        // Never across a page of either side.
        let left = (CHUNK - to % CHUNK).min(CHUNK - from % CHUNK).min(n - done);
        let mut bytes = vec![0; left as usize];
        let machine = s.kernel.machine();
        let read = machine.read(VirtAddr::new(from.into()), &mut bytes);
        if read.is_err() && to_user {
            s.die_at(call, from, false);
            return 0;
        }
        if read.is_err() {
            break;
        }
        if machine.write(VirtAddr::new(to.into()), &bytes).is_err() {
            if !to_user {
                s.die_at(call, to, true);
            }
            break;
        }
        done += left;
    }
    done
}

/// `void kmem_host_check_object(const void *, unsigned long n, int to_user)`: hardened user copies. Of an object only the window
/// of its cache is open (mm/slub.c, `__check_heap_object`); all of what kmalloc() gives is. A kernel ends the caller.
pub(super) fn check_object(s: &Session, call: &mut Call<'_>) -> u64 {
    let (addr, n, to_user) = (call.word(), call.size(), call.word() != 0);
    if s.kernel.profile.version < (4, 16, 0) || n == 0 {
        return 0;
    }
    let Some(object) = s.tracker.borrow().around(Space::Linear, addr.into()).cloned() else { return 0 };
    let Kind::Object { cache } = object.kind else { return 0 };
    let Some(record) = s.caches.borrow().get(&cache).cloned() else { return 0 };
    let Some(info) = s.kernel.slab().info(record.id) else { return 0 };
    let (offset, size) = (u64::from(addr).saturating_sub(object.key), u64::from(n));
    let (from, to) = (u64::from(info.useroffset), u64::from(info.useroffset) + u64::from(info.usersize));
    if from <= offset && offset + size <= to {
        return 0;
    }
    let (what, way) = if to_user { ("exposure", "from") } else { ("overwrite", "to") };
    let slab = if s.kernel.profile.slab.kind() == SlabKind::Slab { "SLAB" } else { "SLUB" };
    let name = &record.name;
    s.log.line(&format!(
        "usercopy: Kernel memory {what} attempt detected {way} {slab} object '{name}' (offset {offset}, size {n})!"
    ));
    s.log.line("kernel BUG at mm/usercopy.c:102!");
    let title = format!(
        "user copy of {n} bytes {way} offset {offset} of an object of the cache {name}, which is not open to it"
    );
    let window = if from == to {
        "no part of its objects may be copied".to_owned()
    } else {
        format!("the bytes {from} to {to} of its objects may be copied")
    };
    let help = "make the cache with kmem_cache_create_usercopy() and the window that is needed, or copy by a buffer of kmalloc()";
    s.die(call, title, vec![window, help.to_owned()]);
    0
}
pub(super) fn copy_to_user(s: &Session, call: &mut Call<'_>) -> u64 {
    let (to, from, n) = (call.word(), call.word(), call.size());
    copy(s, call, to, from, n, true)
}
pub(super) fn copy_from_user(s: &Session, call: &mut Call<'_>) -> u64 {
    let (to, from, n) = (call.word(), call.word(), call.size());
    let left = copy(s, call, to, from, n, false);
    // What could not be read is zero in the kernel's buffer.
    if left != 0 && left <= u64::from(n) {
        s.write_bytes(to.wrapping_add(n - left as u32), &vec![0; left as usize]);
    }
    left
}
pub(super) fn clear_user(s: &Session, call: &mut Call<'_>) -> u64 {
    let (to, n) = (call.word(), call.size());
    if !s.is_user_range(to, n) {
        return n.into();
    }
    let mut done = 0;
    while done < n {
        let at = to + done;
        let left = (CHUNK - at % CHUNK).min(n - done);
        if s.kernel.machine().write(VirtAddr::new(at.into()), &vec![0; left as usize]).is_err() {
            break;
        }
        done += left;
    }
    (n - done).into()
}
pub(super) fn strncpy_from_user(s: &Session, call: &mut Call<'_>) -> u64 {
    let (to, from, count) = (call.word(), call.word(), call.size());
    for index in 0..count {
        let at = from.wrapping_add(index);
        let mut byte = [0];
        if !s.is_user_range(at, 1) || s.kernel.machine().read(VirtAddr::new(at.into()), &mut byte).is_err() {
            return errno(EFAULT);
        }
        s.kasan_access(call, to.wrapping_add(index), 1, true);
        s.write_bytes(to.wrapping_add(index), &byte);
        if byte[0] == 0 {
            return index.into();
        }
    }
    count.into()
}
