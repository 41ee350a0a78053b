//! Rust's ways into kmem: kernel Rust under `cargo test`, and allocators for any Rust program.
//!
//! # Kernel Rust
//! Code that was written against Rust for Linux's `kernel::alloc` compiles with `use kmem_rust as kernel` and runs in a test
//! on stable Rust, on a booted kernel's slabs, page lists and page tables:
//!
//! ```
//! use kmem_rust as kernel;
//! use kernel::prelude::*;
//!
//! /// What a driver keeps of a message.
//! struct Message {
//!     bytes: KVec<u8>,
//!     serial: KBox<u32>,
//! }
//! fn receive(from: &[u8], serial: u32) -> Result<Message> {
//!     let mut bytes = KVec::with_capacity(from.len(), GFP_KERNEL)?;
//!     bytes.extend_from_slice(from, GFP_KERNEL)?;
//!     Ok(Message { bytes, serial: KBox::new(serial, GFP_ATOMIC)? })
//! }
//!
//! let message = receive(b"hello", 7)?;
//! assert_eq!((&message.bytes[..], *message.serial), (&b"hello"[..], 7));
//! // What no kernel could do is refused.
//! assert!(KBox::new(0, !GFP_ATOMIC).is_err());
//! # Ok::<(), Error>(())
//! ```
//!
//! | module | of Rust for Linux's | what |
//! |---|---|---|
//! | [`alloc`] | `kernel::alloc` | `Box`, `Vec`, their allocators, flags, nodes |
//! | [`error`], [`page`], [`types`], [`init`], [`prelude`] | the same names | what such code also needs |
//! | [`mod@current`] | – | which kernel it all happens on; failures on demand; leaks |
//!
//! # Any Rust
//! [`allocator_api`] has allocators of the crate allocator-api2 for a kernel's kmalloc, kvmalloc and caches; [`heap`] has
//! [`KmemAlloc`](heap::KmemAlloc), for `#[global_allocator]`.
//!
//! # What this crate does not know
//! The engine's insides: it calls the kernel as any other client. What it adds is who calls: on which kernel, on which CPU.

pub mod alloc;
pub mod allocator_api;
pub mod bindings;
pub mod current;
pub mod error;
pub mod heap;
pub mod init;
pub mod page;
pub mod prelude;
mod print;
pub mod types;

pub use current::{boot, current, fail_each_allocation_once, set_default, with_kernel, BootError, Handle, Setup};
pub use error::{Error, Result};
#[doc(hidden)]
pub use print::Level as __Level;
