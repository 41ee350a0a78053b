//! Scripts that run short of memory: fallback, reclaim, compaction, the OOM killer.

use super::{like, run_on};
use crate::{Ending, Shell};
use kmem::boot::BootParams;
use kmem::Kernel;
use kmem_hosted::{Displacement, Hosted};

/// Boots a machine with so much RAM.
fn small(name: &str, ram_mib: u64) -> Kernel<Hosted> {
    let profile = kmem::profile::by_name(name).unwrap_or_else(|| panic!("no machine {name}"));
    let params = BootParams { cpus: 1, ram_bytes: ram_mib << 20, ..BootParams::new(profile) };
    kmem_hosted::boot(profile, &params, Displacement::Any, |_| ()).unwrap_or_else(|error| panic!("{error}"))
}
/// Runs a script that goes through; the lines that it printed.
#[track_caller]
fn lines(kernel: &Kernel<Hosted>, script: &str) -> Vec<String> {
    let (out, ending) = run_on(kernel, script);
    assert_eq!(ending, Ending::Done, "{script}\n{out}");
    out.lines().map(str::to_owned).collect()
}
/// The number behind `key` in a line.
#[track_caller]
fn number(line: &str, key: &str) -> u64 {
    let rest = line.split_once(key).unwrap_or_else(|| panic!("no {key} in {line}")).1;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_else(|_| panic!("no number behind {key} in {line}"))
}

#[test]
fn zones_are_emptied_down_to_their_reserves() {
    let kernel = small("linux-2.6-i386", 960);
    let first = lines(&kernel, "cat /proc/buddyinfo");
    let mut shell = Shell::new(&kernel);
    let program = shell.parse("for 250000 { - p = alloc_pages 0 GFP_HIGHUSER }").unwrap_or_default();
    let mut out = Vec::new();
    assert!(matches!(shell.run(&program, &mut out, &mut Vec::new()), Ok(Ending::Done)));
    let out = String::from_utf8_lossy(&out).into_owned();
    // Ten lines and the last of each zone, ten failures and the last, and four times how many were not shown.
    assert_eq!(out.lines().count(), 4 * 12, "{out}");
    let order: Vec<usize> = ["zone=HighMem", "zone=Normal", "zone=DMA", "error: ENOMEM: 2^0 pages: no free block"]
        .map(|what| out.find(what).unwrap_or_else(|| panic!("no {what}\n{out}")))
        .into();
    assert!(order.is_sorted(), "{out}");
    // Each zone keeps its min mark and what it keeps from requests that prefer high memory.
    kernel.drain();
    for zone in kernel.pages().zone_counts().filter(|zone| zone.managed > 0) {
        assert_eq!(zone.free, zone.min + zone.reserve[2], "{}", zone.extent.name);
    }
    let end = shell.parse("free_all; drain; cat /proc/buddyinfo").unwrap_or_default();
    let mut out = Vec::new();
    assert!(matches!(shell.run(&end, &mut out, &mut Vec::new()), Ok(Ending::Done)));
    let out: Vec<String> = String::from_utf8_lossy(&out).lines().map(str::to_owned).collect();
    assert_eq!(out[2..], first[..]);
}

/// Blocks of a mebibyte are gone, and pages are not.
#[test]
fn fragmented_memory_has_no_large_blocks() {
    let kernel = small("i386-pae-6.1", 128);
    let out = lines(
        &kernel,
        "for 40000 { - p = alloc_pages 0 GFP_HIGHUSER }; for 400 { - r = alloc_pages 0 GFP_ATOMIC }; free_every 2 p; - k = kmalloc 1M GFP_KERNEL; v = vmalloc 1M
         vfree v; free_every 1 p; k = kmalloc 1M GFP_KERNEL",
    );
    let last = &out[out.len() - 6..];
    let expected = "free_every: * of * objects freed
         error: ENOMEM: kmalloc of 1M: no free block of order 8 above the watermarks, * pages free
         v: 0x*-0x* pages=256
         v: freed 0x*-0x* pages=256
         free_every: * of * objects freed
         k: 0x* size=1048576";
    assert!(like(&last.join("\n"), expected), "{last:#?}");
    assert!(number(&last[1], "watermarks, ") > 10_000, "half of all pages are free: {}", last[1]);
}

#[test]
fn the_worst_process_goes_and_the_rest_goes_on() {
    let kernel = small("i386-pae-6.1", 128);
    let out = lines(
        &kernel,
        "u = mm_create small; w = mm_create large; x = mm_create guarded oom_score_adj=-1000
         a = mmap u 30M; b = mmap w 60M; c = mmap x 40M; touch x c; touch w b; - touch u a; - touch w b; touch u a
         touch x c; - touch u 0x1000; mm_destroy w; d = mmap u 60M; - touch u d; touch x c; free_all; verify",
    );
    let tail = &out[6..];
    let expected = "x: touched 10240 pages from 0x* on, new=10240 resident=10240
         w: touched 15360 pages from 0x* on, new=15360 resident=15360
         u: touched 7680 pages from 0x* on, new=7680 resident=7680
         error: ESRCH: touch w b: the process was killed to free its memory
         u: touched 7680 pages from 0x* on, new=0 resident=7680
         x: touched 10240 pages from 0x* on, new=0 resident=10240
         error: EFAULT: touch u 0x1000: SIGSEGV at 0x1000: no VMA holds it
         w: pid=301 exited, 0 pages freed, and * of page tables
         d: 0x*-0x* pages=15360 resident=0
         error: ESRCH: touch u d: the process was killed to free its memory
         x: touched 10240 pages from 0x* on, new=0 resident=10240
         free_all: * objects, 40M freed
         verify: all invariants hold";
    assert!(like(&tail.join("\n"), expected), "{tail:#?}");
    assert_eq!(kernel.vm_event(kmem::reclaim::VmEvent::OomKill), 2);
}

