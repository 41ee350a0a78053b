//! A run from start to end: compile, boot's image, load, init, drive, exit, judge.

use crate::checks::Check;
use crate::compile::{CompileError, Era, Object, Sources, Workspace};
use crate::exec::{ExecError, Executor};
use crate::fail::{Failed as FailedAllocation, Failing, Failures};
use crate::finding::Finding;
use crate::host::{PoolIdle, EXPORTS};
use crate::kasan::Kasan;
pub use crate::kunit::KunitCounts;
use crate::load::{self, Image, LoadError, ObjectFile};
use crate::log::{Log, Sink};
use crate::place::Moved;
use crate::session::{Parts, Session, STACK_BYTES, STACK_SPARE};
use crate::user_buffer::UserBuffer;
use crate::watch::Watch;
use kmem::error::Name;
use kmem::gfp::Gfp;
use kmem::units::{align_down, align_up, PhysRange, PAGE_SIZE};
use kmem::{AllocError, Kernel, VirtAddr};
use kmem_hosted::{HostError, Hosted};
use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

/// Who names one of these knows where the page tables are.
const ROOTS: [&str; 2] = ["init_mm", "kmem_host_pgd"];

/// Why a run did not come about.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The sources did not become objects.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The objects did not become an image.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A parameter that no module has, or with a value that does not fit.
    #[error("{0}")]
    Param(String),
    /// This host does not run 32-bit code.
    #[error(transparent)]
    Exec(#[from] ExecError),
    /// The host refused something.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The checks of every access need a place of their own.
    #[error("no room below 4 GiB for the shadow of the machine's memory ({0}); `--check -kasan` runs without it")]
    NoShadow(io::Error),
    /// The machine is too small for the modules.
    #[error("the machine has no memory for the modules: {0}; give it more with --ram")]
    Memory(AllocError),
}

impl From<AllocError> for RunError {
    fn from(error: AllocError) -> Self {
        Self::Memory(error)
    }
}

/// The lines of the kernel's own log, as the machine hands them out.
pub type KernelLines = Arc<Mutex<Vec<String>>>;

/// How a run went.
#[derive(Debug)]
pub struct Outcome {
    /// What was found, in order.
    pub findings: Vec<Finding>,
    /// Modules that were loaded.
    pub modules: usize,
    /// Allocations that were made.
    pub allocations: u64,
    /// Allocations that are live at the end.
    pub live: u64,
    /// What each pool kept in reserve when it went.
    pub pools: Vec<PoolIdle>,
    /// What the first init that failed returned, and whose it was.
    pub init_error: Option<(String, i32)>,
    /// Allocations that the modules asked for and that could have failed; `None` when nobody counted.
    pub asked: Option<u64>,
    /// Those that were made to fail.
    pub failed: Vec<FailedAllocation>,
    /// What of the image ran, if that was asked for.
    pub blocks: Option<Vec<u32>>,
    /// How the modules' KUnit cases went.
    pub kunit: KunitCounts,
}

/// One loaded module.
struct Module {
    name: String,
    init: Option<u32>,
    exit: Option<u32>,
    is_up: bool,
}

impl Module {
    fn init(&self) -> (Option<u32>, String) {
        (self.init, self.name.clone())
    }
}

/// Modules on a machine, ready to be driven.
pub struct Run {
    session: Rc<Session>,
    modules: Vec<Module>,
    init_error: Option<(String, i32)>,
}

/// An errno, positive; or the end of the module.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failed {
    /// The kernel's answer.
    Errno(i32),
    /// The module died on the way.
    Died,
}

