//! One attempt to allocate: which watermark it must leave, and how far below it this caller may go.
//!
//! A request is tried first above the *low* mark, so that kswapd has room to work. When that fails, the *min* mark counts,
//! and some callers may go below it: those who cannot wait, those who are important, and those whose allocation frees
//! memory. How far is the kernel's generation's rule.
//!
//! Kernel counterpart: `gfp_to_alloc_flags`, `ALLOC_*` of `mm/internal.h`; 2.6.11 `__alloc_pages`.

use super::mobility::Mobility;
use super::rule::{Harder, PageRule};
use crate::gfp::Gfp;
use bitflags::bitflags;

/// Which watermark an attempt must leave untouched.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Mark {
    /// When the first attempt failed: the reserve is kept for those who may dip into it.
    Min,
    /// The first attempt of every request.
    Low,
    /// Where kswapd stops; the last attempt before a process is killed.
    High,
}

bitflags! {
    /// What else an attempt may do.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct Latitude: u8 {
        /// Half of the min mark: `__GFP_HIGH`.
        const HIGH = 1 << 0;
        /// Another quarter: it cannot wait.
        const HARDER = 1 << 1;
        /// A process that is being killed: half.
        const OOM = 1 << 2;
        /// All there is: it frees memory (`PF_MEMALLOC`, `__GFP_MEMALLOC`).
        const NO_WATERMARKS = 1 << 3;
        /// Blocks that are set aside for important requests.
        const HIGH_ATOMIC = 1 << 4;
        /// The contiguous area: the page can be moved.
        const CMA = 1 << 5;
        /// Not from a block of another type that is smaller than a pageblock.
        const NO_FRAGMENT = 1 << 6;
    }
}

/// Who is asking, besides the flags.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Caller {
    /// Anybody.
    #[default]
    Ordinary,
    /// Reclaim itself, or another that frees memory by allocating a little: `PF_MEMALLOC`.
    Reclaim,
    /// A process that the OOM killer chose.
    OomVictim,
}

/// One attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attempt {
    /// The mark to leave.
    pub mark: Mark,
    /// How far below, and from where else.
    pub latitude: Latitude,
}

impl Attempt {
    /// Returns the first attempt of a request.
    pub(crate) fn first(rule: &PageRule, gfp: Gfp) -> Self {
        let mut latitude = Self::cma(gfp);
        latitude.set(Latitude::NO_FRAGMENT, rule.boosts);
        Self { mark: Mark::Low, latitude }
    }
    /// Returns the attempt that follows when the first one failed.
    pub fn second(rule: &PageRule, gfp: Gfp, order: u32, caller: Caller) -> Self {
        let mut latitude = Self::cma(gfp);
        let waits = gfp.contains(Gfp::DIRECT_RECLAIM);
        let may_use_reserves = !gfp.contains(Gfp::NOMEMALLOC);
        latitude.set(Latitude::HIGH, gfp.contains(Gfp::HIGH));
        let harder = match rule.harder {
            Harder::NoWait => !waits && may_use_reserves,
            Harder::AtomicBit => gfp.contains(Gfp::ATOMIC_BIT) && may_use_reserves,
            Harder::NoWaitAndHigh => !waits && may_use_reserves,
        };
        latitude.set(Latitude::HARDER, harder);
        latitude.set(Latitude::HIGH_ATOMIC, harder && rule.high_atomic && order > 0);
        if may_use_reserves && (gfp.contains(Gfp::MEMALLOC) || caller == Caller::Reclaim) {
            latitude |= Latitude::NO_WATERMARKS;
        }
        latitude.set(Latitude::OOM, may_use_reserves && caller == Caller::OomVictim);
        Self { mark: Mark::Min, latitude }
    }
    /// Returns the last attempt before a process is killed: somebody may have freed much meanwhile.
    pub(crate) fn before_oom(gfp: Gfp) -> Self {
        Self { mark: Mark::High, latitude: Self::cma(gfp) }
    }
    fn cma(gfp: Gfp) -> Latitude {
        if Mobility::of(gfp) == Mobility::Movable {
            Latitude::CMA
        } else {
            Latitude::empty()
        }
    }
    /// Lowers a mark as far as the attempt may.
    pub fn lowered(self, rule: &PageRule, mark: u64) -> u64 {
        let mut mark = mark;
        let has = |latitude| self.latitude.contains(latitude);
        if has(Latitude::HIGH) {
            mark -= mark / 2;
        }
        let (harder, oom) = match rule.harder {
            Harder::NoWaitAndHigh => (has(Latitude::HARDER) && has(Latitude::HIGH), has(Latitude::OOM)),
            Harder::NoWait | Harder::AtomicBit => (has(Latitude::HARDER) && !has(Latitude::OOM), has(Latitude::OOM)),
        };
        if harder {
            mark -= mark / 4;
        }
        if oom {
            mark -= mark / 2;
        }
        mark
    }
    /// True when the pages that are kept for important requests count as free for the attempt.
    pub fn counts_reserves(self, rule: &PageRule) -> bool {
        let any = Latitude::HARDER.union(Latitude::OOM);
        let any = if rule.harder == Harder::NoWaitAndHigh { any.union(Latitude::HIGH) } else { any };
        self.latitude.intersects(any)
    }
    /// True when a block of them will do.
    pub(crate) fn has_reserves(self, rule: &PageRule) -> bool {
        let harder = if rule.harder == Harder::NoWaitAndHigh { Latitude::HIGH_ATOMIC } else { Latitude::HARDER };
        self.latitude.intersects(harder.union(Latitude::OOM))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::PROFILES;

    fn second(version: (u32, u32, u32), gfp: Gfp) -> u64 {
        let profile = PROFILES.iter().find(|profile| profile.version >= version).map(|profile| PageRule::of(profile));
        let rule = profile.unwrap_or(PageRule::of(PROFILES[0]));
        Attempt::second(rule, gfp, 0, Caller::Ordinary).lowered(rule, 1000)
    }

    #[test]
    fn who_may_go_how_far_below_the_min_mark() {
        let modern = (6, 1, 0);
        assert_eq!(second(modern, Gfp::KERNEL), 1000);
        assert_eq!(second(modern, Gfp::ATOMIC), 375);
        assert_eq!(second(modern, Gfp::KERNEL | Gfp::HIGH), 500);
        assert_eq!(second(modern, Gfp::NOWAIT), 1000);
        let rule = PageRule::of(crate::profile::by_name("linux-2.6-i386").unwrap_or(PROFILES[0]));
        // 2.6: GFP_ATOMIC is __GFP_HIGH alone, and whoever cannot wait goes deeper.
        assert_eq!(Attempt::second(rule, Gfp::HIGH, 0, Caller::Ordinary).lowered(rule, 1000), 375);
        assert_eq!(Attempt::second(rule, Gfp::empty(), 0, Caller::Ordinary).lowered(rule, 1000), 750);
        let victim = Attempt::second(rule, Gfp::KERNEL, 0, Caller::OomVictim);
        assert_eq!(victim.lowered(rule, 1000), 500);
    }
}
