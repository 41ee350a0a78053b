//! The watch over a run: how long a call into a module may take, and how much it may print.
//!
//! A call from outside (an init, an operation on a file, an exit) has so much CPU time; what it calls back into the module is
//! part of it. When the time is up, the module ends where it stands, as if by an Oops, and the finding names the line.

use crate::exec::Call;
use crate::finding::{Finding, FindingKind};
use crate::session::Session;
use kmem_hosted::deadline::{self, Deadline};
use kmem_hosted::{syscall, HostError};
use std::cell::Cell;
use std::time::Duration;

/// A log beyond this is that of a module that prints without end.
const MOST_PRINTED: u64 = 16 << 20;

/// How long a call into a module may take.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    limit: Option<(Deadline, Duration)>,
    depth: Cell<u32>,
    printed: Cell<u64>,
}

impl Watch {
    /// Makes the watch of the calling thread.
    ///
    /// # Errors
    /// When the host has no timer.
    pub(crate) fn new(time: Option<Duration>) -> Result<Self, HostError> {
        syscall::refuse();
        let limit = time.map(|time| Deadline::new().map(|deadline| (deadline, time))).transpose()?;
        Ok(Self { limit, ..Self::default() })
    }
    /// A call begins; it ends with the value.
    pub(crate) fn begin(&self) -> Watched<'_> {
        let depth = self.depth.replace(self.depth.get() + 1);
        if let (0, Some((deadline, time))) = (depth, &self.limit) {
            deadline.set(*time);
        }
        Watched(self)
    }
}

/// A call that is watched.
pub(crate) struct Watched<'a>(&'a Watch);

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        let depth = self.0.depth.get() - 1;
        self.0.depth.set(depth);
        if let (0, Some((deadline, _))) = (depth, &self.0.limit) {
            deadline.lift();
        }
    }
}

impl Session {
    /// A host function is done: is there time left?
    pub(crate) fn look_at_watch(&self, call: &Call<'_>) {
        if self.watch.limit.is_some() && deadline::has_passed() && !self.died.replace(true) {
            self.report_hang(&self.chain(call));
        }
    }
    /// So many bytes are about to be printed: false when that is too much, and the module has ended.
    pub(crate) fn may_print(&self, call: &Call<'_>, bytes: u32) -> bool {
        let printed = self.watch.printed.get() + u64::from(bytes);
        self.watch.printed.set(printed);
        if printed <= MOST_PRINTED {
            return true;
        }
        if !self.died.replace(true) {
            let title = format!("hang: it has printed {} MiB, and goes on", MOST_PRINTED >> 20);
            self.end_hang(title, &self.chain(call));
        }
        false
    }
    /// Reports a module that does not end.
    pub(crate) fn report_hang(&self, chain: &[u32]) {
        let seconds = self.watch.limit.as_ref().map_or(0.0, |(_, time)| time.as_secs_f64());
        self.end_hang(format!("hang: no end after {seconds} s of CPU time"), chain);
    }
    fn end_hang(&self, title: String, chain: &[u32]) {
        self.log.line(&format!("watchdog: BUG: soft lockup - CPU#0 stuck: {title}"));
        self.print_call_trace(chain);
        let finding = Finding::new(FindingKind::Hang, title, self.place(chain), "it stood here")
            .help("what would end the loop never comes; `--timeout SECONDS` gives it more time, 0 any");
        self.report(self.with_trace(finding, chain));
    }
}
