//! RAM, the TLB and CPUs of machines at displacements.

mod board;

use board::{config, Board, MIB, PAGE_OFFSET, PRESENT, USER, VMALLOC, WRITE};
use kmem::machine::Machine;
use kmem::units::{PhysAddr, PhysRange, VirtAddr};
use kmem_hosted::{Displacement, HostError, Hosted, HostedConfig};
use std::sync::{Arc, Mutex};

#[test]
fn the_alias_and_the_direct_map_are_the_same_memory() {
    for displacement in [Displacement::Any, Displacement::Below4G] {
        let board = Board::new(64 * MIB, displacement);
        board.poke(0x12_3450, 7);
        assert_eq!(board.load(PAGE_OFFSET + 0x12_3450), 7);
        board.store(PAGE_OFFSET + 63 * MIB, 8);
        assert_eq!(board.peek(63 * MIB), 8);
        assert_eq!(board.machine.virt(VirtAddr::new(PAGE_OFFSET + 63 * MIB)).cast::<u32>() as u64 % 4096, 0);
    }
}

#[test]
fn high_pages_are_reached_by_the_alias() {
    let board = Board::new(2048 * MIB, Displacement::Any);
    let direct = board.machine.direct_map();
    assert_eq!((direct.start, direct.bytes), (PhysAddr::new(0), 896 * MIB));
    let high = board.machine.high_page(PhysAddr::new(2048 * MIB - 4096)).expect("RAM");
    // SAFETY: A page of RAM.
    unsafe { high.cast::<u32>().write(9) };
    assert_eq!(board.peek(2048 * MIB - 4096), 9);
    assert!(board.machine.high_page(PhysAddr::new(2048 * MIB)).is_none());
}

#[test]
fn a_mapping_lasts_until_the_flush() {
    for displacement in [Displacement::Any, Displacement::Below4G] {
        let mut board = Board::new(64 * MIB, displacement);
        board.poke(0x80_0000, 1);
        board.poke(0x90_0000, 2);
        board.map(VMALLOC, 0x80_0000, PRESENT | WRITE);
        assert_eq!(board.machine.filled_pages(), 0);
        assert_eq!(board.load(VMALLOC), 1);
        assert_eq!(board.machine.filled_pages(), 1);
        board.map(VMALLOC, 0x90_0000, PRESENT | WRITE);
        assert_eq!(board.load(VMALLOC), 1, "a forgotten flush shows, as on hardware");
        board.flush(VMALLOC, VMALLOC + 1);
        assert_eq!(board.load(VMALLOC), 2);
        board.store(VMALLOC + 8, 3);
        assert_eq!(board.peek(0x90_0008), 3);
    }
}

#[test]
fn a_right_that_the_tables_gain_needs_no_flush() {
    let mut board = Board::new(64 * MIB, Displacement::Any);
    board.map(VMALLOC, 0x80_0000, PRESENT);
    assert_eq!(board.load(VMALLOC), 0);
    board.map(VMALLOC, 0x80_0000, PRESENT | WRITE);
    board.store(VMALLOC, 5);
    assert_eq!(board.peek(0x80_0000), 5);
    assert_eq!(board.machine.filled_pages(), 1);
}

#[test]
fn flushes_take_exactly_their_range() {
    let mut board = Board::new(64 * MIB, Displacement::Any);
    for page in 0..64 {
        // Frames in reverse, so that nothing is filled by its neighbour.
        board.map(VMALLOC + page * 4096, 0x80_0000 + (63 - page) * 4096, PRESENT | WRITE);
        board.poke(0x80_0000 + (63 - page) * 4096, page as u32);
        assert_eq!(board.load(VMALLOC + page * 4096), page as u32);
    }
    assert_eq!(board.machine.filled_pages(), 64);
    board.flush(VMALLOC + 10 * 4096, VMALLOC + 20 * 4096);
    assert_eq!(board.machine.filled_pages(), 54);
    board.flush(VMALLOC + 15 * 4096, VMALLOC + 25 * 4096);
    assert_eq!(board.machine.filled_pages(), 49);
    board.flush(0, PAGE_OFFSET);
    assert_eq!(board.machine.filled_pages(), 49);
    for page in 0..64 {
        assert_eq!(board.load(VMALLOC + page * 4096), page as u32);
    }
    board.flush(0, u64::MAX);
    assert_eq!(board.machine.filled_pages(), 0);
    assert_eq!(board.load(PAGE_OFFSET), 0, "the direct map is not the TLB's");
}

