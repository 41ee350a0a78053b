//! What debugging writes around and into objects, and what is wrong there: bytes and offsets, no lists, no locks.
//!
//! A debugged object has neighbours in its stride that nobody may touch:
//!
//! ```text
//!   left red zone | object | right red zone | free pointer | 2 tracks | size asked for | padding
//! ```
//!
//! Red zones hold one byte while the object is in use and another while it is free; a free object is filled with poison;
//! padding never changes. Tracks say who allocated and who freed. Which of these there are, the cache's flags say; where
//! they lie follows from its [`Geometry`], which has counted them already. So any byte that differs is a write that should
//! not have been, found when the object is next freed or allocated, or when somebody validates the cache.
//!
//! The SLAB of 2.6 has a word of red zone on each side, poison, and the address of the last user.
//!
//! Sources: 6.1, 6.12 and 3.4 `mm/slub.c` (`init_object`, `check_object`, `print_trailer`, `set_track`), 2.6.11
//! `mm/slab.c` (`cache_alloc_debugcheck_after`, `cache_free_debugcheck`), `include/linux/poison.h`.

use super::geometry::{Geometry, SlabFlags};
use crate::profile::{Profile, SlabRule};
use crate::raw::Ram;
use crate::units::{align_up, PhysAddr};

/// A free object: `POISON_FREE`.
pub const POISON_FREE: u8 = 0x6b;
/// Its last byte: `POISON_END`.
pub const POISON_END: u8 = 0xa5;
/// What nobody uses: `POISON_INUSE`.
pub const PADDING: u8 = 0x5a;

/// How a kernel debugs its slabs.
#[derive(Clone, Copy, Debug, Default)]
pub struct DebugRule {
    /// Bytes of a red zone, over and over: while the object is free, while it is in use.
    pub(crate) zones: [[u8; 4]; 2],
    /// What a poisoned object is filled with when it is handed out.
    pub(crate) fresh: u8,
    /// `sizeof(struct track)`; 0 where one word behind the red zone names the last user.
    pub(crate) track: u32,
    /// The size that kmalloc was asked for stands behind the tracks (6.1).
    pub(crate) keeps_request: bool,
    /// What kmalloc gave beyond that size is red zone too (6.2).
    pub(crate) zones_request: bool,
    /// A check goes on after the first thing it finds (6.12).
    pub(crate) finds_all: bool,
    /// SLAB of 2.6: every allocation and free is checked, and an object whose red zone was written to is freed all the same.
    pub(crate) is_slab: bool,
    /// `sizeof(long)`.
    pub(crate) word: u32,
}

impl DebugRule {
    /// Returns the rule of a profile's kernel.
    pub fn of(profile: &Profile) -> Self {
        let common = Self {
            zones: [[0xbb; 4], [0xcc; 4]],
            fresh: POISON_FREE,
            track: 0,
            keeps_request: profile.version >= (6, 1, 0),
            zones_request: profile.version >= (6, 2, 0),
            finds_all: profile.version >= (6, 12, 0),
            is_slab: false,
            word: profile.word_bytes,
        };
        match profile.slab {
            SlabRule::Slub { track, .. } => Self { track, ..common },
            // It has no checks.
            SlabRule::Slob { .. } => common,
            SlabRule::Slab { .. } => Self {
                // RED_INACTIVE, RED_ACTIVE.
                zones: [0x5a2c_f071_u32.to_le_bytes(), 0x170f_c2a5_u32.to_le_bytes()],
                fresh: PADDING,
                is_slab: true,
                ..common
            },
        }
    }
}

/// Flags that make a cache a debugged one: `SLAB_DEBUG_FLAGS`.
pub const DEBUG_FLAGS: SlabFlags = SlabFlags::RED_ZONE
    .union(SlabFlags::POISON)
    .union(SlabFlags::STORE_USER)
    .union(SlabFlags::TRACE)
    .union(SlabFlags::CONSISTENCY_CHECKS);
/// Those that make objects larger: `DEBUG_METADATA_FLAGS`.
pub const METADATA_FLAGS: SlabFlags = SlabFlags::RED_ZONE.union(SlabFlags::POISON).union(SlabFlags::STORE_USER);

/// A piece of an object's stride that debugging guards.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Zone {
    /// Before the object.
    LeftRedzone,
    /// Behind the object.
    RightRedzone,
    /// Inside the object, behind what kmalloc was asked for.
    KmallocRedzone,
    /// What alignment leaves behind an object without red zones.
    AlignmentPadding,
    /// The free object.
    Poison,
    /// Its last byte.
    EndPoison,
    /// The end of the stride.
    ObjectPadding,
    /// The link of a free object, where it lies behind the object.
    FreePointer,
    /// What is left at the end of a slab.
    SlabPadding,
}