/// Of two that have as much, the one that may go rather goes, though it was there first.
#[test]
fn oom_score_adj_decides() {
    for (name, first, second) in [("i386-pae-6.1", 100, 0), ("i386-pae-6.1", 0, 100), ("msm8x25", 0, 100)] {
        let kernel = small(name, 128);
        let out = lines(
            &kernel,
            &format!(
                "u = mm_create a oom_score_adj={first}; w = mm_create b oom_score_adj={second}; x = mm_create c
                 a = mmap u 50M; b = mmap w 50M; c = mmap x 40M; touch u a; - touch w b; - touch x c; - touch u a 1
                 - touch w b 1"
            ),
        );
        let (of_u, of_w) = (&out[out.len() - 2], &out[out.len() - 1]);
        let killed = "the process was killed";
        assert_eq!(
            (of_u.contains(killed), of_w.contains(killed)),
            (first > second, second > first),
            "{name}: {out:#?}"
        );
    }
}

#[test]
fn file_pages_make_room() {
    let kernel = small("i386-pae-6.1", 128);
    let out = lines(
        &kernel,
        "f = file_open data; file_read f 200M; g = file_open log; file_write g 16M; for 20000 { p = alloc_pages 0 GFP_KERNEL }
         sync; kswapd; file_read f 4K; page_of f; free_every 1 p; reclaim; file_close g; file_close f; verify",
    );
    // More than there is goes through; what was read first made room.
    assert!(like(&out[1], "f: read 51200 pages from page 0 on, new=51200 cached=* dirty=0"), "{}", out[1]);
    let cached = number(&out[1], "cached=");
    assert!((20_000..51_200).contains(&cached), "{}", out[1]);
    assert!(like(&out[3], "g: wrote 4096 pages from page 0 on, new=4096 cached=4096 dirty=4096"), "{}", out[3]);
    let event = |event| kernel.vm_event(event);
    use kmem::reclaim::VmEvent;
    let stolen = event(VmEvent::PgStealKswapd) + event(VmEvent::PgStealDirect);
    assert!(stolen > 51_200 - cached, "{stolen}");
    // What was dirty was written before it went.
    assert_eq!(event(VmEvent::NrDirtied), 4096);
    assert_eq!(event(VmEvent::NrWritten), 4096);
    assert_eq!(kernel.file_counts(), (0, 0));
}

/// Pages of two processes lie side by side; one ends, and the other's are moved together.
#[test]
fn compaction_makes_large_blocks() {
    use kmem::reclaim::VmEvent;
    let kernel = small("i386-pae-6.1", 128);
    let out = lines(
        &kernel,
        "u = mm_create; w = mm_create
         for 12000 { x = mmap u 4K; touch u x; write x \"mine\"; y = mmap w 4K; touch w y }
         mm_destroy w; for 5 { kswapd; for 20 { - r = alloc_pages 9 GFP_NOWAIT|__GFP_HIGHMEM } }; drain
         - q = alloc_pages 9 GFP_NOWAIT|__GFP_HIGHMEM; q = alloc_pages 9 GFP_HIGHUSER_MOVABLE; fill 0xb5400000 0x5a 16",
    );
    let tail = &out[out.len() - 4..];
    let expected = "drain: * went back to the zones
         error: ENOMEM: 2^9 pages: no free block of order 9 above the watermarks, * pages free
         q: pfn=0x* order=9 zone=*
         0xb5400000: 16 bytes of 0x5a written at 0xb5400000";
    assert!(like(&tail.join("\n"), expected), "{tail:#?}");
    assert!(number(&tail[1], "watermarks, ") > 12_000, "{}", tail[1]);
    assert!(kernel.vm_event(VmEvent::CompactSuccess) > 0);
    let moved = kernel.vm_event(VmEvent::PgMigrateSuccess);
    assert!((200..12_000).contains(&moved), "{moved} pages moved");
    // All of the process that is left has what was written, wherever it lies now.
    let (user, memory) = (kernel.user(), kernel.memory());
    let process = user.infos().next().unwrap_or_else(|| panic!("no process"));
    assert_eq!(process.rss, 12_000);
    for page in 0..12_000 {
        let addr = kmem::VirtAddr::new(0xb800_0000 - (page + 1) * 4096);
        let phys = user.translate(memory, process.id, addr).unwrap_or_else(|| panic!("{addr} is gone")).phys;
        let window = kernel.map().kmap_local(memory, kmem::Pfn::containing(phys)).unwrap_or_default();
        let mut bytes = [0; 4];
        kernel.machine().read(window, &mut bytes).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(kernel.map().kunmap_local(memory, window), Ok(()));
        let expected = if addr.raw() == 0xb540_0000 { [0x5a; 4] } else { *b"mine" };
        assert_eq!(bytes, expected, "{addr} at {phys}");
    }
}
