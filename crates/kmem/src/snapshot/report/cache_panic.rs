//! What a kernel says when a cache with `SLAB_PANIC` cannot be made: it cannot go on without.
//!
//! Sources: 2.6.11 `mm/slab.c`; 3.4, 6.1 and 6.12 `mm/slab_common.c`, `mm/slub.c` (`kmem_cache_create` and its kin).

use crate::error::AllocError;
use crate::slab::CreateError;
use core::fmt::{Result, Write};

/// Writes the line, without its end.
pub fn write(out: &mut dyn Write, version: (u32, u32, u32), name: &str, error: &CreateError) -> Result {
    out.write_str("Kernel panic - not syncing: ")?;
    // -ENOMEM where memory is short, -EINVAL for what cannot be.
    let is_short = matches!(error, CreateError::Alloc(AllocError::NoMemory { .. } | AllocError::Injected));
    let errno = if is_short { -12 } else { -22 };
    match version {
        (..=2, ..) => write!(out, "kmem_cache_create(): failed to create slab `{name}'"),
        (3, ..=8, _) => write!(out, "Cannot create slabcache {name}"),
        (..=5, ..) | (6, ..=1, _) => {
            write!(out, "kmem_cache_create_usercopy: Failed to create slab '{name}'. Error {errno}")
        }
        _ => write!(out, "__kmem_cache_create_args: Failed to create slab '{name}'. Error {errno}"),
    }
}
