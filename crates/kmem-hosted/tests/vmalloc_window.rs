//! The vmalloc area of a 64-bit machine, found in the process: in one piece, with guard pages, gone when it is freed.

use kmem::boot::BootParams;
use kmem::error::Name;
use kmem::profile::by_name;
use kmem::{Gfp, Kernel, VirtAddr};
use kmem_hosted::{boot, Displacement, Hosted};
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

const CHILD: &str = "KMEM_HOSTED_VMALLOC_WINDOW";

fn kernel(machine: &str) -> Kernel<Hosted> {
    let profile = by_name(machine).expect("a machine");
    boot(profile, &BootParams::new(profile), Displacement::Any, |_| ()).expect("it boots")
}
fn vmalloc(kernel: &Kernel<Hosted>, bytes: u64) -> (VirtAddr, *mut u8) {
    let addr =
        kernel.map().vmalloc(kernel, bytes, Gfp::KERNEL | Gfp::ZERO, Name::new("test")).expect("there is memory");
    (addr, kernel.machine().pointer_to(addr).expect("in the window"))
}

#[test]
fn it_is_the_machines_memory_in_one_piece() {
    for machine in ["amd64-6.12", "arm64-6.12", "riscv64-6.1", "i386-pae-6.1", "linux-2.6-i386"] {
        let Some(_) = by_name(machine) else { continue };
        let kernel = kernel(machine);
        let (addr, pointer) = vmalloc(&kernel, 5 * 4096);
        for at in 0..5 * 4096 {
            // SAFETY: The area has so many bytes.
            unsafe { pointer.add(at).write((at / 100) as u8) };
        }
        let mut read = vec![0; 5 * 4096];
        kernel.machine().read(addr, &mut read).expect("it is mapped");
        assert!(read.iter().enumerate().all(|(at, byte)| *byte == (at / 100) as u8), "{machine}");
        assert!(kernel.machine().filled_pages() >= 5);
        // SAFETY: Inside the area.
        let last = unsafe { pointer.add(5 * 4096 - 1) };
        assert_eq!(kernel.machine().address_at(last), Some(addr.offset(5 * 4096 - 1)));
        kernel.map().vfree(&kernel, addr).expect("it is an area");
        assert_eq!(kernel.machine().filled_pages(), 0, "{machine}");
        assert_eq!(kernel.verify(), Ok(()));
    }
}

#[test]
fn the_direct_map_is_found_as_well() {
    let kernel = kernel("amd64-6.12");
    let addr = kernel.kmalloc(100, Gfp::KERNEL).expect("there is memory");
    let pointer = kernel.machine().pointer_to(addr).expect("in the direct map");
    // SAFETY: The object has 100 bytes.
    unsafe { pointer.write_bytes(7, 100) };
    assert_eq!(kernel.machine().read_u32(addr.offset(96)), Some(0x0707_0707));
    assert_eq!(kernel.machine().address_at(pointer), Some(addr));
    assert_eq!(kernel.machine().pointer_to(VirtAddr::new(0x1000)), None);
    assert_eq!(kernel.machine().address_at((&raw const addr).cast()), None);
    let large = kernel.kmalloc(4 << 20, Gfp::KERNEL).expect("there is memory");
    let pointer = kernel.machine().pointer_to(large).expect("in the direct map");
    assert!(pointer.addr().is_multiple_of(4 << 20), "aligned as in the machine");
}

/// Runs the test of this name again as a child that touches what it must not.
fn dies(name: &str, touch: impl FnOnce(&Kernel<Hosted>, *mut u8)) {
    if std::env::var_os(CHILD).is_some() {
        let kernel = kernel("amd64-6.12");
        let (addr, pointer) = vmalloc(&kernel, 4096);
        // SAFETY: The page is the area's.
        unsafe { pointer.write(1) };
        if name.contains("freed") {
            kernel.map().vfree(&kernel, addr).expect("it is an area");
        }
        touch(&kernel, pointer);
        return;
    }
    let mut command = Command::new(std::env::current_exe().expect("Linux"));
    command.args(["--exact", name, "--nocapture", "--test-threads=1"]).env(CHILD, "1");
    let output = command.output().expect("the test can run itself");
    assert_eq!(output.status.signal(), Some(libc::SIGSEGV), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_guard_page() {
    // SAFETY: It is the point that this is nobody's memory: the process ends.
    dies("the_guard_page", |_, pointer| unsafe { pointer.add(4096).write_volatile(1) });
}

#[test]
fn a_freed_area() {
    // SAFETY: As above.
    dies("a_freed_area", |_, pointer| unsafe { pointer.write_volatile(1) });
}
