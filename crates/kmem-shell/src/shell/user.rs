//! Processes and their memory.

use super::block::shown;
use super::fault::Fault;
use super::object::{Id, Kind, Value};
use super::{line, Answer, Shell};
use crate::ast::{Access, Base, Brk, Operand};
use crate::errno::Errno;
use crate::show::{count as counted, size as shown_size};
use kmem::map::Prot;
use kmem::units::{align_up, PAGE_SIZE};
use kmem::user::{Access as Touch, MmId, MmSpec, MmapRequest, UserError};
use kmem::{Pfn, VirtAddr};

impl Shell<'_> {
    pub(super) fn mm_create(&mut self, name: Option<&str>, comm: &str, oom_score_adj: i16) -> Answer {
        let spec = MmSpec { comm, oom_score_adj };
        let user = self.kernel.user();
        let id = user
            .create(self.kernel.memory(), self.kernel.map(), &spec)
            .map_err(|error| Fault::from(error).of("mm_create"))?;
        let info = user.info(id).ok_or(UserError::NoProcess)?;
        let comm = info.comm.to_string();
        let mut text = format!("{}: pid={} comm={comm}", shown(name, "mm_create"), info.pid);
        if let Some(root) = info.root {
            text += &format!(" pgd={root}");
        }
        if oom_score_adj != 0 {
            text += &format!(" oom_score_adj={oom_score_adj}");
        }
        self.objects.add(name, Kind::Mm { id, comm });
        line(text)
    }

    pub(super) fn mmap(&mut self, name: Option<&str>, operand: &Operand, size: u64, at: u64, access: Access) -> Answer {
        let (mm, id) = self.process(operand, "mmap")?;
        let prot = if access == Access::Read { Prot::empty() } else { Prot::WRITE };
        let request = MmapRequest { hint: VirtAddr::new(at), bytes: size, prot };
        let what = || format!("mmap of {}", shown_size(size));
        let (memory, user) = (self.kernel.memory(), self.kernel.user());
        let addr = user.mmap(memory, id, &request).map_err(|error| Fault::from(error).of(what()))?;
        let bytes = align_up(size, PAGE_SIZE);
        let kind = Kind::Mmap { mm, addr, bytes };
        let resident = self.resident_in(id, addr, bytes);
        let text = format!("{}: {kind} resident={resident}", shown(name, "mmap"));
        self.objects.add(name, kind);
        line(text)
    }

    pub(super) fn brk(&mut self, operand: &Operand, to: Brk) -> Answer {
        let (mm, id) = self.process(operand, "brk")?;
        let user = self.kernel.user();
        let now = user.info(id).ok_or(UserError::NoProcess)?.brk;
        let beyond = || Fault::misuse("that is no user address").of(format!("brk {operand}"));
        let target = match to {
            Brk::Here => now.raw(),
            Brk::Up(bytes) => now.raw().checked_add(bytes).ok_or_else(beyond)?,
            Brk::Down(bytes) => now.raw().saturating_sub(bytes),
            Brk::To(addr) => addr,
        };
        let target = VirtAddr::new(target);
        if to != Brk::Here {
            let memory = self.kernel.memory();
            user.brk(memory, id, target).map_err(|error| Fault::from(error).of(format!("brk {operand}")))?;
            self.forget_unmapped(mm, id);
        }
        let info = user.info(id).ok_or(UserError::NoProcess)?;
        let bytes = info.brk.page_up().raw() - info.start_brk.raw();
        let resident = self.resident_in(id, info.start_brk, bytes);
        let pages = bytes / PAGE_SIZE;
        line(format!("{operand}: heap {}-{} pages={pages} resident={resident}", info.start_brk, info.brk))
    }

    pub(super) fn touch(&mut self, operand: &Operand, at: &Operand, size: Option<u64>) -> Answer {
        let (mm, id) = self.process(operand, "touch")?;
        let (start, bytes) = self.range_of(mm, operand, at, size, 1)?;
        let (memory, map, user) = (self.kernel.memory(), self.kernel.map(), self.kernel.user());
        let touched = user
            .touch(memory, map, id, start, bytes, Touch::Write)
            .map_err(|error| Fault::from(error).of(format!("touch {operand} {at}")))?;
        let resident = user.info(id).map_or(0, |info| info.rss);
        let (pages, new) = (counted(touched.pages, "page"), touched.new);
        line(format!("{operand}: touched {pages} from {start} on, new={new} resident={resident}"))
    }

    pub(super) fn munmap(&mut self, operand: &Operand, at: &Operand, size: Option<u64>) -> Answer {
        let (mm, id) = self.process(operand, "munmap")?;
        let (start, bytes) = self.range_of(mm, operand, at, size, PAGE_SIZE)?;
        let user = self.kernel.user();
        let unmapped = user
            .munmap(self.kernel.memory(), id, start, bytes)
            .map_err(|error| Fault::from(error).of(format!("munmap {operand} {at}")))?;
        self.forget_unmapped(mm, id);
        let end = start.offset(align_up(bytes, PAGE_SIZE));
        let resident = user.info(id).map_or(0, |info| info.rss);
        let (pages, freed) = (unmapped.pages, unmapped.freed);
        line(format!("{operand}: unmapped {start}-{end} pages={pages} freed={freed} resident={resident}"))
    }

    pub(super) fn mm_destroy(&mut self, operand: &Operand) -> Answer {
        let (mm, id) = self.process(operand, "mm_destroy")?;
        let exited = self.kernel.user().destroy(self.kernel.memory(), id)?;
        for (mapping, _) in self.mappings(mm) {
            self.objects.free(mapping, "mm_destroy");
        }
        self.objects.free(mm, "mm_destroy");
        let (pages, tables) = (counted(exited.pages, "page"), exited.tables);
        line(format!("{operand}: pid={} exited, {pages} freed, and {tables} of page tables", id.pid()))
    }

    fn process(&self, operand: &Operand, verb: &'static str) -> Result<(Id, MmId), Fault> {
        match self.must_be(operand, verb, |kind| matches!(kind, Kind::Mm { .. }))? {
            (mm, Kind::Mm { id, .. }) => Ok((mm, id)),
            _ => Err(Fault::misuse(format!("{operand} is no process"))),
        }
    }

    /// The live mappings of a process.
    fn mappings(&self, process: Id) -> Vec<(Id, (VirtAddr, u64))> {
        let of_it = self.objects.live().filter_map(|(id, object)| match object.kind {
            Kind::Mmap { mm, addr, bytes } if mm == process => Some((id, (addr, bytes))),
            _ => None,
        });
        of_it.collect()
    }

    /// Mappings of which the process has nothing any more are gone.
    fn forget_unmapped(&mut self, mm: Id, id: MmId) {
        for (mapping, (addr, bytes)) in self.mappings(mm) {
            let end = addr.offset(bytes);
            let is_there =
                self.kernel.user().vmas(self.kernel.memory(), id).any(|vma| vma.start < end && addr < vma.end);
            if !is_there {
                self.objects.free(mapping, "munmap");
            }
        }
    }

    /// The addresses that are meant: of a mapping of this process, gone or not, or any number.
    fn range_of(
        &self,
        mm: Id,
        process: &Operand,
        at: &Operand,
        size: Option<u64>,
        least: u64,
    ) -> Result<(VirtAddr, u64), Fault> {
        let name = match &at.base {
            Base::Number(number) => {
                return Ok((VirtAddr::new(number.wrapping_add(at.offset)), size.unwrap_or(least)));
            }
            Base::Name(name) => name,
        };
        let object = match self.objects.value(name) {
            Some(Value::Object(id)) => self.objects.get(id),
            Some(Value::Null) => return Err(Fault::new(Errno::EFAULT, format!("{at} is NULL"))),
            None => None,
        };
        match object.map(|object| &object.kind) {
            Some(Kind::Mmap { mm: own, addr, bytes }) if *own == mm => {
                let rest = bytes.saturating_sub(at.offset).max(least);
                Ok((addr.offset(at.offset), size.unwrap_or(rest)))
            }
            Some(Kind::Mmap { mm: own, .. }) => {
                let own = self.objects.called(*own);
                Err(Fault::misuse(format!("{at} is a mapping of {own}, not of {process}")))
            }
            Some(kind) => Err(Fault::misuse(format!("{at} is {}, no mapping of a process", kind.noun()))),
            None => Err(Fault::misuse(format!("{at} holds nothing yet"))),
        }
    }

    /// The process whose address an operand means. Without an MMU every address is everybody's.
    pub(super) fn process_of(&self, operand: &Operand, addr: VirtAddr) -> Option<MmId> {
        let object = match &operand.base {
            Base::Name(name) => match self.objects.value(name)? {
                Value::Object(id) => self.objects.get(id)?,
                Value::Null => return None,
            },
            Base::Number(_) => self.objects.holding(addr)?.1,
        };
        let Kind::Mmap { mm, .. } = object.kind else { return None };
        match self.objects.get(mm)?.kind {
            Kind::Mm { id, .. } => Some(id).filter(|_| self.kernel.profile.paging.is_some()),
            _ => None,
        }
    }

    /// Pages of a range that a process has in memory.
    fn resident_in(&self, id: MmId, addr: VirtAddr, bytes: u64) -> u64 {
        let (memory, user) = (self.kernel.memory(), self.kernel.user());
        match user.info(id) {
            // Without an MMU all of a mapping is there.
            Some(info) if info.root.is_none() => bytes / PAGE_SIZE,
            Some(info) if info.rss == 0 => 0,
            _ => {
                let pages = (0..bytes / PAGE_SIZE).map(|page| addr.offset(page * PAGE_SIZE));
                pages.filter(|page| user.translate(memory, id, *page).is_some()).count() as u64
            }
        }
    }

    /// What a process's address is that leads nowhere.
    pub(super) fn describe_user(&self, id: MmId, addr: VirtAddr) -> String {
        match self.kernel.user().find_vma(self.kernel.memory(), id, addr) {
            Some(vma) => format!("promised to process {} ({}-{}), not touched yet", id.pid(), vma.start, vma.end),
            None => format!("no VMA of process {} holds it", id.pid()),
        }
    }

    pub(super) fn user_frame(&self, id: MmId, addr: VirtAddr) -> Result<Pfn, Fault> {
        let found = self.kernel.user().translate(self.kernel.memory(), id, addr);
        found.map(|found| Pfn::containing(found.phys)).ok_or_else(|| {
            Fault::new(Errno::EFAULT, format!("nothing is mapped at {addr}: {}", self.describe_user(id, addr)))
        })
    }

    pub(super) fn load_user(&self, id: MmId, addr: VirtAddr, into: &mut [u8]) -> Result<(), Fault> {
        let bytes = into.len() as u64;
        self.for_each_page(id, addr, bytes, |window, from, to| {
            self.kernel.machine().read(window, &mut into[from..to]).map_err(|error| self.unmapped(error))
        })
    }
    pub(super) fn put_user(&self, id: MmId, addr: VirtAddr, bytes: &[u8]) -> Result<(), Fault> {
        self.for_each_page(id, addr, bytes.len() as u64, |window, from, to| {
            self.kernel.machine().write(window, &bytes[from..to]).map_err(|error| self.unmapped(error))
        })
    }
    /// Maps each page of a range of a process for the moment, and calls `work` with the address and the bytes' bounds.
    fn for_each_page(
        &self,
        id: MmId,
        addr: VirtAddr,
        bytes: u64,
        mut work: impl FnMut(VirtAddr, usize, usize) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let (memory, map) = (self.kernel.memory(), self.kernel.map());
        let mut done = 0;
        while done < bytes {
            let at = addr.offset(done);
            let count = (PAGE_SIZE - at.page_offset()).min(bytes - done);
            let window = map.kmap_local(memory, self.user_frame(id, at)?)?;
            let worked = work(window.offset(at.page_offset()), done as usize, (done + count) as usize);
            map.kunmap_local(memory, window)?;
            worked?;
            done += count;
        }
        Ok(())
    }
}
