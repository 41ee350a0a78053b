//! Readers of listings: one file each, with the format and its arithmetic at the head.
//!
//! Each reader is asked about every line, says whether the line is its own, and keeps one open document. Nothing is
//! assumed about what stands between the lines of a listing, so listings may be interleaved, cut, or in the middle of prose.

pub mod buddyinfo;
pub mod iomem;
pub mod kernel_log;
pub mod meminfo;
pub mod moment;
pub mod pagetypeinfo;
pub mod repeats;
pub mod report;
pub mod slab_folder;
pub mod slabinfo;
pub mod sysctl;
pub mod trouble;
pub mod vmallocinfo;
pub mod vmstat;
pub mod zoneinfo;

use crate::scan::Scan;

/// Whether a reader took a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Taken {
    /// It is a line of its listing.
    Yes,
    /// It is somebody else's.
    No,
}

impl Taken {
    /// `Yes` when `taken`.
    pub fn when(taken: bool) -> Self {
        if taken {
            Self::Yes
        } else {
            Self::No
        }
    }
}

/// Reads `Node 0, zone   Normal`, with which rows of three files begin: node, zone, the rest.
fn node_zone(text: &str) -> Option<(u32, &str, Scan<'_>)> {
    let mut scan = Scan(text.trim_start());
    if !scan.eat("Node") {
        return None;
    }
    let node = u32::try_from(scan.blanks().decimal()?).ok()?;
    if !scan.eat(",") || !scan.blanks().eat("zone") {
        return None;
    }
    let zone = scan.blanks().while_is(|c| c.is_ascii_alphanumeric());
    (!zone.is_empty()).then_some((node, zone, scan))
}

/// Reads decimal numbers into `slots` until there is something else; how many there were.
fn numbers(scan: &mut Scan<'_>, slots: &mut [u64]) -> Option<usize> {
    let mut count = 0;
    while let Some(number) = scan.blanks().decimal() {
        *slots.get_mut(count)? = number;
        count += 1;
    }
    Some(count)
}
