//! The tunables under `/proc/sys/vm` that decide watermarks, reserves and list sizes: what a write may say, and what it
//! computes anew.
//!
//! A write reaches only what belongs to it. `min_free_kbytes` moves the watermarks (and with them, since 5.14, the sizes
//! of the per-CPU lists), but not the reserves that lower zones keep; `lowmem_reserve_ratio` moves those and nothing else.
//! What is not computed anew stays as boot left it, when fewer pages were counted.
//!
//! Sources: `kernel/sysctl.c` (the table of ranges) and `mm/page_alloc.c` of 2.6.11, 3.4, 6.1 and 6.12
//! (`min_free_kbytes_sysctl_handler`, `watermark_scale_factor_sysctl_handler`, `lowmem_reserve_ratio_sysctl_handler`,
//! `percpu_pagelist_high_fraction_sysctl_handler`); `fs/proc/proc_sysctl.c` (`do_sysctl_args`). Golden: the captures whose
//! names end in `-tune`.

use super::watermark::MAX_ZONES;
use crate::boot::cmdline::{same_name, CommandLine};
use crate::profile::{Profile, Version};
use bitflags::bitflags;
use core::fmt;

bitflags! {
    /// The parts of a [`super::watermark::Tuning`].
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Parts: u8 {
        /// `min_free_kbytes` and the watermarks.
        const MARKS = 1;
        /// `lowmem_reserve`.
        const RESERVE = 2;
        /// Batch and high of the per-CPU lists.
        const LISTS = 4;
        /// How far a CPU's counts may stray. Only boot and CPUs that come or go compute them.
        const THRESHOLDS = 8;
    }
}

/// The values of the tunables.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tunables {
    /// `vm.min_free_kbytes` as somebody wrote it; `None`: as the kernel computes it.
    pub min_free_kbytes: Option<u64>,
    /// `vm.watermark_scale_factor`: parts of 10000 of a zone between its marks.
    pub watermark_scale_factor: u64,
    /// `vm.watermark_boost_factor`: parts of 10000 of the high mark up to which fragmentation raises the marks.
    pub watermark_boost_factor: u64,
    /// `vm.lowmem_reserve_ratio`, by zone.
    pub lowmem_reserve_ratio: [u64; MAX_ZONES],
    /// `vm.percpu_pagelist_high_fraction`, before 5.14 `vm.percpu_pagelist_fraction`; 0: none.
    pub percpu_pagelist_high_fraction: u64,
    /// Whether huge pages may raise min_free_kbytes (`transparent_hugepage=never` on the command line: no).
    pub huge_pages: HugePages,
}

/// Whether transparent huge pages are on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HugePages {
    /// As the kernel was built.
    AsBuilt,
    /// Turned off at boot.
    Never,
}

/// Whether the engine does anything with a tunable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// It decides something here.
    Used,
    /// It is kept and shown; nothing here uses it.
    Kept,
}

/// What a tunable's number counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Things, or nothing that has a name.
    Number,
    /// 0: off; else on.
    Switch,
    /// One of several ways.
    Choice,
    /// Parts of 100.
    Percent,
    /// Parts of 1000.
    Thousandths,
    /// Parts of 10000.
    TenThousandths,
    /// Bytes.
    Bytes,
    /// kB.
    Kilobytes,
    /// Huge pages of the default size.
    HugePages,
    /// Seconds.
    Seconds,
    /// Hundredths of a second.
    Centiseconds,
    /// One part of so many, for each zone.
    Ratios,
    /// A size with K, M, G behind it.
    Size,
    /// Words.
    Words,
}

impl Unit {
    /// Returns the unit as it stands behind a number; empty where there is none.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Number | Self::Switch | Self::Choice => "",
            Self::Percent => "%",
            Self::Thousandths => "1/1000",
            Self::TenThousandths => "1/10000",
            Self::Bytes => "bytes",
            Self::Kilobytes => "kB",
            Self::HugePages => "huge pages",
            Self::Seconds => "s",
            Self::Centiseconds => "1/100 s",
            Self::Ratios => "1/n by zone",
            Self::Size => "size",
            Self::Words => "words",
        }
    }
}

