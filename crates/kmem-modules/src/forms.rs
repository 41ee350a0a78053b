//! Calls whose form changed between the eras: what is said when a source does not compile, and what tells its era.
//!
//! Kernel sources: the versions are those in which the change was released.

use crate::compile::Era;

/// A name, and how it came, went or changed.
struct Form {
    name: &'static str,
    was: &'static str,
}

const fn form(name: &'static str, was: &'static str) -> Form {
    Form { name, was }
}

/// Memory calls and what stands beside them in nearly every source.
const FORMS: &[Form] = &[
    form("kmem_cache_create", "six arguments until 2.6.22, five since"),
    form("kmem_cache_t", "until 2.6.19; `struct kmem_cache` since"),
    form("kmem_cache_destroy", "an int until 2.6.18, void since"),
    form("kmem_cache_zalloc", "since 2.6.17; before, kmem_cache_alloc and memset"),
    form("kmem_cache_alloc_bulk", "since 4.3"),
    form("kmem_cache_create_usercopy", "since 4.16"),
    form("KMEM_CACHE", "since 2.6.22; before, kmem_cache_create"),
    form("SLAB_KERNEL", "until 2.6.19; GFP_KERNEL since"),
    form("SLAB_ATOMIC", "until 2.6.19; GFP_ATOMIC since"),
    form("SLAB_NOIO", "until 2.6.19; GFP_NOIO since"),
    form("SLAB_NOFS", "until 2.6.19; GFP_NOFS since"),
    form("SLAB_USER", "until 2.6.19; GFP_USER since"),
    form("SLAB_DMA", "until 2.6.19; GFP_DMA since"),
    form("SLAB_CTOR_CONSTRUCTOR", "constructors had flags until 2.6.22; one argument since 2.6.27"),
    form("SLAB_CTOR_VERIFY", "constructors had flags until 2.6.22; one argument since 2.6.27"),
    form("SLAB_TYPESAFE_BY_RCU", "since 4.12; SLAB_DESTROY_BY_RCU before"),
    form("SLAB_DESTROY_BY_RCU", "until 4.11; SLAB_TYPESAFE_BY_RCU since"),
    form("SLAB_NO_MERGE", "since 6.5"),
    form("kzalloc", "since 2.6.14; before, kmalloc and memset"),
    form("kmalloc_array", "since 3.4; before, kcalloc or a checked product"),
    form("krealloc", "since 2.6.22"),
    form("krealloc_array", "since 5.11; krealloc before"),
    form("ksize", "of NULL only since 2.6.22"),
    form("kzfree", "until 5.9; kfree_sensitive since"),
    form("kfree_sensitive", "since 5.9; kzfree before"),
    form("kfree_rcu", "since 3.0; call_rcu before"),
    form("kmemdup", "since 2.6.19; before, kmalloc and memcpy"),
    form("kstrndup", "since 2.6.22"),
    form("kasprintf", "since 2.6.22; before, kmalloc and snprintf"),
    form("memdup_user", "since 2.6.30; before, kmalloc and copy_from_user"),
    form("kvmalloc", "since 4.12; before, kmalloc, then vmalloc"),
    form("kvzalloc", "since 4.12; before, kzalloc, then vmalloc"),
    form("kvcalloc", "since 4.18"),
    form("kvmalloc_array", "since 4.12"),
    form("kvfree", "since 3.15; before, is_vmalloc_addr and vfree or kfree"),
    form("kvrealloc", "four arguments from 5.15 to 6.11, three since 6.12"),
    form("struct_size", "since 4.18"),
    form("array_size", "since 4.18"),
    form("bitmap_zalloc", "since 4.19; before, kcalloc of BITS_TO_LONGS"),
    form("ZERO_SIZE_PTR", "since 2.6.22; kmalloc(0) gave the smallest object before"),
    form("ZERO_OR_NULL_PTR", "since 2.6.22"),
    form("vzalloc", "since 2.6.37; before, vmalloc and memset"),
    form("vmalloc_user", "since 2.6.18"),
    form("__vmalloc", "three arguments, the last a pgprot_t, until 5.7; two since"),
    form("vm_map_ram", "four arguments, the last a pgprot_t, until 5.7; three since"),
    form("vmalloc_exec", "until 5.7"),
    form("is_vmalloc_addr", "since 2.6.26"),
    form("alloc_pages_exact", "since 2.6.27"),
    form("alloc_percpu", "since 2.6; __alloc_percpu took (size) until 2.6.29, (size, align) since"),
    form("kmap_atomic", "two arguments (page, KM_USER0) until 2.6.36; one since"),
    form("kunmap_atomic", "two arguments (addr, KM_USER0) until 2.6.36; one since"),
    form("KM_USER0", "until 2.6.36: kmap_atomic(page) since, kmap_local_page(page) since 5.11"),
    form("KM_USER1", "until 2.6.36: kmap_atomic(page) since, kmap_local_page(page) since 5.11"),
    form("kmap_local_page", "since 5.11; kmap_atomic before"),
    form("kunmap_local", "since 5.11; kunmap_atomic before"),
    form("ioremap_nocache", "until 5.5; ioremap since"),
    form("memremap", "since 4.3"),
    form("mempool_resize", "three arguments, the last flags, until 4.0; two since"),
    form("mempool_create_slab_pool", "since 2.6.18; before, mempool_create with mempool_alloc_slab"),
    form("mempool_create_kmalloc_pool", "since 2.6.18"),
    form("mempool_init", "since 4.18; mempool_create before"),
    form("num_physpages", "until 3.10; totalram_pages() since"),
    form("totalram_pages", "a variable until 4.20, a function since"),
    form("MAX_PAGE_ORDER", "since 6.8; MAX_ORDER - 1 until 6.3"),
    form("page_folio", "since 5.16"),
    form("access_ok", "three arguments, the first VERIFY_READ or VERIFY_WRITE, until 4.20; two since"),
    form("VERIFY_READ", "until 4.20: access_ok(addr, size) since"),
    form("VERIFY_WRITE", "until 4.20: access_ok(addr, size) since"),
    form("init_timer", "until 4.14; timer_setup since"),
    form("setup_timer", "until 4.14; timer_setup since"),
    form("timer_setup", "since 4.14; init_timer and function, data before"),
    form("del_timer_sync", "until 6.14; timer_delete_sync since 6.2"),
    form("create_proc_entry", "until 3.9; proc_create since"),
    form("create_proc_read_entry", "until 3.9; proc_create and seq_file since"),
    form("proc_create", "file_operations until 5.5, struct proc_ops since"),
    form("class_create", "(owner, name) until 6.3, (name) since"),
    form("device_create", "since 2.6.18; class_device_create before; drvdata since 2.6.27"),
    form("init_MUTEX", "until 2.6.36; sema_init(sem, 1) or a mutex since"),
    form("DECLARE_MUTEX", "until 2.6.36; DEFINE_SEMAPHORE or DEFINE_MUTEX since"),
    form("SPIN_LOCK_UNLOCKED", "until 2.6.38; DEFINE_SPINLOCK since"),
    form("MODULE_PARM", "until 2.6.16; module_param since"),
    form("DEFINE_MUTEX", "since 2.6.16; DECLARE_MUTEX before"),
    form("register_shrinker", "until 6.6; shrinker_alloc and shrinker_register since"),
];