impl Run {
    /// Compiles and loads the sources into a booted machine. `sink` gets the lines of the kernel log.
    ///
    /// # Errors
    /// [`RunError`]; nothing was run then.
    pub fn new(
        kernel: Kernel<Hosted>,
        kernel_lines: KernelLines,
        workspace: &Workspace,
        sources: &Sources,
        era: Era,
        sink: Sink,
    ) -> Result<Self, RunError> {
        if kernel.profile.word_bytes == 4 {
            Executor::probe()?;
        }
        let kasan = sources.checks.has(Check::Kasan).then(|| checker(&kernel)).transpose()?;
        let shadow = kasan.as_ref().map(Kasan::offset);
        let (runtime, objects) = workspace.compile(sources, era, &kernel, shadow)?;
        if sources.fail == Failing::Each {
            workspace.leave_ready(&runtime, shadow)?;
        }
        let place = ImagePlace::new(&kernel)?;
        let exports = EXPORTS.len() as u32;
        // SAFETY: The code is what the user asked to run; this process is position independent and holds nothing of its
        // own below 4 GiB.
        let exec = unsafe { Executor::new(kernel.machine(), place.stubs, exports, kernel.profile.word_bytes) }?;
        overlay_mem_map(&kernel)?;
        // THREAD_SIZE: two pages on 32-bit machines, four on 64-bit ones.
        let stack_bytes = sources.stack_bytes.unwrap_or(STACK_BYTES * (kernel.profile.word_bytes / 4));
        let stack_bytes = stack_bytes + if kasan.is_some() { stack_bytes / STACK_SPARE } else { 0 };
        let name = Name::new("alloc_thread_stack_node");
        let stack = kernel.map().vmalloc(kernel.memory(), stack_bytes.into(), Gfp::KERNEL, name)?;
        // It ends right before the guard page below it, whatever its size.
        let stack_top = (stack.raw() + u64::from(stack_bytes)) as u32;

        let host = |name: &str| {
            let index = EXPORTS.iter().position(|(export, _)| *export == name)?;
            Some(exec.export(index as u32))
        };
        let runtime = load_runtime(&kernel, &place, &runtime, &objects, &host)?;
        let walks_tables = Cell::new(false);
        let modules = load_modules(&kernel, &objects, &|name| {
            walks_tables.set(walks_tables.get() || ROOTS.contains(&name));
            runtime.global(name).or_else(|| host(name))
        })?;
        if let Some(kasan) = &kasan {
            if walks_tables.get() {
                kasan.shows_tables();
            }
            for image in [&runtime, &modules] {
                kasan.allow(image.base(), image.contents().len() as u32);
            }
            kasan.allow(stack.raw() as u32, stack_bytes);
        }
        let loaded = objects
            .iter()
            .enumerate()
            .map(|(index, object)| Module {
                name: object.name.clone(),
                init: modules.symbol(index, "init_module"),
                exit: modules.symbol(index, "cleanup_module"),
                is_up: false,
            })
            .collect();
        let profile = kernel.profile;
        let session = Rc::new(Session::new(Parts {
            gfp: era.gfp(&kernel),
            kernel,
            exec,
            log: Log::new(sink, era == Era::Old).of_moved(Moved::of(profile)),
            moved: Moved::of(profile),
            era,
            own_code: workspace.own_code(),
            names: objects.iter().map(|object| object.name.clone()).collect(),
            runtime,
            modules,
            kernel_lines: Arc::clone(&kernel_lines),
            stack_top,
            stack_bytes,
            checks: sources.checks,
            kasan,
            failures: Failures::new(sources.fail.clone()),
            watch: Watch::new(sources.timeout)?,
        }));
        if let Ok(mut lines) = kernel_lines.lock() {
            lines.clear();
        }
        Session::make_current(&session);
        let run = Self { session, modules: loaded, init_error: None };
        if sources.coverage {
            run.session.watch_lines()?;
        }
        run.call("kmem_rt_init", &[]);
        for constructor in run.session.constructors() {
            run.enter(constructor, &[]);
        }
        Ok(run)
    }

    /// Returns the session: machine, ledger, findings.
    pub fn session(&self) -> Rc<Session> {
        Rc::clone(&self.session)
    }

