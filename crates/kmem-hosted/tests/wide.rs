//! A machine with 64-bit addresses: it has no address of the process, and its RAM may have terabytes.

use kmem::machine::Machine;
use kmem::map::entry::X86_64;
use kmem::units::{PhysAddr, PhysRange, VirtAddr};
use kmem_hosted::{Displacement, HostError, Hosted, HostedConfig};

const PAGE_OFFSET: u64 = 0xffff_8880_0000_0000;
const VMALLOC: u64 = 0xffff_c900_0000_0000;
const TIB: u64 = 1 << 40;

fn config(ram: u64, displacement: Displacement) -> HostedConfig {
    HostedConfig {
        ram: PhysRange::new(0, ram),
        page_offset: VirtAddr::new(PAGE_OFFSET),
        low_bytes: ram,
        kernel_window: (VirtAddr::new(PAGE_OFFSET), VirtAddr::new(0xffff_ffff_ffff_f000)),
        displacement,
        paging: Some(&X86_64),
        vmalloc_window: None,
    }
}

fn set(machine: &Hosted, at: u64, word: u64) {
    let (pointer, _) = machine.reach(VirtAddr::new(PAGE_OFFSET + at)).expect("RAM");
    // SAFETY: RAM of a machine that nobody else uses.
    unsafe { pointer.cast::<u64>().write(word) };
}

#[test]
fn machine_addresses_are_reached_by_the_tables() {
    let machine = Hosted::new(&config(4 * TIB, Displacement::Any), |_| ()).expect("it is all lazy");
    // The root at 1 MiB; under the entry of 0xffffc900…, a table of each level, then two pages: the first and the last of RAM.
    for (level, table) in (0..3).zip([0x10_0000u64, 0x10_1000, 0x10_2000]) {
        let index = VMALLOC >> (39 - 9 * level) & 0x1ff;
        set(&machine, table + 8 * index, (table + 0x1000) | 0x67);
    }
    set(&machine, 0x10_3000, 0x8000_0000_0000_0163);
    set(&machine, 0x10_3008, (4 * TIB - 4096) | 0x8000_0000_0000_0163);
    machine.load_page_table(PhysAddr::new(0x10_0000));
    let across = VirtAddr::new(VMALLOC + 4092);
    machine.write(across, b"from one").expect("both pages are mapped");
    let mut read = [0; 8];
    machine.read(across, &mut read).expect("both pages are mapped");
    assert_eq!(&read, b"from one");
    assert_eq!(machine.read_u32(VirtAddr::new(PAGE_OFFSET + 4092)), Some(u32::from_le_bytes(*b"from")));
    assert_eq!(machine.read_u32(VirtAddr::new(PAGE_OFFSET + 4 * TIB - 4096)), Some(u32::from_le_bytes(*b" one")));
    let by_tables = machine.virt(VirtAddr::new(VMALLOC + 4096)).cast::<u32>();
    // SAFETY: The page is mapped.
    assert_eq!(unsafe { by_tables.read_volatile() }, u32::from_le_bytes(*b" one"));
    assert!(machine.virt(VirtAddr::new(VMALLOC + 8192)).is_null());
    assert!(machine.write(VirtAddr::new(VMALLOC + 8190), b"abcd").is_err());
    assert_eq!(machine.translate(VirtAddr::new(0x0000_8000_0000_0000)), None, "between the halves");
    machine.flush_tlb(VirtAddr::new(VMALLOC), VirtAddr::new(u64::MAX));
    assert_eq!(machine.filled_pages(), 0);
    assert_eq!(machine.direct_mapped(PhysAddr::new(TIB)), Some(VirtAddr::new(PAGE_OFFSET + TIB)));
}

#[test]
fn a_process_has_no_such_addresses() {
    let machine = Hosted::new(&config(1 << 30, Displacement::Any), |_| ()).expect("anywhere");
    assert_eq!(machine.host_address(VirtAddr::new(PAGE_OFFSET)), None);
    assert_eq!(machine.machine_address(0x7fff_0000_0000), None);
    assert_eq!(machine.segment_base(), None);
    let page = PhysRange::new(0x1000, 0x2000);
    assert!(matches!(machine.protect_text(page), Err(HostError::NoSeat)));
    assert!(matches!(machine.overlay(page), Err(HostError::NoSeat)));
    let refused =
        |displacement| Hosted::new(&config(1 << 30, displacement), |_| ()).map(|_| ()).map_err(|e| e.to_string());
    assert_eq!(
        refused(Displacement::True),
        Err("a Linux process cannot map addresses 0xffff888000000000-0xfffffffffffff000: they are the host kernel's \
             own; a 64-bit machine may lie anywhere, or its kernel is moved below 4 GiB"
            .to_owned())
    );
    assert_eq!(
        refused(Displacement::Below4G),
        Err("no such machine: only a machine with 32-bit addresses can lie below 4 GiB".to_owned())
    );
}
