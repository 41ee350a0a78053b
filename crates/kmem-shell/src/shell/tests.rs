//! Whole scripts: on machines, and against files that are played.

mod debug;
mod fail;
mod files;
mod misuse;
mod parser;
mod short;
mod slob;

use super::*;
use kmem::boot::BootParams;
use kmem_hosted::Displacement;

/// Boots a machine for one test.
pub(super) fn machine(name: &str) -> Kernel<Hosted> {
    let profile = kmem::profile::by_name(name).unwrap_or_else(|| panic!("no machine {name}"));
    let params = BootParams { cpus: 1, ..BootParams::new(profile) };
    kmem_hosted::boot(profile, &params, Displacement::Any, |_| ()).unwrap_or_else(|error| panic!("{error}"))
}

/// Runs a script in a fresh shell; returns what it printed and how it ended. The engine's invariants hold afterwards.
pub(super) fn run_on(kernel: &Kernel<Hosted>, script: &str) -> (String, Ending) {
    let mut shell = Shell::new(kernel);
    let program = shell.parse(script).unwrap_or_else(|error| panic!("{}", error.render("test", script)));
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let ending = shell.run(&program, &mut out, &mut notes).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(kernel.verify(), Ok(()), "{script}");
    (String::from_utf8(out).unwrap_or_else(|error| panic!("{error}")), ending)
}

/// Runs a script that succeeds on the 2.6 machine; compares its lines. In `expected`, `*` stands for any text up to the
/// next character.
#[track_caller]
pub(super) fn check(script: &str, expected: &str) {
    let (out, ending) = run_on(&machine("linux-2.6-i386"), script);
    assert!(like(&out, expected), "{script}\n--- printed\n{out}--- expected\n{expected}");
    assert_eq!(ending, Ending::Done, "{script}: {out}");
}

/// True when `text` is `pattern`, line by line, with `*` for any text.
pub(super) fn like(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<&str>, Vec<&str>) = (text.lines().collect(), pattern.lines().collect());
    text.len() == pattern.len() && text.iter().zip(pattern).all(|(line, pattern)| line_like(line, pattern.trim_start()))
}

fn line_like(line: &str, pattern: &str) -> bool {
    let line = line.trim_start();
    let mut parts = pattern.split('*');
    let Some(mut rest) = line.strip_prefix(parts.next().unwrap_or("")) else { return false };
    let mut open = false;
    for part in parts {
        open = part.is_empty();
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    open || rest.is_empty()
}

#[test]
fn pages_come_and_go() {
    check(
        "p = alloc_pages 3 GFP_KERNEL; free_pages p; a = get_free_pages 0 GFP_DMA; z = get_zeroed_page GFP_KERNEL
         read z 4; free_pages a 0; free_pages z; live",
        "p: pfn=0x* order=3 zone=Normal
         p: freed pfn=0x* order=3
         a: 0xc0* pfn=0x* order=0 zone=DMA
         z: 0xc* pfn=0x* order=0 zone=Normal
         z: 4 bytes at 0x*: 00 00 00 00 |....|
         a: freed pfn=0x* order=0
         z: freed pfn=0x* order=0
         live: 0 objects, 0",
    );
    check(
        "h = alloc_pages 0 GFP_HIGHUSER; t = kmap h; write t \"high\"; kunmap h; x = kmap_local h; read x 4
         kunmap_local x; free_pages h",
        "h: pfn=0x* order=0 zone=HighMem
         t: 0xff8* pfn=0x*
         t: 4 bytes written at 0xff8*
         h: unmapped 0xff8*
         x: 0x* pfn=0x*
         x: 4 bytes at 0x*: 68 69 67 68 |high|
         x: unmapped 0x*
         h: freed pfn=0x* order=0",
    );
}

#[test]
fn objects_grow_and_move() {
    check(
        "k = kmalloc 100 GFP_ATOMIC; ksize k; write k \"text\"; r = krealloc k 120 GFP_KERNEL
         s = krealloc r 300 GFP_KERNEL; read s 5; - kfree k; kfree s; live",
        "k: 0xc* size=128
         k: size=128
         k: 4 bytes written at 0xc*
         r: 0xc* size=128 (not moved)
         s: 0xc* size=512 (moved from 0xc*)
         s: 5 bytes at 0xc*: 74 65 78 74 00 |text.|
         error: EINVAL: double free: k (a kmalloc object, 0xc* size=128) was given back by krealloc
         s: freed 0xc* size=512
         live: 0 objects, 0",
    );
}

/// A destroy that is refused changes nothing, also where the cache is shared.
#[test]
fn a_shared_cache_outlives_a_destroy_that_is_refused() {
    for machine_name in ["msm8x25", "amd64-6.12"] {
        let script =
            "c = kmem_cache_create foo 64 0 0; d = kmem_cache_create bar 64 0 0; o = kmem_cache_alloc c GFP_KERNEL
            - kmem_cache_destroy c; - kmem_cache_destroy c; kmem_cache_free c o; p = kmem_cache_alloc d GFP_KERNEL
            - kmem_cache_destroy d; kmem_cache_free d p; kmem_cache_destroy c; kmem_cache_destroy d; live";
        let (out, ending) = run_on(&machine(machine_name), script);
        assert_eq!(ending, Ending::Done, "{machine_name}: {out}");
        assert_eq!(out.matches("1 object still in use").count(), 3, "{machine_name}: {out}");
    }
}

/// The name of a shared cache is free again when its creator has destroyed it.
#[test]
fn a_name_may_come_again() {
    for machine_name in ["msm8x25", "amd64-6.12", "linux-2.6-i386"] {
        let script = "for 3 { c = kmem_cache_create foo 192 0 0; o = kmem_cache_alloc c GFP_KERNEL; kmem_cache_free c o
            kmem_cache_destroy c }; d = kmem_cache_create foo 192 0 0; - e = kmem_cache_create foo 192 0 0; kmem_cache_destroy d";
        let (out, ending) = run_on(&machine(machine_name), script);
        assert_eq!(ending, Ending::Done, "{machine_name}: {out}");
        assert_eq!(out.matches("there is a cache of this name already").count(), 1, "{machine_name}: {out}");
    }
}

