//! Tunables at run time: `/proc/sys/vm`, `sysctl vm.KEY=VALUE`.
//!
//! Writing one that decides watermarks, reserves or list sizes computes that part anew and puts it into the zones at once
//! ([`crate::page::tunables`]); the others are kept ([`crate::memory::settings`]), or make the kernel do something:
//! `drop_caches`, `compact_memory`. Where a kernel computes something anew when a tunable is only read, so does this.

use super::Kernel;
use crate::boot::cmdline::CommandLine;
use crate::error::Name;
use crate::machine::Machine;
use crate::memory::settings::Setting;
use crate::page::tunables::{sysctls_of, written_number, Effect, Parts, Refused, Tunable, Tunables, Unit};
use crate::page::watermark::{Counted, Tuning};
use crate::profile::{Present, Profile, Version, ZoneKind};
use crate::units::PAGE_SHIFT;
use core::fmt::{self, Write};

/// The tunables that decide watermarks, and what they gave.
pub(super) struct Tuned {
    pub(super) tunables: Tunables,
    pub(super) tuning: Tuning,
}

/// Why a tunable was not read or written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SysctlError {
    /// This kernel has no such tunable (`ENOENT`).
    Unknown(Name),
    /// It can only be read (`EACCES`).
    ReadOnly(&'static str),
    /// It can only be written (`EACCES`).
    WriteOnly(&'static str),
    /// What was written is no whole number (`EINVAL`).
    NotANumber {
        /// Which tunable.
        key: &'static str,
        /// What was written.
        value: Name,
    },
    /// The number is outside the range (`EINVAL`).
    OutOfRange {
        /// Which tunable.
        key: &'static str,
        /// What was written.
        value: Name,
        /// The least.
        least: u64,
        /// The most.
        most: u64,
        /// 0 is allowed besides.
        or_zero: bool,
    },
    /// The value could not be written out.
    Output,
}

impl fmt::Display for SysctlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(key) => write!(f, "this kernel has no vm.{key}"),
            Self::ReadOnly(key) => write!(f, "vm.{key} can only be read"),
            Self::WriteOnly(key) => write!(f, "vm.{key} can only be written"),
            Self::NotANumber { key, value } => write!(f, "vm.{key} takes whole numbers, not `{value}`"),
            Self::OutOfRange { key, value, least, most, or_zero } => {
                let or_zero = if *or_zero { "0 or " } else { "" };
                write!(f, "vm.{key} takes {or_zero}{least} to {most}, not {value}")
            }
            Self::Output => f.write_str("the value could not be written out"),
        }
    }
}

/// A tunable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Key {
    /// One that computes something anew.
    Tunable(Tunable),
    /// A number and no more.
    Setting(Setting),
    /// One that does something.
    Action(Action),
    /// The pool of huge pages.
    Pool(Pool),
    /// One that only shows something.
    Shown(Shown),
}

/// The two names of the number of huge pages; the second one follows the writer's memory policy, of which there is none here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Pool {
    NrHugepages,
    NrHugepagesMempolicy,
}

/// What writing a tunable makes the kernel do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Action {
    DropCaches,
    CompactMemory,
}

/// What boot decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Shown {
    MmapMinAddr,
    NumaZonelistOrder,
}

impl Action {
    const ALL: [Self; 2] = [Self::DropCaches, Self::CompactMemory];

    const fn name(self) -> &'static str {
        match self {
            Self::DropCaches => "drop_caches",
            Self::CompactMemory => "compact_memory",
        }
    }
    /// The first kernel that has it, and what it means.
    const fn row(self) -> (Version, &'static str) {
        match self {
            Self::DropCaches => ((2, 6, 16), "1: pages of files are given back; 2: reclaimable slabs; 3: both."),
            Self::CompactMemory => ((2, 6, 35), "All zones are compacted."),
        }
    }
    fn exists(self, profile: &Profile) -> bool {
        match self {
            Self::DropCaches => profile.version >= (2, 6, 16),
            Self::CompactMemory => profile.version >= (2, 6, 35) && profile.paging.is_some(),
        }
    }
    /// What may be written. 4 says that `drop_caches` is not to be logged; other numbers did no harm to `compact_memory`
    /// until 6.4.
    fn range(self, profile: &Profile) -> (u64, u64) {
        match self {
            Self::DropCaches => (1, if profile.version >= (3, 15, 0) { 4 } else { 3 }),
            Self::CompactMemory if profile.version >= (6, 4, 0) => (1, 1),
            Self::CompactMemory => (0, i32::MAX as u64),
        }
    }
}

