//! Reads what real kernels say about their memory, and answers questions from it.
//!
//! A dump is a file of `/proc`, a kernel log, a page saved from the web: [`Reader`] finds the listings in it by their
//! content, checks each by arithmetic, and gives a [`Capture`].

pub mod explain;
pub mod gfp;
pub mod line;
pub mod parse;
pub mod place;
pub mod reader;
pub mod reading;
pub mod scan;
pub mod twin;
pub mod vmalloc;

pub use place::{Doubt, DoubtKind, Doubts, Place};
pub use reader::{Capture, Reader};
