//! KUnit: where a module's suites are, and how their cases went. The runtime runs them (`rt/kunit.c`).

use crate::session::Session;

/// How many KUnit cases went how.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct KunitCounts {
    /// Cases that passed.
    pub passed: u32,
    /// Cases with a failed expectation or assertion, and suites that could not begin.
    pub failed: u32,
    /// Cases that were skipped.
    pub skipped: u32,
}

impl Session {
    /// Returns a table of pointers that a module has in a section of its own: its address and how many they are.
    pub fn table(&self, object: usize, section: &str) -> (u32, u32) {
        self.modules
            .section(object, section)
            .map_or((0, 0), |section| (section.start, section.bytes / self.exec.word_bytes()))
    }
    /// Reads an `int` of the runtime.
    pub fn runtime_int(&self, name: &str) -> i32 {
        self.runtime_symbol(name).map_or(0, |at| self.read_word(at) as i32)
    }
    /// Returns how the cases went that have run so far.
    pub fn kunit_counts(&self) -> KunitCounts {
        let count = |name: &str| u32::try_from(self.runtime_int(name)).unwrap_or(0);
        KunitCounts {
            passed: count("kmem_kunit_passed"),
            failed: count("kmem_kunit_failed"),
            skipped: count("kmem_kunit_skipped"),
        }
    }
}
