//! The module's files, as the shell drives them.

use crate::run::{Failed, Run};
use kmem_shell::device::Answer;
use kmem_shell::{Devices, Errno, Handle, OpenFlags, Refusal, Whence};
use std::borrow::Cow;

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
    fn ioctl_at(&mut self, handle: Handle, command: u64, bytes: &mut Vec<u8>) -> Result<i64, Refusal> {
        Ok(Run::ioctl_at(self, handle, command as u32, bytes)?.into())
    }
    fn begin(&mut self, handle: Handle, count: u64, data: Option<&[u8]>) -> Result<(), Refusal> {
        Ok(Run::begin(self, handle, count.min(MOST) as u32, data)?)
    }
    fn ended(&mut self) -> Vec<(Handle, bool, Answer)> {
        let ended = Run::ended(self).into_iter();
        ended.map(|ended| (ended.handle, ended.is_read, ended.answer.map_err(Refusal::from))).collect()
    }
    fn poll(&mut self, handle: Handle) -> Result<u32, Refusal> {
        Ok(self.ask("kmem_user_poll", &[handle as u32])?)
    }
    fn fasync(&mut self, handle: Handle, on: bool) -> Result<u32, Refusal> {
        Ok(self.ask("kmem_user_fasync", &[handle as u32, on.into()])?)
    }
    fn map(&mut self, handle: Handle, length: u64, offset: u64, writes: bool) -> Result<Handle, Refusal> {
        let (Ok(length), Ok(offset)) = (u32::try_from(length), u32::try_from(offset)) else {
            return Err(Refusal::Errno(Errno(12)));
        };
        Ok(self.ask("kmem_user_mmap", &[handle as u32, length, offset, writes.into()])? as i32)
    }
    fn peek(&mut self, mapping: Handle, offset: u64, count: u64) -> Result<Vec<u8>, Refusal> {
        Ok(Run::peek(self, mapping, offset.min(u32::MAX.into()) as u32, count.min(MOST) as u32)?)
    }
    fn poke(&mut self, mapping: Handle, offset: u64, data: &[u8]) -> Result<(), Refusal> {
        let data = &data[..data.len().min(MOST as usize)];
        Ok(Run::poke(self, mapping, offset.min(u32::MAX.into()) as u32, data)?)
    }
    fn unmap(&mut self, mapping: Handle) -> Result<(), Refusal> {
        self.ask("kmem_user_munmap", &[mapping as u32])?;
        Ok(())
    }
    fn gpio(&mut self, line: u32, level: Option<bool>) -> Result<u32, Refusal> {
        if let Some(level) = level {
            self.ask("kmem_gpio_write", &[line, level.into()])?;
        }
        Ok(self.ask("kmem_gpio_read", &[line])?)
    }
    fn as_shown<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.session().moved.as_ref().map_or(Cow::Borrowed(text), |moved| moved.in_text(text))
    }
    fn become_user(&mut self, uid: u32) -> Result<(), Refusal> {
        self.ask("kmem_user_become", &[uid, uid])?;
        Ok(())
    }
    fn read_port(&mut self, port: u32, bytes: u32) -> Result<u32, Refusal> {
        let read = || self.call_runtime("kmem_port_read", &[port, bytes]).map(|value| value as u32);
        self.has("kmem_port_read").and_then(|()| read().ok_or(Refusal::Aborted))
    }
    fn write_port(&mut self, port: u32, bytes: u32, value: u32) -> Result<(), Refusal> {
        self.ask("kmem_port_write", &[port, bytes, value])?;
        Ok(())
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
    /// ENOSYS where a small machine's runtime lacks a function.
    fn has(&self, function: &str) -> Result<(), Refusal> {
        self.session().runtime_symbol(function).map(|_| ()).ok_or(Refusal::Errno(Errno(38)))
    }
    /// The module that is meant: the one named, or the last.
    fn named(&self, name: Option<&str>) -> Result<String, Refusal> {
        name.map(str::to_owned).or_else(|| self.last_module()).ok_or(Refusal::Errno(Errno(2)))
    }
}
