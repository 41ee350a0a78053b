//! The names of memory that drivers use most, in the order in which they use them: each is used as drivers do, in each era
//! that has it (`c/field.c`).

mod runner;

use kmem_modules::run::Run;
use runner::{cat, clean, echo, Setup};

/// Counted in the drivers of a 6.1 kernel, most used first. `*`: 2.6.18 has it too.
const NAMES: &str = "*kfree *kzalloc devm_kzalloc *kmalloc *kcalloc devm_platform_ioremap_resource *iounmap \
    *dma_free_coherent *dma_alloc_coherent *ioremap devm_kcalloc devm_ioremap_resource struct_size kmemdup \
    kmalloc_array *vfree of_iomap kvfree devm_ioremap kasprintf devm_kasprintf vzalloc devm_kfree *PAGE_ALIGN \
    *page_address *vmalloc *free_page *kstrdup *simple_read_from_buffer *virt_to_phys kvzalloc *pci_iounmap \
    *dma_pool_free devm_platform_ioremap_resource_byname *pci_iomap *kmem_cache_destroy *per_cpu_ptr *offset_in_page \
    bitmap_free *get_order *alloc_page pcim_iomap_table *virt_to_page bitmap_zalloc *kmem_cache_free *__free_page \
    array_size *dma_pool_create *dma_pool_destroy kfree_rcu devm_kmalloc *put_page *get_zeroed_page *free_percpu \
    *free_pages *kmem_cache_create devres_alloc *__get_free_page dmam_alloc_coherent devm_kmemdup *dma_pool_alloc \
    krealloc this_cpu_ptr memdup_user *__get_free_pages *kunmap_atomic *mempool_free *mempool_alloc *kmap_atomic \
    kzalloc_node dma_pool_zalloc *get_page kvcalloc kvmalloc *__free_pages ioremap_wc *page_to_phys kvmalloc_array \
    *phys_to_virt devm_kmalloc_array";

fn drive(run: &mut Run) {
    echo(run, "hello", "/dev/field");
    assert_eq!(cat(run, "/dev/field"), "hello");
}

fn check(setup: &Setup, has: impl Fn(&str) -> bool) {
    let devices = vec!["gadget0,mmio=4K,of=acme,field", "card,mmio=256,pci=1b36:0010"];
    let (lines, outcome) = Setup { devices, ..setup.clone() }.run("field.c", drive);
    let names = NAMES.split_whitespace().filter(|name| has(name)).map(|name| name.trim_start_matches('*'));
    let wrong: Vec<String> = names
        .map(|name| format!("{name}: "))
        .filter(|name| !lines.iter().any(|line| line.strip_prefix(name.as_str()) == Some("ok")))
        .map(|name| lines.iter().find(|line| line.starts_with(&name)).cloned().unwrap_or(name + "not used"))
        .collect();
    assert!(wrong.is_empty(), "{}: {wrong:#?}, {:#?}", setup.machine, outcome.findings);
    clean(&outcome);
}

#[test]
fn the_names_that_drivers_use_most_do_what_they_do_in_a_kernel() {
    assert_eq!(NAMES.split_whitespace().count(), 80);
    for machine in ["i386-pae-6.1", "armhf-6.12"] {
        check(&Setup::on(machine), |_| true);
    }
    check(&Setup { cpus: 2, ..Setup::on("i386-pae-6.1") }, |_| true);
}

#[test]
fn those_that_2_6_has_do_so_there() {
    check(&Setup::old(), |name| name.starts_with('*'));
}