#[test]
fn caches_of_one_shape_share_their_slabs() {
    let script =
        "c = kmem_cache_create foo 192 0 0; d = kmem_cache_create bar 190 0 0; o = kmem_cache_alloc c GFP_KERNEL
         p = kmem_cache_alloc d GFP_KERNEL; - kmem_cache_free d o; kmem_cache_free c o; kmem_cache_destroy c
         e = kmem_cache_create foo 185 0 0; - kmem_cache_create bar 192 0 0; kmem_cache_destroy e; - kmem_cache_destroy d
         kmem_cache_free d p; kmem_cache_destroy d; g = kmem_cache_create bar 192 0 0; kmem_cache_destroy g";
    let expected = "c: cache foo objsize=192 stride=192 order=0 objs_per_slab=21
         d: cache bar objsize=190 stride=192 order=0 objs_per_slab=21, merged with foo
         o: 0xc* size=192 cache=foo
         p: 0xc* size=190 cache=bar
         error: EINVAL: kmem_cache_free to bar: object 0xc* belongs to cache foo
         o: freed 0xc* to foo
         c: destroyed foo
         e: cache foo objsize=185 stride=192 order=0 objs_per_slab=21
         error: EINVAL: kmem_cache_create bar: there is a cache of this name already*
         e: destroyed foo
         error: EINVAL: kmem_cache_destroy of bar: 1 object still in use*
         p: freed 0xc* to bar
         d: destroyed bar
         g: cache bar objsize=192 stride=192 order=0 objs_per_slab=21
         g: destroyed bar";
    let (out, ending) = run_on(&machine("i386-pae-6.1"), script);
    assert!(like(&out, expected), "{script}\n--- printed\n{out}--- expected\n{expected}");
    assert_eq!(ending, Ending::Done);
}

#[test]
fn files_of_a_slab_cache() {
    let script = "c = kmem_cache_create foo 190 0 0; d = kmem_cache_create bar 192 0 SLAB_HWCACHE_ALIGN
         e = kmem_cache_create own 100 0 SLAB_POISON; o = kmem_cache_alloc c GFP_KERNEL
         cat /sys/kernel/slab/foo/object_size; cat /sys/kernel/slab/:0000192/aliases; cat /sys/kernel/slab/bar/align
         cat /sys/kernel/slab/bar/slabs; cat /sys/kernel/slab/own/poison; cat /sys/kernel/slab/own/cpu_partial
         cat /sys/kernel/slab/kmalloc-64/usersize; - cat /sys/kernel/slab/baz/order; - cat /sys/kernel/slab/foo/odour
         free_all";
    let (out, ending) = run_on(&machine("amd64-6.12"), script);
    let shown: Vec<&str> = out.lines().skip(4).take(7).collect();
    assert_eq!(shown, ["192", "1", "8", "1 N0=1", "1", "0", "64"], "{out}");
    assert_eq!(out.matches("no such file").count(), 2, "{out}");
    assert_eq!(ending, Ending::Done);
}

