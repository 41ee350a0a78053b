//! Addresses and pages: `virt_to_phys`, `phys_to_virt`, `page_of`, `vtop`.

use super::fault::Fault;
use super::{line, Answer, Shell};
use crate::ast::Operand;
use crate::show::size;
use kmem::map::entry::Entry;
use kmem::map::Prot;
use kmem::page::FrameKind;
use kmem::{Pfn, PhysAddr};
use std::fmt::Write;

impl Shell<'_> {
    pub(super) fn virt_to_phys(&self, operand: &Operand) -> Answer {
        let addr = self.address_of(operand)?;
        if self.process_of(operand, addr).is_some() {
            let why = format!("{addr} is an address of a process; vtop walks its page tables");
            return Err(Fault::misuse(why).of("virt_to_phys"));
        }
        let phys = self.kernel.virt_to_phys(addr).ok_or_else(|| {
            let what = self.kernel.map().describe(self.kernel.memory(), addr);
            let why = format!("{addr} is not in the direct map, but in {what}; vtop walks the page tables");
            Fault::misuse(why).of("virt_to_phys")
        })?;
        line(format!("{operand}: virt={addr} phys={phys}"))
    }

    pub(super) fn phys_to_virt(&self, phys: u64) -> Answer {
        let phys = PhysAddr::new(phys);
        let addr = self.kernel.phys_to_virt(phys).ok_or_else(|| {
            let why = if self.kernel.is_ram(Pfn::containing(phys)) {
                "high memory, which the direct map does not hold; kmap gives a page an address"
            } else {
                "no RAM"
            };
            Fault::misuse(format!("{phys} is {why}")).of("phys_to_virt")
        })?;
        line(format!("{phys}: phys={phys} virt={addr}"))
    }

    pub(super) fn page_of(&self, operand: &Operand) -> Answer {
        let pfn = self.frame_of(operand)?;
        let Some(info) = self.kernel.frame(pfn) else {
            return Err(Fault::misuse(format!("pfn {:#x} is no RAM", pfn.raw())));
        };
        let kind = match info.kind {
            FrameKind::Free => "free".into(),
            FrameKind::Pcp => "free, on a CPU's list".into(),
            FrameKind::Reserved => "reserved by the kernel".into(),
            FrameKind::Used | FrameKind::Tail => match self.kernel.pages().owner(pfn) {
                Some(owner) => format!("allocated, a process's page at {}", owner.addr()),
                None if info.file => "allocated, a file's page".into(),
                None => "allocated".into(),
            },
            FrameKind::Slab | FrameKind::SlabTail => self.slab_name(pfn),
            FrameKind::Slob => "slob".into(),
        };
        let compound = if info.compound { " compound" } else { "" };
        line(format!(
            "{operand}: pfn={:#x} phys={} zone={} head={:#x} order={} count={}{compound} {kind}",
            pfn.raw(),
            pfn.phys(),
            self.zone_name(pfn),
            info.head.raw(),
            info.order,
            info.count
        ))
    }

    fn slab_name(&self, pfn: Pfn) -> String {
        let object = self.kernel.slab().object(self.kernel.pages(), pfn.phys());
        let cache = object.and_then(|object| self.kernel.slab().info(object.cache));
        cache.map_or_else(|| "slab".into(), |cache| format!("slab={}", cache.name))
    }

    /// The walk of the page tables: each level with the entry's place and the word found there.
    pub(super) fn vtop(&self, operand: &Operand) -> Answer {
        let addr = match self.address_of(operand) {
            Ok(addr) => addr,
            Err(fault) => return self.vtop_of_high_page(operand).unwrap_or(Err(fault)),
        };
        let (map, memory) = (&self.kernel.map(), self.kernel.memory());
        let process = self.process_of(operand, addr);
        let walk = match process {
            Some(process) => self.kernel.user().walk(memory, process, addr),
            None => map.walk(memory, addr),
        };
        let (Some(walk), Some(format)) = (walk, self.kernel.profile.paging) else {
            return match self.kernel.virt_to_phys(addr) {
                Some(phys) => line(format!("{operand}: {addr} -> {phys} (no MMU: an address is a physical one)")),
                None => line(format!("{operand}: {addr} is no RAM (no MMU: an address is a physical one)")),
            };
        };
        let mut text = match walk.result {
            Some(found) => {
                format!("{operand}: {addr} -> {} page={} {}", found.phys, size(found.page_bytes), rights(found.prot))
            }
            None => {
                let what =
                    process.map_or_else(|| map.describe(memory, addr).to_string(), |of| self.describe_user(of, addr));
                format!("{operand}: {addr} is not mapped: {what}")
            }
        };
        for step in walk.steps() {
            let level = format.levels.get(step.level);
            let digits = level.map_or(8, |level| 2 * level.entry_bytes as usize);
            let name = level.map_or("?", |level| level.name);
            let means = match step.entry {
                Entry::None => "nothing".into(),
                Entry::Table(table) => format!("table {table}"),
                Entry::Leaf { addr, prot } => format!("page {addr} {}", rights(prot)),
            };
            // Writing to a string cannot fail.
            let _ = write!(text, "\n  {name} at {}: {:#0width$x} -> {means}", step.at, step.raw, width = digits + 2);
        }
        line(text)
    }

    fn vtop_of_high_page(&self, operand: &Operand) -> Option<Answer> {
        let pfn = self.frame_of(operand).ok()?;
        let is_block = matches!(self.kernel.frame(pfn)?.kind, FrameKind::Used | FrameKind::Tail);
        let why = format!("{operand} is high memory (pfn {:#x}) and mapped nowhere; kmap maps it", pfn.raw());
        is_block.then(|| Err(Fault::misuse(why)))
    }
}

/// What may be done with a page: `rw-`, and marks of its own.
fn rights(prot: Prot) -> String {
    let mut text = String::from("r");
    text.push(if prot.contains(Prot::WRITE) { 'w' } else { '-' });
    text.push(if prot.contains(Prot::EXEC) { 'x' } else { '-' });
    for (flag, name) in [(Prot::USER, " user"), (Prot::DEVICE, " device"), (Prot::GLOBAL, " global")] {
        if prot.contains(flag) {
            text.push_str(name);
        }
    }
    text
}
