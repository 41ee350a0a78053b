//! The commands of the language, as a table: name, usage, what it does, whether it is there.

/// One command.
#[derive(Clone, Copy, Debug)]
pub struct Verb {
    /// Its name.
    pub name: &'static str,
    /// What follows the name.
    pub usage: &'static str,
    /// One line about it.
    pub about: &'static str,
    /// Which part of the language it belongs to.
    pub group: Group,
    /// Whether it gives something that a name can hold.
    pub gives: Gives,
}

/// Parts of the language.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Group {
    /// Pages of the buddy allocator.
    Pages,
    /// kmalloc and slab caches.
    Slab,
    /// Memory pools.
    Pool,
    /// vmalloc, vmap, ioremap, kmap.
    Map,
    /// Processes and their memory.
    User,
    /// Bytes and addresses.
    Look,
    /// The shell itself.
    Shell,
    /// Files in memory, and reclaim.
    Reclaim,
    /// Device files of modules.
    Files,
}

/// Whether a command gives something that a name can hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gives {
    /// `NAME = …` keeps it.
    Object,
    /// There is nothing to keep.
    Nothing,
}

impl Verb {
    /// Finds a command by its name.
    pub fn by_name(name: &str) -> Option<&'static Self> {
        VERBS.iter().find(|verb| verb.name == name)
    }
    /// Returns how the command is written: `NAME = kmalloc SIZE GFP`.
    pub fn synopsis(&self) -> String {
        let name = if self.gives == Gives::Object { "NAME = " } else { "" };
        let space = if self.usage.is_empty() { "" } else { " " };
        format!("{name}{}{space}{}", self.name, self.usage)
    }
}

const fn gives(name: &'static str, group: Group, usage: &'static str, about: &'static str) -> Verb {
    Verb { name, usage, about, group, gives: Gives::Object }
}
const fn does(name: &'static str, group: Group, usage: &'static str, about: &'static str) -> Verb {
    Verb { name, usage, about, group, gives: Gives::Nothing }
}

use Group::{Files, Look, Map, Pages, Pool, Reclaim, Shell, Slab, User};

