//! One run: a booted machine, the module image in it, the checker's ledger, the log.
//!
//! Host functions get a `&Session` and may be entered again while one is running (a constructor that calls kmalloc), so
//! everything that changes sits in cells, and no borrow is held across a call into the module.

use crate::api::Api;
use crate::checks::Checks;
use crate::coverage::Lines;
use crate::exec::{Call, Executor, Fault, Host};
use crate::fail::Failures;
use crate::fake_device::FakeDevice;
use crate::finding::{Finding, FindingKind, Place};
use crate::holds::Holds;
use crate::host::percpu::Chunk;
use crate::host::{self, PoolIdle};
use crate::kasan::Kasan;
use crate::load::Image;
use crate::log::Log;
use crate::place::Moved;
use crate::run::KernelLines;
use crate::symbols::Symbolizer;
use crate::tasks::Tasks;
use crate::tracker::{Allocation, Chain, Kind, Space, Tracker};
use crate::unchecked::Copies;
use crate::watch::Watch;
use kmem::error::Name;
use kmem::gfp::{Gfp, GfpEncoding};
use kmem::pool::PoolId;
use kmem::slab::kmalloc::KmallocInfo;
use kmem::slab::CacheId;
use kmem::{Kernel, Misuse, Pfn, VirtAddr};
use kmem_hosted::Hosted;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::PathBuf;
use std::rc::Rc;

/// A cache that a module made.
#[derive(Clone, Debug)]
pub struct CacheRecord {
    /// The engine's number.
    pub id: CacheId,
    /// Its name.
    pub name: String,
    /// Bytes of an object, as the module asked for.
    pub size: u32,
    /// Made with `SLAB_PANIC`, as caches are that a kernel makes at boot and cannot do without.
    pub panics: bool,
    /// The constructor that looks at each object before it is free (`SLAB_DEBUG_INITIAL` of 2.6); 0 without.
    pub verifier: u32,
    /// Destroyed by the module while objects were out.
    pub is_zombie: bool,
}

/// Stands for the function that made a temporary mapping, where its end came before that of a later one.
pub(crate) const CLOSED_TOO_EARLY: &str = "";

/// A pool that a module made.
#[derive(Clone, Copy, Debug)]
pub struct PoolRecord {
    /// The engine's number.
    pub id: PoolId,
    /// Elements in the module's hands.
    pub out: i64,
}

impl Host for Session {
    fn call(&self, index: u32, call: &mut Call<'_>) {
        let Some((name, function)) = host::EXPORTS.get(index as usize) else { return };
        let outer = self.stack_pointer.replace(call.stack_pointer());
        let result = self.fails(name, call).unwrap_or_else(|| self.with_owner(call, |call| function(self, call)));
        self.look_at_watch(call);
        self.stack_pointer.set(outer);
        self.settle();
        call.set_result(result);
        if self.died.get() {
            call.kill(Fault::host("the module died"));
        }
    }
}

/// Bytes of a module's stack, if nobody says otherwise: `THREAD_SIZE`. A 64-bit machine has twice as much.
pub const STACK_BYTES: u32 = 8192;
/// How far below the stack an access is taken for one of a function whose frame did not fit.
pub(crate) const STACK_REACH: u32 = 64 << 10;
/// What our modules taint the kernel with: they are not of its tree, and nobody has signed them.
const OUT_OF_TREE: u32 = 1 << 12;
const UNSIGNED: u32 = 1 << 13;
/// Checked code has zones around its variables: such a part of the stack is added for them.
pub(crate) const STACK_SPARE: u32 = 8;
/// As many bytes of code may belong to no line.
const LINELESS: u32 = 64;
/// The longest call chain that is kept.
const CHAIN: usize = 32;

