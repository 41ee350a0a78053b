//! The kernel command line: which parameters it holds and what their values mean.
//!
//! A command line is words between blanks; a word is `name` or `name=value`; double quotes keep blanks together. The
//! last of several equal names wins, which is how a user's parameter overrides the board's. `-` and `_` in a name are
//! the same letter. What stands after a lone `--` is for the first program, not for the kernel.
//!
//! Sizes are read as the kernel's `memparse` reads them: decimal, `0x` hexadecimal or octal with a leading 0, then K, M,
//! G, T, P or E. Where the kernel keeps the result in a `long` of 32 bits, what lies above is lost: `vmalloc=4G` is 0
//! there.
//!
//! Kernel counterpart: `kernel/params.c` (`next_arg`, `parameq`), `lib/cmdline.c` (`memparse`). Which parameters there are is in
//! [`super::parameter`].

use super::parameter::{state_of, Known};

/// A command line.
#[derive(Clone, Copy, Debug)]
pub struct CommandLine<'a> {
    text: &'a str,
}

/// One parameter of a command line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Param<'a> {
    /// What stands before the `=`.
    pub name: &'a str,
    /// What stands behind it; `None` where there is no `=`.
    pub value: Option<&'a str>,
}

impl<'a> CommandLine<'a> {
    /// Wraps the text of a command line.
    pub const fn new(text: &'a str) -> Self {
        Self { text }
    }
    /// Returns the text.
    pub const fn text(self) -> &'a str {
        self.text
    }
    /// Returns the parameters in order, up to a lone `--`.
    pub fn params(self) -> Params<'a> {
        Params { rest: self.text }
    }
    /// Returns the last parameter of this name.
    pub fn last(self, name: &str) -> Option<Param<'a>> {
        self.params().filter(|param| same_name(param.name, name)).last()
    }
    /// Returns the value of the last parameter of this name as a size: 0 where no number stands behind the `=`, as the
    /// kernel has it; `None` without the parameter or its `=`.
    pub fn size(self, name: &str) -> Option<u64> {
        self.last(name)?.value.map(|value| memparse(value).map_or(0, |(bytes, _)| bytes))
    }
    /// As [`CommandLine::size`], as it arrives in a word of `word_bytes` bytes.
    pub fn size_in_word(self, name: &str, word_bytes: u32) -> Option<u64> {
        self.size(name).map(|bytes| if word_bytes == 4 { bytes & 0xffff_ffff } else { bytes })
    }
    /// True when the last parameter of this name has exactly this value.
    pub fn is(self, name: &str, value: &str) -> bool {
        self.last(name).is_some_and(|param| param.value == Some(value))
    }
    /// True when the last parameter of this name is on, as `kstrtobool` has it.
    pub fn is_on(self, name: &str) -> bool {
        let value = self.last(name).and_then(|param| param.value).unwrap_or_default();
        matches!(value.as_bytes(), [b'1' | b'y' | b'Y' | b't' | b'T', ..] | [b'o' | b'O', b'n' | b'N', ..])
    }
    /// Returns the parameters that neither the memory system nor any usual boot knows.
    pub fn unknown(self) -> impl Iterator<Item = Param<'a>> {
        self.params().filter(|param| state_of(param.name) == Known::No)
    }
}

/// The parameters of a command line, in order.
#[derive(Clone, Debug)]
pub struct Params<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Params<'a> {
    type Item = Param<'a>;
    fn next(&mut self) -> Option<Param<'a>> {
        let text = self.rest.trim_start_matches(is_blank);
        let mut quoted = false;
        let end = text
            .char_indices()
            .find(|&(_, c)| {
                quoted ^= c == '"';
                is_blank(c) && !quoted
            })
            .map_or(text.len(), |(at, _)| at);
        let (word, rest) = text.split_at(end);
        if word.is_empty() || word == "--" {
            self.rest = "";
            return None;
        }
        self.rest = rest;
        let word = match word.strip_prefix('"') {
            Some(inner) => inner.strip_suffix('"').unwrap_or(inner),
            None => word,
        };
        Some(match word.split_once('=') {
            Some((name, value)) => {
                let value = match value.strip_prefix('"') {
                    Some(inner) => inner.strip_suffix('"').unwrap_or(inner),
                    None => value,
                };
                Param { name, value: Some(value) }
            }
            None => Param { name: word, value: None },
        })
    }
}

fn is_blank(c: char) -> bool {
    c.is_ascii_whitespace()
}

/// True when the kernel takes two names for one: `-` and `_` are the same.
pub fn same_name(a: &str, b: &str) -> bool {
    let fold = |byte: u8| if byte == b'-' { b'_' } else { byte };
    a.bytes().map(fold).eq(b.bytes().map(fold))
}

