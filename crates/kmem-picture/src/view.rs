//! What pictures show, as plain data: no coordinates, no markup.

use crate::paint::Paint;

/// All figures of one machine.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    /// What it is of.
    pub title: String,
    /// What it was made of, and what is to be known before reading it.
    pub about: Vec<String>,
    /// Findings in words; each a first line and lines that belong to it.
    pub findings: Vec<Vec<String>>,
    /// The figures in their order.
    pub figures: Vec<Figure>,
}

/// One figure.
#[derive(Clone, Debug)]
pub struct Figure {
    /// A word for links: unique in a picture.
    pub id: String,
    /// What it shows.
    pub title: String,
    /// What to know for reading it, a sentence each.
    pub notes: Vec<String>,
    /// What is drawn.
    pub shape: Shape,
    /// The same in numbers.
    pub table: Option<Table>,
}

/// The kinds of figures.
#[derive(Clone, Debug)]
pub enum Shape {
    /// Addresses to scale.
    Strip(Strip),
    /// Bars beside each other.
    Bars(Bars),
    /// Zones' free pages among their watermarks.
    Levels(Vec<Level>),
    /// Free blocks by order.
    Histogram(Histogram),
    /// A cell for some pages.
    Cells(Vec<CellMap>),
}

/// A table. Rows beyond those that are there are only counted.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Names of the columns.
    pub head: Vec<&'static str>,
    /// The rows.
    pub rows: Vec<Vec<String>>,
    /// How many more there would be.
    pub more: usize,
}

impl Table {
    /// The most rows that a table has.
    pub const MOST: usize = 500;

    /// Makes one of all rows there are.
    pub fn new(head: &[&'static str], mut rows: Vec<Vec<String>>) -> Self {
        let more = rows.len().saturating_sub(Self::MOST);
        rows.truncate(Self::MOST);
        Self { head: head.to_vec(), rows, more }
    }
}

/// A range of addresses, with lanes of what lies there, one below the other.
#[derive(Clone, Debug)]
pub struct Strip {
    /// First address.
    pub start: u64,
    /// One past the last; the last itself when that is the last of all.
    pub end: u64,
    /// The lanes; the first is the map, others show single owners.
    pub lanes: Vec<Lane>,
    /// What paints mean here, where names do not say it.
    pub legend: Vec<(Paint, String)>,
    /// What is worth naming below the lanes.
    pub key: Vec<Entry>,
}

/// A lane of a strip.
#[derive(Clone, Debug, Default)]
pub struct Lane {
    /// Whose it is; empty for a map of everything.
    pub name: String,
    /// More about it.
    pub about: String,
    /// What lies there, by address.
    pub pieces: Vec<Piece>,
}

/// Something that lies at addresses.
#[derive(Clone, Debug)]
pub struct Piece {
    /// First address.
    pub start: u64,
    /// One past the last.
    pub end: u64,
    /// Its looks.
    pub paint: Paint,
    /// Thousandths of it that are in use: it is drawn so high. Of all but merged ones: 1000.
    pub share: u32,
    /// Its name.
    pub name: String,
    /// More about it.
    pub about: String,
}

/// A line of a strip's key.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What it names.
    pub piece: Piece,
    /// Its size in words.
    pub size: String,
}

/// Bars beside each other, each in parts.
#[derive(Clone, Debug)]
pub struct Bars {
    /// The bars.
    pub rows: Vec<Bar>,
    /// What paints mean here.
    pub key: Vec<(Paint, String)>,
}

/// A bar.
#[derive(Clone, Debug)]
pub struct Bar {
    /// Whose.
    pub name: String,
    /// Its parts: looks, amount, what it is.
    pub parts: Vec<(Paint, u64, String)>,
    /// What stands behind it.
    pub text: String,
}

/// A zone among its watermarks. Pages.
#[derive(Clone, Debug)]
pub struct Level {
    /// The zone.
    pub name: String,
    /// Free pages.
    pub free: u64,
    /// Watermarks.
    pub min: u64,
    /// Watermarks.
    pub low: u64,
    /// Watermarks.
    pub high: u64,
    /// How it stands, in words.
    pub state: String,
}

/// Free blocks of zones, by order.
#[derive(Clone, Debug)]
pub struct Histogram {
    /// The zones.
    pub zones: Vec<HistogramZone>,
    /// The types of [`HistogramZone::blocks`]: looks and name.
    pub types: Vec<(Paint, String)>,
}

/// A zone of a histogram.
#[derive(Clone, Debug)]
pub struct HistogramZone {
    /// Its name.
    pub name: String,
    /// Free blocks by order, and of each order by type.
    pub blocks: Vec<Vec<u64>>,
}

/// A zone as cells.
#[derive(Clone, Debug)]
pub struct CellMap {
    /// The zone.
    pub name: String,
    /// What a cell is.
    pub about: String,
    /// The cells.
    pub cells: Vec<Cell>,
    /// What paints mean here.
    pub key: Vec<(Paint, String)>,
}

/// Some pages that lie together.
#[derive(Clone, Debug)]
pub struct Cell {
    /// First physical address; `None` when nobody knows where it is.
    pub start: Option<u64>,
    /// Bytes.
    pub bytes: u64,
    /// Its looks.
    pub paint: Paint,
    /// Thousandths of it that are in use; `None` when nobody knows.
    pub used: Option<u32>,
    /// What stands on it: a letter, or a number of two digits.
    pub label: String,
    /// What it is, in words.
    pub about: String,
}
