//! `kernel::prelude`: what most kernel Rust uses.

pub use crate::alloc::flags::*;
pub use crate::alloc::{Box, KBox, KVBox, KVVec, KVec, VBox, VVec, Vec};
pub use crate::error::{code::*, Error, Result};
pub use crate::init::{init, pin_data, pin_init, pinned_drop, try_init, try_pin_init};
pub use crate::init::{InPlaceInit, InPlaceWrite, Init, PinInit, Zeroable};
pub use crate::{kvec, pr_debug, pr_err, pr_info, pr_notice, pr_warn};
pub use core::ffi::{c_char, c_int, c_long, c_uint, c_ulong, c_void, CStr};
pub use core::mem::{align_of, align_of_val, size_of, size_of_val};
pub use core::pin::Pin;
