//! Memory pools.

use super::block::shown;
use super::fault::Fault;
use super::object::{Id, Kind, Of};
use super::{line, Answer, Shell};
use crate::ast::{Operand, PoolOf};
use crate::show::count as counted;
use kmem::pool::{PoolId, Source};
use kmem::{AllocError, Gfp, Order, Pfn, VirtAddr};

/// The most elements that a pool of the shell's keeps.
const MOST: u32 = 1 << 20;

impl Shell<'_> {
    pub(super) fn pool_create(&mut self, name: Option<&str>, count: u32, of: &PoolOf) -> Answer {
        if count == 0 || count > MOST {
            return Err(Fault::misuse(format!("a pool keeps 1 to {MOST} elements, not {count}")));
        }
        let (source, of) = match of {
            PoolOf::Cache(operand) => {
                let is_cache = |kind: &Kind| matches!(kind, Kind::Cache { .. });
                let (cache, kind) = self.must_be(operand, "mempool_create", is_cache)?;
                let Kind::Cache { id, object_bytes, .. } = kind else {
                    return Err(Fault::misuse(format!("{operand} is no cache")));
                };
                (Source::Slab(id), Of::Cache { cache, bytes: object_bytes.into() })
            }
            PoolOf::Kmalloc(bytes) => (Source::Kmalloc(*bytes), Of::Kmalloc { bytes: *bytes }),
            PoolOf::Pages(order) => {
                let top = self.kernel.pages().top_order();
                let order = Order::new(*order).filter(|order| *order <= top);
                let order = order.ok_or_else(|| Fault::misuse(format!("the largest order is {top}")))?;
                (Source::Pages(order), Of::Pages { order })
            }
        };
        let what = || format!("a reserve of {}", counted(count.into(), "element"));
        let id = self
            .kernel
            .pools()
            .create(self.kernel.memory(), count, source)
            .map_err(|error| Fault::from(error).of(what()))?;
        let kind = Kind::Pool { id, count, of };
        let text = format!("{}: {}", shown(name, "mempool_create"), self.pool_text(id, of));
        self.objects.add(name, kind);
        line(text)
    }

    pub(super) fn pool_alloc(&mut self, name: Option<&str>, operand: &Operand, gfp: Gfp) -> Answer {
        let (pool, id, of) = self.pool(operand, "mempool_alloc")?;
        let word = self.kernel.pools().alloc(self.kernel.memory(), id, gfp).map_err(|error| match error {
            AllocError::NoMemory { .. } | AllocError::CannotWait => {
                let sleeps = if error == AllocError::CannotWait {
                    "; a kernel would sleep here until an element is freed"
                } else {
                    ""
                };
                let why = format!("the allocator has nothing and the reserve is empty{sleeps}");
                Fault::new(crate::errno::Errno::ENOMEM, why).of("mempool_alloc")
            }
            other => Fault::from(other).of("mempool_alloc"),
        })?;
        let addr = match of {
            Of::Pages { .. } => self.kernel.phys_to_virt(Pfn::new(word).phys()),
            _ => Some(VirtAddr::new(word)),
        };
        let kind = Kind::Element { word, pool, addr, bytes: of.bytes() };
        let left = self.reserved(id);
        let text = format!("{}: {kind} reserve={left}", shown(name, "mempool_alloc"));
        self.objects.add(name, kind);
        line(text)
    }

    pub(super) fn pool_free(&mut self, operand: &Operand, element: &Operand) -> Answer {
        let (pool, id, _) = self.pool(operand, "mempool_free")?;
        let is_element = |kind: &Kind| matches!(kind, Kind::Element { .. });
        let Some(object) = self.start_of(element, "mempool_free", is_element)? else {
            return line(format!("{element}: NULL, nothing to free"));
        };
        let kind = self.objects.get(object).map(|object| object.kind.clone());
        let Some(Kind::Element { word, pool: own, .. }) = kind else {
            return Err(Fault::misuse(format!("{element} is no element of a pool")));
        };
        if own != pool {
            return Err(Fault::misuse(format!(
                "{element} belongs to pool {}, not to {operand}",
                self.objects.called(own)
            )));
        }
        self.must_be_unused(object, element)?;
        self.kernel.pools().free(self.kernel.memory(), id, word)?;
        self.objects.free(object, "mempool_free");
        line(format!("{element}: freed, reserve={}", self.reserved(id)))
    }

    pub(super) fn pool_destroy(&mut self, operand: &Operand) -> Answer {
        let is_pool = |kind: &Kind| matches!(kind, Kind::Pool { .. });
        let Some(pool) = self.start_of(operand, "mempool_destroy", is_pool)? else {
            return line(format!("{operand}: NULL, nothing to destroy"));
        };
        let Some(Kind::Pool { id, .. }) = self.objects.get(pool).map(|object| object.kind.clone()) else {
            return Err(Fault::misuse(format!("{operand} is no pool")));
        };
        let out = self.objects.live().filter(|(_, object)| object.kind.needs().contains(&pool)).count() as u64;
        if out > 0 {
            let why = format!("{} of it still in use", counted(out, "element"));
            return Err(Fault::misuse(why).of(format!("mempool_destroy {operand}")));
        }
        self.kernel.pools().destroy(self.kernel.memory(), id)?;
        self.objects.free(pool, "mempool_destroy");
        line(format!("{operand}: destroyed"))
    }

    pub(super) fn pool_resize(&mut self, operand: &Operand, count: u32) -> Answer {
        if count == 0 || count > MOST {
            return Err(Fault::misuse(format!("a pool keeps 1 to {MOST} elements, not {count}")));
        }
        let (pool, id, of) = self.pool(operand, "mempool_resize")?;
        let what = || format!("a reserve of {}", counted(count.into(), "element"));
        let resized = self.kernel.pools().resize(self.kernel.memory(), id, count);
        resized.map_err(|error| Fault::from(error).of(what()))?;
        self.objects.change(pool, Kind::Pool { id, count, of });
        line(format!("{operand}: {}", self.pool_text(id, of)))
    }
    /// What a pool has in reserve, and the bytes that lie idle there, each element with all that it takes.
    pub(super) fn pool_text(&self, id: PoolId, of: Of) -> String {
        let info = self.kernel.pools().infos(self.kernel.memory()).find(|info| info.id == id);
        let (reserved, idle) = info.map_or((0, 0), |info| (info.reserved, info.idle_bytes));
        format!("pool reserve={reserved} element={} idle={idle}", of.bytes())
    }

    fn pool(&self, operand: &Operand, verb: &'static str) -> Result<(Id, PoolId, Of), Fault> {
        match self.must_be(operand, verb, |kind| matches!(kind, Kind::Pool { .. }))? {
            (pool, Kind::Pool { id, of, .. }) => Ok((pool, id, of)),
            _ => Err(Fault::misuse(format!("{operand} is no pool"))),
        }
    }
    fn reserved(&self, id: PoolId) -> u32 {
        self.kernel.pools().infos(self.kernel.memory()).find(|info| info.id == id).map_or(0, |info| info.reserved)
    }
}
