//! The out-of-memory report: who ran out of memory, how the memory is used, who is killed for it.
//!
//! Sources: `mm/oom_kill.c` (6.12, 6.1, 3.4, 2.6.11), `mm/slab_common.c`, `dump_unreclaimable_slab` (4.15 and later).

use super::page_failure::{allowed, mode, Request};
use super::{ReportEra, ReportStyle};
use crate::error::Name;
use crate::gfp::GfpEncoding;
use crate::snapshot::SlabRow;
use core::fmt::{Result, Write};

/// A process. Pages, but for page tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct TaskRow {
    /// Its number.
    pub pid: u32,
    /// Its user.
    pub uid: u32,
    /// The number of its thread group.
    pub tgid: u32,
    /// Addresses it has.
    pub total_vm: u64,
    /// Resident memory of its own.
    pub rss_anon: u64,
    /// Resident pages of files.
    pub rss_file: u64,
    /// Resident shared memory.
    pub rss_shmem: u64,
    /// Bytes of its page tables.
    pub pgtables_bytes: u64,
    /// Pages in swap.
    pub swapents: u64,
    /// The CPU it last ran on (3.4).
    pub cpu: u32,
    /// `oom_score_adj`, -1000 to 1000.
    pub oom_score_adj: i16,
    /// Its name.
    pub comm: Name,
}

impl TaskRow {
    /// Returns its resident pages.
    pub const fn rss(&self) -> u64 {
        self.rss_anon + self.rss_file + self.rss_shmem
    }
    /// The older scale of `oom_score_adj`, -17 to 15.
    fn oom_adj(&self) -> i32 {
        match i32::from(self.oom_score_adj) {
            1000.. => 15,
            adj => adj * 17 / 1000,
        }
    }
}

/// What limits the memory that the request could use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Constraint {
    /// Nothing: the machine is out of memory.
    None,
    /// The nodes of its cpuset.
    Cpuset,
    /// The nodes of its memory policy.
    MemoryPolicy,
}

/// Writes the first line. `asker` is the process that asked.
pub fn write_head(
    out: &mut dyn Write,
    style: &ReportStyle,
    request: &Request,
    gfp: &GfpEncoding,
    asker: &TaskRow,
) -> Result {
    if style.era == ReportEra::V2_6 {
        write!(out, "oom-killer: gfp_mask=")?;
        mode(out, style, request.gfp, gfp)?;
        return writeln!(out);
    }
    write!(out, "{} invoked oom-killer: gfp_mask=", request.comm)?;
    mode(out, style, request.gfp, gfp)?;
    write!(out, ", order={}, ", request.order)?;
    if style.era == ReportEra::V3_4 {
        write!(out, "oom_adj={}, ", asker.oom_adj())?;
    }
    writeln!(out, "oom_score_adj={}", asker.oom_score_adj)
}

/// Writes the table of slabs that cannot be reclaimed, which 6.x shows when they have more pages than processes and files.
/// `rows` are the caches without SLAB_RECLAIM_ACCOUNT; empty ones are left out.
pub fn write_slabs(out: &mut dyn Write, rows: impl IntoIterator<Item = SlabRow>) -> Result {
    writeln!(out, "Unreclaimable slab info:")?;
    writeln!(out, "Name                      Used          Total")?;
    rows.into_iter().filter(|row| row.num_objs > 0).try_for_each(|row| {
        let kb = |objects: u64| objects * row.object_bytes / 1024;
        writeln!(out, "{:<17} {:10}KB {:10}KB", row.name, kb(row.active_objs), kb(row.num_objs))
    })
}

/// Writes the table of processes; kernel threads are not in it. 2.6.11 has none.
pub fn write_tasks(out: &mut dyn Write, style: &ReportStyle, rows: impl IntoIterator<Item = TaskRow>) -> Result {
    write_tasks_head(out, style)?;
    rows.into_iter().try_for_each(|row| write_task(out, style, &row))
}

