//! `pr_info!` and its kin: lines of the current kernel's log, which [`Handle::log`](crate::Handle::log) shows.

use std::fmt;

/// How urgent a line is: `KERN_EMERG` to `KERN_DEBUG`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Level(pub u8);

/// A line as the log keeps it, without its final newline.
pub(crate) fn line(level: Level, text: fmt::Arguments<'_>) -> String {
    let text = text.to_string();
    format!("<{}>{}", level.0, text.strip_suffix('\n').unwrap_or(&text))
}

#[doc(hidden)]
#[macro_export]
macro_rules! __printk {
    ($level:literal, $($arg:tt)*) => {
        $crate::current::printk($crate::__Level($level), ::core::format_args!($($arg)*))
    };
}
/// Logs an error: `KERN_ERR`.
#[macro_export]
macro_rules! pr_err { ($($arg:tt)*) => { $crate::__printk!(3, $($arg)*) }; }
/// Logs a warning: `KERN_WARNING`.
#[macro_export]
macro_rules! pr_warn { ($($arg:tt)*) => { $crate::__printk!(4, $($arg)*) }; }
/// Logs something of note: `KERN_NOTICE`.
#[macro_export]
macro_rules! pr_notice { ($($arg:tt)*) => { $crate::__printk!(5, $($arg)*) }; }
/// Logs for information: `KERN_INFO`.
#[macro_export]
macro_rules! pr_info { ($($arg:tt)*) => { $crate::__printk!(6, $($arg)*) }; }
/// Logs for debugging: `KERN_DEBUG`.
#[macro_export]
macro_rules! pr_debug { ($($arg:tt)*) => { $crate::__printk!(7, $($arg)*) }; }