#[test]
fn caches_and_pools() {
    check(
        "c = kmem_cache_create foo 192 0 SLAB_HWCACHE_ALIGN|SLAB_POISON; o = kmem_cache_alloc c GFP_KERNEL
         m = mempool_create 4 c; e = mempool_alloc m GFP_KERNEL; mempool_free m e; mempool_destroy m
         kmem_cache_free c o; kmem_cache_shrink c; kmem_cache_destroy c",
        "c: cache foo objsize=192 stride=* order=0 objs_per_slab=*
         o: 0xc* size=192 cache=foo
         m: pool reserve=4 element=192 idle=*
         e: 0xc* size=192 reserve=4
         e: freed, reserve=4
         m: destroyed
         o: freed 0xc* to foo
         c: slabs=0 freed=*
         c: destroyed foo",
    );
    check(
        "m = mempool_create 2 pages 2; e = mempool_alloc m GFP_KERNEL; page_of e; mempool_free m e; mempool_destroy m",
        "m: pool reserve=2 element=16384 idle=32768
         e: 0xc* size=16384 reserve=2
         e: pfn=0x* phys=0x* zone=Normal head=0x* order=2 count=1* allocated
         e: freed, reserve=2
         m: destroyed",
    );
}

/// A script may destroy by name what `free_all` gave back; once.
#[test]
fn a_cache_that_went_with_free_all() {
    check(
        "c = kmem_cache_create foo 192 0 SLAB_HWCACHE_ALIGN; for 2 { o = kmem_cache_alloc c GFP_KERNEL }
         - kmem_cache_destroy c; free_all; kmem_cache_destroy c; - kmem_cache_destroy c; - kmem_cache_alloc c GFP_KERNEL
         - kmem_cache_free c o; verify",
        "c: cache foo objsize=192 stride=* order=0 objs_per_slab=*
         o: 0xc* size=192 cache=foo
         o: 0xc* size=192 cache=foo
         error: EINVAL: kmem_cache_destroy of foo: 2 objects still in use
         free_all: 3 objects, 384 freed
         c: cache foo went with free_all
         error: EINVAL: double free: c (a slab cache, cache foo objsize=192) was given back by kmem_cache_destroy
         error: EINVAL: use after free: c (a slab cache, cache foo objsize=192) was given back by kmem_cache_destroy
         error: EINVAL: double free: c (a slab cache, cache foo objsize=192) was given back by kmem_cache_destroy
         verify: all invariants hold",
    );
}

#[test]
fn the_kmalloc_family() {
    check(
        "a = kcalloc 10 100 GFP_KERNEL; read a 2; - b = kmalloc_array 0x80000000 2 GFP_KERNEL; n = kmalloc_node 50 GFP_KERNEL 0
         - n = kmalloc_node 50 GFP_KERNEL 1; s = kstrdup \"eth0\" GFP_ATOMIC; read s 5; kfree_sensitive s; - kfree_sensitive s
         v = kvmalloc 64K GFP_KERNEL; v = kvrealloc v 5M GFP_KERNEL; kvfree v; - kvfree v; z = kvzalloc 100 GFP_KERNEL; kvfree z
         w = kvcalloc 1024 8K GFP_KERNEL; - w = kvmalloc 8M GFP_ATOMIC; free_all",
        "a: 0xc* size=1024
         a: 2 bytes at 0xc*: 00 00 *
         error: ENOMEM: an array of 2147483648 times 2 bytes: 4294967296 bytes asked for, 4294967295 is the most
         n: 0xc* size=64
         error: EINVAL: there is no node 1; the last one is 0
         s: 0xc* size=*
         s: 5 bytes at 0xc*: 65 74 68 30 00 *
         s: freed 0xc* size=* after clearing it
         error: EINVAL: double free: s (a kmalloc object, 0xc* size=*) was given back by kfree_sensitive
         v: 0xc* size=65536
         v: 0xf*-0xf* pages=1280 from vmalloc (moved from 0xc*)
         v: freed 0xf*-0xf* pages=1280 from vmalloc
         error: EINVAL: double free: v (a vmalloc area, 0xf*) was given back by kvfree
         z: 0xc* size=128
         z: freed 0xc* size=128
         w: 0xf*-0xf* pages=2048 from vmalloc
         error: ENOMEM: kvmalloc of 8M: 8388608 bytes asked for, * is the most
         free_all: 3 objects, * freed",
    );
}

