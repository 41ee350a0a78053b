//! Many objects of a slab cache at once.

use super::block::shown;
use super::fault::Fault;
use super::object::Kind;
use super::{line, Answer, Shell};
use crate::ast::Operand;
use crate::show::count as counted;
use kmem::{Gfp, VirtAddr};

impl Shell<'_> {
    pub(super) fn cache_alloc_bulk(&mut self, name: Option<&str>, operand: &Operand, gfp: Gfp, count: u32) -> Answer {
        let is_cache = |kind: &Kind| matches!(kind, Kind::Cache { .. });
        let (cache, kind) = self.must_be(operand, "kmem_cache_alloc_bulk", is_cache)?;
        let Kind::Cache { id, name: called, object_bytes } = kind else {
            return Err(Fault::misuse(format!("{operand} is no cache")));
        };
        let mut objects = vec![VirtAddr::default(); count as usize];
        let what = || format!("{} of {called}", counted(count.into(), "object"));
        self.kernel.cache_alloc_bulk(id, gfp, &mut objects).map_err(|error| Fault::from(error).of(what()))?;
        let kind = Kind::Bulk { objects, bytes: object_bytes.into(), cache };
        let text = format!("{}: {kind} cache={called}", shown(name, "kmem_cache_alloc_bulk"));
        self.objects.add(name, kind);
        line(text)
    }

    pub(super) fn cache_free_bulk(&mut self, cache: &Operand, operand: &Operand) -> Answer {
        let is_cache = |kind: &Kind| matches!(kind, Kind::Cache { .. });
        let is_bulk = |kind: &Kind| matches!(kind, Kind::Bulk { .. });
        let (own, kind) = self.must_be(cache, "kmem_cache_free_bulk", is_cache)?;
        let Some(id) = self.start_of(operand, "kmem_cache_free_bulk", is_bulk)? else {
            return line(format!("{operand}: NULL, nothing to free"));
        };
        let (Kind::Cache { id: of, name, .. }, Some(Kind::Bulk { objects, cache: theirs, .. })) =
            (kind, self.objects.get(id).map(|object| object.kind.clone()))
        else {
            return Err(Fault::misuse(format!("{operand} is nothing of kmem_cache_alloc_bulk's")));
        };
        if theirs != own {
            let why = format!("{operand} belongs to cache {}, not to {cache}", self.objects.called(theirs));
            return Err(Fault::misuse(why).of("kmem_cache_free_bulk"));
        }
        for object in &objects {
            self.kernel.cache_object(of, *object)?;
        }
        self.kernel.cache_free_bulk_to(of, &objects)?;
        self.objects.free(id, "kmem_cache_free_bulk");
        line(format!("{operand}: freed {} to {name}", counted(objects.len() as u64, "object")))
    }
}
