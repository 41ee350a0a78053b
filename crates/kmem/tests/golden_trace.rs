//! Lines of real traces, read into events and written again, are the lines byte for byte.
//!
//! `golden/*/trace_excerpt` has some lines of each event, one for each set of GFP flags, one for each order and mobility
//! type, of 6.1 (i386, ARM) and 6.12 (amd64). The reader is this file's own.

use kmem::error::Name;
use kmem::event::text::{EventStyle, EventText, Names, Stamp, EVENTS_6_1, EVENTS_6_12, EVENTS_6_1_CMA};
use kmem::event::{Event, ObjectAlloc, Place};
use kmem::gfp::{GfpEncoding, GFP_6_1, GFP_6_12};
use kmem::units::{Order, Pfn};
use std::collections::BTreeSet;
use std::fmt::{Result, Write};
use std::path::Path;

/// Symbols and caches that the excerpt names; their numbers are places in this list.
#[derive(Default)]
struct Table(Vec<String>);

impl Table {
    fn number(&mut self, text: &str) -> u64 {
        let known = self.0.iter().position(|known| known == text);
        known.unwrap_or_else(|| {
            self.0.push(text.to_owned());
            self.0.len() - 1
        }) as u64
    }
}
impl Names for Table {
    fn symbol(&self, out: &mut dyn Write, addr: u64) -> Result {
        out.write_str(&self.0[addr as usize])
    }
    fn cache(&self, number: u32) -> Name {
        Name::new(&self.0[number as usize])
    }
    fn zone(&self, _zone: u8) -> Name {
        Name::default()
    }
}

/// The fields behind an event's name.
struct Fields<'a> {
    text: &'a str,
    gfp: &'static GfpEncoding,
}

impl<'a> Fields<'a> {
    fn word(&self, key: &str) -> &'a str {
        let found = self.text.split(' ').find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
        found.unwrap_or_else(|| panic!("{key} in {}", self.text))
    }
    fn number<T: std::str::FromStr>(&self, key: &str) -> T {
        self.word(key).parse().unwrap_or_else(|_| panic!("{key} in {}", self.text))
    }
    fn hex(&self, key: &str) -> u64 {
        u64::from_str_radix(self.word(key).trim_start_matches("0x"), 16).unwrap()
    }
    fn order(&self, key: &str) -> Order {
        Order::new(self.number(key)).unwrap()
    }
    fn pfn(&self) -> Pfn {
        Pfn::new(self.hex("pfn"))
    }
    fn object(&self, names: &mut Table) -> ObjectAlloc {
        ObjectAlloc {
            call_site: names.number(self.word("call_site")),
            ptr: self.hex("ptr"),
            bytes_req: self.number("bytes_req"),
            bytes_alloc: self.number("bytes_alloc"),
            gfp: self.gfp(),
            node: self.number("node"),
            accounted: self.number("accounted"),
        }
    }
    fn gfp(&self) -> kmem::Gfp {
        let words = self.word("gfp_flags");
        self.gfp.parse(words).unwrap_or_else(|| panic!("known words: {words}"))
    }
}

fn read_event(name: &str, fields: &Fields, names: &mut Table) -> Event {
    let (pfn, flag) = (|| fields.pfn(), |key: &str| fields.number::<u32>(key) == 1);
    match name {
        "mm_page_alloc" => Event::MmPageAlloc {
            pfn: (pfn() != Pfn::new(0)).then(pfn),
            order: fields.order("order"),
            migratetype: fields.number("migratetype"),
            gfp: fields.gfp(),
            from: Place::Unsaid,
        },
        "mm_page_free" => Event::MmPageFree { pfn: pfn(), order: fields.order("order"), to: Place::Unsaid },
        "mm_page_free_batched" => Event::MmPageFreeBatched { pfn: pfn() },
        "mm_page_alloc_zone_locked" => Event::MmPageAllocZoneLocked {
            pfn: pfn(),
            order: fields.order("order"),
            migratetype: fields.number("migratetype"),
            percpu_refill: flag("percpu_refill"),
        },
        "mm_page_pcpu_drain" => Event::MmPagePcpuDrain {
            pfn: pfn(),
            order: fields.order("order"),
            migratetype: fields.number("migratetype"),
            from: Place::Unsaid,
        },
        "mm_page_alloc_extfrag" => Event::MmPageAllocExtfrag {
            pfn: pfn(),
            alloc_order: fields.order("alloc_order"),
            fallback_order: fields.order("fallback_order"),
            alloc_migratetype: fields.number("alloc_migratetype"),
            fallback_migratetype: fields.number("fallback_migratetype"),
            change_ownership: flag("change_ownership"),
        },
        "kmalloc" => Event::Kmalloc(fields.object(names)),
        "kmem_cache_alloc" => Event::KmemCacheAlloc(fields.object(names)),
        "kfree" => Event::Kfree { call_site: names.number(fields.word("call_site")), ptr: fields.hex("ptr") },
        "kmem_cache_free" => Event::KmemCacheFree {
            call_site: names.number(fields.word("call_site")),
            ptr: fields.hex("ptr"),
            cache: names.number(fields.word("name")) as u32,
        },
        _ => panic!("a known event: {name}"),
    }
}

