//! Every profile boots on the hosted machine, and its structures agree with each other.

use kmem::boot::BootParams;
use kmem::error::Name;
use kmem::gfp::Gfp;
use kmem::profile::PROFILES;
use kmem::Order;
use kmem_hosted::{boot, Displacement};

#[test]
fn every_profile_boots_and_verifies() {
    for profile in PROFILES {
        let params = BootParams::new(profile);
        let kernel = boot(profile, &params, Displacement::Any, |_| {})
            .unwrap_or_else(|error| panic!("{}: {error}", profile.name));
        kernel.verify().unwrap_or_else(|broken| panic!("{}: {broken}", profile.name));
        let page = kernel.alloc_pages(Gfp::KERNEL, Order::ZERO).unwrap();
        let object = kernel.kmalloc(100, Gfp::KERNEL).unwrap();
        let area =
            kernel.map().vmalloc(kernel.memory(), 100 << 10, Gfp::KERNEL | Gfp::HIGHMEM, Name::new("test")).unwrap();
        kernel.verify().unwrap_or_else(|broken| panic!("{}: {broken}", profile.name));
        kernel.map().vfree(kernel.memory(), area).unwrap();
        kernel.kfree(object).unwrap();
        kernel.free_pages(page, Order::ZERO).unwrap();
        kernel.drain();
        kernel.verify().unwrap_or_else(|broken| panic!("{}: {broken}", profile.name));
        let mut text = String::new();
        for file in kernel.proc_files() {
            text.push_str(&format!("==> /proc/{file} <==\n"));
            kernel.write_proc(file, &mut text).unwrap().unwrap();
        }
        println!("{}\n{text}", profile.name);
    }
}

#[test]
fn many_kernels_live_in_one_process_in_parallel() {
    std::thread::scope(|scope| {
        for thread in 0..4u64 {
            scope.spawn(move || {
                for (round, profile) in PROFILES.iter().cycle().skip(thread as usize).take(6).enumerate() {
                    let params =
                        BootParams { ram_bytes: profile.default_ram.min(256 << 20), ..BootParams::new(profile) };
                    let kernel = boot(profile, &params, Displacement::Any, |_| {}).unwrap();
                    let mut held = Vec::new();
                    // A small generator is random enough to mix sizes and orders.
                    let mut x = thread * 1000 + round as u64 + 1;
                    for _ in 0..2000 {
                        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                        match x >> 61 {
                            0..=3 => held.extend(kernel.kmalloc((x >> 20) % 9000, Gfp::KERNEL)),
                            4 if !held.is_empty() => {
                                let at = (x >> 20) as usize % held.len();
                                kernel.kfree(held.swap_remove(at)).unwrap();
                            }
                            5 => {
                                let (bytes, name) = ((x >> 20) % 300_000 + 1, Name::new("parallel"));
                                let gfp = Gfp::KERNEL | Gfp::HIGHMEM;
                                if let Ok(area) = kernel.map().vmalloc(kernel.memory(), bytes, gfp, name) {
                                    kernel.map().vfree(kernel.memory(), area).unwrap();
                                }
                            }
                            _ => {}
                        }
                    }
                    held.drain(..).for_each(|object| kernel.kfree(object).unwrap());
                    kernel.verify().unwrap_or_else(|broken| panic!("{}: {broken}", profile.name));
                }
            });
        }
    });
}
