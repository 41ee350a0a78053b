//! Exceptions and interrupts.
//!
//! Every vector enters through a stub that pushes its number (and a 0 where the CPU pushes no error code), saves the
//! registers and calls [`machine_interrupt`]. A page fault may be one that [`probe`](crate::probe) expects; whatever
//! else goes wrong is reported with all registers, and the run has failed.

use crate::machine::Pc;
use crate::power::{exit, Status};
use crate::segments::{TablePointer, CODE};
use crate::serial::Console;
use crate::{cpu, pic, probe};
use core::arch::{asm, global_asm};
use core::fmt::Write;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use kmem::units::VirtAddr;
use kmem::Kernel;

const VECTORS: usize = 48;
const PAGE_FAULT: u32 = 14;
/// The controllers report noise on their last lines.
const SPURIOUS: [u32; 2] = [pic::FIRST_VECTOR + 7, pic::FIRST_VECTOR + 15];
/// Present, ring 0, 32-bit interrupt gate: interrupts are off in the handler.
const INTERRUPT_GATE: u32 = 0x8e00;

global_asm!(
    r#"
    .section .text.interrupts, "ax"
    .altmacro
    .macro interrupt_stub number
        .balign 16
        .if (\number == 8) || (\number >= 10 && \number <= 14) || (\number == 17) || (\number == 21) || (\number == 30)
        .else
            push 0                          // the CPU pushed no error code
        .endif
        push \number
        jmp interrupt_enter
    .endm

    .global interrupt_stubs
    .balign 16
interrupt_stubs:
    .set number, 0
    .rept {vectors}
        interrupt_stub %number
        .set number, number + 1
    .endr

interrupt_enter:
    pushad
    cld
    mov ebp, esp                            // the frame; also keeps the stack pointer over the call
    and esp, -16
    sub esp, 12
    push ebp
    call machine_interrupt
    mov esp, ebp
    popad
    add esp, 8                              // vector and error code
    iretd
    "#,
    vectors = const VECTORS,
);

/// Distance of one stub from the next.
const STUB_BYTES: usize = 16;

extern "C" {
    static interrupt_stubs: u8;
}

/// What the stubs leave on the stack, lowest address first: `pushad`, the two words of the stub, the CPU's own.
#[repr(C)]
struct Frame {
    edi: u32,
    esi: u32,
    ebp: u32,
    esp: u32,
    ebx: u32,
    edx: u32,
    ecx: u32,
    eax: u32,
    vector: u32,
    error: u32,
    eip: u32,
    cs: u32,
    eflags: u32,
}

/// The interrupt descriptor table, two words an entry. Intel SDM vol. 3, 6.11.
static TABLE: Table = Table([const { AtomicU32::new(0) }; 2 * VECTORS]);

#[repr(align(8))]
struct Table([AtomicU32; 2 * VECTORS]);

static TICKS: AtomicU32 = AtomicU32::new(0);

/// The kernel that interrupts allocate from; null until there is one.
static KERNEL: AtomicPtr<Kernel<Pc>> = AtomicPtr::new(core::ptr::null_mut());

/// Fills and loads the table, starts the timer and lets interrupts in.
pub fn start() {
    let stubs = &raw const interrupt_stubs as usize;
    for vector in 0..VECTORS {
        let stub = (stubs + vector * STUB_BYTES) as u32;
        TABLE.0[2 * vector].store((u32::from(CODE) << 16) | (stub & 0xffff), Ordering::Relaxed);
        TABLE.0[2 * vector + 1].store((stub & 0xffff_0000) | INTERRUPT_GATE, Ordering::Relaxed);
    }
    let pointer = TablePointer::new(&TABLE);
    // SAFETY: The table is static and each entry leads to a stub that preserves the interrupted code's registers.
    unsafe { asm!("lidt [{}]", in(reg) &raw const pointer, options(readonly, nostack, preserves_flags)) }
    pic::start();
    cpu::irq_on();
}