impl Pool {
    const ALL: [Self; 2] = [Self::NrHugepages, Self::NrHugepagesMempolicy];

    const fn name(self) -> &'static str {
        match self {
            Self::NrHugepages => "nr_hugepages",
            Self::NrHugepagesMempolicy => "nr_hugepages_mempolicy",
        }
    }
    fn exists(self, profile: &Profile) -> bool {
        profile.image.huge_page_bytes > 0 && (self == Self::NrHugepages || profile.max_nodes > 1)
    }
    /// An `unsigned long`: what is too much is as much as there can be.
    const fn range(profile: &Profile) -> (u64, u64) {
        (0, if profile.word_bytes == 4 { u32::MAX as u64 } else { u64::MAX })
    }
}

impl Shown {
    const ALL: [Self; 2] = [Self::MmapMinAddr, Self::NumaZonelistOrder];

    const fn name(self) -> &'static str {
        match self {
            Self::MmapMinAddr => "mmap_min_addr",
            Self::NumaZonelistOrder => "numa_zonelist_order",
        }
    }
    /// The first kernel that has it, its unit, and what it means.
    const fn row(self) -> (Version, Unit, &'static str) {
        match self {
            Self::MmapMinAddr => ((2, 6, 23), Unit::Bytes, "The lowest address that a process may map."),
            Self::NumaZonelistOrder => ((2, 6, 23), Unit::Words, "In which order zones of other nodes are tried."),
        }
    }
    fn exists(self, profile: &Profile) -> bool {
        match self {
            Self::MmapMinAddr => profile.version >= (2, 6, 23) && profile.paging.is_some(),
            Self::NumaZonelistOrder => profile.version >= (2, 6, 23) && profile.max_nodes > 1,
        }
    }
}

impl Key {
    /// All tunables of a profile's kernel.
    fn all(profile: &'static Profile) -> impl Iterator<Item = Self> {
        let tunables = Tunable::ALL.into_iter().filter(|key| key.exists(profile)).map(Self::Tunable);
        let settings = Setting::ALL.iter().copied().filter(|key| key.exists(profile)).map(Self::Setting);
        let actions = Action::ALL.into_iter().filter(|key| key.exists(profile)).map(Self::Action);
        let shown = Shown::ALL.into_iter().filter(|key| key.exists(profile)).map(Self::Shown);
        let pools = Pool::ALL.into_iter().filter(|key| key.exists(profile)).map(Self::Pool);
        tunables.chain(settings).chain(actions).chain(pools).chain(shown)
    }
    fn name(self) -> &'static str {
        match self {
            Self::Tunable(key) => key.name(),
            Self::Setting(key) => key.name(),
            Self::Action(key) => key.name(),
            Self::Pool(key) => key.name(),
            Self::Shown(key) => key.name(),
        }
    }
    /// Finds a tunable as people write it: `vm.KEY`, `vm/KEY`, `/proc/sys/vm/KEY`.
    fn find(profile: &'static Profile, text: &str) -> Result<Self, SysctlError> {
        let name = plain_key(text);
        Self::all(profile).find(|key| key.name() == name).ok_or(SysctlError::Unknown(Name::new(name)))
    }
}

/// Who may do what with a tunable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Read and written.
    ReadWrite,
    /// Only read: boot decided it.
    ReadOnly,
    /// Only written: it does something.
    WriteOnly,
}

/// What is known of a tunable under `/proc/sys/vm`: a row of the table of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SysctlInfo {
    /// Its name, without `vm.`.
    pub name: &'static str,
    /// What it means, in a line.
    pub about: &'static str,
    /// What its number counts.
    pub unit: Unit,
    /// The least and the most that may be written; 0 besides, where it turns the tunable off.
    pub range: Option<(u64, u64)>,
    /// Who may do what.
    pub access: Access,
    /// Whether the engine does anything with it.
    pub effect: Effect,
    /// The first kernel that has it, and the first one that has it no more.
    pub versions: (Version, Option<Version>),
}

