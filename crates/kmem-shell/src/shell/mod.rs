//! The shell: runs what the parser understood, on one kernel.
//!
//! It holds what scripts take (`object`) under their names, asks the engine's checking functions before anything is
//! freed, and says what happened in one line a command.

mod area;
mod block;
mod bulk;
mod bytes;
mod context;
mod fail;
mod fault;
mod file;
mod held;
mod kvmalloc;
mod log;
mod look;
mod object;
mod operand;
mod places;
mod pool;
mod rcu;
mod reclaim;
mod repeat;
mod slab;
mod tell;
#[cfg(test)]
mod tests;
mod user;

pub use file::{FileReport, Style};

use crate::ast::{Command, Failing, FileCommand, Program, Statement};
use crate::device::Devices;
use crate::parse::{parse, Dialect, FileVerbs, Known};
use crate::syntax::SyntaxError;
use context::Atomic;
use fault::Fault;
use file::Files;
use kmem::Kernel;
use kmem_hosted::Hosted;
use object::{Objects, Value};
use places::Places;
use repeat::Condensed;
use slab::Kfree;
use std::io::{self, Write};

/// How a script ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// All of it ran.
    Done,
    /// A command failed that had no `-` before it: what follows it was not run.
    Failed,
    /// The module or the kernel died: what follows was not run.
    Aborted,
}

/// What a command says when it succeeds.
enum Said {
    /// One line.
    Line(String),
    /// A text as it is.
    Raw(Vec<u8>),
}

type Answer = Result<Said, Fault>;

fn line(text: impl Into<String>) -> Answer {
    Ok(Said::Line(text.into()))
}

/// A shell on one kernel.
///
/// # Examples
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let kernel: kmem::Kernel<kmem_hosted::Hosted> = panic!();
/// let mut shell = kmem_shell::Shell::new(&kernel);
/// let program = shell.parse("k = kmalloc 100 GFP_KERNEL; kfree k")?;
/// shell.run(&program, &mut std::io::stdout(), &mut std::io::stderr())?;
/// # Ok(())
/// # }
/// ```
pub struct Shell<'k> {
    kernel: &'k Kernel<Hosted>,
    objects: Objects,
    atomic: Atomic,
    files: Option<Files<'k>>,
    kernel_log: Option<Box<dyn FnMut() -> Vec<String> + 'k>>,
    /// What a long loop has shown so far.
    condensed: Option<Condensed>,
    warned_of_order: bool,
    places: Places,
    failing: Option<fail::Failures<'k>>,
}

impl<'k> Shell<'k> {
    /// Makes a shell that holds nothing.
    pub fn new(kernel: &'k Kernel<Hosted>) -> Self {
        Self {
            kernel,
            objects: Objects::default(),
            atomic: Atomic::default(),
            files: None,
            kernel_log: None,
            condensed: None,
            warned_of_order: false,
            places: Places::default(),
            failing: None,
        }
    }
    /// Says how to learn what the kernel has logged since the last call. The lines go to the notes, each where it
    /// belongs between the results.
    #[must_use]
    pub fn with_kernel_log(mut self, take: impl FnMut() -> Vec<String> + 'k) -> Self {
        self.kernel_log = Some(Box::new(take));
        self
    }
    /// Gives it the files of a module, and says how their commands report.
    #[must_use]
    pub fn with_devices(mut self, devices: &'k mut dyn Devices, style: Style) -> Self {
        self.files = Some(Files::new(devices, style));
        self
    }
    /// Parses a script for this shell's machine; the names that it holds are known.
    ///
    /// # Errors
    /// [`SyntaxError`].
    pub fn parse(&self, text: &str) -> Result<Program, SyntaxError> {
        let files = if self.files.is_some() { FileVerbs::Present } else { FileVerbs::Absent };
        parse(text, Dialect { profile: self.kernel.profile, files }, Known::names(&self.names()))
    }
    /// Returns the names that the shell knows.
    pub fn names(&self) -> Vec<String> {
        self.objects.names().chain(self.files.iter().flat_map(Files::handles)).cloned().collect()
    }
    /// Returns how many objects it holds.
    pub fn live_count(&self) -> usize {
        self.objects.live_count()
    }

    /// Runs a script: results to `out`, remarks to `notes`.
    ///
    /// # Errors
    /// When `out` or `notes` cannot be written to.
    pub fn run(&mut self, program: &Program, out: &mut dyn Write, notes: &mut dyn Write) -> io::Result<Ending> {
        if self.files.is_none() {
            self.places.name_frames();
        }
        self.statements(&program.statements, out, notes)
    }
    /// Ends the use of files: closes what is open, as the end of a process does, and in [`Style::Script`] prints the
    /// script's verdict. Says what came of it; nothing without devices.
    ///
    /// # Errors
    /// When `out` cannot be written to.
    pub fn finish_files(&mut self, out: &mut dyn Write) -> io::Result<FileReport> {
        self.files.as_mut().map_or(Ok(FileReport::default()), |files| files.finish(out))
    }

