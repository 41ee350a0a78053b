//! C kernel modules on a hosted machine: compiled by the host's compiler, loaded and run in the machine's own memory.
//!
//! - [`compile`]: sources become objects, by the host's compiler against our headers.
//! - [`load`]: objects become an image at an address, symbols and relocations resolved.
//! - [`exec`]: the image's functions are entered, and call host functions.
//! - `host`: those functions, by the kernel's names.
//! - [`session`]: one run's state: machine, ledger ([`tracker`]), log ([`log`]), findings ([`finding`]).
//! - [`checks`]: which checks are made; `kasan` is the one of every access.
//! - `leaks`, `unchecked`, `damage`: what is found at the end, of results that nobody looked at, in debugged caches.
//! - [`fail`]: which allocations fail because somebody wants them to; [`coverage`]: which lines ran; `watch`: how long.
//! - [`run`]: all of it in order.
//! - [`fake_device`]: devices with registers and an interrupt, for drivers to find.
//! - `tasks`, `holds`: their stacks and who waits; what they have set going or registered.
//! - [`symbols`]: an address becomes a line of C.
//! - [`headers`], [`forms`]: what the headers offer, and what is said of a name that is missing or changed.

pub mod api;
mod beside;
pub mod checks;
pub mod compile;
pub mod coverage;
mod damage;
mod devices;
pub mod exec;
pub mod fail;
pub mod fake_device;
pub mod finding;
mod for_good;
pub mod forms;
pub mod headers;
mod held;
mod holds;
mod host;
mod kasan;
pub mod kbuild;
mod kernel_lines;
mod kunit;
mod leaks;
pub mod load;
pub mod log;
mod machine_header;
mod memory;
mod object_cache;
mod oops;
pub mod params;
pub mod place;
pub mod run;
pub mod session;
pub mod symbols;
mod tasks;
pub mod tracker;
mod unchecked;
mod user_buffer;
mod watch;
