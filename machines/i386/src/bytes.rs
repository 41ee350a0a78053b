//! The memory functions that compiled code calls, made of the CPU's string instructions.
//!
//! The prebuilt core of a hosted target leaves them to a C library, and there is none here. C calling convention:
//! arguments on the stack, `eax` the result, `esi` and `edi` preserved, the direction flag clear.

use core::arch::global_asm;

global_asm!(
    r#"
    .section .text.bytes, "ax"

    .global memcpy
memcpy:                                     // (dst, src, len) -> dst
    push edi
    push esi
    mov edi, [esp + 12]
    mov esi, [esp + 16]
    mov ecx, [esp + 20]
    mov eax, edi
    rep movsb
    pop esi
    pop edi
    ret

    .global memmove
memmove:                                    // (dst, src, len) -> dst
    push edi
    push esi
    mov edi, [esp + 12]
    mov esi, [esp + 16]
    mov ecx, [esp + 20]
    mov eax, edi
    mov edx, edi
    sub edx, esi
    cmp edx, ecx                            // below: the target begins inside the source
    jb memmove_backwards
    rep movsb
    pop esi
    pop edi
    ret
memmove_backwards:
    lea edi, [edi + ecx - 1]
    lea esi, [esi + ecx - 1]
    std
    rep movsb
    cld
    pop esi
    pop edi
    ret

    .global memset
memset:                                     // (dst, byte, len) -> dst
    push edi
    mov edi, [esp + 8]
    mov eax, [esp + 12]
    mov ecx, [esp + 16]
    mov edx, edi
    rep stosb
    mov eax, edx
    pop edi
    ret

    .global memcmp
    .global bcmp
memcmp:                                     // (a, b, len) -> sign of the first difference
bcmp:
    push edi
    push esi
    mov esi, [esp + 12]
    mov edi, [esp + 16]
    mov ecx, [esp + 20]
    xor eax, eax
    xor edx, edx
    cmp eax, eax                            // equal, should there be nothing to compare
    repe cmpsb
    je memcmp_equal
    movzx eax, byte ptr [esi - 1]
    movzx edx, byte ptr [edi - 1]
    sub eax, edx
memcmp_equal:
    pop esi
    pop edi
    ret
    "#
);
