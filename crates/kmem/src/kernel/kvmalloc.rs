//! kvmalloc: memory that is contiguous if that costs nothing, and mapped side by side if not.
//!
//! A large table rarely needs to be physically contiguous, but it is better off so: no page tables, large pages of the
//! direct map. So kmalloc is asked first, and for more than a page it is asked not to try hard and not to complain
//! (`__GFP_NORETRY`, `__GFP_NOWARN`): no process is killed for something that vmalloc can do as well. vmalloc sleeps, so
//! there is no second way for those who may not. What differs between kernels is in [`ObjectRule`].
//!
//! Kernel counterpart: `kvmalloc_node`, `kvrealloc`, `kvfree` (`mm/util.c`; 6.12: `mm/slub.c`).

use super::Kernel;
use crate::error::{AllocError, Misuse, Name, ReallocError};
use crate::gfp::Gfp;
use crate::machine::Machine;
use crate::map::VmallocRequest;
use crate::memory::ZERO_SIZE_PTR;
use crate::slab::rule::{Fallback, ObjectRule};
use crate::units::{VirtAddr, PAGE_SIZE};

/// The most bytes that kvmalloc gives: `INT_MAX`.
const MOST: u64 = i32::MAX as u64;

/// What makes flags as good as `GFP_KERNEL`; whether kswapd may be woken was no question of old kernels.
const AS_GFP_KERNEL: Gfp = Gfp::DIRECT_RECLAIM.union(Gfp::IO).union(Gfp::FS);

/// What kmalloc is asked with when there is another way: `kmalloc_gfp_adjust`.
fn gently(gfp: Gfp, bytes: u64) -> Gfp {
    if bytes <= PAGE_SIZE {
        return gfp;
    }
    let patience = if gfp.contains(Gfp::RETRY_MAYFAIL) { Gfp::empty() } else { Gfp::NORETRY };
    // What may not fail does not fail in vmalloc.
    (gfp | Gfp::NOWARN | patience) - Gfp::NOFAIL
}

impl<M: Machine> Kernel<M> {
    /// Allocates `bytes` bytes, physically contiguous or not: `kvmalloc`. `caller` is who vmallocinfo will name.
    ///
    /// # Errors
    /// As [`crate::memory::Memory::kmalloc`], for sizes up to a page and where vmalloc may not be asked; else as
    /// [`crate::map::Map::vmalloc`]. [`AllocError::TooLarge`] beyond `INT_MAX`.
    pub fn kvmalloc(&self, bytes: u64, gfp: Gfp, caller: Name) -> Result<VirtAddr, AllocError> {
        self.kvmalloc_node(bytes, gfp, None, caller)
    }
    /// As [`Kernel::kvmalloc`], zeroed: `kvzalloc`.
    ///
    /// # Errors
    /// As there.
    pub fn kvzalloc(&self, bytes: u64, gfp: Gfp, caller: Name) -> Result<VirtAddr, AllocError> {
        self.kvmalloc(bytes, gfp | Gfp::ZERO, caller)
    }
    /// As [`Kernel::kvmalloc`], for an array: `kvmalloc_array`.
    ///
    /// # Errors
    /// As there, and [`AllocError::TooLarge`] for more than the machine's `size_t` holds.
    pub fn kvmalloc_array(&self, count: u64, size: u64, gfp: Gfp, caller: Name) -> Result<VirtAddr, AllocError> {
        self.kvmalloc(self.memory.array_size(count, size)?, gfp, caller)
    }
    /// As [`Kernel::kvmalloc_array`], zeroed: `kvcalloc`.
    ///
    /// # Errors
    /// As there.
    pub fn kvcalloc(&self, count: u64, size: u64, gfp: Gfp, caller: Name) -> Result<VirtAddr, AllocError> {
        self.kvmalloc_array(count, size, gfp | Gfp::ZERO, caller)
    }
    /// As [`Kernel::kvmalloc`], from a node first: `kvmalloc_node`.
    ///
    /// # Errors
    /// As there; [`AllocError::BadFlags`] for a node that the machine does not have.
    pub fn kvmalloc_node(&self, bytes: u64, gfp: Gfp, node: Option<u32>, caller: Name) -> Result<VirtAddr, AllocError> {
        let rule = ObjectRule::of(self.profile);
        if rule.kvmalloc == Fallback::GfpKernel && !gfp.contains(AS_GFP_KERNEL) {
            return self.memory.kmalloc_node(bytes, gfp, node);
        }
        let first = self.memory.kmalloc_node(bytes, gently(gfp, bytes), node);
        let may_fall_back = bytes > PAGE_SIZE && gfp.may_sleep();
        match first {
            // A node that is not there is in nobody's power.
            Err(AllocError::NoMemory { .. } | AllocError::TooLarge { .. } | AllocError::Injected) if may_fall_back => {}
            first => return first,
        }
        if bytes > MOST && rule.kvmalloc_refuses_int_max {
            return Err(AllocError::TooLarge { bytes, limit: MOST });
        }
        self.map.vmalloc_with(&self.memory, &VmallocRequest { gfp, node, ..VmallocRequest::new(bytes, caller) })
    }

