//! kmem on a bare 32-bit PC.
//!
//! Order to read in: `entry` (from the boot loader to Rust), this file (a kernel on what the loader says is there),
//! `machine` (the PC as the engine sees it), `interrupts` and `probe` (a page fault that is expected), the devices.
#![no_std]
#![no_main]

mod bytes;
mod cpu;
mod entry;
mod interrupts;
mod machine;
mod multiboot;
mod pic;
mod port;
mod power;
mod probe;
mod segments;
mod serial;

use core::fmt::Write;
use core::panic::PanicInfo;
use kmem::boot::{plan, BootParams, Held, Plan};
use kmem::profile::{linux_2_6_i386, Profile};
use kmem::snapshot::proc::boot_log;
use kmem::units::{Pfn, PhysAddr, PhysRange, PAGE_SIZE};
use kmem::Kernel;
use machine::{Hardware, Pc};
use multiboot::BootInfo;
use power::{exit, Status};
use serial::Console;

/// The kernel that this machine plays.
const PROFILE: &Profile = &linux_2_6_i386::PROFILE;

/// What the engine's page structures take of RAM at most, for each page, and the per-CPU lists besides.
const MOST_BYTES_PER_PAGE: u64 = 32;
const LISTS_BYTES: u64 = 64 << 10;

/// What devices on the ISA bus reach.
const DMA_END: u64 = 16 << 20;

/// On the command line: touch what is not there, to see that it is noticed.
const CRASH: &str = "selftest=crash";

/// Where `entry` arrives: with the loader's two words, paging on, interrupts off.
#[no_mangle]
extern "C" fn machine_main(magic: u32, info: u32) -> ! {
    let mut console = Console::start();
    segments::load();
    interrupts::start();
    assert_eq!(magic, entry::MULTIBOOT_MAGIC, "this image wants a multiboot loader");
    // SAFETY: The magic number says that the loader left its information there; RAM is still as it was.
    let info = unsafe { BootInfo::read(info) };

    let plan = plan_boot(&mut console, &info);
    let crash = info.command_line().split_whitespace().any(|word| word == CRASH);
    // SAFETY: The boot tables map the low memory, and only the kernel below hands it out.
    let pc = unsafe { Pc::new(plan.layout.low.bytes()) };
    let kernel = match Kernel::boot(pc, PROFILE, plan, info.command_line()) {
        Ok(kernel) => kernel,
        Err(failure) => panic!("the kernel does not boot: {failure}"),
    };
    // SAFETY: This function never returns, so the kernel stays where it is for good.
    unsafe { interrupts::attend(&kernel) }

    if crash {
        // SAFETY: Nothing is mapped at the last page of the address space; this is to fault, and nobody expects it.
        unsafe { (0xffff_f000 as *mut u8).write_volatile(0) }
    }
    let passed = kmem_selftest::run(&kernel, &Hardware);
    show(&mut console, &kernel, &["buddyinfo", "meminfo"]);
    exit(if passed { Status::Passed } else { Status::Failed })
}

/// Plans a kernel on the RAM that the firmware reports, around this image, and prints the boot log.
fn plan_boot(console: &mut Console, info: &BootInfo) -> Plan {
    let image = entry::image();
    let frames = Pfn::containing(PhysAddr::new(info.ram_end())).raw() + PROFILE.top_order.pages();
    // A page between them keeps the two reservations apart: the engine looks for one that holds its page structures.
    // Where there is RAM enough they lie above what old devices reach, as a kernel's do.
    let bytes = frames * MOST_BYTES_PER_PAGE + LISTS_BYTES;
    let above_dma = if info.ram_end() > DMA_END + 2 * bytes { DMA_END } else { 0 };
    let start = above_dma.max(image.end.raw() + PAGE_SIZE);
    let reserved = [PhysRange::new(0, PAGE_SIZE), image, PhysRange::new(start, start + bytes)];
    let params = BootParams {
        ranges: Some(info.ram()),
        cpus: 1,
        cmdline: info.command_line(),
        held: Held::Given { reserved: &reserved, freed_early: &[], freed_late: &[], cma: &[] },
        ..BootParams::new(PROFILE)
    };
    match plan(PROFILE, &params) {
        Ok(plan) => {
            // A console that fails cannot be reported anywhere.
            let _ = boot_log::write(console, PROFILE, &params, &plan);
            plan
        }
        Err(error) => panic!("no kernel can be booted here: {error}"),
    }
}

/// Prints files of `/proc`. With interrupts off: they allocate, and the files are to be of one moment.
fn show(console: &mut Console, kernel: &Kernel<Pc>, files: &[&str]) {
    let state = cpu::irq_save();
    for file in files {
        let _ = writeln!(console, "==> /proc/{file} <==");
        let _ = kernel.write_proc(file, console);
    }
    cpu::irq_restore(state);
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    // A console that fails cannot be reported anywhere.
    let _ = writeln!(Console, "\n{info}");
    exit(Status::Failed)
}
