//! A script, understood: what the parser gives and the shell runs.

use crate::syntax::Place;
use kmem::slab::SlabFlags;
use kmem::Gfp;

/// A script.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Program {
    /// Its statements in order.
    pub statements: Vec<Statement>,
}

/// One statement.
#[derive(Clone, PartialEq, Debug)]
pub struct Statement {
    /// Where it stands.
    pub place: Place,
    /// What its failing means.
    pub failing: Failing,
    /// The name that keeps what it gives.
    pub target: Option<String>,
    /// The name of the command.
    pub verb: &'static str,
    /// What it does.
    pub command: Command,
}

/// What a statement's failing means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failing {
    /// The script ends there.
    Stops,
    /// `-` before it: the script goes on.
    GoesOn,
}

/// Something that a command works on: a name or an address, and a distance from it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Operand {
    /// Where it stands.
    pub place: Place,
    /// What it begins with.
    pub base: Base,
    /// Bytes added to it: `v+0x1000`.
    pub offset: u64,
}

/// What an operand begins with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Base {
    /// A name of the shell's.
    Name(String),
    /// A number: an address, a frame number.
    Number(u64),
}

impl std::fmt::Display for Operand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.base {
            Base::Name(name) => f.write_str(name)?,
            Base::Number(number) => write!(f, "{number:#x}")?,
        }
        if self.offset != 0 {
            write!(f, "+{:#x}", self.offset)?;
        }
        Ok(())
    }
}

/// What a pool's elements are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PoolOf {
    /// Objects of a cache.
    Cache(Operand),
    /// kmalloc of so many bytes.
    Kmalloc(u64),
    /// Blocks of so many orders.
    Pages(u32),
}

/// Bytes to write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Data {
    /// As given.
    Text(Vec<u8>),
    /// One byte so many times.
    Fill {
        /// The byte.
        byte: u8,
        /// How many times.
        count: u64,
    },
}

