//! Pages outside the direct map: reached where the machine shows them, else at the address at which they are mapped.

use super::Ram;
use crate::machine::Machine;
use crate::sync::AtomicU32;
use crate::units::{PhysAddr, VirtAddr, PAGE_SIZE};

/// Zeroes a page above the direct map. False when the machine does not show it unmapped.
pub(crate) fn zero_high_page<M: Machine>(machine: &M, page: PhysAddr) -> bool {
    let Some(pointer) = machine.high_page(page) else { return false };
    // SAFETY: `Machine::high_page` promises 4096 bytes valid for writes.
    unsafe { pointer.write_bytes(0, PAGE_SIZE as usize) };
    true
}

/// Zeroes the page that the engine has just mapped, for writing, at `va`.
pub(crate) fn zero_mapped_page<M: Machine>(machine: &M, va: VirtAddr) {
    let pointer = machine.virt(va);
    // SAFETY: The page is mapped at `va`, so `Machine::virt` gives a pointer to its 4096 bytes.
    unsafe { pointer.write_bytes(0, PAGE_SIZE as usize) };
}

/// Returns the aligned word at `offset` in a page above the direct map, which the engine has mapped at `va` for its own
/// use.
pub(crate) fn high_word<M: Machine>(machine: &M, page: PhysAddr, va: VirtAddr, offset: u64) -> Option<&AtomicU32> {
    let page = machine.high_page(page).unwrap_or_else(|| machine.virt(va));
    let pointer = page.wrapping_add(offset as usize).cast::<u32>();
    if pointer.is_null() || !pointer.is_aligned() || offset > PAGE_SIZE - 4 {
        return None;
    }
    // SAFETY: `Machine` promises 4096 valid bytes behind a high page and behind a page that is mapped; the word lies in
    // them, and the engine's own words are only used as atomics.
    Some(unsafe { AtomicU32::from_ptr(pointer) })
}

/// Copies a page, low or high. False when the machine does not show one of them unmapped, or when they are one.
pub(crate) fn copy_page<M: Machine>(machine: &M, ram: &Ram, from: PhysAddr, to: PhysAddr) -> bool {
    let reach = |page| match ram.pointer(page, PAGE_SIZE) {
        Some(pointer) => Some(pointer.as_ptr()),
        None => machine.high_page(page),
    };
    let (Some(source), Some(target)) = (reach(from), reach(to)) else { return false };
    if from == to || from.page_offset() != 0 || to.page_offset() != 0 {
        return false;
    }
    // SAFETY: Both point to 4096 bytes valid for reads and writes, by `Ram`'s invariant or `Machine::high_page`; they are
    // two different pages, so they do not overlap.
    unsafe { source.copy_to_nonoverlapping(target, PAGE_SIZE as usize) };
    true
}

/// A byte of RAM, by its physical address and by the address at which the engine's tables map it.
#[derive(Clone, Copy)]
pub(crate) struct Reached {
    /// Where it is.
    pub(crate) phys: PhysAddr,
    /// Where it is mapped.
    pub(crate) virt: VirtAddr,
}

impl Reached {
    /// Returns the pointer to `len` bytes from there on. `None` when they cross the end of the page.
    fn pointer<M: Machine>(self, machine: &M, ram: &Ram, len: u64) -> Option<*mut u8> {
        let offset = self.phys.page_offset();
        if offset + len > PAGE_SIZE || self.virt.page_offset() != offset {
            return None;
        }
        if let Some(pointer) = ram.pointer(self.phys, len) {
            return Some(pointer.as_ptr());
        }
        let page = PhysAddr::new(self.phys.raw() - offset);
        let page = machine.high_page(page).unwrap_or_else(|| machine.virt(self.virt.page_down()));
        (!page.is_null()).then(|| page.wrapping_add(offset as usize))
    }
}

/// Copies `len` bytes of a page to another page, or inside one. False when they cross a page's end.
pub(crate) fn copy_reached<M: Machine>(machine: &M, ram: &Ram, from: Reached, to: Reached, len: u64) -> bool {
    let (Some(source), Some(target)) = (from.pointer(machine, ram, len), to.pointer(machine, ram, len)) else {
        return false;
    };
    // SAFETY: Both point into 4096 bytes valid for reads and writes, by `Ram`'s invariant or `Machine`'s promises for pages
    // that are high or mapped, with `len` bytes left; they may overlap.
    unsafe { source.copy_to(target, len as usize) };
    true
}

/// Fills `len` bytes of a page. False when they cross its end.
pub(crate) fn fill_reached<M: Machine>(machine: &M, ram: &Ram, at: Reached, len: u64, value: u8) -> bool {
    let Some(pointer) = at.pointer(machine, ram, len) else { return false };
    // SAFETY: As above.
    unsafe { pointer.write_bytes(value, len as usize) };
    true
}
