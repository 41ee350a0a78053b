//! Reports of kernels that ran out of memory, written from the numbers of real ones, are the real ones byte for byte.
//!
//! `golden/*/memory_report` has the lines of the kernel log without time stamps and call traces: of 6.1, on ARM, i386 and
//! amd64. The reader is this file's own. Older forms and that of 6.12 have no recording; the last tests say what they are.

use kmem::error::Name;
use kmem::gfp::{GfpEncoding, GFP_2_6, GFP_3_4, GFP_6_1, GFP_6_12};
use kmem::snapshot::proc::{self, ProcFormat};
use kmem::snapshot::report::oom_report::{self, Constraint, TaskRow};
use kmem::snapshot::report::page_failure::{self, Request};
use kmem::snapshot::report::{mem_info, HugePool, Totals, ZonePlace, ZoneReport};
use kmem::snapshot::{PageTypeRow, PcpInfo, SlabRow, Stat, Stats, ZoneInfo};
use kmem::units::Order;
use kmem::Gfp;
use std::path::Path;

fn same(written: &str, real: &str) {
    for (line, (written, real)) in written.lines().zip(real.lines()).enumerate() {
        assert_eq!(written, real, "line {}", line + 1);
    }
    assert_eq!(written, real);
}

/// Returns the number behind `key:` in a line; `None` when the key is not there.
fn field(line: &str, key: &str) -> Option<u64> {
    let word = line.split(' ').find_map(|word| word.strip_prefix(key)?.strip_prefix(':'))?;
    word.trim_end_matches("kB").trim_end_matches("KB").parse().ok()
}

fn between<'a>(line: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = line.split_once(before).unwrap_or_else(|| panic!("{before} in {line}"));
    rest.split_once(after).map_or(rest, |(text, _)| text)
}

fn number<T: std::str::FromStr>(text: &str) -> T {
    text.trim().parse().unwrap_or_else(|_| panic!("a number: {text}"))
}

/// Pages of a field in kB.
fn pages(line: &str, key: &str) -> u64 {
    field(line, key).unwrap_or_else(|| panic!("{key} in {line}")) / 4
}

/// A report, read.
#[derive(Default)]
struct Report {
    zones: Vec<ZoneReport>,
    huge: Vec<HugePool>,
    cma: u64,
    highest_zone: usize,
}

const NODE: &[(&str, Stat)] = &[
    ("active_anon", Stat::ActiveAnon),
    ("inactive_anon", Stat::InactiveAnon),
    ("active_file", Stat::ActiveFile),
    ("inactive_file", Stat::InactiveFile),
    ("unevictable", Stat::Unevictable),
    ("isolated(anon)", Stat::IsolatedAnon),
    ("isolated(file)", Stat::IsolatedFile),
    ("mapped", Stat::Mapped),
    ("dirty", Stat::Dirty),
    ("writeback", Stat::Writeback),
    ("shmem", Stat::Shmem),
    ("writeback_tmp", Stat::WritebackTemp),
    ("pagetables", Stat::PageTablePages),
    ("sec_pagetables", Stat::SecPageTablePages),
];
const ZONE: &[(&str, Stat)] = &[
    ("active_anon", Stat::ZoneActiveAnon),
    ("inactive_anon", Stat::ZoneInactiveAnon),
    ("active_file", Stat::ZoneActiveFile),
    ("inactive_file", Stat::ZoneInactiveFile),
    ("unevictable", Stat::ZoneUnevictable),
    ("writepending", Stat::ZoneWritePending),
    ("mlocked", Stat::Mlock),
    ("bounce", Stat::Bounce),
    ("free_cma", Stat::FreeCma),
];
/// Counters that only the sums have.
const SUMS: &[(&str, Stat)] = &[
    ("slab_reclaimable", Stat::SlabReclaimable),
    ("slab_unreclaimable", Stat::SlabUnreclaimable),
    ("kernel_misc_reclaimable", Stat::KernelMiscReclaimable),
];

