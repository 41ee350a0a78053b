//! What code does with memory that it was just checked for: decides by it, hands it on, or reads it to write it back.
//!
//! To read memory that nobody has written is no fault yet: `p->flag = 1` of a bit field reads the whole word, a sum or a copy
//! may never be looked at. It is one when something is decided by it, or when it is passed to a function. So the few
//! instructions behind the look are decoded, and the registers followed that the value comes into, as far as they are of the
//! kind that compilers put there; the rest of the instruction set need not be known. A pointer that is followed is left to the
//! fault that it causes.
//!
//! Source: Intel SDM volume 2, chapter 2 (instruction format) and appendix A (opcode map).

/// As many instructions are looked at.
const MOST: usize = 24;
const WIDE: usize = 4;

/// What is done with memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Touch {
    /// Something is decided by it, or it is passed on.
    Uses,
    /// Bits of it are changed, or it is written.
    Changes,
    /// Nothing of that kind is seen.
    Unknown,
}

/// Registers, a bit for each.
type Registers = u16;

/// One decoded instruction.
#[derive(Clone, Copy, Debug)]
struct Instruction {
    bytes: usize,
    does: Does,
    /// Its operand in memory.
    memory: Option<Operand>,
    /// Registers whose values go in, but for those of the address.
    from: Registers,
    /// The register that is written.
    to: Registers,
}

/// What is done with the operands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Does {
    /// Takes a value from memory or a register into a register.
    Move,
    /// Computes something of a register and something else; bits are and, or, xor.
    Compute { bits: bool },
    /// Writes a register or a constant to memory.
    Store,
    /// Changes memory in place; bits are and, or, xor.
    Update { bits: bool },
    /// Compares or tests.
    Compare,
    /// Passes a value on.
    Push,
    /// Goes on elsewhere, so far from its end.
    Jump(i32),
    /// Nothing of interest.
    Other,
}

/// An operand in memory, as it is encoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Operand {
    mode: u8,
    base: u8,
    sib: u8,
    rex: u8,
    displacement: i32,
}

const ESP: u8 = 4;
const EBP: u8 = 5;

impl Operand {
    /// True for a variable of the function's.
    fn is_on_stack(self) -> bool {
        let is_high = self.rex & REX_B != 0;
        !is_high && (self.mode != 0 && self.base == EBP || self.base == ESP && self.sib & 7 == ESP)
    }
    /// Returns the registers of the address.
    fn registers(self) -> Registers {
        let (index, inner) = (self.sib >> 3 & 7 | high(self.rex, REX_X), self.sib & 7);
        let own = high(self.rex, REX_B);
        match self.base {
            EBP if self.mode == 0 => 0,
            ESP => {
                let index = if index == ESP { 0 } else { 1 << index };
                index | if inner == EBP && self.mode == 0 { 0 } else { 1 << (inner | own) }
            }
            base => 1 << (base | own),
        }
    }
}

/// The bits of the prefix by which x86-64 code names registers 8 to 15: of the register, the index, the base; and the one for
/// eight bytes.
const REX_R: u8 = 4;
const REX_X: u8 = 2;
const REX_B: u8 = 1;
const REX_W: u8 = 8;

/// What a bit of the prefix adds to a register's number.
fn high(rex: u8, bit: u8) -> u8 {
    if rex & bit != 0 {
        8
    } else {
        0
    }
}

/// Returns what the code at `at` does with the memory that it was just checked for; `byte` reads code, of x86-64 if it is wide,
/// `shadow` is what is added to an address divided by eight.
pub(crate) fn touch(at: u32, shadow: u64, is_wide: bool, byte: &dyn Fn(u32) -> u8) -> Touch {
    let (mut ip, mut watched, mut has, mut has_bits) = (at, None, 0, false);
    for _ in 0..MOST {
        let mut code = [0; 15];
        for (offset, slot) in code.iter_mut().enumerate() {
            *slot = byte(ip.wrapping_add(offset as u32));
        }
        let Some(it) = decode(&code, is_wide) else { break };
        ip = ip.wrapping_add(it.bytes as u32);
        let memory =
            it.memory.filter(|memory| !memory.is_on_stack() && i64::from(memory.displacement) != shadow as i64);
        let is_first = memory.is_some() && watched.is_none();
        let is_it = memory.is_some() && (is_first || memory == watched);
        if memory.is_some_and(|memory| memory.registers() & has != 0) {
            break;
        }
        watched = watched.or(memory);
        let takes = it.from & has != 0;
        match it.does {
            Does::Jump(by) => ip = ip.wrapping_add_signed(by),
            Does::Compare | Does::Push if takes || is_it => return Touch::Uses,
            Does::Store | Does::Update { bits: true } if is_first => return Touch::Changes,
            Does::Store if is_it && has_bits => return Touch::Changes,
            Does::Move if is_it || takes => has |= it.to,
            Does::Move => has &= !it.to,
            Does::Compute { bits } if is_it || takes => {
                has |= it.to;
                has_bits |= bits;
            }
            _ => {}
        }
    }
    Touch::Unknown
}