/// One run.
pub struct Session {
    /// The booted machine.
    pub kernel: Kernel<Hosted>,
    /// Runs i386 code in it.
    pub exec: Executor,
    /// The kernel log.
    pub log: Log,
    /// What the module holds.
    pub tracker: RefCell<Tracker>,
    /// What was found.
    pub findings: RefCell<Vec<Finding>>,
    /// How the C side writes GFP flags.
    pub gfp: &'static GfpEncoding,
    /// Which API the sources use.
    pub api: Api,
    pub(crate) caches: RefCell<HashMap<u32, CacheRecord>>,
    pub(crate) pools: RefCell<HashMap<u32, PoolRecord>>,
    /// What pools that are gone kept idle.
    pub(crate) idle: RefCell<Vec<PoolIdle>>,
    pub(crate) runtime_memory: RefCell<HashSet<u32>>,
    pub(crate) kmaps: RefCell<HashMap<u64, Vec<Chain>>>,
    /// Temporary windows that are open: their page, the function, the call chain.
    pub(crate) local_windows: RefCell<Vec<(u64, &'static str, Chain)>>,
    pub(crate) handles: RefCell<HashSet<u32>>,
    pub(crate) runtime: Rc<Image>,
    pub(crate) modules: Rc<Image>,
    symbols: OnceCell<Symbolizer<Rc<Image>>>,
    kernel_lines: KernelLines,
    /// Directories whose code is not the user's: our headers and runtime.
    own_code: Vec<PathBuf>,
    pub(crate) names: Vec<String>,
    /// Where the process is: places below it are shown relative to it.
    folder: PathBuf,
    stack_top: u32,
    stack_pointer: Cell<u32>,
    pub(crate) died: Cell<bool>,
    /// There are debugged slab caches.
    pub(crate) debugs: Cell<bool>,
    /// Where a test that damages slabs counts what is found; 0 without one.
    pub(crate) slab_errors: Cell<u32>,
    /// How often the module has asked that accesses are not reported.
    pub(crate) kasan_off: Cell<u32>,
    pub(crate) vmalloc_warned: Cell<bool>,
    pub(crate) checks: Checks,
    /// Allocations that gave nothing, the last ones: function and call chain.
    pub(crate) refused: RefCell<Vec<(&'static str, Chain)>>,
    /// What copies between kernel and user space did since the last operation on a file began.
    pub(crate) copies: RefCell<Copies>,
    stack_bytes: u32,
    /// The checker of every access, where it is on.
    pub(crate) kasan: Option<Kasan>,
    pub(crate) failures: Failures,
    pub(crate) watch: Watch,
    random: Cell<u64>,
    pub(crate) holds: RefCell<Holds>,
    pub(crate) tasks: Tasks,
    pub(crate) percpu: RefCell<Vec<Chunk>>,
    pub(crate) devices: RefCell<Vec<FakeDevice>>,
    /// The kernel lies elsewhere than a real one.
    pub(crate) moved: Option<Moved>,
}

thread_local! {
    /// The session that this thread runs, for hooks that the engine calls without one.
    static CURRENT: RefCell<Option<Rc<Session>>> = const { RefCell::new(None) };
}

/// What a session is made of.
pub struct Parts {
    /// The booted machine.
    pub kernel: Kernel<Hosted>,
    /// Runs i386 code in it.
    pub exec: Executor,
    /// The kernel log.
    pub log: Log,
    /// How the C side writes GFP flags.
    pub gfp: &'static GfpEncoding,
    /// Which API the sources use.
    pub api: Api,
    /// Directories whose code is not the user's.
    pub own_code: Vec<PathBuf>,
    /// The modules' names, in the order of the image's objects.
    pub names: Vec<String>,
    /// The loaded runtime.
    pub runtime: Image,
    /// The loaded modules.
    pub modules: Image,
    /// The lines of the kernel's own log.
    pub kernel_lines: KernelLines,
    /// One past the last byte of the module's stack.
    pub stack_top: u32,
    /// Bytes of it.
    pub stack_bytes: u32,
    /// The kernel lies elsewhere than a real one.
    pub moved: Option<Moved>,
    /// Which checks are made.
    pub checks: Checks,
    /// The checker of every access, where it is on.
    pub(crate) kasan: Option<Kasan>,
    /// Which allocations fail.
    pub(crate) failures: Failures,
    /// How long a call may take.
    pub(crate) watch: Watch,
}

impl Session {
    /// Puts a session together.
    pub fn new(parts: Parts) -> Self {
        Self {
            kernel: parts.kernel,
            exec: parts.exec,
            log: parts.log,
            tracker: RefCell::default(),
            findings: RefCell::default(),
            gfp: parts.gfp,
            api: parts.api,
            caches: RefCell::default(),
            pools: RefCell::default(),
            idle: RefCell::default(),
            runtime_memory: RefCell::default(),
            kmaps: RefCell::default(),
            local_windows: RefCell::default(),
            handles: RefCell::default(),
            runtime: Rc::new(parts.runtime),
            modules: Rc::new(parts.modules),
            symbols: OnceCell::new(),
            kernel_lines: parts.kernel_lines,
            own_code: parts.own_code,
            names: parts.names,
            folder: std::env::current_dir().unwrap_or_default(),
            stack_top: parts.stack_top,
            stack_pointer: Cell::new(parts.stack_top),
            died: Cell::new(false),
            debugs: Cell::new(false),
            slab_errors: Cell::default(),
            kasan_off: Cell::default(),
            vmalloc_warned: Cell::new(false),
            checks: parts.checks,
            refused: RefCell::default(),
            copies: RefCell::default(),
            stack_bytes: parts.stack_bytes,
            kasan: parts.kasan,
            failures: parts.failures,
            watch: parts.watch,
            random: Cell::new(0x9e37_79b9_7f4a_7c15),
            holds: RefCell::default(),
            tasks: Tasks::default(),
            percpu: RefCell::default(),
            devices: RefCell::default(),
            moved: parts.moved,
        }
    }
    /// Makes this the session that the engine's hooks find on this thread.
    pub fn make_current(session: &Rc<Self>) {
        CURRENT.set(Some(Rc::clone(session)));
        session.look_for_debugging();
        session.kernel.add_taint(OUT_OF_TREE | UNSIGNED);
        kmem_hosted::stack::name_with(Some(Rc::new(|frame| Self::with_current(|s| s.symbol_text(frame as u32, true)))));
    }
    /// Forgets the thread's session.
    pub fn clear_current() {
        CURRENT.set(None);
        kmem_hosted::stack::name_with(None);
    }
    fn with_current<T>(work: impl FnOnce(&Self) -> T) -> Option<T> {
        let current = CURRENT.with_borrow(Option::clone);
        current.map(|session| work(&session))
    }

    // --- entering the module ---------------------------------------------------------------------------------------

    /// Calls a function of the module or the runtime. `None` when it died; why is among the findings.
    pub fn enter(&self, function: u32, args: &[u32]) -> Option<u64> {
        if self.died.get() {
            return None;
        }
        let stack = self.stack_pointer.get() & !15;
        let _watched = self.watch.begin();
        // The runtime's tasks: who enters here is the one to come back.
        let words = ["kmem_depth", "kmem_level"].map(|name| self.runtime_symbol(name).unwrap_or(0));
        let outer = words.map(|at| self.read_word(at));
        words.iter().for_each(|at| _ = self.write_bytes(*at, &(outer[0] + 1).to_le_bytes()));
        match self.exec.enter(self, function, args, stack) {
            Ok(result) => {
                words.iter().zip(outer).for_each(|(at, value)| _ = self.write_bytes(*at, &value.to_le_bytes()));
                Some(result)
            }
            Err(fault) => {
                self.oops(&fault);
                None
            }
        }
    }
    /// Notes that the modules have ended; false when they had before.
    pub(crate) fn set_dead(&self) -> bool {
        !self.died.replace(true)
    }
    pub(crate) fn module_object_at(&self, addr: u32) -> Option<usize> {
        self.modules.object_at(addr)
    }
    /// True when an Oops ended the module.
    pub fn is_dead(&self) -> bool {
        self.died.get()
    }
    /// Finds a function or variable of the runtime.
    pub fn runtime_symbol(&self, name: &str) -> Option<u32> {
        self.runtime.global(name)
    }
    /// Puts a string into memory that is not counted as the module's.
    pub fn new_string(&self, text: &str) -> Option<u32> {
        let addr = self.kernel.kmalloc(text.len() as u64 + 1, Gfp::KERNEL | Gfp::ZERO).ok()?.raw() as u32;
        self.own(addr, text.len() as u32 + 1);
        self.write_string(addr, text.len() as u32 + 1, text);
        Some(addr)
    }
    /// Enters memory that is not counted as the module's, and that it may use.
    pub(crate) fn own(&self, addr: u32, bytes: u32) {
        self.runtime_memory.borrow_mut().insert(addr);
        if let Some(kasan) = &self.kasan {
            kasan.allow(addr, bytes);
        }
    }
    /// Frees a string of [`Session::new_string`].
    pub fn free_string(&self, addr: u32) {
        if self.runtime_memory.borrow_mut().remove(&addr) {
            // It came from kmalloc and was in the set, so it is freed once.
            let _ = self.kernel.kfree(VirtAddr::new(addr.into()));
        }
    }
    /// Moves the lines that the engine has logged meanwhile to the log.
    pub fn settle(&self) {
        let lines = self.kernel_lines.lock().map(|mut lines| std::mem::take(&mut *lines)).unwrap_or_default();
        lines.iter().for_each(|line| self.log.line(line));
    }
    // --- hooks that the engine calls ---------------------------------------------------------------------------------

    /// Runs a C constructor: `ctor(object, cache, SLAB_CTOR_CONSTRUCTOR)`.
    pub(crate) fn run_ctor(token: u64, object: VirtAddr) {
        Self::with_current(|s| s.construct(token, object, 1));
    }
    /// Runs a C destructor.
    pub(crate) fn run_dtor(token: u64, object: VirtAddr) {
        Self::with_current(|s| s.construct(token, object, 0));
    }
    /// Has a constructor of 2.6 look whether an object that is given back is as it was made: `SLAB_CTOR_VERIFY` (mm/slab.c,
    /// `cache_free_debugcheck`).
    pub(crate) fn verify_object(&self, cache: u32, object: u32) {
        const CONSTRUCTOR_AND_VERIFY: u32 = 5;
        let verifier = self.caches.borrow().get(&cache).map_or(0, |record| record.verifier);
        if verifier != 0 {
            self.enter(verifier, &[object, cache, CONSTRUCTOR_AND_VERIFY]);
        }
    }
    fn construct(&self, token: u64, object: VirtAddr, how: u32) {
        let (function, cache) = (token as u32, (token >> 32) as u32);
        self.kasan_constructs(cache, object, true);
        self.enter(function, &[object.raw() as u32, cache, how]);
        self.kasan_constructs(cache, object, false);
    }
    /// Asks a pool's C allocator for an element.
    pub(crate) fn pool_alloc(token: [u64; 3], gfp: Gfp) -> Option<u64> {
        let element = Self::with_current(|s| s.enter(token[0] as u32, &[s.gfp.encode(gfp), token[2] as u32]));
        element.flatten().map(|element| element & 0xffff_ffff).filter(|element| *element != 0)
    }
    /// Gives an element back to a pool's C allocator.
    pub(crate) fn pool_free(token: [u64; 3], element: u64) {
        Self::with_current(|s| {
            s.kasan_element(element, false);
            s.enter(token[1] as u32, &[element as u32, token[2] as u32])
        });
    }

    // --- pages -------------------------------------------------------------------------------------------------------

    /// Returns the address of a frame's `struct page`.
    pub(crate) fn page_of(&self, pfn: Pfn) -> u32 {
        let index = pfn.raw() - self.kernel.first_pfn().raw();
        (self.mem_map() + index * u64::from(self.kernel.profile.struct_page)) as u32
    }
    /// Returns the frame that a `struct page` describes.
    pub(crate) fn pfn_of(&self, page: u32) -> Option<Pfn> {
        let offset = u64::from(page).checked_sub(self.mem_map())?;
        let size = u64::from(self.kernel.profile.struct_page);
        let pfn = self.kernel.first_pfn().add(offset / size);
        (offset % size == 0 && self.kernel.is_ram(pfn)).then_some(pfn)
    }
    fn mem_map(&self) -> u64 {
        self.kernel.phys_to_virt(self.kernel.mem_map().start).map_or(0, VirtAddr::raw)
    }
    pub(crate) fn zone_name(&self, pfn: Pfn) -> &'static str {
        let zone = self.kernel.pages().zone_index(pfn);
        zone.and_then(|zone| self.kernel.profile.zones.get(zone)).map_or("?", |zone| zone.name)
    }
    /// Makes single pages of a block in the ledger.
    pub(crate) fn split(&self, pfn: Pfn, order: u32) {
        let mut tracker = self.tracker.borrow_mut();
        let Some(whole) = tracker.get(Space::Frame, pfn.raw()).cloned() else { return };
        for page in 0..1u64 << order {
            let (key, kind) = (pfn.raw() + page, Kind::Pages { order: 0 });
            tracker.add_part(Allocation { kind, key, asked: 4096, given: 4096, ..whole.clone() });
        }
    }

    // --- flags and context -------------------------------------------------------------------------------------------

    pub(crate) fn decode_gfp(&self, raw: u32) -> Gfp {
        self.gfp.decode(raw).0
    }
    /// Returns what the command line adds to the flags of each allocation: `init_on_alloc`.
    pub(crate) fn forced_gfp(&self) -> Gfp {
        if self.kernel.init_on_alloc() {
            Gfp::ZERO
        } else {
            Gfp::empty()
        }
    }
    pub(crate) fn gfp_text(&self, gfp: Gfp) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = self.gfp.write(&mut text, gfp);
        text
    }