#[test]
fn objects_at_once_and_pools_of_other_sizes() {
    check(
        "c = kmem_cache_create foo 200 0 0; o = kmem_cache_alloc_node c GFP_KERNEL 0; b = kmem_cache_alloc_bulk c GFP_KERNEL 50
         - kmem_cache_destroy c; kmem_cache_free c o; kmem_cache_free_bulk c b; - kmem_cache_free_bulk c b; kmem_cache_destroy c
         m = mempool_create 2 kmalloc 100; mempool_resize m 5; live; e = mempool_alloc m GFP_KERNEL; mempool_free m e
         - mempool_resize m 0; mempool_resize m 1; free_all; verify",
        "c: cache foo objsize=200 stride=* order=0 objs_per_slab=*
         o: 0xc* size=200 cache=foo
         b: 50 objects of size=200, the first 0xc* cache=foo
         error: EINVAL: kmem_cache_destroy of foo: 51 objects still in use
         o: freed 0xc* to foo
         b: freed 50 objects to foo
         error: EINVAL: double free: b (objects of a slab cache, 50 objects of size=200, the first 0xc*) was given back by kmem_cache_free_bulk
         c: destroyed foo
         m: pool reserve=2 element=100 idle=256
         m: pool reserve=5 element=100 idle=640
         live: 1 object, 500
         m = pool reserve=5 element=100 idle=640 (a memory pool)
         e: 0xc* size=100 reserve=5
         e: freed, reserve=5
         error: EINVAL: a pool keeps 1 to 1048576 elements, not 0
         m: pool reserve=1 element=100 idle=128
         free_all: 1 object, 100 freed
         verify: all invariants hold",
    );
}

#[test]
fn readers_hold_up_what_is_freed() {
    check(
        "k = kmalloc 100 GFP_KERNEL; rcu_read_lock; kfree_rcu k; - l = kmalloc 8 GFP_KERNEL; - synchronize_rcu
         l = kmalloc 8 GFP_ATOMIC; rcu_read_unlock; - rcu_read_unlock; rcu_barrier; - kfree k; synchronize_rcu
         c = kmem_cache_create foo 200 0 SLAB_TYPESAFE_BY_RCU; o = kmem_cache_alloc c GFP_KERNEL; kmem_cache_free c o
         kmem_cache_destroy c; free_all; verify",
        "k: 0xc* size=128
         rcu_read_lock: preempt_count=0 interrupts=on rcu_read_lock=1
         k: 0xc* size=128 waits for readers, pending=1
         error: EINVAL: sleeping function called from invalid context: kmalloc with GFP_KERNEL may sleep, * rcu_read_lock=1*
         error: EINVAL: sleeping function called from invalid context: synchronize_rcu may sleep, * rcu_read_lock=1
         l: 0xc* size=*
         rcu_read_unlock: preempt_count=0 interrupts=on
         error: EINVAL: rcu_read_unlock without rcu_read_lock
         rcu_barrier: 1 object freed
         error: EINVAL: double free: k (a kmalloc object, 0xc* size=128) was given back by kfree_rcu
         synchronize_rcu: nobody reads who did
         c: cache foo objsize=200 stride=* order=0 objs_per_slab=*
         o: 0xc* size=200 cache=foo
         o: freed 0xc* to foo
         c: destroyed foo
         free_all: 1 object, * freed
         verify: all invariants hold",
    );
}

