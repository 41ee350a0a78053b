//! What modules have set going or registered: threads, timers, work, devices, files. The runtime says when one begins and
//! when it ends; here it is remembered who asked for it, so that what is left has a line.
//!
//! Two kinds of thing are left when a module goes. What is *active* would call a function of the module that is no longer
//! there: it is judged when the exit function has returned, before anything else runs. What is *registered* is judged at
//! the end.

use crate::exec::Call;
use crate::finding::{Finding, FindingKind};
use crate::session::Session;
use crate::tracker::Chain;
use std::collections::BTreeMap;

/// A kind of thing, as the enumeration in `rt/rt.h` numbers them.
struct HoldKind {
    /// What it is called.
    what: &'static str,
    /// What is the matter when it is left.
    left: &'static str,
    /// What was done at its line.
    label: &'static str,
    /// How to undo it.
    undo: &'static str,
    /// It runs by itself.
    is_active: bool,
    /// It lies inside memory of the module's, which must not be freed before.
    is_embedded: bool,
}

const fn active(
    what: &'static str,
    left: &'static str,
    label: &'static str,
    undo: &'static str,
    embedded: bool,
) -> HoldKind {
    HoldKind { what, left, label, undo, is_active: true, is_embedded: embedded }
}
const fn registered(what: &'static str, label: &'static str, undo: &'static str) -> HoldKind {
    HoldKind { what, left: "still registered", label, undo, is_active: false, is_embedded: false }
}
const fn held(what: &'static str, label: &'static str, undo: &'static str) -> HoldKind {
    HoldKind { what, left: "never undone", label, undo, is_active: false, is_embedded: false }
}

const fn embedded(what: &'static str, label: &'static str, undo: &'static str) -> HoldKind {
    HoldKind { what, left: "never undone", label, undo, is_active: false, is_embedded: true }
}

/// In the order of `rt/rt.h`.
const KINDS: &[HoldKind] = &[
    active("kernel thread", "still runs", "started here", "kthread_stop()", false),
    active("timer", "still armed", "armed here", "del_timer_sync()", true),
    active("hrtimer", "still armed", "armed here", "hrtimer_cancel()", true),
    active("work", "still queued", "queued here", "cancel_work_sync() or destroy_workqueue()", true),
    active("delayed work", "still armed", "queued here", "cancel_delayed_work_sync()", true),
    active("work", "still runs", "started here", "flush_work() or cancel_work_sync()", false),
    active("tasklet", "still scheduled", "scheduled here", "tasklet_kill()", true),
    active("RCU callback", "still waits for readers", "queued here", "rcu_barrier()", true),
    registered("workqueue", "made here", "destroy_workqueue()"),
    registered("char device region", "registered here", "unregister_chrdev_region()"),
    registered("cdev", "added here", "cdev_del()"),
    registered("device class", "made here", "class_destroy()"),
    registered("device", "made here", "device_destroy() or device_unregister()"),
    registered("misc device", "registered here", "misc_deregister()"),
    registered("", "made here", "proc_remove() or remove_proc_entry()"),
    registered("open file", "opened here", "close"),
    registered("interrupt", "requested here", "free_irq()"),
    registered("port region", "requested here", "release_region()"),
    registered("memory region", "requested here", "release_mem_region()"),
    active("driver", "still registered", "registered here", "platform_driver_unregister() or its like", false),
    held("kobject", "its first reference was taken here", "kobject_put()"),
    registered("", "made here", "sysfs_remove_file() or sysfs_remove_group()"),
    registered("", "made here", "debugfs_remove()"),
    embedded("DMA mapping", "mapped here", "dma_unmap_single(), dma_unmap_page() or dma_unmap_sg()"),
    held("DMA pool", "made here", "dma_pool_destroy()"),
    registered("notifier", "registered here", "unregister it in the exit function"),
    registered("CPU hotplug state", "set up here", "cpuhp_remove_state()"),
    held("coherent DMA buffer", "allocated here", "dma_free_coherent()"),
    held("object of a DMA pool", "allocated here", "dma_pool_free()"),
];
/// What RCU's grace period is for: an object is freed by its callback.
const RCU: u32 = 7;

/// One thing that is held.
#[derive(Clone, Debug)]
pub(crate) struct Hold {
    name: String,
    function: u32,
    chain: Chain,
    serial: u64,
}

/// All of them, by the address of what they are about.
#[derive(Default, Debug)]
pub(crate) struct Holds {
    live: BTreeMap<(u32, u32), Hold>,
    serial: u64,
}

/// `void kmem_host_hold(unsigned kind, const void *key, const char *name, const void *function)`
pub(crate) fn hold(s: &Session, call: &mut Call<'_>) -> u64 {
    let (kind, key, name, function) = (call.word(), call.word(), call.word(), call.word());
    let (name, chain) = (s.read_string(name), s.chain(call));
    let mut holds = s.holds.borrow_mut();
    holds.serial += 1;
    let serial = holds.serial;
    holds.live.insert((key, kind), Hold { name, function, chain, serial });
    0
}
/// `void kmem_host_unhold(unsigned kind, const void *key)`
pub(crate) fn unhold(s: &Session, call: &mut Call<'_>) -> u64 {
    let (kind, key) = (call.word(), call.word());
    s.holds.borrow_mut().live.remove(&(key, kind));
    0
}

