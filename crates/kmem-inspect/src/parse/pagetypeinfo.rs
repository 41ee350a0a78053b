//! `/proc/pagetypeinfo`: free blocks by order and mobility type, and how many pageblocks are of which type.
//!
//! Two tables under heads. The first has a row for each type, named in the row; the second has a column for each, named
//! in its head, whose set and order changed over time, so both are read by name. Since 5.4 a count that would take long to
//! find is `>100000`: it is taken as that number, and said to be more. With page_owner a third table counts blocks of
//! mixed types; it is passed over.
//!
//! Checked: the pages of a block are a power of two of the order named; rows have as many orders as the head.

use super::{node_zone, numbers, Taken};
use crate::line::Line;
use crate::place::{Doubts, Place};
use crate::scan::Scan;
use kmem::error::Name;
use kmem::snapshot::{PageTypeRow, PAGE_TYPES};
use kmem::units::Order;

/// A listing by mobility type.
#[derive(Clone, Debug, Default)]
pub struct PageTypeInfo {
    /// Its first line.
    pub place: Place,
    /// `Page block order`.
    pub block_order: Option<u64>,
    /// A row for each zone.
    pub rows: Vec<PageTypeRow>,
    /// Counts that are more than what is kept.
    pub capped: u64,
}

/// From what the engine fills.
impl FromIterator<PageTypeRow> for PageTypeInfo {
    fn from_iter<I: IntoIterator<Item = PageTypeRow>>(rows: I) -> Self {
        Self { rows: rows.into_iter().collect(), ..Self::default() }
    }
}

/// The engine's number of a type.
fn type_of(name: &str) -> Option<usize> {
    Some(match name {
        "Unmovable" => 0,
        "Movable" => 1,
        "Reclaimable" => 2,
        "HighAtomic" | "Reserve" => 3,
        "CMA" => 4,
        "Isolate" => 5,
        _ => return None,
    })
}

/// Which table comes next.
#[derive(Debug, Default)]
enum Table {
    #[default]
    Free,
    /// Pageblocks; the types of its columns.
    Blocks(Vec<Option<usize>>),
    /// One that is passed over.
    Mixed,
}

/// Reads lines as they come.
#[derive(Debug, Default)]
pub struct Reader {
    open: Option<PageTypeInfo>,
    table: Table,
    last: Place,
    /// Rows of the first table that the open listing has: node, zone, type.
    seen: Vec<(u32, Name, usize)>,
}

impl Reader {
    /// Looks at a line. A listing that ends here, because a row is there again, is returned.
    pub fn line(&mut self, line: &Line<'_>, doubts: &mut Doubts) -> (Taken, Option<PageTypeInfo>) {
        let text = line.text.trim();
        // A head for each node.
        if let Some(order) = text.strip_prefix("Page block order:") {
            let order = Scan(order).blanks().decimal();
            self.at(line).block_order = order;
            return (Taken::Yes, None);
        }
        if let Some(pages) = text.strip_prefix("Pages per block:") {
            let pages = Scan(pages).blanks().decimal();
            let order = self.open.as_ref().and_then(|open| open.block_order);
            if let (Some(pages), Some(order)) = (pages, order.filter(|order| *order < 64)) {
                if pages != 1 << order {
                    doubts.contradiction(
                        line.place,
                        format!("pagetypeinfo: {pages} pages are no block of order {order}"),
                    );
                }
            }
            return (Taken::Yes, None);
        }
        if text.starts_with("Free pages count per migrate type at order") {
            self.table = Table::Free;
            self.at(line);
            return (Taken::Yes, None);
        }
        if let Some(types) = text.strip_prefix("Number of blocks type") {
            self.table = Table::Blocks(types.split_whitespace().map(type_of).collect());
            self.last = line.place;
            return (Taken::Yes, None);
        }
        if text.starts_with("Number of mixed blocks") {
            self.table = Table::Mixed;
            self.last = line.place;
            return (Taken::Yes, None);
        }
        let ended = self.ended_by(line);
        (Taken::when(self.row(line, doubts)), ended)
    }
    /// The listing that is open, if a row is there again that it has.
    fn ended_by(&mut self, line: &Line<'_>) -> Option<PageTypeInfo> {
        let (node, zone, mut rest) = node_zone(line.text)?;
        let kind = (rest.eat(",") && rest.blanks().eat("type")).then(|| rest.blanks().word()).and_then(type_of)?;
        let key = (node, Name::new(zone), kind);
        let ended = if self.seen.contains(&key) { self.finish() } else { None };
        self.seen.push(key);
        ended
    }
    /// Ends the listing that is open.
    pub fn finish(&mut self) -> Option<PageTypeInfo> {
        self.seen.clear();
        self.table = Table::Free;
        self.open.take()
    }

    fn at(&mut self, line: &Line<'_>) -> &mut PageTypeInfo {
        self.last = line.place;
        self.open.get_or_insert_with(|| PageTypeInfo { place: line.place, ..PageTypeInfo::default() })
    }
    fn row(&mut self, line: &Line<'_>, doubts: &mut Doubts) -> bool {
        let Some((node, zone, mut rest)) = node_zone(line.text) else { return false };
        let zone = Name::new(zone);
        if rest.eat(",") && rest.blanks().eat("type") {
            let name = rest.blanks().while_is(|c| c.is_ascii_alphabetic()).to_owned();
            let mut free = [0; Order::COUNT];
            let mut orders = 0;
            let mut capped = 0;
            while !rest.is_done() && orders < free.len() {
                capped += u64::from(rest.blanks().eat(">"));
                let Some(count) = rest.blanks().decimal() else { break };
                free[orders] = count;
                orders += 1;
            }
            if !rest.is_done() {
                doubts.not_understood(line.place, format!("`{}` in a row of pagetypeinfo", rest.0.trim()));
            }
            let open = self.at(line);
            open.capped += capped;
            let row = zone_row(open, node, zone);
            row.orders = row.orders.max(orders);
            match type_of(&name) {
                Some(kind) => row.free[kind] = free,
                None => doubts.not_understood(line.place, format!("mobility type `{name}`")),
            }
            return true;
        }
        let near = self.last.source == line.place.source && line.place.line <= self.last.line + 2;
        if !near {
            return false;
        }
        let mut counts = [0; 16];
        let Some(found) = numbers(&mut rest, &mut counts) else { return false };
        let types = match &self.table {
            Table::Free => return false,
            Table::Mixed => return true,
            Table::Blocks(types) => types.clone(),
        };
        if found != types.len() || !rest.is_done() {
            return false;
        }
        let open = self.at(line);
        let row = zone_row(open, node, zone);
        for (kind, count) in types.iter().zip(counts) {
            if let Some(kind) = kind.filter(|kind| *kind < PAGE_TYPES) {
                row.blocks[kind] = count;
            }
        }
        true
    }
}

fn zone_row(open: &mut PageTypeInfo, node: u32, zone: Name) -> &mut PageTypeRow {
    let at = open.rows.iter().position(|row| row.node == node && row.zone == zone).unwrap_or_else(|| {
        open.rows.push(PageTypeRow { node, zone, ..PageTypeRow::default() });
        open.rows.len() - 1
    });
    &mut open.rows[at]
}
