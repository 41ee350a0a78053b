//! `slub_debug=`: which caches are debugged, and how.
//!
//! The value is blocks between `;`. A block is letters, then, behind a `,`, names of caches for which they count: a `*` at
//! the end stands for any rest. A block without names counts for all caches that no other block names. Without a value, or
//! with names alone, it is `FZPU`.
//!
//! | letter | |
//! |---|---|
//! | F | checks at each allocation and free |
//! | Z | red zones |
//! | P | poison |
//! | U | who allocated and freed |
//! | T | each operation in the log |
//! | A | allocations may be made to fail |
//! | O | not for caches whose slabs would need a larger order for it |
//! | - | nothing |
//!
//! Kernels of 3.x know one block only. Its names are one text, with which a cache's name must begin; `-` counts only as the
//! first letter, and `O` stands alone, for `FZPU` with it.
//!
//! Source: 6.12, 6.1 and 3.4 `mm/slub.c` (`setup_slub_debug`, `parse_slub_debug_flags`, `kmem_cache_flags`). From 6.9 on the
//! parameter is called `slab_debug`, and the old name still works.

use super::geometry::SlabFlags;
use crate::boot::cmdline::{same_name, CommandLine, Param};
use crate::profile::SlubEra;

/// The most bytes of the value that are kept.
const KEPT: usize = 256;

/// What the command line asks for.
#[derive(Clone, Copy, Debug)]
pub struct DebugOptions {
    value: [u8; KEPT],
    len: usize,
    /// For caches that no block names.
    global: SlabFlags,
    /// `O`.
    no_higher_order: bool,
    /// Whose rules the names follow.
    era: SlubEra,
}

impl Default for DebugOptions {
    fn default() -> Self {
        let (global, era) = (SlabFlags::empty(), SlubEra::V6_12);
        Self { value: [0; KEPT], len: 0, global, no_higher_order: false, era }
    }
}

/// What a bare `slub_debug` means: `DEBUG_DEFAULT_FLAGS`.
const USUAL: SlabFlags =
    SlabFlags::CONSISTENCY_CHECKS.union(SlabFlags::RED_ZONE).union(SlabFlags::POISON).union(SlabFlags::STORE_USER);

/// One block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Block<'a> {
    flags: SlabFlags,
    no_higher_order: bool,
    unknown: Option<char>,
    names: Option<&'a str>,
}

fn blocks(value: &str, era: SlubEra) -> impl Iterator<Item = Block<'_>> {
    let ends = move |c| era > SlubEra::V3 && c == ';';
    value.split(ends).filter(|block| !block.is_empty()).map(move |block| {
        let (letters, names) = block.split_once(',').map_or((block, None), |(letters, names)| (letters, Some(names)));
        let mut this = Block { flags: SlabFlags::empty(), no_higher_order: false, unknown: None, names };
        if letters.is_empty() {
            this.flags = USUAL;
        }
        if era == SlubEra::V3 {
            match letters.bytes().next() {
                Some(b'o' | b'O') => return Block { flags: USUAL, no_higher_order: true, names: None, ..this },
                Some(b'-') => return Block { names: None, ..this },
                _ => {}
            }
        }
        for letter in letters.chars() {
            match letter.to_ascii_lowercase() {
                '-' if era > SlubEra::V3 => this.flags = SlabFlags::empty(),
                'f' => this.flags |= SlabFlags::CONSISTENCY_CHECKS,
                'z' => this.flags |= SlabFlags::RED_ZONE,
                'p' => this.flags |= SlabFlags::POISON,
                'u' => this.flags |= SlabFlags::STORE_USER,
                't' => this.flags |= SlabFlags::TRACE,
                'a' => this.flags |= SlabFlags::FAILSLAB,
                'o' if era > SlubEra::V3 => this.no_higher_order = true,
                _ => this.unknown = this.unknown.or(Some(letter)),
            }
        }
        this
    })
}

fn names(list: &str, cache: &str, era: SlubEra) -> bool {
    if era == SlubEra::V3 {
        return cache.starts_with(list);
    }
    list.split(',').any(|name| match name.split_once('*') {
        Some((prefix, _)) => cache.starts_with(prefix),
        None => cache == name,
    })
}

/// True for the parameter by the names that a kernel knows.
fn is_it(param: &Param<'_>, era: SlubEra) -> bool {
    same_name(param.name, "slub_debug") || era >= SlubEra::V6_12 && same_name(param.name, "slab_debug")
}

