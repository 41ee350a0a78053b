//! The CPU's control registers and the few instructions that Rust has no name for.

use core::arch::asm;

const INTERRUPT_FLAG: usize = 1 << 9;
const PAGE_GLOBAL_ENABLE: usize = 1 << 7;

/// Turns interrupts off; returns the flags from before.
pub fn irq_save() -> usize {
    let flags: usize;
    // SAFETY: Reads the flags and clears the interrupt flag. Not `nomem`: memory accesses must not move across.
    unsafe { asm!("pushfd", "pop {flags}", "cli", flags = out(reg) flags) }
    flags
}

/// Puts the interrupt flag back to what `flags` says.
pub fn irq_restore(flags: usize) {
    if flags & INTERRUPT_FLAG != 0 {
        irq_on();
    }
}

/// Turns interrupts on. The interrupt table must be loaded.
pub fn irq_on() {
    // SAFETY: `interrupts::start` has loaded a table whose handlers preserve all registers.
    unsafe { asm!("sti") }
}

/// Sleeps until the next interrupt.
pub fn wait_for_interrupt() {
    // SAFETY: Stops the CPU until an interrupt has been handled.
    unsafe { asm!("hlt") }
}

/// Stops for good.
pub fn stop() -> ! {
    loop {
        // SAFETY: With interrupts off, `hlt` ends only with a non-maskable interrupt.
        unsafe { asm!("cli", "hlt") }
    }
}

/// Returns the address of the last page fault.
pub fn fault_address() -> usize {
    let address: usize;
    // SAFETY: Reads a register.
    unsafe { asm!("mov {}, cr2", out(reg) address, options(nomem, nostack, preserves_flags)) }
    address
}

/// Returns the physical address of the page directory in use.
pub fn page_directory() -> usize {
    let root: usize;
    // SAFETY: Reads a register.
    unsafe { asm!("mov {}, cr3", out(reg) root, options(nomem, nostack, preserves_flags)) }
    root & !0xfff
}

/// Makes `root` the page directory and forgets all translations.
///
/// # Safety
/// The directory maps the running code, its stack and its data where they are now.
pub unsafe fn load_page_directory(root: usize) {
    // SAFETY: The caller's promise.
    unsafe { asm!("mov cr3, {}", in(reg) root, options(nostack, preserves_flags)) }
    flush_all();
}

/// Forgets all translations, those of global pages too.
pub fn flush_all() {
    // SAFETY: Turning global pages off and on again empties the TLB and changes nothing else.
    unsafe {
        asm!(
            "mov {cr4}, cr4",
            "xor {cr4}, {global}",
            "mov cr4, {cr4}",
            "xor {cr4}, {global}",
            "mov cr4, {cr4}",
            cr4 = out(reg) _,
            global = const PAGE_GLOBAL_ENABLE,
            options(nostack),
        );
    }
}

/// Forgets the translation of one page.
pub fn flush_page(address: usize) {
    // SAFETY: Changes no translation, only forgets one; it is not dereferenced.
    unsafe { asm!("invlpg [{}]", in(reg) address, options(nostack, preserves_flags)) }
}