/// `void kmem_host_hold_on(unsigned from, const void *from_key, unsigned kind, const void *key)`: it goes on as another
/// kind of thing; who asked for it stays.
pub(crate) fn hold_on(s: &Session, call: &mut Call<'_>) -> u64 {
    let (from, from_key, kind, key) = (call.word(), call.word(), call.word(), call.word());
    let mut holds = s.holds.borrow_mut();
    if let Some(hold) = holds.live.remove(&(from_key, from)) {
        holds.live.insert((key, kind), hold);
    }
    0
}

impl Session {
    fn hold_name(&self, kind: &HoldKind, hold: &Hold) -> String {
        let symbol = if hold.function == 0 { String::new() } else { self.symbol_text(hold.function, false) };
        let name = match (hold.name.as_str(), symbol.as_str()) {
            (name, "") => name.to_owned(),
            ("", symbol) => symbol.to_owned(),
            (name, symbol) => format!("{name}, {symbol}()"),
        };
        let words = [kind.what, &name].into_iter().filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join(" ")
    }
    fn hold_finding(&self, kind: &HoldKind, hold: &Hold, title: String) -> Finding {
        // What the runtime began by itself has no line of the module's but that of its function.
        let at = self.place(&hold.chain).or_else(|| self.place_of_function(hold.function));
        Finding::new(FindingKind::Leak, title, at, kind.label)
    }
    fn take_holds(&self, wanted: impl Fn(&HoldKind, u32, &Hold) -> bool) -> Vec<(&'static HoldKind, Hold)> {
        let mut holds = self.holds.borrow_mut();
        let mut taken = Vec::new();
        holds.live.retain(|(key, kind), hold| {
            match KINDS.get(*kind as usize).filter(|kind| wanted(kind, *key, hold)) {
                Some(kind) => {
                    taken.push((kind, hold.clone()));
                    false
                }
                None => true,
            }
        });
        taken.sort_by_key(|(_, hold)| hold.serial);
        taken
    }

    /// Forgets the CPU hotplug states that were set up for good
    /// after so many things were held.
    pub(crate) fn keep_hotplug_states(&self, since: u64) {
        let is_hotplug = |kind: u32| KINDS.get(kind as usize).is_some_and(|kind| kind.what == "CPU hotplug state");
        self.holds.borrow_mut().live.retain(|(_, kind), hold| hold.serial <= since || !is_hotplug(*kind));
    }
    /// Returns how many things were ever held.
    pub(crate) fn holds_so_far(&self) -> u64 {
        self.holds.borrow().serial
    }

    /// Reports what would still call into a module whose exit function has just returned. `is_last`: no other is loaded.
    pub(crate) fn judge_active(&self, object: usize, is_last: bool) {
        if self.is_dead() {
            return;
        }
        let is_of_module =
            |key: u32, hold: &Hold| match self.module_object_at(hold.function).or_else(|| self.module_object_at(key)) {
                Some(its) => its == object,
                None => is_last,
            };
        for (kind, hold) in self.take_holds(|kind, key, hold| kind.is_active && is_of_module(key, hold)) {
            let title = format!("{} {} when its module is gone", self.hold_name(kind, &hold), kind.left);
            let finding = self
                .hold_finding(kind, &hold, title)
                .note("a kernel would go on in memory that the module no longer has: an Oops")
                .help(format!("the exit function must undo it first: {}", kind.undo));
            self.report(finding);
        }
    }
    /// Reports what is still registered when all modules are gone.
    pub(crate) fn judge_registered(&self) {
        if self.is_dead() {
            return;
        }
        for (kind, hold) in self.take_holds(|_, _, _| true) {
            let name = self.hold_name(kind, &hold);
            let title = match kind.left {
                "still registered" => format!("still registered when the modules were gone: {name}"),
                left => format!("{name} {left} when the modules were gone"),
            };
            let finding = self.hold_finding(kind, &hold, title);
            self.report(finding.help(format!("undo it with {}", kind.undo)));
        }
    }
    /// Reports memory that is freed while a timer, work or callback inside it is still to come.
    pub(crate) fn check_freed(&self, call: &Call<'_>, addr: u32, bytes: u64) {
        let end = u64::from(addr).saturating_add(bytes).min(u64::from(u32::MAX)) as u32;
        let inside = |(&(key, kind), hold): (&(u32, u32), &Hold)| {
            let is_found = KINDS.get(kind as usize).filter(|kind| kind.is_embedded)?;
            Some((key, kind, is_found, hold.clone()))
        };
        let found: Vec<_> = self.holds.borrow().live.range((addr, 0)..(end, 0)).filter_map(inside).collect();
        for (key, number, kind, hold) in found {
            self.holds.borrow_mut().live.remove(&(key, number));
            let name = self.hold_name(kind, &hold);
            let title = format!("memory freed with a {name} inside that is {}", kind.left);
            let at = self.place(&self.chain(call));
            let finding = Finding::new(FindingKind::Misuse, title, at, "freed here")
                .also(self.place(&hold.chain), kind.label)
                .note("it would be used after it was freed");
            let help = if number == RCU { "let the callback free it" } else { kind.undo };
            self.report(finding.help(format!("before: {help}")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers are an interface between two languages.
    #[test]
    fn kinds_are_those_of_the_runtime() {
        let header = include_str!("../rt/rt.h");
        let list = header.split_once("KMEM_HOLD_THREAD").map(|(_, rest)| rest.split_once('}').unwrap().0).unwrap();
        assert_eq!(list.matches("KMEM_HOLD_").count() + 1, KINDS.len());
        assert_eq!(list.split("KMEM_HOLD_").position(|word| word.starts_with("RCU")), Some(RCU as usize));
    }
}