    /// From now on the lines of the log begin with the machine's time.
    pub fn stamp_lines(&self) {
        let session = Rc::downgrade(&self.session);
        let clock = move || session.upgrade().map_or(0, |session| session.clock_ns());
        self.session.log.stamp_with(Box::new(clock));
    }
    /// Sets a module parameter, given as `[MODULE.]NAME=VALUE`.
    ///
    /// # Errors
    /// [`RunError::Param`] when no module has it or the value does not fit.
    pub fn set_param(&self, text: &str) -> Result<(), RunError> {
        let bad = |why: String| RunError::Param(format!("--param {text}: {why}"));
        let (name, value) = text.split_once('=').ok_or_else(|| bad("want NAME=VALUE".into()))?;
        let (module, name) = name.split_once('.').map_or((None, name), |(module, name)| (Some(module), name));
        let mut known = Vec::new();
        let mut found = false;
        for param in self.session.params() {
            if module.is_some_and(|module| module != param.module) {
                continue;
            }
            if param.name != name {
                known.push(param.name);
                continue;
            }
            found = true;
            let buffer = self.session.new_string(value).ok_or(RunError::Memory(AllocError::NoSlot))?;
            let result = self.session.enter(param.set, &[buffer, param.at]);
            // A charp keeps pointing to it; it is the kernel's, not the module's.
            match result.map(|result| result as i32) {
                Some(0) => {}
                Some(error) => {
                    return Err(bad(format!("the module refuses the value {value} ({})", errno_name(error))))
                }
                None => return Err(bad("setting it ended the module".into())),
            }
        }
        if found {
            return Ok(());
        }
        known.sort();
        known.dedup();
        let list = if known.is_empty() { "there is none".into() } else { format!("there are: {}", known.join(", ")) };
        Err(bad(format!("no module has a parameter of this name; {list}")))
    }

    /// Runs the inits in order. Stops at the first that fails.
    pub fn init(&mut self) {
        for index in 0..self.modules.len() {
            if self.insmod(index).is_err() {
                break;
            }
        }
    }
    /// True when an init returned an error.
    pub fn init_failed(&self) -> bool {
        self.init_error.is_some()
    }
    fn insmod(&mut self, index: usize) -> Result<(), Failed> {
        let Some((init, name)) = self.modules.get(index).filter(|module| !module.is_up).map(Module::init) else {
            return Err(Failed::Errno(17));
        };
        let for_good = self.modules[index].exit.is_none().then(|| self.session.before_for_good());
        let result = init.map_or(Some(0), |init| self.call_hook(init));
        match result.map(|result| result as i32) {
            None => return Err(Failed::Died),
            Some(error) if error < 0 => {
                self.init_error.get_or_insert((name, error));
                return Err(Failed::Errno(-error));
            }
            Some(_) => {}
        }
        if let Some(before) = &for_good {
            self.session.keep_for_good(before);
        }
        self.modules[index].is_up = true;
        self.run_kunit(index)
    }
    /// Runs a module's KUnit suites, as a kernel does when a module is live.
    fn run_kunit(&self, index: usize) -> Result<(), Failed> {
        let (early, early_count) = self.session.table(index, ".kunit_init_test_suites");
        let (suites, count) = self.session.table(index, ".kunit_test_suites");
        if early_count + count == 0 {
            return Ok(());
        }
        let Some(name) = self.session.new_string(&self.modules[index].name) else { return Err(Failed::Errno(12)) };
        let ran = self.call("kmem_kunit_run", &[early, early_count, suites, count, name]);
        let idle = self.call("kmem_rt_idle", &[]);
        self.session.free_string(name);
        ran.and(idle).map(|_| ()).ok_or(Failed::Died)
    }
    fn rmmod(&mut self, index: usize) -> Result<(), Failed> {
        let Some(module) = self.modules.get_mut(index).filter(|module| module.is_up) else {
            return Err(Failed::Errno(2));
        };
        module.is_up = false;
        let exit = module.exit;
        let Some(_) = exit.map_or(Some(0), |exit| self.enter(exit, &[])) else { return Err(Failed::Died) };
        self.session.judge_active(index, self.modules.iter().all(|module| !module.is_up));
        // A driver that was left behind has been reported; what it holds of its devices is not one more fault.
        let _ = self.call("kmem_drop_drivers", &[]);
        self.call("kmem_rt_idle", &[]).map(|_| ()).ok_or(Failed::Died)
    }
    /// Calls an init or exit and lets what it has set in motion come to rest.
    fn call_hook(&self, function: u32) -> Option<u64> {
        let result = self.enter(function, &[])?;
        self.call("kmem_rt_idle", &[])?;
        Some(result)
    }
    /// Loads a module that was unloaded, by name.
    ///
    /// # Errors
    /// ENOENT, EEXIST, what its init returns, or its death.
    pub fn insmod_by_name(&mut self, name: &str) -> Result<(), Failed> {
        let index = self.index_of(name)?;
        self.insmod(index)
    }
    /// Unloads a module by name.
    ///
    /// # Errors
    /// ENOENT, or its death.
    pub fn rmmod_by_name(&mut self, name: &str) -> Result<(), Failed> {
        let index = self.index_of(name)?;
        self.rmmod(index)
    }
    /// Returns the name of the module that was loaded last.
    pub fn last_module(&self) -> Option<String> {
        self.modules.last().map(|module| module.name.clone())
    }
    fn index_of(&self, name: &str) -> Result<usize, Failed> {
        let name = name.rsplit('/').next().unwrap_or(name);
        let name = name.trim_end_matches(".ko").trim_end_matches(".c").replace('-', "_");
        self.modules.iter().position(|module| module.name == name).ok_or(Failed::Errno(2))
    }