    fn statements(
        &mut self,
        statements: &[Statement],
        out: &mut dyn Write,
        notes: &mut dyn Write,
    ) -> io::Result<Ending> {
        for statement in statements {
            let frame = self.files.is_none().then(|| self.places.enter(statement));
            let ending = self.statement(statement, out, notes)?;
            drop(frame);
            if ending == Ending::Aborted || ending == Ending::Failed && statement.failing == Failing::Stops {
                return Ok(ending);
            }
        }
        Ok(Ending::Done)
    }

    fn statement(&mut self, statement: &Statement, out: &mut dyn Write, notes: &mut dyn Write) -> io::Result<Ending> {
        let said = match &statement.command {
            Command::For { .. } | Command::Random { .. } => return self.repeat(statement, out, notes),
            Command::FailEach { body } => return self.fail_each(body, out, notes),
            command if self.is_for_files(command) => {
                let Some(files) = &mut self.files else { return Ok(Ending::Done) };
                return files.run(command, statement.place.line, statement.failing, out, notes);
            }
            command => self.command(command, statement.target.as_deref()),
        };
        self.pass_kernel_log(out, notes)?;
        match said {
            Ok(Said::Line(line)) => self.show(&line, out)?,
            Ok(Said::Raw(text)) => out.write_all(&text)?,
            Err(fault) => {
                self.objects.assign(statement.target.as_deref(), Value::Null);
                self.show(&format!("error: {fault}"), out)?;
                let Some(panic) = fault.panic() else { return Ok(Ending::Failed) };
                out.flush()?;
                writeln!(notes, "{panic}")?;
                return Ok(Ending::Aborted);
            }
        }
        Ok(Ending::Done)
    }

    fn pass_kernel_log(&mut self, out: &mut dyn Write, notes: &mut dyn Write) -> io::Result<()> {
        let lines = self.kernel_log.as_mut().map_or(Vec::new(), |take| take());
        if !lines.is_empty() {
            out.flush()?;
        }
        log::abridged(lines).iter().try_for_each(|line| writeln!(notes, "{line}"))
    }

    /// True for what the files answer: their own commands, and those on a name that is no object.
    fn is_for_files(&self, command: &Command) -> bool {
        if self.files.is_none() {
            return false;
        }
        match command {
            Command::File(_) | Command::Echo { to: Some(_), .. } => true,
            Command::Cat { path } => !held::is_kernel_file(path),
            Command::Read { from: operand, .. } | Command::Write { to: operand, .. } => self.is_handle(operand),
            _ => false,
        }
    }