/// Returns a line for each call of the table that a compiler complained about.
pub fn notes(output: &str, era: Era) -> Vec<String> {
    let errors = output.lines().filter(|line| line.contains("error: "));
    let complaints: Vec<&str> = errors.filter_map(|line| line.split("did you mean").next()).collect();
    let is_named = |name: &str| {
        let quoted = [format!("‘{name}’"), format!("'{name}'"), format!("\"{name}\"")];
        complaints.iter().any(|line| quoted.iter().any(|quoted| line.contains(quoted)))
    };
    let named = FORMS.iter().filter(|form| is_named(form.name));
    named.map(|form| format!("{}: {}: compiled with --era {}", form.name, form.was, era.name())).collect()
}

/// Returns why a source is of the old era, if a call in it has the form that only that one has.
pub fn old_call(source: &str) -> Option<String> {
    let name = "kmem_cache_create";
    let mut rest = source;
    while let Some(at) = rest.find(name) {
        let is_word = rest[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_');
        rest = &rest[at + name.len()..];
        if !is_word && arguments(rest) == Some(6) {
            return Some(format!("{name}: six arguments until 2.6.22, five since: compiled with --era 2.6"));
        }
    }
    None
}

/// Counts the arguments of a call, from its opening bracket on.
fn arguments(text: &str) -> Option<usize> {
    let mut depth = 0;
    let mut commas = 0;
    for c in text.trim_start().chars() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 1 => commas += 1,
            ';' => return None,
            _ => {}
        }
        if depth == 0 {
            return (c == ')').then_some(commas + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_form_of_a_call_tells_the_era() {
        let old = "c = kmem_cache_create(\"a\", sizeof(struct s), 0,\n\tSLAB_HWCACHE_ALIGN, NULL, NULL);";
        assert_eq!(
            old_call(old).as_deref(),
            Some("kmem_cache_create: six arguments until 2.6.22, five since: compiled with --era 2.6")
        );
        assert_eq!(old_call("kmem_cache_create(\"a\", f(1, 2, 3), 0, 0, NULL);"), None);
        assert_eq!(old_call("my_kmem_cache_create(1, 2, 3, 4, 5, 6);"), None);
    }
    #[test]
    fn a_complaint_names_the_form() {
        let output = "a.c:3:9: error: too many arguments to function ‘kmem_cache_create’\n\
                      a.c:4:1: error: ‘SLAB_KERNEL’ undeclared\na.c:5:1: note: ‘kzalloc’";
        let notes = notes(output, Era::Modern);
        assert_eq!(notes.len(), 2);
        assert_eq!(notes[0], "kmem_cache_create: six arguments until 2.6.22, five since: compiled with --era modern");
    }
}