/// What a statement does. Fields are in the order in which they are written.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs)] // Each field is an argument of the kernel function that the variant is named after.
pub enum Command {
    AllocPages {
        order: u32,
        gfp: Gfp,
    },
    GetFreePages {
        order: u32,
        gfp: Gfp,
    },
    AllocPagesNode {
        node: u32,
        order: u32,
        gfp: Gfp,
    },
    AllocPagesBulk {
        count: u32,
        gfp: Gfp,
    },
    AllocPagesExact {
        size: u64,
        gfp: Gfp,
    },
    FreePages {
        object: Operand,
        order: Option<u32>,
    },
    FreePagesExact {
        object: Operand,
    },
    SplitPage {
        pages: Operand,
    },
    GetPage {
        pages: Operand,
    },
    PutPage {
        pages: Operand,
    },
    Kmalloc {
        size: u64,
        gfp: Gfp,
    },
    Krealloc {
        object: Operand,
        size: u64,
        gfp: Gfp,
    },
    Kfree {
        object: Operand,
    },
    Ksize {
        object: Operand,
    },
    KmallocArray {
        count: u64,
        size: u64,
        gfp: Gfp,
    },
    KmallocNode {
        size: u64,
        gfp: Gfp,
        node: u32,
    },
    Kstrdup {
        text: Vec<u8>,
        gfp: Gfp,
    },
    Kvmalloc {
        count: u64,
        size: u64,
        gfp: Gfp,
    },
    Kvrealloc {
        object: Operand,
        size: u64,
        gfp: Gfp,
    },
    Kvfree {
        object: Operand,
    },
    KfreeSensitive {
        object: Operand,
    },
    KfreeRcu {
        object: Operand,
    },
    CacheAllocNode {
        cache: Operand,
        gfp: Gfp,
        node: u32,
    },
    CacheAllocBulk {
        cache: Operand,
        gfp: Gfp,
        count: u32,
    },
    CacheFreeBulk {
        cache: Operand,
        objects: Operand,
    },
    CacheCreate {
        name: String,
        size: u32,
        align: u32,
        flags: SlabFlags,
    },
    CacheAlloc {
        cache: Operand,
        gfp: Gfp,
    },
    CacheFree {
        cache: Operand,
        object: Operand,
    },
    CacheShrink {
        cache: Operand,
    },
    CacheDestroy {
        cache: Operand,
    },
    PoolCreate {
        count: u32,
        of: PoolOf,
    },
    PoolAlloc {
        pool: Operand,
        gfp: Gfp,
    },
    PoolFree {
        pool: Operand,
        element: Operand,
    },
    PoolResize {
        pool: Operand,
        count: u32,
    },
    PoolDestroy {
        pool: Operand,
    },
    Vmalloc {
        size: u64,
    },
    Vfree {
        object: Operand,
    },
    Vmap {
        objects: Vec<Operand>,
    },
    Vunmap {
        object: Operand,
    },
    Ioremap {
        phys: u64,
        size: u64,
    },
    Iounmap {
        object: Operand,
    },
    Kmap {
        pages: Operand,
    },
    Kunmap {
        pages: Operand,
    },
    KmapLocal {
        pages: Operand,
    },
    KunmapLocal {
        object: Operand,
    },
    MmCreate {
        comm: String,
        oom_score_adj: i16,
    },
    Mmap {
        mm: Operand,
        size: u64,
        at: u64,
        access: Access,
    },
    Brk {
        mm: Operand,
        to: Brk,
    },
    /// `size` none: to the end of the mapping.
    Touch {
        mm: Operand,
        at: Operand,
        size: Option<u64>,
    },
    /// `size` none: to the end of the mapping.
    Munmap {
        mm: Operand,
        at: Operand,
        size: Option<u64>,
    },
    MmDestroy {
        mm: Operand,
    },
    FileOpen {
        name: String,
    },
    FileRead {
        file: Operand,
        size: u64,
        offset: u64,
    },
    FileWrite {
        file: Operand,
        size: u64,
        offset: u64,
    },
    FileClose {
        file: Operand,
    },
    Sync,
    /// `node` none: of all nodes.
    Kswapd {
        node: Option<u32>,
    },
    Reclaim,
    Compact,
    Context(Context),
    SynchronizeRcu,
    RcuBarrier,
    /// Of memory, or of an open file.
    Read {
        from: Operand,
        count: u64,
    },
    /// To memory, or to an open file.
    Write {
        to: Operand,
        data: Data,
    },
    VirtToPhys {
        object: Operand,
    },
    PhysToVirt {
        phys: u64,
    },
    PageOf {
        object: Operand,
    },
    Vtop {
        object: Operand,
    },
    Cat {
        path: String,
    },
    /// `to` none: to the output.
    Echo {
        text: Vec<u8>,
        to: Option<Redirection>,
    },
    /// `value` none: it is shown.
    Sysctl {
        key: String,
        value: Option<String>,
    },
    Drain,
    Verify,
    /// `cache` none: all caches.
    Validate {
        cache: Option<String>,
    },
    Live,
    FreeAll,
    FreeEvery {
        nth: u64,
        name: Operand,
    },
    Help {
        verb: Option<String>,
    },
    For {
        count: u64,
        body: Vec<Statement>,
    },
    Random {
        seed: u64,
        count: u64,
        body: Vec<Statement>,
    },
    Fail(Fail),
    FailEach {
        body: Vec<Statement>,
    },
    File(FileCommand),
}

/// What `fail` is to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fail {
    /// Say what it does.
    Show,
    /// Nothing fails any more.
    None,
    /// These fail.
    These {
        /// Which ones.
        which: Which,
        /// `cache-filter`: only objects of caches that an `A` of `slub_debug` has marked.
        only_marked: bool,
    },
}

/// Which allocations fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Which {
    /// The Nth from now on, once.
    Nth(u64),
    /// So many of a million, picked by a seed.
    Share {
        /// Of a million.
        per_million: u32,
        /// Picks them.
        seed: u64,
    },
    /// All of so many bytes and more.
    Size(u64),
}

impl std::fmt::Display for Which {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nth(nth) => write!(f, "nth={nth}"),
            Self::Share { per_million, seed } => {
                write!(f, "prob={}%,seed={seed}", f64::from(*per_million) / 10_000.0)
            }
            Self::Size(least) => write!(f, "size>={least}"),
        }
    }
}

