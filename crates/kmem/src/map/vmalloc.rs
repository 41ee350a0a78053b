//! vmalloc: memory that is contiguous in virtual addresses only.
//!
//! A driver that needs a large buffer rarely needs it physically contiguous (only DMA does). vmalloc takes single pages,
//! wherever they are, high memory too, and maps them side by side. It uses odd fragments that kmalloc cannot; the price
//! is a page table entry a page, a hole in a small address range, and no large pages.
//!
//! # The steps (`__vmalloc_node`, `__vmalloc_area_node`)
//! 1. A size of 0, or of more pages than the machine has: refused.
//! 2. An area of the range: addresses for the pages and the guard page.
//! 3. The array of its pages: from kmalloc with the flags' reclaim part and `__GFP_ZERO`; where it is larger than a page,
//!    from vmalloc itself (`VM_VPAGES`).
//! 4. Page by page, each with the caller's flags. Where one fails, `nr_pages` becomes the number there are, and
//!    everything taken so far is given back.
//! 5. Mapping, last; from now on the area can be freed.
//!
//! Without an MMU there is nothing to map: vmalloc is kmalloc with `(gfp | __GFP_COMP) & ~__GFP_HIGHMEM`, and vmap is
//! not possible.
//!
//! # Invariant, checked by [`Map::verify`]
//! - **V1** What is mapped in an area of vmalloc's is what its array says, page by page.
//!
//! Kernel counterpart: `mm/vmalloc.c`, `mm/nommu.c`.

use super::dialect::{NoRoom, Refusal, ShowGfp};
use super::entry::Prot;
use super::page_array::PageArray;
use super::tables::{MapError, PageTables};
use super::vm_area::{Space, VmArea, VmFlags};
use super::Map;
use crate::error::{AllocError, Misuse, Name};
use crate::gfp::Gfp;
use crate::machine::Machine;
use crate::memory::Memory;
use crate::page::Request;
use crate::raw::zero_mapped_page;
use crate::sync::Ordering;
use crate::units::{Order, Pfn, VirtAddr, PAGE_SIZE};

/// What a vmalloc is asked for: the arguments of `__vmalloc_node_range`.
#[derive(Clone, Copy, Debug)]
pub struct VmallocRequest {
    /// Bytes; whole pages are given.
    pub bytes: u64,
    /// Alignment, a power of two; 1 for that of a page.
    pub align: u64,
    /// Flags for the pages.
    pub gfp: Gfp,
    /// How they are mapped.
    pub prot: Prot,
    /// Kind of area besides `ALLOC`: `USERMAP`.
    pub flags: VmFlags,
    /// From which range.
    pub space: Space,
    /// Which node is asked for the pages first; `None`: the CPU's own.
    pub node: Option<u32>,
    /// Who asks.
    pub caller: Name,
}

impl VmallocRequest {
    /// `vmalloc(bytes)`: any pages, mapped for the kernel's data.
    pub const fn new(bytes: u64, caller: Name) -> Self {
        Self {
            bytes,
            align: 1,
            gfp: Gfp::KERNEL.union(Gfp::HIGHMEM),
            prot: Prot::KERNEL,
            flags: VmFlags::empty(),
            space: Space::Vmalloc,
            node: None,
            caller,
        }
    }
}

/// `GFP_RECLAIM_MASK`: the flags that say how hard to try, and nothing about the memory.
const RECLAIM_MASK: Gfp = Gfp::RECLAIM
    .union(Gfp::HIGH)
    .union(Gfp::IO)
    .union(Gfp::FS)
    .union(Gfp::NOWARN)
    .union(Gfp::RETRY_MAYFAIL)
    .union(Gfp::NOFAIL)
    .union(Gfp::NORETRY)
    .union(Gfp::MEMALLOC)
    .union(Gfp::NOMEMALLOC)
    .union(Gfp::ATOMIC_BIT);

/// How a warning of the kernel ends on a machine without nodes and cpusets.
const NODES: &str = "nodemask=(null),cpuset=/,mems_allowed=0";