/// A tunable, by the kernel's name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tunable {
    /// `min_free_kbytes`.
    MinFreeKbytes,
    /// `watermark_scale_factor`, since 4.6.
    WatermarkScaleFactor,
    /// `watermark_boost_factor`, since 5.0.
    WatermarkBoostFactor,
    /// `lowmem_reserve_ratio`, since 2.6.10: a number for each zone.
    LowmemReserveRatio,
    /// `percpu_pagelist_high_fraction`, since 5.14.
    PercpuPagelistHighFraction,
    /// `percpu_pagelist_fraction`, 2.6.16 to 5.13.
    PercpuPagelistFraction,
}

/// Why a write was refused (`EINVAL`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// This kernel has no such tunable.
    Unknown(Tunable),
    /// What was written is no number, or nothing.
    NotANumber(Tunable),
    /// The number is outside the range.
    OutOfRange {
        /// Which tunable.
        key: Tunable,
        /// The least.
        least: u64,
        /// The most.
        most: u64,
        /// 0 is allowed besides.
        or_zero: bool,
    },
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Unknown(key) => write!(f, "this kernel has no vm.{}", key.name()),
            Self::NotANumber(key) => write!(f, "vm.{} takes whole numbers", key.name()),
            Self::OutOfRange { key, least, most, or_zero } => {
                write!(f, "vm.{} takes {}{least} to {most}", key.name(), if or_zero { "0 or " } else { "" })
            }
        }
    }
}

impl Tunable {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::MinFreeKbytes,
        Self::WatermarkScaleFactor,
        Self::WatermarkBoostFactor,
        Self::LowmemReserveRatio,
        Self::PercpuPagelistHighFraction,
        Self::PercpuPagelistFraction,
    ];

    /// Returns its name under `/proc/sys/vm`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MinFreeKbytes => "min_free_kbytes",
            Self::WatermarkScaleFactor => "watermark_scale_factor",
            Self::WatermarkBoostFactor => "watermark_boost_factor",
            Self::LowmemReserveRatio => "lowmem_reserve_ratio",
            Self::PercpuPagelistHighFraction => "percpu_pagelist_high_fraction",
            Self::PercpuPagelistFraction => "percpu_pagelist_fraction",
        }
    }
    /// Finds a tunable of this kernel by its name.
    pub fn by_name(profile: &Profile, name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.name() == name && key.exists(profile))
    }
    /// Returns the first kernel that has it, and the first one that has it no more.
    pub const fn versions(self) -> (Version, Option<Version>) {
        match self {
            Self::MinFreeKbytes => ((0, 0, 0), None),
            Self::LowmemReserveRatio => ((2, 6, 10), None),
            Self::WatermarkScaleFactor => ((4, 6, 0), None),
            Self::WatermarkBoostFactor => ((5, 0, 0), None),
            Self::PercpuPagelistHighFraction => ((5, 14, 0), None),
            Self::PercpuPagelistFraction => ((2, 6, 16), Some((5, 14, 0))),
        }
    }
    /// Returns what it means, in a line.
    pub const fn about(self) -> &'static str {
        match self {
            Self::MinFreeKbytes => {
                "The reserve: `min` of all zones together; computed at boot, 4 × √(low kB), more with huge pages."
            }
            Self::LowmemReserveRatio => {
                "Which part of a higher zone's pages a lower zone keeps from requests that prefer the higher one."
            }
            Self::WatermarkScaleFactor => "Which part of a zone lies between its marks: how early kswapd begins.",
            Self::WatermarkBoostFactor => "Up to which part of `high` fragmentation raises the marks for a while.",
            Self::PercpuPagelistHighFraction => {
                "One n-th of a zone is the most on all its per-CPU lists; 0: as the kernel computes it."
            }
            Self::PercpuPagelistFraction => {
                "One n-th of a zone is the most on each of its per-CPU lists; 0: as the kernel computes it."
            }
        }
    }
    /// Returns what its number counts.
    pub const fn unit(self) -> Unit {
        match self {
            Self::MinFreeKbytes => Unit::Kilobytes,
            Self::LowmemReserveRatio => Unit::Ratios,
            Self::WatermarkScaleFactor | Self::WatermarkBoostFactor => Unit::TenThousandths,
            Self::PercpuPagelistHighFraction | Self::PercpuPagelistFraction => Unit::Number,
        }
    }
    /// True when the profile's kernel has it.
    pub fn exists(self, profile: &Profile) -> bool {
        let (since, until) = self.versions();
        since <= profile.version && until.is_none_or(|until| profile.version < until)
    }
    /// Returns the least and the most that one number of it may be. 0 is allowed besides where it turns the tunable off.
    pub fn range(self, profile: &Profile) -> (u64, u64) {
        const INT_MAX: u64 = i32::MAX as u64;
        match self {
            // Parts of 10000; a tenth until 5.16.
            Self::WatermarkScaleFactor if profile.version >= (5, 16, 0) => (1, 3000),
            Self::WatermarkScaleFactor => (1, 1000),
            Self::PercpuPagelistHighFraction | Self::PercpuPagelistFraction => (8, INT_MAX),
            Self::MinFreeKbytes | Self::WatermarkBoostFactor | Self::LowmemReserveRatio => (0, INT_MAX),
        }
    }
    /// True when 0 is allowed although it is below the range: it restores the default.
    fn zero_turns_off(self, profile: &Profile) -> bool {
        match self {
            Self::PercpuPagelistHighFraction => true,
            Self::PercpuPagelistFraction => profile.version >= (3, 16, 0),
            _ => false,
        }
    }
    /// Returns what *reading* it computes anew: the handler of `lowmem_reserve_ratio` does not ask which of the two it is
    /// called for. `sysctl -a` alone moves the reserves to what is managed after boot.
    pub const fn recomputed_by_reading(self) -> Parts {
        match self {
            Self::LowmemReserveRatio => Parts::RESERVE,
            _ => Parts::empty(),
        }
    }
    /// Returns what a write of it computes anew.
    pub fn recomputes(self, profile: &Profile) -> Parts {
        match self {
            Self::MinFreeKbytes | Self::WatermarkScaleFactor if profile.version >= (5, 14, 0) => {
                Parts::MARKS.union(Parts::LISTS)
            }
            Self::MinFreeKbytes | Self::WatermarkScaleFactor => Parts::MARKS,
            Self::LowmemReserveRatio => Parts::RESERVE,
            Self::PercpuPagelistHighFraction | Self::PercpuPagelistFraction => Parts::LISTS,
            // It is read when a block is stolen.
            Self::WatermarkBoostFactor => Parts::empty(),
        }
    }
}