/// `init-1       [000] .....    31.876840: kmem_cache_free: call_site=…`
fn read_line(line: &str) -> (Stamp, &str, &str) {
    let (comm, rest) = line.split_at(16);
    let mut words = rest[1..].split_whitespace();
    let (pid, cpu, flags, time) =
        (words.next().unwrap(), words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
    let (seconds, micro) = time.trim_end_matches(':').split_once('.').unwrap();
    let stamp = Stamp {
        comm: Name::new(comm.trim_start()),
        pid: pid.parse().unwrap(),
        cpu: cpu[1..4].parse().unwrap(),
        flags: flags.as_bytes().try_into().unwrap(),
        microseconds: seconds.parse::<u64>().unwrap() * 1_000_000 + micro.parse::<u64>().unwrap(),
    };
    let (_, event) = line.split_once(time).unwrap();
    let (name, fields) = event.trim_start().split_once(": ").unwrap();
    (stamp, name, fields)
}

/// Returns where the page structure of frame 0 would be, from two lines that name a page, and how large one is.
fn mem_map(text: &str) -> (u64, u32) {
    let gfp = &GFP_6_1;
    let mut pages: Vec<(u64, u64)> = text
        .lines()
        .filter(|line| line.contains(" pfn="))
        .map(|line| Fields { text: line, gfp })
        .map(|fields| (fields.hex("pfn"), fields.hex("page")))
        .collect();
    pages.sort_unstable();
    let (first, last) = (pages[0], pages[pages.len() - 1]);
    let bytes = (last.1 - first.1) / (last.0 - first.0);
    (first.1.wrapping_sub(first.0.wrapping_mul(bytes)), bytes as u32)
}

#[track_caller]
fn check(case: &str, style: &'static EventStyle, gfp: &'static GfpEncoding, digits: usize, expected: (u32, u32)) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden").join(case).join("trace_excerpt");
    let real = std::fs::read_to_string(path).unwrap();
    let mut names = Table::default();
    let mut kinds = BTreeSet::new();
    let events: Vec<_> = real
        .lines()
        .map(|line| {
            let (stamp, name, text) = read_line(line);
            kinds.insert(name);
            (stamp, read_event(name, &Fields { text, gfp }, &mut names))
        })
        .collect();
    let (mem_map, struct_page) = mem_map(&real);
    let text = EventText {
        style,
        gfp,
        mem_map,
        struct_page,
        address_digits: digits,
        pageblock_order: Order::new(expected.1).unwrap(),
        names: &names,
    };
    assert_eq!(struct_page, expected.0, "{case}: bytes of a page structure");
    for (line, (stamp, event)) in real.lines().zip(&events) {
        let mut written = String::new();
        text.write_line(&mut written, stamp, event).unwrap();
        assert_eq!(written.trim_end_matches('\n'), line, "{case}: {event:?}");
    }
    assert!(kinds.len() >= 9, "{case} has only {kinds:?}");
}

#[test]
fn lines_of_6_1() {
    check("trace-i386-pae-256m-mix", &EVENTS_6_1, &GFP_6_1, 8, (40, 9));
    check("trace-i386-256m-find", &EVENTS_6_1, &GFP_6_1, 8, (40, 10));
    check("trace-armhf-256m-mix", &EVENTS_6_1_CMA, &GFP_6_1, 8, (36, 11));
}

#[test]
fn lines_of_6_12() {
    check("trace-amd64-512m-mix", &EVENTS_6_12, &GFP_6_12, 16, (64, 9));
}
