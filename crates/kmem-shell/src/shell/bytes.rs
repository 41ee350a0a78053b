//! Bytes of memory: `read`, `write`, `fill`.

use super::fault::Fault;
use super::object::Kind;
use super::{line, Answer, Shell};
use crate::ast::{Data, Operand};
use crate::errno::Errno;
use crate::show::{count as counted, dump};
use kmem::profile::SlabRule;
use kmem::slab::SlabFlags;
use kmem::user::MmId;
use kmem::VirtAddr;
use kmem_hosted::Unmapped;

/// How many bytes `read` shows.
const SHOWN: usize = 64;
/// Bytes moved at once.
const CHUNK: u64 = 1 << 20;

impl Shell<'_> {
    pub(super) fn read(&self, operand: &Operand, count: u64) -> Answer {
        let addr = self.address_of(operand)?;
        let process = self.process_of(operand, addr);
        let (mut first, mut buffer) = (Vec::new(), vec![0; count.min(CHUNK) as usize]);
        for at in (0..count).step_by(CHUNK as usize) {
            let part = &mut buffer[..CHUNK.min(count - at) as usize];
            self.load(process, addr.offset(at), part)?;
            if at == 0 {
                first.extend_from_slice(&part[..part.len().min(SHOWN + 1)]);
            }
        }
        line(format!("{operand}: {} at {addr}: {}", counted(count, "byte"), dump(&first, SHOWN)))
    }

    /// Only into what this shell holds, and what debugging guards: everything else is the kernel's, or nobody's.
    pub(super) fn write(&self, operand: &Operand, data: &Data) -> Answer {
        let addr = self.address_of(operand)?;
        let count = match data {
            Data::Text(text) => text.len() as u64,
            Data::Fill { count, .. } => *count,
        };
        let beyond = self.must_be_inside(operand, addr, count)?;
        let process = self.process_of(operand, addr);
        match data {
            Data::Text(text) => self.put(process, addr, text)?,
            Data::Fill { byte, .. } => {
                let buffer = vec![*byte; count.min(CHUNK) as usize];
                for at in (0..count).step_by(CHUNK as usize) {
                    self.put(process, addr.offset(at), &buffer[..CHUNK.min(count - at) as usize])?;
                }
            }
        }
        let of = match data {
            Data::Text(_) => String::new(),
            Data::Fill { byte, .. } => format!(" of {byte:#04x}"),
        };
        let past = if beyond == 0 { String::new() } else { format!(", {beyond} of them outside the object") };
        line(format!("{operand}: {}{of} written at {addr}{past}", counted(count, "byte")))
    }

    fn load(&self, process: Option<MmId>, addr: VirtAddr, into: &mut [u8]) -> Result<(), Fault> {
        match process {
            Some(process) => self.load_user(process, addr, into),
            None => self.kernel.machine().read(addr, into).map_err(|error| self.unmapped(error)),
        }
    }
    fn put(&self, process: Option<MmId>, addr: VirtAddr, bytes: &[u8]) -> Result<(), Fault> {
        if let Some(process) = process {
            return self.put_user(process, addr, bytes);
        }
        self.kernel.machine().write(addr, bytes).map_err(|error| self.unmapped(error))
    }

    /// Returns how many of the bytes lie outside an object that debugging guards: there they may go, to see them found.
    fn must_be_inside(&self, operand: &Operand, addr: VirtAddr, count: u64) -> Result<u64, Fault> {
        let guarded = self.guarded_by(addr);
        let near = guarded.and_then(|(object, _)| self.objects.holding(object));
        let Some((id, object)) = self.objects.holding(addr).or(near) else {
            if self.is_poisoned(addr, count) {
                return Ok(0);
            }
            let what = self.kernel.map().describe(self.kernel.memory(), addr);
            return Err(Fault::misuse(format!("{operand} is nothing that this shell holds: {what}")).of("write"));
        };
        let start = object.kind.addr().unwrap_or_default().raw();
        let end = start + object.kind.bytes();
        let (from, to) = (addr.raw(), addr.raw() + count);
        let inside = to.min(end).saturating_sub(from.max(start));
        if inside == count || guarded.is_some_and(|(_, stride_end)| to <= stride_end.raw()) {
            return Ok(count - inside);
        }
        let (called, beyond) = (self.objects.called(id), counted(to - end, "byte"));
        let why =
            format!("{beyond} past the end of {called} ({} bytes at {})", object.kind.bytes(), VirtAddr::new(start));
        let help = match (guarded, &object.kind) {
            (Some((_, end)), _) => format!("; what is guarded around it ends at {end}"),
            (None, Kind::CacheObject { .. } | Kind::Kmalloc { .. }) if self.has_slub_debug() => {
                "; with slub_debug=FZPU on the kernel command line it would be written, and found".to_owned()
            }
            _ => String::new(),
        };
        Err(Fault::misuse(format!("{why}{help}")).of("out of bounds"))
    }
    fn has_slub_debug(&self) -> bool {
        matches!(self.kernel.profile.slab, SlabRule::Slub { .. })
    }
    /// Returns the object with red zones in whose stride an address lies, and the end of the stride.
    fn guarded_by(&self, addr: VirtAddr) -> Option<(VirtAddr, VirtAddr)> {
        let view = self.kernel.slab().view(self.kernel.pages(), self.kernel.virt_to_phys(addr)?)?;
        let start = self.kernel.phys_to_virt(view.object)?;
        let end = start.offset(u64::from(view.layout.size - view.layout.object));
        view.layout.has_red_zones().then_some((start, end))
    }
    /// True for bytes of a free object that holds poison: to see a write after free found.
    fn is_poisoned(&self, addr: VirtAddr, count: u64) -> bool {
        let Some(phys) = self.kernel.virt_to_phys(addr) else { return false };
        let Some(object) = self.kernel.slab().object(self.kernel.pages(), phys).filter(|object| object.is_free) else {
            return false;
        };
        let poison = self.kernel.slab().info(object.cache).is_some_and(|info| info.flags.contains(SlabFlags::POISON));
        poison && phys >= object.start && phys.offset(count) <= object.start.offset(object.object_size.into())
    }

    pub(super) fn unmapped(&self, error: Unmapped) -> Fault {
        let what = self.kernel.map().describe(self.kernel.memory(), error.0);
        Fault::new(Errno::EFAULT, format!("no RAM behind {}: {what}", error.0))
    }
}
