//! `/proc/buddyinfo`: how many free blocks of each order a zone has.
//!
//! ```text
//!     Node 0, zone   Normal   4   3   1   0 …
//! ```
//!
//! One column an order; how many there are depends on how the kernel was built (9 to 16), so they are counted. Checked:
//! all zones of a listing have as many columns. That the blocks add up to the free pages is checked where zoneinfo is
//! there as well.

use super::{node_zone, numbers, Taken};
use crate::line::Line;
use crate::place::{Doubts, Place};
use kmem::error::Name;
use kmem::snapshot::BuddyRow;
use kmem::units::Order;

/// A listing of free blocks.
#[derive(Clone, Debug, Default)]
pub struct BuddyInfo {
    /// Its first row.
    pub place: Place,
    /// The rows, in the order of the text.
    pub rows: Vec<(Place, BuddyRow)>,
}

/// Free pages of a row.
pub fn free_pages(row: &BuddyRow) -> u64 {
    row.free.iter().enumerate().fold(0u64, |sum, (order, blocks)| sum.saturating_add(blocks.saturating_mul(1 << order)))
}

/// From what the engine fills.
impl FromIterator<BuddyRow> for BuddyInfo {
    fn from_iter<I: IntoIterator<Item = BuddyRow>>(rows: I) -> Self {
        Self { place: Place::default(), rows: rows.into_iter().map(|row| (Place::default(), row)).collect() }
    }
}

/// Reads rows as they come.
#[derive(Debug, Default)]
pub struct Reader {
    open: Option<BuddyInfo>,
}

impl Reader {
    /// Looks at a line. A listing that ends here, because its first zone comes again, is returned.
    pub fn line(&mut self, line: &Line<'_>, doubts: &mut Doubts) -> (Taken, Option<BuddyInfo>) {
        let Some((node, zone, mut rest)) = node_zone(line.text) else { return (Taken::No, None) };
        if rest.0.trim_start().starts_with("-1.") {
            return (Taken::Yes, None);
        }
        let mut free = [0; Order::COUNT];
        let Some(orders) = numbers(&mut rest, &mut free).filter(|orders| *orders > 0) else { return (Taken::No, None) };
        // `unusable_index` and `extfrag_index` of debugfs have fractions; they follow from the blocks.
        if rest.0.starts_with('.') && free[orders - 1] <= 1 {
            return (Taken::Yes, None);
        }
        if !rest.is_done() {
            if !rest.0.contains(':') {
                doubts.not_understood(line.place, format!("`{}` behind a row of buddyinfo", rest.0.trim()));
            }
            return (Taken::No, None);
        }
        let row = BuddyRow { node, zone: Name::new(zone), free, orders };
        let again = |open: &BuddyInfo| open.rows.iter().any(|(_, known)| known.node == node && known.zone == row.zone);
        let ended = self.open.take_if(|open| again(open));
        let open = self.open.get_or_insert_with(|| BuddyInfo { place: line.place, rows: Vec::new() });
        if let Some((_, first)) = open.rows.first().filter(|(_, first)| first.orders != orders) {
            doubts.contradiction(
                line.place,
                format!("buddyinfo: {orders} orders in zone {zone}, but {} in zone {}", first.orders, first.zone),
            );
        }
        open.rows.push((line.place, row));
        (Taken::Yes, ended)
    }
    /// Ends the listing that is open.
    pub fn finish(&mut self) -> Option<BuddyInfo> {
        self.open.take()
    }
}
