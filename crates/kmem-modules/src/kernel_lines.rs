//! What the kernel itself would print: call traces, warnings, failure reports, in the words of its version.

use crate::exec::Call;
use crate::session::Session;
use crate::tracker::Kind;
use kmem::gfp::Gfp;
use kmem::slab::CacheId;

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
    pub(crate) fn print_objects_remaining(&self, call: &Call<'_>, handle: u32, name: &str, id: CacheId) {
        let version = self.kernel.profile.version;
        if version < (3, 0, 0) {
            self.log.line(&format!("slab error in kmem_cache_destroy(): cache `{name}': Can't free all objects"));
            self.print_call_trace(&self.chain(call));
            return;
        }
        let rule = "=============================================================================";
        let dash = "-----------------------------------------------------------------------------";
        let info = self.kernel.slab().info(id);
        let (objects, used) = info.map_or((0, 0), |info| (info.geometry.objects, info.live));
        self.log.line(rule);
        let what = match version < (4, 0, 0) {
            true => "Objects remaining on kmem_cache_close()".to_owned(),
            false => format!("Objects remaining in {name} on __kmem_cache_shutdown()"),
        };
        self.log.line(&format!("BUG {name} (Tainted: G        W  OE     ): {what}"));
        self.log.line(dash);
        self.log.line("");
        self.log.line(&format!("Slab objects={objects} used={used}"));
        for live in self.tracker.borrow().live() {
            if live.kind == (Kind::Object { cache: handle }) {
                let offset = live.key % info.map_or(4096, |info| info.geometry.order.bytes());
                self.log.line(&format!("Object {:#010x} @offset={offset}", live.key));
            }
        }
        let chain = self.chain(call);
        let caller = chain.first().map_or_else(String::new, |addr| self.symbol_text(*addr, true));
        let text = format!("kmem_cache_destroy {name}: Slab cache still has objects when called from {caller}");
        self.print_warning("mm/slab_common.c:493", Some(&text), &chain);
    }
}