    /// Gives back what any of these functions, kmalloc or vmalloc gave: `kvfree`. `NULL` and [`ZERO_SIZE_PTR`] are nothing.
    ///
    /// # Errors
    /// As [`crate::memory::Memory::kfree`] or [`crate::map::Map::vfree`].
    pub fn kvfree(&self, addr: VirtAddr) -> Result<(), Misuse> {
        if self.map.is_vmalloc(addr) {
            return self.map.vfree(&self.memory, addr);
        }
        self.memory.kfree(addr)
    }
    /// As [`Kernel::kvfree`], after clearing the first `bytes` bytes: `kvfree_sensitive`.
    ///
    /// # Errors
    /// As there.
    pub fn kvfree_sensitive(&self, addr: VirtAddr, bytes: u64) -> Result<(), Misuse> {
        if addr > ZERO_SIZE_PTR {
            self.map.clear(&self.memory, addr, bytes.min(self.kvsize(addr)?));
        }
        self.kvfree(addr)
    }
    /// As [`Kernel::kvfree`], once nobody who reads now can still look at it: `kvfree_rcu`. `head` is the distance of its
    /// `struct rcu_head` from its start.
    ///
    /// # Errors
    /// As [`crate::memory::Memory::kfree_rcu`] or [`crate::map::Map::vfree`].
    pub fn kvfree_rcu(&self, addr: VirtAddr, head: u64) -> Result<(), Misuse> {
        if !self.map.is_vmalloc(addr) {
            return self.memory.kfree_rcu(addr, head);
        }
        self.memory.is_head(head, self.kvsize(addr)?)?;
        self.map.vfree_rcu(&self.memory, addr)
    }
    /// As [`Kernel::kvfree_rcu`] for memory without a head: sleeps until nobody reads it: `kvfree_rcu_mightsleep`.
    ///
    /// # Errors
    /// As [`crate::memory::Memory::synchronize_rcu`] and [`Kernel::kvfree`].
    pub fn kvfree_rcu_mightsleep(&self, addr: VirtAddr) -> Result<(), Misuse> {
        self.memory.synchronize_rcu()?;
        self.kvfree(addr)
    }
    /// As [`crate::memory::Memory::rcu_barrier`]; also all vmalloc areas that were given to [`Kernel::kvfree_rcu`] before are
    /// free afterwards.
    ///
    /// # Errors
    /// As there.
    pub fn rcu_barrier(&self) -> Result<(), Misuse> {
        self.memory.rcu_barrier()?;
        if self.map.read_areas() > 0 {
            self.memory.synchronize_rcu()?;
            self.map.release_read(&self.memory);
        }
        Ok(())
    }
    /// Returns the bytes that may be used.
    fn kvsize(&self, addr: VirtAddr) -> Result<u64, Misuse> {
        if self.map.is_vmalloc(addr) {
            return self.map.vmalloc_size(addr).ok_or(Misuse::NoArea(addr));
        }
        self.memory.usable(addr).map(|(_, bytes)| bytes)
    }

    /// Makes what these functions gave larger or smaller, with its contents: `kvrealloc`. `old_bytes` is how many bytes it
    /// was asked for with, which kernels before 6.12 must be told: there nothing happens unless it grows. From 6.12 on it is
    /// not looked at, size 0 frees (and gives `NULL` for an area of vmalloc's, [`ZERO_SIZE_PTR`] else), and an area stays one.
    ///
    /// # Errors
    /// [`ReallocError::Alloc`] as [`Kernel::kvmalloc`]: what was there is as it was. [`ReallocError::Misuse`] for a wrong
    /// address.
    pub fn kvrealloc(
        &self,
        old: VirtAddr,
        old_bytes: u64,
        bytes: u64,
        gfp: Gfp,
        caller: Name,
    ) -> Result<VirtAddr, ReallocError> {
        if ObjectRule::of(self.profile).kvrealloc_knows_size {
            return self.kvrealloc_found(old, bytes, gfp, caller);
        }
        if old_bytes >= bytes {
            return Ok(old);
        }
        self.kv_moved(old, old_bytes, |kernel| kernel.kvmalloc(bytes, gfp, caller))
    }
    fn kvrealloc_found(&self, old: VirtAddr, bytes: u64, gfp: Gfp, caller: Name) -> Result<VirtAddr, ReallocError> {
        if !self.map.is_vmalloc(old) {
            return match self.memory.krealloc(old, bytes, gently(gfp, bytes)) {
                Err(ReallocError::Alloc(_)) => {
                    self.kv_moved(old, u64::MAX, |kernel| kernel.kvmalloc(bytes, gfp, caller))
                }
                answer => answer,
            };
        }
        if bytes == 0 {
            self.kvfree(old)?;
            return Ok(VirtAddr::new(0));
        }
        let room = self.kvsize(old)?;
        if bytes <= room {
            if gfp.contains(Gfp::ZERO) {
                self.map.clear(&self.memory, old.offset(bytes), room - bytes);
            }
            return Ok(old);
        }
        self.kv_moved(old, room, |kernel| kernel.map.vmalloc(&kernel.memory, bytes, gfp, caller))
    }
    /// Takes memory, moves at most `most` bytes of the old one's contents there, and gives the old one back.
    fn kv_moved(
        &self,
        old: VirtAddr,
        most: u64,
        take: impl Fn(&Self) -> Result<VirtAddr, AllocError>,
    ) -> Result<VirtAddr, ReallocError> {
        let kept = if old > ZERO_SIZE_PTR { most.min(self.kvsize(old)?) } else { 0 };
        let new = take(self)?;
        self.map.copy(&self.memory, old, new, kept);
        self.kvfree(old)?;
        Ok(new)
    }
}
