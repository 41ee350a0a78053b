//! kmalloc and slab caches: sizes, alignment, contents, constructors.

use crate::failure::{equal, Failure};
use crate::words::Words;
use crate::{Bench, Board};
use core::sync::atomic::{AtomicU32, Ordering};
use kmem::machine::Machine;
use kmem::slab::{CacheSpec, Hook, SlabFlags};
use kmem::units::VirtAddr;
use kmem::Gfp;

/// From below the smallest class to the most that 2.6 gives.
const SIZES: [u64; 9] = [1, 32, 33, 100, 192, 500, 4096, 20_000, 131_072];

const OBJECTS: usize = 100;
const OBJECT_BYTES: u32 = 200;
const CONSTRUCTED: u32 = 0x600d_0b1e;

static CONSTRUCTOR_CALLS: AtomicU32 = AtomicU32::new(0);

/// Marks an object's first word.
fn construct(_token: u64, object: VirtAddr) {
    CONSTRUCTOR_CALLS.fetch_add(1, Ordering::Relaxed);
    // SAFETY: The engine calls this for an object of its slab, in the direct map and in nobody's hands.
    unsafe { (object.raw() as usize as *mut u32).write(CONSTRUCTED) }
}

impl<M: Machine, B: Board> Bench<'_, M, B> {
    /// Allocates every size at once, fills them all, and checks that nobody wrote into another's bytes.
    pub fn kmalloc_of_many_sizes(&self) -> Result<(), Failure> {
        let mut taken = [None; SIZES.len()];
        for (slot, bytes) in taken.iter_mut().zip(SIZES) {
            let addr = self.kernel.kmalloc(bytes, Gfp::KERNEL)?;
            let usable = self.kernel.ksize(addr)?;
            if usable < bytes {
                return Err(Failure::Wrong { what: "usable bytes", found: usable, expected: bytes });
            }
            // SAFETY: kmalloc gave these bytes to us alone.
            unsafe { Words::new(addr, usable) }?.write(addr.raw() as u32);
            *slot = Some((addr, usable));
        }
        for (addr, usable) in taken.into_iter().flatten() {
            // SAFETY: As above; not freed yet.
            unsafe { Words::new(addr, usable) }?.check(addr.raw() as u32)?;
            self.kernel.kfree(addr)?;
        }
        let addr = self.kernel.kmalloc(1000, Gfp::KERNEL | Gfp::ZERO)?;
        // SAFETY: As above.
        unsafe { Words::new(addr, 1000) }?.check_zero()?;
        Ok(self.kernel.kfree(addr)?)
    }

    /// Makes a cache with a constructor, takes objects, gives them back, takes them again: each was constructed once,
    /// when its slab was made, and comes back as it was given back.
    pub fn cache_with_constructor(&self) -> Result<(), Failure> {
        CONSTRUCTOR_CALLS.store(0, Ordering::Relaxed);
        let cache = self.kernel.cache_create(&CacheSpec {
            name: "selftest",
            size: OBJECT_BYTES,
            flags: SlabFlags::HWCACHE_ALIGN,
            ctor: Some(Hook { call: construct, token: 0 }),
            ..CacheSpec::default()
        })?;
        let mut objects = [VirtAddr::default(); OBJECTS];
        for round in 0..2 {
            for object in &mut objects {
                *object = self.kernel.cache_alloc(cache, Gfp::KERNEL)?;
                // SAFETY: The cache gave the object to us alone.
                let first = unsafe { (object.raw() as usize as *const u32).read() };
                equal("an object's first word", first.into(), CONSTRUCTED.into())?;
                let rest = object.offset(size_of::<u32>() as u64);
                // SAFETY: As above.
                unsafe { Words::new(rest, u64::from(OBJECT_BYTES) - 4) }?.write(object.raw() as u32);
            }
            for object in objects {
                let rest = object.offset(size_of::<u32>() as u64);
                // SAFETY: As above; not freed yet.
                unsafe { Words::new(rest, u64::from(OBJECT_BYTES) - 4) }?.check(object.raw() as u32)?;
                self.kernel.cache_free_checked(cache, object)?;
            }
            let info = self.kernel.slab().info(cache).ok_or(Failure::Missing("the cache"))?;
            equal("live objects", info.live, 0)?;
            let calls = CONSTRUCTOR_CALLS.load(Ordering::Relaxed).into();
            equal(if round == 0 { "constructor calls" } else { "constructor calls, again" }, calls, info.objects)?;
        }
        Ok(self.kernel.cache_destroy(cache)?)
    }
}