impl Map {
    /// Allocates `bytes` bytes of virtually contiguous memory, in whole pages, of the kind that `gfp` says: `__vmalloc`;
    /// `vmalloc` with `GFP_KERNEL | __GFP_HIGHMEM`, `vzalloc` with `__GFP_ZERO` besides. Process context.
    ///
    /// # Errors
    /// As [`Map::vmalloc_with`].
    pub fn vmalloc<M: Machine>(
        &self,
        mem: &Memory<M>,
        bytes: u64,
        gfp: Gfp,
        caller: Name,
    ) -> Result<VirtAddr, AllocError> {
        self.vmalloc_with(mem, &VmallocRequest { gfp, ..VmallocRequest::new(bytes, caller) })
    }
    /// Memory for a module: in the modules' own range where there is one, executable: `module_alloc`.
    ///
    /// # Errors
    /// As [`Map::vmalloc_with`].
    pub fn module_alloc<M: Machine>(&self, mem: &Memory<M>, bytes: u64, caller: Name) -> Result<VirtAddr, AllocError> {
        let request = VmallocRequest::new(bytes, caller);
        let space = self.module_space();
        self.vmalloc_with(mem, &VmallocRequest { prot: Prot::KERNEL_EXEC, space, ..request })
    }

    /// Allocates virtually contiguous memory in every way there is: `__vmalloc_node_range`.
    ///
    /// # Errors
    /// - [`AllocError::ZeroSize`]; [`AllocError::ExceedsRam`]: more pages than the machine has.
    /// - [`AllocError::NoAddressSpace`]: the range has no hole that is large enough, aligned as asked.
    /// - [`AllocError::NoMemory`]: not enough pages. Nothing is kept then.
    /// - [`AllocError::BadFlags`]: an alignment that is no power of two.
    /// - [`AllocError::NoSlot`]: more areas than there is room to remember.
    ///
    /// Without an MMU: as kmalloc.
    pub fn vmalloc_with<M: Machine>(&self, mem: &Memory<M>, request: &VmallocRequest) -> Result<VirtAddr, AllocError> {
        let Some(virt) = &self.virt else {
            if request.bytes == 0 {
                return Err(AllocError::ZeroSize);
            }
            return mem.kmalloc(request.bytes, (request.gfp | Gfp::COMP) - Gfp::HIGHMEM);
        };
        let node = mem.known_node(request.node)?;
        let pages = request.bytes.div_ceil(PAGE_SIZE);
        let total_pages = mem.total_pages();
        if pages == 0 {
            return Err(AllocError::ZeroSize);
        }
        if pages > total_pages {
            self.say_exceeds(mem, request);
            return Err(AllocError::ExceedsRam { pages, total_pages });
        }
        let area = VmArea {
            bytes: (pages + 1) * PAGE_SIZE,
            flags: VmFlags::ALLOC | VmFlags::UNLIST | request.flags,
            prot: request.prot,
            caller: request.caller,
            ..VmArea::default()
        };
        let area = self.take_area(mem, request.space, request.align, request.gfp, area)?;
        let page = Request { node, ..Request::new(request.gfp, Order::ZERO) };
        self.fill_area(mem, &virt.tables, area, pages, page)?;
        Ok(area.start)
    }

    /// Gives a vmalloc area back: `vfree`. An address of 0 is nothing.
    ///
    /// # Errors
    /// As [`Map::vfree_by`].
    pub fn vfree<M: Machine>(&self, mem: &Memory<M>, addr: VirtAddr) -> Result<(), Misuse> {
        self.vfree_by(mem, addr, Name::default())
    }
    /// As [`Map::vfree`]; `by` is who frees, for reports about who still uses it.
    ///
    /// # Errors
    /// [`Misuse::Unaligned`], [`Misuse::NoArea`]; [`Misuse::BadArgument`] for an area that vmalloc did not make: nothing
    /// is done then. When the area is freed and one of its pages could not be, what was wrong with that page.
    pub fn vfree_by<M: Machine>(&self, mem: &Memory<M>, addr: VirtAddr, by: Name) -> Result<(), Misuse> {
        if addr.raw() == 0 {
            return Ok(());
        }
        let Some(virt) = &self.virt else { return mem.kfree(addr) };
        if addr.page_offset() != 0 {
            return Err(Misuse::Unaligned(addr));
        }
        let area = virt.areas.claim(addr, may_be_freed)?;
        self.release_area(mem, &virt.tables, &area, Some(by))
    }