/// Reads a size at the start of `text`; returns it and what follows. `None` when no digit is there.
///
/// Numbers and shifts wrap at 64 bits, as the kernel's do.
///
/// # Source
/// `lib/cmdline.c`, `memparse`; `lib/kstrtox.c`, `_parse_integer_fixup_radix` (base 0).
///
/// # Examples
/// ```
/// # use kmem::boot::cmdline::memparse;
/// assert_eq!(memparse("64M"), Some((64 << 20, "")));
/// assert_eq!(memparse("0x10k@1G"), Some((0x4000, "@1G")));
/// assert_eq!(memparse("010"), Some((8, "")));
/// assert_eq!(memparse("nopentium"), None);
/// ```
pub fn memparse(text: &str) -> Option<(u64, &str)> {
    let bytes = text.as_bytes();
    let second_is = |want: fn(&u8) -> bool| bytes.get(2).is_some_and(want);
    let (base, mut at) = match (bytes.first()?, bytes.get(1).map(u8::to_ascii_lowercase)) {
        (b'0', Some(b'x')) if second_is(u8::is_ascii_hexdigit) => (16, 2),
        (b'0', _) => (8, 0),
        _ => (10, 0),
    };
    let start = at;
    let mut value = 0u64;
    while let Some(digit) = bytes.get(at).and_then(|&byte| char::from(byte).to_digit(base)) {
        value = value.wrapping_mul(u64::from(base)).wrapping_add(u64::from(digit));
        at += 1;
    }
    if at == start {
        return None;
    }
    let shift = match bytes.get(at).map(u8::to_ascii_uppercase) {
        Some(b'K') => 10,
        Some(b'M') => 20,
        Some(b'G') => 30,
        Some(b'T') => 40,
        Some(b'P') => 50,
        Some(b'E') => 60,
        _ => return Some((value, text.get(at..)?)),
    };
    Some((value << shift, text.get(at + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, Option<&str>)]) {
        let mut params = CommandLine::new(text).params();
        for &(name, value) in expected {
            assert_eq!(params.next(), Some(Param { name, value }), "{text}");
        }
        assert_eq!(params.next(), None, "{text}");
    }

    #[test]
    fn words_quotes_and_the_end() {
        check("", &[]);
        check("  quiet\tmem=1G ", &[("quiet", None), ("mem", Some("1G"))]);
        check("tunes=\"a=1 b=2\" x", &[("tunes", Some("a=1 b=2")), ("x", None)]);
        check("\"a b=c d\" e", &[("a b", Some("c d")), ("e", None)]);
        check("a -- b=1", &[("a", None)]);
        check("a=b=c =d", &[("a", Some("b=c")), ("", Some("d"))]);
        check("open=\"never closed x", &[("open", Some("never closed x"))]);
        check("\" \u{e9}\u{e9}", &[(" \u{e9}\u{e9}", None)]);
    }

    #[test]
    fn the_last_one_wins() {
        let line = CommandLine::new("vmalloc=200M vmalloc=300M no-hash_pointers");
        assert_eq!(line.size("vmalloc"), Some(300 << 20));
        assert!(line.last("no_hash-pointers").is_some());
        assert_eq!(line.size("mem"), None);
        assert_eq!(CommandLine::new("mem=nopentium vmalloc= highmem").size("mem"), Some(0));
        assert_eq!(CommandLine::new("mem=nopentium vmalloc= highmem").size("vmalloc"), Some(0));
        assert_eq!(CommandLine::new("mem=nopentium vmalloc= highmem").size("highmem"), None);
        assert!(CommandLine::new("transparent_hugepage=never").is("transparent_hugepage", "never"));
    }

    #[test]
    fn sizes_of_the_kernel() {
        for (text, bytes, rest) in [
            ("0", 0, ""),
            ("4096", 4096, ""),
            ("0x1000", 4096, ""),
            ("0X1fG", 31 << 30, ""),
            ("017", 15, ""),
            ("0x", 0, "x"),
            ("08", 0, "8"),
            ("64k", 64 << 10, ""),
            ("64M", 64 << 20, ""),
            ("2g@1M", 2 << 30, "@1M"),
            ("1T", 1 << 40, ""),
            ("1P", 1 << 50, ""),
            ("1E", 1 << 60, ""),
            ("16E", 0, ""),
            ("18446744073709551617", 1, ""),
            ("12\u{e9}", 12, "\u{e9}"),
        ] {
            assert_eq!(memparse(text), Some((bytes, rest)), "{text}");
        }
        for text in ["", "M", "-1", "x10", "\u{e9}"] {
            assert_eq!(memparse(text), None, "{text}");
        }
        assert_eq!(CommandLine::new("vmalloc=4G").size_in_word("vmalloc", 4), Some(0));
        assert_eq!(CommandLine::new("vmalloc=4G").size_in_word("vmalloc", 8), Some(4 << 30));
    }

    #[test]
    fn only_what_nobody_knows_is_named() {
        let unknown = |text: &'static str| CommandLine::new(text).unknown().map(|param| param.name).next();
        assert_eq!(unknown("androidboot.hardware=qcom loglevel=7 vmalloc=200M"), None);
        assert_eq!(unknown("console=ttyS0 panic=-1 no_hash_pointers memblock=debug nokaslr root=/dev/vda quiet"), None);
        assert_eq!(unknown("sysctl.vm.swappiness=10 some_module.option=1"), None);
        assert_eq!(unknown("quiet vmaloc=200M"), Some("vmaloc"));
    }
}