#[test]
fn areas_are_mapped_and_walked() {
    check(
        "v = vmalloc 128K; vtop v+0x1000; vtop v+0x20000; fill v 0x5a 4096; read v+0xffe 4; vfree v
         p = alloc_pages 1 GFP_KERNEL; q = alloc_pages 0 GFP_KERNEL; w = vmap p q; write w \"x\"; page_of w+0x2000
         vunmap w; i = ioremap 0xfeb00000 0x1000; iounmap i; free_all",
        "v: 0xf8800000-0xf8821000 pages=32
         v+0x1000: 0xf8801000 -> 0x* page=4K rwx global
           pgd at 0x*: 0x* -> table 0x*
           pte at 0x*: 0x* -> page 0x* rwx global
         v+0x20000: 0xf8820000 is not mapped: the guard page behind the vmalloc area at 0xf8800000 of 32 pages*
           pgd at 0x*: 0x* -> table 0x*
           pte at 0x*: 0x00000000 -> nothing
         v: 4096 bytes of 0x5a written at 0xf8800000
         v+0xffe: 4 bytes at 0xf8800ffe: 5a 5a 00 00 |ZZ..|
         v: freed 0xf8800000-0xf8821000 pages=32
         p: pfn=0x* order=1 zone=Normal
         q: pfn=0x* order=0 zone=Normal
         w: 0xf8*-0xf8* pages=3
         w: 1 byte written at 0xf8*
         w+0x2000: pfn=0x* phys=0x* zone=Normal head=0x* order=0 count=1 allocated
         w: unmapped 0xf8*
         i: 0xf8*-0xf8* phys=0xfeb00000 pages=1
         i: unmapped 0xf8*
         free_all: 2 objects, 12K freed",
    );
}

#[test]
fn a_name_that_is_assigned_again_keeps_the_old_object() {
    check(
        "for 3 { k = kmalloc 1000 GFP_KERNEL }; live; kfree k; free_all; live",
        "k: 0xc* size=1024
         k: 0xc* size=1024
         k: 0xc* size=1024
         live: 3 objects, 3K
           k (an older one) = 0xc* size=1024 (a kmalloc object)
           k (an older one) = 0xc* size=1024 (a kmalloc object)
           k = 0xc* size=1024 (a kmalloc object)
         k: freed 0xc* size=1024
         free_all: 2 objects, 2K freed
         live: 0 objects, 0",
    );
}

#[test]
fn a_seed_decides_what_random_does() {
    let kernel = machine("i386-pae-6.1");
    let script = "random 42 300 {
        k = kmalloc 100 GFP_KERNEL; kfree k; p = alloc_pages 2 GFP_HIGHUSER; - free_pages p
        v = vmalloc 20K; vfree v; t = kmap p; - kunmap p; - vunmap v
    }; free_all";
    let (first, ending) = run_on(&kernel, script);
    assert_eq!(ending, Ending::Done, "{first}");
    assert_eq!(first.lines().count(), 301);
    let verbs = |text: &str| text.lines().map(|line| line.split(' ').next().map(str::to_owned)).collect::<Vec<_>>();
    assert_eq!(verbs(&first), verbs(&run_on(&kernel, script).0));
    assert!(first.contains("k: freed") && first.contains("t: 0x") && first.contains("error: EINVAL"));
}

#[test]
fn the_kernel_shows_itself() {
    check("drain; verify", "drain: 0 pages went back to the zones\nverify: all invariants hold");
    check("sysctl vm.min_free_kbytes; echo hi  there", "vm.min_free_kbytes = *\nhi there");
    let (out, _) = run_on(
        &machine("i386-pae-6.1"),
        "cat /proc/pagetypeinfo; cat /proc/vmstat; cat /sys/kernel/debug/extfrag/extfrag_index",
    );
    for line in ["Page block order: 9", "nr_free_pages ", "Node 0, zone   Normal -1.000"] {
        assert!(out.lines().any(|found| found.starts_with(line)), "{line}\n{out}");
    }
    let (out, _) = run_on(&machine("linux-2.6-i386"), "cat /proc/buddyinfo; - cat /proc/buddyinf; - cat /etc/passwd");
    assert!(out.starts_with("Node 0, zone      DMA "), "{out}");
    assert!(out.contains("error: ENOENT: /proc/buddyinf: no such file; did you mean /proc/buddyinfo?\n"), "{out}");
    assert!(out.contains("error: ENOENT: /etc/passwd: no such file; in /proc there are meminfo zoneinfo "), "{out}");
    let (out, _) = run_on(&machine("linux-2.6-i386"), "help; help kfree");
    assert!(out.ends_with("\nkfree OBJECT: give back what kmalloc gave\n"), "{out}");
}

