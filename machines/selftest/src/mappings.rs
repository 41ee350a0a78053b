//! Virtual mappings, walked by the real MMU: vmalloc seen through two mappings, its guard page, read-only
//! pages, kmap, I/O mappings.

use crate::board::Access;
use crate::failure::{equal, Failure};
use crate::words::Words;
use crate::{Bench, Board};
use kmem::error::Name;
use kmem::machine::Machine;
use kmem::map::Prot;
use kmem::memory::Memory;
use kmem::units::{Order, Pfn, VirtAddr, PAGE_SIZE};
use kmem::Gfp;

const PAGES: u64 = 20;
/// The flags of `vmalloc`: any page will do.
const VMALLOC: Gfp = Gfp::KERNEL.union(Gfp::HIGHMEM);
/// The page that is looked at through a second mapping gets another pattern there.
const SECOND: u32 = 0x5ec0_0d00;

impl<M: Machine, B: Board> Bench<'_, M, B> {
    /// Areas of any pages and of low ones: seen through kmap and through the direct map.
    pub fn vmalloc_through_two_mappings(&self) -> Result<(), Failure> {
        self.through_two_mappings(VMALLOC)?;
        self.through_two_mappings(Gfp::KERNEL)
    }
    /// Writes an area through its own addresses and reads each page where the kernel maps it otherwise; then the
    /// other way round.
    fn through_two_mappings(&self, gfp: Gfp) -> Result<(), Failure> {
        let area = self.vmalloc(PAGES * PAGE_SIZE, gfp)?;
        for page in 0..PAGES {
            let here = area.offset(page * PAGE_SIZE);
            let pfn = self
                .kernel
                .map()
                .vmalloc_to_pfn(self.memory(), here)
                .ok_or(Failure::Missing("the page behind vmalloc"))?;
            let high = gfp.contains(Gfp::HIGHMEM) && self.has_high_memory();
            equal("a page above the direct map", self.kernel.is_high(pfn).into(), high.into())?;
            // SAFETY: The area is ours alone.
            let words = unsafe { Words::new(here, PAGE_SIZE) }?;
            words.write(page as u32);
            self.with_page(pfn, |other| {
                other.check(page as u32)?;
                other.write(SECOND + page as u32);
                Ok(())
            })?;
            words.check(SECOND + page as u32)?;
        }
        self.vfree(area)
    }

    /// Memory that was asked for zeroed is zero, high pages included.
    pub fn vmalloc_zeroed(&self) -> Result<(), Failure> {
        let bytes = PAGES * PAGE_SIZE;
        for _ in 0..2 {
            let area = self.vmalloc(bytes, VMALLOC | Gfp::ZERO)?;
            // SAFETY: The area is ours alone.
            let words = unsafe { Words::new(area, bytes) }?;
            words.check_zero()?;
            words.write(!0);
            self.vfree(area)?;
        }
        Ok(())
    }

    /// The page behind an area faults, for reading and writing; so does the area itself once it is freed.
    pub fn guard_page_and_freed_area_fault(&self) -> Result<(), Failure> {
        let area = self.vmalloc(PAGES * PAGE_SIZE, VMALLOC)?;
        let last = area.offset(PAGES * PAGE_SIZE - 1);
        let guard = area.offset(PAGES * PAGE_SIZE);
        self.must_not_fault(last, Access::Write)?;
        self.must_fault(guard, Access::Read)?;
        self.must_fault(guard.offset(PAGE_SIZE - 1), Access::Write)?;
        self.must_not_fault(area, Access::Read)?;
        self.vfree(area)?;
        self.must_fault(area, Access::Read)?;
        self.must_fault(last, Access::Write)
    }

    /// A page mapped to be read only reads as it was written elsewhere, and refuses to be written.
    pub fn read_only_mapping(&self) -> Result<(), Failure> {
        let pfn = self.kernel.alloc_pages(Gfp::KERNEL, Order::ZERO)?;
        self.with_page(pfn, |words| {
            words.write(SECOND);
            Ok(())
        })?;
        let view = self.kernel.map().vmap(self.memory(), &[pfn], Prot::KERNEL_RO, caller())?;
        // SAFETY: The page is ours alone; it is only read.
        unsafe { Words::new(view, PAGE_SIZE) }?.check(SECOND)?;
        match self.board.touch(view, Access::Write) {
            Some(fault) if fault.address == view && fault.access == Access::Write && fault.mapped => {}
            reported => return Err(Failure::Fault { at: view, reported }),
        }
        self.kernel.map().vunmap(self.memory(), view)?;
        Ok(self.kernel.free_pages(pfn, Order::ZERO)?)
    }

    /// Reads a device's register through an I/O mapping.
    pub fn register_of_a_device(&self) -> Result<(), Failure> {
        let Some(register) = self.board.register() else { return Ok(()) };
        let view = self.kernel.map().ioremap(self.memory(), register.at, size_of::<u32>() as u64, caller())?;
        // SAFETY: The board says that there is a register, which may be read.
        let value = unsafe { (view.raw() as usize as *const u32).read_volatile() };
        equal("the register", (value & register.mask).into(), register.value.into())?;
        Ok(self.kernel.map().iounmap(self.memory(), view)?)
    }

    /// Maps a high page, writes it, unmaps it and maps it again: what was written is there.
    pub fn kmap_of_a_high_page(&self) -> Result<(), Failure> {
        let pfn = self.kernel.alloc_pages(Gfp::HIGHUSER, Order::ZERO)?;
        let high = self.kernel.is_high(pfn);
        equal("a page above the direct map", high.into(), u64::from(self.has_high_memory()))?;
        self.with_page(pfn, |words| {
            words.write(SECOND);
            Ok(())
        })?;
        self.with_page(pfn, |words| words.check(SECOND))?;
        Ok(self.kernel.free_pages(pfn, Order::ZERO)?)
    }

    fn vmalloc(&self, bytes: u64, gfp: Gfp) -> Result<VirtAddr, Failure> {
        Ok(self.kernel.map().vmalloc(self.memory(), bytes, gfp, caller())?)
    }
    fn vfree(&self, area: VirtAddr) -> Result<(), Failure> {
        Ok(self.kernel.map().vfree(self.memory(), area)?)
    }
    fn memory(&self) -> &Memory<M> {
        self.kernel.memory()
    }

    /// Does something with a page through the direct map, or through kmap when it lies above that.
    fn with_page(&self, pfn: Pfn, work: impl FnOnce(&Words) -> Result<(), Failure>) -> Result<(), Failure> {
        let addr = self.kernel.map().kmap(self.memory(), pfn)?;
        // SAFETY: The page belongs to the caller, and it is mapped until `kunmap`.
        let words = unsafe { Words::new(addr, PAGE_SIZE) }?;
        work(&words)?;
        Ok(self.kernel.map().kunmap(self.memory(), pfn)?)
    }

    fn must_fault(&self, at: VirtAddr, access: Access) -> Result<(), Failure> {
        match self.board.touch(at, access) {
            Some(fault) if fault.address == at && fault.access == access && !fault.mapped => Ok(()),
            reported => Err(Failure::Fault { at, reported }),
        }
    }
    fn must_not_fault(&self, at: VirtAddr, access: Access) -> Result<(), Failure> {
        match self.board.touch(at, access) {
            None => Ok(()),
            reported => Err(Failure::Fault { at, reported }),
        }
    }
}

/// Who asks, as vmallocinfo shows it.
fn caller() -> Name {
    Name::new("selftest")
}
