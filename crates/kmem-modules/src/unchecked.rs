//! Results that nobody looked at: an allocation that gave nothing, a copy that was cut short, memory that was never written.
//!
//! Nothing is read from the source. What failed is written down, and told when the module goes on as if it had not: when it
//! touches address 0, when an operation on a file succeeds whose copy did not.

use crate::checks::Check;
use crate::exec::Call;
use crate::finding::{Finding, FindingKind};
use crate::kasan::FRESH;
use crate::session::Session;
use crate::tracker::Chain;

/// As many allocations that gave nothing are remembered.
const REFUSED: usize = 64;
/// Addresses below are those of NULL's fields.
const NULL_BYTES: u64 = 4096;
/// As far from the pattern of fresh memory a field of what it points to may be.
const FRESH_REACH: u64 = 1 << 16;

/// Copies between kernel and user space since an operation on a file began.
#[derive(Clone, Debug, Default)]
pub(crate) struct Copies {
    /// Bytes that were copied.
    pub(crate) done: u64,
    /// The first copy that was cut short: its function, the bytes that were left, its call chain.
    pub(crate) cut: Option<(&'static str, u64, Chain)>,
}

impl Session {
    /// Notes that an allocation gave nothing: who uses that has not looked.
    pub(crate) fn refused(&self, call: &Call<'_>, function: &'static str) {
        let mut refused = self.refused.borrow_mut();
        if refused.len() == REFUSED {
            refused.remove(0);
        }
        refused.push((function, self.chain(call)));
    }
    /// An operation on a file begins.
    pub(crate) fn operation_begins(&self) {
        self.copies.take();
    }
    /// An operation has succeeded. Who says so although a copy was cut short has not looked at its result; a read or write
    /// may tell of the bytes that were copied.
    pub(crate) fn operation_succeeded(&self, bytes: Option<u64>) {
        let Copies { done, cut } = self.copies.take();
        let Some((function, left, chain)) = cut.filter(|_| bytes.is_none_or(|bytes| bytes > done)) else { return };
        let said = match bytes {
            Some(bytes) => format!("the operation says that {bytes} bytes were moved"),
            None => "the operation says that all is well".to_owned(),
        };
        let title = format!("{function}() left {left} bytes uncopied, and nobody looked");
        let finding = Finding::new(FindingKind::Unchecked, title, self.place(&chain), "the result of this call")
            .note(format!("the user's address is not mapped; {said}"))
            .help(format!("return -EFAULT when {function}() does not return 0"));
        self.report(finding);
    }

    /// Says where a pointer that cannot be used comes from, if that is known.
    pub(crate) fn explain_pointer(&self, finding: Finding, addr: u64) -> Finding {
        if !self.checks.has(Check::Null) {
            return finding;
        }
        let last = self.refused.borrow().last().cloned().filter(|_| addr < NULL_BYTES);
        if let Some((function, chain)) = last {
            return finding.also(self.place(&chain), format!("{function}() gave nothing here")).help(format!(
                "look at what {function}() returns before it is used, and undo what was done before it"
            ));
        }
        let fresh = u64::from_ne_bytes([FRESH; 8]) >> (64 - 8 * self.exec.word_bytes());
        if self.kasan.is_some() && addr.abs_diff(fresh) < FRESH_REACH {
            return finding
                .note(format!("fresh memory is filled with {FRESH:#04x}: the pointer was read from memory that nobody has written"))
                .help("set the pointer, or take the memory zeroed: kzalloc(), __GFP_ZERO");
        }
        finding
    }
}
