//! Modules on a machine at its true addresses, of which a process has room for one: hence one test in a file of its own.

mod bench;

use bench::board::{MIB, PRESENT, USER, WRITE};
use bench::{compile, config, Bench, Nobody, MODULES, STACK_TOP};
use kmem_hosted::Displacement;
use kmem_modules::exec::FaultKind;

const SOURCE: &str = r#"
typedef unsigned int u32;
u32 load(u32 addr) { return *(volatile u32 *)addr; }
u32 fib(u32 n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
u32 overflow(u32 depth) { volatile char waste[100]; waste[0] = depth; return overflow(depth + 1) + waste[0]; }
static u32 counter = 5;
u32 count(void) { return ++counter; }
u32 *where(void) { return &counter; }
"#;

fn counts() -> (usize, usize) {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("Linux");
    (maps.lines().count(), std::fs::read_dir("/proc/self/fd").expect("Linux").count())
}

#[test]
fn a_module_at_its_true_address() {
    let mut after_first = None;
    for _ in 0..20 {
        let mut bench = Bench::on(&config(Displacement::True), vec![compile("true.c", SOURCE, &[])], &[]);
        assert_eq!(bench.board.machine.segment_base(), Some(0));
        assert_eq!(bench.call(&Nobody, "fib", &[20]).map(|it| it as u32), Ok(6765));
        assert_eq!(bench.call(&Nobody, "count", &[]).map(|it| it as u32), Ok(6));
        let counter = bench.call(&Nobody, "where", &[]).expect("it returns");
        assert_eq!(counter, u64::from(bench.image.symbol(0, "counter").expect("a static")));
        assert!((MODULES..STACK_TOP).contains(&counter));
        // SAFETY: The module's variable, at the address that C sees, in this very process.
        assert_eq!(unsafe { (counter as *const u32).read_volatile() }, 6);
        // What modules find in a fresh process: the page tables' user half, and nothing besides.
        bench.board.map(0x0804_8000, 20 * MIB, PRESENT | WRITE | USER);
        bench.board.map(0x0804_9000, 21 * MIB, PRESENT | WRITE);
        bench.board.poke(20 * MIB, 99);
        assert_eq!(bench.call(&Nobody, "load", &[0x0804_8000]).map(|it| it as u32), Ok(99));
        for addr in [0x18, 0x0804_9000, 0x0804_a000, 0x4141_4141, 0xbfff_f000, STACK_TOP as u32, 0xffff_fffc] {
            let fault = bench.call(&Nobody, "load", &[addr]).expect_err("nothing is there");
            assert_eq!(fault.kind, FaultKind::Page { write: false, fetch: false });
            assert_eq!(fault.addr, u64::from(addr), "{fault}");
        }
        for _ in 0..100 {
            assert!(bench.call(&Nobody, "overflow", &[0]).expect_err("the stack is small").is_write());
        }
        drop(bench);
        let now = counts();
        let (maps, fds) = *after_first.get_or_insert(now);
        assert!(now.0 <= maps + 2 && now.1 == fds, "{now:?} after {:?}", (maps, fds));
    }
}