    // --- the ledger --------------------------------------------------------------------------------------------------

    /// Returns the call chain of a call, innermost first.
    pub(crate) fn chain(&self, call: &Call<'_>) -> Chain {
        call.chain(CHAIN)
    }
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn record(
        &self,
        call: &Call<'_>,
        kind: Kind,
        key: u64,
        asked: u64,
        given: u64,
        function: &'static str,
        from: String,
    ) {
        let chain = self.chain(call);
        let allocation = Allocation { kind, key, asked, given, function, chain, serial: 0, from, reported: false };
        self.kasan_allocated(&allocation);
        self.tracker.borrow_mut().add(allocation);
    }
    pub(crate) fn forget(&self, call: &Call<'_>, space: Space, key: u64) {
        let chain = self.chain(call);
        let gone = self.tracker.borrow_mut().remove(space, key, chain);
        if let Some(gone) = gone {
            self.kasan_freed(&gone);
        }
    }
    /// Returns the bytes that kmalloc gave at an address and the name of where they came from.
    pub(crate) fn describe_kmalloc(&self, addr: VirtAddr) -> (u64, String) {
        match self.kernel.kmalloc_info(addr) {
            Ok(KmallocInfo::Object(object)) => {
                let name = self.kernel.slab().info(object.cache).map(|info| info.name.to_string()).unwrap_or_default();
                (object.object_size.into(), name)
            }
            Ok(KmallocInfo::Pages { order, .. }) => (order.bytes(), format!("{} pages", order.pages())),
            Ok(KmallocInfo::Block { bytes }) => (bytes.into(), "SLOB".into()),
            Err(_) => (0, String::new()),
        }
    }
    pub(crate) fn runtime_owns(&self, addr: u32) -> bool {
        self.runtime_memory.borrow().contains(&addr)
    }
    /// Takes a little memory whose address stands for a cache or a pool.
    pub(crate) fn cache_named(&self, name: &str) -> Option<u32> {
        let caches = self.caches.borrow();
        caches.iter().find(|(_, cache)| cache.name == name && !cache.is_zombie).map(|(handle, _)| *handle)
    }
    pub(crate) fn kmapped(&self, call: &Call<'_>, pfn: Pfn, addr: VirtAddr) {
        self.kasan_window(pfn, Some(addr));
        let chain = self.chain(call);
        self.kmaps.borrow_mut().entry(pfn.raw()).or_default().push(chain);
    }
    pub(crate) fn kunmapped(&self, pfn: Pfn) {
        if let Some(chains) = self.kmaps.borrow_mut().get_mut(&pfn.raw()) {
            chains.pop();
            if chains.is_empty() {
                self.kasan_window(pfn, None);
            }
        }
    }

