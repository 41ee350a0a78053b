//! A small language to play with a machine and to drive a module's device files.
//!
//! `k = kmalloc 100 GFP_KERNEL; vtop k; kfree k`: each command is a kernel function, each prints one line, and what was
//! taken is held under a name until it is freed. A misuse (a double free, a wrong order, a wrong cache) is named and
//! not executed. The same language has the file verbs of driver scripts: `open w /dev/scullc0 w`, `expect ret 11`.
//!
//! # The way of a script
//! text → [`parse`] → [`ast::Program`] → [`Shell`] over a `Kernel` → lines. Where it drives a module, the shell has
//! [`Devices`], a trait that the module runner implements.
//!
//! What this crate does not know: terminals, exit statuses, how a machine is chosen (that is the command's), how a
//! module is loaded.

pub mod ast;
pub mod device;
pub mod errno;
mod lex;
pub mod number;
pub mod parse;
mod random;
mod shell;
mod show;
mod syntax;
pub mod verb;

pub use device::{Devices, Handle, OpenFlags, Refusal, Whence};
pub use errno::Errno;
pub use parse::{Dialect, FileVerbs, Known};
pub use shell::{Ending, FileReport, Shell, Style};
pub use show::{rounded_size, size as show_size};
pub use syntax::{did_you_mean, Place, SyntaxError};
