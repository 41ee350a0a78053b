//! What the host knows of tasks: their stacks, the CPU they run on, and who waits when nobody can run.
//!
//! Which task runs is the runtime's affair (`rt/sched.c`): it changes stacks inside module code, and the host's frames do
//! not move. So a host function always returns to the task that called it.

use crate::exec::Call;
use crate::finding::{Finding, FindingKind, Place};
use crate::session::{Session, STACK_REACH};
use kmem::error::Name;
use kmem::gfp::Gfp;
use kmem_hosted::CpuGuard;
use std::cell::{Cell, RefCell};

/// A task that waits, as the runtime names it.
#[derive(Debug)]
struct Waiting {
    comm: String,
    pid: u32,
    what: String,
    chain: Vec<u32>,
    owner: Option<(String, u32)>,
}

/// Stacks, the CPU, and the roll of a deadlock.
#[derive(Default)]
pub(crate) struct Tasks {
    /// The top of every stack there is.
    stacks: RefCell<Vec<u32>>,
    /// Those that no task has: the next one gets them, as in a kernel that caches stacks.
    free: RefCell<Vec<u32>>,
    waiting: RefCell<Vec<Waiting>>,
    cpu: RefCell<Option<CpuGuard>>,
    pub(crate) seed: Cell<u32>,
}

/// `unsigned long kmem_host_stack_alloc(void)`: one past the last byte; 0 without memory.
pub(crate) fn stack_alloc(s: &Session, _: &mut Call<'_>) -> u64 {
    if let Some(top) = s.tasks.free.borrow_mut().pop() {
        return top.into();
    }
    let (map, memory) = (s.kernel.map(), s.kernel.memory());
    let bytes = s.stack_bytes();
    match map.vmalloc(memory, bytes.into(), Gfp::KERNEL, Name::new("alloc_thread_stack_node")) {
        Ok(stack) => {
            let top = stack.raw() as u32 + bytes;
            if let Some(kasan) = &s.kasan {
                kasan.allow(stack.raw() as u32, bytes);
            }
            s.tasks.stacks.borrow_mut().push(top);
            top.into()
        }
        Err(_) => 0,
    }
}
/// `void kmem_host_stack_free(unsigned long top)`: its task has ended. Stacks stay mapped for the next task. Who keeps
/// something about the bytes of a stack forgets it here, for the bytes below `top`.
pub(crate) fn stack_free(s: &Session, call: &mut Call<'_>) -> u64 {
    let top = call.word();
    let bytes = s.stack_bytes();
    s.write_bytes(top - bytes, &vec![0; bytes as usize]);
    if let Some(kasan) = &s.kasan {
        // What its functions have left around their variables.
        kasan.allow(top - bytes, bytes);
    }
    s.tasks.free.borrow_mut().push(top);
    0
}
/// `void kmem_host_cpu(unsigned cpu)`: from now on the code runs there.
pub(crate) fn cpu(s: &Session, call: &mut Call<'_>) -> u64 {
    let cpu = call.word();
    let mut guard = s.tasks.cpu.borrow_mut();
    *guard = None;
    if cpu > 0 {
        // A CPU of which another thread is the holder (kswapd's) does the same work under the number before.
        *guard = s.kernel.machine().enter_cpu(cpu).ok();
    }
    0
}
/// `void kmem_host_waiting(comm, pid, what, eip, ebp, owner, owner_pid)`: one of those who wait for ever.
pub(crate) fn waiting(s: &Session, call: &mut Call<'_>) -> u64 {
    let (comm, pid, what) = (s.read_string(call.word()), call.word(), s.read_string(call.word()));
    let (eip, ebp, owner, owner_pid) = (call.word(), call.word(), call.word(), call.word());
    let owner = (owner != 0).then(|| (s.read_string(owner), owner_pid));
    let chain = s.frames_from(eip, ebp);
    s.tasks.waiting.borrow_mut().push(Waiting { comm, pid, what, chain, owner });
    0
}
/// `void kmem_host_stuck(const char *what)`: this task, or everybody, would wait for ever.
pub(crate) fn stuck(s: &Session, call: &mut Call<'_>) -> u64 {
    let what = s.read_string(call.word());
    let waiting = s.tasks.waiting.take();
    if waiting.is_empty() {
        let chain = s.chain(call);
        let title = format!("deadlock: {}", what.trim_end());
        let finding = Finding::new(FindingKind::Deadlock, title, s.place(&chain), "here")
            .note("nobody else could end this wait: on a real machine this CPU or task would hang");
        s.die_with(finding, &chain);
        return 0;
    }
    let (finding, chain) = deadlock(s, &waiting, what.trim_end());
    s.die_with(finding, &chain);
    0
}

