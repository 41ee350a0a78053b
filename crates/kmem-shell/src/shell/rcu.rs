//! Readers without a lock, and what waits for them.

use super::fault::Fault;
use super::object::Kind;
use super::{line, Answer, Shell};
use crate::ast::Operand;
use crate::show::count as counted;
use kmem::memory::ZERO_SIZE_PTR;

impl Shell<'_> {
    /// Of kmalloc's objects and of a cache's; the head is at the object's start.
    pub(super) fn kfree_rcu(&mut self, operand: &Operand) -> Answer {
        let is_object = |kind: &Kind| matches!(kind, Kind::Kmalloc { .. } | Kind::CacheObject { .. });
        let Some(id) = self.start_of(operand, "kfree_rcu", is_object)? else {
            return line(format!("{operand}: NULL, nothing to free"));
        };
        let Some(kind) = self.objects.get(id).map(|object| object.kind.clone()) else {
            return Err(Fault::misuse(format!("{operand} is gone")));
        };
        let addr = kind.addr().filter(|addr| *addr > ZERO_SIZE_PTR).unwrap_or_default();
        if addr > ZERO_SIZE_PTR {
            self.must_have_header(id, "kfree_rcu")?;
            self.kernel.kmalloc_info(addr)?;
        }
        self.kernel.kfree_rcu(addr, 0).map_err(|misuse| Fault::from(misuse).of(format!("kfree_rcu {operand}")))?;
        self.objects.free(id, "kfree_rcu");
        line(format!("{operand}: {kind} waits for readers, pending={}", self.kernel.rcu_pending()))
    }

    pub(super) fn synchronize_rcu(&self) -> Answer {
        self.kernel.synchronize_rcu()?;
        line("synchronize_rcu: nobody reads who did")
    }

    pub(super) fn rcu_barrier(&self) -> Answer {
        let before = self.kernel.rcu_pending();
        self.kernel.rcu_barrier()?;
        let freed = before.saturating_sub(self.kernel.rcu_pending());
        line(format!("rcu_barrier: {} freed", counted(freed.into(), "object")))
    }
}