#[test]
fn tunables_are_set_and_take_effect() {
    let kernel = machine("i386-pae-6.1");
    let min = || kernel.pages().zone_counts().map(|zone| zone.min).sum::<u64>();
    let before = min();
    let (out, ending) = run_on(
        &kernel,
        "sysctl vm.min_free_kbytes=131072; cat /proc/sys/vm/min_free_kbytes; sysctl -w vm.lowmem_reserve_ratio=128 32 0
         sysctl vm.lowmem_reserve_ratio; f = file_open f; file_read f 40K; echo 3 > /proc/sys/vm/drop_caches; live
         - sysctl vm.drop_caches; - sysctl vm.min_free_kbyte; - sysctl vm.watermark_scale_factor=x
         - sysctl vm.watermark_scale_factor=5000; - cat /proc/sys/vm/nothing",
    );
    let expected = "vm.min_free_kbytes = 131072
         131072
         vm.lowmem_reserve_ratio = 128\t32\t0\t*
         vm.lowmem_reserve_ratio = 128\t32\t0\t*
         f: file f
         f: read 10 pages from page 0 on, new=10 cached=10 dirty=0
         vm.drop_caches = 3
         live: 1 object, 0
           f = file f (a file)
         *
         error: ENOENT: this kernel has no vm.min_free_kbyte; did you mean vm.min_free_kbytes?
         error: EINVAL: vm.watermark_scale_factor takes whole numbers, not `x`
         error: EINVAL: vm.watermark_scale_factor takes * to *, not 5000
         error: ENOENT: /proc/sys/vm/nothing: no such file";
    assert!(like(&out, expected), "{out}");
    assert_eq!(ending, Ending::Done);
    assert!(min() > 2 * before, "{before} {}", min());
}

#[test]
fn pages_in_other_ways() {
    check(
        "e = alloc_pages_exact 20K GFP_KERNEL; write e fill:1:20K; free_pages_exact e; b = alloc_pages_bulk 5 GFP_HIGHUSER
         w = vmap b; write w \"five\"; vunmap w; free_pages b; n = alloc_pages_node 0 1 GFP_KERNEL; get_page n; put_page n
         split_page n; free_pages n; p = alloc_pages 2 GFP_KERNEL; get_page p; free_pages p; put_page p
         c = alloc_pages 2 GFP_KERNEL|__GFP_COMP; get_page c; free_pages c; page_of c+0x1000; put_page c; live; drain",
        "e: 0xc* pfn=0x* pages=5 zone=Normal
         e: 20480 bytes of 0x01 written at 0xc*
         e: freed 0xc* pages=5
         b: 5 pages of order 0, the first pfn=0x* of 5
         w: 0xf8*-0xf8* pages=5
         w: 4 bytes written at 0xf8*
         w: unmapped 0xf8*
         b: freed 5 pages
         n: pfn=0x* order=1 zone=Normal
         n: pfn=0x* count=2
         n: pfn=0x* count=1
         n: split, 2 pages of order 0, the first pfn=0x*
         n: freed 2 pages
         p: pfn=0x* order=2 zone=Normal
         p: pfn=0x* count=2
         p: pfn=0x* order=0 stays, count=1
         p: freed pfn=0x* order=0
         c: pfn=0x* order=2 zone=Normal
         c: pfn=0x* count=2
         c: pfn=0x* order=2 stays, count=1
         c+0x1000: pfn=0x* phys=0x* zone=Normal head=0x* order=2 count=1 compound allocated
         c: freed pfn=0x* order=2
         live: 0 objects, 0
         drain: * pages went back to the zones",
    );
}

#[test]
fn files_in_memory() {
    check(
        "f = file_open data; file_read f 100K; file_read f 8K 96K; file_write f 1 64K; page_of f+0x10000; live; sync
         reclaim; - page_of f+0x19000; file_close f",
        "f: file data
         f: read 25 pages from page 0 on, new=25 cached=25 dirty=0
         f: read 2 pages from page 24 on, new=1 cached=26 dirty=0
         f: wrote 1 page from page 16 on, new=0 cached=26 dirty=1
         f+0x10000: pfn=0x* phys=0x* zone=HighMem head=0x* order=0 count=1 allocated, a file's page
         live: 1 object, 104K
           f = file data (a file)
         sync: 1 page written
         reclaim: 26 pages freed
         error: EINVAL: page 25 of f+0x19000 is not in memory
         f: closed, 0 pages dropped",
    );
}

