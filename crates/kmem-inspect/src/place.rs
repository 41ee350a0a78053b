//! Where something stands in what was read, and what was doubtful about it.
//!
//! A wrong number without a warning is the worst that a reader can give. So each reader checks what it read by
//! arithmetic, and says as a [`Doubt`] what does not agree and what it could not read, with the line.

/// A line of one of the sources.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Place {
    /// Which source: an index into [`crate::Capture::sources`].
    pub source: u32,
    /// Its line, from 1.
    pub line: u64,
}

/// What kind of doubt it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DoubtKind {
    /// A line that belongs to a listing and cannot be read.
    NotUnderstood,
    /// Numbers of a listing that do not agree with each other.
    Contradiction,
    /// Listings that cannot be of the same boot.
    OtherBoot,
}

/// Something that is not as it should be in what was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Doubt {
    /// Where.
    pub place: Place,
    /// What kind.
    pub kind: DoubtKind,
    /// What was found and what was expected.
    pub what: String,
}

/// Doubts, the first thousand of them; more are counted.
#[derive(Clone, Debug, Default)]
pub struct Doubts {
    list: Vec<Doubt>,
    more: u64,
}

impl Doubts {
    const MOST: usize = 1000;

    /// Adds one.
    pub fn add(&mut self, place: Place, kind: DoubtKind, what: impl Into<String>) {
        if self.list.len() < Self::MOST {
            self.list.push(Doubt { place, kind, what: what.into() });
        } else {
            self.more += 1;
        }
    }
    /// Adds one about numbers.
    pub fn contradiction(&mut self, place: Place, what: impl Into<String>) {
        self.add(place, DoubtKind::Contradiction, what);
    }
    /// Adds one about a line.
    pub fn not_understood(&mut self, place: Place, what: impl Into<String>) {
        self.add(place, DoubtKind::NotUnderstood, what);
    }
    /// Those that are kept, in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Doubt> {
        self.list.iter()
    }
    /// How many there are in all.
    pub fn count(&self) -> u64 {
        self.list.len() as u64 + self.more
    }
}