/// Writes what stands above the table of processes.
pub fn write_tasks_head(out: &mut dyn Write, style: &ReportStyle) -> Result {
    match style.era {
        ReportEra::V2_6 => Ok(()),
        ReportEra::V3_4 => writeln!(out, "[ pid ]   uid  tgid total_vm      rss cpu oom_adj oom_score_adj name"),
        ReportEra::V6_1 => {
            writeln!(out, "Tasks state (memory values in pages):")?;
            writeln!(out, "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name")
        }
        ReportEra::V6_12 => {
            writeln!(out, "Tasks state (memory values in pages):")?;
            write!(out, "[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem")?;
            writeln!(out, " pgtables_bytes swapents oom_score_adj name")
        }
    }
}

/// Writes one process's row of the table.
pub fn write_task(out: &mut dyn Write, style: &ReportStyle, row: &TaskRow) -> Result {
    let era = style.era;
    if era == ReportEra::V2_6 {
        return Ok(());
    }
    let digits = if era == ReportEra::V3_4 { 5 } else { 7 };
    write!(out, "[{:digits$}] {:5} {:5} {:8} {:8}", row.pid, row.uid, row.tgid, row.total_vm, row.rss())?;
    match era {
        ReportEra::V2_6 | ReportEra::V3_4 => write!(out, " {:3}     {:3}", row.cpu, row.oom_adj())?,
        ReportEra::V6_1 => write!(out, " {:8} {:8}", row.pgtables_bytes, row.swapents)?,
        ReportEra::V6_12 => {
            write!(out, " {:8} {:8} {:9}", row.rss_anon, row.rss_file, row.rss_shmem)?;
            write!(out, " {:8} {:8}", row.pgtables_bytes, row.swapents)?;
        }
    }
    writeln!(out, "         {:5} {}", row.oom_score_adj, row.comm)
}

/// Writes who is killed. `score` is the badness in thousandths that 3.4 shows.
pub fn write_kill(
    out: &mut dyn Write,
    style: &ReportStyle,
    request: &Request,
    constraint: Constraint,
    victim: &TaskRow,
    score: u64,
) -> Result {
    let kb = |pages: u64| pages << (crate::units::PAGE_SHIFT - 10);
    let (pid, comm) = (victim.pid, victim.comm);
    match style.era {
        ReportEra::V2_6 => writeln!(out, "Out of Memory: Killed process {pid} ({comm})."),
        ReportEra::V3_4 => {
            writeln!(out, "Out of memory: Kill process {pid} ({comm}) score {score} or sacrifice child")?;
            write!(out, "Killed process {pid} ({comm}) total-vm:{}kB", kb(victim.total_vm))?;
            let file = victim.rss_file + victim.rss_shmem;
            writeln!(out, ", anon-rss:{}kB, file-rss:{}kB", kb(victim.rss_anon), kb(file))
        }
        ReportEra::V6_1 | ReportEra::V6_12 => {
            write!(out, "oom-kill:constraint={},", constraint.name())?;
            allowed(out, request)?;
            writeln!(out, ",global_oom,task_memcg=/,task={comm},pid={pid},uid={}", victim.uid)?;
            write!(out, "Out of memory: Killed process {pid} ({comm}) total-vm:{}kB", kb(victim.total_vm))?;
            write!(out, ", anon-rss:{}kB, file-rss:{}kB", kb(victim.rss_anon), kb(victim.rss_file))?;
            write!(out, ", shmem-rss:{}kB, UID:{}", kb(victim.rss_shmem), victim.uid)?;
            writeln!(out, " pgtables:{}kB oom_score_adj:{}", victim.pgtables_bytes >> 10, victim.oom_score_adj)
        }
    }
}

/// Writes that there is nobody to kill. What follows is a panic.
pub fn write_nobody(out: &mut dyn Write) -> Result {
    writeln!(out, "Out of memory and no killable processes...")
}

impl Constraint {
    /// Returns the kernel's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "CONSTRAINT_NONE",
            Self::Cpuset => "CONSTRAINT_CPUSET",
            Self::MemoryPolicy => "CONSTRAINT_MEMORY_POLICY",
        }
    }
}
