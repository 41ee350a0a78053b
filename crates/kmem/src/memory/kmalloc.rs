//! What is built on kmalloc: arrays, other sizes, copies, texts, other nodes.
//!
//! Sizes are the machine's: an array overflows where its `size_t` does.
//!
//! Kernel counterpart: `include/linux/slab.h`, `include/linux/overflow.h` (`array_size`), `mm/slab_common.c`
//! (`krealloc`, `kfree_sensitive`), `mm/util.c` (`kmemdup`, `kstrdup`), `lib/kasprintf.c`.

use super::{IrqOff, Memory, ZERO_SIZE_PTR};
use crate::error::{AllocError, Misuse, ReallocError};
use crate::gfp::Gfp;
use crate::machine::Machine;
use crate::page::Request;
use crate::raw::Ram;
use crate::slab::rule::ObjectRule;
use crate::units::{Order, Pfn, PhysAddr, VirtAddr};
use core::fmt::{self, Write};

impl<M: Machine> Memory<M> {
    /// As [`Memory::kmalloc`], with zeroed memory: `kzalloc`.
    ///
    /// # Errors
    /// As there.
    #[inline]
    pub fn kzalloc(&self, bytes: u64, gfp: Gfp) -> Result<VirtAddr, AllocError> {
        self.kmalloc(bytes, gfp | Gfp::ZERO)
    }
    /// Returns the bytes of `count` elements of `size` bytes: `array_size`.
    ///
    /// # Errors
    /// [`AllocError::TooLarge`] beyond what the machine's `size_t` can hold.
    #[inline]
    pub fn array_size(&self, count: u64, size: u64) -> Result<u64, AllocError> {
        let limit = if self.profile.word_bytes == 4 { u64::from(u32::MAX) } else { u64::MAX };
        let bytes = count.saturating_mul(size);
        // A product of exactly the limit that did not overflow is too large for every allocator as well.
        if bytes >= limit {
            return Err(AllocError::TooLarge { bytes, limit });
        }
        Ok(bytes)
    }
    /// Allocates an array: `kmalloc_array`.
    ///
    /// # Errors
    /// As [`Memory::kmalloc`] and [`Memory::array_size`].
    #[inline]
    pub fn kmalloc_array(&self, count: u64, size: u64, gfp: Gfp) -> Result<VirtAddr, AllocError> {
        self.kmalloc(self.array_size(count, size)?, gfp)
    }
    /// Allocates a zeroed array: `kcalloc`.
    ///
    /// # Errors
    /// As [`Memory::kmalloc_array`].
    #[inline]
    pub fn kcalloc(&self, count: u64, size: u64, gfp: Gfp) -> Result<VirtAddr, AllocError> {
        self.kmalloc_array(count, size, gfp | Gfp::ZERO)
    }

    /// As [`Memory::kmalloc`], from a node: first from there, and with `__GFP_THISNODE` from nowhere else:
    /// `kmalloc_node`. `None` is the CPU's own, `NUMA_NO_NODE`.
    ///
    /// # Errors
    /// As [`Memory::kmalloc`]; [`AllocError::BadFlags`] for a node that the machine does not have.
    pub fn kmalloc_node(&self, bytes: u64, gfp: Gfp, node: Option<u32>) -> Result<VirtAddr, AllocError> {
        let Some(node) = self.known_node(node)? else { return self.kmalloc(bytes, gfp) };
        if bytes == 0 {
            return self.kmalloc(0, gfp);
        }
        let request = Request::new(gfp, Order::ZERO).on(node);
        let again = || {
            let irq = IrqOff::new(&self.machine);
            self.slab.kmalloc.alloc(&self.slab, &self.pages, irq.cpu, bytes, &request)
        };
        let given = self.under_pressure(&request, again(), again);
        self.tell_kmalloc(given, bytes, &request);
        Ok(self.hand_out(given?, bytes, gfp))
    }
    /// Returns the node to ask; `None` where it makes no difference.
    pub(crate) fn known_node(&self, node: Option<u32>) -> Result<Option<u32>, AllocError> {
        match node {
            Some(node) if node >= self.pages.nodes() => Err(AllocError::BadFlags("the machine has no such node")),
            node => Ok(node.filter(|_| self.pages.nodes() > 1)),
        }
    }

