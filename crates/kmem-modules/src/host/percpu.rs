//! Per-CPU memory: each object has a copy for every CPU, `PERCPU_STRIDE` bytes apart, in a chunk of the vmalloc area.
//!
//! A chunk is as large as all CPUs' strides; objects are cut from the first CPU's.

use crate::exec::Call;
use crate::load::PERCPU_STRIDE as STRIDE;
use crate::session::Session;
use crate::tracker::{Kind, Space};
use kmem::error::Name;
use kmem::gfp::Gfp;
use kmem::map::VmallocRequest;
use std::collections::BTreeMap;

/// A chunk, and what of it is taken: offset and bytes.
#[derive(Debug)]
pub(crate) struct Chunk {
    base: u32,
    taken: BTreeMap<u32, u32>,
}

impl Chunk {
    /// Finds room by first fit.
    fn take(&mut self, bytes: u32, align: u32) -> Option<u32> {
        let mut at = 0u32;
        for (&start, &len) in &self.taken {
            if at.next_multiple_of(align).checked_add(bytes)? <= start {
                break;
            }
            at = start + len;
        }
        let at = at.next_multiple_of(align);
        (at.checked_add(bytes)? <= STRIDE).then(|| {
            self.taken.insert(at, bytes);
            self.base + at
        })
    }
}

/// `void *kmem_host_alloc_percpu(size_t size, size_t align, gfp_t gfp)`
pub(super) fn alloc(s: &Session, call: &mut Call<'_>) -> u64 {
    let (size, align, flags) = (call.size(), call.size().max(4), call.word());
    let gfp = s.decode_gfp(flags);
    if gfp.contains(Gfp::DIRECT_RECLAIM) {
        s.check_context(call, "alloc_percpu()");
    }
    if size == 0 || size > STRIDE || !align.is_power_of_two() || align > 4096 {
        let text = format!("illegal size ({size}) or align ({align}) for percpu allocation");
        s.print_warning("mm/percpu.c:1762", Some(&text), &s.chain(call));
        return 0;
    }
    let bytes = size.next_multiple_of(4);
    let cpus = s.kernel.plan().cpus;
    let found = s.percpu.borrow_mut().iter_mut().find_map(|chunk| chunk.take(bytes, align));
    let addr = found.or_else(|| {
        if !gfp.contains(Gfp::DIRECT_RECLAIM) {
            return None; // a new chunk needs page tables
        }
        let caller = Name::new("pcpu_get_vm_areas");
        let request = VmallocRequest { gfp: gfp | Gfp::ZERO, ..VmallocRequest::new((STRIDE * cpus).into(), caller) };
        let base = s.kernel.map().vmalloc_with(s.kernel.memory(), &request).ok()?.raw() as u32;
        let mut chunk = Chunk { base, taken: BTreeMap::new() };
        let addr = chunk.take(bytes, align);
        s.percpu.borrow_mut().push(chunk);
        addr
    });
    let Some(addr) = addr else { return 0 };
    for cpu in 0..cpus {
        s.write_bytes(addr + cpu * STRIDE, &vec![0; bytes as usize]);
    }
    let given = u64::from(bytes) * u64::from(cpus);
    s.record(call, Kind::Percpu, addr.into(), size.into(), given, "alloc_percpu", format!("{cpus} CPUs"));
    addr.into()
}

/// `void free_percpu(void *ptr)`
pub(super) fn free(s: &Session, call: &mut Call<'_>) -> u64 {
    let addr = call.word();
    if addr == 0 {
        return 0;
    }
    if s.tracker.borrow().get(Space::Percpu, addr.into()).is_none() {
        s.report_bad_free(call, "free_percpu", Space::Percpu, addr.into());
        return 0;
    }
    for chunk in s.percpu.borrow_mut().iter_mut() {
        if let Some(offset) = addr.checked_sub(chunk.base).filter(|offset| *offset < STRIDE) {
            chunk.taken.remove(&offset);
        }
    }
    s.forget(call, Space::Percpu, addr.into());
    0
}
