//! Poison: what lies in a pool's reserve holds a pattern, and an element that is taken must still hold it.
//!
//! Nobody but the pool may touch an element of the reserve. Who wrote to one after giving it back is not known, but that
//! somebody did is, with the byte. The pattern is the slabs' own: 0x6b, at the end 0xa5; an element that is taken holds 0x5a.
//! Who turns slab debugging on for all caches (`slub_debug`) gets this too.
//!
//! Kernel counterpart: `mm/mempool.c` (`poison_element`, `check_element`, `poison_error`), `include/linux/poison.h`.

use super::{PoolId, PoolState, Pools, Source};
use crate::boot::cmdline::CommandLine;
use crate::machine::Machine;
use crate::memory::Memory;
use crate::sync::Ordering;
use crate::units::{Pfn, PhysAddr, VirtAddr};
use core::fmt;

/// `POISON_FREE`.
const FREE: u8 = 0x6b;
/// `POISON_END`.
const END: u8 = 0xa5;
/// `POISON_INUSE`.
const IN_USE: u8 = 0x5a;
/// Bytes that are compared at once.
const CHUNK: usize = 64;

/// An element of a reserve that somebody wrote to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mismatch {
    /// Its pool.
    pub pool: PoolId,
    /// The element.
    pub element: u64,
    /// Its bytes.
    pub size: u64,
    /// The first byte that is not as it was left, from the element's start.
    pub byte: u64,
    /// What it holds.
    pub found: u8,
    /// What it should hold.
    pub expected: u8,
}

/// True when a command line asks for poison in all caches: `slub_debug` alone, or with a `P` and no list of caches.
pub fn is_wanted(line: CommandLine<'_>) -> bool {
    let value = ["slub_debug", "slab_debug"].into_iter().find_map(|name| line.last(name));
    value.is_some_and(|param| match param.value {
        None | Some("") => true,
        Some(flags) => !flags.contains(',') && flags.contains(['P', 'p']),
    })
}

/// True when elements of a source can hold the pattern. A constructor's work must stay.
pub(super) fn is_possible<M: Machine>(memory: &Memory<M>, source: Source) -> bool {
    match source {
        Source::Slab(cache) => memory.slab.info(cache).is_some_and(|info| !info.has_ctor),
        Source::Kmalloc(_) | Source::Pages(_) => true,
        Source::Client { .. } => false,
    }
}

/// Where an element lies in low memory, and its bytes. `None` for high memory, which is not looked at.
fn place<M: Machine>(memory: &Memory<M>, source: Source, element: u64) -> Option<(PhysAddr, u64)> {
    let addr = memory.virt_to_phys(VirtAddr::new(element));
    let (at, bytes) = match source {
        Source::Slab(cache) => (addr?, memory.slab.info(cache)?.geometry.object_size.into()),
        Source::Kmalloc(bytes) => (addr?, bytes),
        Source::Pages(order) => (Pfn::new(element).phys(), order.bytes()),
        Source::Client { .. } => return None,
    };
    (bytes > 0 && memory.ram.holds(at, bytes)).then_some((at, bytes))
}

/// Fills an element that goes into the reserve.
pub(super) fn poison<M: Machine>(memory: &Memory<M>, source: Source, element: u64) {
    let _irq = memory.irq_off();
    if let Some((at, bytes)) = place(memory, source, element) {
        memory.ram.fill(at, bytes - 1, FREE);
        memory.ram.fill(at.offset(bytes - 1), 1, END);
    }
}

impl Pools {
    /// Says whether pools that are made from now on poison what they keep.
    pub fn set_poison(&self, yes: bool) {
        self.poisons.store(yes.into(), Ordering::Relaxed);
    }
    /// Returns what was found last, and forgets it.
    pub fn take_mismatch<M: Machine>(&self, memory: &Memory<M>) -> Option<Mismatch> {
        let _irq = memory.irq_off();
        self.mismatch.lock().take()
    }
    /// Looks whether an element that leaves the reserve is as it came; says so if not.
    pub(super) fn check_poison<M: Machine>(&self, memory: &Memory<M>, id: PoolId, state: &PoolState, element: u64) {
        let found = {
            let _irq = memory.irq_off();
            place(memory, state.source, element)
        };
        let Some((at, size)) = found else { return };
        if let Some((byte, found, expected)) = first_difference(memory, at, size) {
            let mismatch = Mismatch { pool: id, element, size, byte, found, expected };
            report(memory, state.reserved, at, &mismatch);
            let _irq = memory.irq_off();
            *self.mismatch.lock() = Some(mismatch);
        }
        memory.ram.fill(at, size, IN_USE);
    }
}

fn first_difference<M: Machine>(memory: &Memory<M>, at: PhysAddr, size: u64) -> Option<(u64, u8, u8)> {
    let mut buffer = [0; CHUNK];
    for start in (0..size).step_by(CHUNK) {
        let part = buffer.get_mut(..CHUNK.min((size - start) as usize))?;
        memory.ram.read(at.offset(start), part);
        for (offset, found) in (start..).zip(part.iter()) {
            let expected = if offset + 1 == size { END } else { FREE };
            if *found != expected {
                return Some((offset, *found, expected));
            }
        }
    }
    None
}

/// Writes what the kernel writes, and which byte it is.
fn report<M: Machine>(memory: &Memory<M>, reserved: u32, at: PhysAddr, mismatch: &Mismatch) {
    let Mismatch { pool, element, size, byte, found, expected } = *mismatch;
    let word = u64::from(memory.profile.word_bytes);
    let (start, end) = (byte.saturating_sub(word), (byte + word).min(size));
    let mut bytes = [0; 16];
    let shown = bytes.get_mut(..(end - start) as usize).unwrap_or_default();
    memory.ram.read(at.offset(start), shown);
    let (before, behind) = (if start > 0 { "... " } else { "" }, if end < size { "..." } else { "" });
    memory.machine.printk(format_args!("BUG: mempool element poison mismatch"));
    memory.machine.printk(format_args!("Mempool {} size {size}", pool.raw()));
    memory.machine.printk(format_args!(" nr={reserved} @ {element:#x}: {before}0x{}{behind}", Hex(shown)));
    memory.machine.printk(format_args!(" byte {byte} is {found:#x} instead of {expected:#x}"));
}

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:x} "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_for_poison_in_all_caches() {
        for (line, wanted) in [
            ("quiet", false),
            ("slub_debug", true),
            ("slub_debug=FZPU", true),
            ("slub_debug=FZ", false),
            ("slub_debug=P,dentry", false),
            ("slub_debug=-", false),
            ("slab_debug=p", true),
        ] {
            assert_eq!(is_wanted(CommandLine::new(line)), wanted, "{line}");
        }
    }
}
