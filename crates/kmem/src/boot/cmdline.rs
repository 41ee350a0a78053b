//! The kernel command line: which parameters it holds and what their values mean.
//!
//! A command line is words between blanks; a word is `name` or `name=value`; double quotes keep blanks together. The
//! last of several equal names wins, which is how a user's parameter overrides the board's. `-` and `_` in a name are
//! the same letter. What stands after a lone `--` is for the first program, not for the kernel.
//!
//! Sizes are read as the kernel's `memparse` reads them: decimal, `0x` hexadecimal or octal with a leading 0, then K, M,
//! G, T, P or E. Where the kernel keeps the result in a `long` of 32 bits, what lies above is lost: `vmalloc=4G` is 0
//! there.
//!
//! Kernel counterpart: `kernel/params.c` (`next_arg`, `parameq`), `lib/cmdline.c` (`memparse`).

/// A command line.
#[derive(Clone, Copy, Debug)]
pub struct CommandLine<'a> {
    text: &'a str,
}

/// One parameter of a command line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Param<'a> {
    /// What stands before the `=`.
    pub name: &'a str,
    /// What stands behind it; `None` where there is no `=`.
    pub value: Option<&'a str>,
}

impl<'a> CommandLine<'a> {
    /// Wraps the text of a command line.
    pub const fn new(text: &'a str) -> Self {
        Self { text }
    }
    /// Returns the text.
    pub const fn text(self) -> &'a str {
        self.text
    }
    /// Returns the parameters in order, up to a lone `--`.
    pub fn params(self) -> Params<'a> {
        Params { rest: self.text }
    }
    /// Returns the last parameter of this name.
    pub fn last(self, name: &str) -> Option<Param<'a>> {
        self.params().filter(|param| same_name(param.name, name)).last()
    }
    /// Returns the value of the last parameter of this name as a size: 0 where no number stands behind the `=`, as the
    /// kernel has it; `None` without the parameter or its `=`.
    pub fn size(self, name: &str) -> Option<u64> {
        self.last(name)?.value.map(|value| memparse(value).map_or(0, |(bytes, _)| bytes))
    }
    /// As [`CommandLine::size`], as it arrives in a word of `word_bytes` bytes.
    pub fn size_in_word(self, name: &str, word_bytes: u32) -> Option<u64> {
        self.size(name).map(|bytes| if word_bytes == 4 { bytes & 0xffff_ffff } else { bytes })
    }
    /// True when the last parameter of this name has exactly this value.
    pub fn is(self, name: &str, value: &str) -> bool {
        self.last(name).is_some_and(|param| param.value == Some(value))
    }
    /// True when the last parameter of this name is on, as `kstrtobool` has it.
    pub fn is_on(self, name: &str) -> bool {
        let value = self.last(name).and_then(|param| param.value).unwrap_or_default();
        matches!(value.as_bytes(), [b'1' | b'y' | b'Y' | b't' | b'T', ..] | [b'o' | b'O', b'n' | b'N', ..])
    }
    /// Returns the parameters that neither the memory system nor any usual boot knows.
    pub fn unknown(self) -> impl Iterator<Item = Param<'a>> {
        self.params().filter(|param| state_of(param.name) == Known::No)
    }
}

/// The parameters of a command line, in order.
#[derive(Clone, Debug)]
pub struct Params<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Params<'a> {
    type Item = Param<'a>;
    fn next(&mut self) -> Option<Param<'a>> {
        let text = self.rest.trim_start_matches(is_blank);
        let mut quoted = false;
        let end = text
            .char_indices()
            .find(|&(_, c)| {
                quoted ^= c == '"';
                is_blank(c) && !quoted
            })
            .map_or(text.len(), |(at, _)| at);
        let (word, rest) = text.split_at(end);
        if word.is_empty() || word == "--" {
            self.rest = "";
            return None;
        }
        self.rest = rest;
        let word = match word.strip_prefix('"') {
            Some(inner) => inner.strip_suffix('"').unwrap_or(inner),
            None => word,
        };
        Some(match word.split_once('=') {
            Some((name, value)) => {
                let value = match value.strip_prefix('"') {
                    Some(inner) => inner.strip_suffix('"').unwrap_or(inner),
                    None => value,
                };
                Param { name, value: Some(value) }
            }
            None => Param { name: word, value: None },
        })
    }
}

fn is_blank(c: char) -> bool {
    c.is_ascii_whitespace()
}

/// True when the kernel takes two names for one: `-` and `_` are the same.
pub fn same_name(a: &str, b: &str) -> bool {
    let fold = |byte: u8| if byte == b'-' { b'_' } else { byte };
    a.bytes().map(fold).eq(b.bytes().map(fold))
}

