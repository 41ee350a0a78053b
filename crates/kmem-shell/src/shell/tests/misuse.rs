//! Misuse is named, and not executed.

use super::{like, machine, run_on};
use crate::{Ending, Shell};

/// `script` is prepared for, ends with a misuse, and says `why`.
#[track_caller]
fn check(script: &str, why: &str) {
    for name in ["linux-2.6-i386", "i386-pae-6.1"] {
        let kernel = machine(name);
        let (out, ending) = run_on(&kernel, script);
        assert_eq!(ending, Ending::Failed, "{name}: {script}\n{out}");
        let last = out.lines().last().unwrap_or("");
        let pattern = format!("error: EINVAL: {why}");
        assert!(like(last, &pattern), "{name}: {script}\n--- printed\n{last}\n--- expected\n{pattern}");
        // Nothing happened: what was held can be freed as if the misuse had not been.
        let (out, ending) = run_on(&kernel, &format!("- {}; free_all", script.replace("; ", "; - ")));
        assert_eq!(ending, Ending::Done, "{name}: {script}\n{out}");
    }
}

#[test]
fn of_pages() {
    check(
        "p = alloc_pages 2 GFP_KERNEL; free_pages p 1",
        "free_pages p: block at pfn 0x* was allocated with order 2 and freed with order 1",
    );
    check("p = alloc_pages 2 GFP_KERNEL; free_pages p 16", "there is no order 16");
    check(
        "p = alloc_pages 0 GFP_KERNEL; free_pages p; free_pages p",
        "double free: p (a block of pages, pfn=0x* order=0) was given back by free_pages",
    );
    check("p = alloc_pages_node 1 0 GFP_KERNEL", "there is no node 1; the last one is 0");
    check("e = alloc_pages_exact 8K GFP_HIGHUSER", "alloc_pages_exact with __GFP_HIGHMEM: high memory has no address*");
    check(
        "e = alloc_pages_exact 12K GFP_KERNEL; free_pages e",
        "e is pages by size, which free_pages_exact gives back, nothing for free_pages",
    );
    check("a = get_free_pages 0 GFP_HIGHUSER", "get_free_pages with __GFP_HIGHMEM: high memory has no address*");
    check(
        "p = alloc_pages 0 GFP_KERNEL; kfree p",
        "p is a block of pages, which free_pages gives back, nothing for kfree",
    );
    check("h = alloc_pages 0 GFP_HIGHUSER; read h 1", "h is high memory and has no address; kmap gives it one");
    check("h = alloc_pages 0 GFP_HIGHUSER; vtop h", "h is high memory (pfn 0x*) and mapped nowhere; kmap maps it");
    check("h = alloc_pages 0 GFP_HIGHUSER; kunmap h", "kunmap: h is not mapped by kmap");
    check(
        "h = alloc_pages 0 GFP_HIGHUSER; t = kmap h; free_pages h",
        "h is still in use by t (a kmap mapping); kunmap first",
    );
    check(
        "h = alloc_pages 1 GFP_HIGHUSER; x = kmap_local h; y = kmap_local h+4096; kunmap_local x",
        "kunmap_local x: y was mapped later and goes first",
    );
    check("h = alloc_pages 0 GFP_HIGHUSER; t = kmap h+4096", "h+0x1000 lies behind the block's 4096 bytes");
}

#[test]
fn of_references() {
    check(
        "p = alloc_pages 0 GFP_KERNEL; get_page p; put_page p; put_page p; put_page p",
        "double free: p (a block of pages, pfn=0x* order=0) was given back by put_page",
    );
    check(
        "p = alloc_pages 2 GFP_KERNEL; put_page p",
        "put_page p: the last reference to a block that is not compound: 3 pages would be lost",
    );
    check("p = alloc_pages 2 GFP_KERNEL|__GFP_COMP; split_page p", "split_page p: the block is compound");
    check("p = alloc_pages 2 GFP_KERNEL; get_page p; split_page p", "split_page p: somebody else holds a reference*");
    check(
        "p = alloc_pages 2 GFP_KERNEL; split_page p; free_pages p 2",
        "free_pages p: block at pfn 0x* was allocated with order 0 and freed with order 2",
    );
    check("p = alloc_pages 2 GFP_KERNEL; split_page p; get_page p", "p is single pages, nothing for get_page");
    check("u = mm_create; get_page u", "u is a process, nothing for get_page");
}