#[test]
fn one_fault_fills_frames_that_follow_each_other() {
    let mut board = Board::new(64 * MIB, Displacement::Any);
    for page in 0..6 {
        board.map(VMALLOC + page * 4096, 0x80_0000 + page * 4096, PRESENT | WRITE);
        board.poke(0x80_0000 + page * 4096, page as u32);
    }
    board.load(VMALLOC);
    assert_eq!(board.machine.filled_pages(), 6);
    for page in 0..6 {
        assert_eq!(board.load(VMALLOC + page * 4096), page as u32);
    }
}

#[test]
fn more_pages_than_the_host_can_map_are_evicted() {
    const PAGES: u64 = 31_000;
    let mut board = Board::new(256 * MIB, Displacement::Any);
    let frame = |page: u64| 16 * MIB + (PAGES - page) * 4096;
    for page in 0..PAGES {
        // Every second page, so that each is a mapping of its own.
        board.map(PAGE_OFFSET + 256 * MIB + page * 8192, frame(page), PRESENT | WRITE);
        board.poke(frame(page), page as u32);
    }
    for round in 0..2 {
        for page in 0..PAGES {
            assert_eq!(board.load(PAGE_OFFSET + 256 * MIB + page * 8192), page as u32, "round {round}");
        }
        assert!(board.machine.filled_pages() <= 28_000);
    }
}

#[test]
fn device_pages_are_one_per_physical_page() {
    let mut board = Board::new(64 * MIB, Displacement::Any);
    board.map(VMALLOC, 0xfebf_0000, PRESENT | WRITE);
    board.map(VMALLOC + 0x10_0000, 0xfebf_0000, PRESENT | WRITE);
    assert_eq!(board.load(VMALLOC), 0);
    board.store(VMALLOC + 0x10, 0x55);
    assert_eq!(board.load(VMALLOC + 0x10_0010), 0x55);
    assert_eq!(board.machine.read_u32(VirtAddr::new(VMALLOC)), None, "registers are not memory");
}

#[test]
fn user_pages_are_filled_too() {
    for displacement in [Displacement::Any, Displacement::Below4G] {
        let mut board = Board::new(64 * MIB, displacement);
        board.poke(0x80_0000, 11);
        board.map(0x0804_8000, 0x80_0000, PRESENT | USER);
        assert_eq!(board.load(0x0804_8000), 11);
        assert_eq!(board.machine.filled_pages(), 1);
        board.flush(0x0804_8000, 0x0804_9000);
        assert_eq!(board.machine.filled_pages(), 0);
    }
}

#[test]
fn other_page_tables_forget_what_the_old_ones_filled() {
    let mut board = Board::new(64 * MIB, Displacement::Any);
    board.map(VMALLOC, 0x80_0000, PRESENT);
    board.load(VMALLOC);
    board.machine.load_page_table(PhysAddr::new(MIB));
    assert_eq!(board.machine.filled_pages(), 1);
    board.machine.load_page_table(PhysAddr::new(2 * MIB));
    assert_eq!(board.machine.filled_pages(), 0);
    assert_eq!(board.machine.translate(VirtAddr::new(VMALLOC)), None);
}

#[test]
fn reads_and_writes_by_walk() {
    let mut board = Board::new(64 * MIB, Displacement::Any);
    board.map(VMALLOC, 0x90_0000, PRESENT);
    board.map(VMALLOC + 4096, 0x80_0000, PRESENT);
    let text: Vec<u8> = (0..=255).collect();
    board.machine.write(VirtAddr::new(VMALLOC + 4000), &text).expect("mapped");
    let mut back = [0; 256];
    board.machine.read(VirtAddr::new(VMALLOC + 4000), &mut back).expect("mapped");
    assert_eq!(back[..], text[..]);
    assert_eq!(board.machine.filled_pages(), 0, "nothing of it went through the machine's addresses");
    assert_eq!(board.machine.read_u32(VirtAddr::new(VMALLOC + 4094)), Some(0x6160_5f5e));
    let past = board.machine.write(VirtAddr::new(VMALLOC + 8190), &[1, 2, 3]);
    assert_eq!(past.map_err(|unmapped| unmapped.0), Err(VirtAddr::new(VMALLOC + 8192)));
    assert_eq!(board.machine.read_u32(VirtAddr::new(0x18)), None);
    assert_eq!(board.machine.read_u32(VirtAddr::new(u64::MAX)), None);
}