    /// Takes addresses for an area and says so, as the kernel does, when there are none.
    pub(super) fn take_area<M: Machine>(
        &self,
        mem: &Memory<M>,
        space: Space,
        align: u64,
        gfp: Gfp,
        area: VmArea,
    ) -> Result<VmArea, AllocError> {
        let Some(virt) = &self.virt else { return Err(super::NO_MMU) };
        if !align.is_power_of_two() {
            return Err(AllocError::BadFlags("the alignment is no power of two"));
        }
        self.release_read(mem);
        let taken = virt.areas.insert(mem, space, align.max(PAGE_SIZE), area);
        if matches!(taken, Err(AllocError::NoAddressSpace { .. })) {
            self.say_no_room(mem, gfp, area.bytes);
        }
        taken
    }

    /// Steps 3 to 5 for an area that has its addresses; `page` says how each page is asked for. Nothing is kept when it fails.
    pub(super) fn fill_area<M: Machine>(
        &self,
        mem: &Memory<M>,
        tables: &PageTables,
        mut area: VmArea,
        pages: u64,
        mut page: Request,
    ) -> Result<(), AllocError> {
        if self.dialect.adds_highmem && !page.gfp.intersects(Gfp::DMA | Gfp::DMA32) {
            page.gfp |= Gfp::HIGHMEM;
        }
        let result = self.fill_pages(mem, tables, &mut area, pages, &page);
        match result {
            Ok(()) => {
                self.vmalloc_pages.fetch_add(area.nr_pages, Ordering::Relaxed);
                self.publish(&area);
            }
            Err(_) => {
                // The pages were just allocated by us: giving them back cannot be refused.
                let _ = self.unwind(mem, tables, &area);
                self.forget(&area, None);
            }
        }
        result
    }
    fn fill_pages<M: Machine>(
        &self,
        mem: &Memory<M>,
        tables: &PageTables,
        area: &mut VmArea,
        pages: u64,
        page: &Request,
    ) -> Result<(), AllocError> {
        let gfp = page.gfp;
        let array_bytes = pages * u64::from(mem.profile.word_bytes);
        let nested = gfp & RECLAIM_MASK | Gfp::ZERO;
        if array_bytes > PAGE_SIZE {
            let request = VmallocRequest::new(array_bytes, area.caller);
            area.pages_at = self.vmalloc_with(mem, &VmallocRequest { gfp: nested | gfp & Gfp::HIGHMEM, ..request })?;
            area.flags |= VmFlags::VPAGES;
        } else {
            area.pages_at = mem.kmalloc(array_bytes, nested)?;
        }
        let array = PageArray { at: area.pages_at };
        for index in 0..pages {
            let pfn = match page.node {
                None => mem.alloc_pages(gfp, Order::ZERO)?,
                Some(_) => mem.alloc_request(page)?,
            };
            if array.set(mem, tables, index, pfn).is_none() {
                let _ = mem.free_pages(pfn, Order::ZERO);
                return Err(AllocError::Unsupported("the machine shows no page of the array"));
            }
            area.nr_pages = index as u32 + 1;
        }
        let page = |index| array.get(mem, tables, index).unwrap_or_default();
        tables.map_pages(mem, area.start, pages, area.prot, page).map_err(AllocError::from)?;
        if gfp.contains(Gfp::ZERO) {
            zero_unreachable(mem, area.start, pages, page);
        }
        Ok(())
    }

    /// Makes an area that is done visible and free-able.
    pub(super) fn publish(&self, area: &VmArea) {
        if let Some(virt) = &self.virt {
            virt.areas.update(area.start, |known| {
                *known = *area;
                known.flags -= VmFlags::UNLIST;
            });
        }
    }
    pub(super) fn forget(&self, area: &VmArea, by: Option<Name>) {
        if let Some(virt) = &self.virt {
            virt.areas.remove(area.start, by);
        }
    }