impl Tunables {
    /// Returns the profile's defaults.
    pub fn new(profile: &Profile) -> Self {
        let mut ratio = [0; MAX_ZONES];
        for (ratio, zone) in ratio.iter_mut().zip(profile.zones) {
            *ratio = u64::from(zone.reserve_ratio);
        }
        Self {
            min_free_kbytes: None,
            watermark_scale_factor: 10,
            watermark_boost_factor: 15_000,
            lowmem_reserve_ratio: ratio,
            percpu_pagelist_high_fraction: 0,
            huge_pages: HugePages::AsBuilt,
        }
    }
    /// Returns those that hold while the kernel boots. `sysctl.vm.*` comes at the end of boot: [`writes_of`].
    pub fn at_boot(profile: &Profile, cmdline: CommandLine<'_>) -> Self {
        let never = cmdline.is("transparent_hugepage", "never");
        let huge_pages = if never { HugePages::Never } else { HugePages::AsBuilt };
        Self { huge_pages, ..Self::new(profile) }
    }
    /// Writes a value as text, as to a file under `/proc/sys/vm`; returns what has to be computed anew.
    ///
    /// A list may be shorter than there are zones: the others keep their ratio.
    ///
    /// # Errors
    /// [`Refused`]: nothing was changed. (A kernel keeps the numbers before the bad one of a list.)
    pub fn write(&mut self, profile: &Profile, key: Tunable, text: &str) -> Result<Parts, Refused> {
        if !key.exists(profile) {
            return Err(Refused::Unknown(key));
        }
        let mut values = [0; MAX_ZONES];
        let mut count = 0;
        let room = if key == Tunable::LowmemReserveRatio { profile.zones.len().min(MAX_ZONES) } else { 1 };
        let mut rest = text;
        while count < room && !rest.trim_start().is_empty() {
            let (written, behind) = written_number(rest).ok_or(Refused::NotANumber(key))?;
            values[count] = number(profile, key, written)?;
            count += 1;
            rest = behind;
        }
        let first = values[..count].first().copied().ok_or(Refused::NotANumber(key))?;
        match key {
            Tunable::MinFreeKbytes => self.min_free_kbytes = Some(first),
            Tunable::WatermarkScaleFactor => self.watermark_scale_factor = first,
            Tunable::WatermarkBoostFactor => self.watermark_boost_factor = first,
            Tunable::PercpuPagelistHighFraction | Tunable::PercpuPagelistFraction => {
                if self.percpu_pagelist_high_fraction == first {
                    return Ok(Parts::empty());
                }
                self.percpu_pagelist_high_fraction = first;
            }
            Tunable::LowmemReserveRatio => {
                // Until 5.7 a ratio below 1 was 1; since then 0 keeps nothing.
                let least = u64::from(profile.version < (5, 7, 0));
                for (ratio, value) in self.lowmem_reserve_ratio.iter_mut().zip(&values[..count]) {
                    *ratio = (*value).max(least);
                }
            }
        }
        Ok(key.recomputes(profile))
    }
}