/// What a process may do with a mapping.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Read and write.
    ReadWrite,
    /// `ro`: read.
    Read,
}

/// Where the end of a heap goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Brk {
    /// It stays.
    Here,
    /// So many bytes up.
    Up(u64),
    /// So many bytes down.
    Down(u64),
    /// To an address.
    To(u64),
}

/// What changes the context that commands run in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)] // Each is the kernel function that it is named after.
pub enum Context {
    PreemptDisable,
    PreemptEnable,
    IrqDisable,
    IrqEnable,
    RcuReadLock,
    RcuReadUnlock,
}

/// `> PATH` or `>> PATH`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Redirection {
    /// The file.
    pub path: String,
    /// `>>`: what is there stays.
    pub append: bool,
}

/// What a statement does with files of a module.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs)] // Each field is an argument of the system call that the variant is named after.
pub enum FileCommand {
    Open {
        handle: String,
        node: String,
        mode: Mode,
    },
    Lseek {
        handle: String,
        offset: i64,
        whence: crate::device::Whence,
    },
    Ioctl {
        handle: String,
        command: u64,
        argument: Argument,
    },
    /// Begins to read or write beside the script.
    Beside {
        handle: String,
        transfer: Transfer,
    },
    Poll {
        handle: String,
    },
    Fasync {
        handle: String,
        on: bool,
    },
    /// `mapmem NAME HANDLE LENGTH [OFFSET] [ro]`
    MapMem {
        name: String,
        handle: String,
        length: u64,
        offset: u64,
        writes: bool,
    },
    Peek {
        name: String,
        offset: u64,
        count: u64,
    },
    Poke {
        name: String,
        offset: u64,
        data: Data,
    },
    UnmapMem {
        name: String,
    },
    Su {
        uid: u32,
    },
    Gpio {
        line: u32,
        level: Option<bool>,
    },
    PortRead {
        port: u32,
        bytes: u32,
    },
    PortWrite {
        port: u32,
        value: u32,
        bytes: u32,
    },
    Close {
        handle: String,
    },
    ExpectRet {
        result: Expected,
    },
    ExpectData {
        data: Vec<u8>,
        shown: String,
    },
    /// `echo PATH "text"`: the text as it is.
    WriteOnce {
        path: String,
        data: Data,
    },
    Dd(Dd),
    MmioRead {
        device: String,
        offset: u64,
        bytes: u32,
    },
    MmioWrite {
        device: String,
        offset: u64,
        value: u32,
        bytes: u32,
    },
    Irq {
        device: String,
    },
    Sleep {
        nanoseconds: u64,
        /// As it was written.
        shown: String,
    },
    Insmod {
        file: Option<String>,
        params: Vec<String>,
    },
    Rmmod {
        name: Option<String>,
    },
}

/// What an ioctl is given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Argument {
    /// A number.
    Number(u64),
    /// `int:N`: the address of an int.
    Int(i32),
    /// `"text"` or `fill:BYTE:COUNT`: the address of these bytes.
    Bytes(Data),
}

/// What goes on beside a script.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Transfer {
    /// `read H COUNT`
    Read(u64),
    /// `write H DATA`
    Write(Data),
}

/// How a driver script opens a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// `r`
    Read,
    /// `w`
    Write,
    /// `rw`
    ReadWrite,
    /// `wt`: emptied first.
    WriteTruncate,
    /// `rn`: does not wait.
    ReadNonblock,
}

/// What `expect ret` compares with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expected {
    /// The number, negative for an error.
    pub ret: i64,
    /// As it is written.
    pub shown: String,
}

/// The arguments of `dd`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dd {
    /// `if=`
    pub from: Option<String>,
    /// `of=`
    pub to: Option<String>,
    /// `bs=`, 512 when not given.
    pub block: u64,
    /// `count=`: blocks to copy; all when not given.
    pub count: Option<u64>,
    /// `skip=`: blocks of the input that are passed over.
    pub skip: u64,
    /// `seek=`: blocks of the output that are passed over.
    pub seek: u64,
    /// `conv=notrunc`: the output is not emptied first.
    pub keeps: bool,
}