fn read(text: &str) -> Report {
    let mut report = Report::default();
    let mut node = Stats::default();
    let (mut free, mut free_cma, mut unreclaimable) = (0, 0, 0);
    let (mut ram, mut high, mut reserved) = (0, 0, 0);
    for line in text.lines() {
        let name = line.trim_start_matches("Node 0 ").split([' ', ':']).next().unwrap();
        if line.starts_with(' ') || line.starts_with("active_anon") {
            SUMS.iter().for_each(|&(key, stat)| node[stat] += field(line, key).unwrap_or(0));
            free += field(line, "free").unwrap_or(0);
            free_cma += field(line, "free_cma").unwrap_or(0);
        } else if line.starts_with("Node 0 active_anon") {
            NODE.iter().for_each(|&(key, stat)| node[stat] = pages(line, key));
            node[Stat::KernelStack] = field(line, "kernel_stack").unwrap();
            unreclaimable = u64::from(line.ends_with("yes"));
        } else if line.contains("hugepages_total") {
            report.huge.push(HugePool {
                node: 0,
                size_kb: number(between(line, "hugepages_size=", "kB")),
                total: number(between(line, "hugepages_total=", " ")),
                free: number(between(line, "hugepages_free=", " ")),
                surplus: number(between(line, "hugepages_surp=", " ")),
            });
        } else if line.contains(" free:") {
            report.zones.push(read_zone(line, name));
        } else if let Some(list) = line.strip_prefix("lowmem_reserve[]:") {
            let zone = &mut report.zones.last_mut().unwrap().info;
            for word in list.split_whitespace() {
                zone.protection[zone.zones] = number(word);
                zone.zones += 1;
            }
        } else if line.contains("*4kB") {
            let zone = report.zones.iter_mut().find(|zone| zone.info.zone.as_str() == name).unwrap();
            zone.free = read_blocks(line);
        } else if let Some(count) = line.strip_suffix(" total pagecache pages") {
            node[Stat::FilePages] = number(count);
        } else if let Some(count) = line.strip_suffix(" pages RAM") {
            ram = number(count);
        } else if let Some(count) = line.strip_suffix(" pages HighMem/MovableOnly") {
            high = number(count);
        } else if let Some(count) = line.strip_suffix(" pages reserved") {
            reserved = number(count);
        } else if let Some(count) = line.strip_suffix(" pages cma reserved") {
            report.cma = number(count);
        }
    }
    report.zones[0].info.node_stats = Some(node);
    report.zones[0].info.unreclaimable = unreclaimable;
    report.highest_zone = report.zones.len() - 1;
    // Zones that are not shown hold the rest of the sums.
    let sum = |of: fn(&ZoneReport) -> u64| report.zones.iter().map(of).sum::<u64>();
    let mut hidden = ZoneReport { place: ZonePlace::High, ..ZoneReport::default() };
    hidden.info.present = ram - sum(|zone| zone.info.present);
    hidden.info.managed = ram - reserved - sum(|zone| zone.info.managed);
    hidden.info.stats[Stat::FreePages] = free - sum(|zone| zone.info.free);
    hidden.info.stats[Stat::FreeCma] = free_cma - sum(|zone| zone.info.stats[Stat::FreeCma]);
    assert_eq!(hidden.info.present, high, "only high zones are hidden");
    report.zones.push(hidden);
    report
}

fn read_zone(line: &str, name: &str) -> ZoneReport {
    let mut zone = ZoneReport::default();
    let info = &mut zone.info;
    info.zone = Name::new(name);
    info.free = pages(line, "free");
    info.boost = pages(line, "boost");
    (info.min, info.low, info.high) = (pages(line, "min"), pages(line, "low"), pages(line, "high"));
    (info.present, info.managed) = (pages(line, "present"), pages(line, "managed"));
    ZONE.iter().for_each(|&(key, stat)| info.stats[stat] = pages(line, key));
    info.stats[Stat::FreePages] = info.free;
    // This CPU's list first, those of the others as one.
    let (all, local) = (pages(line, "free_pcp"), pages(line, "local_pcp"));
    info.pcp[0] = PcpInfo { count: local as u32, ..PcpInfo::default() };
    info.pcp[1] = PcpInfo { count: (all - local) as u32, ..PcpInfo::default() };
    info.cpus = 2;
    zone.reserved_highatomic = pages(line, "reserved_highatomic");
    zone
}

/// `DMA: 20*4kB (UEC) 0*8kB … = 5280kB`: the letters say which mobility types there are, not how many blocks of each.
fn read_blocks(line: &str) -> PageTypeRow {
    let mut row = PageTypeRow::default();
    let mut words = line.split_once(": ").unwrap().1.split(' ').peekable();
    while let Some((count, _)) = words.next().and_then(|word| word.split_once('*')) {
        let mut count: u64 = number(count);
        if let Some(letters) = words.next_if(|word| word.starts_with('(')) {
            for letter in letters.trim_matches(['(', ')']).chars() {
                row.free["UMEHCI".find(letter).unwrap()][row.orders] = 1;
                count -= 1;
            }
            let first = letters[1..].chars().next().unwrap();
            row.free["UMEHCI".find(first).unwrap()][row.orders] += count;
        }
        row.orders += 1;
    }
    row
}