/// From now on, every tick allocates from `kernel`.
///
/// # Safety
/// The kernel never moves and is never dropped.
pub unsafe fn attend(kernel: &Kernel<Pc>) {
    KERNEL.store(&raw const *kernel as *mut _, Ordering::Release);
}

/// Returns how many times the timer has interrupted.
pub fn ticks() -> u32 {
    TICKS.load(Ordering::Relaxed)
}

/// Where all stubs lead.
#[no_mangle]
extern "C" fn machine_interrupt(frame: &mut Frame) {
    match frame.vector {
        pic::TIMER_VECTOR => {
            TICKS.fetch_add(1, Ordering::Relaxed);
            pic::timer_handled();
            // SAFETY: `attend` was promised that the kernel stays; it is shared, never borrowed mutably.
            if let Some(kernel) = unsafe { KERNEL.load(Ordering::Acquire).as_ref() } {
                kmem_selftest::in_interrupt(kernel);
            }
        }
        PAGE_FAULT => {
            let address = cpu::fault_address() as u32;
            match probe::fixup(frame.eip, address, frame.error) {
                Some(resume_at) => frame.eip = resume_at,
                None => die(frame),
            }
        }
        vector if SPURIOUS.contains(&vector) => {}
        _ => die(frame),
    }
}

/// Reports an exception that nobody expected and ends the run.
fn die(frame: &Frame) -> ! {
    let mut out = Console;
    let name = NAMES.get(frame.vector as usize).copied().unwrap_or("interrupt");
    // A console that fails cannot be reported anywhere.
    let _ = writeln!(out, "\nunexpected {name} (vector {}, error code {:#x})", frame.vector, frame.error);
    if frame.vector == PAGE_FAULT {
        let _ = writeln!(
            out,
            "  {} of {:#010x}, {}",
            if frame.error & 2 != 0 { "write" } else { "read" },
            cpu::fault_address(),
            if frame.error & 1 != 0 { "protection violation" } else { "page not present" },
        );
        show_walk(&mut out);
    }
    let Frame { eip, cs, eflags, eax, ebx, ecx, edx, esi, edi, ebp, .. } = *frame;
    // The CPU pushes no stack pointer when the ring stays the same: it is where its own three words end.
    let esp = &raw const *frame as usize + size_of::<Frame>();
    let _ = writeln!(out, "  eip {eip:08x} cs {cs:04x} eflags {eflags:08x} cr3 {:08x}", cpu::page_directory());
    let _ = writeln!(out, "  eax {eax:08x} ebx {ebx:08x} ecx {ecx:08x} edx {edx:08x}");
    let _ = writeln!(out, "  esi {esi:08x} edi {edi:08x} ebp {ebp:08x} esp {esp:08x}");
    exit(Status::Failed)
}

/// Prints what the engine's page tables say of the address that faulted.
fn show_walk(out: &mut Console) {
    // SAFETY: As in `machine_interrupt`.
    let Some(kernel) = (unsafe { KERNEL.load(Ordering::Acquire).as_ref() }) else { return };
    let address = VirtAddr::new(cpu::fault_address() as u64);
    let Some(walk) = kernel.map().walk(kernel.memory(), address) else { return };
    for step in walk.steps() {
        let _ = writeln!(out, "  level {} entry at {}: {:#010x}, {:?}", step.level, step.at, step.raw, step.entry);
    }
}

const NAMES: [&str; 22] = [
    "divide error",
    "debug exception",
    "non-maskable interrupt",
    "breakpoint",
    "overflow",
    "bound range exceeded",
    "invalid opcode",
    "no coprocessor",
    "double fault",
    "coprocessor overrun",
    "invalid TSS",
    "segment not present",
    "stack fault",
    "general protection fault",
    "page fault",
    "reserved exception",
    "floating point error",
    "alignment check",
    "machine check",
    "SIMD exception",
    "virtualisation exception",
    "control protection exception",
];