/// Checks one number. A negative ratio counts as 0, as in the kernel.
fn number(profile: &Profile, key: Tunable, written: i128) -> Result<u64, Refused> {
    let (least, most) = key.range(profile);
    let or_zero = key.zero_turns_off(profile);
    match u64::try_from(written) {
        Err(_) if written < 0 && key == Tunable::LowmemReserveRatio => Ok(0),
        Ok(0) if or_zero => Ok(0),
        Ok(value) if least <= value && value <= most => Ok(value),
        _ => Err(Refused::OutOfRange { key, least, most, or_zero }),
    }
}

/// Takes the first number off what is written to a file under `/proc/sys`; returns it and what is behind. Behind `0x` it is
/// hexadecimal, behind another 0 octal. `None` when there is none, when something else than a blank follows it, or when it
/// is longer than 20 characters.
///
/// # Source
/// `kernel/sysctl.c` of 6.1, `proc_get_long` and `strtoul_lenient`; each case of the test below was tried on that kernel.
pub(crate) fn written_number(text: &str) -> Option<(i128, &str)> {
    const TMPBUFLEN: usize = 22;
    let text = text.trim_start();
    let digits = text.strip_prefix('-').unwrap_or(text);
    let hex = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
    let hex = hex.filter(|rest| rest.starts_with(|c: char| c.is_ascii_hexdigit()));
    let (radix, digits) = match hex {
        Some(rest) => (16, rest),
        None => (if digits.starts_with('0') { 8 } else { 10 }, digits),
    };
    let behind = digits.trim_start_matches(|c: char| c.is_digit(radix));
    let is_too_long = text.len() - behind.len() >= TMPBUFLEN - 1;
    if is_too_long || !behind.is_empty() && !behind.starts_with([' ', '\t', '\n']) {
        return None;
    }
    let value = i128::from_str_radix(&digits[..digits.len() - behind.len()], radix).ok()?;
    Some((if text.starts_with('-') { -value } else { value }, behind))
}

/// Returns the writes that a command line asks for at the end of boot, `sysctl.vm.KEY=VALUE`, in order: the key without
/// `vm.`, and the value. Kernels before 5.8 do not know them.
pub fn sysctls_of<'a>(profile: &Profile, cmdline: CommandLine<'a>) -> impl Iterator<Item = (&'a str, &'a str)> {
    let known = profile.version >= (5, 8, 0);
    cmdline.params().filter(move |_| known).filter_map(|param| {
        let (prefix, name) = param.name.split_at_checked("sysctl.vm.".len())?;
        let prefixed = same_name(prefix, "sysctl.vm.") || same_name(prefix, "sysctl/vm/");
        prefixed.then_some(name).zip(param.value)
    })
}

