//! The switch between Rust and module code: the only assembly. i386 code first.
//!
//! ```text
//!   Rust ── kmem_exec_enter ──ljmp 0x23──> module ──call──> stub ──ljmp 0x33──> kmem_exec_gate ──> dispatch (Rust)
//!                                            ^                                      │
//!                                            └────────── ret ◄──ljmp 0x23───────────┘
//!   Rust ◄── kmem_exec_exit  ◄──ljmp 0x33─── exit stub ◄──ret── module
//!   Rust ◄── kmem_exec_fault ◄── signal handler
//! ```
//!
//! A far jump sets the code segment, and with it 32-bit or 64-bit mode. It names its target by 32 bits in compatibility
//! mode, so each 64-bit entry has a little jump below 4 GiB, in the machine's text. Far jumps do not touch a stack:
//! nothing is ever written to the module's stack here, whatever its pointer has become.
//!
//! What each side may rely on: Rust finds its callee-saved registers, its stack, the flags and the floating-point
//! control words as they were; the module finds ebx, esi, edi, ebp and esp as they were, and flat DS, ES and SS. The
//! upper halves of registers mean nothing after compatibility mode and are cleared before use.
//!
//! 64-bit code needs no switch of modes: it has the same three entries, `…_long`, which change the stack only, and a word of the
//! level says whose code runs. It keeps registers as the ABI demands, so that only the stack pointer is put back.

use kmem_hosted::level::Level;
use std::arch::global_asm;
use std::cell::Cell;
use std::mem::offset_of;

/// The target of a far jump, as the CPU reads it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct FarPointer {
    pub(super) offset: u32,
    pub(super) selector: u32,
}

/// What the assembly knows of one entry into module code.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Frame {
    /// First, because the gate finds the frame through the thread's innermost level.
    pub(super) level: Level,
    /// The function to enter.
    pub(super) entry: FarPointer,
    /// The `ret` in the machine's text through which a host function returns.
    pub(super) back: FarPointer,
    /// Stack pointer to enter with.
    pub(super) stack: u32,
    /// Selector for DS, ES and SS.
    pub(super) data: u32,
    /// The first arguments of 64-bit code, which takes them in registers.
    pub(super) arguments: [u64; 6],
    /// The registers at the last call of a host function; null before the first.
    pub(super) gate: Cell<*const GateRegisters>,
}

/// The module's registers when it called a host function; the gate makes it on the host's stack.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct GateRegisters {
    /// Number of the host function on the way in; on the way out the result, of i386 code its low word.
    pub(super) ax: u64,
    pub(super) cx: u64,
    /// Of i386 code: the result's high word on the way out.
    pub(super) dx: u64,
    pub(super) bx: u64,
    pub(super) sp: u64,
    pub(super) bp: u64,
    pub(super) si: u64,
    pub(super) di: u64,
    pub(super) r8: u64,
    pub(super) r9: u64,
}

/// What the gate does after a host function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub(super) enum After {
    /// Goes back to the module.
    Return = 0,
    /// Leaves the level.
    Leave = 1,
}

/// Selector of 64-bit user code in Linux.
pub(super) const LONG_CODE: u16 = 0x33;
/// Selector of flat 32-bit user code in Linux.
pub(super) const FLAT_CODE: u16 = 0x23;
/// Selector of flat user data in Linux.
pub(super) const FLAT_DATA: u16 = 0x2b;

// The assembly uses only the fields whose offsets it is given.
#[allow(improper_ctypes)]
unsafe extern "C" {
    /// Enters module code; returns edx:eax, or anything if the level was left by a fault or by the gate.
    pub(super) fn kmem_exec_enter(frame: *const Frame) -> u64;
    /// Where the stubs of host functions arrive, in 64-bit mode on the module's stack.
    fn kmem_exec_gate();
    /// Where the entered function's return arrives, likewise.
    fn kmem_exec_exit();
    /// Where a fault continues.
    fn kmem_exec_fault();
    /// As `kmem_exec_enter`, for 64-bit code; returns rax.
    pub(super) fn kmem_exec_enter_long(frame: *const Frame) -> u64;
    /// Where its stubs arrive.
    fn kmem_exec_gate_long();
    /// Where its return arrives.
    fn kmem_exec_exit_long();
    /// One past the code of `kmem_exec_enter` that may fault when the host has no 32-bit segments.
    fn kmem_exec_entered();
}