/// Reads a size at the start of `text`; returns it and what follows. `None` when no digit is there.
///
/// Numbers and shifts wrap at 64 bits, as the kernel's do.
///
/// # Source
/// `lib/cmdline.c`, `memparse`; `lib/kstrtox.c`, `_parse_integer_fixup_radix` (base 0).
///
/// # Examples
/// ```
/// # use kmem::boot::cmdline::memparse;
/// assert_eq!(memparse("64M"), Some((64 << 20, "")));
/// assert_eq!(memparse("0x10k@1G"), Some((0x4000, "@1G")));
/// assert_eq!(memparse("010"), Some((8, "")));
/// assert_eq!(memparse("nopentium"), None);
/// ```
pub fn memparse(text: &str) -> Option<(u64, &str)> {
    let bytes = text.as_bytes();
    let second_is = |want: fn(&u8) -> bool| bytes.get(2).is_some_and(want);
    let (base, mut at) = match (bytes.first()?, bytes.get(1).map(u8::to_ascii_lowercase)) {
        (b'0', Some(b'x')) if second_is(u8::is_ascii_hexdigit) => (16, 2),
        (b'0', _) => (8, 0),
        _ => (10, 0),
    };
    let start = at;
    let mut value = 0u64;
    while let Some(digit) = bytes.get(at).and_then(|&byte| char::from(byte).to_digit(base)) {
        value = value.wrapping_mul(u64::from(base)).wrapping_add(u64::from(digit));
        at += 1;
    }
    if at == start {
        return None;
    }
    let shift = match bytes.get(at).map(u8::to_ascii_uppercase) {
        Some(b'K') => 10,
        Some(b'M') => 20,
        Some(b'G') => 30,
        Some(b'T') => 40,
        Some(b'P') => 50,
        Some(b'E') => 60,
        _ => return Some((value, text.get(at..)?)),
    };
    Some((value << shift, text.get(at + 1..)?))
}

/// What is known of a parameter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Known {
    /// The memory system acts on it.
    Used,
    /// A parameter of the memory system of a kernel in the profiles that has no effect here.
    Accepted,
    /// Another part of a kernel, a board or the first program takes it.
    Elsewhere,
    /// Nobody known.
    No,
}

/// A parameter that is known, by its name. A `*` at the end stands for any rest.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// The name.
    pub name: &'static str,
    /// Who takes it.
    pub state: Known,
    /// What it does, in a few words; empty for what is not memory's business.
    pub about: &'static str,
}

const fn used(name: &'static str, about: &'static str) -> Parameter {
    Parameter { name, state: Known::Used, about }
}
const fn accepted(name: &'static str, about: &'static str) -> Parameter {
    Parameter { name, state: Known::Accepted, about }
}
const fn elsewhere(name: &'static str) -> Parameter {
    Parameter { name, state: Known::Elsewhere, about: "" }
}

