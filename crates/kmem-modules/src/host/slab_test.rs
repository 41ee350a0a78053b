//! What tests of the slabs ask of the kernel: to look at a cache, and to count what is wrong instead of telling it.

use super::slab::{cache, object};
use crate::exec::Call;
use crate::session::Session;
use kmem::slab::CacheInfo;
use kmem::VirtAddr;

/// Bytes of the head of a `struct kmem_cache` (`mm/slab.h`), in 64-bit code; the cache's name lies behind.
pub(super) const CACHE_BYTES: u32 = 96;

/// From now on wrong slabs are counted at an address; told again when it is NULL.
pub(super) fn slab_errors(s: &Session, call: &mut Call<'_>) -> u64 {
    let counter = call.word();
    s.slab_errors.set(counter);
    if counter == 0 {
        s.kernel.end_slab_test();
    } else {
        s.kernel.begin_slab_test();
    }
    0
}

/// `validate_slab_cache`.
pub(super) fn validate(s: &Session, call: &mut Call<'_>) -> u64 {
    let handle = call.word();
    let Some(id) = cache(s, call, handle, "validate_slab_cache") else { return 0 };
    s.end_quarantine(Some(id));
    // The cache is there.
    s.kernel.validate_slab(id).unwrap_or(0)
}

/// An object of a cache, as kmalloc takes it for so many bytes.
pub(super) fn cache_alloc_for(s: &Session, call: &mut Call<'_>) -> u64 {
    let (handle, flags, bytes) = (call.word(), call.word(), call.size());
    let Some(id) = cache(s, call, handle, "kmem_cache_alloc") else { return 0 };
    let addr = object(s, call, handle, id, flags, "kmem_cache_alloc");
    if addr != 0 {
        s.kernel.set_slab_request(VirtAddr::new(addr.into()), bytes);
    }
    addr.into()
}

/// `kasan_disable_current`.
pub(super) fn kasan_off(s: &Session, _: &mut Call<'_>) -> u64 {
    s.kasan_off.set(s.kasan_off.get() + 1);
    0
}
/// `kasan_enable_current`.
pub(super) fn kasan_on(s: &Session, _: &mut Call<'_>) -> u64 {
    s.kasan_off.set(s.kasan_off.get().saturating_sub(1));
    0
}

impl Session {
    /// Adds what the engine has counted to the test's counter.
    pub(crate) fn count_slab_errors(&self) {
        let at = self.slab_errors.get();
        let count = if at == 0 { 0 } else { self.kernel.take_slab_errors() };
        if count > 0 {
            self.write_bytes(at, &self.read_word(at).wrapping_add(count).to_le_bytes());
        }
    }
    /// Writes what a cache is like where its handle points: the head of a `struct kmem_cache`.
    pub(crate) fn describe_cache(&self, handle: u32, flags: u32, ctor: u32, info: &CacheInfo) {
        let geometry = &info.geometry;
        let size = geometry.size.max(1);
        // Granlund and Montgomery's, as `reciprocal_value` computes it.
        let shift = u32::BITS - (size - 1).leading_zeros();
        let factor = ((1u64 << 32) * ((1u64 << shift) - u64::from(size))) / u64::from(size) + 1;
        let shifts = shift.min(1) | shift.saturating_sub(1) << 8;
        let order_objects = geometry.order.raw() << 16 | geometry.objects;
        // What is as wide as a pointer, and what is a word of 32 bits, in the order of `mm/slab.h`.
        let (wide, narrow) = (self.exec.word_bytes(), 4);
        let fields = [
            (wide, 0),
            (narrow, flags),
            (wide, geometry.min_partial),
            (narrow, geometry.size),
            (narrow, geometry.object_size),
            (narrow, factor as u32),
            (narrow, shifts),
            (narrow, geometry.link.saturating_sub(geometry.left)),
            (narrow, order_objects),
            (narrow, order_objects),
            (narrow, 0),
            (narrow, 1),
            (wide, ctor),
            (narrow, geometry.object_size.next_multiple_of(wide)),
            (narrow, geometry.align),
            (narrow, geometry.left),
            (wide, handle + CACHE_BYTES),
        ];
        let mut at = handle;
        for (bytes, value) in fields {
            at = at.next_multiple_of(bytes);
            self.write_bytes(at, &u64::from(value).to_le_bytes()[..bytes as usize]);
            at += bytes;
        }
        self.write_string(handle + CACHE_BYTES, super::slab::NAME_BYTES, info.name.as_str());
    }
}
