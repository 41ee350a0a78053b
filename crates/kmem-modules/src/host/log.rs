//! The kernel log, warnings, context checks, time and chance.

use crate::exec::Call;
use crate::finding::{Finding, FindingKind};
use crate::session::Session;

pub(super) fn printk(s: &Session, call: &mut Call<'_>) -> u64 {
    let (text, len) = (call.word(), call.word());
    let bytes = s.read_bytes(text, len.min(1 << 16));
    if s.may_print(call, len) {
        s.log.printk(&bytes);
    }
    len.into()
}
pub(super) fn dump_stack(s: &Session, call: &mut Call<'_>) -> u64 {
    s.print_call_trace(&s.chain(call));
    0
}
pub(super) fn bug(s: &Session, call: &mut Call<'_>) -> u64 {
    let (file, line) = (s.read_string(call.word()), call.word());
    s.log.line("------------[ cut here ]------------");
    s.log.line(&format!("kernel BUG at {file}:{line}!"));
    s.die(call, format!("BUG() at {file}:{line}"), Vec::new());
    0
}
pub(super) fn warn(s: &Session, call: &mut Call<'_>) -> u64 {
    let (file, line, text) = (s.read_string(call.word()), call.word(), call.word());
    let text = (text != 0).then(|| s.read_string(text));
    let chain = s.chain(call);
    // Who warns is who called the runtime's function for it.
    let own = chain.iter().take_while(|at| s.symbol_text(at.wrapping_sub(1), false) == "kmem_warn").count();
    s.print_warning(&format!("{file}:{line}"), text.as_deref(), chain.get(own..).unwrap_or_default());
    0
}
pub(super) fn panic(s: &Session, call: &mut Call<'_>) -> u64 {
    let text = s.read_string(call.word());
    s.log.line(&format!("Kernel panic - not syncing: {}", text.trim_end()));
    s.die(call, format!("panic(): {}", text.trim_end()), Vec::new());
    0
}
pub(super) fn misuse(s: &Session, call: &mut Call<'_>) -> u64 {
    let (what, pointer) = (s.read_string(call.word()), call.word());
    let at = s.place(&s.chain(call));
    let mut finding = Finding::new(FindingKind::Misuse, what.trim_end(), at, "here");
    if pointer != 0 {
        let what = s.describe(pointer.into());
        finding = finding.note(format!("it is about the address {}, which is {what}", s.hex(pointer)));
    }
    s.report(finding);
    0
}
/// `void kmem_host_misuse_in(const char *what, const void *function)`: a callback that did it has returned already.
pub(super) fn misuse_in(s: &Session, call: &mut Call<'_>) -> u64 {
    let (what, function) = (s.read_string(call.word()), call.word());
    let at = s.place_of_function(function);
    s.report(Finding::new(FindingKind::Misuse, what.trim_end(), at, "this function"));
    0
}
pub(super) fn symbol(s: &Session, call: &mut Call<'_>) -> u64 {
    let (addr, buffer, size, with_offset) = (call.word(), call.word(), call.word(), call.word());
    let mut text = s.symbol_text(addr, true);
    // The name alone has its module behind it too.
    if let Some(plus) = text.find('+').filter(|_| with_offset == 0) {
        let end = text[plus..].find(' ').map_or(text.len(), |blank| plus + blank);
        text.replace_range(plus..end, "");
    }
    s.write_string(buffer, size, &text)
}
pub(super) fn might_sleep(s: &Session, call: &mut Call<'_>) -> u64 {
    s.check_context(call, "a function that may sleep");
    0
}
pub(super) fn random(s: &Session, call: &mut Call<'_>) -> u64 {
    let (buffer, len) = (call.word(), call.word());
    s.kasan_access(call, buffer, len, true);
    let bytes: Vec<u8> = (0..len.min(1 << 20)).map(|_| s.random_byte()).collect();
    s.write_bytes(buffer, &bytes);
    0
}
