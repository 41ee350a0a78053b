//! The module's files, as the shell drives them.

use crate::run::{Failed, Run};
use kmem_shell::{Devices, Errno, Handle, OpenFlags, Refusal, Whence};

impl From<Failed> for Refusal {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Errno(errno) => Self::Errno(Errno(errno)),
            Failed::Died => Self::Aborted,
        }
    }
}

/// One read or write moves at most this much, as `read(2)` and `write(2)` do on a pipe's worth of patience.
const MOST: u64 = 64 << 20;

impl Devices for Run {
    fn open(&mut self, node: &str, flags: OpenFlags) -> Result<Handle, Refusal> {
        Ok(Run::open(self, node, flags.bits())?)
    }
    fn close(&mut self, handle: Handle) -> Result<(), Refusal> {
        Ok(Run::close(self, handle)?)
    }
    fn read(&mut self, handle: Handle, count: u64) -> Result<Vec<u8>, Refusal> {
        Ok(Run::read(self, handle, count.min(MOST) as u32)?)
    }
    fn write(&mut self, handle: Handle, data: &[u8]) -> Result<u64, Refusal> {
        let data = &data[..data.len().min(MOST as usize)];
        Ok(Run::write(self, handle, data)?.into())
    }
    fn lseek(&mut self, handle: Handle, offset: i64, whence: Whence) -> Result<i64, Refusal> {
        Ok(Run::lseek(self, handle, offset, whence.raw())?)
    }
    fn ioctl(&mut self, handle: Handle, command: u64, argument: u64) -> Result<i64, Refusal> {
        Ok(Run::ioctl(self, handle, command as u32, argument as u32)?.into())
    }
    fn insmod(&mut self, file: Option<&str>, params: &[String]) -> Result<(), Refusal> {
        let name = self.named(file)?;
        for param in params {
            self.set_param(&format!("{name}.{param}")).map_err(|_| Refusal::Errno(Errno(22)))?;
        }
        Ok(self.insmod_by_name(&name)?)
    }
    fn rmmod(&mut self, name: Option<&str>) -> Result<(), Refusal> {
        let name = self.named(name)?;
        Ok(self.rmmod_by_name(&name)?)
    }
    fn read_register(&mut self, device: &str, offset: u64, bytes: u32) -> Result<u32, Refusal> {
        Ok(Run::read_register(self, device, offset, bytes)?)
    }
    fn write_register(&mut self, device: &str, offset: u64, bytes: u32, value: u32) -> Result<(), Refusal> {
        Ok(Run::write_register(self, device, offset, bytes, value)?)
    }
    fn raise_irq(&mut self, device: &str) -> Result<(), Refusal> {
        Ok(Run::raise_irq(self, device)?)
    }
    fn sleep(&mut self, nanoseconds: u64) -> Result<(), Refusal> {
        Ok(Run::sleep(self, nanoseconds)?)
    }
}

impl Run {
    /// The module that is meant: the one named, or the last.
    fn named(&self, name: Option<&str>) -> Result<String, Refusal> {
        name.map(str::to_owned).or_else(|| self.last_module()).ok_or(Refusal::Errno(Errno(2)))
    }
}
