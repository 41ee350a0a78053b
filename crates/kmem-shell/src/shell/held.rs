//! What the shell holds, and the kernel as a whole: `live`, `free_all`, `drain`, `verify`, `cat`, `sysctl`.

use super::fault::Fault;
use super::object::{Id, Kind, Object};
use super::{line, Answer, Said, Shell};
use crate::ast::{Base, Operand};
use crate::errno::Errno;
use crate::show::count as counted;
use crate::syntax::did_you_mean;
use kmem::kernel::{proc_path, SysctlError};
use kmem::units::PAGE_SIZE;
use kmem::Kernel;
use kmem_hosted::Hosted;
use std::fmt::Write;

/// Where the tunables are.
const SYSCTLS: &str = "/proc/sys/vm/";

/// True for a path that is a file of the kernel's own: `/proc/NAME`, `/proc/sys/vm/KEY`, `/sys/kernel/debug/NAME`,
/// `/sys/kernel/slab/CACHE/FILE`.
pub(super) fn is_kernel_file(path: &str) -> bool {
    let is_absolute = path.starts_with("/proc/") || path.starts_with("/sys/");
    let is_listed = Kernel::<Hosted>::proc_file(path).is_some() || Kernel::<Hosted>::is_slab_file(path);
    path.starts_with(SYSCTLS) || is_absolute && is_listed
}

