//! Two numbers that say how crumbled the free memory of a zone is, for a request of one order.
//!
//! - The *fragmentation index* asks why a request fails: near 0 for want of memory, near 1 because what is free lies in
//!   small blocks. It is -1 while a block is free that suffices. Compaction helps only if it is high.
//! - The *unusable free index* is the part of free memory that lies in blocks too small for the request.
//!
//! Both are thousandths here, as in `mm/vmstat.c`, `__fragmentation_index` and `unusable_free_index` (2.6.35 and later).
//! Paper: Gorman and Whitcroft, "The What, The Why and the Where To of Anti-Fragmentation", 2006.

use super::BuddyRow;
use crate::units::Order;
use core::fmt::{Result, Write};

/// What both indices are computed from.
struct Contiguous {
    free_pages: u64,
    free_blocks: u64,
    /// Blocks of the order asked for that could be cut out of free ones.
    suitable_blocks: u64,
}

/// `free` has the number of free blocks of each order.
fn contiguous(free: &[u64], order: Order) -> Contiguous {
    let mut sums = Contiguous { free_pages: 0, free_blocks: 0, suitable_blocks: 0 };
    for (at, &blocks) in free.iter().enumerate() {
        sums.free_blocks += blocks;
        sums.free_pages += blocks << at;
        if at >= order.index() {
            sums.suitable_blocks += blocks << (at - order.index());
        }
    }
    sums
}

/// Returns the fragmentation index in thousandths for a request of `order`; `free` has the number of free blocks of each
/// order. -1000: a block is there; 0: nothing at all is free.
///
/// A single small block gives a number below 0, in the kernel too.
pub fn fragmentation_index(free: &[u64], order: Order) -> i64 {
    let sums = contiguous(free, order);
    match sums.free_blocks {
        0 => 0,
        _ if sums.suitable_blocks > 0 => -1000,
        blocks => 1000 - ((1000 + sums.free_pages * 1000 / order.pages()) / blocks) as i64,
    }
}

/// Returns the unusable free index in thousandths for a request of `order`. 1000: nothing that is free can be used.
pub fn unusable_index(free: &[u64], order: Order) -> u64 {
    let sums = contiguous(free, order);
    match sums.free_pages {
        0 => 1000,
        pages => (pages - (sums.suitable_blocks << order.index())) * 1000 / pages,
    }
}

/// Writes `/sys/kernel/debug/extfrag/extfrag_index`. Zones without pages are not shown; leave them out.
pub fn write_extfrag_index(out: &mut dyn Write, rows: impl IntoIterator<Item = BuddyRow>) -> Result {
    table(out, rows, |out, free, order| {
        let index = fragmentation_index(free, order);
        // The sign stands at both parts, as C divides.
        write!(out, "{:2}.{:03} ", index / 1000, index % 1000)
    })
}

/// Writes `/sys/kernel/debug/extfrag/unusable_index`.
pub fn write_unusable_index(out: &mut dyn Write, rows: impl IntoIterator<Item = BuddyRow>) -> Result {
    table(out, rows, |out, free, order| {
        let index = unusable_index(free, order);
        write!(out, "{}.{:03} ", index / 1000, index % 1000)
    })
}

fn table(
    out: &mut dyn Write,
    rows: impl IntoIterator<Item = BuddyRow>,
    index: impl Fn(&mut dyn Write, &[u64], Order) -> Result,
) -> Result {
    rows.into_iter().try_for_each(|row| {
        let free = row.free.get(..row.orders).unwrap_or(&row.free);
        write!(out, "Node {}, zone {:>8} ", row.node, row.zone)?;
        (0..free.len() as u32).filter_map(Order::new).try_for_each(|order| index(out, free, order))?;
        writeln!(out)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Name;

    #[track_caller]
    fn check(free: &[u64], order: u32, fragmentation: i64, unusable: u64) {
        let order = Order::new(order).unwrap_or_default();
        assert_eq!((fragmentation_index(free, order), unusable_index(free, order)), (fragmentation, unusable));
    }

    #[test]
    fn a_block_that_suffices() {
        check(&[0, 0, 0, 1], 3, -1000, 0);
        check(&[0, 0, 0, 1], 1, -1000, 0);
        // 8 of 12 pages lie in the block of order 3.
        check(&[4, 0, 0, 1], 3, -1000, 333);
    }

    #[test]
    fn nothing_free_and_everything_crumbled() {
        check(&[0, 0, 0, 0], 2, 0, 1000);
        // 1024 single pages: 1000 - (1000 + 128 * 1000) / 1024.
        check(&[1024, 0, 0, 0], 3, 1000 - 125, 1000);
        // Two blocks: want of memory.
        check(&[2, 0, 0, 0], 3, 1000 - 625, 1000);
        check(&[0, 0, 1, 0], 3, -500, 1000);
    }

    #[test]
    fn as_the_kernel_writes_them() {
        let mut row = BuddyRow { zone: Name::new("Normal"), orders: 4, ..BuddyRow::default() };
        row.free[..2].copy_from_slice(&[1, 1]);
        let mut text = String::new();
        assert!(write_extfrag_index(&mut text, [row.clone()]).is_ok());
        assert_eq!(text, "Node 0, zone   Normal -1.000 -1.000  0.125  0.313 \n");
        text.clear();
        assert!(write_unusable_index(&mut text, [row]).is_ok());
        assert_eq!(text, "Node 0, zone   Normal 0.000 0.333 1.000 1.000 \n");
    }
}
