//! `/proc/pagetypeinfo`: free blocks and pageblocks by mobility type. Source: `mm/vmstat.c`, `pagetypeinfo_show`, 2.6.24 and
//! later.

use crate::snapshot::{PageTypeRow, PAGE_TYPES};
use crate::units::Order;
use core::fmt::{Result, Write};

/// How a kernel writes the file.
#[derive(Clone, Copy, Debug)]
pub struct PageTypeStyle {
    /// The mobility types in the order of the kernel's numbers: the engine's number, the kernel's name.
    pub types: &'static [(usize, &'static str)],
    /// Lists are counted so far and not further (5.5 and later): the zone is locked meanwhile.
    pub count_limit: Option<u64>,
}

const LIMIT: Option<u64> = Some(100_000);

/// 2.6.24 and later: the reserve is for whoever finds nothing else.
pub static TYPES_2_6: &[(usize, &str)] =
    &[(0, "Unmovable"), (2, "Reclaimable"), (1, "Movable"), (3, "Reserve"), (5, "Isolate")];
/// 4.4 and later, without a contiguous area.
pub static TYPES_4_4: &[(usize, &str)] =
    &[(0, "Unmovable"), (1, "Movable"), (2, "Reclaimable"), (3, "HighAtomic"), (5, "Isolate")];
/// 4.4 and later, with one.
pub static TYPES_4_4_CMA: &[(usize, &str)] =
    &[(0, "Unmovable"), (1, "Movable"), (2, "Reclaimable"), (3, "HighAtomic"), (4, "CMA"), (5, "Isolate")];

/// 3.4 without a contiguous area.
pub static STYLE_3_4: PageTypeStyle = PageTypeStyle { types: TYPES_2_6, count_limit: None };
/// 6.x without a contiguous area.
pub static STYLE_6: PageTypeStyle = PageTypeStyle { types: TYPES_4_4, count_limit: LIMIT };
/// 6.x with one.
pub static STYLE_6_CMA: PageTypeStyle = PageTypeStyle { types: TYPES_4_4_CMA, count_limit: LIMIT };

/// Writes the file: for each node its heading, its free blocks, its pageblocks. The rows come node by node; zones without
/// pages are not shown, leave them out.
pub fn write(
    out: &mut dyn Write,
    style: &PageTypeStyle,
    pageblock_order: Order,
    rows: impl Iterator<Item = PageTypeRow> + Clone,
) -> Result {
    let mut done = None;
    for row in rows.clone() {
        if done != Some(row.node) {
            done = Some(row.node);
            let of_node = rows.clone().filter(|other| other.node == row.node);
            node(out, style, pageblock_order, row.orders, of_node)?;
        }
    }
    Ok(())
}

fn node(
    out: &mut dyn Write,
    style: &PageTypeStyle,
    pageblock_order: Order,
    orders: usize,
    rows: impl Iterator<Item = PageTypeRow> + Clone,
) -> Result {
    writeln!(out, "Page block order: {pageblock_order}")?;
    writeln!(out, "Pages per block:  {}\n", pageblock_order.pages())?;
    write!(out, "{:<43} ", "Free pages count per migrate type at order")?;
    (0..orders).try_for_each(|order| write!(out, "{order:6} "))?;
    writeln!(out)?;
    for row in rows.clone() {
        for &(number, name) in style.types {
            write!(out, "Node {:4}, zone {:>8}, type {name:>12} ", row.node, row.zone)?;
            let free = row.free.get(number).into_iter().flatten().take(row.orders);
            free.copied().try_for_each(|blocks| match style.count_limit {
                Some(limit) if blocks >= limit => write!(out, ">{limit:6} "),
                _ => write!(out, "{blocks:6} "),
            })?;
            writeln!(out)?;
        }
    }
    write!(out, "\n{:<23}", "Number of blocks type ")?;
    style.types.iter().try_for_each(|(_, name)| write!(out, "{name:>12} "))?;
    writeln!(out)?;
    for row in rows {
        write!(out, "Node {}, zone {:>8} ", row.node, row.zone)?;
        style.types.iter().try_for_each(|&(number, _)| write!(out, "{:12} ", row.blocks[number % PAGE_TYPES]))?;
        writeln!(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Name;

    #[test]
    fn long_lists_are_not_counted_to_the_end() {
        let mut row = PageTypeRow { zone: Name::new("Normal"), orders: 2, ..PageTypeRow::default() };
        row.free[1] = [99_999; 16];
        row.free[2] = [100_000; 16];
        let mut text = String::new();
        let order = Order::new(10).unwrap_or_default();
        assert!(write(&mut text, &STYLE_6, order, [row.clone()].into_iter()).is_ok());
        assert!(text.contains("type      Movable  99999  99999 \n"), "{text}");
        assert!(text.contains("type  Reclaimable >100000 >100000 \n"), "{text}");
        text.clear();
        assert!(write(&mut text, &STYLE_3_4, order, [row].into_iter()).is_ok());
        assert!(text.contains("type  Reclaimable 100000 100000 \n"), "{text}");
        assert!(text
            .contains("\nNumber of blocks type     Unmovable  Reclaimable      Movable      Reserve      Isolate \n"));
    }
}