    // --- places ------------------------------------------------------------------------------------------------------

    /// Returns the innermost place of a call chain that is the user's own code.
    pub(crate) fn place(&self, chain: &[u32]) -> Option<Place> {
        chain.iter().find_map(|addr| self.place_of(*addr))
    }
    /// Returns the user's own source line of a return address.
    pub(crate) fn place_of_function(&self, function: u32) -> Option<Place> {
        let place = self.place_of(function.wrapping_add(1))?;
        let line = self.symbols.get().and_then(|symbols| symbols.defined(function));
        Some(line.map_or(place.clone(), |line| Place { line, column: 0, ..place }))
    }
    pub(crate) fn place_of(&self, addr: u32) -> Option<Place> {
        let symbols = self.symbols.get_or_init(|| Symbolizer::new(Rc::clone(&self.modules)));
        if !self.modules.contains(addr.wrapping_sub(1)) {
            return None;
        }
        let place = |addr| {
            symbols.locate_call(addr).into_iter().find_map(|frame| {
                let file = PathBuf::from(frame.file?);
                let mine = !self.own_code.iter().any(|own| file.starts_with(own));
                let file = self.shown_file(file);
                let function = frame.function.unwrap_or_else(|| "?".into());
                let (line, column) = (frame.line.unwrap_or(0), frame.column.unwrap_or(0));
                mine.then_some(Place { file, line, column, function })
            })
        };
        let found = place(addr)?;
        if found.line != 0 {
            return Some(found);
        }
        // Code of no line, as compilers make between lines: the line before it is meant.
        let before = (1..LINELESS).filter_map(|back| place(addr.wrapping_sub(back)));
        let known = before.take_while(|place| place.function == found.function).find(|place| place.line != 0);
        known.or(Some(found))
    }
    /// Returns the user's own source lines that some code of the modules comes from.
    pub(crate) fn lines_of(&self, code: Range<u32>) -> Lines {
        let symbols = self.symbols.get_or_init(|| Symbolizer::new(Rc::clone(&self.modules)));
        let lines = symbols.lines(code).into_iter().map(|(file, line)| (PathBuf::from(file), line));
        let mine = lines.filter(|(file, _)| !self.own_code.iter().any(|own| file.starts_with(own)));
        mine.map(|(file, line)| (self.shown_file(file), line)).collect()
    }
    /// Returns the modules' image.
    pub(crate) fn module_image(&self) -> &Image {
        &self.modules
    }
    /// Returns a file as it is shown: relative where it lies below the folder that the process is in.
    pub(crate) fn shown_file(&self, file: PathBuf) -> PathBuf {
        file.strip_prefix(&self.folder).map(PathBuf::from).unwrap_or(file)
    }
    /// True for an address of the modules' image.
    pub(crate) fn is_module_code(&self, addr: u32) -> bool {
        self.modules.contains(addr.wrapping_sub(1))
    }
    /// Returns one past the last byte of the module's stack.
    pub(crate) fn stack_top(&self) -> u32 {
        self.stack_top
    }
    /// Returns the sections of the modules that list functions to be called before all others.
    pub(crate) fn constructors(&self) -> Vec<u32> {
        let lists = self.modules.sections().iter().filter(|section| section.name.starts_with(".init_array"));
        let count = |bytes: u32| bytes / self.exec.word_bytes();
        lists.flat_map(|list| (0..count(list.bytes)).map(|n| self.read_pointer(list.start, n))).collect()
    }
    /// Returns `function+0x1a/0x90` (with its module, as in a kernel), or the bare address.
    pub(crate) fn symbol_text(&self, addr: u32, with_offset: bool) -> String {
        if let Some(index) = self.exec.export_at(addr) {
            return host::EXPORTS.get(index as usize).map_or("?", |(name, _)| *name).to_owned();
        }
        for (image, is_module) in [(&self.modules, true), (&self.runtime, false)] {
            let Some(found) = image.symbol_at(addr) else { continue };
            let name = &found.symbol.name;
            if !with_offset {
                return name.clone();
            }
            let mut text = format!("{name}+{:#x}/{:#x}", found.offset, found.symbol.bytes);
            if is_module {
                let module = self.names.get(found.symbol.object).map_or("?", String::as_str);
                text.push_str(&format!(" [{module}]"));
            }
            return text;
        }
        self.hex(addr)
    }
    /// Writes an address with all the digits that the machine's words have.
    pub(crate) fn hex(&self, addr: impl Into<u64>) -> String {
        format!("0x{}", self.digits(addr))
    }
    /// The same without `0x`.
    pub(crate) fn digits(&self, addr: impl Into<u64>) -> String {
        format!("{:0digits$x}", addr.into(), digits = 2 * self.exec.word_bytes() as usize)
    }
    /// Returns the caller as vmallocinfo names it.
    pub(crate) fn caller_name(&self, chain: &[u32]) -> Name {
        let text = chain.first().map_or_else(String::new, |addr| self.symbol_text(*addr, true));
        Name::new(text.split(' ').next().unwrap_or_default())
    }