#[test]
fn machines_in_parallel_threads() {
    let threads = (0..4).map(|number: u32| {
        std::thread::spawn(move || {
            let mut board = Board::new(64 * MIB, Displacement::Any);
            let _cpu = board.machine.enter_cpu(number).expect("free");
            for round in 0..200 {
                for page in 0..8 {
                    let phys = 0x80_0000 + (round * 13 + page * 7) % 1000 * 4096;
                    board.map(VMALLOC + page * 4096, phys, PRESENT | WRITE);
                    board.poke(phys, number * 1000 + page as u32);
                    assert_eq!(board.load(VMALLOC + page * 4096), number * 1000 + page as u32);
                }
                board.flush(VMALLOC, VMALLOC + 8 * 4096);
            }
            assert_eq!(board.machine.cpu(), number);
        })
    });
    for thread in threads.collect::<Vec<_>>() {
        thread.join().expect("no thread fails");
    }
}

#[test]
fn threads_of_one_machine_fill_and_flush_the_same_pages() {
    let mut board = Board::new(64 * MIB, Displacement::Any);
    for page in 0..32 {
        let phys = 0x80_0000 + page * 8192;
        board.map(VMALLOC + page * 4096, phys, PRESENT | WRITE);
        board.poke(phys, page as u32);
    }
    let board = Arc::new(board);
    let threads = (0..3).map(|number| {
        let board = Arc::clone(&board);
        std::thread::spawn(move || {
            for round in 0..300 {
                for page in 0..32 {
                    assert_eq!(board.load(VMALLOC + page * 4096), page as u32);
                }
                let at = VMALLOC + (round * 5 + number * 11) % 32 * 4096;
                board.flush(at, at + 3 * 4096);
            }
        })
    });
    for thread in threads.collect::<Vec<_>>() {
        thread.join().expect("no thread fails");
    }
}

#[test]
fn a_machine_without_mmu_lies_below_4_gib() {
    let flat = HostedConfig {
        ram: PhysRange::new(0, 8 * MIB),
        page_offset: VirtAddr::new(0),
        low_bytes: 8 * MIB,
        kernel_window: (VirtAddr::new(0), VirtAddr::new(8 * MIB)),
        displacement: Displacement::True,
        paging: None,
        vmalloc_window: None,
    };
    assert!(matches!(Hosted::new(&flat, |_| ()), Err(HostError::Unreachable { start: 0, .. })));
    let machine = Hosted::new(&HostedConfig { displacement: Displacement::Below4G, ..flat }, |_| ()).expect("room");
    machine.write(VirtAddr::new(0x100), b"vector").expect("RAM");
    let base = machine.segment_base().expect("below 4 GiB");
    assert_ne!(base, 0);
    // SAFETY: RAM of this machine.
    assert_eq!(unsafe { ((u64::from(base) + 0x100) as *const u8).read_volatile() }, b'v');
    assert_eq!(machine.machine_address(u64::from(base) + 0x100), Some(VirtAddr::new(0x100)));
    assert_eq!(machine.machine_address(u64::from(base) + 8 * MIB), None);
}

