//! The engine's unsafe code: memory of the machine made into safe types.
//!
//! - [`Ram`]: the direct map as bytes and words, bounds-checked.
//! - `Array`: a fixed array of structures in the machine's RAM.
//! - `Columns`: the same with the structures cut into three arrays.
//! - `Stack`: words in a row with a limit.
//! - `Stacks`: stacks of frame numbers, rows of them, that need no bounds to be known where they are used.
//! - `Grid`: structures by CPU and number, that grows by blocks and never moves.
//! - `Table`: an array of structures in the machine's RAM that grows by blocks and never moves.
//!
//! What lies in RAM that several CPUs reach is made of atomics, which makes sharing it safe without further argument.

mod array;
mod columns;
mod grid;
mod page;
mod placed;
mod ram;
mod stack;
mod stacks;
mod table;

pub(crate) use array::{zeroed_struct, Array, Part, Reserve, Zeroed};
pub(crate) use columns::Columns;
pub(crate) use grid::{Grid, GridRow, NUMBERS};
pub(crate) use page::{copy_page, copy_reached, fill_reached, high_word, zero_high_page, zero_mapped_page, Reached};
pub(crate) use placed::Placed;
pub use ram::Ram;
pub(crate) use stack::Stack;
pub(crate) use stacks::{Filling, Row, Stacks};
pub(crate) use table::Table;
