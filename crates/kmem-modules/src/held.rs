//! What keeps code from sleeping: who sleeps all the same, and what a function has taken and not given back when it returns.
//!
//! The runtime remembers what keeps code from sleeping, and each lock whose holder may sleep, with the code that took it
//! (`kmem_held`, `kmem_slept`). A kernel notices the imbalance when the function has returned; here the line is that of the
//! lock.

use crate::checks::Check;
use crate::exec::Call;
use crate::finding::{Finding, FindingKind};
use crate::session::Session;

/// As `include/kmem/context.h` has them: entries of two words.
const HELD: u32 = 32;
const HELD_WORDS: u32 = 2;
/// As `rt/rt.h` has them: entries of four words.
const SLEPT: u32 = 32;
const SLEPT_WORDS: u32 = 4;

/// Bits of what is wrong, beside locks whose holders may sleep.
const PREEMPT: u32 = 1;
const IRQS: u32 = 2;
/// Those are to be looked at: an interrupt has not taken what the task that it came to holds.
const TASK: u32 = 4;

/// `void kmem_host_unbalanced(const char *who, const void *function, unsigned int held, int wrong)`: a function has returned;
/// so much was held before it.
pub(crate) fn unbalanced(s: &Session, call: &mut Call<'_>) -> u64 {
    let who = s.read_string(call.word());
    let (function, held, wrong) = (call.word(), call.word(), call.word());
    s.report_held(&who, function, held, wrong);
    0
}

