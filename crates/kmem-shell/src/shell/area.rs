//! Mapped memory: vmalloc, vmap, ioremap, kmap.

use super::block::shown;
use super::fault::Fault;
use super::object::{Id, Kind};
use super::{line, Answer, Shell};
use crate::ast::{Base, Operand};
use crate::errno::Errno;
use crate::show::size as shown_size;
use kmem::error::Name;
use kmem::map::Prot;
use kmem::units::{align_up, PAGE_SIZE};
use kmem::{AllocError, Gfp, Pfn, PhysAddr, VirtAddr};

impl Shell<'_> {
    pub(super) fn vmalloc(&mut self, name: Option<&str>, size: u64) -> Answer {
        let gfp = Gfp::KERNEL | Gfp::HIGHMEM;
        let addr = self
            .kernel
            .map()
            .vmalloc(self.kernel.memory(), size, gfp, caller(name))
            .map_err(|error| Fault::from(error).of(format!("vmalloc of {}", shown_size(size))))?;
        let pages = size.div_ceil(PAGE_SIZE);
        let end = self.end_of(addr, pages);
        self.objects.add(name, Kind::Vmalloc { addr, end, pages });
        line(format!("{}: {addr}-{end} pages={pages}", shown(name, "vmalloc")))
    }

    /// One past an area's last address: the guard page's, where there is one.
    pub(super) fn end_of(&self, addr: VirtAddr, pages: u64) -> VirtAddr {
        match self.kernel.map().find_area(addr) {
            Some(area) => area.end(),
            None => addr.offset(pages * PAGE_SIZE),
        }
    }

    pub(super) fn vfree(&mut self, operand: &Operand) -> Answer {
        let Some((id, addr)) = self.mapping(operand, "vfree", |kind| matches!(kind, Kind::Vmalloc { .. }))? else {
            return line(format!("{operand}: NULL, nothing to free"));
        };
        self.must_be_unused(id, operand)?;
        let kind = self.objects.get(id).map_or(String::new(), |object| object.kind.to_string());
        if self.kernel.map().tables().is_none() {
            self.kernel.kmalloc_info(addr)?;
        }
        self.kernel.map().vfree(self.kernel.memory(), addr)?;
        self.objects.free(id, "vfree");
        line(format!("{operand}: freed {kind}"))
    }

    pub(super) fn vmap(&mut self, name: Option<&str>, operands: &[Operand]) -> Answer {
        if self.kernel.map().tables().is_none() {
            let why = "this machine has no MMU: it cannot map pages that lie apart to addresses that lie together";
            return Err(Fault::new(Errno::ENOSYS, why).of("vmap"));
        }
        let (mut pages, mut of) = (Vec::new(), Vec::new());
        for operand in operands {
            let id = self.mappable(operand)?;
            of.push(id);
            self.pages_of(id, operand, &mut pages)?;
        }
        let addr = self
            .kernel
            .map()
            .vmap(self.kernel.memory(), &pages, Prot::KERNEL, caller(name))
            .map_err(|error| Fault::from(error).of(format!("vmap of {} pages", pages.len())))?;
        let pages = pages.len() as u64;
        let end = self.end_of(addr, pages);
        self.objects.add(name, Kind::Vmap { addr, end, pages, of });
        line(format!("{}: {addr}-{end} pages={pages}", shown(name, "vmap")))
    }

    /// The object whose pages are to be mapped.
    fn mappable(&self, operand: &Operand) -> Result<Id, Fault> {
        let fits = |kind: &Kind| {
            let has_pages = matches!(kind, Kind::Pages { .. } | Kind::Batch { .. } | Kind::Exact { .. });
            let is_area = matches!(kind, Kind::Vmalloc { .. } | Kind::Vmap { .. });
            has_pages
                || is_area
                || matches!(kind, Kind::Kmalloc { bytes, .. } | Kind::Element { bytes, .. } if *bytes >= PAGE_SIZE)
        };
        self.must_be(operand, "vmap", fits).map(|(id, _)| id)
    }

    /// Appends the frames that an object consists of.
    fn pages_of(&self, id: Id, operand: &Operand, pages: &mut Vec<Pfn>) -> Result<(), Fault> {
        let Some(object) = self.objects.get(id) else { return Ok(()) };
        let contiguous = match object.kind {
            Kind::Batch { pages: ref single } => {
                pages.extend(single);
                return Ok(());
            }
            Kind::Pages { pfn, .. } | Kind::Exact { pfn, .. } => Some(pfn),
            Kind::Element { word, addr: None, .. } => Some(Pfn::new(word)),
            _ => None,
        };
        let count = object.kind.bytes() / PAGE_SIZE;
        if let Some(first) = contiguous {
            pages.extend((0..count).map(|page| first.add(page)));
            return Ok(());
        }
        let start = object.kind.addr().unwrap_or_default();
        for page in 0..count {
            let addr = start.offset(page * PAGE_SIZE);
            let pfn = self.kernel.map().vmalloc_to_pfn(self.kernel.memory(), addr);
            pages
                .push(pfn.ok_or_else(|| Fault::new(Errno::EFAULT, format!("{operand}: nothing is mapped at {addr}")))?);
        }
        Ok(())
    }

    pub(super) fn vunmap(&mut self, operand: &Operand) -> Answer {
        let Some((id, addr)) = self.mapping(operand, "vunmap", |kind| matches!(kind, Kind::Vmap { .. }))? else {
            return line(format!("{operand}: NULL, nothing to unmap"));
        };
        self.must_be_unused(id, operand)?;
        self.kernel.map().vunmap(self.kernel.memory(), addr)?;
        self.objects.free(id, "vunmap");
        line(format!("{operand}: unmapped {addr}"))
    }

    pub(super) fn ioremap(&mut self, name: Option<&str>, phys: u64, bytes: u64) -> Answer {
        let phys = PhysAddr::new(phys);
        self.must_be_device_space(phys, bytes).map_err(|fault| fault.of(format!("ioremap of {phys}")))?;
        let addr = self
            .kernel
            .map()
            .ioremap(self.kernel.memory(), phys, bytes, caller(name))
            .map_err(|error| Fault::from(error).of(format!("ioremap of {phys}")))?;
        self.objects.add(name, Kind::Ioremap { addr, phys, bytes });
        let pages = align_up(phys.page_offset() + bytes, PAGE_SIZE) / PAGE_SIZE;
        let end = self.end_of(addr.page_down(), pages);
        line(format!("{}: {addr}-{end} phys={phys} pages={pages}", shown(name, "ioremap")))
    }

    /// What a machine without an MMU does not check: there a device is where it is.
    fn must_be_device_space(&self, phys: PhysAddr, bytes: u64) -> Result<(), Fault> {
        let limit = 1u64.checked_shl(8 * self.kernel.profile.phys_addr_bytes).unwrap_or(u64::MAX);
        let Some(end) = phys.raw().checked_add(bytes).filter(|end| *end <= limit) else {
            return Err(Fault::new(Errno::ENOSYS, "a physical address that the machine does not have"));
        };
        let ram = self.kernel.plan().memblock.memory().as_slice();
        let is_ram = ram.iter().any(|range| range.start.raw() < end && phys < range.end);
        if self.kernel.map().tables().is_none() && is_ram {
            return Err(Fault::new(Errno::ENOSYS, "that is RAM, not a device"));
        }
        Ok(())
    }

    pub(super) fn iounmap(&mut self, operand: &Operand) -> Answer {
        let Some((id, addr)) = self.mapping(operand, "iounmap", |kind| matches!(kind, Kind::Ioremap { .. }))? else {
            return line(format!("{operand}: NULL, nothing to unmap"));
        };
        self.kernel.map().iounmap(self.kernel.memory(), addr)?;
        self.objects.free(id, "iounmap");
        line(format!("{operand}: unmapped {addr}"))
    }

    pub(super) fn kmap(&mut self, name: Option<&str>, operand: &Operand) -> Answer {
        let (of, pfn) = self.page_to_map(operand, "kmap")?;
        let addr = self.kernel.map().kmap(self.kernel.memory(), pfn).map_err(|error| match error {
            AllocError::NoSlot => {
                let why = "all slots of the pkmap window are in use; a kernel would sleep here until one is free";
                Fault::new(Errno::ENOMEM, why).of("kmap")
            }
            other => Fault::from(other).of("kmap"),
        })?;
        self.objects.add(name, Kind::Kmap { addr, pfn, of });
        line(format!("{}: {addr} pfn={:#x}", shown(name, "kmap"), pfn.raw()))
    }

    /// As the kernel's, `kunmap` takes the page; the mapping's own name does, too.
    pub(super) fn kunmap(&mut self, operand: &Operand) -> Answer {
        let fits = |kind: &Kind| matches!(kind, Kind::Kmap { .. } | Kind::Pages { .. } | Kind::Element { .. });
        let (id, kind) = self.must_be(operand, "kunmap", fits)?;
        let is_of_it = |kind: &Kind| matches!(kind, Kind::Kmap { of, .. } if *of == id);
        let mapping = match kind {
            Kind::Kmap { .. } => Some(id),
            _ => self.objects.live().rev().find(|(_, object)| is_of_it(&object.kind)).map(|(id, _)| id),
        };
        let found = mapping.and_then(|id| Some((id, self.objects.get(id)?.kind.clone())));
        let Some((id, Kind::Kmap { addr, pfn, .. })) = found else {
            return Err(Fault::misuse(format!("{operand} is not mapped by kmap")).of("kunmap"));
        };
        self.kernel.map().kunmap(self.kernel.memory(), pfn)?;
        self.objects.free(id, "kunmap");
        line(format!("{operand}: unmapped {addr} pfn={:#x}", pfn.raw()))
    }

    pub(super) fn kmap_local(&mut self, name: Option<&str>, operand: &Operand) -> Answer {
        let (of, pfn) = self.page_to_map(operand, "kmap_local")?;
        let addr = self.kernel.map().kmap_local(self.kernel.memory(), pfn).map_err(|error| match error {
            AllocError::NoSlot => Fault::new(Errno::ENOMEM, "this CPU has all its slots in use").of("kmap_local"),
            other => Fault::from(other).of("kmap_local"),
        })?;
        self.objects.add(name, Kind::KmapLocal { addr, pfn, of });
        line(format!("{}: {addr} pfn={:#x}", shown(name, "kmap_local"), pfn.raw()))
    }

    pub(super) fn kunmap_local(&mut self, operand: &Operand) -> Answer {
        let is_local = |kind: &Kind| matches!(kind, Kind::KmapLocal { .. });
        let (id, kind) = self.must_be(operand, "kunmap_local", is_local)?;
        let addr = kind.addr().unwrap_or_default();
        let newest = self.objects.live().rev().find(|(_, object)| is_local(&object.kind)).map(|(id, _)| id);
        if let Some(newest) = newest.filter(|newest| *newest != id) {
            let why = format!("{} was mapped later and goes first", self.objects.called(newest));
            return Err(Fault::misuse(why).of(format!("kunmap_local {operand}")));
        }
        self.kernel.map().kunmap_local(self.kernel.memory(), addr)?;
        self.objects.free(id, "kunmap_local");
        line(format!("{operand}: unmapped {addr}"))
    }

    /// The block and the frame in it that is to be mapped: `kmap p`, or `kmap p+0x1000` for its second page.
    fn page_to_map(&self, operand: &Operand, verb: &'static str) -> Result<(Id, Pfn), Fault> {
        let whole = Operand { offset: 0, ..operand.clone() };
        let is_block = |kind: &Kind| match kind {
            Kind::Pages { .. } => true,
            Kind::Element { bytes, .. } => *bytes >= PAGE_SIZE,
            _ => false,
        };
        let (id, kind) = match operand.base {
            Base::Name(_) => self.must_be(&whole, verb, is_block)?,
            Base::Number(_) => self.must_be(operand, verb, is_block)?,
        };
        if operand.offset >= kind.bytes() {
            return Err(Fault::misuse(format!("{operand} lies behind the block's {} bytes", kind.bytes())));
        }
        let first = match kind {
            Kind::Pages { pfn, .. } => pfn,
            Kind::Element { word, addr: None, .. } => Pfn::new(word),
            _ => self.frame_of(&whole)?,
        };
        Ok((id, first.add(operand.offset / PAGE_SIZE)))
    }

    /// The mapping that an operand means, with its address; `None` for NULL.
    fn mapping(
        &self,
        operand: &Operand,
        verb: &'static str,
        fits: impl Fn(&Kind) -> bool,
    ) -> Result<Option<(Id, VirtAddr)>, Fault> {
        let id = self.start_of(operand, verb, fits)?;
        Ok(id.and_then(|id| Some((id, self.objects.get(id)?.kind.addr()?))))
    }
}

/// Who vmallocinfo says made an area.
pub(super) fn caller(name: Option<&str>) -> Name {
    Name::new(&format!("shell:{}", name.unwrap_or("-")))
}