/// Names every task that waits, what for, and where.
fn deadlock(s: &Session, waiting: &[Waiting], why: &str) -> (Finding, Vec<u32>) {
    let name = |task: &Waiting| format!("{} (pid {})", task.comm, task.pid);
    let first = &waiting[0];
    let places: Vec<Option<Place>> = waiting.iter().map(|task| s.place(&task.chain)).collect();
    let title = format!("deadlock: {} would wait for ever: {}", name(first), first.what);
    let mut finding = Finding::new(FindingKind::Deadlock, title, places[0].clone(), "waits here");
    for (task, place) in waiting.iter().zip(&places).skip(1) {
        finding = finding.also(place.clone(), format!("{} waits here", name(task)));
    }
    finding = finding.note(why);
    for task in waiting {
        let held = task.owner.as_ref().map(|(comm, pid)| format!(", for {comm} (pid {pid})")).unwrap_or_default();
        finding = finding.note(format!("{} waits in {}{held}", name(task), task.what));
    }
    (finding, first.chain.clone())
}

impl Session {
    /// Follows a chain of frames that does not run.
    fn frames_from(&self, eip: u32, ebp: u32) -> Vec<u32> {
        const MOST: usize = 32;
        let (mut chain, mut bp) = (vec![eip], ebp);
        while chain.len() < MOST && bp != 0 && bp.is_multiple_of(4) {
            let read = |at: u32| self.exec.read_address(at);
            let (Some(next), Some(back)) = (read(bp), read(bp.wrapping_add(self.exec.word_bytes()))) else { break };
            if back == 0 || back == self.exec.exit_stub() || next != 0 && next <= bp {
                break;
            }
            chain.push(back);
            bp = next;
        }
        chain
    }
    /// True when an address lies just below a task's stack.
    pub(crate) fn is_below_stack(&self, addr: u32) -> bool {
        let tops = self.tasks.stacks.borrow();
        let is_below = |top: u32| {
            let stack = top - self.stack_bytes();
            (stack.saturating_sub(STACK_REACH)..stack).contains(&addr)
        };
        tops.iter().copied().chain([self.stack_top()]).any(is_below)
    }
    /// True when an address lies in a task's stack.
    pub(crate) fn is_in_stack(&self, addr: u32) -> bool {
        let tops = self.tasks.stacks.borrow();
        tops.iter().copied().chain([self.stack_top()]).any(|top| (top - self.stack_bytes()..top).contains(&addr))
    }
    /// What time it is on the machine, in nanoseconds since boot.
    pub fn clock_ns(&self) -> u64 {
        let at = self.runtime_symbol("kmem_now_ns").unwrap_or(0);
        u64::from(self.read_word(at)) | u64::from(self.read_word(at.wrapping_add(4))) << 32
    }
    /// Chooses the order in which tasks run: 0 is in turn.
    pub fn set_seed(&self, seed: u32) {
        self.tasks.seed.set(seed);
        if let Some(at) = self.runtime_symbol("kmem_seed") {
            self.write_bytes(at, &seed.to_le_bytes());
        }
    }
    /// Ends the module with a finding that is complete.
    fn die_with(&self, finding: Finding, chain: &[u32]) {
        if self.set_dead() {
            self.log.line(&format!("INFO: {}", finding.title));
            self.print_call_trace(chain);
            self.report(finding);
        }
    }
}
