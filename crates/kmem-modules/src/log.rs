//! The kernel log: printk's pieces put together to lines.
//!
//! A piece begins with a level (`<6>` in 2.6, an SOH byte and a digit in 6.x), or says that it continues the line before.
//! Lines go out as soon as they are complete, without level and time stamp, as `dmesg -t` shows them.

use crate::place::Moved;
use std::cell::{OnceCell, RefCell};

/// What time it is on the machine, in nanoseconds since boot.
pub type Clock = Box<dyn Fn() -> u64>;
/// Where complete lines go.
pub type Sink = Box<dyn Fn(&str)>;

/// The log of one run.
pub struct Log {
    partial: RefCell<String>,
    sink: Sink,
    /// True when a piece without a level continues the line, as in 2.6; in 6.x it begins a new one.
    bare_continues: bool,
    /// Stamps the lines, if it is there.
    clock: OnceCell<Clock>,
    /// The kernel lies elsewhere than a real one.
    moved: Option<Moved>,
}

impl Log {
    /// Makes a log whose lines go to `sink`.
    pub fn new(sink: Sink, bare_continues: bool) -> Self {
        Self { partial: RefCell::new(String::new()), sink, bare_continues, clock: OnceCell::new(), moved: None }
    }
    /// Makes the log of a kernel that lies elsewhere: its own lines have the addresses of the real one.
    pub fn of_moved(self, moved: Option<Moved>) -> Self {
        Self { moved, ..self }
    }
    /// From now on lines begin with the machine's time, as `dmesg` shows them.
    pub fn stamp_with(&self, clock: Clock) {
        // A second clock would be the same one.
        let _ = self.clock.set(clock);
    }
    fn put(&self, line: &str) {
        match self.clock.get().map(|clock| clock()) {
            Some(ns) => (self.sink)(&format!("[{:5}.{:06}] {line}", ns / 1_000_000_000, ns / 1000 % 1_000_000)),
            None => (self.sink)(line),
        }
    }
    /// Takes a piece of text as printk got it.
    pub fn printk(&self, text: &[u8]) {
        let (continues, text) = match text {
            [1, b'c', rest @ ..] => (true, rest),
            [1, _, rest @ ..] => (false, rest),
            [b'<', b'0'..=b'7', b'>', rest @ ..] => (false, rest),
            [b'<', b'c', b'>', rest @ ..] => (true, rest),
            // 2.6 continues a line by printing without a level.
            rest => (self.bare_continues, rest),
        };
        if !continues {
            self.flush();
        }
        let text = String::from_utf8_lossy(text);
        let mut rest = &*text;
        while let Some((line, after)) = rest.split_once('\n') {
            self.partial.borrow_mut().push_str(line);
            self.end_line();
            rest = after;
            // Further lines of one piece may carry levels of their own in 2.6.
            if let [b'<', b'0'..=b'7', b'>', ..] = rest.as_bytes() {
                rest = &rest[3..];
            }
        }
        self.partial.borrow_mut().push_str(rest);
    }
    /// Writes a line of the kernel's own.
    pub fn line(&self, line: &str) {
        self.flush();
        match &self.moved {
            Some(moved) => self.put(&moved.in_text(line)),
            None => self.put(line),
        }
    }
    /// Ends an unfinished line.
    pub fn flush(&self) {
        if !self.partial.borrow().is_empty() {
            self.end_line();
        }
    }
    fn end_line(&self) {
        let line = std::mem::take(&mut *self.partial.borrow_mut());
        self.put(&line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

    fn lines(pieces: &[&[u8]]) -> Vec<String> {
        let seen = Rc::new(RefCell::new(Vec::new()));
        let sink = Rc::clone(&seen);
        let log = Log::new(Box::new(move |line| sink.borrow_mut().push(line.to_owned())), true);
        pieces.iter().for_each(|piece| log.printk(piece));
        log.flush();
        let lines = seen.borrow().clone();
        lines
    }

    #[test]
    fn pieces_make_lines() {
        assert_eq!(lines(&[b"\x016one\n", b"<6>two\n"]), ["one", "two"]);
        assert_eq!(lines(&[b"\x016count 1", b"\x01c, held 2", b"\x01c\n"]), ["count 1, held 2"]);
        assert_eq!(lines(&[b"\x016open", b"\x016next\n"]), ["open", "next"]);
        assert_eq!(lines(&[b"<4>a\n<4>b\n", b"no level"]), ["a", "b", "no level"]);
    }
}