/// The parameters that are known. Source: `Documentation/admin-guide/kernel-parameters.txt`.
pub static PARAMETERS: &[Parameter] = &[
    used("mem", "RAM ends here, whatever the firmware says"),
    used("vmalloc", "bytes of the vmalloc area (32-bit machines)"),
    used("highmem", "bytes of high memory: moves low memory up, or drops RAM"),
    used("kernelcore", "bytes or percent for the kernel; the rest becomes ZONE_MOVABLE (`mirror`: refused with a warning)"),
    used("movablecore", "bytes or percent of ZONE_MOVABLE"),
    used("transparent_hugepage", "`never` keeps khugepaged from raising min_free_kbytes"),
    used("slub_debug", "checks in SLUB caches: `FZPU,name*;…`"),
    used("slab_debug", "the same, as 6.9 and later call it"),
    used("slab_nomerge", "caches of equal geometry stay apart (SLUB; since 3.18 so, before as slub_nomerge)"),
    used("slub_nomerge", "caches of equal geometry stay apart"),
    used("slub_max_order", "largest order of a slab"),
    used("slub_min_order", "smallest order of a slab"),
    used("slub_min_objects", "objects a slab should hold"),
    used("slab_max_order", "largest order of a slab (6.9 and later)"),
    used("slab_min_order", "smallest order of a slab (6.9 and later)"),
    used("slab_min_objects", "objects a slab should hold (6.9 and later)"),
    used("sysctl.vm.*", "a tunable under /proc/sys/vm, written when boot ends: min_free_kbytes, watermark_scale_factor, lowmem_reserve_ratio and others"),
    accepted("memblock", "`debug` logs early allocations"),
    accepted("memmap", "the memory map by hand"),
    used("cma", "size of the contiguous area"),
    used("hugepages", "huge pages taken at boot; those larger than the largest block come off RAM"),
    used("hugepagesz", "which size of huge pages is meant"),
    used("default_hugepagesz", "the usual size of huge pages"),
    used("init_on_alloc", "`1`: zero what modules allocate"),
    accepted("init_on_free", "zero what is freed"),
    used("page_poison", "`1`: fill freed pages, and see writes to them when they are allocated again"),
    used("page_owner", "`on`: remember who allocated a page"),
    accepted("page_alloc.shuffle", "shuffle the free lists"),
    accepted("debug_pagealloc", "unmap free pages"),
    accepted("debug_guardpage_minorder", "order of guard pages"),
    used("slub_merge", "takes slub_nomerge back"),
    used("slab_merge", "takes slab_nomerge back"),
    accepted("dhash_entries", "entries of the dentry hash"),
    accepted("ihash_entries", "entries of the inode hash"),
    accepted("hashdist", "large hashes over all nodes"),
    accepted("numa", "NUMA on or off"),
    accepted("numa_balancing", "NUMA balancing"),
    accepted("cgroup_disable", "cgroup controllers that are off"),
    accepted("cgroup.memory", "memory cgroup options"),
    accepted("swapaccount", "memory cgroup options"),
    accepted("swiotlb", "bounce buffers"),
    accepted("kasan", "KASAN on or off"),
    accepted("kfence.*", "KFENCE"),
    accepted("percpu_alloc", "which first chunk allocator"),
    accepted("kasan.*", "KASAN"),
    accepted("kmemleak", "kmemleak on or off"),
    accepted("norandmaps", "no randomised user addresses"),
    accepted("stack_guard_gap", "pages between stacks and what lies below"),
    accepted("user_debug", "what is said of user faults"),
    accepted("nopae", "no PAE"),
    accepted("noexec", "no-execute pages"),
    accepted("lowmem_debug", "says what is low memory"),
    accepted("kmem.*", "kmem's own"),
    elsewhere("console"),
    elsewhere("earlycon"),
    elsewhere("earlyprintk"),
    elsewhere("loglevel"),
    elsewhere("ignore_loglevel"),
    elsewhere("quiet"),
    elsewhere("debug"),
    elsewhere("verbose"),
    elsewhere("splash"),
    elsewhere("log_buf_len"),
    elsewhere("no_hash_pointers"),
    elsewhere("printk.*"),
    elsewhere("nokaslr"),
    elsewhere("kaslr"),
    elsewhere("root"),
    elsewhere("rootfstype"),
    elsewhere("rootflags"),
    elsewhere("rootwait"),
    elsewhere("rootdelay"),
    elsewhere("ro"),
    elsewhere("rw"),
    elsewhere("init"),
    elsewhere("rdinit"),
    elsewhere("initrd"),
    elsewhere("noinitrd"),
    elsewhere("ramdisk_size"),
    elsewhere("resume"),
    elsewhere("noresume"),
    elsewhere("ip"),
    elsewhere("nfsroot"),
    elsewhere("panic"),
    elsewhere("oops"),
    elsewhere("single"),
    elsewhere("nosmp"),
    elsewhere("maxcpus"),
    elsewhere("nr_cpus"),
    elsewhere("possible_cpus"),
    elsewhere("isolcpus"),
    elsewhere("acpi"),
    elsewhere("acpi_osi"),
    elsewhere("apic"),
    elsewhere("noapic"),
    elsewhere("nolapic"),
    elsewhere("lapic"),
    elsewhere("pci"),
    elsewhere("pcie_aspm"),
    elsewhere("tsc"),
    elsewhere("clocksource"),
    elsewhere("lpj"),
    elsewhere("nohz"),
    elsewhere("highres"),
    elsewhere("hpet"),
    elsewhere("idle"),
    elsewhere("processor.*"),
    elsewhere("mitigations"),
    elsewhere("nopti"),
    elsewhere("pti"),
    elsewhere("spectre_v2"),
    elsewhere("selinux"),
    elsewhere("enforcing"),
    elsewhere("security"),
    elsewhere("apparmor"),
    elsewhere("audit"),
    elsewhere("lsm"),
    elsewhere("BOOT_IMAGE"),
    elsewhere("auto"),
    elsewhere("vga"),
    elsewhere("video"),
    elsewhere("nomodeset"),
    elsewhere("fbcon"),
    elsewhere("net.ifnames"),
    elsewhere("biosdevname"),
    elsewhere("crashkernel"),
    elsewhere("watchdog"),
    elsewhere("nowatchdog"),
    elsewhere("nmi_watchdog"),
    elsewhere("softlockup_panic"),
    elsewhere("usbcore.*"),
    elsewhere("nosplash"),
    elsewhere("fastboot"),
    elsewhere("raid"),
    elsewhere("ide"),
    elsewhere("ide0"),
    elsewhere("nousb"),
    elsewhere("mtdparts"),
    elsewhere("machtype"),
    elsewhere("fdt"),
    elsewhere("androidboot.*"),
    elsewhere("user_root"),
    elsewhere("kgsl.*"),
    elsewhere("msm_rtb.*"),
    elsewhere("ehci_hcd.*"),
    elsewhere("lcd"),
    elsewhere("lpm_levels.*"),
    elsewhere("zcache"),
    elsewhere("coherent_pool"),
];