    /// Opens a node; returns its handle.
    ///
    /// # Errors
    /// The driver's answer, or its death.
    pub fn open(&self, node: &str, flags: u32) -> Result<i32, Failed> {
        let Some(path) = self.session.new_string(node) else { return Err(Failed::Errno(12)) };
        let result = self.call("kmem_fs_open", &[path, flags]);
        self.session.free_string(path);
        answer(result).map(|handle| handle as i32)
    }
    /// Reads up to `count` bytes.
    ///
    /// # Errors
    /// The driver's answer, or its death.
    pub fn read(&self, handle: i32, count: u32) -> Result<Vec<u8>, Failed> {
        let buffer = self.buffer(count)?;
        let result = self.operate(Moves::Bytes, "kmem_fs_read", &[handle as u32, buffer.addr(), count]);
        let bytes = result.map(|got| self.session.read_bytes(buffer.addr(), (got as u32).min(count)));
        buffer.free(&self.session.kernel);
        bytes
    }
    /// Writes bytes; returns how many were taken.
    ///
    /// # Errors
    /// The driver's answer, or its death.
    pub fn write(&self, handle: i32, bytes: &[u8]) -> Result<u32, Failed> {
        let buffer = self.buffer(bytes.len() as u32)?;
        self.session.write_bytes(buffer.addr(), bytes);
        let result = self.operate(Moves::Bytes, "kmem_fs_write", &[handle as u32, buffer.addr(), bytes.len() as u32]);
        buffer.free(&self.session.kernel);
        result.map(|taken| taken as u32)
    }
    /// Moves the file position.
    ///
    /// # Errors
    /// The driver's answer, or its death.
    pub fn lseek(&self, handle: i32, offset: i64, whence: u32) -> Result<i64, Failed> {
        let (low, high) = (offset as u32, (offset >> 32) as u32);
        let result = self.call("kmem_fs_lseek", &[handle as u32, low, high, whence]).ok_or(Failed::Died)? as i64;
        if result < 0 {
            Err(Failed::Errno(-result as i32))
        } else {
            Ok(result)
        }
    }
    /// Sends an ioctl with a plain number.
    ///
    /// # Errors
    /// The driver's answer, or its death.
    pub fn ioctl(&self, handle: i32, command: u32, argument: u32) -> Result<i32, Failed> {
        let result = self.operate(Moves::Anything, "kmem_fs_ioctl", &[handle as u32, command, argument]);
        result.map(|result| result as i32)
    }
    /// Closes a handle.
    ///
    /// # Errors
    /// The driver's answer, or its death.
    pub fn close(&self, handle: i32) -> Result<(), Failed> {
        answer(self.call("kmem_fs_close", &[handle as u32])).map(|_| ())
    }
    fn buffer(&self, bytes: u32) -> Result<UserBuffer, Failed> {
        UserBuffer::new(&self.session.kernel, bytes.into()).map_err(|_| Failed::Errno(12))
    }
    pub(crate) fn call_runtime(&self, function: &str, args: &[u32]) -> Option<u64> {
        self.call(function, args)
    }
    /// Lets time pass.
    ///
    /// # Errors
    /// The death of a module by what the time brought.
    pub fn sleep(&self, nanoseconds: u64) -> Result<(), Failed> {
        let (low, high) = (nanoseconds as u32, (nanoseconds >> 32) as u32);
        self.call("kmem_rt_sleep", &[low, high]).map(|_| ()).ok_or(Failed::Died)
    }
    /// Does an operation on a file, and checks that its answer fits what was copied.
    fn operate(&self, moves: Moves, function: &str, args: &[u32]) -> Result<u64, Failed> {
        self.session.operation_begins();
        let result = answer(self.call(function, args));
        if let Ok(value) = result {
            self.session.operation_succeeded((moves == Moves::Bytes).then_some(value));
        }
        result
    }
    /// Calls a function of the runtime.
    fn call(&self, function: &str, args: &[u32]) -> Option<u64> {
        self.enter(self.session.runtime_symbol(function)?, args)
    }
    fn enter(&self, function: u32, args: &[u32]) -> Option<u64> {
        let result = self.session.enter(function, args);
        self.session.check_balance(function);
        self.session.settle();
        result
    }

