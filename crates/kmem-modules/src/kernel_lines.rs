//! What the kernel itself would print: call traces, warnings, failure reports, in the words of its version.

use crate::exec::Call;
use crate::finding::Place;
use crate::session::Session;
use kmem::gfp::Gfp;

impl Session {
    pub(crate) fn print_call_trace(&self, chain: &[u32]) {
        self.log.line("Call Trace:");
        for addr in chain {
            self.log.line(&format!(" {}", self.symbol_text(addr.wrapping_sub(1), true)));
        }
    }
    pub(crate) fn print_warning(&self, at: &str, text: Option<&str>, chain: &[u32]) {
        self.log.line("------------[ cut here ]------------");
        if let Some(text) = text {
            self.log.line(text.trim_end());
        }
        let who = chain.first().map_or_else(String::new, |addr| self.symbol_text(addr.wrapping_sub(1), true));
        self.log.line(&format!("WARNING: CPU: 0 PID: 100 at {at} {who}"));
        self.print_call_trace(chain);
        self.log.line("---[ end trace 0000000000000000 ]---");
    }
    /// What a kernel with CONFIG_DEBUG_ATOMIC_SLEEP says, each time: of `count` and `irqs_off`, for a task (kernel/sched/core.c,
    /// `__might_resched`; 2.6.11: kernel/sched.c, `__might_sleep`).
    pub(crate) fn print_sleeping(
        &self,
        at: Option<&Place>,
        [count, irqs_off]: [u32; 2],
        task: (u32, &str),
        chain: &[u32],
    ) {
        let version = self.kernel.profile.version;
        let (in_atomic, (pid, name)) = (u32::from(count != 0), task);
        let at = at.map_or_else(|| "?:0".to_owned(), |at| format!("{}:{}", at.file.display(), at.line));
        let bug = if version < (2, 6, 16) { "Debug" } else { "BUG" };
        self.log.line(&format!("{bug}: sleeping function called from invalid context at {at}"));
        self.log.line(&match version {
            (..=2, ..) => format!("in_atomic():{in_atomic}, irqs_disabled():{irqs_off}"),
            (3..=4, ..) | (5, ..=3, _) => {
                format!("in_atomic(): {in_atomic}, irqs_disabled(): {irqs_off}, pid: {pid}, name: {name}")
            }
            _ => {
                format!("in_atomic(): {in_atomic}, irqs_disabled(): {irqs_off}, non_block: 0, pid: {pid}, name: {name}")
            }
        });
        if version >= (5, 17, 0) {
            self.log.line(&format!("preempt_count: {count:x}, expected: 0"));
        }
        self.print_call_trace(chain);
    }
    /// The report of a failed allocation. It is ours, since we know who asked and from where: the engine is asked not to warn.
    pub(crate) fn print_page_failure(&self, call: &Call<'_>, order: u32, flags: u32) {
        let names = self.gfp_text(self.decode_gfp(flags));
        let line = if self.kernel.profile.version.0 < 3 {
            format!("insmod: page allocation failure. order:{order}, mode:{flags:#x}")
        } else {
            format!("insmod: page allocation failure: order:{order}, mode:{flags:#x}({names}), nodemask=(null)")
        };
        self.log.line(&line);
        self.print_call_trace(&self.chain(call));
        self.print_mem_info(self.decode_gfp(flags));
    }
    pub(crate) fn print_vmalloc_failure(&self, call: &Call<'_>, size: u32, gfp: Gfp, why: &str) {
        // Older kernels print no such line; the others one in ten seconds.
        if self.kernel.profile.version < (5, 13, 0) || self.vmalloc_warned.replace(true) {
            return;
        }
        let gfp = gfp - Gfp::HIGHMEM;
        let (mode, names) = (self.gfp.encode(gfp), self.gfp_text(gfp));
        self.log.line(&format!(
            "insmod: vmalloc error: size {size}, {why}, mode:{mode:#x}({names}), nodemask=(null),cpuset=/,mems_allowed=0"
        ));
        self.print_call_trace(&self.chain(call));
        self.print_mem_info(gfp);
    }
    fn print_mem_info(&self, gfp: Gfp) {
        let mut text = String::new();
        // A string takes whatever is written.
        let _ = self.kernel.show_mem(gfp, &mut text);
        text.lines().for_each(|line| self.log.line(line));
    }
}
