//! What a running kernel does when its tunables are written, and the huge pages that its command line asks for.

use kmem::boot::{cut_nodes, BootParams};
use kmem::gfp::Gfp;
use kmem::page::ZoneCounts;
use kmem::profile::by_name;
use kmem::reclaim::VmEvent;
use kmem::snapshot::MemField;
use kmem::user::{MmSpec, MmapRequest, UserError};
use kmem::{Kernel, Order};
use kmem_hosted::{boot, Displacement, Hosted};

fn booted(profile: &str, ram: u64, cmdline: &str) -> Kernel<Hosted> {
    let profile = by_name(profile).unwrap();
    let params = BootParams { ram_bytes: ram, cmdline, ..BootParams::new(profile) };
    boot(profile, &params, Displacement::Any, |_| {}).unwrap()
}

fn zones(kernel: &Kernel<Hosted>) -> Vec<ZoneCounts> {
    kernel.pages().zone_counts().filter(|zone| zone.managed > 0).collect()
}

#[test]
fn a_write_moves_the_marks_that_allocations_keep() {
    let kernel = booted("i386-6.1", 256 << 20, "");
    let count = |kernel: &Kernel<Hosted>| {
        let held: Vec<_> = std::iter::from_fn(|| kernel.alloc_pages(Gfp::NOWAIT, Order::ZERO).ok()).collect();
        held.iter().for_each(|&pfn| kernel.free_pages(pfn, Order::ZERO).unwrap());
        kernel.drain();
        held.len() as u64
    };
    let min = |kernel: &Kernel<Hosted>| zones(kernel).iter().map(|zone| zone.min).sum::<u64>();
    let (before, marks) = (count(&kernel), min(&kernel));
    kernel.write_sysctl("vm.min_free_kbytes", "16384").unwrap();
    // The shares of the zones are rounded down.
    let moved = min(&kernel) - marks;
    assert!((4096 - zones(&kernel).len() as u64..=4096).contains(&min(&kernel)));
    // As much less is given as the marks rose.
    let after = count(&kernel);
    assert!((before - after).abs_diff(moved) < 128, "{before} - {after}, the marks rose by {moved}");
    let high = |kernel: &Kernel<Hosted>| kernel.pages().pcp_counts(1, 0).unwrap().high;
    let lists = high(&kernel);
    kernel.write_sysctl("vm.percpu_pagelist_high_fraction", "8").unwrap();
    assert!(high(&kernel) > lists);
    kernel.write_sysctl("vm.percpu_pagelist_high_fraction", "0").unwrap();
    assert_eq!(high(&kernel), lists);
    kernel.verify().unwrap();
}

#[test]
fn clean_pages_of_files_are_dropped_and_dirty_ones_stay() {
    let kernel = booted("amd64-6.12", 512 << 20, "");
    let file = kernel.file_open("data").unwrap();
    for page in 0..300 {
        kernel.file_read(file, page).unwrap();
    }
    for page in 0..40 {
        kernel.file_write(file, page * 7).unwrap();
    }
    let info = kernel.mem_info();
    assert_eq!((info[MemField::Cached], info[MemField::Dirty]), (1200, 160));
    assert_eq!(info[MemField::InactiveFile] + info[MemField::ActiveFile], 1200);
    let mut text = String::new();
    kernel.write_proc("zoneinfo", &mut text).unwrap().unwrap();
    assert!(text.contains("      nr_file_pages 300\n") && text.contains("      nr_dirty     40\n"), "{text}");
    assert!(text.contains("      nr_zone_write_pending 40\n"), "{text}");
    kernel.write_sysctl("vm.drop_caches", "1").unwrap();
    let info = kernel.mem_info();
    assert_eq!((info[MemField::Cached], info[MemField::Dirty]), (160, 160));
    assert_eq!(kernel.vm_event(VmEvent::DropPagecache), 1);
    // Once they are written nothing keeps them.
    assert_eq!(kernel.flush(1000), 40);
    kernel.write_sysctl("vm.drop_caches", "3").unwrap();
    assert_eq!(kernel.mem_info()[MemField::Cached], 0);
    assert_eq!((kernel.vm_event(VmEvent::DropPagecache), kernel.vm_event(VmEvent::DropSlab)), (2, 1));
    let mut text = String::new();
    kernel.write_proc("/proc/vmstat", &mut text).unwrap().unwrap();
    for line in ["drop_pagecache 2", "drop_slab 1", "nr_dirty 0", "nr_dirtied 40", "nr_written 40", "nr_file_pages 0"] {
        assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
    }
    kernel.verify().unwrap();
}