/// Returns what is known of a parameter by its name.
///
/// A name with a dot belongs to a module, known here or not; kernels do not report those either.
pub fn state_of(name: &str) -> Known {
    let matches = |known: &Parameter| match known.name.strip_suffix('*') {
        Some(prefix) => name.get(..prefix.len()).is_some_and(|head| same_name(head, prefix)),
        None => same_name(name, known.name),
    };
    match PARAMETERS.iter().find(|known| matches(known)) {
        Some(known) => known.state,
        None if name.contains('.') => Known::Elsewhere,
        None => Known::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, Option<&str>)]) {
        let mut params = CommandLine::new(text).params();
        for &(name, value) in expected {
            assert_eq!(params.next(), Some(Param { name, value }), "{text}");
        }
        assert_eq!(params.next(), None, "{text}");
    }

    #[test]
    fn words_quotes_and_the_end() {
        check("", &[]);
        check("  quiet\tmem=1G ", &[("quiet", None), ("mem", Some("1G"))]);
        check("tunes=\"a=1 b=2\" x", &[("tunes", Some("a=1 b=2")), ("x", None)]);
        check("\"a b=c d\" e", &[("a b", Some("c d")), ("e", None)]);
        check("a -- b=1", &[("a", None)]);
        check("a=b=c =d", &[("a", Some("b=c")), ("", Some("d"))]);
        check("open=\"never closed x", &[("open", Some("never closed x"))]);
        check("\" \u{e9}\u{e9}", &[(" \u{e9}\u{e9}", None)]);
    }

    #[test]
    fn the_last_one_wins() {
        let line = CommandLine::new("vmalloc=200M vmalloc=300M no-hash_pointers");
        assert_eq!(line.size("vmalloc"), Some(300 << 20));
        assert!(line.last("no_hash-pointers").is_some());
        assert_eq!(line.size("mem"), None);
        assert_eq!(CommandLine::new("mem=nopentium vmalloc= highmem").size("mem"), Some(0));
        assert_eq!(CommandLine::new("mem=nopentium vmalloc= highmem").size("vmalloc"), Some(0));
        assert_eq!(CommandLine::new("mem=nopentium vmalloc= highmem").size("highmem"), None);
        assert!(CommandLine::new("transparent_hugepage=never").is("transparent_hugepage", "never"));
    }

    #[test]
    fn sizes_of_the_kernel() {
        for (text, bytes, rest) in [
            ("0", 0, ""),
            ("4096", 4096, ""),
            ("0x1000", 4096, ""),
            ("0X1fG", 31 << 30, ""),
            ("017", 15, ""),
            ("0x", 0, "x"),
            ("08", 0, "8"),
            ("64k", 64 << 10, ""),
            ("64M", 64 << 20, ""),
            ("2g@1M", 2 << 30, "@1M"),
            ("1T", 1 << 40, ""),
            ("1P", 1 << 50, ""),
            ("1E", 1 << 60, ""),
            ("16E", 0, ""),
            ("18446744073709551617", 1, ""),
            ("12\u{e9}", 12, "\u{e9}"),
        ] {
            assert_eq!(memparse(text), Some((bytes, rest)), "{text}");
        }
        for text in ["", "M", "-1", "x10", "\u{e9}"] {
            assert_eq!(memparse(text), None, "{text}");
        }
        assert_eq!(CommandLine::new("vmalloc=4G").size_in_word("vmalloc", 4), Some(0));
        assert_eq!(CommandLine::new("vmalloc=4G").size_in_word("vmalloc", 8), Some(4 << 30));
    }

    #[test]
    fn only_what_nobody_knows_is_named() {
        let unknown = |text: &'static str| CommandLine::new(text).unknown().map(|param| param.name).next();
        assert_eq!(unknown("androidboot.hardware=qcom loglevel=7 vmalloc=200M"), None);
        assert_eq!(unknown("console=ttyS0 panic=-1 no_hash_pointers memblock=debug nokaslr root=/dev/vda quiet"), None);
        assert_eq!(unknown("sysctl.vm.swappiness=10 some_module.option=1"), None);
        assert_eq!(unknown("quiet vmaloc=200M"), Some("vmaloc"));
    }
}
