//! What a kernel says when memory is short: the report of a failed allocation, the report of the OOM killer. (What it says
//! about slab caches is in `slab_report`.)
//!
//! Both contain the state of all memory, filled from the zones as they are at this moment. Lines go to the kernel log one by
//! one. There is no call trace: the engine has no stack of the kernel's; who has one prints it itself.
//!
//! Who asked is not known here, so the reports name [`ASKER`].
//!
//! Source: `mm/page_alloc.c` (`warn_alloc`), `mm/oom_kill.c` (`dump_header`, `oom_kill_process`, `out_of_memory`),
//! `lib/ratelimit.c`.

use super::{proc, slab_report, zones};
use crate::error::Name;
use crate::gfp::Gfp;
use crate::machine::Machine;
use crate::memory::settings::Setting;
use crate::memory::{Candidate, Memory, Report};
use crate::page::{NodeMask, Request};
use crate::profile::{Profile, SlabKind, ZoneKind, MAX_NODES};
use crate::slab::SlabFlags;
use crate::snapshot::report::oom_report::{self, Constraint, TaskRow};
use crate::snapshot::report::{mem_info, page_failure, HugePool, ReportEra, ReportStyle, Totals};
use crate::snapshot::Stat;
use crate::units::PAGE_SIZE;
use core::fmt::{self, Write};

/// The process that asks, as far as the engine knows.
pub(super) const ASKER: &str = "kmem";
/// The most lines about pools of huge pages.
const MAX_HUGE_ROWS: usize = 4 * MAX_NODES;

/// Writes a report as lines of the kernel log.
pub(super) fn write<M: Machine>(mem: &Memory<M>, report: Report<'_>) {
    let mut lines = Lines::new(mem);
    // Lines take whatever is written.
    let _ = match report {
        Report::Failure { request, suppressed } => failure(&mut lines, mem, request, suppressed),
        Report::OutOfMemory { request, victim, points } => {
            head(&mut lines, mem, request).and_then(|()| kill(&mut lines, mem, request, victim, points))
        }
        Report::Deadlock { request } => deadlock(&mut lines, mem, request),
        Report::SlabBug(bug) => slab_report::bug(&mut lines, mem, bug),
        Report::SlabTrace { object, moment } => slab_report::traced(&mut lines, mem, object, moment),
        Report::ObjectsRemaining { cache } => slab_report::remaining(&mut lines, mem, cache),
    };
}

fn failure<M: Machine>(out: &mut Lines<'_, M>, mem: &Memory<M>, request: &Request, suppressed: u32) -> fmt::Result {
    let style = style(mem);
    if suppressed > 0 {
        match style.era {
            ReportEra::V2_6 => writeln!(out, "printk: {suppressed} messages suppressed.")?,
            ReportEra::V3_4 => writeln!(out, "warn_alloc_failed: {suppressed} callbacks suppressed")?,
            ReportEra::V6_1 | ReportEra::V6_12 => writeln!(out, "warn_alloc: {suppressed} callbacks suppressed")?,
        }
    }
    page_failure::write_head(out, style, &shown(mem, request), mem.profile.gfp)?;
    state(out, mem, request)
}

/// The part that is the same whoever is killed: `dump_header`.
fn head<M: Machine>(out: &mut Lines<'_, M>, mem: &Memory<M>, request: &Request) -> fmt::Result {
    let style = style(mem);
    let asker = TaskRow { comm: Name::new(ASKER), ..TaskRow::default() };
    oom_report::write_head(out, style, &shown(mem, request), mem.profile.gfp, &asker)?;
    state(out, mem, request)?;
    if style.era >= ReportEra::V6_1 && mem.profile.slab.kind() != SlabKind::Slob && slabs_prevail(mem) {
        let rows = proc::slab_rows(mem, |cache| !cache.flags.contains(SlabFlags::RECLAIM_ACCOUNT));
        oom_report::write_slabs(out, rows)?;
    }
    if mem.setting(Setting::OomDumpTasks) != 0 {
        oom_report::write_tasks_head(out, style)?;
        let mut written = Ok(());
        mem.for_each_process(&mut |process| {
            written = written.and_then(|()| oom_report::write_task(out, style, &task(process)));
        });
        written?;
    }
    Ok(())
}
fn kill<M: Machine>(
    out: &mut Lines<'_, M>,
    mem: &Memory<M>,
    request: &Request,
    victim: &Candidate,
    points: i64,
) -> fmt::Result {
    let score = u64::try_from(points).unwrap_or(0);
    oom_report::write_kill(out, style(mem), &shown(mem, request), Constraint::None, &task(victim), score)
}
fn deadlock<M: Machine>(out: &mut Lines<'_, M>, mem: &Memory<M>, request: &Request) -> fmt::Result {
    // 2.6.11 panics without a word about memory.
    if style(mem).era != ReportEra::V2_6 {
        head(out, mem, request)?;
    }
    oom_report::write_nobody(out)?;
    writeln!(out, "kmem: here the kernel panics; this one goes on, and the allocation fails")
}

