//! Which version of the kernel's API a source was written for.
//!
//! A driver fits the kernels of some years: what it calls had another form before and has another one since. `proc_create`
//! takes a `struct proc_ops` since 5.6, a timer had `data` until 4.14, `create_proc_entry` is gone since 3.10. So a source
//! that does not compile for the machine's own version is tried for others, one of each time, the nearest first; what the
//! headers offer then is what that version offered. The machine stays what it is: sizes, addresses and answers are its own.

use crate::compile::{Era, FILES};
use crate::session::Session;
use std::fmt;

/// A version of the API.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Api {
    /// Its era.
    pub era: Era,
    /// What `LINUX_VERSION_CODE` says.
    pub version: (u32, u32, u32),
}

/// Which versions are tried beside the machine's own.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Others {
    /// None.
    #[default]
    None,
    /// Those of the era that was asked for.
    OfEra,
    /// All.
    All,
}

/// One version of each time, oldest first. What ended between two of them is beside the older one.
const LADDER: &[Api] = &[
    Api { era: Era::Old, version: (2, 6, 18) }, // ioctl(inode, …), nopage, interrupts with registers, kmem_cache_t
    Api { era: Era::Modern, version: (2, 6, 32) }, // ioctl(inode, …), init_MUTEX, SPIN_LOCK_UNLOCKED, the big kernel lock
    Api { era: Era::Modern, version: (3, 4, 0) }, // create_proc_entry, __devinit, VM_RESERVED, aio_read, kmap_atomic(, KM_USER0)
    Api { era: Era::Modern, version: (4, 9, 0) }, // fault(vma, vmf), signals in sched.h
    Api { era: Era::Modern, version: (4, 14, 0) }, // init_timer, setup_timer, access_ok(type, …), do_gettimeofday
    Api { era: Era::Modern, version: (5, 4, 0) }, // proc_create with file_operations, tasklets by number
    Api { era: Era::Modern, version: (5, 10, 0) }, // PDE_DATA, default_attrs
    Api { era: Era::Modern, version: (6, 1, 176) }, // class_create(owner, …), remove that returns an int
    Api { era: Era::Modern, version: (6, 12, 95) },
];

impl fmt::Display for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version {
            (2, minor, patch) => write!(f, "2.{minor}.{patch}"),
            (major, minor, _) => write!(f, "{major}.{minor}"),
        }
    }
}

impl Api {
    /// Returns the version that an era has on a machine.
    pub fn of(era: Era, machine: (u32, u32, u32)) -> Self {
        Self { era, version: era.version(machine) }
    }
    /// Returns what is tried when this one does not fit: nearest first, of the newer and older ones in turn.
    pub(crate) fn others(self, which: Others) -> Vec<Self> {
        let may = |api: &&Self| match which {
            Others::None => false,
            Others::OfEra => api.era == self.era || self.era == Era::Old && api.version.0 == 2,
            Others::All => true,
        };
        let (newer, older): (Vec<Self>, Vec<Self>) =
            LADDER.iter().filter(may).partition(|api| api.version > self.version);
        let is_other =
            |api: &Self| (api.version.0, api.version.1) != (self.version.0, self.version.1) || api.era != self.era;
        newer.into_iter().chain(older.into_iter().rev()).filter(is_other).collect()
    }
}

impl Session {
    /// True when the sources use the API of 2.6.
    pub(crate) fn is_old(&self) -> bool {
        self.api.era == Era::Old
    }
}

/// True when a compiler's output says that a source was written for another version: errors, or pointers to something else,
/// which a kernel does not compile either.
pub(crate) fn is_for_another(output: &str) -> bool {
    const SIGNS: [&str; 3] = ["error:", "[-Wincompatible-pointer-types]", "[-Wint-conversion]"];
    SIGNS.iter().any(|sign| output.contains(sign))
}

/// True when another version cannot help: a header is missing that none has.
pub(crate) fn is_hopeless(output: &str) -> bool {
    let missing =
        output.lines().find_map(|line| line.split_once("fatal error: ")?.1.strip_suffix(": No such file or directory"));
    missing.is_some_and(|name| !FILES.iter().any(|(path, _)| path.strip_prefix("include/") == Some(name)))
}

/// The first complaint in a compiler's output, with its place.
pub(crate) fn first_complaint(output: &str) -> &str {
    let line = output.lines().find(|line| is_for_another(line)).unwrap_or_default();
    let end = line.rfind(" [-W").unwrap_or(line.len());
    &line[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(era: Era, machine: (u32, u32, u32), which: Others) -> String {
        let others = Api::of(era, machine).others(which);
        others.iter().map(Api::to_string).collect::<Vec<_>>().join(" ")
    }
    #[test]
    fn the_nearest_comes_first() {
        assert_eq!(names(Era::Modern, (6, 1, 176), Others::All), "6.12 5.10 5.4 4.14 4.9 3.4 2.6.32 2.6.18");
        assert_eq!(names(Era::Modern, (6, 1, 176), Others::OfEra), "6.12 5.10 5.4 4.14 4.9 3.4 2.6.32");
        assert_eq!(names(Era::Old, (6, 1, 176), Others::OfEra), "2.6.32");
        assert_eq!(names(Era::Old, (2, 6, 11), Others::All), "2.6.32 3.4 4.9 4.14 5.4 5.10 6.1 6.12");
        assert_eq!(names(Era::Modern, (3, 4, 0), Others::None), "");
    }
    #[test]
    fn a_complaint_is_what_a_kernel_would_refuse() {
        let warned = "a.c:3:4: warning: passing argument 2 of ‘f’ from incompatible pointer type [-Wincompatible-pointer-types]\n";
        assert!(is_for_another(warned) && !is_for_another("a.c:3:4: warning: unused variable ‘x’ [-Wunused-variable]"));
        assert_eq!(
            first_complaint(warned),
            "a.c:3:4: warning: passing argument 2 of ‘f’ from incompatible pointer type"
        );
        assert!(is_hopeless("a.c:1:10: fatal error: linux/no_such_thing.h: No such file or directory\n"));
        assert!(!is_hopeless("a.c:1:10: fatal error: linux/slab.h: No such file or directory\n"));
    }
}