    // --- reports -----------------------------------------------------------------------------------------------------

    /// Enters a finding, if its check is made.
    pub fn report(&self, finding: Finding) {
        if finding.kind.check().is_some_and(|check| !self.checks.has(check)) {
            return;
        }
        let mut finding = self.blame_failures(finding);
        if let Some(moved) = &self.moved {
            finding.map_texts(|text| moved.in_text(text).into_owned());
        }
        let mut findings = self.findings.borrow_mut();
        let finding = match findings.last_mut() {
            Some(told) => match told.takes_over(finding) {
                Some(finding) => finding,
                None => return,
            },
            None => finding,
        };
        findings.push(finding);
    }
    pub(crate) fn misuse(&self, call: &Call<'_>, kind: FindingKind, title: String, notes: Vec<String>) {
        let mut finding = Finding::new(kind, title, self.place(&self.chain(call)), "here");
        finding.notes = notes;
        self.report(finding);
    }
    pub(crate) fn report_refused(&self, call: &Call<'_>, function: &str, key: u64, misuse: &Misuse) {
        let title = format!("{function}() refused: {misuse}");
        self.misuse(call, FindingKind::Mismatch, title, vec![format!("it was called with {key:#x}")]);
    }
    pub(crate) fn report_mismatch(&self, call: &Call<'_>, title: String, allocation: &Allocation) {
        let help = if self.is_of_devres(allocation) {
            "leave it to the device, or call devm_kfree()".to_owned()
        } else {
            let undo = allocation.kind.undo();
            format!("free what {}() gave, by that address, with {undo}", allocation.function)
        };
        let finding = Finding::new(FindingKind::Mismatch, title, self.place(&self.chain(call)), "freed here")
            .also(self.place(&allocation.chain), "allocated here")
            .bytes(allocation.asked, allocation.given)
            .note("nothing was freed")
            .help(help);
        // What a wrong free leaves behind is the same fault, not one more.
        if let Some(live) = self.tracker.borrow_mut().get_mut(allocation.kind.space(), allocation.key) {
            live.reported = true;
        }
        self.report(finding);
    }
    pub(crate) fn report_wrong_cache(&self, call: &Call<'_>, handle: u32, key: u64) {
        let name = self.caches.borrow().get(&handle).map(|cache| cache.name.clone()).unwrap_or_default();
        let known = self.tracker.borrow().get(Space::Linear, key).cloned();
        let Some(allocation) = known else { return };
        let title = format!("object of {} freed to the cache {name}", allocation.from);
        self.report_mismatch(call, title, &allocation);
    }

