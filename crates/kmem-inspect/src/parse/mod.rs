//! Readers of listings: one file each, with the format and its arithmetic at the head.
//!
//! Each reader is asked about every line, says whether the line is its own, and keeps one open document. Nothing is
//! assumed about what stands between the lines of a listing, so listings may be interleaved, cut, or in the middle of prose.

pub mod kernel_log;
pub mod meminfo;
pub mod vmallocinfo;

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
