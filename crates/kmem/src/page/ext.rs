//! Debugging: pages poisoned while they are free, and who owns a page.
//!
//! `page_poison=1` fills what is freed with the byte 0xaa and looks, when the page is allocated again, whether it is still
//! all there: a write after the free shows, with its bytes. `page_owner=on` remembers of each allocated block who took it,
//! how, and as which allocation.
//!
//! Both need an entry for each frame, which boot takes only when it is asked, and both see each operation in the way a
//! tracer does ([`super::trace`]): the per-CPU lists are watched. Without them nothing is spent. Pages are poisoned when
//! they are freed for the first time; pages above the direct map are not.
//!
//! Kernel counterpart: `mm/page_ext.c`, `mm/page_poison.c`, `mm/page_owner.c` (6.1).

use super::policy::Request;
use super::PageAllocator;
use crate::gfp::Gfp;
use crate::raw::{zeroed_struct, Array, Ram, Reserve};
use crate::sync::{AtomicU32, Ordering, SpinLock};
use crate::units::{Order, Pfn, PAGE_SIZE};

/// `PAGE_POISON`.
const POISON: u8 = 0xaa;
const POISON_WORD: u32 = u32::from_ne_bytes([POISON; 4]);

/// What boot was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) poison: bool,
    pub(crate) owner: bool,
}

impl Wanted {
    pub(crate) fn any(self) -> bool {
        self.poison || self.owner
    }
    /// Returns the bytes that it takes for `frames` frames.
    pub(crate) fn bytes(self, frames: u64, cpus: u32) -> u64 {
        if self.any() {
            frames * size_of::<Extension>() as u64 + u64::from(cpus) * 4 + 8
        } else {
            0
        }
    }
}

zeroed_struct! {
    /// What is known of a frame besides its entry of the mem_map.
    pub(crate) struct Extension {
        /// See [`Extension::OWNED`], [`Extension::POISONED`]; the order in bits 8 to 15.
        flags: AtomicU32,
        gfp: AtomicU32,
        caller: AtomicU32,
        serial: AtomicU32,
    }
}

impl Extension {
    /// First frame of an allocated block.
    const OWNED: u32 = 1;
    const POISONED: u32 = 2;
}

/// The entries of all frames, where there are any.
pub(crate) struct PageExt {
    wanted: Wanted,
    ram: Ram,
    entries: Array<Extension>,
    callers: Array<AtomicU32>,
    serial: AtomicU32,
    found: SpinLock<Option<Corruption>>,
}

/// A write to a page that was free.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Corruption {
    /// The page.
    pub pfn: Pfn,
    /// Offset of the first wrong byte.
    pub start: u32,
    /// Offset of the last one.
    pub end: u32,
    /// The bytes from the first wrong one on.
    pub bytes: [u8; Self::KEPT],
}

impl Corruption {
    /// How many bytes are kept.
    pub const KEPT: usize = 64;

    /// True when a single bit is wrong.
    pub fn is_single_bit(&self) -> bool {
        self.start == self.end && (self.bytes[0] ^ POISON).count_ones() == 1
    }
}

/// Who owns a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PageOwner {
    /// First frame.
    pub pfn: Pfn,
    /// Its order.
    pub order: Order,
    /// How it was asked for.
    pub gfp: Gfp,
    /// What the CPU's caller had said of itself: [`PageAllocator::set_caller`].
    pub caller: u32,
    /// Which allocation it was, counted from 1.
    pub serial: u32,
}

impl PageExt {
    pub(super) fn new(reserve: &mut Reserve<'_>, wanted: Wanted, ram: Ram, frames: u64, cpus: u32) -> Option<Self> {
        let entries = reserve.array(frames)?;
        let callers = reserve.array(cpus.into())?;
        Some(Self { wanted, ram, entries, callers, serial: AtomicU32::new(0), found: SpinLock::new(None) })
    }
    /// Looks at a poisoned page.
    fn check(&self, pfn: Pfn) {
        let word = |offset: u64| {
            self.ram.word(pfn.phys().offset(offset)).map_or(POISON_WORD, |word| word.load(Ordering::Relaxed))
        };
        if (0..PAGE_SIZE).step_by(4).all(|offset| word(offset) == POISON_WORD) {
            return;
        }
        let byte = |offset: u32| {
            self.ram.byte(pfn.phys().offset(offset.into())).map_or(POISON, |byte| byte.load(Ordering::Relaxed))
        };
        let mut wrong = (0..PAGE_SIZE as u32).filter(|offset| byte(*offset) != POISON);
        let Some(start) = wrong.next() else { return };
        let end = wrong.next_back().unwrap_or(start);
        let bytes = core::array::from_fn(|at| byte((start + at as u32).min(PAGE_SIZE as u32 - 1)));
        // The first one counts, until somebody has read it.
        self.found.lock().get_or_insert(Corruption { pfn, start, end, bytes });
    }
}