    /// Runs the exits in reverse, judges what is left, and returns how it went.
    pub fn finish(mut self) -> Outcome {
        for index in (0..self.modules.len()).rev() {
            if self.modules[index].is_up {
                // A death is a finding already.
                let _ = self.rmmod(index);
            }
        }
        self.session.note_pools();
        self.session.judge();
        self.session.judge_registered();
        Session::clear_current();
        let kunit = self.session.kunit_counts();
        let tracker = self.session.tracker.borrow();
        let outcome = Outcome {
            kunit,
            modules: self.modules.len(),
            allocations: tracker.count(),
            live: tracker.live_count(),
            pools: self.session.idle.take(),
            init_error: self.init_error.take(),
            findings: self.session.findings.take(),
            asked: self.session.failures.asked(),
            failed: self.session.failures.take(),
            blocks: self.session.blocks_that_ran(),
        };
        drop(tracker);
        outcome
    }
}

/// What the answer of an operation counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Moves {
    Bytes,
    Anything,
}

/// A result of the kernel's kind: negative numbers are errors.
fn answer(result: Option<u64>) -> Result<u64, Failed> {
    match result.map(|result| result as i32) {
        None => Err(Failed::Died),
        Some(error) if error < 0 => Err(Failed::Errno(-error)),
        Some(value) => Ok(value as u64),
    }
}

/// Makes the checker of every access.
fn checker(kernel: &Kernel<Hosted>) -> Result<Kasan, RunError> {
    let base = kernel.machine().segment_base().ok_or(ExecError::OutOfReach)?;
    let is_wide = kernel.profile.word_bytes == 8;
    Kasan::new(base, is_wide, kernel.total_pages() * PAGE_SIZE).map_err(RunError::NoShadow)
}

/// Where the parts of the kernel image lie: all inside what boot has reserved for it.
struct ImagePlace {
    stubs: PhysRange,
    rest: PhysRange,
}

impl ImagePlace {
    /// The largest piece of the image that boot does not give back.
    fn new(kernel: &Kernel<Hosted>) -> Result<Self, RunError> {
        let image = &kernel.profile.image;
        let (first, end) = (align_up(image.start, PAGE_SIZE), image.end.min(kernel.plan().layout.low.end.raw()));
        let freed = image.freed_early.iter().chain(image.freed_late);
        let mut cuts: Vec<(u64, u64)> = freed.copied().collect();
        // On small machines the engine's entries lie in there, because the kernel's own would take less.
        let entries = kernel.mem_map();
        cuts.push((entries.start.raw().clamp(first, end), entries.end.raw().clamp(first, end)));
        cuts.sort_unstable();
        cuts.push((end, end));
        let mut start = first;
        let mut best = PhysRange::default();
        for (from, to) in cuts {
            let piece = PhysRange::new(start, align_down(from.max(start), PAGE_SIZE));
            if piece.bytes() > best.bytes() {
                best = piece;
            }
            start = align_up(to, PAGE_SIZE).max(start);
        }
        let stubs = Executor::text_bytes(EXPORTS.len() as u32);
        if best.bytes() < stubs + PAGE_SIZE {
            return Err(RunError::Memory(AllocError::TooLarge { bytes: stubs, limit: best.bytes() }));
        }
        let split = best.start.raw() + stubs;
        Ok(Self { stubs: PhysRange::new(best.start.raw(), split), rest: PhysRange::new(split, best.end.raw()) })
    }
}