    /// Makes what kmalloc gave larger or smaller: `krealloc`. Its contents are kept up to the smaller size. Where the object
    /// has room it stays where it is, and what gets smaller never moves. Of `NULL` and `ZERO_SIZE_PTR` it is a kmalloc; to 0
    /// bytes it is a kfree and gives [`ZERO_SIZE_PTR`]. `ZERO` makes the bytes zero that an object gains by moving; whether
    /// also those behind an object that stays is the kernel's rule ([`ObjectRule`]).
    ///
    /// # Errors
    /// [`ReallocError::Alloc`] as [`Memory::kmalloc`]: the object is as it was. [`ReallocError::Misuse`] for an address
    /// that kmalloc never gave.
    pub fn krealloc(&self, old: VirtAddr, bytes: u64, gfp: Gfp) -> Result<VirtAddr, ReallocError> {
        if old <= ZERO_SIZE_PTR {
            return Ok(self.kmalloc(bytes, gfp)?);
        }
        if bytes == 0 {
            self.kfree(old)?;
            return Ok(ZERO_SIZE_PTR);
        }
        let (from, room) = self.usable(old)?;
        self.open_spare(from);
        if bytes <= room {
            if gfp.contains(Gfp::ZERO) && ObjectRule::of(self.profile).krealloc_zeroes_spare {
                self.ram.fill(from.offset(bytes), room - bytes, 0);
            }
            return Ok(old);
        }
        let new = self.kmalloc(bytes, gfp)?;
        if let Some(to) = self.virt_to_phys(new) {
            self.ram.copy(from, to, room);
        }
        self.kfree(old)?;
        Ok(new)
    }
    /// Finds where an object of kmalloc's or a cache's lies and how many bytes of it may be used. Release builds trust the
    /// caller that it is a live one.
    pub(crate) fn usable(&self, addr: VirtAddr) -> Result<(PhysAddr, u64), Misuse> {
        let phys = self.virt_to_phys(addr).ok_or(Misuse::NotDirectMapped(addr))?;
        if cfg!(debug_assertions) {
            return self.kmalloc_info(addr).map(|info| (phys, info.bytes()));
        }
        let size = self.pages.frames.slab_cache(Pfn::containing(phys)).and_then(|cache| {
            let _irq = self.irq_off();
            self.slab.object_size(cache)
        });
        match size {
            Some(size) => Ok((phys, size.into())),
            None => self.kmalloc_info(addr).map(|info| (phys, info.bytes())),
        }
    }
    /// Lets all of an object be used, where debugging has guarded what was not asked for: who asks how large it is may.
    fn open_spare(&self, at: PhysAddr) {
        let _irq = self.irq_off();
        self.slab.forget_request(&self.pages, at);
    }
    /// Frees what kmalloc gave after making it unreadable: `kfree_sensitive`, `kzfree` before 5.9.
    ///
    /// # Errors
    /// As [`Memory::kfree`].
    pub fn kfree_sensitive(&self, addr: VirtAddr) -> Result<(), Misuse> {
        if addr <= ZERO_SIZE_PTR {
            return Ok(());
        }
        let (at, bytes) = self.usable(addr)?;
        self.open_spare(at);
        self.ram.fill(at, bytes, 0);
        self.kfree(addr)
    }

    /// Allocates a copy of some bytes: `kmemdup`.
    ///
    /// # Errors
    /// As [`Memory::kmalloc`].
    pub fn kmemdup(&self, data: &[u8], gfp: Gfp) -> Result<VirtAddr, AllocError> {
        let addr = self.kmalloc(data.len() as u64, gfp)?;
        if let Some(at) = self.virt_to_phys(addr).filter(|_| !data.is_empty()) {
            self.ram.write(at, data);
        }
        Ok(addr)
    }
    /// Allocates a copy of some bytes with a NUL behind it: `kmemdup_nul`.
    ///
    /// # Errors
    /// As [`Memory::kmalloc`].
    pub fn kmemdup_nul(&self, data: &[u8], gfp: Gfp) -> Result<VirtAddr, AllocError> {
        let addr = self.kmalloc(data.len() as u64 + 1, gfp)?;
        if let Some(at) = self.virt_to_phys(addr) {
            self.ram.write(at, data);
            self.ram.fill(at.offset(data.len() as u64), 1, 0);
        }
        Ok(addr)
    }
    /// Allocates a copy of a text, which ends at its first NUL: `kstrdup`.
    ///
    /// # Errors
    /// As [`Memory::kmalloc`].
    pub fn kstrdup(&self, text: &[u8], gfp: Gfp) -> Result<VirtAddr, AllocError> {
        self.kstrndup(text, u64::MAX, gfp)
    }
    /// As [`Memory::kstrdup`], of at most `most` bytes: `kstrndup`.
    ///
    /// # Errors
    /// As [`Memory::kmalloc`].
    pub fn kstrndup(&self, text: &[u8], most: u64, gfp: Gfp) -> Result<VirtAddr, AllocError> {
        let length = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
        let length = length.min(usize::try_from(most).unwrap_or(usize::MAX));
        self.kmemdup_nul(text.get(..length).unwrap_or(text), gfp)
    }
    /// Allocates a text of just the size that it needs: `kasprintf`.
    ///
    /// # Errors
    /// As [`Memory::kmalloc`].
    pub fn kasprintf(&self, gfp: Gfp, text: fmt::Arguments<'_>) -> Result<VirtAddr, AllocError> {
        let mut length = Length(0);
        // Counting cannot fail; what a value's own formatting refuses ends the text there, both times.
        let _ = length.write_fmt(text);
        let addr = self.kmalloc(length.0 + 1, gfp)?;
        if let Some(at) = self.virt_to_phys(addr) {
            let mut out = Into { ram: &self.ram, at, left: length.0 };
            let _ = out.write_fmt(text);
            self.ram.fill(out.at, out.left + 1, 0);
        }
        Ok(addr)
    }
}

/// Counts the bytes of a text.
struct Length(u64);

impl Write for Length {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len() as u64;
        Ok(())
    }
}

/// Writes a text to RAM, and no more than there is room for: what is formatted may give another text the second time.
struct Into<'a> {
    ram: &'a Ram,
    at: PhysAddr,
    left: u64,
}

impl Write for Into<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let length = (text.len() as u64).min(self.left);
        let part = text.as_bytes().get(..length as usize).unwrap_or_default();
        self.ram.write(self.at, part);
        (self.at, self.left) = (self.at.offset(length), self.left - length);
        Ok(())
    }
}
