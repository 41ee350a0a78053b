//! Who calls the engine: statements of scripts, as the frames of a stack.
//!
//! A debugged cache keeps who allocated and who freed each object, with the stack. Here the stack is the statement that
//! runs, and the loops around it: `shell:1:27 kmem_cache_alloc`.

use crate::ast::Statement;
use kmem_hosted::stack;
use std::cell::RefCell;
use std::rc::Rc;

/// A statement: line, column, name of the command.
type Place = (usize, usize, &'static str);

/// The statements that have run. A frame is the number of one, from 1.
#[derive(Clone, Default)]
pub(super) struct Places(Rc<RefCell<Vec<Place>>>);

/// A statement runs while this lives.
pub(super) struct Frame;

impl Drop for Frame {
    fn drop(&mut self) {
        stack::pop();
    }
}

impl Places {
    /// Says how this thread's frames are called.
    pub(super) fn name_frames(&self) {
        let places = Rc::clone(&self.0);
        stack::set(std::iter::empty());
        stack::name_with(Some(Rc::new(move |frame| {
            let at = usize::try_from(frame).ok()?.checked_sub(1)?;
            let (line, column, verb) = *places.borrow().get(at)?;
            Some(format!("shell:{line}:{column} {verb}"))
        })));
    }
    /// Enters a statement.
    pub(super) fn enter(&self, statement: &Statement) -> Frame {
        let place = (statement.place.line, statement.place.column, statement.verb);
        let mut places = self.0.borrow_mut();
        let at = places.iter().position(|known| *known == place).unwrap_or_else(|| {
            places.push(place);
            places.len() - 1
        });
        stack::push(at as u64 + 1);
        Frame
    }
}