/// Shows C its own `struct page` array where the engine keeps its entries.
fn overlay_mem_map(kernel: &Kernel<Hosted>) -> Result<(), RunError> {
    let range = kernel.mem_map();
    let bytes = align_up(kernel.plan().mem_map_bytes, PAGE_SIZE).min(range.bytes());
    kernel.machine().overlay(PhysRange::new(range.start.raw(), range.start.raw() + (bytes & !(PAGE_SIZE - 1))))?;
    Ok(())
}

fn object_file(object: &Object) -> ObjectFile {
    ObjectFile { name: object.source.display().to_string(), bytes: object.bytes.clone().into() }
}

/// How the names of the runtime begin that the host uses itself.
const HOST_USES: &[&str] = &[
    "kmem_rt_",
    "kmem_fs_",
    "kmem_preempt_count",
    "kmem_irqs_disabled",
    "kmem_seed",
    "kmem_now_ns",
    "kmem_depth",
    "kmem_level",
    "no_hash_pointers",
];

/// Loads the runtime into the kernel image, behind the stubs.
fn load_runtime(
    kernel: &Kernel<Hosted>,
    place: &ImagePlace,
    runtime: &Object,
    modules: &[Object],
    host: &dyn Fn(&str) -> Option<u32>,
) -> Result<Image, RunError> {
    let mut plan = load::Plan::new([object_file(runtime)])?;
    if u64::from(plan.bytes()) > place.rest.bytes() {
        // A small machine has a small kernel: without what these modules do not use.
        let used = load::undefined(modules.iter().map(object_file))?;
        let is_wanted = |name: &str| used.contains(name) || HOST_USES.iter().any(|start| name.starts_with(start));
        plan = load::Plan::trimmed(object_file(runtime), &is_wanted)?;
    }
    let at = kernel.phys_to_virt(place.rest.start);
    let fits = u64::from(plan.bytes()) <= place.rest.bytes();
    let base =
        at.filter(|_| fits).ok_or(AllocError::TooLarge { bytes: plan.bytes().into(), limit: place.rest.bytes() })?;
    let image = plan.link(base.raw() as u32, host)?;
    write_image(kernel, &image)?;
    for segment in image.segments().iter().filter(|segment| segment.kind == load::SegmentKind::Text) {
        let start = place.rest.start.raw() + u64::from(segment.offset);
        kernel.machine().protect_text(PhysRange::new(start, start + u64::from(segment.bytes)))?;
    }
    Ok(image)
}

/// Loads the modules into module memory.
fn load_modules(
    kernel: &Kernel<Hosted>,
    objects: &[Object],
    exports: &dyn Fn(&str) -> Option<u32>,
) -> Result<Image, RunError> {
    let plan = load::Plan::for_cpus(objects.iter().map(object_file), kernel.plan().cpus)?;
    let bytes = u64::from(plan.bytes()).max(PAGE_SIZE);
    let base = kernel.map().module_alloc(kernel.memory(), bytes, Name::new("load_module"))?;
    let image = plan.link(base.raw() as u32, exports)?;
    write_image(kernel, &image)?;
    Ok(image)
}

fn write_image(kernel: &Kernel<Hosted>, image: &Image) -> Result<(), RunError> {
    let base = VirtAddr::new(image.base().into());
    kernel.machine().write(base, image.contents()).map_err(|_| RunError::Memory(AllocError::NoSlot))
}

/// Returns the name of a negative errno, or the number.
pub fn errno_name(error: i32) -> String {
    const NAMES: &[(i32, &str)] = &[
        (1, "EPERM"),
        (2, "ENOENT"),
        (4, "EINTR"),
        (5, "EIO"),
        (6, "ENXIO"),
        (7, "E2BIG"),
        (9, "EBADF"),
        (11, "EAGAIN"),
        (12, "ENOMEM"),
        (13, "EACCES"),
        (14, "EFAULT"),
        (16, "EBUSY"),
        (17, "EEXIST"),
        (19, "ENODEV"),
        (22, "EINVAL"),
        (25, "ENOTTY"),
        (27, "EFBIG"),
        (28, "ENOSPC"),
        (29, "ESPIPE"),
        (34, "ERANGE"),
        (38, "ENOSYS"),
        (95, "EOPNOTSUPP"),
    ];
    NAMES.iter().find(|(number, _)| *number == -error).map_or_else(|| error.to_string(), |(_, name)| (*name).to_owned())
}