/// Frames that are somebody else's, by their number or address.
#[test]
fn of_others_pages() {
    for name in ["linux-2.6-i386", "i386-pae-6.1"] {
        let kernel = machine(name);
        let run = |script: &str| run_on(&kernel, script).0;
        let pfn_of = |shown: String| {
            let pfn = shown.lines().find_map(|line| Some(line.split_once("pfn=")?.1.split(' ').next()?.to_owned()));
            pfn.unwrap_or_else(|| panic!("{name}: {shown}"))
        };
        let mut shell = Shell::new(&kernel);
        let mut say = |script: &str| {
            let program = shell.parse(script).unwrap_or_else(|error| panic!("{}", error.render("test", script)));
            let mut out = Vec::new();
            shell.run(&program, &mut out, &mut Vec::new()).unwrap_or_else(|error| panic!("{error}"));
            String::from_utf8(out).unwrap_or_else(|error| panic!("{error}"))
        };
        let user = pfn_of(say("u = mm_create; a = mmap u 4K; touch u a; page_of a"));
        let file = pfn_of(say("f = file_open f; file_read f 4K; page_of f"));
        let slab = pfn_of(say("k = kmalloc 100 GFP_KERNEL; page_of k"));
        let free = pfn_of(say("p = alloc_pages 3 GFP_KERNEL; free_pages p"));
        for (pfn, why) in [
            (&user, "is a process's page at 0x*; munmap takes it"),
            (&file, "is a file's page; file_close drops it"),
            (&slab, "*slab*"),
            (&free, "*free already*"),
        ] {
            for verb in ["free_pages", "put_page"] {
                let said = run(&format!("- {verb} {pfn}"));
                assert!(like(&said, &format!("error: EINVAL: {verb} {pfn}: *{why}")), "{name}: {said}");
            }
        }
        // The kernel's text.
        let said = run(&format!("- free_pages {:#x}", kernel.profile.image.sections[0].start));
        assert!(like(&said, "error: EINVAL: free_pages 0x*: *reserved*"), "{name}: {said}");
        assert_eq!(say("free_all; live").lines().last(), Some("live: 0 objects, 0"));
        assert_eq!(kernel.verify(), Ok(()));
    }
}

/// Not a misuse: the kernel answers NULL, newer ones with a warning, once.
#[test]
fn an_order_beyond_the_top_gives_null() {
    for (name, warnings) in [("linux-2.6-i386", 0), ("i386-pae-6.1", 1)] {
        let profile = kmem::profile::by_name(name).unwrap_or_else(|| panic!("no machine {name}"));
        let params = kmem::boot::BootParams { cpus: 1, ..kmem::boot::BootParams::new(profile) };
        let log = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let kept = std::sync::Arc::clone(&log);
        let keep = move |line: &str| kept.lock().unwrap_or_else(|error| panic!("{error}")).push(line.to_owned());
        let kernel = kmem_hosted::boot(profile, &params, kmem_hosted::Displacement::Any, keep)
            .unwrap_or_else(|error| panic!("{error}"));
        let script = "- p = alloc_pages 11 GFP_KERNEL; - q = get_free_pages 12 GFP_ATOMIC|__GFP_NOWARN; free_pages p";
        let (out, ending) = run_on(&kernel, script);
        let expected = "error: ENOMEM: 2^11 pages: the largest order is 10
             error: ENOMEM: 2^12 pages: the largest order is 10
             p: NULL, nothing to free";
        assert!(like(&out, expected), "{out}");
        assert_eq!(ending, Ending::Done);
        let log = log.lock().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(log.iter().filter(|line| line.contains("WARNING: CPU: 0")).count(), warnings, "{name}: {log:?}");
    }
}

#[test]
fn of_files() {
    check("f = file_open f; file_close f; file_read f 4K", "use after free: f (a file, file f) was given back by*");
    check(
        "f = file_open f; file_close f; file_close f",
        "double free: f (a file, file f) was given back by file_close",
    );
    check("f = file_open f; file_read f 0", "file_read f: 0 bytes from 0 on are no part of a file");
    check("f = file_open f; file_read f 4K; page_of f+4096", "page 1 of f+0x1000 is not in memory");
    check("f = file_open f; free_pages f", "f is a file, which file_close gives back, nothing for free_pages");
    check("k = kmalloc 8 GFP_KERNEL; file_read k 8", "k is a kmalloc object, nothing for file_read");
}