/// Writes the state of all memory.
pub(super) fn state<M: Machine>(out: &mut dyn Write, mem: &Memory<M>, request: &Request) -> fmt::Result {
    let mut huge = [HugePool::default(); MAX_HUGE_ROWS];
    let mut rows = 0;
    for node in 0..mem.pages.nodes() {
        for pool in mem.huge_pools().iter() {
            let Some(row) = huge.get_mut(rows) else { break };
            let count = pool.count.get(node as usize).copied().unwrap_or(0);
            *row = HugePool { node, size_kb: pool.bytes >> 10, total: count, free: count, surplus: 0 };
            rows += 1;
        }
    }
    let totals = Totals {
        cpu: mem.machine.cpu() as usize,
        highest_zone: highest_zone(mem.profile, request.gfp),
        cma: zones::all(mem).map(|zone| zone.cma).sum(),
        huge: &huge[..rows],
        ..Totals::default()
    };
    mem_info::write(out, &style(mem).mem_info, zones::zone_reports(mem), &totals)
}

pub(super) fn style<M: Machine>(mem: &Memory<M>) -> &'static ReportStyle {
    &mem.profile.proc.report
}
/// A request as reports show it.
fn shown<M: Machine>(mem: &Memory<M>, request: &Request) -> page_failure::Request {
    let bits =
        |mask: NodeMask| (0..mem.pages.nodes()).filter(|&node| mask.contains(node)).fold(0, |all, n| all | 1 << n);
    page_failure::Request {
        comm: Name::new(ASKER),
        order: request.order,
        gfp: request.gfp,
        nodemask: (request.nodes != NodeMask::ALL).then(|| bits(request.nodes)),
        mems_allowed: bits(NodeMask::ALL),
    }
}
/// The index of the highest zone that flags allow, empty or not: `gfp_zone`.
fn highest_zone(profile: &Profile, gfp: Gfp) -> usize {
    let highest = if gfp.contains(Gfp::DMA) {
        ZoneKind::Dma
    } else if gfp.contains(Gfp::DMA32) {
        ZoneKind::Dma32
    } else if gfp.contains(Gfp::HIGHMEM | Gfp::MOVABLE) {
        ZoneKind::Movable
    } else if gfp.contains(Gfp::HIGHMEM) {
        ZoneKind::HighMem
    } else {
        ZoneKind::Normal
    };
    profile.zones.iter().rposition(|zone| zone.kind <= highest).unwrap_or(0)
}
/// True when slabs that cannot be reclaimed have more pages than processes and files: `should_dump_unreclaim_slab`.
fn slabs_prevail<M: Machine>(mem: &Memory<M>) -> bool {
    let sums = zones::sums(mem);
    let lists = [Stat::ActiveAnon, Stat::InactiveAnon, Stat::ActiveFile, Stat::InactiveFile];
    sums[Stat::SlabUnreclaimable] > lists.iter().map(|&list| sums[list]).sum()
}
fn task(process: &Candidate) -> TaskRow {
    TaskRow {
        pid: process.pid,
        uid: process.uid,
        tgid: process.pid,
        total_vm: process.total_vm,
        rss_anon: process.rss,
        pgtables_bytes: process.tables * PAGE_SIZE,
        swapents: process.swap,
        oom_score_adj: process.oom_score_adj,
        comm: process.comm,
        ..TaskRow::default()
    }
}

/// The longest line: `LOG_LINE_MAX`, 1024 less the prefix.
const LONGEST_LINE: usize = 992;

/// Text that goes to the kernel log line by line. A line that is too long is cut, as the kernel's log does.
struct Lines<'a, M: Machine> {
    mem: &'a Memory<M>,
    line: [u8; LONGEST_LINE],
    len: usize,
}

impl<'a, M: Machine> Lines<'a, M> {
    fn new(mem: &'a Memory<M>) -> Self {
        Self { mem, line: [0; LONGEST_LINE], len: 0 }
    }
    fn end_line(&mut self) {
        let text = self.line.get(..self.len).unwrap_or_default();
        // What was written were whole characters.
        if let Ok(text) = core::str::from_utf8(text) {
            self.mem.machine.printk(format_args!("{text}"));
        }
        self.len = 0;
    }
}

impl<M: Machine> Write for Lines<'_, M> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            if c == '\n' {
                self.end_line();
                continue;
            }
            let mut bytes = [0; 4];
            let bytes = c.encode_utf8(&mut bytes).as_bytes();
            if let Some(room) = self.line.get_mut(self.len..self.len + bytes.len()) {
                room.copy_from_slice(bytes);
                self.len += bytes.len();
            }
        }
        Ok(())
    }
}
