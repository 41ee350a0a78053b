//! A machine whose kernel has SLOB.

use super::{like, machine, run_on};
use crate::shell::Ending;

#[track_caller]
fn check(script: &str, expected: &str) {
    let (out, ending) = run_on(&machine("uclinux-2.6-tiny"), script);
    assert!(like(&out, expected), "{script}\n--- printed\n{out}--- expected\n{expected}");
    assert_eq!(ending, Ending::Done, "{script}: {out}");
}

#[test]
fn caches_are_a_size_and_an_alignment() {
    check(
        "c = kmem_cache_create foo 50 0 0; d = kmem_cache_create bar 50 0 SLAB_HWCACHE_ALIGN
         o = kmem_cache_alloc c GFP_KERNEL; - kmem_cache_free d o; - ksize o; - kfree_rcu o; page_of o
         - kmem_cache_destroy c; kmem_cache_free c o; - kmem_cache_free c o; kmem_cache_shrink c
         b = kmem_cache_alloc_bulk c GFP_KERNEL 20; kmem_cache_free_bulk c b; kmem_cache_destroy c",
        "c: cache foo objsize=50 takes=50 align=4
         d: cache bar objsize=50 takes=50 align=32
         o: 0x81* size=50 cache=foo
         error: EINVAL: kmem_cache_free to bar: object 0x81* belongs to cache foo
         error: EINVAL: ksize: an object of a cache has no header with SLOB, only kmalloc's have: what lies before it would be read
         error: EINVAL: kfree_rcu: an object of a cache has no header with SLOB, only kmalloc's have: what lies before it would be read
         o: pfn=0x810* phys=0x810* zone=DMA head=0x810* order=0 count=1 slob
         error: EINVAL: kmem_cache_destroy of foo: 1 object still in use; SLOB would not see it
         o: freed 0x81* to foo
         error: EINVAL: double free: o (an object of a slab cache, 0x81* size=50) was given back by kmem_cache_free
         c: slabs=0 freed=0
         b: 20 objects of size=50, the first 0x81* cache=foo
         b: freed 20 objects to foo
         c: destroyed foo",
    );
}

#[test]
fn what_slabs_tell_of_is_not_there() {
    check(
        "- cat /proc/slabinfo; - cat /sys/kernel/slab/foo/order; - validate; k = kmalloc 100 GFP_KERNEL; ksize k
         k = krealloc k 99 GFP_KERNEL; k = krealloc k 200 GFP_KERNEL; kfree k; - kfree k
         z = kzalloc 4000 GFP_KERNEL; read z 4; kfree_rcu z; rcu_barrier; free_all; verify",
        "error: ENOENT: /proc/slabinfo: no such file; this kernel has SLOB, which has no slabs to tell of
         error: ENOENT: /sys/kernel/slab/foo/order: no such file; this kernel has SLOB, which has no slabs to tell of
         error: ENOENT: validate: this kernel has SLOB, which keeps nothing to check objects by
         k: 0x81* size=100
         k: size=100
         k: 0x81* size=100 (not moved)
         k: 0x81* size=200 (moved from 0x81*)
         k: freed 0x81* size=200
         error: EINVAL: double free: k (a kmalloc object, 0x81* size=200) was given back by kfree
         z: 0x81* size=4000
         z: *00 00 00 00*
         z: 0x81* size=4000 waits for readers, pending=1
         rcu_barrier: *
         free_all: *
         verify: all invariants hold",
    );
}

#[test]
fn pools_and_processes_have_their_objects() {
    check(
        "c = kmem_cache_create foo 60 0 0; m = mempool_create 4 c; e = mempool_alloc m GFP_KERNEL; mempool_free m e
         n = mempool_create 2 kmalloc 100; mempool_destroy n; - kmem_cache_destroy c; mempool_destroy m
         u = mm_create; a = mmap u 16K; touch u a 4096; mm_destroy u; v = vmalloc 10000; vfree v; free_all; verify",
        "c: *
         m: *
         e: *
         *
         n: *
         *
         error: EINVAL: kmem_cache_destroy of foo: 1 object still in use, pool m among the users; SLOB would not see it
         *
         u: *
         a: *
         *
         *
         v: *
         v: freed *
         free_all: *
         verify: all invariants hold",
    );
}
