//! Touching an address that may fault.
//!
//! The one instruction that may fault is known by its address. The page fault handler asks [`fixup`] where to go on,
//! writes down what the CPU said, and resumes past the access: the exception table of a kernel, with two rows.

use core::arch::global_asm;
use core::sync::atomic::{AtomicU32, Ordering};
use kmem::units::VirtAddr;
use kmem_selftest::{Access, Fault};

global_asm!(
    r#"
    .section .text.probe, "ax"
    .global probe_read
    .global probe_read_access
    .global probe_write
    .global probe_write_access
    .global probe_faulted
probe_read:                                 // (address) -> 0: read, 1: faulted
    mov ecx, [esp + 4]
probe_read_access:
    mov al, byte ptr [ecx]
    xor eax, eax
    ret
probe_write:                                // (address) -> 0: written, 1: faulted
    mov ecx, [esp + 4]
    xor eax, eax
probe_write_access:
    mov byte ptr [ecx], al
    ret
probe_faulted:
    mov eax, 1
    ret
    "#
);

extern "C" {
    fn probe_read(address: u32) -> u32;
    fn probe_write(address: u32) -> u32;
    static probe_read_access: u8;
    static probe_write_access: u8;
    static probe_faulted: u8;
}

const PAGE_WAS_PRESENT: u32 = 1 << 0;
const WAS_WRITE: u32 = 1 << 1;

static FAULT_ADDRESS: AtomicU32 = AtomicU32::new(0);
static FAULT_ERROR: AtomicU32 = AtomicU32::new(0);

/// Reads the byte at `address`, or writes a 0 there; returns the fault if there was one.
///
/// # Safety
/// Should the access succeed, no Rust object is changed by it behind its owner's back.
pub unsafe fn touch(address: VirtAddr, access: Access) -> Option<Fault> {
    let raw = address.raw() as u32;
    let faulted = match access {
        // SAFETY: The access either succeeds or ends in `probe_faulted`.
        Access::Read => unsafe { probe_read(raw) },
        // SAFETY: As above; the caller answers for what is written to.
        Access::Write => unsafe { probe_write(raw) },
    };
    let error = FAULT_ERROR.load(Ordering::Relaxed);
    (faulted != 0).then(|| Fault {
        address: VirtAddr::new(u64::from(FAULT_ADDRESS.load(Ordering::Relaxed))),
        mapped: error & PAGE_WAS_PRESENT != 0,
        access: if error & WAS_WRITE != 0 { Access::Write } else { Access::Read },
    })
}

/// Says where to go on after a page fault at instruction `eip`, if that is one of the two that may fault.
pub fn fixup(eip: u32, address: u32, error: u32) -> Option<u32> {
    if eip != &raw const probe_read_access as u32 && eip != &raw const probe_write_access as u32 {
        return None;
    }
    FAULT_ADDRESS.store(address, Ordering::Relaxed);
    FAULT_ERROR.store(error, Ordering::Relaxed);
    Some(&raw const probe_faulted as u32)
}
