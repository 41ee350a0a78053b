//! What a script does at the same time: a read or write that waits in a task of its own, memory that is mapped, and ioctls
//! that are given an address.

use crate::run::{Failed, Run};
use crate::user_buffer::UserBuffer;

/// The most transfers that may wait at once.
const MOST: usize = 16;
/// The most bytes of one.
const LARGEST: u32 = 16 << 20;

/// A transfer that was begun.
#[derive(Debug)]
pub(crate) struct Begun {
    handle: i32,
    is_read: bool,
    /// Its number in the runtime.
    job: u32,
    buffer: UserBuffer,
    bytes: u32,
    /// Which of the places for buffers it has.
    place: usize,
}

/// A transfer that has ended.
#[derive(Debug)]
pub struct Ended {
    /// The file.
    pub handle: i32,
    /// It was a read.
    pub is_read: bool,
    /// What the driver answered, and the bytes that were read.
    pub answer: Result<(i64, Vec<u8>), Failed>,
}

impl Run {
    /// Asks the driver, with the address of bytes in user space; they are what it left there afterwards.
    ///
    /// # Errors
    /// The driver's answer, or its death.
    pub fn ioctl_at(&self, handle: i32, command: u32, bytes: &mut [u8]) -> Result<i32, Failed> {
        let buffer = self.buffer(bytes.len() as u32)?;
        let session = self.session();
        session.write_bytes(buffer.addr(), bytes);
        let result = self.ioctl(handle, command, buffer.addr());
        bytes.copy_from_slice(&session.read_bytes(buffer.addr(), bytes.len() as u32));
        buffer.free(&session.kernel);
        result
    }

    /// Begins to read `count` bytes, or to write, in a task of its own.
    ///
    /// # Errors
    /// EBADF, EAGAIN when too many wait already, ENOMEM, or the module's death.
    pub fn begin(&self, handle: i32, count: u32, data: Option<&[u8]>) -> Result<(), Failed> {
        const EAGAIN: i32 = 11;
        let session = self.session();
        let data = data.map(|data| &data[..data.len().min(LARGEST as usize)]);
        let bytes = data.map_or(count.min(LARGEST), |data| data.len() as u32);
        let taken: Vec<usize> = self.begun.borrow().iter().map(|begun| begun.place).collect();
        let place = (1..=MOST).find(|place| !taken.contains(place)).ok_or(Failed::Errno(EAGAIN))?;
        let buffer = UserBuffer::at(&session.kernel, bytes.into(), place as u64).map_err(|_| Failed::Errno(12))?;
        if let Some(data) = data {
            session.write_bytes(buffer.addr(), data);
        }
        let is_read = data.is_none();
        match self.ask("kmem_user_begin", &[handle as u32, buffer.addr(), bytes, is_read.into()]) {
            Ok(job) => self.begun.borrow_mut().push(Begun { handle, is_read, job, buffer, bytes, place }),
            Err(failed) => {
                buffer.free(&session.kernel);
                return Err(failed);
            }
        }
        Ok(())
    }
    /// Returns what has ended of it.
    pub fn ended(&self) -> Vec<Ended> {
        let mut ended = Vec::new();
        let mut waiting = Vec::new();
        let session = self.session();
        for begun in self.begun.take() {
            let result = match self.ask("kmem_user_ended", &[begun.job]) {
                Ok(0) => {
                    waiting.push(begun);
                    continue;
                }
                Ok(_) => self.ask("kmem_user_result", &[begun.job]),
                Err(failed) => Err(failed),
            };
            let answer = result.map(|got| {
                let count = if begun.is_read { got.min(begun.bytes) } else { 0 };
                (i64::from(got), session.read_bytes(begun.buffer.addr(), count))
            });
            begun.buffer.free(&session.kernel);
            ended.push(Ended { handle: begun.handle, is_read: begun.is_read, answer });
        }
        self.begun.replace(waiting);
        ended
    }

    /// Reads mapped memory as a user does.
    ///
    /// # Errors
    /// EFAULT where the driver has no page, or its death.
    pub fn peek(&self, mapping: i32, offset: u32, count: u32) -> Result<Vec<u8>, Failed> {
        let buffer = self.buffer(count)?;
        let session = self.session();
        let result = self.ask("kmem_user_mem_read", &[mapping as u32, offset, buffer.addr(), count]);
        let bytes = result.map(|got| session.read_bytes(buffer.addr(), got.min(count)));
        buffer.free(&session.kernel);
        bytes
    }
    /// Writes to it.
    ///
    /// # Errors
    /// As [`Run::peek`].
    pub fn poke(&self, mapping: i32, offset: u32, data: &[u8]) -> Result<(), Failed> {
        let buffer = self.buffer(data.len() as u32)?;
        let session = self.session();
        session.write_bytes(buffer.addr(), data);
        let result = self.ask("kmem_user_mem_write", &[mapping as u32, offset, buffer.addr(), data.len() as u32]);
        buffer.free(&session.kernel);
        result.map(|_| ())
    }
    /// Calls a function of the runtime that answers with a number or -errno. A small machine's has not all: ENOSYS.
    pub(crate) fn ask(&self, function: &str, args: &[u32]) -> Result<u32, Failed> {
        const ENOSYS: i32 = 38;
        if self.session().runtime_symbol(function).is_none() {
            return Err(Failed::Errno(ENOSYS));
        }
        match self.call_runtime(function, args).ok_or(Failed::Died)? as i32 {
            error @ -4095..0 => Err(Failed::Errno(-error)),
            value => Ok(value as u32),
        }
    }
}