impl DebugOptions {
    /// Reads a kernel's command line. `unknown` is told of letters that mean nothing.
    pub fn new(era: SlubEra, line: CommandLine<'_>, mut unknown: impl FnMut(char)) -> Self {
        let Some(param) = line.params().filter(|param| is_it(param, era)).last() else { return Self::default() };
        let value = param.value.unwrap_or_default();
        let mut this = Self { era, ..Self::default() };
        let kept = value.len().min(KEPT);
        if let (Some(to), Some(from)) = (this.value.get_mut(..kept), value.as_bytes().get(..kept)) {
            to.copy_from_slice(from);
            this.len = kept;
        }
        let mut all = if value.is_empty() { Some(USUAL) } else { None };
        for block in blocks(value, era) {
            if let Some(letter) = block.unknown {
                unknown(letter);
            }
            this.no_higher_order |= block.no_higher_order;
            if block.names.is_none() {
                all = Some(block.flags);
            }
        }
        this.global = all.unwrap_or_default();
        this
    }
    fn value(&self) -> &str {
        let kept = self.value.get(..self.len).unwrap_or_default();
        match core::str::from_utf8(kept) {
            Ok(text) => text,
            Err(error) => core::str::from_utf8(kept.get(..error.valid_up_to()).unwrap_or_default()).unwrap_or_default(),
        }
    }
    /// Returns what a new cache has besides its own flags: `kmem_cache_flags`.
    pub fn flags_for(&self, cache: &str) -> SlabFlags {
        let named = |list| names(list, cache, self.era);
        let named = blocks(self.value(), self.era).find(|block| block.names.is_some_and(named));
        named.map_or(self.global, |block| block.flags)
    }
    /// True when debugging must not make a cache's slabs larger.
    pub fn no_higher_order(&self) -> bool {
        self.no_higher_order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(line: &str, cache: &str) -> String {
        flags_of(SlubEra::V6_12, line, cache)
    }
    fn flags_of(era: SlubEra, line: &str, cache: &str) -> String {
        let flags = DebugOptions::new(era, CommandLine::new(line), |_| ()).flags_for(cache);
        let letters = [
            (SlabFlags::CONSISTENCY_CHECKS, 'F'),
            (SlabFlags::RED_ZONE, 'Z'),
            (SlabFlags::POISON, 'P'),
            (SlabFlags::STORE_USER, 'U'),
            (SlabFlags::TRACE, 'T'),
            (SlabFlags::FAILSLAB, 'A'),
        ];
        letters.iter().filter(|(flag, _)| flags.contains(*flag)).map(|(_, letter)| *letter).collect()
    }

    #[test]
    fn the_value_of_slub_debug() {
        for (line, cache, expected) in [
            ("quiet", "foo", ""),
            ("slub_debug", "foo", "FZPU"),
            ("slub_debug=", "foo", "FZPU"),
            ("slab_debug", "foo", "FZPU"),
            ("slub-debug=fz", "foo", "FZ"),
            ("slub_debug=-", "foo", ""),
            ("slub_debug=FZ-P", "foo", "P"),
            ("slub_debug=FZ,foo,bar", "foo", "FZ"),
            ("slub_debug=FZ,foo,bar", "bar", "FZ"),
            ("slub_debug=FZ,foo,bar", "fo", ""),
            ("slub_debug=FZ,foo,bar", "foobar", ""),
            ("slub_debug=,kmalloc-*", "kmalloc-64", "FZPU"),
            ("slub_debug=,kmalloc-*", "dentry", ""),
            ("slub_debug=FZ,name1,name*;P,other", "name17", "FZ"),
            ("slub_debug=FZ,name1,name*;P,other", "other", "P"),
            ("slub_debug=FZ,name1,name*;P,other", "none", ""),
            ("slub_debug=FZ;-,zs_handle", "zs_handle", ""),
            ("slub_debug=FZ;-,zs_handle", "foo", "FZ"),
            ("slub_debug=;;U,a;;TA;", "a", "U"),
            ("slub_debug=;;U,a;;TA;", "b", "TA"),
            ("slub_debug=F slab_debug=P", "foo", "P"),
            ("slab_debug=P slub_debug=F", "foo", "F"),
        ] {
            assert_eq!(flags(line, cache), expected, "{line} {cache}");
        }
        let mut unknown = Vec::new();
        let options =
            DebugOptions::new(SlubEra::V6_12, CommandLine::new("slub_debug=FOX,a;q"), |letter| unknown.push(letter));
        assert!(options.no_higher_order());
        assert_eq!(unknown, ['X', 'q']);
    }

    #[test]
    fn older_kernels_know_less() {
        assert_eq!(flags_of(SlubEra::V6_1, "slub_debug=F slab_debug=P", "foo"), "F");
        for (line, cache, expected) in [
            ("slub_debug", "foo", "FZPU"),
            ("slub_debug=FZ", "foo", "FZ"),
            ("slub_debug=FZ,foo", "foobar", "FZ"),
            ("slub_debug=FZ,foo", "bar", ""),
            ("slub_debug=FZ,foo,bar", "foo", ""),
            ("slub_debug=FZ,fo*", "foo", ""),
            ("slub_debug=,foo", "foo", "FZPU"),
            ("slub_debug=FZ;P", "foo", "FZP"),
            ("slub_debug=-", "foo", ""),
            ("slub_debug=F-Z", "foo", "FZ"),
            ("slub_debug=O", "foo", "FZPU"),
            ("slab_debug=F", "foo", ""),
        ] {
            assert_eq!(flags_of(SlubEra::V3, line, cache), expected, "{line} {cache}");
        }
        let mut unknown = Vec::new();
        let line = CommandLine::new("slub_debug=FO-");
        let options = DebugOptions::new(SlubEra::V3, line, |letter| unknown.push(letter));
        assert!(!options.no_higher_order() && unknown == ['O'], "{unknown:?}");
        assert!(DebugOptions::new(SlubEra::V3, CommandLine::new("slub_debug=O"), |_| ()).no_higher_order());
    }

    #[test]
    fn a_long_value_is_cut_at_a_character() {
        let line = format!("slub_debug=F,{}\u{e9}", "n".repeat(KEPT - 3));
        assert_eq!(flags(&line, "foo"), "");
        assert_eq!(flags(&format!("slub_debug=F,a,{}", "\u{e9}".repeat(KEPT)), "a"), "F");
    }
}