/// All commands, by groups.
pub static VERBS: [Verb; 115] = [
    gives("alloc_pages", Pages, "ORDER GFP", "take 2^ORDER contiguous pages"),
    gives("get_free_pages", Pages, "ORDER GFP", "the same, by their address (never high memory)"),
    gives("get_zeroed_page", Pages, "GFP", "take one page of zeros"),
    gives("alloc_pages_node", Pages, "NODE ORDER GFP", "the same as alloc_pages, rather from this node"),
    gives("alloc_pages_bulk", Pages, "COUNT GFP", "take up to COUNT single pages at once"),
    gives("alloc_pages_exact", Pages, "SIZE GFP", "take contiguous pages for SIZE, by their address, and no more"),
    does("free_pages", Pages, "OBJECT [ORDER]", "give pages back"),
    does("free_pages_exact", Pages, "OBJECT", "give back what alloc_pages_exact gave"),
    does("split_page", Pages, "PAGES", "make single pages of a block"),
    does("get_page", Pages, "PAGES", "hold one more reference to a block"),
    does("put_page", Pages, "PAGES", "drop a reference; the last one frees the block"),
    gives("kmalloc", Slab, "SIZE GFP", "take SIZE contiguous bytes"),
    gives("kzalloc", Slab, "SIZE GFP", "the same, zeroed"),
    gives("krealloc", Slab, "OBJECT SIZE GFP", "make an object larger or smaller, moving it if need be"),
    gives("kmalloc_array", Slab, "COUNT SIZE GFP", "COUNT times SIZE bytes, unless that is more than size_t holds"),
    gives("kcalloc", Slab, "COUNT SIZE GFP", "the same, zeroed"),
    gives("kmalloc_node", Slab, "SIZE GFP NODE", "the same as kmalloc, rather from this node"),
    gives("kstrdup", Slab, "\"text\" GFP", "a copy of a text, with its NUL"),
    gives("kvmalloc", Slab, "SIZE GFP", "kmalloc, or vmalloc where that fails and sleeping is allowed"),
    gives("kvzalloc", Slab, "SIZE GFP", "the same, zeroed"),
    gives("kvcalloc", Slab, "COUNT SIZE GFP", "the same, for COUNT times SIZE bytes"),
    gives("kvrealloc", Slab, "OBJECT SIZE GFP", "make what kvmalloc gave larger or smaller"),
    does("kvfree", Slab, "OBJECT", "give back what kmalloc, vmalloc or kvmalloc gave"),
    does("kfree", Slab, "OBJECT", "give back what kmalloc gave"),
    does("kfree_sensitive", Slab, "OBJECT", "the same, after clearing it"),
    does("kfree_rcu", Slab, "OBJECT", "the same, once nobody who reads now can still look at it"),
    does("ksize", Slab, "OBJECT", "how many bytes may be used"),
    gives("kmem_cache_create", Slab, "CACHE_NAME SIZE ALIGN FLAGS", "a slab cache: SLAB_HWCACHE_ALIGN|…, or 0"),
    gives("kmem_cache_alloc", Slab, "CACHE GFP", "take an object of a cache"),
    gives("kmem_cache_alloc_node", Slab, "CACHE GFP NODE", "the same, rather from this node"),
    gives("kmem_cache_alloc_bulk", Slab, "CACHE GFP COUNT", "take COUNT objects at once, or none"),
    does("kmem_cache_free", Slab, "CACHE OBJECT", "give an object back to its cache"),
    does("kmem_cache_free_bulk", Slab, "CACHE OBJECTS", "give back what kmem_cache_alloc_bulk gave"),
    does("kmem_cache_shrink", Slab, "CACHE", "give a cache's empty slabs back"),
    does("validate", Slab, "[CACHE]", "check every object of a debugged cache, or of all of them"),
    does("kmem_cache_destroy", Slab, "CACHE", "destroy a cache of which nothing is in use"),
    gives(
        "mempool_create",
        Pool,
        "COUNT CACHE|kmalloc SIZE|pages ORDER",
        "a pool that keeps COUNT elements in reserve",
    ),
    gives("mempool_alloc", Pool, "POOL GFP", "take an element"),
    does("mempool_free", Pool, "POOL ELEMENT", "give an element back"),
    does("mempool_resize", Pool, "POOL COUNT", "keep another number of elements in reserve"),
    does("mempool_destroy", Pool, "POOL", "free a pool and its reserve"),
    gives("vmalloc", Map, "SIZE", "take SIZE bytes, contiguous in virtual addresses only"),
    does("vfree", Map, "OBJECT", "give back what vmalloc gave"),
    gives("vmap", Map, "OBJECT…", "map the pages of objects one behind the other"),
    does("vunmap", Map, "OBJECT", "take such a mapping away"),
    gives("ioremap", Map, "PHYS SIZE", "map registers of a device"),
    does("iounmap", Map, "OBJECT", "take such a mapping away"),
    gives("kmap", Map, "PAGES", "map a page, of high memory too"),
    does("kunmap", Map, "PAGES", "take such a mapping away"),
    gives("kmap_local", Map, "PAGES", "map a page on this CPU, last in, first out"),
    does("kunmap_local", Map, "OBJECT", "take such a mapping away"),
    gives("mm_create", User, "[COMM] [oom_score_adj=N]", "begin a process, with an empty address space"),
    gives("mmap", User, "MM SIZE [at=ADDR] [ro]", "give it addresses; a page comes when it is touched"),
    does("brk", User, "MM [+SIZE|-SIZE|ADDR]", "show or move the end of its heap"),
    does("touch", User, "MM ADDR [SIZE]", "write to each page, to the mapping's end if no SIZE is given"),
    does("munmap", User, "MM ADDR [SIZE]", "take addresses back, and the pages that are there"),
    does("mm_destroy", User, "MM", "end a process: all that it has is free again"),
    gives("file_open", Reclaim, "FILE_NAME", "a file, with nothing of it in memory yet"),
    does("file_read", Reclaim, "FILE SIZE [OFFSET]", "bring pages of it into the page cache"),
    does("file_write", Reclaim, "FILE SIZE [OFFSET]", "the same, and make them dirty"),
    does("file_close", Reclaim, "FILE", "drop its pages, written or not"),
    does("sync", Reclaim, "", "write all dirty pages"),
    does("kswapd", Reclaim, "[NODE]", "run kswapd, of one node or all"),
    does("reclaim", Reclaim, "", "free all that can be freed: clean file pages, empty slabs"),
    does("compact", Reclaim, "", "move pages together, so that large blocks are free"),
    does("read", Look, "OBJECT COUNT", "show bytes"),
    does("write", Look, "OBJECT \"text\"|fill:BYTE:COUNT", "write bytes"),
    does("fill", Look, "OBJECT BYTE COUNT", "fill with a byte"),
    does("virt_to_phys", Look, "OBJECT", "physical address of a directly mapped one"),
    does("phys_to_virt", Look, "PHYS", "directly mapped address of a physical one"),
    does("page_of", Look, "OBJECT", "the page behind an address, and how it is used"),
    does("vtop", Look, "OBJECT", "walk the page tables, level by level"),
    does("cat", Look, "PATH", "show a file of /proc, /proc/sys/vm, /sys/kernel/slab or /sys/kernel/debug/extfrag"),
    does("sysctl", Look, "vm.KEY[=VALUE]", "show or set a tunable"),
    does("drain", Shell, "", "give all CPUs' lists of free pages back"),
    does("preempt_disable", Shell, "", "from now on nothing may sleep, as under a spin lock; it nests"),
    does("preempt_enable", Shell, "", "the end of that"),
    does("irq_disable", Shell, "", "interrupts off: nothing may sleep"),
    does("irq_enable", Shell, "", "interrupts on"),
    does(
        "rcu_read_lock",
        Shell,
        "",
        "begin a read section: what is found in it stays until its end; nothing may sleep",
    ),
    does("rcu_read_unlock", Shell, "", "the end of that"),
    does("synchronize_rcu", Shell, "", "wait until everybody who reads now has left"),
    does("rcu_barrier", Shell, "", "wait until all that kfree_rcu has is freed"),
    does("verify", Shell, "", "check every invariant of the engine"),
    does("live", Shell, "", "list everything that this shell holds"),
    does("free_all", Shell, "", "free everything that this shell holds"),
    does("free_every", Shell, "N NAME", "of all that was taken under a name, free every Nth"),
    does("for", Shell, "COUNT { COMMANDS }", "repeat"),
    does("random", Shell, "SEED COUNT { COMMANDS }", "do COUNT of the commands, picked at random"),
    does(
        "fail",
        Shell,
        "[none|nth=N|prob=P[,seed=S]|size>=N][,cache-filter], or each { COMMANDS }",
        "make allocations fail; each: repeat, failing the first one, then the second, and so on",
    ),
    does("echo", Shell, "TEXT [> PATH]", "show a text, or write it to a file"),
    does("help", Shell, "[COMMAND]", "this list, or one command of it"),
    does("open", Files, "HANDLE NODE r|w|rw|wt|rn", "open a device file: /dev/x, or @REGION:MINOR"),
    does("lseek", Files, "HANDLE OFFSET set|cur|end", "move a file's position"),
    does(
        "ioctl",
        Files,
        "HANDLE COMMAND [NUMBER|int:N|\"text\"|fill:BYTE:COUNT]",
        "ask a driver, with a number, or with the address of an int or of bytes",
    ),
    does(
        "beside",
        Files,
        "read HANDLE COUNT, or write HANDLE \"text\"",
        "read or write in another task, which may wait for what the script does next",
    ),
    does("poll", Files, "HANDLE", "ask whether a file is ready: the bits of poll(2)"),
    does("fasync", Files, "HANDLE on|off", "ask to be told by SIGIO; off says how often that was"),
    does("mapmem", Files, "NAME HANDLE LENGTH [OFFSET] [ro]", "map a device's memory, as mmap(2) does"),
    does("peek", Files, "NAME OFFSET COUNT", "read what is mapped"),
    does("poke", Files, "NAME OFFSET \"text\"", "write to it"),
    does("unmapmem", Files, "NAME", "unmap it"),
    does("gpio", Files, "LINE [0|1]", "put a level on a GPIO line that comes in, or read one"),
    does("su", Files, "UID", "go on as another user; 0 is root"),
    does("port_read", Files, "PORT [1|2|4]", "read a port, of 1 byte if it is not said"),
    does("port_write", Files, "PORT VALUE [1|2|4]", "write one"),
    does("close", Files, "HANDLE", "close a file"),
    does("expect", Files, "ret N|-ENAME, or data \"text\"", "check the last result, or the last bytes read"),
    does("dd", Files, "if=PATH of=PATH [bs=SIZE] [count=N] [skip=N] [seek=N]", "copy between files"),
    does("insmod", Files, "[FILE] [PARAM=VALUE…]", "load the module"),
    does("rmmod", Files, "[NAME]", "unload the module"),
    does("mmio_read", Files, "DEVICE OFFSET [1|2|4]", "read a register of a device, of 4 bytes if it is not said"),
    does("mmio_write", Files, "DEVICE OFFSET VALUE [1|2|4]", "write one"),
    does("irq", Files, "DEVICE", "raise a device's interrupt"),
    does("sleep", Files, "TIME", "let time pass: 2, 0.5 (seconds), 10ms, 500us"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        for (index, verb) in VERBS.iter().enumerate() {
            assert!(VERBS[..index].iter().all(|other| other.name != verb.name), "{}", verb.name);
        }
    }

    #[test]
    fn a_synopsis_shows_what_is_given() {
        let synopsis = |name| Verb::by_name(name).map(Verb::synopsis);
        assert_eq!(synopsis("kmalloc").as_deref(), Some("NAME = kmalloc SIZE GFP"));
        assert_eq!(synopsis("drain").as_deref(), Some("drain"));
    }
}