/// Reads the request out of a first line: `… gfp_mask=0x140cca(…), order=0, oom_score_adj=0`.
fn read_request(head: &str, gfp: &GfpEncoding) -> Request {
    let mode = if head.contains("gfp_mask=") { "gfp_mask=0x" } else { "mode:0x" };
    let raw = u32::from_str_radix(between(head, mode, "("), 16).unwrap();
    let order = if head.contains("order=") { number(between(head, "order=", ",")) } else { 0 };
    Request {
        comm: Name::new(head.split([' ', ':']).next().unwrap()),
        order: Order::new(order).unwrap(),
        gfp: gfp.decode(raw).0,
        nodemask: None,
        mems_allowed: 1,
    }
}

#[track_caller]
fn check(case: &str, format: &ProcFormat) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden").join(case).join("memory_report");
    let all = std::fs::read_to_string(path).unwrap();
    let heads = ["invoked oom-killer", "vmalloc error"];
    let is_head = |line: &&str| heads.iter().any(|head| line.contains(head));
    let starts: Vec<_> = all.lines().filter(is_head).map(|line| all.find(line).unwrap()).collect();
    for (at, &start) in starts.iter().enumerate() {
        let real = &all[start..starts.get(at + 1).copied().unwrap_or(all.len())];
        same(&write_again(real, format), real);
    }
}

fn write_again(real: &str, format: &ProcFormat) -> String {
    let (style, gfp) = (&format.report, &GFP_6_1);
    let head = real.lines().next().unwrap();
    let request = read_request(head, gfp);
    let report = read(real);
    let totals =
        Totals { cpu: 0, highest_zone: report.highest_zone, cma: report.cma, huge: &report.huge, ..Totals::default() };
    let mut written = String::new();
    if head.contains("vmalloc error") {
        let why = between(head, ", ", ", mode");
        let bytes = number(between(head, "size ", ","));
        page_failure::write_vmalloc_head(&mut written, style, &request, gfp, bytes, why).unwrap();
    } else {
        oom_report::write_head(&mut written, style, &request, gfp, &TaskRow::default()).unwrap();
    }
    mem_info::write(&mut written, &style.mem_info, report.zones.iter().cloned(), &totals).unwrap();
    if real.contains("Tasks state") {
        write_oom(&mut written, real, format, &request);
    }
    written
}

fn write_oom(written: &mut String, real: &str, format: &ProcFormat, request: &Request) {
    let killed = real.lines().find(|line| line.contains("Killed process"));
    let rows: Vec<TaskRow> = real
        .lines()
        .filter(|line| line.starts_with('[') && !line.contains("tgid"))
        .map(|line| {
            let words: Vec<_> = line[1..].split_whitespace().collect();
            // The table of 6.1 has resident pages in one; the line of the victim tells them apart.
            let kb = |before| killed.map_or(0, |line| number::<u64>(between(line, before, "kB")) / 4);
            TaskRow {
                pid: number(words[0].trim_end_matches(']')),
                uid: number(words[1]),
                tgid: number(words[2]),
                total_vm: number(words[3]),
                rss_anon: kb("anon-rss:"),
                rss_file: kb("file-rss:"),
                rss_shmem: kb("shmem-rss:"),
                pgtables_bytes: number(words[5]),
                swapents: number(words[6]),
                oom_score_adj: number(words[7]),
                comm: Name::new(words[8]),
                ..TaskRow::default()
            }
        })
        .collect();
    oom_report::write_tasks(written, &format.report, rows.iter().copied()).unwrap();
    match rows.first() {
        Some(victim) => {
            oom_report::write_kill(written, &format.report, request, Constraint::None, victim, 0).unwrap();
        }
        None => oom_report::write_nobody(written).unwrap(),
    }
}

#[test]
fn out_of_memory() {
    check("oom-armhf-128m", &proc::PROC_6_1_ARMHF);
    check("oom-i386-pae-96m", &proc::PROC_6_1_PAE);
}

#[test]
fn vmalloc_that_fails() {
    check("zfit-amd64-512m-exceeds", &proc::PROC_6_1_AMD64);
    check("zfit-armhf-1g", &proc::PROC_6_1_ARMHF);
    check("zfit-i386-pae-1g", &proc::PROC_6_1_PAE);
}

