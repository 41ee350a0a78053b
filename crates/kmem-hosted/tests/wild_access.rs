//! Accesses of Rust code that no machine answers end the process as they always do. Each runs in a child process.

mod board;

use board::{Board, MIB, PAGE_OFFSET, PRESENT, VMALLOC};
use kmem_hosted::Displacement;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};

const CHILD: &str = "KMEM_HOSTED_WILD_ACCESS";

/// Runs the test of this name again as a child that does what the parent only expects.
fn child(name: &str) -> Output {
    let exe = std::env::current_exe().expect("Linux");
    let mut command = Command::new(exe);
    command.args(["--exact", name, "--nocapture", "--test-threads=1"]).env(CHILD, "1");
    command.output().expect("the test can run itself")
}

fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

#[test]
fn an_unmapped_address_of_the_machine() {
    if is_child() {
        let board = Board::new(64 * MIB, Displacement::Any);
        board.load(VMALLOC);
    }
    assert_eq!(child("an_unmapped_address_of_the_machine").status.signal(), Some(libc::SIGSEGV));
}

#[test]
fn a_write_to_a_read_only_page() {
    if is_child() {
        let mut board = Board::new(64 * MIB, Displacement::Any);
        board.map(VMALLOC, 0x80_0000, PRESENT);
        assert_eq!(board.load(VMALLOC), 0);
        board.store(VMALLOC, 1);
    }
    assert_eq!(child("a_write_to_a_read_only_page").status.signal(), Some(libc::SIGSEGV));
}

#[test]
fn a_user_address_without_the_user_bit() {
    if is_child() {
        let mut board = Board::new(64 * MIB, Displacement::Any);
        board.map(0x0804_8000, 0x80_0000, PRESENT);
        board.load(0x0804_8000);
    }
    assert_eq!(child("a_user_address_without_the_user_bit").status.signal(), Some(libc::SIGSEGV));
}

#[test]
fn a_write_to_kernel_text() {
    if is_child() {
        let board = Board::new(64 * MIB, Displacement::Any);
        board.machine.protect_text(kmem::units::PhysRange::new(0x10_0000, 0x20_0000)).expect("whole pages");
        board.poke(0x18_0000, 1);
        assert_eq!(board.load(PAGE_OFFSET + 0x18_0000), 1);
        board.store(PAGE_OFFSET + 0x18_0000, 2);
    }
    assert_eq!(child("a_write_to_kernel_text").status.signal(), Some(libc::SIGSEGV));
}

#[test]
fn rusts_own_message_about_a_stack_overflow() {
    #[allow(unconditional_recursion)]
    fn recurse(depth: u64) -> u64 {
        std::hint::black_box(recurse(std::hint::black_box(depth) + 1)) + 1
    }
    if is_child() {
        let _board = Board::new(64 * MIB, Displacement::Any);
        std::thread::spawn(|| recurse(0)).join().ok();
    }
    let output = child("rusts_own_message_about_a_stack_overflow");
    assert_eq!(output.status.signal(), Some(libc::SIGABRT));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("has overflowed its stack"), "{text}");
}