impl Shell<'_> {
    pub(super) fn live(&self) -> Answer {
        let mut text = format!("live: {}", self.objects.summary(self.resident_bytes()));
        for (id, object) in self.objects.live() {
            // Writing to a string cannot fail.
            let _ = write!(text, "\n  {} = {} ({})", self.objects.called(id), object.kind, object.kind.noun());
        }
        line(text)
    }

    /// Frees everything, the newest first: what is made of something goes before it.
    pub(super) fn free_all(&mut self) -> Answer {
        let summary = self.objects.summary(self.resident_bytes());
        let all: Vec<Id> = self.objects.live().rev().map(|(id, _)| id).collect();
        for id in all {
            let called = self.objects.called(id);
            self.give_back(id).map_err(|fault| fault.of(called))?;
        }
        line(format!("free_all: {summary} freed"))
    }

    /// Frees every Nth of the live objects that were taken under a name, in the order in which they were.
    pub(super) fn free_every(&mut self, nth: u64, operand: &Operand) -> Answer {
        let Base::Name(name) = &operand.base else { return Err(Fault::misuse(format!("{operand} is no name"))) };
        let of_it = |object: &Object| object.name.as_ref() == Some(name);
        let all: Vec<Id> = self.objects.live().filter(|(_, object)| of_it(object)).map(|(id, _)| id).collect();
        let mut freed = 0;
        for &id in all.iter().skip(nth as usize - 1).step_by(nth as usize) {
            self.must_be_unused(id, operand)?;
            self.give_back(id).map_err(|fault| fault.of(format!("free_every {operand}")))?;
            freed += 1;
        }
        line(format!("free_every: {freed} of {} freed", counted(all.len() as u64, "object")))
    }

    /// What the processes and files that this shell holds have in memory.
    fn resident_bytes(&self) -> u64 {
        let pages = self.objects.live().map(|(_, object)| match object.kind {
            Kind::Mm { id, .. } => self.kernel.user().info(id).map_or(0, |info| info.rss),
            Kind::File { id, .. } => self.kernel.file_info(id).map_or(0, |info| info.pages),
            _ => 0,
        });
        pages.sum::<u64>() * PAGE_SIZE
    }

    fn give_back(&mut self, id: Id) -> Result<(), Fault> {
        let Some(kind) = self.objects.get(id).map(|object| object.kind.clone()) else { return Ok(()) };
        let (memory, map) = (self.kernel.memory(), &self.kernel.map());
        let by = kind.freed_by();
        match kind {
            Kind::Pages { pfn, order, .. } => {
                // Each reference that `get_page` took goes first.
                for _ in 1..self.kernel.frame(pfn).map_or(1, |frame| frame.count) {
                    memory.put_page(pfn)?;
                }
                memory.free_pages(pfn, order)?;
            }
            Kind::Batch { pages } => self.free_each(pages.into_iter())?,
            Kind::Exact { pfn, pages, .. } => self.free_each((0..pages).map(|page| pfn.add(page)))?,
            Kind::File { id, .. } => memory.file_close(id).map(|_| ())?,
            Kind::Kmalloc { addr, .. } => memory.kfree(addr)?,
            Kind::Cache { id, .. } => memory.cache_destroy(id)?,
            Kind::CacheObject { addr, .. } => memory.cache_free(addr)?,
            Kind::Pool { id, .. } => self.kernel.pools().destroy(memory, id)?,
            Kind::Element { word, pool, .. } => {
                if let Some(Kind::Pool { id, .. }) = self.objects.get(pool).map(|pool| &pool.kind) {
                    self.kernel.pools().free(memory, *id, word)?;
                }
            }
            Kind::Vmalloc { addr, .. } => map.vfree(memory, addr)?,
            Kind::Vmap { addr, .. } => map.vunmap(memory, addr)?,
            Kind::Ioremap { addr, .. } => map.iounmap(memory, addr)?,
            Kind::Kmap { pfn, .. } => map.kunmap(memory, pfn)?,
            Kind::KmapLocal { addr, .. } => map.kunmap_local(memory, addr)?,
            Kind::Mm { id, .. } => self.kernel.user().destroy(memory, id).map(|_| ())?,
            Kind::Mmap { mm, addr, bytes } => {
                if let Some(Kind::Mm { id, .. }) = self.objects.get(mm).map(|mm| &mm.kind) {
                    self.kernel.user().munmap(memory, *id, addr, bytes)?;
                }
            }
        }
        self.objects.free(id, by);
        Ok(())
    }

    pub(super) fn drain(&self) -> Answer {
        let given = self.kernel.drain();
        line(format!("drain: {} went back to the zones", counted(given, "page")))
    }

    pub(super) fn verify(&self) -> Answer {
        match self.kernel.verify() {
            Ok(()) => line("verify: all invariants hold"),
            Err(broken) => Err(Fault::new(Errno::EFAULT, broken.to_string())),
        }
    }

    pub(super) fn cat(&self, path: &str) -> Answer {
        let mut text = String::new();
        match Some(path).filter(|path| is_kernel_file(path)).and_then(|path| self.kernel.write_proc(path, &mut text)) {
            Some(Ok(())) => Ok(Said::Raw(text.into_bytes())),
            Some(Err(_)) => Err(Fault::new(Errno::ENOMEM, format!("{path} could not be written"))),
            None => {
                let help = match path.strip_prefix(SYSCTLS) {
                    Some(key) => return Err(self.no_sysctl(key, format!("{path}: no such file"))),
                    None => self.near_file(path),
                };
                Err(Fault::new(Errno::ENOENT, format!("{path}: no such file; {help}")))
            }
        }
    }
    fn near_file(&self, path: &str) -> String {
        let files: Vec<String> = self.kernel.proc_files().map(|file| [proc_path(file).0, file].concat()).collect();
        let names = || files.iter().map(|file| file.strip_prefix("/proc/").unwrap_or(file));
        match did_you_mean(path, files.iter().map(String::as_str)) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("in /proc there are {}, and sys/vm", names().collect::<Vec<_>>().join(" ")),
        }
    }

    pub(super) fn sysctl(&self, key: &str, value: Option<&str>) -> Answer {
        let fault = |error: SysctlError| match error {
            SysctlError::Unknown(name) => self.no_sysctl(name.as_str(), error.to_string()),
            SysctlError::ReadOnly(_) | SysctlError::WriteOnly(_) => Fault::new(Errno::EACCES, error.to_string()),
            SysctlError::NotANumber { .. } | SysctlError::OutOfRange { .. } => Fault::misuse(error.to_string()),
            SysctlError::Output => Fault::new(Errno::ENOMEM, error.to_string()),
        };
        if let Some(value) = value {
            self.kernel.write_sysctl(key, value).map_err(fault)?;
        }
        let mut text = String::new();
        match (self.kernel.sysctl(key, &mut text), value) {
            // What can only be written is done.
            (Err(SysctlError::WriteOnly(_)), Some(value)) => line(format!("{key} = {value}")),
            (Err(error), _) => Err(fault(error)),
            (Ok(()), _) => line(format!("{key} = {text}")),
        }
    }
    fn no_sysctl(&self, key: &str, what: String) -> Fault {
        let near = did_you_mean(key, self.kernel.sysctl_keys());
        let help = near.map_or(String::new(), |near| format!("; did you mean vm.{near}?"));
        Fault::new(Errno::ENOENT, format!("{what}{help}"))
    }
}
