//! What the shell holds: each object from the moment it is taken, and after it was freed too, so that a second free or a
//! late use is named.

use crate::ast::{Base, Operand};
use crate::show::{count, size};
use kmem::pool::PoolId;
use kmem::reclaim::FileId;
use kmem::slab::CacheId;
use kmem::units::PAGE_SIZE;
use kmem::user::MmId;
use kmem::{Order, Pfn, PhysAddr, VirtAddr};
use std::collections::BTreeMap;
use std::fmt;

/// An object's place in the list of all there ever were.
pub(crate) type Id = usize;

/// An object.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    /// The name that it was given when it was made.
    pub(crate) name: Option<String>,
    pub(crate) kind: Kind,
    pub(crate) state: State,
    /// How many live objects need this one.
    users: u64,
}

/// Whether an object is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    Live,
    /// Gone, by this command.
    Freed(&'static str),
}

/// What an object is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// `addr` is `None` for high memory. `by_address`: made by a function that returns an address.
    Pages {
        pfn: Pfn,
        order: Order,
        addr: Option<VirtAddr>,
        by_address: bool,
    },
    /// Single pages, wherever they lie.
    Batch {
        pages: Vec<Pfn>,
    },
    /// Contiguous single pages, made by their address.
    Exact {
        pfn: Pfn,
        addr: VirtAddr,
        pages: u64,
    },
    Kmalloc {
        addr: VirtAddr,
        bytes: u64,
    },
    Cache {
        id: CacheId,
        name: String,
        object_bytes: u32,
    },
    CacheObject {
        addr: VirtAddr,
        bytes: u64,
        cache: Id,
    },
    /// Objects of a cache that were taken at once.
    Bulk {
        objects: Vec<VirtAddr>,
        bytes: u64,
        cache: Id,
    },
    Pool {
        id: PoolId,
        count: u32,
        of: Of,
    },
    /// An element of a pool: `word` is what the pool calls it.
    Element {
        word: u64,
        pool: Id,
        addr: Option<VirtAddr>,
        bytes: u64,
    },
    Vmalloc {
        addr: VirtAddr,
        end: VirtAddr,
        pages: u64,
    },
    Vmap {
        addr: VirtAddr,
        end: VirtAddr,
        pages: u64,
        of: Vec<Id>,
    },
    Ioremap {
        addr: VirtAddr,
        phys: PhysAddr,
        bytes: u64,
    },
    Kmap {
        addr: VirtAddr,
        pfn: Pfn,
        of: Id,
    },
    KmapLocal {
        addr: VirtAddr,
        pfn: Pfn,
        of: Id,
    },
    /// A process. What it has in memory changes, so it is asked for.
    Mm {
        id: MmId,
        comm: String,
    },
    /// Addresses of a process.
    Mmap {
        mm: Id,
        addr: VirtAddr,
        bytes: u64,
    },
    /// A file. What of it is in memory changes, so it is asked for.
    File {
        id: FileId,
        name: String,
    },
}

/// What the elements of a pool are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Of {
    Cache { cache: Id, bytes: u64 },
    Kmalloc { bytes: u64 },
    Pages { order: Order },
}

impl Of {
    /// Bytes of an element.
    pub(crate) fn bytes(self) -> u64 {
        match self {
            Self::Cache { bytes, .. } | Self::Kmalloc { bytes } => bytes,
            Self::Pages { order } => order.bytes(),
        }
    }
}