impl Key {
    fn info(self, profile: &'static Profile) -> SysctlInfo {
        let (name, effect, access) = (self.name(), Effect::Used, Access::ReadWrite);
        match self {
            Self::Tunable(key) => {
                let (range, versions) = (Some(key.range(profile)), key.versions());
                SysctlInfo { name, about: key.about(), unit: key.unit(), range, access, effect, versions }
            }
            Self::Setting(key) => {
                let (least, most) = key.range(profile);
                let (range, versions) = (Some((least.into(), most.into())), (key.since(), None));
                let effect = key.effect();
                SysctlInfo { name, about: key.about(), unit: key.unit(), range, access, effect, versions }
            }
            Self::Action(key) => {
                let (range, access) = (Some(key.range(profile)), Access::WriteOnly);
                let (since, about) = key.row();
                SysctlInfo { name, about, unit: Unit::Choice, range, access, effect, versions: (since, None) }
            }
            Self::Pool(_) => {
                let about = "Huge pages of the default size that are set aside; as many as are to be had.";
                let (range, versions) = (Some(Pool::range(profile)), ((0, 0, 0), None));
                SysctlInfo { name, about, unit: Unit::HugePages, range, access, effect, versions }
            }
            Self::Shown(key) => {
                let (since, unit, about) = key.row();
                let access = Access::ReadOnly;
                SysctlInfo { name, about, unit, range: None, access, effect, versions: (since, None) }
            }
        }
    }
}

/// Returns the tunables under `/proc/sys/vm` that a profile's kernel has.
pub fn sysctls(profile: &'static Profile) -> impl Iterator<Item = SysctlInfo> {
    Key::all(profile).map(move |key| key.info(profile))
}

/// Returns what a tunable is on any machine of a profile's kernel when nobody writes it; `None` for one that boot computes.
pub fn default_sysctl(profile: &'static Profile, key: &str) -> Option<u64> {
    let defaults = Tunables::new(profile);
    match Key::find(profile, key).ok()? {
        Key::Tunable(Tunable::WatermarkScaleFactor) => Some(defaults.watermark_scale_factor),
        Key::Tunable(Tunable::WatermarkBoostFactor) => Some(defaults.watermark_boost_factor),
        Key::Tunable(Tunable::PercpuPagelistHighFraction | Tunable::PercpuPagelistFraction) => {
            Some(defaults.percpu_pagelist_high_fraction)
        }
        Key::Setting(Setting::AdminReserveKbytes | Setting::UserReserveKbytes) => None,
        Key::Setting(key) => Some(key.default(profile).into()),
        Key::Pool(_) => Some(0),
        Key::Tunable(Tunable::MinFreeKbytes | Tunable::LowmemReserveRatio) | Key::Action(_) | Key::Shown(_) => None,
    }
}

/// Returns whether a tunable of a profile's kernel may be written so, and kept: without a kernel that is booted.
///
/// # Errors
/// [`SysctlError`], as [`Kernel::write_sysctl`]; [`SysctlError::WriteOnly`] for one that does something at once.
pub fn check_sysctl(profile: &'static Profile, key: &str, value: &str) -> Result<(), SysctlError> {
    match Key::find(profile, key)? {
        Key::Tunable(key) => {
            let written = Tunables::new(profile).write(profile, key, value);
            written.map(|_| ()).map_err(|why| refused(why, value))
        }
        Key::Setting(key) => {
            let (least, most) = key.range(profile);
            number(key.name(), value, least.into(), most.into()).map(|_| ())
        }
        Key::Pool(key) => {
            let (least, most) = Pool::range(profile);
            number(key.name(), value, least, most).map(|_| ())
        }
        Key::Action(key) => Err(SysctlError::WriteOnly(key.name())),
        Key::Shown(key) => Err(SysctlError::ReadOnly(key.name())),
    }
}

fn refused(why: Refused, value: &str) -> SysctlError {
    let value = Name::new(value.trim());
    match why {
        Refused::Unknown(key) => SysctlError::Unknown(Name::new(key.name())),
        Refused::NotANumber(key) => SysctlError::NotANumber { key: key.name(), value },
        Refused::OutOfRange { key, least, most, or_zero } => {
            SysctlError::OutOfRange { key: key.name(), value, least, most, or_zero }
        }
    }
}