    /// Says what a pointer is that was freed and is not live: freed before, inside something, or a stranger.
    pub(crate) fn report_bad_free(&self, call: &Call<'_>, function: &str, space: Space, key: u64) {
        let chain = self.chain(call);
        let at = self.place(&chain);
        let what = match space {
            Space::Frame => format!("page frame {key:#x}"),
            _ => self.hex(key),
        };
        let freed = self.tracker.borrow().freed(space, key).cloned();
        if let Some(freed) = freed {
            let old = &freed.allocation;
            let title =
                format!("{function}() of {what}, which is free already ({} bytes from {}())", old.asked, old.function);
            let finding = Finding::new(FindingKind::DoubleFree, title, at, "freed again here")
                .also(self.place(&freed.chain), "freed first here")
                .also(self.place(&old.chain), "allocated here")
                .note("nothing was done: the second free would corrupt the allocator")
                .help("free it in one place only, or set the pointer to NULL where it is freed")
                .bytes(old.asked, old.given);
            self.report(finding);
            return;
        }
        let around = self.tracker.borrow().around(space, key).cloned();
        if let Some(around) = around {
            let inside = key - around.key;
            let unit = if space == Space::Frame { "pages" } else { "bytes" };
            let title = match inside {
                0 => format!("{function}() of what {}() gave", around.function),
                _ => format!("{function}() of {what}, {inside} {unit} inside of what {}() gave", around.function),
            };
            self.report_mismatch(call, title, &around);
            return;
        }
        let freed = self.tracker.borrow().freed_around(space, key).cloned();
        if let Some(freed) = freed {
            let old = &freed.allocation;
            let title = format!("{function}() of {what}, inside of what {}() gave and what was freed", old.function);
            let finding = Finding::new(FindingKind::DoubleFree, title, at, "freed here")
                .also(self.place(&freed.chain), "freed first here")
                .also(self.place(&old.chain), "allocated here")
                .bytes(old.asked, old.given);
            self.report(finding);
            return;
        }
        let elsewhere = self.allocation_at(space, key);
        if let Some(other) = elsewhere {
            let title = format!("{function}() of what {}() gave", other.function);
            self.report_mismatch(call, title, &other);
            return;
        }
        let title = format!("{function}() of {what}, which was never allocated");
        let finding = Finding::new(FindingKind::Mismatch, title, at, "freed here")
            .note(format!("the address is {}", self.describe(if space == Space::Frame { key << 12 } else { key })))
            .help("free what was allocated, by the address that the allocation gave; a variable is not freed");
        self.report(finding);
    }
    /// Finds an allocation of another kind behind the same memory.
    fn allocation_at(&self, space: Space, key: u64) -> Option<Allocation> {
        let tracker = self.tracker.borrow();
        let addr = VirtAddr::new(key);
        let frame = self.kernel.virt_to_phys(addr).map(|phys| Pfn::containing(phys).raw());
        match space {
            Space::Linear | Space::Virtual => {
                let other = if space == Space::Linear { Space::Virtual } else { Space::Linear };
                let named = tracker.get(space, key).or_else(|| tracker.get(other, key));
                named.or_else(|| tracker.get(Space::Frame, frame?)).cloned()
            }
            Space::Frame => {
                let linear = self.kernel.phys_to_virt(Pfn::new(key).phys())?;
                tracker.get(Space::Linear, linear.raw()).cloned()
            }
            Space::Handle | Space::Percpu => None,
        }
    }