    fn command(&mut self, command: &Command, name: Option<&str>) -> Answer {
        self.may_sleep(command)?;
        match command {
            Command::AllocPages { order, gfp } => self.alloc_pages(name, *order, *gfp),
            Command::GetFreePages { order, gfp } => self.get_free_pages(name, *order, *gfp),
            Command::AllocPagesNode { node, order, gfp } => self.alloc_pages_node(name, *node, *order, *gfp),
            Command::AllocPagesBulk { count, gfp } => self.alloc_pages_bulk(name, *count, *gfp),
            Command::AllocPagesExact { size, gfp } => self.alloc_pages_exact(name, *size, *gfp),
            Command::FreePagesExact { object } => self.free_pages_exact(object),
            Command::SplitPage { pages } => self.split_page(pages),
            Command::GetPage { pages } => self.get_page(pages),
            Command::PutPage { pages } => self.put_page(pages),
            Command::FreePages { object, order } => self.free_pages(object, *order),
            Command::Kmalloc { size, gfp } => self.kmalloc(name, *size, *gfp),
            Command::Krealloc { object, size, gfp } => self.krealloc(name, object, *size, *gfp),
            Command::Kfree { object } => self.kfree_by(object, Kfree::Plain),
            Command::Ksize { object } => self.ksize(object),
            Command::CacheCreate { name: cache, size, align, flags } => {
                self.cache_create(name, cache, *size, *align, *flags)
            }
            Command::CacheAlloc { cache, gfp } => self.cache_alloc(name, cache, *gfp, None),
            Command::KmallocArray { count, size, gfp } => self.kmalloc_array(name, *count, *size, *gfp),
            Command::KmallocNode { size, gfp, node } => self.kmalloc_node(name, *size, *gfp, *node),
            Command::Kstrdup { text, gfp } => self.kstrdup(name, text, *gfp),
            Command::Kvmalloc { count, size, gfp } => self.kvmalloc(name, *count, *size, *gfp),
            Command::Kvrealloc { object, size, gfp } => self.kvrealloc(name, object, *size, *gfp),
            Command::Kvfree { object } => self.kvfree(object),
            Command::KfreeSensitive { object } => self.kfree_by(object, Kfree::Sensitive),
            Command::KfreeRcu { object } => self.kfree_rcu(object),
            Command::SynchronizeRcu => self.synchronize_rcu(),
            Command::RcuBarrier => self.rcu_barrier(),
            Command::CacheAllocNode { cache, gfp, node } => self.cache_alloc(name, cache, *gfp, Some(*node)),
            Command::CacheAllocBulk { cache, gfp, count } => self.cache_alloc_bulk(name, cache, *gfp, *count),
            Command::CacheFreeBulk { cache, objects } => self.cache_free_bulk(cache, objects),
            Command::PoolResize { pool, count } => self.pool_resize(pool, *count),
            Command::CacheFree { cache, object } => self.cache_free(cache, object),
            Command::CacheShrink { cache } => self.cache_shrink(cache),
            Command::CacheDestroy { cache } => self.cache_destroy(cache),
            Command::PoolCreate { count, of } => self.pool_create(name, *count, of),
            Command::PoolAlloc { pool, gfp } => self.pool_alloc(name, pool, *gfp),
            Command::PoolFree { pool, element } => self.pool_free(pool, element),
            Command::PoolDestroy { pool } => self.pool_destroy(pool),
            Command::Vmalloc { size } => self.vmalloc(name, *size),
            Command::Vfree { object } => self.vfree(object),
            Command::Vmap { objects } => self.vmap(name, objects),
            Command::Vunmap { object } => self.vunmap(object),
            Command::Ioremap { phys, size } => self.ioremap(name, *phys, *size),
            Command::Iounmap { object } => self.iounmap(object),
            Command::Kmap { pages } => self.kmap(name, pages),
            Command::Kunmap { pages } => self.kunmap(pages),
            Command::KmapLocal { pages } => self.kmap_local(name, pages),
            Command::KunmapLocal { object } => self.kunmap_local(object),
            Command::MmCreate { comm, oom_score_adj } => self.mm_create(name, comm, *oom_score_adj),
            Command::Mmap { mm, size, at, access } => self.mmap(name, mm, *size, *at, *access),
            Command::Brk { mm, to } => self.brk(mm, *to),
            Command::Touch { mm, at, size } => self.touch(mm, at, *size),
            Command::Munmap { mm, at, size } => self.munmap(mm, at, *size),
            Command::MmDestroy { mm } => self.mm_destroy(mm),
            Command::FileOpen { name: file } => self.file_open(name, file),
            Command::FileRead { file, size, offset } => self.file_read(file, *size, *offset),
            Command::FileWrite { file, size, offset } => self.file_write(file, *size, *offset),
            Command::FileClose { file } => self.file_close(file),
            Command::Sync => self.sync(),
            Command::Kswapd { node } => self.kswapd(*node),
            Command::Reclaim => self.reclaim(),
            Command::Compact => self.compact(),
            Command::Context(context) => self.change_context(*context),
            Command::Read { from, count } => self.read(from, *count),
            Command::Write { to, data } => self.write(to, data),
            Command::VirtToPhys { object } => self.virt_to_phys(object),
            Command::PhysToVirt { phys } => self.phys_to_virt(*phys),
            Command::PageOf { object } => self.page_of(object),
            Command::Vtop { object } => self.vtop(object),
            Command::Cat { path } => self.cat(path),
            Command::Echo { text, .. } => Ok(Said::Raw(text.clone())),
            Command::Sysctl { key, value } => self.sysctl(key, value.as_deref()),
            Command::Drain => self.drain(),
            Command::Verify => self.verify(),
            Command::Validate { cache } => self.validate(cache.as_deref()),
            Command::Live => self.live(),
            Command::FreeAll => self.free_all(),
            Command::FreeEvery { nth, name } => self.free_every(*nth, name),
            Command::Fail(fail) => self.fail(*fail),
            Command::Help { verb } => tell::help(verb.as_deref()),
            Command::File(FileCommand::WriteOnce { path, .. }) => Err(Fault::misuse(format!("{path}: no such file"))),
            // The parser refuses these without files, and the caller has answered them with files and loops.
            Command::File(_) | Command::For { .. } | Command::Random { .. } | Command::FailEach { .. } => {
                Err(Fault::misuse("there is no module here"))
            }
        }
    }
}