/// Decodes one instruction.
fn decode(code: &[u8; 15], is_wide: bool) -> Option<Instruction> {
    let is_short = code[0] == 0x66;
    let start = usize::from(is_short);
    let rex = if is_wide && code[start] >> 4 == 4 { code[start] } else { 0 };
    let start = start + usize::from(rex != 0);
    let word = if is_short { 2 } else { WIDE };
    let two_bytes = code[start] == 0x0f;
    let opcode = code[start + usize::from(two_bytes)];
    let at = start + 1 + usize::from(two_bytes);
    let middle = code[at] >> 3 & 7;
    /// Of add, or, adc, sbb, and, sub, xor, cmp.
    const BITS: [bool; 8] = [false, true, false, false, true, false, true, false];
    /// The last of them.
    const COMPARE: u8 = 7;
    let plain = |bytes: usize, does, from, to| Some(Instruction { bytes, does, memory: None, from, to });
    // Of bytes, 4 to 7 are the second ones of the first four, unless there is the prefix.
    let register = |number: u8, is_byte: bool| 1 << if is_byte && rex == 0 { number & 3 } else { number };
    let own_of = |number: u8, is_byte: bool| register(number | high(rex, REX_R), is_byte);
    let base_of = |number: u8, is_byte: bool| register(number | high(rex, REX_B), is_byte);
    let is_byte = opcode & 1 == 0;
    // With an operand in memory or a register, and a register or a constant.
    let with = |immediate: usize, does: Does, has_register: bool, to_register: bool| {
        let (length, memory) = operand(&code[at..], rex)?;
        let own = if has_register { own_of(middle, is_byte && !two_bytes) } else { 0 };
        let other = if memory.is_none() { base_of(code[at] & 7, is_byte) } else { 0 };
        let does = match (does, memory) {
            (Does::Update { bits }, None) => Does::Compute { bits },
            (Does::Store, None) => Does::Move,
            (does, _) => does,
        };
        let moves = does == Does::Move;
        let (from, to) = match to_register {
            true => (other | if moves { 0 } else { own }, own),
            false => (own | if moves { 0 } else { other }, other),
        };
        Some(Instruction { bytes: at + length + immediate, does, memory, from, to })
    };
    let alu = |which: u8, memory: bool| match which {
        COMPARE => Does::Compare,
        which if memory => Does::Update { bits: BITS[usize::from(which)] },
        which => Does::Compute { bits: BITS[usize::from(which)] },
    };
    if two_bytes {
        return match opcode {
            0xb6 | 0xb7 | 0xbe | 0xbf => with(0, Does::Move, true, true),
            0x40..=0x4f | 0xaf => with(0, Does::Compute { bits: false }, true, true),
            0xa3 => with(0, Does::Compare, true, false),
            0xab | 0xb3 | 0xbb => with(0, Does::Update { bits: true }, true, false),
            0xba => with(1, if middle == 4 { Does::Compare } else { Does::Update { bits: true } }, false, false),
            0x90..=0x9f => with(0, Does::Store, false, false),
            0x80..=0x8f => plain(at + WIDE, Does::Other, 0, 0),
            0x1f => Some(Instruction { memory: None, ..with(0, Does::Other, false, false)? }),
            _ => None,
        };
    }
    const EAX: Registers = 1;
    match opcode {
        // A register with itself: it is zero.
        0x30..=0x33 if code[at] >> 6 == 3 && own_of(middle, false) == base_of(code[at] & 7, false) => {
            plain(at + 1, Does::Move, 0, own_of(middle, false))
        }
        0x00..=0x3f if opcode & 7 <= 1 => with(0, alu(opcode >> 3, true), true, false),
        0x00..=0x3f if opcode & 7 <= 3 => with(0, alu(opcode >> 3, false), true, true),
        0x00..=0x3f if opcode & 7 == 4 => plain(at + 1, alu(opcode >> 3, false), EAX, EAX),
        0x00..=0x3f if opcode & 7 == 5 => plain(at + word, alu(opcode >> 3, false), EAX, EAX),
        0x40..=0x4f => plain(at, Does::Compute { bits: false }, 1 << (opcode & 7), 1 << (opcode & 7)),
        0x50..=0x57 => plain(at, Does::Push, base_of(opcode & 7, false), 0),
        0x58..=0x5f => plain(at, Does::Move, 0, base_of(opcode & 7, false)),
        0x63 if is_wide => with(0, Does::Move, true, true),
        0x90 | 0x98 | 0x99 => plain(at, Does::Other, 0, 0),
        0x68 => plain(at + word, Does::Other, 0, 0),
        0x6a => plain(at + 1, Does::Other, 0, 0),
        0x69 => with(word, Does::Move, true, true),
        0x6b => with(1, Does::Move, true, true),
        0x70..=0x7f => plain(at + 1, Does::Other, 0, 0),
        0x80 | 0x83 => with(1, alu(middle, true), false, false),
        0x81 => with(word, alu(middle, true), false, false),
        0x84 | 0x85 => with(0, Does::Compare, true, false),
        0x88 | 0x89 => with(0, Does::Store, true, false),
        0x8a | 0x8b => with(0, Does::Move, true, true),
        // An address that is computed, of the registers in it.
        0x8d => {
            let it = with(0, Does::Compute { bits: false }, true, true)?;
            let from = it.memory.map_or(0, Operand::registers);
            Some(Instruction { does: Does::Move, memory: None, from, ..it })
        }
        0xa0..=0xa3 if is_wide => None,
        0xa0 | 0xa1 => absolute(code, at, Does::Move, 0, EAX),
        0xa2 | 0xa3 => absolute(code, at, Does::Store, EAX, 0),
        0xa8 => plain(at + 1, Does::Compare, EAX, 0),
        0xa9 => plain(at + word, Does::Compare, EAX, 0),
        0xb0..=0xb7 => plain(at + 1, Does::Move, 0, base_of(opcode & 7, true)),
        0xb8..=0xbf if rex & REX_W != 0 => plain(at + 2 * WIDE, Does::Move, 0, base_of(opcode & 7, false)),
        0xb8..=0xbf => plain(at + word, Does::Move, 0, base_of(opcode & 7, false)),
        0xc0 | 0xc1 => with(1, Does::Update { bits: false }, false, false),
        0xd0..=0xd3 => with(0, Does::Update { bits: false }, false, false),
        0xc6 => with(1, Does::Store, false, false),
        0xc7 => with(word, Does::Store, false, false),
        0xe9 => plain(at + WIDE, Does::Jump(i32::from_le_bytes(code[at..at + WIDE].try_into().ok()?)), 0, 0),
        0xeb => plain(at + 1, Does::Jump(i32::from(code[at] as i8)), 0, 0),
        0xf6 if middle < 2 => with(1, Does::Compare, false, false),
        0xf7 if middle < 2 => with(word, Does::Compare, false, false),
        0xf6 | 0xf7 if middle < 4 => with(0, Does::Update { bits: false }, false, false),
        0xff if middle == 6 => with(0, Does::Push, false, false),
        0xfe | 0xff if middle < 2 => with(0, Does::Update { bits: false }, false, false),
        _ => None,
    }
}

