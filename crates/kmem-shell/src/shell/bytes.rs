//! Bytes of memory: `read`, `write`, `fill`.

use super::fault::Fault;
use super::{line, Answer, Shell};
use crate::ast::{Data, Operand};
use crate::errno::Errno;
use crate::show::{count as counted, dump};
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

    /// Only into what this shell holds: everything else is the kernel's, or nobody's.
    pub(super) fn write(&self, operand: &Operand, data: &Data) -> Answer {
        let addr = self.address_of(operand)?;
        let count = match data {
            Data::Text(text) => text.len() as u64,
            Data::Fill { count, .. } => *count,
        };
        self.must_be_inside(operand, addr, count)?;
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
        line(format!("{operand}: {}{of} written at {addr}", counted(count, "byte")))
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

    fn must_be_inside(&self, operand: &Operand, addr: VirtAddr, count: u64) -> Result<(), Fault> {
        let Some((id, object)) = self.objects.holding(addr) else {
            let what = self.kernel.map().describe(self.kernel.memory(), addr);
            return Err(Fault::misuse(format!("{operand} is nothing that this shell holds: {what}")).of("write"));
        };
        let start = object.kind.addr().unwrap_or_default();
        let room = object.kind.bytes() - (addr.raw() - start.raw());
        if count <= room {
            return Ok(());
        }
        let (called, beyond) = (self.objects.called(id), counted(count - room, "byte"));
        let why = format!("{beyond} past the end of {called} ({} bytes at {start})", object.kind.bytes());
        Err(Fault::misuse(why).of("out of bounds"))
    }

    pub(super) fn unmapped(&self, error: Unmapped) -> Fault {
        let what = self.kernel.map().describe(self.kernel.memory(), error.0);
        Fault::new(Errno::EFAULT, format!("no RAM behind {}: {what}", error.0))
    }
}