#[test]
fn promises_are_kept_count_of_when_that_is_wanted() {
    let kernel = booted("i386-pae-6.1", 256 << 20, "");
    let mem = kernel.memory();
    let id = kernel.user().create(mem, kernel.map(), &MmSpec { comm: "sh", oom_score_adj: 0 }).unwrap();
    let ask = |bytes| kernel.user().mmap(mem, id, &MmapRequest::new(bytes));
    assert!(matches!(ask(1 << 30), Err(UserError::Overcommit { .. })));
    kernel.write_sysctl("vm.overcommit_memory", "1").unwrap();
    let area = ask(1 << 30).unwrap();
    kernel.user().munmap(mem, id, area, 1 << 30).unwrap();
    kernel.write_sysctl("vm.overcommit_memory", "2").unwrap();
    kernel.write_sysctl("vm.overcommit_ratio", "20").unwrap();
    let limit = kernel.mem_info()[MemField::CommitLimit];
    assert_eq!(limit, mem.total_pages() / 5 * 4);
    let allowed = mem.commit_limit();
    assert_eq!(ask(200 << 20), Err(UserError::Overcommit { pages: 51_200, allowed }));
    ask(40 << 20).unwrap();
    assert_eq!(kernel.mem_info()[MemField::CommittedAs], 40 << 10);
    kernel.write_sysctl("vm.overcommit_kbytes", "40960").unwrap();
    assert_eq!(kernel.mem_info()[MemField::CommitLimit], 40_960);
    assert!(ask(4096).is_err());
    kernel.verify().unwrap();
}

#[test]
fn huge_pages_come_and_go_while_the_kernel_runs() {
    let profile = by_name("amd64-6.12").unwrap();
    let cut = cut_nodes(profile, 1 << 30, &[768 << 20, 256 << 20]).unwrap();
    let params = BootParams { ram_bytes: 1 << 30, nodes: Some(cut.as_slice()), ..BootParams::new(profile) };
    let kernel = boot(profile, &params, Displacement::Any, |_| {}).unwrap();
    let free = || {
        kernel.drain();
        kernel.pages().free_pages()
    };
    let (before, limit) = (free(), kernel.mem_info()[MemField::CommitLimit]);
    for (wanted, count) in [(9, [5, 4]), (4, [2, 2]), (64, [32, 32]), (64, [32, 32]), (1, [0, 1])] {
        kernel.write_sysctl("vm.nr_hugepages", &wanted.to_string()).unwrap();
        let found = kernel.huge_pools().default_pool().unwrap().count;
        assert_eq!(found.iter().sum::<u64>(), wanted);
        assert!(found[0].abs_diff(count[0]) <= 1 && found[1].abs_diff(count[1]) <= 1, "{wanted}: {found:?}");
        assert_eq!(before - free(), wanted * 512);
        let info = kernel.mem_info();
        assert_eq!((info[MemField::HugePagesTotal], info[MemField::HugePagesFree]), (wanted, wanted));
        kernel.verify().unwrap();
    }
    // More than there is: as much as there is, and all of it comes back.
    kernel.write_sysctl("vm.nr_hugepages", "100000").unwrap();
    let most = kernel.mem_info()[MemField::HugePagesTotal];
    assert!((300..512).contains(&most), "{most}");
    kernel.verify().unwrap();
    kernel.write_sysctl("vm.nr_hugepages_mempolicy", "0").unwrap();
    assert_eq!((free(), kernel.mem_info()[MemField::CommitLimit]), (before, limit));
    assert!(kernel.write_sysctl("vm.nr_hugepages", "-1").is_err());
    kernel.verify().unwrap();
}

#[test]
fn huge_pages_are_spread_over_the_nodes() {
    let profile = by_name("amd64-6.12").unwrap();
    let cut = cut_nodes(profile, 1 << 30, &[768 << 20, 256 << 20]).unwrap();
    let cmdline = "hugepages=101";
    let params = BootParams { ram_bytes: 1 << 30, nodes: Some(cut.as_slice()), cmdline, ..BootParams::new(profile) };
    let kernel = boot(profile, &params, Displacement::Any, |_| {}).unwrap();
    let pools = kernel.huge_pools();
    assert_eq!(pools.default_pool().unwrap().count[..2], [51, 50]);
    let info = kernel.mem_info();
    assert_eq!((info[MemField::HugePagesTotal], info[MemField::HugePagesFree]), (101, 101));
    assert_eq!((info[MemField::Hugetlb], info[MemField::Hugepagesize]), (101 * 2048, 2048));
    let plain = boot(profile, &BootParams { cmdline: "", ..params }, Displacement::Any, |_| {}).unwrap();
    let without = plain.mem_info();
    assert_eq!(info[MemField::MemTotal], without[MemField::MemTotal]);
    let free = [&plain, &kernel].map(|kernel| {
        kernel.drain();
        kernel.pages().free_pages()
    });
    assert_eq!(free[0] - free[1], 101 * 512);
    assert_eq!(info[MemField::CommitLimit], (info[MemField::MemTotal] - 101 * 2048) / 4 * 50 / 100 * 4);
    kernel.verify().unwrap();
    // A node that has none left leaves its part to the other one; what there is not is said.
    let said = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let lines = said.clone();
    let console = move |line: &str| lines.lock().unwrap().push(line.to_owned());
    let kernel = boot(profile, &BootParams { cmdline: "hugepages=400", ..params }, Displacement::Any, console).unwrap();
    let count = kernel.huge_pools().default_pool().unwrap().count;
    assert!(count[0] > count[1] && count[1] > 90, "{count:?}");
    assert!(count[0] + count[1] < 400 || said.lock().unwrap().is_empty());
    let kernel = booted("amd64-6.12", 256 << 20, "hugepages=400");
    let total = kernel.mem_info()[MemField::HugePagesTotal];
    assert!((50..128).contains(&total), "{total}");
    kernel.verify().unwrap();
}