/// An address without registers, in the instruction itself.
fn absolute(code: &[u8; 15], at: usize, does: Does, from: Registers, to: Registers) -> Option<Instruction> {
    let displacement = i32::from_le_bytes(code[at..at + WIDE].try_into().ok()?);
    let memory = Some(Operand { mode: 0, base: EBP, sib: 0, rex: 0, displacement });
    Some(Instruction { bytes: at + WIDE, does, memory, from, to })
}

/// Decodes the bytes that name an operand: how many they are, and the operand if it is in memory.
fn operand(code: &[u8], rex: u8) -> Option<(usize, Option<Operand>)> {
    let (mode, base) = (code[0] >> 6, code[0] & 7);
    if mode == 3 {
        return Some((1, None));
    }
    let (mut length, mut sib) = (1, 0);
    if base == 4 {
        sib = *code.get(1)?;
        length = 2;
    }
    let is_absolute = mode == 0 && (base == 5 || base == 4 && sib & 7 == 5);
    let displacement = match mode {
        1 => i32::from(*code.get(length)? as i8),
        _ if mode == 2 || is_absolute => i32::from_le_bytes(code.get(length..length + 4)?.try_into().ok()?),
        _ => 0,
    };
    length += match mode {
        1 => 1,
        _ if mode == 2 || is_absolute => 4,
        _ => 0,
    };
    Some((length, Some(Operand { mode, base, sib, rex, displacement })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: &[u8]) -> Touch {
        touch(0, 0x2000_0000, false, &|at| code.get(at as usize).copied().unwrap_or(0xf4))
    }

    #[test]
    fn the_same_of_64_bit_code() {
        let of = |code: &[u8]| touch(0, 0x100_0000, true, &|at| code.get(at as usize).copied().unwrap_or(0xf4));
        for (code, does) in [
            // mov 4(%r12),%r9d; test %r9d,%r9d
            (&[0x45, 0x8b, 0x4c, 0x24, 4, 0x45, 0x85, 0xc9][..], Touch::Uses),
            // mov (%rax),%r10; movabs $1,%r10; test %r10,%r10: another value.
            (&[0x4c, 0x8b, 0x10, 0x49, 0xba, 1, 0, 0, 0, 0, 0, 0, 0, 0x4d, 0x85, 0xd2, 0xc3][..], Touch::Unknown),
            // cmpb $0,0x1000000(%rax); jne; movslq (%rbx),%rdx; cmp $5,%rdx
            (&[0x80, 0xb8, 0, 0, 0, 1, 0, 0x75, 2, 0x48, 0x63, 0x13, 0x48, 0x83, 0xfa, 5][..], Touch::Uses),
            // mov (%rax),%rax; movl $2,4(%rax): a pointer that is followed
            (&[0x48, 0x8b, 0x00, 0xc7, 0x40, 4, 2, 0, 0, 0][..], Touch::Unknown),
            // mov (%r13),%ecx; mov %ecx,(%r14); ret: a copy
            (&[0x41, 0x8b, 0x4d, 0, 0x41, 0x89, 0x0e, 0xc3][..], Touch::Unknown),
        ] {
            assert_eq!(of(code), does, "{code:02x?}");
        }
    }

    #[test]
    fn a_use_is_told_from_a_read_that_decides_nothing() {
        for (code, does) in [
            // add $4,%esp; jmp +1; hlt; cmpl $3,4(%eax)
            (&[0x83, 0xc4, 4, 0xeb, 1, 0xf4, 0x83, 0x78, 4, 3][..], Touch::Uses),
            // mov 4(%eax),%edx; test %edx,%edx
            (&[0x8b, 0x50, 4, 0x85, 0xd2][..], Touch::Uses),
            // movsbl (%eax),%eax; lea 1(%eax),%edx; push %edx
            (&[0x0f, 0xbe, 0x00, 0x8d, 0x50, 1, 0x52][..], Touch::Uses),
            // testb $1,(%ebx)
            (&[0xf6, 0x03, 1][..], Touch::Uses),
            // mov (%eax),%edx; mov $1,%edx; test %edx,%edx: another value.
            (&[0x8b, 0x10, 0xba, 1, 0, 0, 0, 0x85, 0xd2, 0xc3][..], Touch::Unknown),
            // mov (%eax),%edx; mov %edx,(%ecx); ret: a copy
            (&[0x8b, 0x10, 0x89, 0x11, 0xc3][..], Touch::Unknown),
            // add (%eax),%ecx; inc %eax; cmp %esi,%eax: a sum
            (&[0x03, 0x08, 0x40, 0x39, 0xf0, 0xc3][..], Touch::Unknown),
            // mov (%eax),%eax; movl $2,4(%eax): a pointer that is followed
            (&[0x8b, 0x00, 0xc7, 0x40, 4, 2, 0, 0, 0][..], Touch::Unknown),
            // orb $1,4(%eax)
            (&[0x80, 0x48, 4, 1][..], Touch::Changes),
            // movzbl 4(%eax),%edx; and $-4,%edx; or $1,%edx; mov %dl,4(%eax)
            (&[0x0f, 0xb6, 0x50, 4, 0x83, 0xe2, 0xfc, 0x83, 0xca, 1, 0x88, 0x50, 4][..], Touch::Changes),
            // A look at the shadow of something else, and a variable of the function, are passed over:
            // cmpb $0,0x20000000(%eax); jne; mov -8(%ebp),%eax; mov (%eax),%eax; test %eax,%eax
            (&[0x80, 0xb8, 0, 0, 0, 0x20, 0, 0x75, 2, 0x8b, 0x45, 0xf8, 0x8b, 0x00, 0x85, 0xc0][..], Touch::Uses),
            (&[0x8b, 0x45, 0xf8, 0xe8, 0, 0, 0, 0][..], Touch::Unknown),
        ] {
            assert_eq!(of(code), does, "{code:02x?}");
        }
    }
}