#[test]
fn ram_need_not_begin_at_0() {
    // As on ARM: RAM higher up, modules below the direct map.
    let arm = HostedConfig {
        ram: PhysRange::new(0x20_0000, 0x20_0000 + 64 * MIB),
        low_bytes: 48 * MIB,
        kernel_window: (VirtAddr::new(0xbf00_0000), VirtAddr::new(1 << 32)),
        ..config(64 * MIB, Displacement::Any)
    };
    let mut board = Board::with(&arm);
    assert_eq!(board.machine.direct_map().start, PhysAddr::new(0x20_0000));
    board.machine.load_page_table(PhysAddr::new(MIB)); // no RAM there: nothing is mapped
    assert_eq!(board.machine.translate(VirtAddr::new(0xbf00_0000)), None);
    board.poke(0x20_0000 + 5 * MIB, 3);
    assert_eq!(board.load(PAGE_OFFSET + 5 * MIB), 3);
    let (virt, phys) = (VirtAddr::new(PAGE_OFFSET + 5 * MIB), PhysAddr::new(0x20_0000 + 5 * MIB));
    assert_eq!(board.machine.translate(virt), Some(phys));
    assert_eq!(board.machine.direct_mapped(phys), Some(virt));
    assert_eq!(board.machine.direct_mapped(PhysAddr::new(0x20_0000 + 48 * MIB)), None);
    assert!(board.machine.alias(PhysAddr::new(0x1f_ffff)).is_none());
    assert!(board.machine.alias(PhysAddr::new(0x20_0000 + 64 * MIB)).is_none());

    board.move_tables(0x30_0000);
    board.map(0xbf00_0000, 0x20_0000 + 60 * MIB, PRESENT | WRITE);
    board.store(0xbf00_0000, 4);
    assert_eq!(board.peek(0x20_0000 + 60 * MIB), 4);
    let at = |addr| board.machine.host_address(VirtAddr::new(addr)).expect("it has a seat");
    assert_eq!(at(0xbf00_0000) + 16 * MIB, at(PAGE_OFFSET));
}

#[test]
fn a_tebibyte() {
    let wide = HostedConfig {
        ram: PhysRange::new(0, 1 << 40),
        kernel_window: (VirtAddr::new(0), VirtAddr::new(1 << 41)),
        page_offset: VirtAddr::new(0x1000_0000),
        low_bytes: 1 << 40,
        displacement: Displacement::Any,
        paging: None,
        vmalloc_window: None,
    };
    let machine = Hosted::new(&wide, |_| ()).expect("it is all lazy");
    let last = machine.high_page(PhysAddr::new((1 << 40) - 4096)).expect("RAM");
    // SAFETY: RAM of this machine.
    unsafe { last.write(1) };
    let by_map = machine.virt(VirtAddr::new(0x1000_0000 + (1 << 40) - 4096));
    // SAFETY: As above.
    assert_eq!(unsafe { by_map.read_volatile() }, 1);
}

#[test]
fn cpus_and_console() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&lines);
    let machine = Hosted::new(&config(64 * MIB, Displacement::Any), move |line| {
        sink.lock().expect("no panic").push(line.to_owned());
    })
    .expect("a machine");
    machine.printk(format_args!("plain"));
    machine.printk(format_args!("{} {}", 1, 2));
    assert_eq!(*lines.lock().expect("no panic"), ["plain", "1 2"]);
    assert_eq!(machine.cpu(), 0);
    let first = machine.enter_cpu(1).expect("free");
    assert_eq!(machine.cpu(), 1);
    let other = machine.clone();
    let refused = std::thread::spawn(move || matches!(other.enter_cpu(1), Err(HostError::CpuBusy(1)))).join();
    assert!(refused.expect("no panic"));
    drop(first);
    assert_eq!(machine.cpu(), 0);
    assert!(matches!(machine.enter_cpu(64), Err(HostError::NoSuchCpu { cpu: 64, .. })));
    let state = machine.irq_save();
    assert!(kmem_hosted::cpu::irqs_off());
    machine.irq_restore(state);
    assert!(!kmem_hosted::cpu::irqs_off());
}

#[test]
fn contradictions_are_refused() {
    let good = config(64 * MIB, Displacement::Any);
    let bad = [
        HostedConfig { low_bytes: 65 * MIB, ..good },
        HostedConfig { low_bytes: 0, ..good },
        HostedConfig { page_offset: VirtAddr::new(0xb000_0000), ..good },
        HostedConfig { ram: PhysRange::new(0, 64 * MIB + 1), ..good },
        HostedConfig { kernel_window: (VirtAddr::new(PAGE_OFFSET), VirtAddr::new(PAGE_OFFSET + MIB)), ..good },
    ];
    for config in bad {
        assert!(matches!(Hosted::new(&config, |_| ()), Err(HostError::BadConfig(_))), "{config:?}");
    }
    let machine = Hosted::new(&good, |_| ()).expect("a machine");
    assert!(machine.protect_text(PhysRange::new(0x1000, 0x3000)).is_ok());
    for range in [PhysRange::new(0x1000, 0x1800), PhysRange::new(63 * MIB, 65 * MIB)] {
        assert!(matches!(machine.protect_text(range), Err(HostError::BadConfig(_))), "{range:?}");
    }
}