impl PageAllocator {
    fn extensions(&self, pfn: Pfn, order: Order) -> impl Iterator<Item = (&PageExt, Pfn, &Extension)> {
        let pages = (0..order.pages()).map(move |page| pfn.add(page));
        self.ext.iter().flat_map(move |ext| {
            pages.clone().filter_map(move |pfn| Some((ext, pfn, ext.entries.get(self.frames.index(pfn).into())?)))
        })
    }
    /// Notes that a block has an owner.
    pub(super) fn ext_alloc(&self, cpu: u32, pfn: Pfn, request: &Request) {
        for (ext, pfn, entry) in self.extensions(pfn, request.order) {
            if entry.flags.load(Ordering::Relaxed) & Extension::POISONED != 0 {
                ext.check(pfn);
            }
            entry.flags.store(0, Ordering::Relaxed);
        }
        let Some((ext, _, first)) = self.extensions(pfn, Order::ZERO).next().filter(|(ext, ..)| ext.wanted.owner)
        else {
            return;
        };
        let caller = ext.callers.get(cpu.into()).map_or(0, |caller| caller.load(Ordering::Relaxed));
        let serial = ext.serial.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        first.gfp.store(request.gfp.bits(), Ordering::Relaxed);
        first.caller.store(caller, Ordering::Relaxed);
        first.serial.store(serial, Ordering::Relaxed);
        first.flags.store(Extension::OWNED | request.order.raw() << 8, Ordering::Relaxed);
    }
    /// Notes that a block is freed. Nobody has it yet.
    pub(super) fn ext_free(&self, pfn: Pfn, order: Order) {
        for (ext, pfn, entry) in self.extensions(pfn, order) {
            let is_poisoned = ext.wanted.poison && ext.ram.fill(pfn.phys(), PAGE_SIZE, POISON);
            entry.flags.store(if is_poisoned { Extension::POISONED } else { 0 }, Ordering::Relaxed);
        }
    }
    /// Notes that a block is `2^order` pages from now on, all of the same owner: `split_page_owner`.
    pub(super) fn ext_split(&self, pfn: Pfn, order: Order) {
        let Some((_, _, first)) = self.extensions(pfn, Order::ZERO).next() else { return };
        if first.flags.load(Ordering::Relaxed) & Extension::OWNED == 0 {
            return;
        }
        for (_, _, entry) in self.extensions(pfn, order) {
            for (to, from) in [(&entry.gfp, &first.gfp), (&entry.caller, &first.caller), (&entry.serial, &first.serial)]
            {
                to.store(from.load(Ordering::Relaxed), Ordering::Relaxed);
            }
            entry.flags.store(Extension::OWNED, Ordering::Relaxed);
        }
    }
    /// Returns a write to a free page that was noticed since the last call.
    pub(crate) fn take_corruption(&self) -> Option<Corruption> {
        self.ext.as_ref().and_then(|ext| ext.found.lock().take())
    }
    /// Says who allocates on a CPU from now on, in whatever numbers the caller has; for [`PageOwner`] and for
    /// the call sites of events.
    pub fn set_caller(&self, cpu: u32, caller: u32) {
        if let Some(head) = self.heads.get(cpu.into()) {
            head.caller.set(caller);
        }
        if let Some(slot) = self.ext.as_ref().and_then(|ext| ext.callers.get(cpu.into())) {
            slot.store(caller, Ordering::Relaxed);
        }
    }
    /// Returns who allocates on a CPU, as was said last; 0 for nobody.
    pub(crate) fn caller(&self, cpu: u32) -> u32 {
        self.heads.get(cpu.into()).map_or(0, |head| head.caller.get())
    }
    /// Returns the owners of all allocated blocks, in the order of frames; none without `page_owner=on`.
    pub fn owners(&self) -> impl Iterator<Item = PageOwner> + '_ {
        let entries = self.ext.iter().flat_map(|ext| ext.entries.iter().enumerate());
        entries.filter_map(|(index, entry)| {
            let flags = entry.flags.load(Ordering::Relaxed);
            (flags & Extension::OWNED != 0).then(|| PageOwner {
                pfn: self.frames.pfn(index as u32),
                order: Order::new(flags >> 8 & 0xff).unwrap_or_default(),
                gfp: Gfp::from_bits_truncate(entry.gfp.load(Ordering::Relaxed)),
                caller: entry.caller.load(Ordering::Relaxed),
                serial: entry.serial.load(Ordering::Relaxed),
            })
        })
    }
}
