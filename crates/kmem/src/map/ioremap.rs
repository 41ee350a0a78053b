//! ioremap: the registers of a device, mapped uncached into the vmalloc range.
//!
//! Any physical range may be mapped that is not RAM: RAM has a cached mapping already, and one page with two kinds of
//! caching is not coherent. The address given keeps the offset within the page; an area is aligned to a power of two
//! near its size, at most [`PagingFormat::ioremap_max_order`](super::entry::PagingFormat).
//!
//! Kernel counterpart: `arch/x86/mm/ioremap.c`, `arch/arm/mm/ioremap.c`, `__get_vm_area_node` of `mm/vmalloc.c`.

use super::dialect::IoAlign;
use super::entry::Prot;
use super::vm_area::{Space, VmArea, VmFlags};
use super::Map;
use crate::error::{AllocError, Misuse, Name};
use crate::gfp::Gfp;
use crate::machine::Machine;
use crate::memory::Memory;
use crate::page::FrameKind;
use crate::profile::Firmware;
use crate::units::{align_up, Pfn, PhysAddr, PhysRange, VirtAddr, PAGE_SHIFT, PAGE_SIZE};

/// A PC's adapters between the 640 KiB of old and the first MiB.
const ISA: PhysRange = PhysRange::new(0xa_0000, 0x10_0000);

const IS_RAM: AllocError = AllocError::Unsupported("ioremap of RAM");

impl Map {
    /// Maps `bytes` bytes of a device's registers from `phys` on, uncached: `ioremap`. Process context.
    ///
    /// # Errors
    /// As [`Map::ioremap_prot`].
    pub fn ioremap<M: Machine>(
        &self,
        mem: &Memory<M>,
        phys: PhysAddr,
        bytes: u64,
        caller: Name,
    ) -> Result<VirtAddr, AllocError> {
        self.ioremap_prot(mem, phys, bytes, Prot::KERNEL_IO, caller)
    }
    /// Maps a physical range that is not RAM: `ioremap_prot`.
    ///
    /// # Errors
    /// - [`AllocError::ZeroSize`]; [`AllocError::Unsupported`] for RAM that is in use and for addresses that the machine
    ///   does not have.
    /// - As [`Map::vmalloc_with`] for addresses and tables.
    ///
    /// Without an MMU a device is where it is.
    pub fn ioremap_prot<M: Machine>(
        &self,
        mem: &Memory<M>,
        phys: PhysAddr,
        bytes: u64,
        prot: Prot,
        caller: Name,
    ) -> Result<VirtAddr, AllocError> {
        if bytes == 0 {
            return Err(AllocError::ZeroSize);
        }
        let Some(virt) = &self.virt else { return Ok(VirtAddr::new(phys.raw())) };
        let last = phys.raw().checked_add(bytes - 1).filter(|last| last >> virt.tables.format().phys_bits == 0);
        let last = last.ok_or(AllocError::Unsupported("a physical address that the machine does not have"))?;
        let is_pc = matches!(mem.profile.firmware, Firmware::Pc { .. });
        if is_pc && self.dialect.isa_is_direct && ISA.contains(phys) && last < ISA.end.raw() {
            return mem.phys_to_virt(phys).ok_or(IS_RAM);
        }
        let (first, end) = (phys.raw() - phys.page_offset(), align_up(last + 1, PAGE_SIZE));
        let largest_hole = self.counts(Space::Vmalloc).largest_hole;
        if end - first >= self.counts(Space::Vmalloc).range.bytes() {
            return Err(AllocError::NoAddressSpace { bytes: (end - first).saturating_add(PAGE_SIZE), largest_hole });
        }
        if (first >> PAGE_SHIFT..end >> PAGE_SHIFT).any(|pfn| is_ram_in_use(mem, Pfn::new(pfn), is_pc)) {
            if is_pc && self.dialect.says_io_on_ram {
                let digits = 2 + 2 * mem.profile.phys_addr_bytes as usize;
                mem.machine.printk(format_args!("ioremap on RAM at {:#0digits$x} - {last:#0digits$x}", phys.raw()));
            }
            return Err(IS_RAM);
        }
        let area = VmArea {
            bytes: end - first + PAGE_SIZE,
            flags: VmFlags::IOREMAP | VmFlags::UNLIST,
            phys: PhysAddr::new(first),
            prot,
            caller,
            ..VmArea::default()
        };
        let align = self.io_align(end - first, virt.tables.format().ioremap_max_order);
        let area = self.take_area(mem, Space::Vmalloc, align, Gfp::KERNEL, area)?;
        let page = |index| Pfn::new((first >> PAGE_SHIFT) + index);
        let mapped = virt.tables.map_pages(mem, area.start, (end - first) >> PAGE_SHIFT, prot, page);
        Ok(self.finish(mem, &area, mapped)?.offset(phys.page_offset()))
    }

    /// Ends an [`Map::ioremap`]. An address in the direct map (the ISA range of a PC) is nothing.
    ///
    /// # Errors
    /// [`Misuse::NoArea`]; [`Misuse::BadArgument`] for an area that ioremap did not make, or that boot made for good.
    pub fn iounmap<M: Machine>(&self, mem: &Memory<M>, addr: VirtAddr) -> Result<(), Misuse> {
        let Some(virt) = &self.virt else { return Ok(()) };
        if mem.virt_to_phys(addr).is_some() {
            return Ok(());
        }
        let area = virt.areas.claim(addr.page_down(), |area| {
            if area.flags.contains(VmFlags::IOREMAP) && !area.flags.contains(VmFlags::NO_GUARD) {
                return Ok(());
            }
            Err(Misuse::BadArgument("iounmap of an area that ioremap did not make"))
        })?;
        self.release_area(mem, &virt.tables, &area, Some(Name::default()))
    }

    fn io_align(&self, bytes: u64, max_order: u32) -> u64 {
        let order = match self.dialect.io_align {
            IoAlign::Above => bytes.ilog2() + 1,
            IoAlign::Covering => bytes.next_power_of_two().ilog2(),
        };
        1 << order.clamp(PAGE_SHIFT, max_order)
    }
}

/// True for a page that may not be mapped a second time. On a PC the pages that firmware and kernel keep to themselves
/// may (ACPI tables lie there).
fn is_ram_in_use<M: Machine>(mem: &Memory<M>, pfn: Pfn, is_pc: bool) -> bool {
    mem.frame(pfn).is_some_and(|frame| !is_pc || frame.kind != FrameKind::Reserved)
}
