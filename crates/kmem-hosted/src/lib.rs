//! A machine inside a Linux process.
//!
//! The engine writes real page tables into real RAM; this crate is the hardware that makes them work:
//!
//! | of a computer | here |
//! |---|---|
//! | RAM | one memfd, mapped twice: at the machine's own addresses, and as a whole somewhere high (the *alias*) |
//! | MMU and TLB | SIGSEGV walks the machine's page tables and mmaps the page; a flush takes it away ([`Hosted`], `tlb`) |
//! | CPU | a thread, while it holds a CPU number ([`cpu`]); kswapd may be one ([`kswapd`]) |
//! | exception | a signal that ends the module code that raised it ([`level`], [`signal`]) |
//! | watchdog | a timer of the thread's CPU time ([`deadline`]) |
//! | console | a closure |
//!
//! A machine lives at its true addresses (`0xc0000000` really is the direct map) or, since true addresses exist once in
//! a process, at a displacement from them: see [`Displacement`].
//!
//! Read in this order: [`hosted`] (what a machine consists of), `tlb` (how a miss is served), [`signal`] (who is asked
//! first), [`level`] (how module code is left).
//!
//! What this crate does not know: the format of a page table (the engine walks it), what module code is (it only knows
//! how to leave it), any kernel structure.

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
compile_error!("the hosted machine needs Linux on x86-64");

pub mod altstack;
pub mod boot;
pub mod cpu;
pub mod deadline;
pub mod error;
pub mod hosted;
pub mod kswapd;
pub mod level;
mod mapping;
mod registry;
pub mod signal;
pub mod stack;
pub mod syscall;
mod tlb;
pub mod trace;
mod wait;

pub use boot::{boot, boot_traced, config, HostedBootError};
pub use cpu::CpuGuard;
pub use error::HostError;
pub use hosted::{Displacement, Hosted, HostedConfig, Protection, Unmapped};
pub use trace::Listener;
