//! How generations of kernels differ in the page allocator, as data.
//!
//! Watermark formulas have their own rule ([`crate::profile::TuningRule`]); this is about who may take what, and which
//! lists there are.

use crate::profile::{Profile, TuningRule};

/// What one generation of kernels does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PageRule {
    /// Whether pageblocks have mobility types (2.6.24 and later).
    pub groups_by_mobility: bool,
    /// The largest order that per-CPU lists hold: 0, or `PAGE_ALLOC_COSTLY_ORDER` since 5.13.
    pub pcp_top: u32,
    /// Whether they hold huge pages too (5.13 and later, with transparent huge pages).
    pub pcp_huge: bool,
    /// How much a list takes and gives.
    pub pcp_scaling: PcpScaling,
    /// How a watermark is checked for a larger block.
    pub order_check: OrderCheck,
    /// Who may dig deeper because it cannot wait.
    pub harder: Harder,
    /// Whether blocks are set aside for important requests of more than a page (4.4 and later).
    pub high_atomic: bool,
    /// What of them does not count as free for others.
    pub set_aside: SetAside,
    /// Whether fragmentation raises the watermarks for a while (`watermark_boost_factor`, 5.0 and later), and a request
    /// first looks in all zones for a block of its own type.
    pub boosts: bool,
}

/// How much a per-CPU list takes and gives at a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PcpScaling {
    /// Always a batch.
    Fixed,
    /// The more frees without an allocation, the more is given back (5.13 and later).
    Frees,
    /// So too for refills, and the length of the list follows the load (6.7 and later).
    Both,
}

/// How a watermark is checked for a block of more than one page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OrderCheck {
    /// Of each higher order half as much must be free (before 4.4).
    Halving,
    /// There must be one block that is large enough (4.4 and later).
    Block,
}

/// What of the pageblocks that are set aside for important requests does not count as free for others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SetAside {
    /// All of their pages, also those in use: `nr_reserved_highatomic` (4.4 to 6.11).
    Blocks,
    /// Those that are free: `nr_free_highatomic` (6.12 and later).
    FreePages,
}

/// Who may go a quarter below the watermark because it cannot wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Harder {
    /// Whoever cannot sleep (before 4.4).
    NoWait,
    /// `__GFP_ATOMIC` (4.4 to 6.2).
    AtomicBit,
    /// Whoever cannot sleep and is important (6.3 and later).
    NoWaitAndHigh,
}

/// 2.6.11 to 2.6.23.
static EARLY: PageRule = PageRule {
    groups_by_mobility: false,
    pcp_top: 0,
    pcp_huge: false,
    pcp_scaling: PcpScaling::Fixed,
    order_check: OrderCheck::Halving,
    harder: Harder::NoWait,
    high_atomic: false,
    set_aside: SetAside::Blocks,
    boosts: false,
};
/// 2.6.24 to 4.3.
static MIDDLE: PageRule = PageRule { groups_by_mobility: true, ..EARLY };
/// 6.1.
static MODERN: PageRule = PageRule {
    pcp_top: 3,
    pcp_huge: true,
    pcp_scaling: PcpScaling::Frees,
    order_check: OrderCheck::Block,
    harder: Harder::AtomicBit,
    high_atomic: true,
    boosts: true,
    ..MIDDLE
};
/// 6.7 and later.
static LATE: PageRule =
    PageRule { pcp_scaling: PcpScaling::Both, harder: Harder::NoWaitAndHigh, set_aside: SetAside::FreePages, ..MODERN };

impl PageRule {
    /// Returns the rule of a profile's kernel.
    pub fn of(profile: &Profile) -> &'static Self {
        match profile.tuning {
            TuningRule::Early => &EARLY,
            TuningRule::Middle => &MIDDLE,
            TuningRule::Modern { .. } => &MODERN,
            TuningRule::Recent { .. } => &LATE,
        }
    }
}
