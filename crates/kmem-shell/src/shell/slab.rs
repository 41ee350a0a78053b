//! kmalloc and slab caches.

use super::block::shown;
use super::fault::Fault;
use super::held::FREE_ALL;
use super::object::{Id, Kind};
use super::{line, Answer, Shell};
use crate::ast::Operand;
use crate::show::{count as counted, size as shown_size};
use kmem::memory::ZERO_SIZE_PTR;
use kmem::profile::SlabKind;
use kmem::slab::{CacheId, CacheInfo, CacheSpec, SlabFlags};
use kmem::snapshot::report::cache_panic;
use kmem::{Gfp, VirtAddr};

/// How an object is freed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kfree {
    Plain,
    /// Cleared before.
    Sensitive,
}

impl Kfree {
    fn verb(self) -> &'static str {
        match self {
            Self::Plain => "kfree",
            Self::Sensitive => "kfree_sensitive",
        }
    }
}

impl Shell<'_> {
    pub(super) fn kmalloc(&mut self, name: Option<&str>, size: u64, gfp: Gfp) -> Answer {
        let (addr, bytes) = self.take_bytes(size, gfp)?;
        self.objects.add(name, Kind::Kmalloc { addr, bytes });
        line(format!("{}: {addr} size={bytes}", shown(name, "kmalloc")))
    }

    fn take_bytes(&self, size: u64, gfp: Gfp) -> Result<(VirtAddr, u64), Fault> {
        let what = || format!("kmalloc of {}", shown_size(size));
        self.must_be_for_slabs(gfp).map_err(|fault| fault.of(what()))?;
        let addr = self.kernel.kmalloc(size, gfp).map_err(|error| Fault::from(error).of(what()))?;
        Ok((addr, self.usable(addr)?))
    }

    pub(super) fn kmalloc_array(&mut self, name: Option<&str>, count: u64, size: u64, gfp: Gfp) -> Answer {
        let what = || format!("an array of {count} times {size} bytes");
        let bytes = self.kernel.array_size(count, size).map_err(|error| Fault::from(error).of(what()))?;
        self.kmalloc(name, bytes, gfp)
    }
    pub(super) fn kmalloc_node(&mut self, name: Option<&str>, size: u64, gfp: Gfp, node: u32) -> Answer {
        self.must_be_node(node)?;
        self.must_be_for_slabs(gfp).map_err(|fault| fault.of("kmalloc_node"))?;
        let what = || format!("kmalloc of {} from node {node}", shown_size(size));
        let addr = self.kernel.kmalloc_node(size, gfp, Some(node)).map_err(|error| Fault::from(error).of(what()))?;
        self.hold_bytes(name, "kmalloc_node", addr)
    }
    pub(super) fn kstrdup(&mut self, name: Option<&str>, text: &[u8], gfp: Gfp) -> Answer {
        self.must_be_for_slabs(gfp).map_err(|fault| fault.of("kstrdup"))?;
        let addr = self.kernel.kstrdup(text, gfp).map_err(|error| Fault::from(error).of("kstrdup"))?;
        self.hold_bytes(name, "kstrdup", addr)
    }
    fn hold_bytes(&mut self, name: Option<&str>, verb: &'static str, addr: VirtAddr) -> Answer {
        let bytes = self.usable(addr)?;
        self.objects.add(name, Kind::Kmalloc { addr, bytes });
        line(format!("{}: {addr} size={bytes}", shown(name, verb)))
    }
    /// The bytes of what kmalloc gave. Unlike `ksize` this does not let the caller use what was not asked for.
    pub(super) fn usable(&self, addr: VirtAddr) -> Result<u64, Fault> {
        if addr <= ZERO_SIZE_PTR {
            return Ok(0);
        }
        Ok(self.kernel.kmalloc_info(addr)?.bytes())
    }
    /// Refuses flags that ask for memory without an address.
    pub(super) fn must_be_for_slabs(&self, gfp: Gfp) -> Result<(), Fault> {
        let refused = gfp & self.kernel.profile.kmalloc.refused;
        if refused.is_empty() {
            return Ok(());
        }
        let bits = self.kernel.profile.gfp.bits.iter().filter(|(flag, ..)| refused.contains(*flag));
        let names: Vec<&str> = bits.map(|(.., name)| *name).collect();
        let why = format!("{} makes no sense here: kmalloc gives directly mapped memory", names.join("|"));
        Err(Fault::misuse(why))
    }

    pub(super) fn kfree_by(&mut self, operand: &Operand, how: Kfree) -> Answer {
        let is_kmalloc = |kind: &Kind| matches!(kind, Kind::Kmalloc { .. });
        let verb = how.verb();
        let Some(id) = self.start_of(operand, verb, is_kmalloc)? else {
            return line(format!("{operand}: NULL, nothing to free"));
        };
        let Some(Kind::Kmalloc { addr, bytes }) = self.objects.get(id).map(|object| object.kind.clone()) else {
            return Err(Fault::misuse(format!("{operand} is nothing of kmalloc's")));
        };
        if addr > ZERO_SIZE_PTR {
            self.kernel.kmalloc_info(addr)?;
        }
        match how {
            Kfree::Plain => self.kernel.kfree(addr)?,
            Kfree::Sensitive => self.kernel.kfree_sensitive(addr)?,
        }
        self.objects.free(id, verb);
        let after = if how == Kfree::Sensitive { " after clearing it" } else { "" };
        line(format!("{operand}: freed {addr} size={bytes}{after}"))
    }

    pub(super) fn ksize(&mut self, operand: &Operand) -> Answer {
        let is_object = |kind: &Kind| matches!(kind, Kind::Kmalloc { .. } | Kind::CacheObject { .. });
        let bytes = match self.start_of(operand, "ksize", is_object)? {
            None => 0,
            Some(id) => {
                self.must_have_header(id, "ksize")?;
                let addr = self.objects.get(id).and_then(|object| object.kind.addr()).unwrap_or_default();
                self.kernel.ksize(addr)?
            }
        };
        line(format!("{operand}: size={bytes}"))
    }

    /// True where the kernel's slab allocator is SLOB.
    pub(super) fn has_slob(&self) -> bool {
        self.kernel.profile.slab.kind() == SlabKind::Slob
    }
    /// Refuses an object of a cache where only kmalloc's have a word of their size before them.
    pub(super) fn must_have_header(&self, id: Id, verb: &str) -> Result<(), Fault> {
        let is_caches = self.objects.get(id).is_some_and(|object| matches!(object.kind, Kind::CacheObject { .. }));
        if is_caches && self.has_slob() {
            let why =
                "an object of a cache has no header with SLOB, only kmalloc's have: what lies before it would be read";
            return Err(Fault::misuse(why).of(verb));
        }
        Ok(())
    }

    /// As the kernel's: of NULL it is a kmalloc, to 0 bytes it is a kfree; within the object's size nothing moves.
    pub(super) fn krealloc(&mut self, name: Option<&str>, operand: &Operand, size: u64, gfp: Gfp) -> Answer {
        let is_kmalloc = |kind: &Kind| matches!(kind, Kind::Kmalloc { .. });
        let Some(id) = self.start_of(operand, "krealloc", is_kmalloc)? else { return self.kmalloc(name, size, gfp) };
        let Some(Kind::Kmalloc { addr: old, bytes }) = self.objects.get(id).map(|object| object.kind.clone()) else {
            return Err(Fault::misuse(format!("{operand} is nothing of kmalloc's")));
        };
        self.must_be_for_slabs(gfp).map_err(|fault| fault.of("krealloc"))?;
        if old > ZERO_SIZE_PTR {
            self.kernel.kmalloc_info(old)?;
        }
        let what = || format!("krealloc to {}", shown_size(size));
        let addr = self.kernel.krealloc(old, size, gfp).map_err(|error| Fault::from(error).of(what()))?;
        if addr == old && size != 0 {
            self.also_named(name, id);
            return line(format!("{}: {old} size={bytes} (not moved)", shown(name, "krealloc")));
        }
        let grown = self.usable(addr)?;
        self.objects.free(id, "krealloc");
        self.objects.add(name, Kind::Kmalloc { addr, bytes: grown });
        line(format!("{}: {addr} size={grown} (moved from {old})", shown(name, "krealloc")))
    }

    pub(super) fn cache_create(
        &mut self,
        name: Option<&str>,
        cache: &str,
        size: u32,
        align: u32,
        flags: SlabFlags,
    ) -> Answer {
        let what = || format!("kmem_cache_create {cache}");
        // A name that this shell no longer has may stay behind as a link to a cache that it still shares.
        let is_mine = |id: CacheId| {
            self.objects.live().any(|(_, object)| matches!(object.kind, Kind::Cache { id: held, .. } if held == id))
        };
        let is_held = self
            .objects
            .live()
            .any(|(_, object)| matches!(&object.kind, Kind::Cache { name, .. } if name.as_str() == cache));
        // An alias that nobody holds is just such a link.
        let is_another = |info: CacheInfo| info.name.as_str() == cache && !is_mine(info.id);
        if is_held || self.kernel.slab().by_name(cache).is_some_and(is_another) {
            return Err(Fault::misuse("there is a cache of this name already").of(what()));
        }
        let spec = CacheSpec { name: cache, size, align, flags, ..CacheSpec::default() };
        let id = self.kernel.cache_create(&spec).map_err(|error| {
            let fault = Fault::from(error).of(what());
            if !flags.contains(SlabFlags::PANIC) {
                return fault;
            }
            let mut panic = String::new();
            // Writing to a string cannot fail.
            let _ = cache_panic::write(&mut panic, self.kernel.profile.version, cache, &error);
            fault.with_panic(panic)
        })?;
        let info = self.kernel.slab().info(id).ok_or_else(|| Fault::misuse("the cache is gone"))?;
        let shape = info.geometry;
        self.objects.add(name, Kind::Cache { id, name: cache.to_owned(), object_bytes: size });
        let merged = if info.name.as_str() == cache { String::new() } else { format!(", merged with {}", info.name) };
        if self.has_slob() {
            let called = shown(name, "kmem_cache_create");
            return line(format!("{called}: cache {cache} objsize={size} takes={} align={}", shape.size, shape.align));
        }
        line(format!(
            "{}: cache {cache} objsize={size} stride={} order={} objs_per_slab={}{merged}",
            shown(name, "kmem_cache_create"),
            shape.size,
            shape.order,
            shape.objects
        ))
    }

    /// `node`: rather from there.
    pub(super) fn cache_alloc(&mut self, name: Option<&str>, operand: &Operand, gfp: Gfp, node: Option<u32>) -> Answer {
        if let Some(node) = node {
            self.must_be_node(node)?;
        }
        let is_cache = |kind: &Kind| matches!(kind, Kind::Cache { .. });
        let (cache, kind) = self.must_be(operand, "kmem_cache_alloc", is_cache)?;
        let Kind::Cache { id, name: called, object_bytes } = kind else {
            return Err(Fault::misuse(format!("{operand} is no cache")));
        };
        let addr = self
            .kernel
            .cache_alloc_node(id, gfp, node)
            .map_err(|error| Fault::from(error).of(format!("an object of {called}")))?;
        self.objects.add(name, Kind::CacheObject { addr, bytes: object_bytes.into(), cache });
        line(format!("{}: {addr} size={object_bytes} cache={called}", shown(name, "kmem_cache_alloc")))
    }

    pub(super) fn cache_free(&mut self, cache: &Operand, operand: &Operand) -> Answer {
        let is_cache = |kind: &Kind| matches!(kind, Kind::Cache { .. });
        let is_object = |kind: &Kind| matches!(kind, Kind::CacheObject { .. });
        let (given, kind) = self.must_be(cache, "kmem_cache_free", is_cache)?;
        let Some(object) = self.start_of(operand, "kmem_cache_free", is_object)? else {
            return line(format!("{operand}: NULL, nothing to free"));
        };
        let addr = self.objects.get(object).and_then(|object| object.kind.addr()).unwrap_or_default();
        let Kind::Cache { id, name, .. } = kind else { return Err(Fault::misuse(format!("{cache} is no cache"))) };
        // Of caches that share their slabs the kernel cannot tell; the shell can.
        let owner = self.objects.get(object).and_then(|object| match object.kind {
            Kind::CacheObject { cache, .. } if cache != given => self.objects.get(cache),
            _ => None,
        });
        if let Some(Kind::Cache { name: owner, .. }) = owner.map(|owner| &owner.kind) {
            let why = format!("object {addr} belongs to cache {owner}");
            return Err(Fault::misuse(why).of(format!("kmem_cache_free to {name}")));
        }
        self.kernel
            .cache_free_checked(id, addr)
            .map_err(|misuse| Fault::from(misuse).of(format!("kmem_cache_free to {name}")))?;
        self.objects.free(object, "kmem_cache_free");
        line(format!("{operand}: freed {addr} to {name}"))
    }

    pub(super) fn cache_shrink(&mut self, operand: &Operand) -> Answer {
        let is_cache = |kind: &Kind| matches!(kind, Kind::Cache { .. });
        let (_, kind) = self.must_be(operand, "kmem_cache_shrink", is_cache)?;
        let Kind::Cache { id, .. } = kind else { return Err(Fault::misuse(format!("{operand} is no cache"))) };
        let before = self.kernel.slab().info(id).map_or(0, |info| info.slabs);
        self.kernel.cache_shrink(id)?;
        let after = self.kernel.slab().info(id).map_or(0, |info| info.slabs);
        line(format!("{operand}: slabs={after} freed={}", before.saturating_sub(after)))
    }

    pub(super) fn cache_destroy(&mut self, operand: &Operand) -> Answer {
        if let Some(name) = self.objects.settle(operand, FREE_ALL, "kmem_cache_destroy") {
            return line(format!("{operand}: {name} went with free_all"));
        }
        let is_cache = |kind: &Kind| matches!(kind, Kind::Cache { .. });
        let Some(cache) = self.start_of(operand, "kmem_cache_destroy", is_cache)? else {
            return line(format!("{operand}: NULL, nothing to destroy"));
        };
        let Some(Kind::Cache { id, name, .. }) = self.objects.get(cache).map(|object| object.kind.clone()) else {
            return Err(Fault::misuse(format!("{operand} is no cache")));
        };
        let of_it = self.objects.live().filter(|(_, object)| object.kind.needs().contains(&cache));
        let users: usize = of_it.map(|(_, object)| object.kind.count()).sum();
        // What other creators of a shared cache have out is not this one's.
        let live = match self.kernel.slab().info(id) {
            Some(info) if info.aliases > 0 || self.has_slob() => users as u64,
            info => info.map_or(0, |info| info.live),
        };
        // What only waits for readers may be waited for.
        if users > 0 || live > 0 && self.kernel.rcu_pending() == 0 {
            let is_shared = self.kernel.slab().info(id).is_some_and(|info| info.aliases > 0);
            if live > 0 && !is_shared && !self.has_slob() {
                // It cannot be done, but the kernel names each object in its log. Of a cache that others share it would just
                // take this creator off.
                let _ = self.kernel.cache_destroy(id);
            }
            let what = format!("kmem_cache_destroy of {name}");
            let pool = self.objects.user_of(cache).filter(|(_, object)| matches!(object.kind, Kind::Pool { .. }));
            let by =
                pool.map_or(String::new(), |(pool, _)| format!(", pool {} among the users", self.objects.called(pool)));
            let unseen = if self.has_slob() { "; SLOB would not see it" } else { "" };
            return Err(Fault::misuse(format!("{} still in use{by}{unseen}", counted(live, "object"))).of(what));
        }
        self.kernel.cache_destroy(id)?;
        self.objects.free(cache, "kmem_cache_destroy");
        line(format!("{operand}: destroyed {name}"))
    }
}
