//! The vmalloc area of a real machine: where it lies, what is in it, whether something fits, and what would make it fit.
//!
//! Four questions, one file each. [`kernel`]: which kernel's rule lays the addresses out. [`area`]: from where to where
//! the area goes and which of it is free. [`moved`]: where its areas lie
//! after a boot with another start. [`advise`]: which `vmalloc=` makes room, and what it costs.

pub mod advise;
pub mod area;
pub mod kernel;
pub mod moved;

pub use advise::{Advice, CannotAdvise};
pub use area::{Area, Gap};
pub use kernel::{Family, Kernel};