/// A small machine for the forms that have no recording.
fn example() -> [ZoneReport; 2] {
    let mut low = ZoneReport::default();
    low.info = ZoneInfo {
        zone: Name::new("Normal"),
        node_stats: Some(Stats::default()),
        free: 10,
        min: 16,
        low: 20,
        high: 24,
        active: 3,
        inactive: 4,
        scanned: 5,
        present: 4096,
        spanned: 4096,
        managed: 4000,
        zones: 2,
        cpus: 1,
        ..ZoneInfo::default()
    };
    low.info.protection[1] = 7;
    low.info.pcp[0] = PcpInfo { count: 30, low: 32, high: 96, batch: 16 };
    low.info.cold[0] = PcpInfo { count: 0, low: 0, high: 32, batch: 16 };
    low.info.stats[Stat::FreePages] = 10;
    low.info.stats[Stat::SlabUnreclaimable] = 100;
    low.info.stats[Stat::KernelStack] = 3;
    low.free.orders = 3;
    low.free.free[0] = [2; 16];
    low.free.free[1] = [0; 16];
    low.free.free[1][2] = 0;
    let mut high = ZoneReport { place: ZonePlace::High, ..ZoneReport::default() };
    high.info.zone = Name::new("HighMem");
    high.info.zones = 2;
    high.free.orders = 3;
    [low, high]
}

fn failure(format: &ProcFormat, gfp: &GfpEncoding) -> String {
    let request = Request {
        comm: Name::new("sh"),
        order: Order::new(4).unwrap(),
        gfp: Gfp::HIGH,
        nodemask: None,
        mems_allowed: 1,
    };
    let totals = Totals { highest_zone: 1, shared: 11, ..Totals::default() };
    let mut written = String::new();
    page_failure::write(&mut written, &format.report, &request, gfp, example().into_iter(), &totals).unwrap();
    written
}

#[test]
fn failure_of_2_6() {
    same(
        &failure(&proc::PROC_2_6_X86, &GFP_2_6),
        "sh: page allocation failure. order:4, mode:0x20\n\
         Mem-info:\n\
         Normal per-cpu:\n\
         cpu 0 hot: low 32, high 96, batch 16\n\
         cpu 0 cold: low 0, high 32, batch 16\n\
         HighMem per-cpu: empty\n\
         \n\
         Free pages:          40kB (0kB HighMem)\n\
         Active:3 inactive:4 dirty:0 writeback:0 unstable:0 free:10 slab:100 mapped:0 pagetables:0\n\
         Normal free:40kB min:64kB low:80kB high:96kB active:12kB inactive:16kB present:16384kB pages_scanned:5 all_unreclaimable? no\n\
         lowmem_reserve[]: 0 7\n\
         HighMem free:0kB min:0kB low:0kB high:0kB active:0kB inactive:0kB present:0kB pages_scanned:0 all_unreclaimable? no\n\
         lowmem_reserve[]: 0 0\n\
         Normal: 2*4kB 2*8kB 2*16kB = 56kB\n\
         HighMem: empty\n\
         Swap cache: add 0, delete 0, find 0/0, race 0+0\n\
         Free swap:            0kB\n\
         4096 pages of RAM\n\
         0 pages of HIGHMEM\n\
         96 reserved pages\n\
         11 pages shared\n\
         0 pages swap cached\n",
    );
}

#[test]
fn failure_of_3_4() {
    same(
        &failure(&proc::PROC_3_4_ARM, &GFP_3_4),
        "sh: page allocation failure: order:4, mode:0x20\n\
         Mem-info:\n\
         Normal per-cpu:\n\
         CPU    0: hi:   96, btch:  16 usd:  30\n\
         active_anon:0 inactive_anon:0 isolated_anon:0\n \
          active_file:0 inactive_file:0 isolated_file:0\n \
          unevictable:0 dirty:0 writeback:0 unstable:0\n \
          free:10 slab_reclaimable:0 slab_unreclaimable:100\n \
          mapped:0 shmem:0 pagetables:0 bounce:0\n\
         Normal free:40kB min:64kB low:80kB high:96kB active_anon:0kB inactive_anon:0kB active_file:0kB inactive_file:0kB unevictable:0kB isolated(anon):0kB isolated(file):0kB present:16384kB mlocked:0kB dirty:0kB writeback:0kB mapped:0kB shmem:0kB slab_reclaimable:0kB slab_unreclaimable:400kB kernel_stack:24kB pagetables:0kB unstable:0kB bounce:0kB writeback_tmp:0kB pages_scanned:5 all_unreclaimable? no\n\
         lowmem_reserve[]: 0 7\n\
         Normal: 2*4kB 2*8kB 2*16kB = 56kB\n\
         0 total pagecache pages\n\
         0 pages in swap cache\n\
         Swap cache stats: add 0, delete 0, find 0/0\n\
         Free swap  = 0kB\n\
         Total swap = 0kB\n\
         4096 pages of RAM\n\
         10 free pages\n\
         96 reserved pages\n\
         100 slab pages\n\
         11 pages shared\n\
         0 pages swap cached\n",
    );
}