#[test]
fn nodes_are_named_where_there_are_several() {
    let profile = kmem::profile::by_name("amd64-6.12").unwrap_or_else(|| panic!("no machine"));
    let ram_bytes = 1 << 30;
    let nodes =
        kmem::boot::cut_nodes(profile, ram_bytes, &[ram_bytes / 2; 2]).unwrap_or_else(|error| panic!("{error}"));
    let params = BootParams { cpus: 1, nodes: Some(nodes.as_slice()), ram_bytes, ..BootParams::new(profile) };
    let kernel =
        kmem_hosted::boot(profile, &params, Displacement::Any, |_| ()).unwrap_or_else(|error| panic!("{error}"));
    let script =
        "p = alloc_pages_node 1 0 GFP_KERNEL; q = alloc_pages_node 0 0 GFP_KERNEL|__GFP_THISNODE; kswapd 1; - kswapd 2";
    let (out, _) = run_on(&kernel, script);
    let expected = "p: pfn=0x* order=0 zone=* node=1
         q: pfn=0x* order=0 zone=* node=0
         kswapd: 0 pages freed
         error: EINVAL: there is no node 2; the last one is 1";
    assert!(like(&out, expected), "{out}");
}

#[test]
fn processes_get_pages_when_they_touch_them() {
    check(
        "u = mm_create init oom_score_adj=-5; a = mmap u 100K; vtop a; touch u a 5000; vtop a+0x1000; read a 4
         write a+0xffc \"across pages\"; read a+0xffc 12; brk u +1M; touch u 0x804a000; brk u -1M; live
         munmap u a+0x1000 4096; - read a+0x1000 1; - touch u a+0x1000 1; touch u a 4096; mm_destroy u; live",
        "u: pid=300 comm=init pgd=0x* oom_score_adj=-5
         a: 0xb7fe7000-0xb8000000 pages=25 resident=0
         a: 0xb7fe7000 is not mapped: promised to process 300 (0xb7fe7000-0xb8000000), not touched yet
           pgd at 0x*: 0x00000000 -> nothing
         u: touched 2 pages from 0xb7fe7000 on, new=2 resident=2
         a+0x1000: 0xb7fe8000 -> 0x* page=4K rwx user
           pgd at 0x*: 0x* -> table 0x*
           pte at 0x*: 0x*067 -> page 0x* rwx user
         a: 4 bytes at 0xb7fe7000: 00 00 00 00 |....|
         a+0xffc: 12 bytes written at 0xb7fe7ffc
         a+0xffc: 12 bytes at 0xb7fe7ffc: 61 63 72 6f 73 73 20 70 61 67 65 73 |across pages|
         u: heap 0x804a000-0x814a000 pages=256 resident=0
         u: touched 1 page from 0x804a000 on, new=1 resident=3
         u: heap 0x804a000-0x804a000 pages=0 resident=0
         live: 2 objects, 8K
           u = pid=300 comm=init (a process)
           a = 0xb7fe7000-0xb8000000 pages=25 (a mapping of a process)
         u: unmapped 0xb7fe8000-0xb7fe9000 pages=1 freed=1 resident=1
         error: EFAULT: nothing is mapped at 0xb7fe8000: no VMA of process 300 holds it
         error: EFAULT: touch u a+0x1000: SIGSEGV at 0xb7fe8000: no VMA holds it
         u: touched 1 page from 0xb7fe7000 on, new=0 resident=1
         u: pid=300 exited, 1 page freed, and 2 of page tables
         live: 0 objects, 0",
    );
    check(
        "u = mm_create; w = mm_create; a = mmap u 8K; b = mmap w 8K ro; touch u a; munmap u a; - touch u a 1
         - touch w b; free_all; verify",
        "u: pid=300 comm=mm pgd=0x*
         w: pid=301 comm=mm pgd=0x*
         a: 0xb7ffe000-0xb8000000 pages=2 resident=0
         b: 0xb7ffe000-0xb8000000 pages=2 resident=0
         u: touched 2 pages from 0xb7ffe000 on, new=2 resident=2
         u: unmapped 0xb7ffe000-0xb8000000 pages=2 freed=2 resident=0
         error: EFAULT: touch u a: SIGSEGV at 0xb7ffe000: no VMA holds it
         error: EFAULT: touch w b: SIGSEGV at 0xb7ffe000: its VMA is only to be read
         free_all: 3 objects, 0 freed
         verify: all invariants hold",
    );
}