impl Kind {
    /// The address at which it begins, where it has one.
    pub(crate) fn addr(&self) -> Option<VirtAddr> {
        match *self {
            Self::Pages { addr, .. } | Self::Element { addr, .. } => addr,
            Self::Kmalloc { addr, .. }
            | Self::CacheObject { addr, .. }
            | Self::Exact { addr, .. }
            | Self::Vmalloc { addr, .. }
            | Self::Vmap { addr, .. }
            | Self::Ioremap { addr, .. }
            | Self::Kmap { addr, .. }
            | Self::KmapLocal { addr, .. }
            | Self::Mmap { addr, .. } => Some(addr),
            Self::Cache { .. } | Self::Pool { .. } | Self::Mm { .. } | Self::Batch { .. } | Self::File { .. } => None,
            Self::Bulk { .. } => None,
        }
    }
    /// The bytes that may be used from there on.
    pub(crate) fn bytes(&self) -> u64 {
        match *self {
            Self::Pages { order, .. } => order.bytes(),
            Self::Kmalloc { bytes, .. }
            | Self::CacheObject { bytes, .. }
            | Self::Element { bytes, .. }
            | Self::Ioremap { bytes, .. }
            | Self::Mmap { bytes, .. } => bytes,
            Self::Vmalloc { pages, .. } | Self::Vmap { pages, .. } | Self::Exact { pages, .. } => pages * PAGE_SIZE,
            Self::Bulk { ref objects, bytes, .. } => objects.len() as u64 * bytes,
            Self::Batch { ref pages } => pages.len() as u64 * PAGE_SIZE,
            Self::Kmap { .. } | Self::KmapLocal { .. } => PAGE_SIZE,
            Self::Cache { .. } | Self::Pool { .. } | Self::Mm { .. } | Self::File { .. } => 0,
        }
    }
    /// The bytes of memory that are gone while it lives, but for what processes and files have. A mapping takes none.
    pub(crate) fn held_bytes(&self) -> u64 {
        match self {
            Self::Vmap { .. } | Self::Ioremap { .. } | Self::Kmap { .. } | Self::KmapLocal { .. } => 0,
            Self::Mmap { .. } => 0,
            Self::Pool { count, of, .. } => u64::from(*count) * of.bytes(),
            _ => self.bytes(),
        }
    }
    /// What it is called in messages.
    pub(crate) fn noun(&self) -> &'static str {
        match self {
            Self::Pages { .. } => "a block of pages",
            Self::Batch { .. } => "single pages",
            Self::Exact { .. } => "pages by size",
            Self::Kmalloc { .. } => "a kmalloc object",
            Self::Cache { .. } => "a slab cache",
            Self::CacheObject { .. } => "an object of a slab cache",
            Self::Bulk { .. } => "objects of a slab cache",
            Self::Pool { .. } => "a memory pool",
            Self::Element { .. } => "an element of a pool",
            Self::Vmalloc { .. } => "a vmalloc area",
            Self::Vmap { .. } => "a vmap mapping",
            Self::Ioremap { .. } => "an I/O mapping",
            Self::Kmap { .. } => "a kmap mapping",
            Self::KmapLocal { .. } => "a kmap_local mapping",
            Self::Mm { .. } => "a process",
            Self::Mmap { .. } => "a mapping of a process",
            Self::File { .. } => "a file",
        }
    }
    /// The command that frees it.
    pub(crate) fn freed_by(&self) -> &'static str {
        match self {
            Self::Pages { .. } | Self::Batch { .. } => "free_pages",
            Self::Exact { .. } => "free_pages_exact",
            Self::Kmalloc { .. } => "kfree",
            Self::Cache { .. } => "kmem_cache_destroy",
            Self::CacheObject { .. } => "kmem_cache_free",
            Self::Bulk { .. } => "kmem_cache_free_bulk",
            Self::Pool { .. } => "mempool_destroy",
            Self::Element { .. } => "mempool_free",
            Self::Vmalloc { .. } => "vfree",
            Self::Vmap { .. } => "vunmap",
            Self::Ioremap { .. } => "iounmap",
            Self::Kmap { .. } => "kunmap",
            Self::KmapLocal { .. } => "kunmap_local",
            Self::Mm { .. } => "mm_destroy",
            Self::Mmap { .. } => "munmap",
            Self::File { .. } => "file_close",
        }
    }
    /// How many objects of the kernel's it is.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Bulk { objects, .. } => objects.len(),
            _ => 1,
        }
    }
    /// The objects that this one is made of or maps.
    pub(crate) fn needs(&self) -> Vec<Id> {
        match self {
            Self::CacheObject { cache: id, .. }
            | Self::Bulk { cache: id, .. }
            | Self::Element { pool: id, .. }
            | Self::Pool { of: Of::Cache { cache: id, .. }, .. }
            | Self::Kmap { of: id, .. }
            | Self::KmapLocal { of: id, .. }
            | Self::Mmap { mm: id, .. } => vec![*id],
            Self::Vmap { of, .. } => of.clone(),
            _ => Vec::new(),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pages { pfn, order, addr: Some(addr), by_address: true } => {
                write!(f, "{addr} pfn={:#x} order={order}", pfn.raw())
            }
            Self::Pages { pfn, order, .. } => write!(f, "pfn={:#x} order={order}", pfn.raw()),
            Self::Batch { pages } => {
                let first = pages.first().map_or(0, |pfn| pfn.raw());
                write!(f, "{} of order 0, the first pfn={first:#x}", count(pages.len() as u64, "page"))
            }
            Self::Exact { pfn, addr, pages } => write!(f, "{addr} pfn={:#x} pages={pages}", pfn.raw()),
            Self::File { name, .. } => write!(f, "file {name}"),
            Self::Kmalloc { addr, bytes } | Self::CacheObject { addr, bytes, .. } => write!(f, "{addr} size={bytes}"),
            Self::Cache { name, object_bytes, .. } => write!(f, "cache {name} objsize={object_bytes}"),
            Self::Bulk { objects, bytes, .. } => {
                let first = objects.first().copied().unwrap_or_default();
                write!(f, "{} of size={bytes}, the first {first}", count(objects.len() as u64, "object"))
            }
            // What it has in reserve changes, so it is asked for.
            Self::Pool { count: reserve, of, .. } => write!(f, "pool of {reserve} element={}", of.bytes()),
            Self::Element { addr: Some(addr), bytes, .. } => write!(f, "{addr} size={bytes}"),
            Self::Element { word, bytes, .. } => write!(f, "pfn={word:#x} size={bytes}"),
            Self::Vmalloc { addr, end, pages } | Self::Vmap { addr, end, pages, .. } => {
                write!(f, "{addr}-{end} pages={pages}")
            }
            Self::Ioremap { addr, phys, bytes } => write!(f, "{addr} phys={phys} size={bytes}"),
            Self::Mm { id, comm } => write!(f, "pid={} comm={comm}", id.pid()),
            Self::Mmap { addr, bytes, .. } => {
                write!(f, "{addr}-{} pages={}", addr.offset(*bytes), bytes / PAGE_SIZE)
            }
            Self::Kmap { addr, pfn, .. } | Self::KmapLocal { addr, pfn, .. } => {
                write!(f, "{addr} pfn={:#x}", pfn.raw())
            }
        }
    }
}

