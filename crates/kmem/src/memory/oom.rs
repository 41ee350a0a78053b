//! The OOM killer: when nothing can be reclaimed, a process must go.
//!
//! The one whose end frees most, and that nobody protects: its pages in memory and in swap and those of its tables, and
//! `oom_score_adj` thousandths of all RAM on top (-1000: never). Before 2.6.36 it was the one with the largest address
//! space, less for root. Its pages are taken at once, its address space is cleared away when it ends.
//!
//! Kernel counterpart: `mm/oom_kill.c` (`oom_badness`, `select_bad_process`, `oom_kill_process`, `oom_reap_task`).

use super::users::Candidate;
use super::{Memory, Report};
use crate::machine::Machine;
use crate::page::policy::Request;
use crate::profile::TuningRule;
use crate::reclaim::VmEvent;

/// How bad it is to keep a process: the worst one goes. `None`: it is never killed.
pub fn badness(rule: TuningRule, process: &Candidate, total_pages: u64) -> Option<i64> {
    if process.is_killed || process.oom_score_adj == -1000 {
        return None;
    }
    let total = i64::try_from(total_pages).unwrap_or(i64::MAX).max(1);
    let used = i64::try_from(process.rss + process.swap + process.tables).unwrap_or(i64::MAX);
    let adj = i64::from(process.oom_score_adj);
    Some(match rule {
        // The size of the address space; root's processes are worth more.
        TuningRule::Early => {
            let points = i64::try_from(process.total_vm).unwrap_or(i64::MAX);
            if process.uid == 0 {
                points / 4
            } else {
                points
            }
        }
        // Thousandths of RAM; three hundredths less for root.
        TuningRule::Middle => {
            let points = used.saturating_mul(1000) / total - if process.uid == 0 { 30 } else { 0 };
            (points + adj).max(1)
        }
        _ => used.saturating_add(adj.saturating_mul(total / 1000)),
    })
}

impl<M: Machine> Memory<M> {
    /// Chooses a process, kills it and takes its pages. Returns how many that freed; `None` when there is nobody to kill.
    pub(super) fn out_of_memory(&self, request: &Request) -> Option<u64> {
        let users = self.users.as_ref()?;
        let total = self.pages.managed();
        let mut worst: Option<(i64, Candidate)> = None;
        users.get().for_each(&mut |process| {
            if let Some(points) = badness(self.profile.tuning, process, total) {
                if worst.is_none_or(|(most, _)| points > most) {
                    worst = Some((points, *process));
                }
            }
        });
        let (points, victim) = worst?;
        self.report(Report::OutOfMemory { request, victim: &victim, points });
        self.reclaim.events.add(VmEvent::OomKill, 1);
        Some(users.get().reap(self, victim.pid))
    }
    /// Hands each process to `with`.
    pub fn for_each_process(&self, with: &mut dyn FnMut(&Candidate)) {
        if let Some(users) = &self.users {
            users.get().for_each(with);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Name;

    #[test]
    fn the_worst_is_the_one_whose_end_frees_most() {
        let process = |rss, adj| Candidate {
            pid: 1,
            comm: Name::new("a"),
            uid: 1000,
            oom_score_adj: adj,
            total_vm: 10_000,
            rss,
            swap: 0,
            tables: 10,
            last_tables: 8,
            is_killed: false,
        };
        let modern = TuningRule::Modern { thp: false };
        assert_eq!(badness(modern, &process(500, 0), 100_000), Some(510));
        assert_eq!(badness(modern, &process(500, 100), 100_000), Some(510 + 100 * 100));
        assert_eq!(badness(modern, &process(500, -1000), 100_000), None);
        assert_eq!(badness(TuningRule::Middle, &process(50_000, 0), 100_000), Some(500));
        assert_eq!(badness(TuningRule::Early, &Candidate { uid: 0, ..process(5, 0) }, 100_000), Some(2500));
        assert_eq!(badness(modern, &Candidate { is_killed: true, ..process(500, 0) }, 100_000), None);
    }
}