/// Returns those of [`sysctls_of`] that decide watermarks, reserves and list sizes.
pub fn writes_of<'a>(profile: &'a Profile, cmdline: CommandLine<'a>) -> impl Iterator<Item = (Tunable, &'a str)> {
    sysctls_of(profile, cmdline).filter_map(|(name, value)| Tunable::by_name(profile, name).zip(Some(value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{amd64_6_12, i386_pae_6_1, linux_2_6_i386, msm8x25};

    #[test]
    fn numbers_as_the_kernel_reads_them() {
        for (text, value) in [
            ("0x4000", Some(16384)),
            ("0X2000", Some(8192)),
            ("017", Some(15)),
            ("018", None),
            ("08", None),
            ("0", Some(0)),
            ("00", Some(0)),
            ("00x1", None),
            ("0x", None),
            ("0xg", None),
            ("0b11", None),
            ("+5", None),
            ("-6", Some(-6)),
            (" 7", Some(7)),
            ("7 8", Some(7)),
            ("\t7 \n", Some(7)),
            ("1\t2", Some(1)),
            ("7\r\n", None),
            ("9x", None),
            ("7,8", None),
            ("", None),
            (" ", None),
            ("00000000000000000000000000007", None),
            ("0000000040000000", Some(8_388_608)),
        ] {
            assert_eq!(written_number(text).map(|(value, _)| value), value, "{text:?}");
        }
    }

    #[test]
    fn ranges_of_the_kernels() {
        let check = |profile: &Profile, key, text: &str, fine: bool| {
            let done = Tunables::new(profile).write(profile, key, text);
            assert_eq!(done.is_ok(), fine, "{} {key:?} {text}: {done:?}", profile.name);
        };
        let new = &i386_pae_6_1::PROFILE;
        let old = &msm8x25::PROFILE;
        for (text, fine) in
            [("0", true), ("8192", true), ("-1", false), ("2147483648", false), ("x", false), ("", false)]
        {
            check(new, Tunable::MinFreeKbytes, text, fine);
        }
        for (text, fine) in [("0", false), ("1", true), ("3000", true), ("3001", false)] {
            check(new, Tunable::WatermarkScaleFactor, text, fine);
        }
        for (text, fine) in [("0", true), ("7", false), ("8", true)] {
            check(new, Tunable::PercpuPagelistHighFraction, text, fine);
        }
        // 3.4 cannot turn it off again.
        for (text, fine) in [("0", false), ("7", false), ("8", true)] {
            check(old, Tunable::PercpuPagelistFraction, text, fine);
        }
        for (profile, key) in [
            (old, Tunable::WatermarkScaleFactor),
            (old, Tunable::PercpuPagelistHighFraction),
            (&linux_2_6_i386::PROFILE, Tunable::PercpuPagelistFraction),
            (new, Tunable::PercpuPagelistFraction),
        ] {
            check(profile, key, "100", false);
            assert_eq!(Tunable::by_name(profile, key.name()), None);
        }
    }

    #[test]
    fn lists_may_be_short_and_ratios_may_be_none() {
        let profile = &i386_pae_6_1::PROFILE;
        let mut tunables = Tunables::new(profile);
        assert_eq!(tunables.lowmem_reserve_ratio, [256, 32, 0, 0, 0]);
        assert_eq!(tunables.write(profile, Tunable::LowmemReserveRatio, "128\t-5"), Ok(Parts::RESERVE));
        assert_eq!(tunables.lowmem_reserve_ratio, [128, 0, 0, 0, 0]);
        // Once 0 was not allowed.
        let profile = &linux_2_6_i386::PROFILE;
        let mut tunables = Tunables::new(profile);
        assert_eq!(tunables.write(profile, Tunable::LowmemReserveRatio, "0 16"), Ok(Parts::RESERVE));
        assert_eq!(tunables.lowmem_reserve_ratio, [1, 16, 0, 0, 0]);
    }

    #[test]
    fn a_write_reaches_only_its_own() {
        let recomputes = |profile, key: Tunable| key.recomputes(profile);
        let new = &amd64_6_12::PROFILE;
        assert_eq!(recomputes(new, Tunable::MinFreeKbytes), Parts::MARKS | Parts::LISTS);
        assert_eq!(recomputes(&msm8x25::PROFILE, Tunable::MinFreeKbytes), Parts::MARKS);
        assert_eq!(recomputes(new, Tunable::LowmemReserveRatio), Parts::RESERVE);
        assert_eq!(recomputes(new, Tunable::WatermarkBoostFactor), Parts::empty());
        // The same number again computes nothing.
        let mut tunables = Tunables::new(new);
        assert_eq!(tunables.write(new, Tunable::PercpuPagelistHighFraction, "0"), Ok(Parts::empty()));
        assert_eq!(tunables.write(new, Tunable::PercpuPagelistHighFraction, "8"), Ok(Parts::LISTS));
    }

    #[test]
    fn the_command_line_writes_in_order() {
        let line =
            CommandLine::new("sysctl.vm.min_free_kbytes=1 sysctl/vm/watermark_scale_factor=20 sysctl.kernel.x=1");
        let found: Vec<_> = writes_of(&amd64_6_12::PROFILE, line).collect();
        assert_eq!(found, [(Tunable::MinFreeKbytes, "1"), (Tunable::WatermarkScaleFactor, "20")]);
        assert_eq!(writes_of(&msm8x25::PROFILE, line).count(), 0);
    }
}