    /// Bytes of the stack as the kernel has them: what is larger because code is checked does not count.
    pub(crate) fn stack_bytes(&self) -> u32 {
        self.stack_bytes
    }
    pub(crate) fn shown_stack_bytes(&self) -> u32 {
        if self.kasan.is_some() {
            self.stack_bytes - self.stack_bytes / (STACK_SPARE + 1)
        } else {
            self.stack_bytes
        }
    }
    pub(crate) fn with_trace(&self, finding: Finding, chain: &[u32]) -> Finding {
        let names: Vec<_> = chain.iter().map(|addr| self.symbol_text(addr.wrapping_sub(1), true)).collect();
        finding.note(format!("call chain: {}", names.join(" <- ")))
    }
    /// Says in words what lies at an address of the machine.
    pub(crate) fn describe(&self, addr: u64) -> String {
        let what = self.kernel.map().describe(self.kernel.memory(), VirtAddr::new(addr));
        self.moved.as_ref().map_or(what, |moved| moved.in_words(what)).to_string()
    }

    // --- time and chance ---------------------------------------------------------------------------------------------

    /// xorshift64: the same in every run.
    pub(crate) fn random_byte(&self) -> u8 {
        let mut x = self.random.get();
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.random.set(x);
        (x >> 32) as u8
    }
}