/// Bytes that are not what they should be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wrong {
    /// Where they lie.
    pub zone: Zone,
    /// The first wrong byte.
    pub at: PhysAddr,
    /// From there to the last wrong byte.
    pub len: u32,
    /// The first byte as it is.
    pub found: u8,
    /// As it should be.
    pub expected: u8,
}

/// Who allocated or freed an object: `struct track`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Track {
    /// The caller's address.
    pub addr: u64,
    /// Its stack, as the depot calls it; 0 for none.
    pub stack: u32,
    /// The CPU.
    pub cpu: u32,
    /// The process; 0: there was none yet.
    pub pid: u32,
    /// When, in jiffies.
    pub when: u64,
}

/// The two tracks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moment {
    /// When it was allocated.
    Alloc = 0,
    /// When it was freed.
    Free = 1,
}

/// Whether somebody holds the object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Held {
    /// Nobody: `SLUB_RED_INACTIVE`.
    No = 0,
    /// Somebody: `SLUB_RED_ACTIVE`.
    Yes = 1,
}

/// Where the parts of a debugged object's stride lie, as offsets from its beginning.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Layout {
    /// The object.
    pub object: u32,
    /// Its end: `object_size` behind its beginning.
    pub object_end: u32,
    /// Where the right red zone, or what alignment leaves, begins.
    pub zone: u32,
    /// Where it ends: `inuse`.
    pub zone_end: u32,
    /// The free pointer, if it lies outside the object.
    pub link: Option<u32>,
    /// The first of the two tracks.
    pub tracks: Option<u32>,
    /// The size that kmalloc was asked for, 4 bytes.
    pub request: Option<u32>,
    /// Where padding begins; it ends with the stride.
    pub padding: u32,
    /// The stride.
    pub size: u32,
    red: bool,
    /// The object itself is poisoned (not with a constructor, whose work would be lost).
    poisoned: bool,
    /// Padding is checked.
    padded: bool,
}

impl Layout {
    /// Computes the layout of a cache's objects.
    pub fn new(geometry: &Geometry, flags: SlabFlags, has_ctor: bool, is_kmalloc: bool, rule: &DebugRule) -> Self {
        let red = flags.contains(SlabFlags::RED_ZONE);
        let poison = flags.contains(SlabFlags::POISON);
        let poisoned = poison && !has_ctor && !flags.contains(SlabFlags::TYPESAFE_BY_RCU);
        let (object, object_end) = (geometry.left, geometry.left + geometry.object_size);
        let user = flags.contains(SlabFlags::STORE_USER);
        let rounded = align_up(geometry.object_size.into(), rule.word.into()) as u32;
        if rule.track == 0 {
            // SLAB: red zones only where the geometry has made room for them.
            let red = red && geometry.left >= rule.word;
            let zone_end = object + rounded + if red { rule.word } else { 0 };
            let tracks = (user && geometry.size - geometry.redzone >= zone_end + rule.word).then_some(zone_end);
            let size = geometry.size;
            return Self {
                object,
                object_end,
                zone: if red { zone_end - rule.word } else { zone_end },
                zone_end,
                tracks,
                padding: size,
                size,
                red,
                poisoned,
                ..Self::default()
            };
        }
        let zone_end = object + rounded + if red && rounded == geometry.object_size { rule.word } else { 0 };
        let link = (geometry.link >= zone_end).then_some(geometry.link);
        let mut end = link.map_or(zone_end, |link| link + rule.word);
        let tracks = user.then_some(end);
        end += if user { 2 * rule.track } else { 0 };
        let request = (user && is_kmalloc && rule.keeps_request).then_some(end);
        end += if request.is_some() { 4 } else { 0 };
        Self {
            object,
            object_end,
            zone: object_end,
            zone_end,
            link,
            tracks,
            request,
            padding: end.min(geometry.size),
            size: geometry.size,
            red,
            poisoned,
            padded: poison,
        }
    }
    /// True with red zones.
    pub fn has_red_zones(&self) -> bool {
        self.red
    }
}

/// A debugged object in RAM: what is written to it and read from it.
pub(crate) struct Stride<'a> {
    pub(crate) ram: &'a Ram,
    pub(crate) rule: &'a DebugRule,
    pub(crate) layout: &'a Layout,
    /// Its first byte, that of the left red zone.
    pub(crate) base: PhysAddr,
}

/// The link of an object that nobody can follow.
const NO_LINK: u16 = 0xffff;

