//! A machine at its true addresses, of which a process has room for one: hence one test in a file of its own.

mod board;

use board::{config, Board, MIB, PAGE_OFFSET, PRESENT, USER, VMALLOC, WRITE};
use kmem_hosted::{Displacement, HostError, Hosted};

fn counts() -> (usize, usize) {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("Linux");
    // Only machines: the test harness's own threads and heap come and go.
    let ours = maps.lines().filter(|line| line.contains("memfd:kmem") || line.starts_with("c0000000")).count();
    (ours, std::fs::read_dir("/proc/self/fd").expect("Linux").count())
}

#[test]
fn true_addresses() {
    come_and_go();
    a_user_page_where_the_host_has_something_is_left_alone();
}

fn come_and_go() {
    let before = counts();
    for round in 0..50 {
        let mut board = Board::new(2048 * MIB, Displacement::True);
        board.map(VMALLOC, 1024 * MIB, PRESENT | WRITE);
        board.map(0x0804_8000, 1025 * MIB, PRESENT | WRITE | USER);
        // SAFETY: The board has just mapped these.
        unsafe {
            (VMALLOC as *mut u32).write_volatile(round);
            (0x0804_8000 as *mut u32).write_volatile(round + 1);
            ((PAGE_OFFSET + 5 * MIB) as *mut u32).write_volatile(round + 2);
        }
        assert_eq!(board.peek(1024 * MIB), round);
        assert_eq!(board.peek(1025 * MIB), round + 1);
        assert_eq!(board.peek(5 * MIB), round + 2);
        assert_eq!(board.load(VMALLOC), round);

        let second = Hosted::new(&config(64 * MIB, Displacement::True), |_| ());
        assert!(matches!(second, Err(HostError::Taken { start: PAGE_OFFSET, .. })), "{second:?}");
        let elsewhere = Board::new(64 * MIB, Displacement::Any);
        assert_eq!(elsewhere.load(PAGE_OFFSET + 5 * MIB), 0);
        let below = Board::new(64 * MIB, Displacement::Below4G);
        assert_eq!(below.load(PAGE_OFFSET + 5 * MIB), 0);
        assert_ne!(below.machine.segment_base(), Some(0));
    }
    assert_eq!(counts(), before, "mappings and descriptors");
    let host: Vec<u8> = std::fs::read("/proc/self/maps").expect("Linux");
    let low = String::from_utf8_lossy(&host).lines().filter(|line| line.starts_with("08048000")).count();
    assert_eq!(low, 0, "user pages are unmapped with their machine");
}

fn a_user_page_where_the_host_has_something_is_left_alone() {
    // A page of the host at a low address that the machine's tables map as well.
    const AT: u64 = 0x2345_6000;
    let prot = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE;
    // SAFETY: NOREPLACE.
    let page = unsafe { libc::mmap(AT as *mut _, 4096, prot, flags, -1, 0) };
    assert_eq!(page as u64, AT);
    // SAFETY: Just mapped.
    unsafe { (AT as *mut u32).write_volatile(77) };
    let mut board = Board::new(64 * MIB, Displacement::Below4G);
    let base = u64::from(board.machine.segment_base().expect("below 4 GiB"));
    let machine_address = AT.wrapping_sub(base) & 0xffff_ffff;
    if machine_address < PAGE_OFFSET {
        board.map(machine_address, 8 * MIB, PRESENT | WRITE | USER);
        assert_eq!(board.load(machine_address), 77, "the host's page answers");
        board.flush(machine_address, machine_address + 4096);
        assert_eq!(board.load(machine_address), 77);
    }
    drop(board);
    // SAFETY: Still mapped.
    assert_eq!(unsafe { (AT as *const u32).read_volatile() }, 77);
    // SAFETY: Ours.
    unsafe { libc::munmap(page, 4096) };
}