/// 4 MiB from 3 MiB on lie under three tables of 2 MiB (PAE, with three pmd pages besides, or pairs of ARM's) or two of
/// 4 MiB.
#[test]
fn processes_in_meminfo() {
    for (name, lines) in [
        ("i386-pae-6.1", ["Inactive(anon):     4096 kB", "AnonPages:          4096 kB", "PageTables:           24 kB"]),
        ("msm8x25", ["Active(anon):       4096 kB", "AnonPages:          4096 kB", "PageTables:           12 kB"]),
        ("linux-2.6-i386", ["Active:           4096 kB", "Mapped:           4096 kB", "PageTables:          8 kB"]),
    ] {
        let script = "u = mm_create; a = mmap u 4M at=0x40300000; touch u a; cat /proc/meminfo";
        let (out, ending) = run_on(&machine(name), script);
        assert_eq!(ending, Ending::Done, "{out}");
        for line in lines.into_iter().chain(["Committed_AS:"]) {
            assert!(out.lines().any(|found| found.starts_with(line)), "{name}: {line}\n{out}");
        }
    }
}

#[test]
fn where_nothing_may_sleep() {
    check(
        "preempt_disable; preempt_disable; k = kmalloc 100 GFP_ATOMIC; kfree k; preempt_enable; - v = vmalloc 4K
         preempt_enable; - preempt_enable; irq_disable; - p = alloc_pages 0 GFP_KERNEL|__GFP_ZERO; irq_enable
         p = alloc_pages 0 GFP_KERNEL; free_pages p",
        "preempt_disable: preempt_count=1 interrupts=on
         preempt_disable: preempt_count=2 interrupts=on
         k: 0xc* size=128
         k: freed 0xc* size=128
         preempt_enable: preempt_count=1 interrupts=on
         error: EINVAL: sleeping function called from invalid context: vmalloc may sleep, preempt_count=1 interrupts=on
         preempt_enable: preempt_count=0 interrupts=on
         error: EINVAL: preempt_enable without a preempt_disable: the count would go below 0
         irq_disable: preempt_count=0 interrupts=off
         error: EINVAL: sleeping function called from invalid context: alloc_pages with GFP_KERNEL|__GFP_ZERO may sleep, preempt_count=0 interrupts=off; GFP_ATOMIC does not
         irq_enable: preempt_count=0 interrupts=on
         p: pfn=0x* order=0 zone=Normal
         p: freed pfn=0x* order=0",
    );
}

#[test]
fn without_an_mmu() {
    let script = "v = vmalloc 100K; virt_to_phys v; vtop v; - w = vmap v; vfree v; - vfree v";
    let (out, ending) = run_on(&machine("uclinux-2.6"), script);
    let expected = "v: 0x*-0x* pages=25
         v: virt=0x* phys=0x*
         v: 0x* -> 0x* (no MMU: an address is a physical one)
         error: ENOSYS: vmap: this machine has no MMU: it cannot map pages that lie apart to addresses that lie together
         v: freed 0x*-0x* pages=25
         error: EINVAL: double free: v (a vmalloc area, 0x*-0x* pages=25) was given back by vfree";
    assert!(like(&out, expected), "{out}");
    assert_eq!(ending, Ending::Done);
}

#[test]
fn a_failure_ends_the_script_unless_it_is_expected() {
    let kernel = machine("linux-2.6-i386");
    let (out, ending) = run_on(&kernel, "b = vmalloc 200M; live");
    assert_eq!(ending, Ending::Failed);
    assert!(out.starts_with("error: ENOMEM: vmalloc of 200M: 209719296 bytes of addresses needed"), "{out}");
    assert_eq!(out.lines().count(), 1);
    let (out, ending) = run_on(&kernel, "- b = vmalloc 200M; vfree b; -kfree b; for 2 { kfree 0 }; - read b 1; live");
    assert_eq!(ending, Ending::Done);
    let last: Vec<&str> = out.lines().skip(1).collect();
    let null = "b: NULL, nothing to free";
    let zero = "0x0: NULL, nothing to free";
    assert_eq!(last, [null, null, zero, zero, "error: EFAULT: b is NULL", "live: 0 objects, 0"]);
}
