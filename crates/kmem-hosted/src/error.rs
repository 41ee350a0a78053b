//! What the host may refuse, and what a machine may not be.

use std::io;

/// Why there is no machine.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// A system call failed.
    #[error("the host refused {what}: {source}")]
    Refused {
        /// What was asked for.
        what: &'static str,
        /// The host's answer.
        source: io::Error,
    },
    /// The machine's true addresses are in use: by another machine, by a sanitizer, by the program itself.
    #[error("addresses {start:#x}-{end:#x} are taken in this process: {source}")]
    Taken {
        /// First address.
        start: u64,
        /// One past the last address.
        end: u64,
        /// The host's answer.
        source: io::Error,
    },
    /// No gap below 4 GiB holds the machine.
    #[error("no {bytes:#x} free bytes below 4 GiB in this process")]
    NoRoomBelow4G {
        /// Size of the machine's kernel half and of what it needs of the user half.
        bytes: u64,
    },
    /// A Linux process cannot have these addresses.
    #[error("a Linux process cannot map addresses {start:#x}-{end:#x}: {why}")]
    Unreachable {
        /// First address.
        start: u64,
        /// One past the last address.
        end: u64,
        /// Why not.
        why: &'static str,
    },
    /// The machine has no addresses in this process: it is a 64-bit one.
    #[error("a 64-bit machine's addresses do not exist in this process; it is reached through its page tables")]
    NoSeat,
    /// The process has as many machines as this crate can serve.
    #[error("there are {limit} machines in this process already")]
    TooManyMachines {
        /// The limit.
        limit: usize,
    },
    /// A configuration that contradicts itself.
    #[error("no such machine: {0}")]
    BadConfig(&'static str),
    /// Another thread is this CPU.
    #[error("CPU {0} is held by another thread")]
    CpuBusy(u32),
    /// More CPUs than a machine can have.
    #[error("CPU {cpu} asked for, a machine has at most {limit}")]
    NoSuchCpu {
        /// The number asked for.
        cpu: u32,
        /// The number of CPUs.
        limit: u32,
    },
}

impl HostError {
    /// Wraps the error of the system call that was just made.
    pub(crate) fn refused(what: &'static str) -> Self {
        Self::Refused { what, source: io::Error::last_os_error() }
    }
}
