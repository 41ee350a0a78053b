//! Kernels write reports of their state, and the twin of each report answers as that kernel does.
//!
//! Machines of several generations are filled and emptied at random, with several nodes and marks moved; the state is written
//! by the engine's own renderer, read back as any report of a real kernel, restored, and asked. The judge is the kernel that
//! wrote it: it is asked the same right after.

use kmem::boot::{cut_nodes, equal_nodes, BootParams};
use kmem::page::Request;
use kmem::profile::by_name;
use kmem::snapshot::report::page_failure;
use kmem::units::Order;
use kmem::{Gfp, Kernel};
use kmem_hosted::{Displacement, Hosted};
use kmem_inspect::twin::Twin;
use kmem_inspect::Reader;
use std::fmt::Write;

/// Numbers that look random.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// The report that this kernel would print of a request.
fn report(kernel: &Kernel<Hosted>, request: &Request, nodes: u32) -> String {
    let profile = kernel.profile;
    let (mut out, style) = (String::new(), &profile.proc.report);
    let asked = page_failure::Request {
        comm: kmem::error::Name::new("dice"),
        order: request.order,
        gfp: request.gfp,
        nodemask: None,
        mems_allowed: (1 << nodes) - 1,
    };
    page_failure::write_head(&mut out, style, &asked, profile.gfp).expect("a string can be written");
    let (major, minor, patch) = profile.version;
    writeln!(out, "CPU: 0 PID: 1 Comm: dice Not tainted {major}.{minor}.{patch} #1").expect("a string can be written");
    kernel.show_mem(request.gfp, &mut out).expect("a string can be written");
    out
}

fn flags(dice: &mut Dice) -> Gfp {
    let kinds = [
        Gfp::KERNEL,
        Gfp::ATOMIC,
        Gfp::NOWAIT,
        Gfp::HIGHUSER,
        Gfp::HIGHUSER | Gfp::MOVABLE,
        Gfp::KERNEL | Gfp::DMA,
        Gfp::KERNEL | Gfp::RECLAIMABLE,
        Gfp::ATOMIC | Gfp::NOMEMALLOC,
        Gfp::KERNEL | Gfp::HIGH,
    ];
    kinds[dice.roll(kinds.len() as u64) as usize]
}

/// Fills and empties a machine; returns how often it was asked, and how often the answer was no.
fn play(name: &str, ram: u64, nodes: u32, seed: u64) -> (u32, u32) {
    let profile = by_name(name).expect("a profile");
    let sizes = equal_nodes(ram, nodes);
    let split = cut_nodes(profile, ram, &sizes[..nodes as usize]).expect("nodes that can be");
    let nodes_of = (nodes > 1).then_some(split.as_slice());
    let params = BootParams { ram_bytes: ram, cpus: 1, nodes: nodes_of, ..BootParams::new(profile) };
    let kernel = kmem_hosted::boot(profile, &params, Displacement::Any, |_| {}).expect("it boots");
    let (mut dice, mut held) = (Dice(seed | 1), Vec::new());
    let (mut asked, mut refused) = (0, 0);
    for round in 0..100 {
        // Crumble what there is: take until little is left, then give a part of it back here and there.
        let (mut failures, most) = (0, 1 + dice.roll(30));
        while failures < most {
            let order = Order::new([0, 0, 0, 0, 1, 2, 3, 6, 9][dice.roll(9) as usize]).expect("an order");
            let gfp = flags(&mut dice).difference(Gfp::DIRECT_RECLAIM) | Gfp::NOWARN;
            match kernel.alloc_pages(gfp, order) {
                Ok(pfn) => held.push((pfn, order)),
                Err(_) => failures += 1,
            }
        }
        let part = [2, 10, 50, 200][dice.roll(4) as usize];
        for _ in 0..held.len() / part {
            let (pfn, order) = held.swap_remove(dice.roll(held.len() as u64) as usize);
            kernel.free_pages(pfn, order).expect("it was ours");
        }
        if round % 10 == 5 {
            let kbytes = 1000 + dice.roll(30_000);
            kernel.write_sysctl("vm.min_free_kbytes", &kbytes.to_string()).expect("it may be written");
        }
        kernel.drain();
        for _ in 0..4 {
            let order = Order::new(dice.roll(u64::from(profile.top_order.raw()) + 1) as u32).expect("an order");
            // As far as this kernel has bits for it.
            let gfp = profile.gfp.decode(profile.gfp.encode(flags(&mut dice) | Gfp::NOWARN)).0;
            let request = Request::new(gfp, order);
            let text = report(&kernel, &request, nodes);
            let mut reader = Reader::new();
            reader.read_text("state", &text);
            let capture = reader.finish();
            assert_eq!(capture.doubts.count(), 0, "{text}");
            let twin = Twin::of(&capture.reports[0]).unwrap_or_else(|why| panic!("{why:?}:\n{text}"));
            let played = twin.play().expect("a state that was");
            assert_eq!((twin.request.gfp, twin.request.order), (request.gfp, request.order), "{text}");
            let would = played.answers.iter().any(|answer| answer.refusal.is_none());
            // Without waiting: that is what is played.
            let mine = kernel.pages().alloc_as(0, &request);
            assert_eq!(
                played.served,
                mine.is_ok(),
                "{name} {seed} {round}: {request:?}\n{:#?}\n{text}",
                played.answers
            );
            assert_eq!(played.served, would, "{name} {seed} {round}: {request:?}\n{:#?}\n{text}", played.answers);
            if let Ok(pfn) = mine {
                kernel.pages().free(0, pfn, order).expect("it was ours");
                kernel.drain();
            }
            asked += 1;
            refused += u32::from(!played.served);
        }
    }
    (asked, refused)
}

#[test]
fn the_twin_of_a_report_answers_as_the_kernel_that_wrote_it() {
    for (name, mb, nodes) in [
        ("linux-2.6-i386", 32, 1),
        ("arm-3.4", 64, 1),
        ("i386-pae-6.1", 96, 1),
        ("armhf-6.1", 128, 1),
        ("amd64-6.12", 256, 1),
        ("amd64-6.1", 256, 2),
    ] {
        let (asked, refused) = play(name, mb << 20, nodes, 0x5eed + mb);
        assert!(refused * 10 > asked && refused * 10 < asked * 9, "{name}: {refused} of {asked} refused");
    }
}