#[test]
fn failure_of_6_12() {
    let written = failure(&proc::PROC_6_12_AMD64, &GFP_6_12);
    assert!(written.starts_with(
        "sh: page allocation failure: order:4, mode:0x20(__GFP_HIGH), nodemask=(null),cpuset=/,mems_allowed=0\nMem-Info:\n"
    ));
    assert!(
        written.contains("shmem:0kB shmem_thp:0kB shmem_pmdmapped:0kB anon_thp:0kB writeback_tmp:0kB"),
        "{written}"
    );
    assert!(written.contains("\nNode 0 Normal free:40kB boost:0kB min:64kB low:80kB high:96kB reserved_highatomic:0KB"));
    assert!(written.contains("\nNode 0 Normal: 2*4kB (U) 2*8kB (U) 2*16kB (U) = 56kB\n"), "{written}");
    assert!(written.ends_with("96 pages reserved\n0 pages hwpoisoned\n"), "{written}");
}

#[test]
fn other_forms_of_the_oom_report() {
    let task = TaskRow {
        pid: 116,
        tgid: 116,
        total_vm: 2_628_942,
        rss_anon: 1_995_157,
        rss_file: 141,
        pgtables_bytes: 16_052_224,
        oom_score_adj: 1000,
        comm: Name::new("stress-ng-vm"),
        ..TaskRow::default()
    };
    let request = Request {
        comm: Name::new("sh"),
        order: Order::ZERO,
        gfp: Gfp::KERNEL,
        nodemask: Some(0b1011),
        mems_allowed: 0b11,
    };
    let mut written = String::new();
    let format = &proc::PROC_6_12_AMD64;
    oom_report::write_head(&mut written, &format.report, &request, &GFP_6_12, &task).unwrap();
    oom_report::write_tasks(&mut written, &format.report, [task]).unwrap();
    oom_report::write_kill(&mut written, &format.report, &request, Constraint::MemoryPolicy, &task, 0).unwrap();
    same(
        &written,
        "sh invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=1000\n\
         Tasks state (memory values in pages):\n\
         [  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj name\n\
         [    116]     0   116  2628942  1995298  1995157      141         0 16052224        0          1000 stress-ng-vm\n\
         oom-kill:constraint=CONSTRAINT_MEMORY_POLICY,nodemask=0-1,3,cpuset=/,mems_allowed=0-1,global_oom,task_memcg=/,\
         task=stress-ng-vm,pid=116,uid=0\n\
         Out of memory: Killed process 116 (stress-ng-vm) total-vm:10515768kB, anon-rss:7980628kB, file-rss:564kB, \
         shmem-rss:0kB, UID:0 pgtables:15676kB oom_score_adj:1000\n",
    );

    written.clear();
    let format = &proc::PROC_3_4_ARM;
    oom_report::write_head(&mut written, &format.report, &request, &GFP_3_4, &task).unwrap();
    oom_report::write_tasks(&mut written, &format.report, [task]).unwrap();
    oom_report::write_kill(&mut written, &format.report, &request, Constraint::None, &task, 900).unwrap();
    same(
        &written,
        "sh invoked oom-killer: gfp_mask=0xd0, order=0, oom_adj=15, oom_score_adj=1000\n\
         [ pid ]   uid  tgid total_vm      rss cpu oom_adj oom_score_adj name\n\
         [  116]     0   116  2628942  1995298   0      15          1000 stress-ng-vm\n\
         Out of memory: Kill process 116 (stress-ng-vm) score 900 or sacrifice child\n\
         Killed process 116 (stress-ng-vm) total-vm:10515768kB, anon-rss:7980628kB, file-rss:564kB\n",
    );

    written.clear();
    let format = &proc::PROC_2_6_X86;
    oom_report::write_head(&mut written, &format.report, &request, &GFP_2_6, &task).unwrap();
    oom_report::write_kill(&mut written, &format.report, &request, Constraint::None, &task, 0).unwrap();
    same(&written, "oom-killer: gfp_mask=0xd0\nOut of Memory: Killed process 116 (stress-ng-vm).\n");

    written.clear();
    let row = SlabRow {
        name: Name::new("kmalloc-2k"),
        active_objs: 10,
        num_objs: 16,
        object_bytes: 2048,
        ..SlabRow::default()
    };
    oom_report::write_slabs(&mut written, [row, SlabRow::default()]).unwrap();
    same(
        &written,
        "Unreclaimable slab info:\nName                      Used          Total\n\
         kmalloc-2k                20KB         32KB\n",
    );
}
