//! What a kernel says when memory is short.

use crate::machine::Machine;
use crate::memory::{Memory, Report};

/// Writes a report as lines of the kernel log.
pub(super) fn write<M: Machine>(mem: &Memory<M>, report: Report<'_>) {
    match report {
        Report::Failure { request, suppressed } => {
            mem.machine.printk(format_args!("page allocation failure: order:{} ({suppressed})", request.order));
        }
        Report::OutOfMemory { victim, points, .. } => {
            mem.machine
                .printk(format_args!("Out of memory: Killed process {} ({}) score {points}", victim.pid, victim.comm));
        }
        Report::Deadlock { .. } => {
            mem.machine.printk(format_args!("Kernel panic - not syncing: System is deadlocked on memory"));
        }
    }
}