/// What a name stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Value {
    /// An object, live or freed.
    Object(Id),
    /// The allocation failed.
    Null,
}

/// All objects and names of a shell.
///
/// A freed object is remembered as long as a name stands for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Objects {
    all: BTreeMap<Id, Object>,
    names: BTreeMap<String, Value>,
    next: Id,
    live: usize,
}

impl Objects {
    /// Adds an object under a name, if it has one.
    pub(crate) fn add(&mut self, name: Option<&str>, kind: Kind) -> Id {
        let id = self.next;
        self.next += 1;
        for used in kind.needs() {
            self.count_user(used, 1);
        }
        self.all.insert(id, Object { name: name.map(str::to_owned), kind, state: State::Live, users: 0 });
        self.live += 1;
        self.assign(name, Value::Object(id));
        id
    }
    /// Lets a name stand for something that is there already, or for NULL.
    pub(crate) fn assign(&mut self, name: Option<&str>, value: Value) {
        let Some(name) = name else { return };
        if let Some(Value::Object(before)) = self.names.insert(name.to_owned(), value) {
            self.forget_if_unreachable(before);
        }
    }
    fn forget_if_unreachable(&mut self, id: Id) {
        let is_named = self.names.values().any(|value| *value == Value::Object(id));
        if !is_named && self.all.get(&id).is_some_and(|object| object.state != State::Live) {
            self.all.remove(&id);
        }
    }
    fn count_user(&mut self, id: Id, change: i64) {
        if let Some(object) = self.all.get_mut(&id) {
            object.users = object.users.saturating_add_signed(change);
        }
    }
    pub(crate) fn value(&self, name: &str) -> Option<Value> {
        self.names.get(name).copied()
    }
    pub(crate) fn names(&self) -> impl Iterator<Item = &String> {
        self.names.keys()
    }
    pub(crate) fn get(&self, id: Id) -> Option<&Object> {
        self.all.get(&id)
    }
    /// Makes another thing of a live object, which needs what it needed.
    pub(crate) fn change(&mut self, id: Id, kind: Kind) {
        if let Some(object) = self.all.get_mut(&id) {
            object.kind = kind;
        }
    }
    /// Marks an object as freed.
    pub(crate) fn free(&mut self, id: Id, by: &'static str) {
        let Some(object) = self.all.get_mut(&id).filter(|object| object.state == State::Live) else { return };
        object.state = State::Freed(by);
        self.live -= 1;
        for used in object.kind.needs() {
            self.count_user(used, -1);
        }
        self.forget_if_unreachable(id);
    }
    /// What `free_all` gave back may be given back once more by its name, as the end of a script does: then it counts as
    /// gone by that. Returns what it was, if an operand means such a cache.
    pub(crate) fn settle(&mut self, operand: &Operand, gone_by: &str, by: &'static str) -> Option<String> {
        let Operand { base: Base::Name(name), offset: 0, .. } = operand else { return None };
        let Some(Value::Object(id)) = self.value(name) else { return None };
        let object =
            self.all.get_mut(&id).filter(|object| matches!(object.state, State::Freed(by) if by == gone_by))?;
        let Kind::Cache { name, .. } = &object.kind else { return None };
        object.state = State::Freed(by);
        Some(format!("cache {name}"))
    }
    /// Live objects, the newest last.
    pub(crate) fn live(&self) -> impl DoubleEndedIterator<Item = (Id, &Object)> {
        self.all.iter().map(|(id, object)| (*id, object)).filter(|(_, object)| object.state == State::Live)
    }
    pub(crate) fn live_count(&self) -> usize {
        self.live
    }
    /// A live object that needs this one.
    pub(crate) fn user_of(&self, id: Id) -> Option<(Id, &Object)> {
        if self.get(id)?.users == 0 {
            return None;
        }
        self.live().find(|(_, object)| object.kind.needs().contains(&id))
    }
    /// The live object that holds an address.
    pub(crate) fn holding(&self, addr: VirtAddr) -> Option<(Id, &Object)> {
        self.live().rev().find(|(_, object)| {
            object.kind.addr().is_some_and(|start| addr.raw().wrapping_sub(start.raw()) < object.kind.bytes())
        })
    }
    /// The object that was freed last of those that began at an address, if a name still stands for it.
    pub(crate) fn freed_at(&self, addr: VirtAddr) -> Option<&Object> {
        let freed = |object: &Object| object.state != State::Live && object.kind.addr() == Some(addr);
        self.all.values().rev().find(|object| freed(object))
    }
    /// How messages call an object: `k`, or `k (an older one)` when the name stands for another by now.
    pub(crate) fn called(&self, id: Id) -> String {
        match self.get(id).and_then(|object| object.name.as_ref()) {
            Some(name) if self.value(name) == Some(Value::Object(id)) => name.clone(),
            Some(name) => format!("{name} (an older one)"),
            None => "(no name)".into(),
        }
    }
    /// `3 objects, 68K`; processes and files have `resident` bytes.
    pub(crate) fn summary(&self, resident: u64) -> String {
        let bytes: u64 = self.live().map(|(_, object)| object.kind.held_bytes()).sum();
        format!("{}, {}", count(self.live as u64, "object"), size(bytes + resident))
    }
}