    /// Unmaps a claimed area, gives its pages and its addresses back.
    pub(super) fn release_area<M: Machine>(
        &self,
        mem: &Memory<M>,
        tables: &PageTables,
        area: &VmArea,
        by: Option<Name>,
    ) -> Result<(), Misuse> {
        let result = self.unwind(mem, tables, area);
        self.vmalloc_pages.fetch_sub(area.nr_pages, Ordering::Relaxed);
        self.forget(area, by);
        result
    }
    fn unwind<M: Machine>(&self, mem: &Memory<M>, tables: &PageTables, area: &VmArea) -> Result<(), Misuse> {
        // First nobody may reach the pages any more, then they may have another owner.
        let end = area.start.offset(area.mapped_bytes());
        if tables.unmap_pages(mem, area.start, area.mapped_bytes() / PAGE_SIZE) > 0 {
            mem.machine.flush_tlb(area.start, end);
        }
        let array = PageArray { at: area.pages_at };
        let mut result = Ok(());
        for index in 0..area.nr_pages.into() {
            if let Some(pfn) = array.get(mem, tables, index) {
                result = result.and(mem.free_pages(pfn, Order::ZERO));
            }
        }
        if area.flags.contains(VmFlags::VPAGES) {
            result.and(self.vfree_by(mem, area.pages_at, area.caller))
        } else if area.pages_at.raw() != 0 {
            result.and(mem.kfree(area.pages_at))
        } else {
            result
        }
    }

    fn say_exceeds<M: Machine>(&self, mem: &Memory<M>, request: &VmallocRequest) {
        let VmallocRequest { bytes, gfp, .. } = *request;
        match self.dialect.refusal {
            _ if gfp.contains(Gfp::NOWARN) => {}
            Refusal::Silent => {}
            Refusal::Bytes => mem.machine.printk(format_args!("vmalloc: allocation failure: {bytes} bytes")),
            Refusal::Reason => {
                // Callers of these kernels do not ask for high memory, so it is not shown.
                let mode = ShowGfp(mem.profile, gfp - Gfp::HIGHMEM);
                mem.machine
                    .printk(format_args!("vmalloc error: size {bytes}, exceeds total pages, mode:{mode}, {NODES}"));
            }
        }
    }
    fn say_no_room<M: Machine>(&self, mem: &Memory<M>, gfp: Gfp, bytes: u64) {
        if gfp.contains(Gfp::NOWARN) && self.dialect.nowarn_silences {
            return;
        }
        match self.dialect.no_room {
            NoRoom::WithoutSize => mem
                .machine
                .printk(format_args!("allocation failed: out of vmalloc space - use vmalloc=<size> to increase size.")),
            NoRoom::WithStop => mem
                .machine
                .printk(format_args!("vmap allocation for size {bytes} failed: use vmalloc=<size> to increase size.")),
            NoRoom::Plain => mem
                .machine
                .printk(format_args!("vmap allocation for size {bytes} failed: use vmalloc=<size> to increase size")),
        }
    }

