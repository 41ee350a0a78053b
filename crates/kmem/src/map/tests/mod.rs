//! Tests of the whole layer on a machine of heap memory, after each page table format.

mod failure;
pub(super) mod ground;
mod high;
mod io;
mod model;
mod vm;
mod wide;
