//! Host functions: what C modules call that is not C.
//!
//! One table names them all; a module's undefined symbol is looked up here and becomes the address of a stub in the
//! machine's kernel text. Each function takes its arguments from the call, word by word, asks the engine, keeps the
//! checker's ledger, and returns what the kernel's function of that name would. `../ABI.md` has the prototypes.

mod dma;
mod kasan;
mod kmap;
mod log;
mod pages;
pub(crate) mod percpu;
mod pool;
mod slab;
mod slab_test;
mod user;
mod vmalloc;

pub use pool::PoolIdle;

use crate::exec::Call;
use crate::session::Session;
use crate::{fake_device, held, holds, tasks};

/// One host function: the result goes to edx:eax.
pub type HostFn = fn(&Session, &mut Call<'_>) -> u64;

/// All host functions by name.
pub static EXPORTS: &[(&str, HostFn)] = &[
    ("kmem_host_printk", log::printk),
    ("dump_stack", log::dump_stack),
    ("kmem_host_bug", log::bug),
    ("kmem_host_warn", log::warn),
    ("kmem_host_panic", log::panic),
    ("kmem_host_misuse", log::misuse),
    ("kmem_host_misuse_in", log::misuse_in),
    ("kmem_host_unbalanced", held::unbalanced),
    ("kmem_host_unset", kasan::unset),
    ("kmem_host_hold_on", holds::hold_on),
    ("kmem_host_symbol", log::symbol),
    ("kmem_host_stuck", tasks::stuck),
    ("kmem_host_waiting", tasks::waiting),
    ("kmem_host_hold", holds::hold),
    ("kmem_host_unhold", holds::unhold),
    ("kmem_host_stack_alloc", tasks::stack_alloc),
    ("kmem_host_stack_free", tasks::stack_free),
    ("kmem_host_cpu", tasks::cpu),
    ("kmem_host_device", fake_device::describe),
    ("kmem_host_dma_alloc", dma::alloc),
    ("kmem_host_dma_free", dma::free),
    ("kmem_host_check_dma", dma::check),
    ("kmem_host_alloc_percpu", percpu::alloc),
    ("free_percpu", percpu::free),
    ("kmem_host_might_sleep", log::might_sleep),
    ("kmem_host_random", log::random),
    ("kmalloc", slab::kmalloc),
    ("kfree", slab::kfree),
    ("ksize", slab::ksize),
    ("krealloc", slab::krealloc),
    ("kmem_host_resized", slab::resized),
    ("kmalloc_size_roundup", slab::kmalloc_size_roundup),
    ("kmem_host_cache_create", slab::cache_create),
    ("kmem_cache_destroy", slab::cache_destroy),
    ("kmem_cache_alloc", slab::cache_alloc),
    ("kmem_cache_free", slab::cache_free),
    ("kmem_cache_shrink", slab::cache_shrink),
    ("kmem_cache_size", slab::cache_size),
    ("kmem_cache_name", slab::cache_name),
    ("kmem_cache_alloc_bulk", slab::cache_alloc_bulk),
    ("kmem_cache_free_bulk", slab::cache_free_bulk),
    ("kmem_host_slab_errors", slab_test::slab_errors),
    ("validate_slab_cache", slab_test::validate),
    ("kmem_host_cache_alloc_for", slab_test::cache_alloc_for),
    ("kasan_disable_current", slab_test::kasan_off),
    ("kasan_enable_current", slab_test::kasan_on),
    ("kmem_host_rt_alloc", slab::rt_alloc),
    ("kmem_host_rt_free", slab::rt_free),
    ("mempool_create", pool::create),
    ("mempool_init", pool::init),
    ("mempool_exit", pool::exit),
    ("kmem_host_mempool_saturated", pool::is_saturated),
    ("mempool_destroy", pool::destroy),
    ("kmem_host_mempool_alloc", pool::alloc),
    ("kmem_host_mempool_free", pool::free),
    ("mempool_resize", pool::resize),
    ("alloc_pages", pages::alloc_pages),
    ("__free_pages", pages::free_pages_of),
    ("__get_free_pages", pages::get_free_pages),
    ("get_zeroed_page", pages::get_zeroed_page),
    ("free_pages", pages::free_pages),
    ("alloc_pages_exact", pages::alloc_pages_exact),
    ("free_pages_exact", pages::free_pages_exact),
    ("split_page", pages::split_page),
    ("get_page", pages::get_page),
    ("put_page", pages::put_page),
    ("page_count", pages::page_count),
    ("page_address", pages::page_address),
    ("page_zonenum", pages::page_zonenum),
    ("compound_head", pages::compound_head),
    ("compound_order", pages::compound_order),
    ("kmem_host_zone_name", pages::zone_name),
    ("kmem_host_meminfo", pages::meminfo),
    ("vmalloc", vmalloc::vmalloc),
    ("vzalloc", vmalloc::vzalloc),
    ("vmalloc_32", vmalloc::vmalloc_32),
    ("vmalloc_user", vmalloc::vzalloc),
    ("__vmalloc", vmalloc::vmalloc_gfp),
    ("__vmalloc_node", vmalloc::vmalloc_node),
    ("vfree", vmalloc::vfree),
    ("vmap", vmalloc::vmap),
    ("vunmap", vmalloc::vunmap),
    ("vmalloc_to_page", vmalloc::vmalloc_to_page),
    ("vmalloc_to_pfn", vmalloc::vmalloc_to_pfn),
    ("kmem_host_ioremap", vmalloc::ioremap),
    ("iounmap", vmalloc::iounmap),
    ("kmem_host_flush_tlb_kernel_range", vmalloc::flush_tlb_kernel_range),
    ("kmem_host_pgd", vmalloc::pgd),
    ("kmem_host_vmalloc_bytes", vmalloc::bytes),
    ("kmem_host_kmap", kmap::kmap),
    ("kmem_host_kunmap", kmap::kunmap),
    ("kmap_atomic", kmap::kmap_atomic),
    ("kmem_host_kunmap_atomic", kmap::kunmap_local),
    ("kmap_local_page", kmap::kmap_local),
    ("kmem_host_kunmap_local", kmap::kunmap_local),
    ("copy_to_user", user::copy_to_user),
    ("kmem_host_check_object", user::check_object),
    ("copy_from_user", user::copy_from_user),
    ("clear_user", user::clear_user),
    ("strncpy_from_user", user::strncpy_from_user),
    ("__asan_register_globals", kasan::register_globals),
    ("__asan_handle_no_return", kasan::handle_no_return),
    ("__asan_report_load1_noabort", kasan::load1),
    ("__asan_report_load2_noabort", kasan::load2),
    ("__asan_report_load4_noabort", kasan::load4),
    ("__asan_report_load8_noabort", kasan::load8),
    ("__asan_report_load16_noabort", kasan::load16),
    ("__asan_report_load_n_noabort", kasan::load_n),
    ("kmem_host_kasan_store", kasan::store),
];

/// `-errno` as the kernel returns it, in an int or a long.
pub(crate) const fn errno(number: i32) -> u64 {
    -(number as i64) as u64
}
pub(crate) const EINVAL: i32 = 22;
pub(crate) const ENOMEM: i32 = 12;
pub(crate) const EFAULT: i32 = 14;
pub(crate) const EBUSY: i32 = 16;
