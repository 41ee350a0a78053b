//! Who runs on a thread, for the engine's question ([`kmem::machine::Machine::stack`]).
//!
//! The engine's callers are no functions of the machine, so they say themselves who they are: a module's calls come from
//! its C functions, a shell's from lines of its script. A frame is a number; who sets it can also name it.

use std::cell::RefCell;
use std::fmt::Write;
use std::rc::Rc;
use std::sync::OnceLock;
use std::time::Instant;

/// Names a frame; `None` for one that it does not know.
pub type Names = Rc<dyn Fn(u64) -> Option<String>>;

thread_local! {
    static FRAMES: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
    static NAMES: RefCell<Option<Names>> = const { RefCell::new(None) };
}

/// Says who runs on this thread from now on, the innermost frame first.
pub fn set(frames: impl DoubleEndedIterator<Item = u64>) {
    FRAMES.with_borrow_mut(|stack| {
        stack.clear();
        stack.extend(frames.rev());
    });
}
/// Enters a frame: it is the innermost one until [`pop`].
pub fn push(frame: u64) {
    FRAMES.with_borrow_mut(|stack| stack.push(frame));
}
/// Leaves the innermost frame.
pub fn pop() {
    FRAMES.with_borrow_mut(|stack| stack.pop());
}
/// Says how this thread's frames are called; `None`: by their numbers.
pub fn name_with(names: Option<Names>) {
    NAMES.set(names);
}

/// Copies this thread's frames; returns how many.
pub(crate) fn copy(into: &mut [u64]) -> usize {
    FRAMES.with_borrow(|stack| {
        let frames = into.iter_mut().zip(stack.iter().rev());
        frames.map(|(slot, frame)| *slot = *frame).count()
    })
}
/// Writes the name of a frame; false when it has none.
pub(crate) fn write_name(frame: u64, out: &mut dyn Write) -> bool {
    let names = NAMES.with_borrow(Clone::clone);
    names.and_then(|names| names(frame)).is_some_and(|name| out.write_str(&name).is_ok())
}
/// Nanoseconds since the first question.
pub(crate) fn nanoseconds() -> u64 {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    u64::try_from(FIRST.get_or_init(Instant::now).elapsed().as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_frame_comes_first() {
        set([3, 2, 1].into_iter());
        push(4);
        let mut frames = [0; 3];
        assert_eq!((copy(&mut frames), frames), (3, [4, 3, 2]));
        pop();
        let mut frames = [0; 5];
        assert_eq!((copy(&mut frames), frames), (3, [3, 2, 1, 0, 0]));
        let mut text = String::new();
        assert!(!write_name(3, &mut text));
        name_with(Some(Rc::new(|frame| (frame == 3).then(|| "three".to_owned()))));
        assert!(write_name(3, &mut text) && !write_name(2, &mut text));
        assert_eq!(text, "three");
    }
}
