//! Several CPUs work at once, and a ledger follows every page by the events alone.

use kmem::boot::BootParams;
use kmem::event::Event;
use kmem::profile::by_name;
use kmem::{Gfp, Kernel, Order, Pfn};
use kmem_hosted::{boot_traced, Displacement, Hosted, Listener};
use kmem_ledger::Ledger;
use std::sync::{Arc, Mutex};

const CPUS: u32 = 2;

/// Takes and gives blocks on one CPU; what is in `exchange` may have been taken on another.
fn work(kernel: &Kernel<Hosted>, cpu: u32, exchange: &Mutex<Vec<(Pfn, Order)>>) {
    let _cpu = kernel.machine().enter_cpu(cpu).unwrap();
    let mut x = u64::from(cpu) + 1;
    for _ in 0..1500 {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        let order = Order::new((x >> 20) as u32 % 5).unwrap();
        match x >> 32 & 15 {
            0..=6 => {
                let flags = [Gfp::KERNEL, Gfp::ATOMIC, Gfp::HIGHUSER_MOVABLE, Gfp::KERNEL | Gfp::COMP];
                if let Ok(pfn) = kernel.alloc_pages(flags[(x >> 40) as usize % 4], order) {
                    exchange.lock().unwrap().push((pfn, order));
                }
            }
            7..=13 => {
                let block = exchange.lock().unwrap().pop();
                block.into_iter().for_each(|(pfn, order)| kernel.free_pages(pfn, order).unwrap());
            }
            14 => drop(kernel.drain()),
            _ => drop(kernel.kmalloc(x >> 50, Gfp::KERNEL).map(|object| kernel.kfree(object).unwrap())),
        }
    }
}

fn boot(listener: &Listener) -> Kernel<Hosted> {
    let profile = by_name("i386-pae-6.1").unwrap();
    let params = BootParams { ram_bytes: 128 << 20, cpus: CPUS, ..BootParams::new(profile) };
    boot_traced(profile, &params, Displacement::Any, |_| (), Some(listener.tracer())).unwrap()
}

#[test]
fn a_ledger_follows_all_cpus_at_once() {
    let log: Arc<Mutex<Vec<Event>>> = Arc::default();
    let listener = {
        let log = log.clone();
        Listener::new(move |event| log.lock().unwrap().push(*event))
    };
    let kernel = boot(&listener);
    let exchange = Mutex::default();
    std::thread::scope(|scope| {
        for cpu in 0..CPUS {
            let (kernel, exchange) = (&kernel, &exchange);
            scope.spawn(move || work(kernel, cpu, exchange));
        }
    });
    kernel.verify().unwrap();
    let mut ledger = Ledger::default();
    let log = log.lock().unwrap();
    assert!(log.len() > 3000, "{} events", log.len());
    log.iter().for_each(|event| ledger.enter(event).unwrap_or_else(|refused| panic!("{refused}")));
    let sums = ledger.sums();
    assert_eq!((sums.zone, sums.on_their_way), (kernel.pages().free_pages(), 0));
    for cpu in 0..CPUS {
        let slots = kernel.pages().zone_counts().map(|zone| zone.slot).collect::<Vec<_>>();
        let counted: u64 =
            slots.iter().filter_map(|slot| kernel.pages().pcp_counts(*slot, cpu)).map(|pcp| pcp.count).sum();
        assert_eq!(sums.cpu_lists.get(&cpu).copied().unwrap_or(0), counted, "cpu {cpu}");
    }
}

#[test]
fn a_tracer_comes_and_goes_while_cpus_work() {
    let silent = Listener::new(|_| ());
    let kernel = boot(&silent);
    kernel.set_tracer(None);
    let exchange = Mutex::default();
    std::thread::scope(|scope| {
        for cpu in 0..CPUS - 1 {
            let (kernel, exchange) = (&kernel, &exchange);
            scope.spawn(move || work(kernel, cpu, exchange));
        }
        let _cpu = kernel.machine().enter_cpu(CPUS - 1).unwrap();
        for _ in 0..30 {
            let heard: Arc<Mutex<Vec<Event>>> = Arc::default();
            let listener = {
                let heard = heard.clone();
                Listener::new(move |event| heard.lock().unwrap().push(*event))
            };
            kernel.set_tracer(Some(listener.tracer()));
            let page = kernel.alloc_pages(Gfp::KERNEL, Order::ZERO).unwrap();
            kernel.set_tracer(None);
            let count = heard.lock().unwrap().len();
            let is_ours = |event: &Event| matches!(event, Event::MmPageAlloc { pfn, .. } if *pfn == Some(page));
            assert!(heard.lock().unwrap().iter().any(is_ours));
            // Nobody hears of this, nor of what the others do.
            kernel.free_pages(page, Order::ZERO).unwrap();
            assert_eq!(heard.lock().unwrap().len(), count);
        }
    });
    kernel.verify().unwrap();
}