#[test]
fn of_objects() {
    check("k = kmalloc 100 GFP_KERNEL; kfree k; kfree k", "double free: k (a kmalloc object, 0x* size=128) was given*");
    check(
        "k = kmalloc 100 GFP_KERNEL; kfree k; read k 1",
        "use after free: k (a kmalloc object, 0x* size=128) was given*",
    );
    check("k = kmalloc 100 GFP_KERNEL; kfree k+16", "k+0x10 points into k at 0x*, not at its start");
    check("k = kmalloc 100 GFP_KERNEL; vfree k", "k is a kmalloc object, which kfree gives back, nothing for vfree");
    check(
        "k = kmalloc 100 GFP_KERNEL; write k+100 fill:1:29",
        "out of bounds: 1 byte past the end of k (128 bytes at 0x*)*",
    );
    check("kfree 0xc0000000", "*");
    check("kfree 0x30", "*");
    check("write 0xc0001000 \"x\"", "write: 0xc0001000 is nothing that this shell holds: the direct map, physical*");
    check(
        "k = kmalloc 100 __GFP_HIGHMEM",
        "kmalloc of 100: __GFP_HIGHMEM makes no sense here: kmalloc gives directly*",
    );
    check(
        "k = kmalloc 100 GFP_KERNEL; kmem_cache_alloc k GFP_KERNEL",
        "k is a kmalloc object, nothing for kmem_cache_alloc",
    );
}

#[test]
fn of_caches_and_pools() {
    check(
        "c = kmem_cache_create a 64 0 0; d = kmem_cache_create b 64 0 0; o = kmem_cache_alloc c GFP_KERNEL; kmem_cache_free d o",
        "kmem_cache_free to b: object 0x* belongs to cache a",
    );
    check(
        "c = kmem_cache_create a 64 0 0; o = kmem_cache_alloc c GFP_KERNEL; kmem_cache_destroy c",
        "kmem_cache_destroy of a: 1 object still in use",
    );
    check(
        "c = kmem_cache_create a 64 0 0; d = kmem_cache_create a 64 0 0",
        "kmem_cache_create a: there is a cache of*",
    );
    check("c = kmem_cache_create a 64 3 0", "kmem_cache_create a: the alignment is not a power of two");
    check("c = kmem_cache_create a 0 0 0", "kmem_cache_create a: a cache of objects of 0 bytes");
    check(
        "c = kmem_cache_create a 64 0 0; m = mempool_create 2 c; kmem_cache_destroy c",
        "kmem_cache_destroy of a: * objects still in use, pool m among the users",
    );
    check(
        "m = mempool_create 2 kmalloc 100; e = mempool_alloc m GFP_KERNEL; mempool_destroy m",
        "mempool_destroy m: 1 element of it still in use",
    );
    check(
        "m = mempool_create 2 kmalloc 100; n = mempool_create 2 kmalloc 100; e = mempool_alloc m GFP_KERNEL; mempool_free n e",
        "e belongs to pool m, not to n",
    );
    check("m = mempool_create 0 kmalloc 100", "a pool keeps 1 to 1048576 elements, not 0");
}

#[test]
fn of_processes() {
    check(
        "u = mm_create; mm_destroy u; mm_destroy u",
        "double free: u (a process, pid=* comm=mm) was given back by mm_destroy",
    );
    check("u = mm_create; a = mmap u 4K; mm_destroy u; read a 1", "use after free: a (a mapping of a process, 0x*");
    check("u = mm_create; w = mm_create; a = mmap u 4K; touch w a", "a is a mapping of u, not of w");
    check("u = mm_create; k = kmalloc 8 GFP_KERNEL; touch u k", "k is a kmalloc object, no mapping of a process");
    check("u = mm_create; a = mmap u 4K; mmap a 4K", "a is a mapping of a process, nothing for mmap");
    check(
        "u = mm_create; a = mmap u 4K; kfree a",
        "a is a mapping of a process, which munmap gives back, nothing for kfree",
    );
    check("u = mm_create; a = mmap u 0", "mmap of 0: a size of 0");
    check("u = mm_create; munmap u 0xc0000000 4096", "munmap u 0xc0000000: that is no range of user addresses");
    check("u = mm_create; munmap u 0x1001 4096", "munmap u 0x1001: munmap begins at a page");
    check("u = mm_create; brk u 0x1000", "brk u: an end of the heap below its start");
    check(
        "u = mm_create; a = mmap u 4K; touch u a; virt_to_phys a",
        "virt_to_phys: 0xb7fff000 is an address of a process; *",
    );
}

#[test]
fn of_mappings() {
    check("v = vmalloc 4096; vfree v+0x10", "v+0x10 points into v at 0x*, not at its start");
    check("v = vmalloc 4096; vfree v; vfree v", "double free: v (a vmalloc area, 0x*) was given back by vfree");
    check("v = vmalloc 4096; vunmap v", "v is a vmalloc area, which vfree gives back, nothing for vunmap");
    check("v = vmalloc 4096; w = vmap v; vfree v", "v is still in use by w (a vmap mapping); vunmap first");
    check("v = vmalloc 4096; virt_to_phys v", "virt_to_phys: 0x* is not in the direct map, but in the vmalloc area*");
    check("v = vmalloc 0", "vmalloc of 0: a size of 0");
    check("phys_to_virt 0xfff00000000", "phys_to_virt: 0xfff00000000 is no RAM");
}