impl Session {
    pub(crate) fn runtime_word(&self, name: &str) -> u32 {
        self.runtime_symbol(name).map_or(0, |at| self.read_word(at))
    }
    /// Reports what a function, just called from outside, returned with, and takes it away so that it is said once.
    pub(crate) fn check_balance(&self, function: u32) {
        if self.is_dead() {
            return;
        }
        let wrong = [("kmem_preempt_count", PREEMPT), ("kmem_irqs_disabled", IRQS)];
        let wrong: u32 = wrong.iter().filter(|(name, _)| self.runtime_word(name) != 0).map(|(_, bit)| bit).sum();
        self.report_held("the module", function, 0, wrong | TASK);
        for name in ["kmem_preempt_count", "kmem_irqs_disabled", "kmem_rcu_depth", "kmem_held_depth"] {
            if let Some(at) = self.runtime_symbol(name) {
                self.write_bytes(at, &[0; 4]);
            }
        }
    }
    /// Reports a call that may sleep where sleeping is a bug.
    pub(crate) fn check_context(&self, call: &Call<'_>, what: &str) {
        let word = |name| self.runtime_symbol(name).map_or(0, |at| self.read_word(at));
        let (count, irqs_off) = (word("kmem_preempt_count"), word("kmem_irqs_disabled"));
        if count == 0 && irqs_off == 0 {
            return;
        }
        let (why, since) = self.atomic_context(count, irqs_off);
        let title = format!("{what} called in atomic context, {why}");
        let help = if what.contains("flags") {
            "use GFP_ATOMIC here, or allocate before the lock is taken"
        } else {
            "do it before, or after; or take a mutex in place of the spin lock, a work in place of the timer"
        };
        let chain = self.chain(call);
        let at = self.place(&chain);
        if self.checks.has(Check::AtomicSleep) {
            let (pid, comm) = self.running_task();
            self.print_sleeping(at.as_ref(), [count, irqs_off], (pid, &comm), &chain);
        }
        let since = self.place_of(since).filter(|since| at.as_ref() != Some(since));
        let finding = Finding::new(FindingKind::AtomicSleep, title, at, "sleeping is a bug here")
            .also(since, "since here")
            .note(format!("in_atomic(): {}, irqs_disabled(): {}", u32::from(count != 0), irqs_off))
            .help(help);
        self.report(finding);
    }
    /// True in an interrupt and where bottom halves are off.
    pub(crate) fn in_interrupt(&self) -> bool {
        self.runtime_word("kmem_preempt_count") & 0xf_ff00 != 0
    }
    /// Returns the number and the name of the task that runs.
    fn running_task(&self) -> (u32, String) {
        let task = self.runtime_symbol("kmem_current").map_or(0, |at| self.read_pointer(at, 0));
        let at = |name| task.wrapping_add(self.runtime_word(name));
        (self.read_word(at("kmem_task_pid_at")), self.read_string(at("kmem_task_comm_at")))
    }
    /// Says what keeps the running code from sleeping, and which code it was that began it; 0 when that is an interrupt.
    fn atomic_context(&self, count: u32, irqs_off: u32) -> (&'static str, u32) {
        const SERVING: u32 = 1 << 8;
        const BH_OFF: u32 = 0xfe00;
        const HARDIRQ: u32 = 0xf_0000;
        let depth = self.runtime_word("kmem_held_depth").min(HELD);
        let table = self.runtime_symbol("kmem_held").unwrap_or(0);
        let (lock, code) = match depth.checked_sub(1) {
            Some(last) => {
                (self.read_pointer(table, last * HELD_WORDS), self.read_pointer(table, last * HELD_WORDS + 1))
            }
            None => (0, 0),
        };
        let is_rcu = lock != 0 && self.runtime_symbol("kmem_held_rcu") == Some(lock);
        match (count & 0xff, count, irqs_off) {
            (_, count, _) if count & HARDIRQ != 0 => ("in an interrupt handler", 0),
            (0, _, 1..) => ("with interrupts off", self.runtime_word("kmem_irqs_code")),
            (_, _, 1..) => ("with interrupts off", code),
            (1.., ..) if is_rcu => ("inside of an RCU read section", code),
            (1.., ..) => ("with preemption off (under a spin lock, or after preempt_disable())", code),
            (_, count, _) if count & SERVING != 0 => ("in a soft interrupt: a timer, a tasklet, a callback", 0),
            (_, count, _) if count & BH_OFF != 0 => ("with bottom halves off", code),
            _ => ("with preemption off", code),
        }
    }
    fn report_held(&self, who: &str, function: u32, held: u32, wrong: u32) {
        let mut found = Vec::new();
        let finding = |what: &str, code: u32, label: &str, help: &str| {
            let title = format!("{who} returned with {what}");
            let its = self.place_of_function(function);
            match self.place_of(code) {
                Some(at) => Finding::new(FindingKind::Misuse, title, Some(at), label).also(its, "returned from here"),
                None => Finding::new(FindingKind::Misuse, title, its, "returned from here"),
            }
            .help(help)
        };
        if wrong & PREEMPT != 0 {
            let depth = self.runtime_word("kmem_held_depth").min(HELD);
            let table = self.runtime_symbol("kmem_held").unwrap_or(0);
            for index in held..depth {
                let word = |field: u32| self.read_pointer(table, index * HELD_WORDS + field);
                let (what, code) = (word(0), word(1));
                let is = |name: &str| what != 0 && self.runtime_symbol(name) == Some(what);
                let (what, help) = if what == 0 {
                    ("preemption off", "preempt_enable(), put_cpu() or its like is missing on a path to the end")
                } else if is("kmem_held_rcu") {
                    ("an RCU read section open", "rcu_read_unlock() is missing on a path to the end")
                } else if is("kmem_held_bh") {
                    ("bottom halves off", "local_bh_enable() is missing on a path to the end")
                } else {
                    ("a spin lock held", "unlock it on every path to the end, those of errors too")
                };
                found.push(finding(what, code, "taken here, and not given back", help));
            }
            // Those who only raise the count: temporary mappings, which are told by themselves.
            if held >= depth && self.local_windows.borrow().is_empty() {
                found.push(finding(
                    "preemption off",
                    0,
                    "",
                    "a spin lock is still held, or preemption was not enabled",
                ));
            }
        }
        if wrong & IRQS != 0 {
            match found.last_mut() {
                // spin_lock_irqsave() is one line that took two things.
                Some(lock) => lock.notes.push("interrupts are off too".into()),
                None => found.push(finding(
                    "interrupts off",
                    self.runtime_word("kmem_irqs_code"),
                    "turned off here, and not on again",
                    "what saved the flags here is to be undone with them: spin_unlock_irqrestore(), local_irq_restore()",
                )),
            }
        }
        let (table, task) = (self.runtime_symbol("kmem_slept").unwrap_or(0), self.runtime_word("kmem_current"));
        for index in 0..if table == 0 || wrong & TASK == 0 { 0 } else { SLEPT } {
            let word = |field: u32| self.read_pointer(table, index * SLEPT_WORDS + field);
            let (holder, what, code) = (word(0), word(2), word(3));
            if holder != 0 && holder == task {
                self.write_pointer(table, index * SLEPT_WORDS, 0);
                // What the kernel itself has taken is its own affair.
                if self.is_module_code(code) {
                    let what = format!("{} held", self.read_string(what));
                    let help = "unlock it on every path to the end, those of errors too";
                    found.push(finding(&what, code, "taken here, and not given back", help));
                }
            }
        }
        found.into_iter().for_each(|finding| self.report(finding));
    }
}