/// Returns where stubs jump to.
pub(super) fn gate() -> u64 {
    kmem_exec_gate as *const () as u64
}
/// Returns where returns jump to.
pub(super) fn exit() -> u64 {
    kmem_exec_exit as *const () as u64
}
/// Returns where stubs of 64-bit code jump to.
pub(super) fn gate_long() -> u64 {
    kmem_exec_gate_long as *const () as u64
}
/// Returns where returns of 64-bit code jump to.
pub(super) fn exit_long() -> u64 {
    kmem_exec_exit_long as *const () as u64
}
/// Returns where faults continue.
pub(super) fn fault() -> u64 {
    kmem_exec_fault as *const () as u64
}
/// Returns the code that enters.
pub(super) fn entering() -> [u64; 2] {
    [kmem_exec_enter as *const () as u64, kmem_exec_entered as *const () as u64]
}

global_asm!(
    r#"
    .pushsection .text.kmem_exec,"ax",@progbits

    // Keeps on the stack what `kmem_exec_fault` takes from it, and notes where.
    .macro kmem_exec_keep
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    subq $24, %rsp
    .cfi_def_cfa_offset 80
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
    movq %rsp, {host_stack}(%rdi)
    .endm

    .p2align 4
    .globl kmem_exec_enter
    .hidden kmem_exec_enter
    .type kmem_exec_enter,@function
kmem_exec_enter:
    .cfi_startproc
    kmem_exec_keep
    movl {stack}(%rdi), %r8d
    movl {data}(%rdi), %eax
    movl %eax, %ds
    movl %eax, %es
    xorl %ebx, %ebx
    xorl %ecx, %ecx
    xorl %edx, %edx
    xorl %esi, %esi
    xorl %ebp, %ebp            // ends the chain of frames
    movl %eax, %ss
    movl %r8d, %esp
    xorl %eax, %eax
    ljmpl *{entry}(%rdi)
    .globl kmem_exec_entered
    .hidden kmem_exec_entered
kmem_exec_entered:
    ud2
    .cfi_endproc
    .size kmem_exec_enter, . - kmem_exec_enter

    .p2align 4
    .globl kmem_exec_gate
    .hidden kmem_exec_gate
    .type kmem_exec_gate,@function
kmem_exec_gate:
    .cfi_startproc
    .cfi_undefined rip         // the caller is module code: unwinders stop here
    movq kmem_hosted_level@GOTTPOFF(%rip), %r10
    movq %fs:(%r10), %r10
    movl %esp, %r11d
    movq {host_stack}(%r10), %rsp
    subq $96, %rsp
    movl %eax, %eax            // the upper halves mean nothing
    movq %rax, (%rsp)
    movl %ecx, %ecx
    movq %rcx, 8(%rsp)
    movl %edx, %edx
    movq %rdx, 16(%rsp)
    movl %ebx, %ebx
    movq %rbx, 24(%rsp)
    movq %r11, 32(%rsp)
    movl %ebp, %ebp
    movq %rbp, 40(%rsp)
    movl %esi, %esi
    movq %rsi, 48(%rsp)
    movl %edi, %edi
    movq %rdi, 56(%rsp)
    movq %r10, 80(%rsp)
    cld
    movq %r10, %rdi
    movq %rsp, %rsi
    call {dispatch}
    movq 80(%rsp), %r10
    testl %eax, %eax
    jnz .Lkmem_exec_leave
    // Another coroutine or another machine may have left other segments behind.
    movl {data}(%r10), %ecx
    movl %ds, %edx
    cmpl %ecx, %edx
    je 2f
    movl %ecx, %ds
2:  movl %es, %edx
    cmpl %ecx, %edx
    je 3f
    movl %ecx, %es
3:  movl (%rsp), %eax
    movl 16(%rsp), %edx
    movl 24(%rsp), %ebx
    movl 40(%rsp), %ebp
    movl 48(%rsp), %esi
    movl 56(%rsp), %edi
    movl 32(%rsp), %r11d
    movl %ss, %r8d
    cmpl %ecx, %r8d
    je 4f
    movl %ecx, %ss
4:  movl %r11d, %esp
    ljmpl *{back}(%r10)
    .cfi_endproc
    .size kmem_exec_gate, . - kmem_exec_gate

    .p2align 4
    .globl kmem_exec_exit
    .hidden kmem_exec_exit
    .type kmem_exec_exit,@function
kmem_exec_exit:
    .cfi_startproc
    .cfi_undefined rip
    movq kmem_hosted_level@GOTTPOFF(%rip), %r10
    movq %fs:(%r10), %r10
    movl %eax, %eax
    shlq $32, %rdx
    orq %rdx, %rax
.Lkmem_exec_leave:
    movq {host_stack}(%r10), %rsp
    .globl kmem_exec_fault
    .hidden kmem_exec_fault
kmem_exec_fault:
    movl ${flat_data}, %ecx
    movl %ss, %edx
    cmpl %ecx, %edx
    je 5f
    movl %ecx, %ss
5:  cld
    fninit
    fldcw 4(%rsp)
    ldmxcsr (%rsp)
    addq $24, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .cfi_endproc
    .size kmem_exec_exit, . - kmem_exec_exit

    .p2align 4
    .globl kmem_exec_enter_long
    .hidden kmem_exec_enter_long
    .type kmem_exec_enter_long,@function
kmem_exec_enter_long:
    .cfi_startproc
    kmem_exec_keep
    movq %rdi, %r10
    movl {entry}(%r10), %eax
    movl {stack}(%r10), %r11d
    movq {arguments}(%r10), %rdi
    movq 8+{arguments}(%r10), %rsi
    movq 16+{arguments}(%r10), %rdx
    movq 24+{arguments}(%r10), %rcx
    movq 32+{arguments}(%r10), %r8
    movq 40+{arguments}(%r10), %r9
    xorl %ebx, %ebx
    xorl %ebp, %ebp            // ends the chain of frames
    xorl %r12d, %r12d
    xorl %r13d, %r13d
    xorl %r14d, %r14d
    xorl %r15d, %r15d
    movq $1, {inside}(%r10)
    movq %r11, %rsp
    jmp *%rax
    .cfi_endproc
    .size kmem_exec_enter_long, . - kmem_exec_enter_long

    .p2align 4
    .globl kmem_exec_gate_long
    .hidden kmem_exec_gate_long
    .type kmem_exec_gate_long,@function
kmem_exec_gate_long:
    .cfi_startproc
    .cfi_undefined rip         // the caller is module code: unwinders stop here
    movq kmem_hosted_level@GOTTPOFF(%rip), %r10
    movq %fs:(%r10), %r10
    movq %rsp, %r11
    movq $0, {inside}(%r10)
    movq {host_stack}(%r10), %rsp
    subq $96, %rsp
    movl %eax, %eax
    movq %rax, (%rsp)
    movq %rcx, 8(%rsp)
    movq %rdx, 16(%rsp)
    movq %rbx, 24(%rsp)
    movq %r11, 32(%rsp)
    movq %rbp, 40(%rsp)
    movq %rsi, 48(%rsp)
    movq %rdi, 56(%rsp)
    movq %r8, 64(%rsp)
    movq %r9, 72(%rsp)
    movq %r10, 80(%rsp)
    cld
    movq %r10, %rdi
    movq %rsp, %rsi
    call {dispatch}
    movq 80(%rsp), %r10
    testl %eax, %eax
    jnz .Lkmem_exec_leave
    movq (%rsp), %rax
    movq 32(%rsp), %r11
    movq $1, {inside}(%r10)
    movq %r11, %rsp
    ret
    .cfi_endproc
    .size kmem_exec_gate_long, . - kmem_exec_gate_long

    .p2align 4
    .globl kmem_exec_exit_long
    .hidden kmem_exec_exit_long
    .type kmem_exec_exit_long,@function
kmem_exec_exit_long:
    .cfi_startproc
    .cfi_undefined rip
    movq kmem_hosted_level@GOTTPOFF(%rip), %r10
    movq %fs:(%r10), %r10
    movq $0, {inside}(%r10)
    jmp .Lkmem_exec_leave
    .cfi_endproc
    .size kmem_exec_exit_long, . - kmem_exec_exit_long
    .purgem kmem_exec_keep
    .popsection
    "#,
    host_stack = const offset_of!(Level, host_stack),
    inside = const offset_of!(Level, inside),
    stack = const offset_of!(Frame, stack),
    arguments = const offset_of!(Frame, arguments),
    data = const offset_of!(Frame, data),
    entry = const offset_of!(Frame, entry),
    back = const offset_of!(Frame, back),
    flat_data = const FLAT_DATA,
    dispatch = sym super::dispatch,
    options(att_syntax)
);

const _: () = assert!(offset_of!(Frame, level) == 0, "the gate takes the level's address for the frame's");
const _: () = assert!(size_of::<GateRegisters>() == 80, "the gate's layout");