impl Stride<'_> {
    /// Makes an object of a new slab: nobody had it yet.
    pub(crate) fn start(&self) {
        let Layout { link, tracks, request, padding, size, padded, .. } = *self.layout;
        if padded {
            self.ram.fill(self.base, size.into(), PADDING);
        }
        if let Some(link) = link {
            self.fill(link, link + self.rule.word, PADDING);
        }
        let end = request.map_or(padding, |at| at + 4);
        if let Some(tracks) = tracks {
            self.fill(tracks, end.min(size), 0);
        }
        self.fill_object(Held::No);
    }
    /// Writes red zones and poison of an object that changes hands: `init_object`.
    pub(crate) fn fill_object(&self, held: Held) {
        let Layout { object, object_end, zone, zone_end, red, poisoned, link, .. } = *self.layout;
        let end = self.asked_end(held);
        if poisoned && end > object {
            self.fill(object, end - 1, if held == Held::Yes { self.rule.fresh } else { POISON_FREE });
            self.fill(end - 1, end, POISON_END);
        }
        if red {
            self.zone(0, object, held);
            self.zone(end.max(object), object_end, held);
            self.zone(zone, zone_end, held);
        }
        if let (Some(link), Held::Yes) = (link, held) {
            if let Some(half) = self.ram.half(self.base.offset(link.into())) {
                half.store(NO_LINK, core::sync::atomic::Ordering::Relaxed);
            }
        }
    }
    /// The end of what kmalloc was asked for, where what follows is guarded; else the end of the object.
    fn asked_end(&self, held: Held) -> u32 {
        let Layout { object, object_end, request, red, .. } = *self.layout;
        match request.filter(|_| self.rule.zones_request && red && held == Held::Yes) {
            Some(_) => object + self.request().unwrap_or(0).min(object_end - object),
            None => object_end,
        }
    }
    fn request(&self) -> Option<u32> {
        let at = self.base.offset(self.layout.request?.into());
        let mut bytes = [0; 4];
        self.ram.read(at, &mut bytes).then(|| u32::from_le_bytes(bytes))
    }
    /// Keeps the size that kmalloc was asked for; what lies behind it is red zone, where the kernel has that.
    pub(crate) fn keep_request(&self, bytes: u32) {
        self.set_request(bytes);
        if self.layout.red {
            self.zone(self.asked_end(Held::Yes), self.layout.object_end, Held::Yes);
        }
    }
    fn set_request(&self, bytes: u32) {
        if let Some(at) = self.layout.request {
            self.ram.write(self.base.offset(at.into()), &bytes.to_le_bytes());
        }
    }
    /// Forgets it: all of the object may be used from now on.
    pub(crate) fn forget_request(&self) {
        let Layout { object, object_end, .. } = *self.layout;
        self.set_request(object_end - object);
    }

    /// Checks an object, and names what is wrong in the kernel's order: `check_object`.
    pub(crate) fn check(&self, held: Held, found: &mut dyn FnMut(Wrong)) {
        let Layout { object, object_end, zone, zone_end, padding, size, red, poisoned, padded, link, .. } =
            *self.layout;
        if red {
            self.expect_zone(Zone::LeftRedzone, 0, object, held, found);
            self.expect_zone(Zone::RightRedzone, zone, zone_end, held, found);
            self.expect_zone(Zone::KmallocRedzone, self.asked_end(held), object_end, held, found);
        } else if padded {
            self.expect(Zone::AlignmentPadding, object_end, zone_end, PADDING, found);
        }
        if poisoned && held == Held::No && object_end > object {
            self.expect(Zone::Poison, object, object_end - 1, POISON_FREE, found);
            self.expect(Zone::EndPoison, object_end - 1, object_end, POISON_END, found);
        }
        if padded {
            self.expect(Zone::ObjectPadding, padding, size, PADDING, found);
        }
        if let Some(link) = link {
            if held == Held::Yes {
                self.expect(Zone::FreePointer, link, link + 2, NO_LINK as u8, found);
            }
            self.expect(Zone::FreePointer, link + 2, link + self.rule.word, PADDING, found);
        }
    }
    fn expect(&self, zone: Zone, from: u32, to: u32, byte: u8, found: &mut dyn FnMut(Wrong)) {
        self.compare(zone, from, to, [byte; 4], found);
    }
    fn expect_zone(&self, zone: Zone, from: u32, to: u32, held: Held, found: &mut dyn FnMut(Wrong)) {
        self.compare(zone, from, to, self.rule.zones[held as usize], found);
    }
    fn compare(&self, zone: Zone, from: u32, to: u32, pattern: [u8; 4], found: &mut dyn FnMut(Wrong)) {
        if let Some(wrong) = compare(self.ram, zone, self.base.offset(from.into()), to.saturating_sub(from), pattern) {
            found(wrong);
        }
    }
    /// Puts back what should be there: `restore_bytes`.
    pub(crate) fn restore(&self, wrong: &Wrong) {
        let pattern = match wrong.zone {
            Zone::LeftRedzone | Zone::RightRedzone | Zone::KmallocRedzone => {
                let held = self.rule.zones.iter().position(|zone| zone.contains(&wrong.expected)).unwrap_or(0);
                self.rule.zones[held]
            }
            _ => [wrong.expected; 4],
        };
        let phase = pattern.iter().position(|&byte| byte == wrong.expected).unwrap_or(0);
        for at in 0..wrong.len {
            self.ram.fill(wrong.at.offset(at.into()), 1, pattern[(phase + at as usize) % 4]);
        }
    }
    fn zone(&self, from: u32, to: u32, held: Held) {
        let pattern = self.rule.zones[held as usize];
        if pattern == [pattern[0]; 4] {
            return self.fill(from, to, pattern[0]);
        }
        for at in from..to {
            self.fill(at, at + 1, pattern[(at - from) as usize % 4]);
        }
    }
    fn fill(&self, from: u32, to: u32, byte: u8) {
        self.ram.fill(self.base.offset(from.into()), to.saturating_sub(from).into(), byte);
    }

    /// Where the fields of a track lie: address, stack, CPU, process, time.
    fn track_at(&self, moment: Moment) -> Option<(u64, [u64; 4])> {
        let track = u64::from(self.layout.tracks?) + u64::from(self.rule.track) * moment as u64;
        let word = u64::from(self.rule.word);
        // With 8-byte words the time is aligned.
        let time = if word == 8 { word + 16 } else { word + 12 };
        Some((track, [word, word + 4, word + 8, time]))
    }
    pub(crate) fn set_track(&self, moment: Moment, track: &Track) {
        if self.rule.track == 0 {
            if let Some(at) = self.layout.tracks {
                self.write_word(at.into(), track.addr);
            }
            return;
        }
        let Some((at, [stack, cpu, pid, when])) = self.track_at(moment) else { return };
        self.write_word(at, track.addr);
        for (offset, value) in [(stack, track.stack), (cpu, track.cpu), (pid, track.pid)] {
            self.ram.write(self.base.offset(at + offset), &value.to_le_bytes());
        }
        self.write_word(at + when, track.when);
    }
    /// Returns who allocated or freed the object last; `None` when nobody did or it is not kept.
    pub(crate) fn track(&self, moment: Moment) -> Option<Track> {
        if self.rule.track == 0 {
            let addr = self.read_word(self.layout.tracks?.into());
            return (addr != 0).then_some(Track { addr, ..Track::default() });
        }
        let (at, [stack, cpu, pid, when]) = self.track_at(moment)?;
        let half = |offset: u64| {
            let mut bytes = [0; 4];
            self.ram.read(self.base.offset(at + offset), &mut bytes);
            u32::from_le_bytes(bytes)
        };
        let (stack, cpu, pid) = (half(stack), half(cpu), half(pid));
        (pid != 0).then(|| Track { addr: self.read_word(at), stack, cpu, pid, when: self.read_word(at + when) })
    }
    fn write_word(&self, at: u64, value: u64) {
        let bytes = value.to_le_bytes();
        self.ram.write(self.base.offset(at), bytes.get(..self.rule.word as usize).unwrap_or(&bytes));
    }
    fn read_word(&self, at: u64) -> u64 {
        let mut bytes = [0; 8];
        if let Some(word) = bytes.get_mut(..self.rule.word as usize) {
            self.ram.read(self.base.offset(at), word);
        }
        u64::from_le_bytes(bytes)
    }
}

/// Compares bytes with a pattern; returns from the first wrong one to the last: `memchr_inv`.
pub(crate) fn compare(ram: &Ram, zone: Zone, at: PhysAddr, len: u32, pattern: [u8; 4]) -> Option<Wrong> {
    let mut wrong: Option<Wrong> = None;
    let mut chunk = [0; 64];
    for done in (0..len).step_by(chunk.len()) {
        let count = (len - done).min(chunk.len() as u32) as usize;
        let part = chunk.get_mut(..count)?;
        ram.read(at.offset(done.into()), part);
        for (index, &found) in part.iter().enumerate() {
            // Chunks are whole patterns.
            let expected = pattern[index % 4];
            if found != expected {
                let here = at.offset(u64::from(done) + index as u64);
                let first = wrong.get_or_insert(Wrong { zone, at: here, len: 0, found, expected });
                first.len = (here.raw() - first.at.raw()) as u32 + 1;
            }
        }
    }
    wrong
}