    /// Maps pages that belong to the caller: `vmap`. `page(i)` says which; `flags` may have `USERMAP`.
    ///
    /// # Errors
    /// As [`Map::vmalloc_with`]; [`AllocError::Unsupported`] without an MMU.
    pub fn vmap_with<M: Machine>(
        &self,
        mem: &Memory<M>,
        pages: u64,
        page: impl FnMut(u64) -> Pfn,
        prot: Prot,
        flags: VmFlags,
        caller: Name,
    ) -> Result<VirtAddr, AllocError> {
        let Some(virt) = &self.virt else { return Err(super::NO_MMU) };
        let total_pages = mem.total_pages();
        if pages == 0 {
            return Err(AllocError::ZeroSize);
        }
        if pages > total_pages {
            return Err(AllocError::ExceedsRam { pages, total_pages });
        }
        let flags = VmFlags::MAP | VmFlags::UNLIST | flags;
        let area = VmArea { bytes: (pages + 1) * PAGE_SIZE, flags, prot, caller, ..VmArea::default() };
        let area = self.take_area(mem, Space::Vmalloc, PAGE_SIZE, Gfp::KERNEL, area)?;
        let mapped = virt.tables.map_pages(mem, area.start, pages, prot, page);
        self.finish(mem, &area, mapped)
    }
    /// Maps the given pages side by side: `vmap`.
    ///
    /// # Errors
    /// As [`Map::vmap_with`].
    pub fn vmap<M: Machine>(
        &self,
        mem: &Memory<M>,
        pages: &[Pfn],
        prot: Prot,
        caller: Name,
    ) -> Result<VirtAddr, AllocError> {
        let page = |index: u64| pages.get(index as usize).copied().unwrap_or_default();
        self.vmap_with(mem, pages.len() as u64, page, prot, VmFlags::empty(), caller)
    }
    /// Ends a [`Map::vmap`]; the pages stay the caller's. An address of 0 is nothing.
    ///
    /// # Errors
    /// [`Misuse::Unaligned`], [`Misuse::NoArea`]; [`Misuse::BadArgument`] for an area of vmalloc's, whose pages would be
    /// lost, of ioremap's, or of the kernel image's.
    pub fn vunmap<M: Machine>(&self, mem: &Memory<M>, addr: VirtAddr) -> Result<(), Misuse> {
        if addr.raw() == 0 {
            return Ok(());
        }
        let Some(virt) = &self.virt else { return Err(Misuse::NoArea(addr)) };
        if addr.page_offset() != 0 {
            return Err(Misuse::Unaligned(addr));
        }
        let area = virt.areas.claim(addr, |area| {
            if area.flags.contains(VmFlags::MAP) && !area.flags.contains(VmFlags::NO_GUARD) {
                return Ok(());
            }
            Err(Misuse::BadArgument("vunmap of an area that vmap did not make"))
        })?;
        self.release_area(mem, &virt.tables, &area, Some(Name::default()))
    }

    /// Publishes an area whose pages are not its own, or gives it back when mapping failed.
    pub(super) fn finish<M: Machine>(
        &self,
        mem: &Memory<M>,
        area: &VmArea,
        mapped: Result<(), MapError>,
    ) -> Result<VirtAddr, AllocError> {
        match mapped {
            Ok(()) => {
                self.publish(area);
                Ok(area.start)
            }
            Err(error) => {
                if let Some(virt) = &self.virt {
                    let _ = self.unwind(mem, &virt.tables, area);
                }
                self.forget(area, None);
                Err(error.into())
            }
        }
    }

    /// Returns the frame behind an address of the vmalloc or module range: `vmalloc_to_pfn`, by a walk of the tables.
    pub fn vmalloc_to_pfn<M: Machine>(&self, mem: &Memory<M>, addr: VirtAddr) -> Option<Pfn> {
        self.vmalloc_to_phys(mem, addr).map(Pfn::containing)
    }
    /// Returns the bytes that may be used of the area that begins at `addr`: whole pages.
    pub fn vmalloc_size(&self, addr: VirtAddr) -> Option<u64> {
        let area = self.virt.as_ref()?.areas.find(addr).filter(|area| area.start == addr)?;
        Some(area.mapped_bytes())
    }
}

/// True for an area of vmalloc's.
pub(super) fn may_be_freed(area: &VmArea) -> Result<(), Misuse> {
    if area.flags.contains(VmFlags::ALLOC) && !area.flags.contains(VmFlags::KEPT) {
        return Ok(());
    }
    Err(Misuse::BadArgument("vfree of an area that vmalloc did not make"))
}

/// Zeroes those pages that the page allocator could not reach because the machine has no window onto them.
fn zero_unreachable<M: Machine>(mem: &Memory<M>, start: VirtAddr, pages: u64, page: impl Fn(u64) -> Pfn) {
    for index in 0..pages {
        let pfn = page(index);
        if mem.is_high(pfn) && mem.machine.high_page(pfn.phys()).is_none() {
            zero_mapped_page(&mem.machine, start.offset(index * PAGE_SIZE));
        }
    }
}
