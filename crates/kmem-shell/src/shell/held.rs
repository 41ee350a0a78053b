//! What the shell holds, and the kernel as a whole: `live`, `free_all`, `drain`, `verify`, `validate`, `cat`, `sysctl`.

use super::fault::Fault;
use super::object::{Id, Kind, Object, Value};
use super::{line, Answer, Said, Shell};
use crate::ast::{Base, Operand};
use crate::errno::Errno;
use crate::show::count as counted;
use crate::syntax::did_you_mean;
use kmem::kernel::{proc_path, SysctlError};
use kmem::slab::CacheId;
use kmem::units::PAGE_SIZE;
use kmem::Kernel;
use kmem_hosted::Hosted;
use std::borrow::Cow;
use std::fmt::Write;

/// What gave back everything.
pub(super) const FREE_ALL: &str = "free_all";
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
            let what = match object.kind {
                Kind::Pool { id, of, .. } => self.pool_text(id, of),
                ref kind => kind.to_string(),
            };
            // Writing to a string cannot fail.
            let _ = write!(text, "\n  {} = {what} ({})", self.objects.called(id), object.kind.noun());
        }
        line(text)
    }

    /// Frees everything, the newest first: what is made of something goes before it.
    pub(super) fn free_all(&mut self) -> Answer {
        let summary = self.objects.summary(self.resident_bytes());
        if self.kernel.rcu_depth() == 0 {
            self.kernel.rcu_barrier()?;
        }
        let all: Vec<Id> = self.objects.live().rev().map(|(id, _)| id).collect();
        let mut damaged = 0;
        for id in all {
            let called = self.objects.called(id);
            // What was written around is reported, put right, and then freed with the rest.
            let again = self.is_damaged(id);
            damaged += u64::from(again);
            let given = if again {
                self.give_back(id, FREE_ALL).or_else(|_| self.give_back(id, FREE_ALL))
            } else {
                self.give_back(id, FREE_ALL)
            };
            given.map_err(|fault| fault.of(called))?;
        }
        if damaged > 0 {
            let what = format!("{summary} freed, {} of them damaged, see the kernel log", counted(damaged, "object"));
            return Err(Fault::new(Errno::EFAULT, what).of("free_all"));
        }
        line(format!("free_all: {summary} freed"))
    }

    /// Frees what came since, the newest first.
    pub(super) fn free_since(&mut self, before: &[Id]) -> Result<(), Fault> {
        let new: Vec<Id> = self.objects.live().rev().map(|(id, _)| id).filter(|id| !before.contains(id)).collect();
        new.into_iter().try_for_each(|id| self.give_back(id, "fail each"))
    }

    /// Frees every Nth of the live objects that were taken under a name, in the order in which they were.
    pub(super) fn free_every(&mut self, nth: u64, operand: &Operand) -> Answer {
        let Base::Name(name) = &operand.base else { return Err(Fault::misuse(format!("{operand} is no name"))) };
        let of_it = |object: &Object| object.name.as_ref() == Some(name);
        let all: Vec<Id> = self.objects.live().filter(|(_, object)| of_it(object)).map(|(id, _)| id).collect();
        let mut freed = 0;
        for &id in all.iter().skip(nth as usize - 1).step_by(nth as usize) {
            self.must_be_unused(id, operand)?;
            let by = self.objects.get(id).map_or("free_every", |object| object.kind.freed_by());
            self.give_back(id, by).map_err(|fault| fault.of(format!("free_every {operand}")))?;
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

    /// The engine's number of a cache.
    fn cache_of(&self, id: Id) -> Result<CacheId, Fault> {
        match self.objects.get(id).map(|object| &object.kind) {
            Some(Kind::Cache { id, .. }) => Ok(*id),
            _ => Err(Fault::misuse("the cache is gone")),
        }
    }
    fn give_back(&mut self, id: Id, by: &'static str) -> Result<(), Fault> {
        let Some(kind) = self.objects.get(id).map(|object| object.kind.clone()) else { return Ok(()) };
        let (memory, map) = (self.kernel.memory(), &self.kernel.map());
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
            Kind::CacheObject { addr, cache, .. } => memory.cache_free_to(self.cache_of(cache)?, addr)?,
            Kind::Bulk { objects, cache, .. } => memory.cache_free_bulk_to(self.cache_of(cache)?, &objects)?,
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

    /// True for an object of a debugged cache that has been written around.
    fn is_damaged(&self, id: Id) -> bool {
        let at = self
            .objects
            .get(id)
            .filter(|object| matches!(object.kind, Kind::CacheObject { .. } | Kind::Kmalloc { .. }));
        let phys = at.and_then(|object| self.kernel.virt_to_phys(object.kind.addr()?));
        phys.is_some_and(|phys| self.kernel.slab().is_damaged(self.kernel.pages(), phys))
    }
    pub(super) fn validate(&self, cache: Option<&str>) -> Answer {
        let named = |name: &str| match self.objects.value(name) {
            Some(Value::Object(id)) => match self.objects.get(id).map(|object| &object.kind) {
                Some(Kind::Cache { id, .. }) => Some(*id),
                _ => None,
            },
            _ => self.kernel.slab().by_name(name).map(|info| info.id),
        };
        let caches = match cache {
            Some(name) => vec![named(name).ok_or_else(|| Fault::misuse(format!("{name} is no cache")))?],
            None => self.kernel.slab().infos().map(|info| info.id).collect(),
        };
        if self.has_slob() {
            let why = "this kernel has SLOB, which keeps nothing to check objects by";
            return Err(Fault::new(Errno::ENOENT, why).of("validate"));
        }
        let mut wrong = 0;
        for id in &caches {
            wrong += self.kernel.validate_slab(*id)?;
        }
        let what = cache.map_or_else(|| counted(caches.len() as u64, "cache"), str::to_owned);
        if wrong > 0 {
            let why = format!("{what}: {} damaged, see the kernel log; put right", counted(wrong, "object"));
            return Err(Fault::new(Errno::EFAULT, why).of("validate"));
        }
        line(format!("validate: {what}: nothing is damaged"))
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
            Some(Ok(())) => {
                let shown = self.files.as_ref().map_or(Cow::Borrowed(&*text), |files| files.as_shown(&text));
                Ok(Said::Raw(shown.into_owned().into_bytes()))
            }
            Some(Err(_)) => Err(Fault::new(Errno::ENOMEM, format!("{path} could not be written"))),
            None => {
                let is_slabs = path == "/proc/slabinfo" || path.starts_with("/sys/kernel/slab/");
                let help = match path.strip_prefix(SYSCTLS) {
                    _ if is_slabs && self.has_slob() => {
                        "this kernel has SLOB, which has no slabs to tell of".to_owned()
                    }
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