/// Returns the name of a tunable as it stands under `/proc/sys/vm`, of one that was written as people write it: `vm.KEY`,
/// `vm/KEY`, `/proc/sys/vm/KEY`, `KEY`.
pub fn plain_key(text: &str) -> &str {
    let name = text.strip_prefix("/proc/").unwrap_or(text);
    let name = name.strip_prefix("sys/").unwrap_or(name);
    name.strip_prefix("vm.").or_else(|| name.strip_prefix("vm/")).unwrap_or(name)
}

impl<M: Machine> Kernel<M> {
    /// Writes the tunables that a command line asks for with `sysctl.vm.KEY=VALUE` and that compute nothing anew; what it asks
    /// for and cannot be is said in the kernel's log, as `process_sysctl_arg` of `fs/proc/proc_sysctl.c` does.
    pub(super) fn write_sysctls_of(&self, cmdline: CommandLine<'_>) {
        for (key, value) in sysctls_of(self.profile, cmdline) {
            let done = match Key::find(self.profile, key) {
                // These were written when the watermarks were computed.
                Ok(Key::Tunable(known)) => {
                    let refused = Tunables::new(self.profile).write(self.profile, known, value).is_err();
                    if refused {
                        Err("invalid value")
                    } else {
                        Ok(())
                    }
                }
                Ok(Key::Shown(_)) => Err("permission denied (read-only?)"),
                Ok(_) => self.write_sysctl(key, value).map_err(|_| "invalid value"),
                Err(_) => Err("parameter not found"),
            };
            if let Err(why) = done {
                self.memory.machine.printk(format_args!("Failed to set sysctl parameter 'vm.{key}={value}': {why}"));
            }
        }
    }
    /// Computes the tunables that depend on what is free when the kernel has booted: `init_user_reserve` and
    /// `init_admin_reserve` of `mm/mmap.c`.
    pub(super) fn reserve_for_people(&self) {
        let free: u64 = self.pages.zone_counts().map(|zone| zone.free).sum();
        let part = (free << (PAGE_SHIFT - 10)) / 32;
        for (key, most) in [(Setting::AdminReserveKbytes, 1 << 13), (Setting::UserReserveKbytes, 1 << 17)] {
            self.memory.settings.set(key, part.min(most) as u32);
        }
    }
    /// Returns the names of this kernel's tunables under `/proc/sys/vm`.
    pub fn sysctl_keys(&self) -> impl Iterator<Item = &'static str> {
        Key::all(self.profile).map(Key::name)
    }
    /// Writes a tunable's value to `out`, as its file has it, without the newline. `key` is `vm.KEY` or a path.
    ///
    /// # Errors
    /// [`SysctlError`].
    pub fn sysctl(&self, key: &str, out: &mut dyn Write) -> Result<(), SysctlError> {
        let written = match Key::find(self.profile, key)? {
            Key::Tunable(key) => self.read_tunable(key, out),
            Key::Setting(key) => write!(out, "{}", self.setting(key)),
            Key::Action(key) => return Err(SysctlError::WriteOnly(key.name())),
            Key::Pool(_) => write!(out, "{}", self.huge_pools().default_pool().map_or(0, |pool| pool.total())),
            Key::Shown(Shown::MmapMinAddr) => write!(out, "{}", self.profile.user.mmap_min_addr),
            Key::Shown(Shown::NumaZonelistOrder) => out.write_str("Node"),
        };
        written.map_err(|_| SysctlError::Output)
    }
    /// Writes a tunable: `sysctl -w KEY=VALUE`. May sleep.
    ///
    /// # Errors
    /// [`SysctlError`]: nothing was changed.
    pub fn write_sysctl(&self, key: &str, value: &str) -> Result<(), SysctlError> {
        let profile = self.profile;
        match Key::find(profile, key)? {
            Key::Tunable(key) => self.write_tunable(key, value),
            Key::Setting(key) => {
                let (least, most) = key.range(profile);
                let number = number(key.name(), value, least.into(), most.into())?;
                self.memory.settings.set(key, number as u32);
                self.settle(key, number);
                Ok(())
            }
            Key::Action(action) => {
                let (least, most) = action.range(profile);
                self.act(action, number(action.name(), value, least, most)?);
                Ok(())
            }
            Key::Pool(key) => {
                let (least, most) = Pool::range(profile);
                self.memory.set_huge_pages(number(key.name(), value, least, most)?);
                Ok(())
            }
            Key::Shown(key) => Err(SysctlError::ReadOnly(key.name())),
        }
    }

    fn read_tunable(&self, key: Tunable, out: &mut dyn Write) -> fmt::Result {
        let Tunables { lowmem_reserve_ratio, .. } = {
            let _irq = self.irq_off();
            let mut tuned = self.tuned.lock();
            self.recompute(&mut tuned, key.recomputed_by_reading());
            tuned.tunables
        };
        let tunables = self.tunables();
        match key {
            Tunable::MinFreeKbytes => write!(out, "{}", self.tuning().min_free_kbytes),
            Tunable::WatermarkScaleFactor => write!(out, "{}", tunables.watermark_scale_factor),
            Tunable::WatermarkBoostFactor => write!(out, "{}", tunables.watermark_boost_factor),
            Tunable::PercpuPagelistHighFraction | Tunable::PercpuPagelistFraction => {
                write!(out, "{}", tunables.percpu_pagelist_high_fraction)
            }
            Tunable::LowmemReserveRatio => {
                let ratios = lowmem_reserve_ratio.iter().take(ratios_shown(self.profile)).enumerate();
                ratios.into_iter().try_for_each(|(at, ratio)| write!(out, "{}{ratio}", if at > 0 { "\t" } else { "" }))
            }
        }
    }
    fn write_tunable(&self, key: Tunable, text: &str) -> Result<(), SysctlError> {
        let profile = self.profile;
        let _irq = self.irq_off();
        let mut tuned = self.tuned.lock();
        let parts = tuned.tunables.write(profile, key, text).map_err(|why| refused(why, text))?;
        self.recompute(&mut tuned, parts);
        self.pages.set_boost_factor(tuned.tunables.watermark_boost_factor);
        Ok(())
    }
    /// Computes parts anew from what the zones hold now, and puts them into the zones. Interrupts are off.
    fn recompute(&self, tuned: &mut Tuned, parts: Parts) {
        if parts.is_empty() {
            return;
        }
        let pages = match self.profile.counting.present {
            Present::Ram => self.pages.managed_by_zone(),
            present => self.plan.later_pages(present),
        };
        let counted = Counted::at_boot(&self.plan).with_pages(pages);
        tuned.tuning.recompute(parts, self.profile, &counted, &tuned.tunables);
        self.pages.retune(&tuned.tuning, parts);
    }
    /// Of two settings that say the same in bytes and in percent, one is 0.
    fn settle(&self, key: Setting, number: u64) {
        let other = match key {
            Setting::DirtyBytes => Setting::DirtyRatio,
            Setting::DirtyRatio => Setting::DirtyBytes,
            Setting::DirtyBackgroundBytes => Setting::DirtyBackgroundRatio,
            Setting::DirtyBackgroundRatio => Setting::DirtyBackgroundBytes,
            Setting::OvercommitKbytes if number > 0 => Setting::OvercommitRatio,
            Setting::OvercommitRatio => Setting::OvercommitKbytes,
            _ => return,
        };
        self.memory.settings.set(other, 0);
    }
    fn act(&self, action: Action, number: u64) {
        match action {
            Action::DropCaches => {
                if number & 1 != 0 {
                    self.drop_pagecache();
                }
                if number & 2 != 0 {
                    self.drop_slab();
                }
            }
            Action::CompactMemory => {
                self.compact();
            }
        }
    }
}

/// The highest zone kept nothing from a higher one until 4.18, so its ratio was not there.
fn ratios_shown(profile: &Profile) -> usize {
    let device = profile.zones.iter().any(|zone| zone.kind == ZoneKind::Device);
    let hidden = usize::from(profile.version < (4, 18, 0) && !device);
    profile.zones.len().saturating_sub(hidden)
}

/// Reads one number.
fn number(key: &'static str, text: &str, least: u64, most: u64) -> Result<u64, SysctlError> {
    let value = Name::new(text.trim());
    match written_number(text) {
        Some((number, _)) if i128::from(least) <= number && number <= i128::from(most) => Ok(number as u64),
        Some(_) => Err(SysctlError::OutOfRange { key, value, least, most, or_zero: false }),
        None => Err(SysctlError::NotANumber { key, value }),
    }
}
