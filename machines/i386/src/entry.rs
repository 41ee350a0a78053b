//! From the boot loader to Rust: paging on, kernel half at 3 GiB, a stack.
//!
//! The loader (multiboot 1) enters in 32-bit protected mode with paging off, at the physical address. Page tables
//! of 4 MiB pages map the first GiB at 0xc0000000 and, until the jump up, the first 4 MiB at 0. The engine
//! replaces them when it boots.

use core::arch::global_asm;
use kmem::units::PhysRange;

/// What `eax` holds when a multiboot loader enters.
pub const MULTIBOOT_MAGIC: u32 = 0x2bad_b002;

/// Bytes that the boot tables map at the kernel half: all that has addresses there.
pub const BOOT_MAP_BYTES: u64 = 1 << 30;

const LARGE_PAGE_SHIFT: u32 = 22;
const LARGE_PAGE_PRESENT_WRITE: u32 = 0x83;
const STACK_BYTES: usize = 512 << 10;

global_asm!(
    r#"
    .section .boot.header, "a"
    .balign 4
multiboot_header:
    .long 0x1badb002                        // magic
    .long 0x00000003                        // modules on page boundaries; memory map wanted
    .long -(0x1badb002 + 0x00000003)        // checksum

    .section .boot.bss, "aw", @nobits
    .balign 4096
boot_directory:
    .skip 4096

    .section .stack, "aw", @nobits
    .balign 4096
    .skip {stack_bytes}
stack_top:

    .section .boot.text, "ax"
    .global boot_entry
boot_entry:
    cli
    cld
    mov edi, eax                            // magic
    mov esi, ebx                            // multiboot information

    xor ecx, ecx
    mov eax, {large_page}
boot_map_next:
    mov dword ptr [boot_directory + 768 * 4 + ecx * 4], eax
    add eax, 1 << {large_shift}
    inc ecx
    cmp ecx, {large_pages}
    jb boot_map_next
    mov dword ptr [boot_directory], {large_page}

    mov eax, cr4
    or eax, 0x90                            // PSE, PGE
    mov cr4, eax
    lea eax, [boot_directory]
    mov cr3, eax
    mov eax, cr0
    or eax, 0x80010000                      // PG, WP
    mov cr0, eax
    lea eax, [kernel_half_entry]
    jmp eax

    .section .text.entry, "ax"
kernel_half_entry:
    lea esp, [stack_top]
    xor ebp, ebp
    mov dword ptr [boot_directory + 0xc0000000], 0
    mov eax, cr3
    mov cr3, eax
    fninit
    sub esp, 8                              // 16-byte alignment at the call
    push esi
    push edi
    call machine_main
kernel_half_stop:
    cli
    hlt
    jmp kernel_half_stop
    "#,
    stack_bytes = const STACK_BYTES,
    large_page = const LARGE_PAGE_PRESENT_WRITE,
    large_shift = const LARGE_PAGE_SHIFT,
    large_pages = const BOOT_MAP_BYTES >> LARGE_PAGE_SHIFT,
);

extern "C" {
    /// First byte of the image; its address is physical.
    static image_start: u8;
    /// One past the last byte of the image; its address is physical.
    static image_end: u8;
}

/// Returns the physical range that the image takes, stack included.
pub fn image() -> PhysRange {
    PhysRange::new(&raw const image_start as u64, &raw const image_end as u64)
}
