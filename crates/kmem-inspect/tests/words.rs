//! What is said of texts: sentences that must be there, and some that must not.

use kmem_inspect::explain::pages::PageRequest;
use kmem_inspect::explain::{explain, has_problem, Question};
use kmem_inspect::Reader;

fn said(text: &str) -> String {
    let mut reader = Reader::new();
    reader.read_text("text", text);
    let mut out = String::new();
    explain(&mut out, &mut reader.finish(), &Question::default()).expect("a string can be written");
    out
}

/// A text, what is said of it, what is not.
type Case = (&'static str, &'static [&'static str], &'static [&'static str]);

fn check(cases: &[Case]) {
    for (text, there, absent) in cases {
        let said = said(text);
        for words in *there {
            assert!(said.contains(words), "`{words}` is not said of\n{text}\nbut:\n{said}");
        }
        for words in *absent {
            assert!(!said.contains(words), "`{words}` is said of\n{text}\nin:\n{said}");
        }
    }
}

#[test]
fn a_single_file_tells_something() {
    check(&[
        (
            "Node 0, zone      DMA      1      0      0      0      0      0      0      0      1      1      3 \n\
             Node 0, zone   Normal    100     50      0      0      0      0      0      0      0      0      0 \n",
            &["State: 15.79 MB free", "Free blocks", "Normal: 800 kB free", "largest free block: order 1 (8 kB), 50 of them"],
            &["pages of 16 or 64 kB"],
        ),
        (
            "Node 0, zone   Normal    100     50      0      0      0      0      0      0      0 \n",
            &["9 orders may also be those of pages of 16 or 64 kB"],
            &[],
        ),
        (
            "nr_free_pages 1000\nallocstall_normal 12\npswpin 256\npswpout 512\ncompact_fail 3\ncompact_success 1\noom_kill 2\n",
            &[
                "State: 3.91 MB free",
                "reclaim memory themselves 12 times",
                "made a block once, and 3 times it did not",
                "the OOM killer killed 2 processes",
                "swap: 2 MB written, 1 MB read back",
            ],
            &[],
        ),
        (
            "00001000-0009ffff : System RAM\n00100000-3fffffff : System RAM\n  01000000-01ffffff : Kernel code\n40000000-4000ffff : eth\n",
            &["Physical addresses: 1023.62 MB of RAM in 2 ranges; 1 other ranges"],
            &[],
        ),
        (
            "MemTotal:  1000000 kB\nMemFree:   500000 kB\nSlab:      20000 kB\n",
            &["slabs hold 19.53 MB (2% of memory)"],
            &["0 bytes cannot be reclaimed", "cannot be reclaimed"],
        ),
        (
            "MemTotal:  1000000 kB\nMemFree:   500000 kB\nSlab:      20000 kB\nSReclaimable: 15000 kB\nSUnreclaim: 5000 kB\n",
            &["4.88 MB of it cannot be reclaimed (less than 1% of memory)"],
            &["(0% of memory)"],
        ),
        (
            "Node 0 MemTotal: 4029000 kB\nNode 0 MemFree: 992000 kB\nNode 1 MemTotal: 4127000 kB\nNode 1 MemFree: 3101000 kB\n",
            &["2 nodes", "node 1: 4030.27 MB in all, 3028.32 MB free"],
            &[],
        ),
    ]);
}

#[test]
fn a_boot_tells_its_memory() {
    check(&[
        (
            "Linux version 3.4.0 (b@h) (gcc)\nKernel command line: console=ttyS0 cma_mem=3 mem=512M vmalloc=200M\n\
             Zone PFN ranges:\n  Normal   0x00080000 -> 0x0009f000\n  HighMem  0x0009f000 -> 0x000a0000\n\
             Memory: 506520k/512000k available, 17768k reserved, 4096K highmem\n\
             Virtual kernel memory layout:\n    vmalloc : 0xe0000000 - 0xff000000   ( 496 MB)\n",
            &[
                "500 MB of memory",
                "memory 500 MB, 494.65 MB left for use",
                "4 MB of it high memory",
                "zones, holes included: Normal 496 MB, HighMem 16 MB",
                "vmalloc  0xe0000000-0xff000000, 496 MB",
                "the command line asks for mem=512M vmalloc=200M",
            ],
            &["cma"],
        ),
        (
            "Linux version 4.18.0 (b@h) (gcc)\nUsing pSeries machine description\nMemory: 7897088K/8388608K available (1K kernel code)\n\
             Dentry cache hash table entries: 524288 (order: 6, 4194304 bytes)\nNode 0, zone  Normal 1 0 0 0 0 0 0 0 2\n",
            &["PowerPC", "pages of 64 kB", "largest free block: order 8 (16 MB), 2 of them"],
            &["which nothing here says"],
        ),
        ("Read this: Linux version 2.2 or newer\nLinux version 2.2 or newer\n", &["nothing that is known"], &["Machine"]),
    ]);
}

#[test]
fn who_has_the_memory_is_what_counts() {
    check(&[
        (
            include_str!("corpus/oom-cgroup-3.10.txt"),
            &[
                "A memory cgroup, /docker/box1, is out of memory",
                "The group has 512 MB of the 512 MB that it may have",
                "raise the limit of the cgroup /docker/box1",
            ],
            &["smallest change"],
        ),
        (
            include_str!("corpus/oom-pages-of-64k.txt"),
            &[
                "8192 MB of memory",
                "To do: processes have 7873.75 MB, java (4410) alone 6875 MB",
                "there is no swap",
                "pages are of 64 kB, the engine's of 4 kB",
                "Normal: 81 pages too few",
            ],
            &["smallest change"],
        ),
        (
            include_str!("corpus/oom-2.6.16-lines-broken-by-mail.txt"),
            &["DMA: ", "Normal: ", "httpd (2044) was killed"],
            &["break off", "Doubts"],
        ),
        (
            include_str!("corpus/failure-4.9-set-aside.txt"),
            &["refused, as the report says", "set aside (H)", "512 are taken"],
            &["Engine and report differ"],
        ),
        (
            include_str!("corpus/failure-2.4.txt"),
            &["flags 0x20: GFP_ATOMIC in 2.4", "squid (911) was killed"],
            &["asked for one page; squid"],
        ),
        (
            "Mem-Info:\nactive_anon:1000 inactive_anon:24 isolated_anon:0\n free:300 free_pcp:0 free_cma:0\n\
             Normal free:1200kB min:2000kB low:2500kB high:3000kB present:100000kB managed:90000kB\n",
            &["Normal: 1.17 MB free, below min (min 1.95 MB, low 2.44 MB, high 2.93 MB)", "Memory: 4 MB of processes"],
            &[],
        ),
        (
            include_str!("corpus/failures-of-dma.txt"),
            &[
                "Wrong: no 7.91 MB of the contiguous area (CMA), 2 times",
                "`cma=SIZE` makes it larger",
                "could not be moved away",
                "no bounce buffer (swiotlb) of 64 kB: once",
            ],
            &["nothing that these texts show"],
        ),
        (
            include_str!("corpus/oom-cgroup-5.15.txt"),
            &[
                "A memory cgroup, /box, is out of memory",
                "The group has 256 MB of the 256 MB that it may have",
                "stress (910) was killed",
            ],
            &[],
        ),
        (
            include_str!("corpus/oom-2.6.9.txt"),
            &[
                "`somebody` asked for memory, the report does not say how much",
                "Normal: 780 kB free, below min",
                "DMA: 12.25 MB free, above high",
                "java (3456) was killed",
            ],
            &[],
        ),
        (include_str!("corpus/last-words.txt"), &["indexer (733) was killed", "nothing was asked for"], &["use --fit"]),
        (
            include_str!("corpus/panic-deadlocked.txt"),
            &["Wrong: Out of memory (line 1): nobody was killed, the kernel stopped"],
            &["nothing that these texts show"],
        ),
        // ZONE_MOVABLE left two pages of high memory, the reserve of which is 32.
        (
            include_str!("corpus/zoneinfo-crumb-of-highmem.txt"),
            &["all zones above their high marks", "HighMem: 8 kB managed, 0 bytes free; smaller than its reserve"],
            &["less than its reserve of", "below min"],
        ),
    ]);
}

#[test]
fn addresses_of_64_bits_are_not_anybody_s() {
    let x86 = "0xffffc20000000000-0xffffc20000201000 2101248 alloc_large_system_hash+0x204 pages=512 vmalloc\n\
               0xffffc20000201000-0xffffc20000302000 1052672 alloc_large_system_hash+0x204 pages=256 vmalloc\n\
               0xffffffffa0000000-0xffffffffa0005000   20480 sys_init_module+0xc27 pages=4 vmalloc\n";
    let moved = "0xffffa5d2c0000000-0xffffa5d2c0005000   20480 irq_init_percpu_irqstack+0x114/0x1b0 vmap\n\
                 0xffffa5d2c0005000-0xffffa5d2c0007000    8192 acpi_os_map_iomem+0x22a/0x240 phys=0x00000000bffe1000 ioremap\n\
                 0xffffffffc0200000-0xffffffffc0205000   20480 load_module+0xc27 pages=4 vmalloc\n";
    let nobody = "0xffffa5d2c0000000-0xffffa5d2c0005000   20480 ring_init+0x114/0x1b0 pages=4 vmalloc\n\
                  0xffffa5d2c0005000-0xffffa5d2c0007000    8192 ring_map+0x22a/0x240 pages=1 vmalloc\n";
    check(&[
        (x86, &["x86-64 up to 2.6.30", "Outside the vmalloc area"], &["arm64", "grows with"]),
        (moved, &["boot moved it (KASLR)", "0xffffa5d2c0000000-"], &["arm64", "grows with"]),
        (
            "0xff500000-0xff900000 4194304 video_probe+0x1d4/0x750\n0xffdd6000-0xffdd8000    8192 sound_alloc+0xe0/0x298\n",
            &["/proc/dma-mappings", "4.01 MB"],
            &["vmalloc area:"],
        ),
        (nobody, &["where it ends nothing says"], &["arm64", "grows with"]),
    ]);
}

#[test]
fn a_crumb_of_high_memory_is_no_problem() {
    let crumb = include_str!("corpus/zoneinfo-crumb-of-highmem.txt");
    let is_wrong = |text: &str| {
        let mut reader = Reader::new();
        reader.read_text("zoneinfo", text);
        has_problem(&reader.finish())
    };
    assert!(!is_wrong(crumb));
    // With more pages than its reserve, of which none is free, it is short.
    assert!(is_wrong(&crumb.replacen("managed  2", "managed  2000", 1)));
}

/// The text of the corpus by this name.
macro_rules! corpus {
    ($name:literal) => {
        include_str!(concat!("corpus/", $name, ".txt"))
    };
}

#[test]
fn a_request_that_is_kept_to_some_nodes_is_told_so() {
    const ELSEWHERE: &str = "other nodes have 351.56 MB free: let it use them";
    check(&[
        (
            corpus!("oom-of-a-cpuset"),
            &[
                "node 1 Normal: 101 pages too few",
                "not use all nodes, by its cpuset: the others have 351.56 MB free",
                ELSEWHERE,
            ],
            &["let them take less"],
        ),
        (
            corpus!("oom-of-a-memory-policy"),
            &["not use all nodes, by its memory policy: the others have 351.56 MB free", ELSEWHERE],
            &["let them take less"],
        ),
    ]);
}

#[test]
fn an_oom_kill_that_nobody_asked_pages_for_is_not_explained_by_pages() {
    check(&[
        (
            corpus!("oom-by-hand"),
            &["The OOM killer was called by hand, SysRq-f (line 1)", "that says nothing of memory"],
            &["let them take less", "does not say how much"],
        ),
        (
            corpus!("oom-of-a-page-fault"),
            &["a page fault of `java` found no memory", "`gfp_mask=0x0` is no request", "351.56 MB free, above high"],
            &["asked for one page", "never sleeps", "with GFP_KERNEL"],
        ),
        (
            corpus!("oom-2.6.22-one-list"),
            &[
                "1951.92 MB of processes and page cache",
                "51.74 MB slabs",
                "does not tell apart, have 1951.92 MB; 1825.62 MB of it wait to be written",
            ],
            &["caches have 0 bytes", "processes have"],
        ),
    ]);
}

#[test]
fn a_vmalloc_lacks_addresses_or_pages() {
    check(&[
        (
            corpus!("failure-vmalloc-3.x-nameless"),
            &[
                "vmalloc failed (line 2): `Xorg` asked for 20.0 MB\n",
                "vmalloc failed (line 5): `xtables` asked for 256.0 MB, and pages ran out",
                "pages ran out, not addresses",
                "no addresses for 20 MB: once",
            ],
            &["asked for one page", "no addresses for 256"],
        ),
        (
            corpus!("failure-vmalloc-no-pages"),
            &[
                "`systemd-udevd` asked for 4 kB; the kernel says: vm_struct allocation failed",
                "`insmod` had 1024 MB of what it asked for when pages ran out; the kernel says: page order 0, failed to allocate pages",
                "`insmod` asked for 8 kB, and pages ran out",
                "no addresses for 4 kB",
            ],
            &["no addresses for 1024 MB", "no addresses for 8 kB"],
        ),
    ]);
}

#[test]
fn a_line_for_each_number_is_one_report() {
    check(&[(
        corpus!("failure-4.9-a-line-each-number"),
        &[
            "refused, as the report says",
            "Normal: 118 pages too few",
            "DMA32: 33 pages too few: 62595 of 62595 free ones count for it, 62628 are needed",
            "DMA: 60319 pages too few",
        ],
        &["not in the report"],
    )]);
}

#[test]
fn listings_of_two_machines_are_no_leak() {
    let listing = |total: u64, objects: u64| {
        format!(
            "MemTotal:  {total} kB\nMemFree:   500000 kB\n\
             slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>\n\
             foo {objects} {objects} 4096 1 1 : tunables 0 0 0 : slabdata {objects} {objects} 0\n"
        )
    };
    let same = said(&(listing(1_000_000, 10) + &listing(1_000_000, 1000)));
    assert!(same.contains("suspected leak: slab cache foo"), "{same}");
    let others = said(&(listing(1_000_000, 10) + &listing(2_000_000, 1000)));
    assert!(others.contains("These are of different machines") && !others.contains("suspected leak"), "{others}");
    let nothing = said(&(listing(1_000_000, 10) + &listing(1_000_000, 10)));
    assert!(nothing.contains("no cache and no caller of vmalloc has more or less"), "{nothing}");
}

#[test]
fn what_is_set_aside_and_not_free_is_missing_too() {
    const SAID: &[&str] = &[
        // 512 are set aside, 363 are free: 149 more than the 684 that must stay.
        "DMA: 833 pages too few: 0 of 363 free ones count for it, 684 are needed",
        "Normal: 40 pages too few",
    ];
    check(&[(
        "tst: page allocation failure: order:0, mode:0x800, nodemask=(null)\n\
         CPU: 0 PID: 1 Comm: tst Not tainted 5.4.0 #1\nMem-Info:\n\
         DMA free:1452kB min:52kB low:64kB high:76kB present:15904kB managed:15904kB free_cma:0kB\n\
         lowmem_reserve[]: 0 670 1510 1510\n\
         Normal free:6468kB min:4576kB low:5720kB high:6864kB present:686412kB managed:686412kB free_cma:0kB\n\
         lowmem_reserve[]: 0 0 6720 6720\n\
         DMA: 3*4kB (E) 0*8kB 2*16kB (UM) 0*32kB 22*64kB (H) 0*128kB 0*256kB 0*512kB 0*1024kB 0*2048kB 0*4096kB = 1452kB\n\
         Normal: 1297*4kB (M) 0*8kB 0*16kB 0*32kB 0*64kB 0*128kB 5*256kB (H) 0*512kB 0*1024kB 0*2048kB 0*4096kB = 6468kB\n",
        SAID,
        &["line by line"],
    )]);
}

#[test]
fn the_engine_and_the_lines_agree() {
    let zone = |version: &str, mode: &str, boost: &str| {
        format!(
            "tst: page allocation failure: order:0, mode:{mode}, nodemask=(null)\n\
             CPU: 0 PID: 1 Comm: tst Not tainted {version} #1\nMem-Info:\n\
             DMA free:800kB min:400kB low:500kB high:600kB present:15904kB managed:15904kB\n\
             lowmem_reserve[]: 0 670 1510 1510\n\
             Normal free:600kB {boost}min:4000kB low:5000kB high:6000kB reserved_highatomic:0KB present:686412kB managed:686412kB\n\
             lowmem_reserve[]: 0 0 6720 6720\n\
             DMA: 200*4kB (U) 0*8kB 0*16kB 0*32kB 0*64kB 0*128kB 0*256kB 0*512kB 0*1024kB 0*2048kB 0*4096kB = 800kB\n\
             Normal: 150*4kB (U) 0*8kB 0*16kB 0*32kB 0*64kB 0*128kB 0*256kB 0*512kB 0*1024kB 0*2048kB 0*4096kB = 600kB\n"
        )
    };
    // Single pages of those who cannot wait are spared the boost: 600 pages, down to 225.
    let atomic = said(&zone("6.1.50", "0xa20(GFP_ATOMIC)", "boost:1600kB "));
    assert!(atomic.contains("Normal: 76 pages too few") && !atomic.contains("line by line"), "{atomic}");
    // A kernel without a zone below 4 GiB takes the normal one for it.
    let low = said(&zone("6.1.50", "0xcc4(GFP_KERNEL|GFP_DMA32)", "boost:0kB "));
    assert!(low.contains("Normal: 851 pages too few") && !low.contains("line by line"), "{low}");
    // The reserve counts for whoever is important, since 6.3 without another flag.
    let high = said(
        &zone("6.6.3", "0xce0(GFP_KERNEL|__GFP_HIGH)", "boost:0kB ").replace("highatomic:0KB", "highatomic:400KB"),
    );
    assert!(high.contains("Normal: 351 pages too few") && !high.contains("line by line"), "{high}");
}

#[test]
fn without_buddyinfo_no_blocks_are_counted() {
    let mut reader = Reader::new();
    let zone = "Node 0, zone   Normal\n  pages free     40000\n        min      5000\n        low      6000\n        high     7000\n        \
                spanned  300000\n        present  200000\n        managed  190000\n        protection: (0, 0)\n  start_pfn:           4096\n";
    reader.read_text("text", zone);
    let request = PageRequest { order: 0, gfp: "GFP_KERNEL".to_owned() };
    let question = Question { pages: Some(request), ..Question::default() };
    let mut out = String::new();
    explain(&mut out, &mut reader.finish(), &question).expect("a string can be written");
    assert!(out.contains("from zone Normal\n"), "{out}");
}
