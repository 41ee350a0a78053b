//! Module code in compatibility mode: calls, callbacks, faults.

mod bench;

use bench::board::{MIB, PRESENT, USER, WRITE};
use bench::{compile, config, Bench, Nobody, STACK_BYTES, STACK_TOP};
use kmem::units::{PhysRange, VirtAddr};
use kmem_hosted::{Displacement, HostedConfig};
use kmem_modules::exec::{Call, ExecError, Executor, Fault, FaultKind, Host};
use std::cell::{Cell, RefCell};

const SOURCE: &str = r#"
typedef unsigned int u32;
typedef unsigned long long u64;
extern u32 host_add(u32 a, u32 b);
extern u64 host_wide(u64 a, u32 b, u64 c);
extern u32 host_callback(u32 (*f)(u32), u32 arg);
extern u32 host_string(const char *text);
extern void host_panic(void);
extern void host_kill(void);
extern void host_leave(void);
extern void host_chain(void);

u32 sum(u32 a, u32 b, u32 c) { return a + 2 * b + 3 * c; }
u64 wide(u32 high, u32 low) { return ((u64)high << 32) | low; }
u64 wide_round(u32 high, u32 low) { return host_wide(wide(high, low), 7, 0x123456789abcdef0ull); }
u32 many(u32 n)
{
    u32 total = 0;
    for (u32 i = 0; i < n; i++)
        total = host_add(total, i);
    return total;
}
/* Callee-saved registers and the stack survive a host call. */
u32 preserved(void)
{
    u32 ok;
    asm volatile(
        "pushl %%ebp\n movl $0x11111111, %%ebx\n movl $0x22222222, %%esi\n movl $0x33333333, %%edi\n"
        "movl $0x44444444, %%ebp\n pushl $5\n pushl $6\n call host_add\n addl $8, %%esp\n"
        "xorl $0x11111111, %%ebx\n xorl $0x22222222, %%esi\n xorl $0x33333333, %%edi\n xorl $0x44444444, %%ebp\n"
        "orl %%esi, %%ebx\n orl %%edi, %%ebx\n orl %%ebp, %%ebx\n popl %%ebp\n movl %%ebx, %1\n"
        : "=a"(ok) , "=m"(*(u32 *)(volatile u32 []){0}) : : "ebx", "esi", "edi", "ecx", "edx", "memory");
    return ok;
}
u32 direction(void) { u32 r = 0; asm volatile("std"); r = host_add(1, 2); asm volatile("cld"); return r; }
u32 leave_direction_set(void) { asm volatile("std"); return 3; }
u32 control_words(void)
{
    u32 mxcsr = 0x1f80 | 0x6000; unsigned short fcw = 0x0c7f;
    asm volatile("ldmxcsr %0\n fldcw %1\n fld1" : : "m"(mxcsr), "m"(fcw));
    return host_add(1, 1);
}
u32 nest(u32 depth) { return depth ? 1 + host_callback(nest, depth - 1) : host_string("bottom"); }

static int *volatile null_pointer;
u32 read_null(void) { return ((volatile u32 *)null_pointer)[6]; }
u32 write_null(void) { ((volatile u32 *)null_pointer)[6] = 1; return 0; }
u32 call_null(void) { return ((u32 (*)(void))null_pointer)(); }
__attribute__((noinline)) u32 load(u32 addr) { return *(volatile u32 *)addr; }
u32 store(u32 addr, u32 value) { *(volatile u32 *)addr = value; return 0; }
u32 overflow(u32 depth) { volatile char waste[100]; waste[0] = depth; return overflow(depth + 1) + waste[0]; }
u32 undefined(void) { asm volatile("ud2"); return 0; }
u32 divide(u32 a, u32 b) { return a / b; }
u32 breakpoint(void) { asm volatile("int3"); return 0; }
u32 privileged(void) { asm volatile("cli"); return 0; }
u32 single_step(void) { asm volatile("pushf\n orl $0x100, (%esp)\n popf\n nop\n nop"); return 0; }
u32 fail_at(u32 depth) { return depth ? host_callback(fail_at, depth - 1) : read_null(); }
u32 kill_at(u32 depth) { if (depth) return host_callback(kill_at, depth - 1); host_kill(); return 9; }
u32 leave_at(u32 depth) { if (depth) return 10 + host_callback(leave_at, depth - 1); host_leave(); return 9; }
u32 panic_at(u32 depth) { if (depth) return host_callback(panic_at, depth - 1); host_panic(); return 9; }
__attribute__((noinline)) u32 chain_inner(u32 a) { host_chain(); return a + 1; }
__attribute__((noinline)) u32 chain_middle(u32 a) { return chain_inner(a) + 1; }
u32 chain_outer(u32 a) { return host_callback(chain_middle, a) + 1; }
u32 chain_garbage(void)
{
    asm volatile("pushl %ebp\n movl $0x41414141, %ebp\n call host_chain\n popl %ebp");
    return 0;
}
__attribute__((noinline)) u32 fault_inner(u32 a) { return load(a) + 1; }
u32 fault_outer(u32 a) { return fault_inner(a) + 1; }
"#;

const EXPORTS: [&str; 8] =
    ["host_add", "host_wide", "host_callback", "host_string", "host_panic", "host_kill", "host_leave", "host_chain"];

/// What a host function that calls back does with a fault of the callback.
#[derive(Clone, Copy, PartialEq)]
enum Policy {
    Swallow,
    Kill,
}

struct Session<'a> {
    bench: &'a Bench,
    policy: Policy,
    strings: RefCell<Vec<String>>,
    chains: RefCell<Vec<Vec<u32>>>,
    deepest: Cell<u32>,
    depth: Cell<u32>,
    dropped: Cell<u32>,
}

/// Counts that host functions run to their end, whatever happens below them.
struct Dropped<'a>(&'a Cell<u32>);
impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

impl<'a> Session<'a> {
    fn new(bench: &'a Bench, policy: Policy) -> Self {
        Self {
            bench,
            policy,
            strings: RefCell::default(),
            chains: RefCell::default(),
            deepest: Cell::new(0),
            depth: Cell::new(0),
            dropped: Cell::new(0),
        }
    }
    fn run(&self, name: &str, args: &[u32]) -> Result<u64, Fault> {
        self.bench.call(self, name, args)
    }
}

impl Host for Session<'_> {
    fn call(&self, index: u32, call: &mut Call<'_>) {
        match EXPORTS[index as usize] {
            "host_add" => {
                let sum = call.word().wrapping_add(call.word());
                call.set_result(sum.into());
            }
            "host_wide" => {
                let (a, b, c) = (call.u64(), call.word(), call.u64());
                call.set_result(a.wrapping_mul(b.into()) ^ c);
            }
            "host_callback" => {
                let _dropped = Dropped(&self.dropped);
                let (function, argument) = (call.word(), call.word());
                self.depth.set(self.depth.get() + 1);
                self.deepest.set(self.deepest.get().max(self.depth.get()));
                let answer = call.enter(function, &[argument]);
                self.depth.set(self.depth.get() - 1);
                match answer {
                    Ok(value) => call.set_result(value),
                    Err(fault) if self.policy == Policy::Kill => call.kill(fault),
                    Err(_) => call.set_result(1000),
                }
            }
            "host_string" => {
                let text = self.bench.read_string(call.word());
                self.strings.borrow_mut().push(text);
                call.set_result(1);
            }
            "host_panic" => panic!("on purpose"),
            "host_kill" => call.kill(Fault::host("killed")),
            "host_leave" => call.leave(Fault::host("left")),
            "host_chain" => self.chains.borrow_mut().push(call.chain(16)),
            other => unreachable!("{other}"),
        }
    }
}

fn bench() -> Bench {
    Bench::new(SOURCE, &EXPORTS)
}

fn kind(result: &Result<u64, Fault>) -> &FaultKind {
    &result.as_ref().expect_err("a fault").kind
}

const READ: FaultKind = FaultKind::Page { write: false, fetch: false };
const WRITTEN: FaultKind = FaultKind::Page { write: true, fetch: false };
const FETCHED: FaultKind = FaultKind::Page { write: false, fetch: true };

#[test]
fn this_host_runs_32_bit_code() {
    for _ in 0..100 {
        Executor::probe().expect("it does where the tests run");
    }
}

#[test]
fn arguments_and_results() {
    let bench = bench();
    assert_eq!(bench.call(&Nobody, "sum", &[1, 10, 100]).map(|it| it as u32), Ok(321));
    assert_eq!(bench.call(&Nobody, "wide", &[0x8000_0001, 0xffff_fffe]), Ok(0x8000_0001_ffff_fffe));
    let session = Session::new(&bench, Policy::Kill);
    let expected = 0x8000_0001_ffff_fffe_u64.wrapping_mul(7) ^ 0x1234_5678_9abc_def0;
    assert_eq!(session.run("wide_round", &[0x8000_0001, 0xffff_fffe]), Ok(expected));
    assert!(matches!(kind(&bench.call(&Nobody, "sum", &[0; 17])), FaultKind::Host(_)));
}

#[test]
fn a_hundred_thousand_host_calls() {
    let bench = bench();
    let session = Session::new(&bench, Policy::Kill);
    let expected = (0..100_000u32).fold(0u32, u32::wrapping_add);
    assert_eq!(session.run("many", &[100_000]).map(|it| it as u32), Ok(expected));
}

#[test]
fn both_sides_keep_their_registers() {
    let bench = bench();
    let session = Session::new(&bench, Policy::Kill);
    assert_eq!(session.run("preserved", &[]).map(|it| it as u32), Ok(11));
    assert_eq!(session.run("direction", &[]).map(|it| it as u32), Ok(3));
    assert_eq!(session.run("leave_direction_set", &[]).map(|it| it as u32), Ok(3));
    let flags: u64;
    // SAFETY: Only reads the flags.
    unsafe { std::arch::asm!("pushfq", "pop {}", out(reg) flags) };
    assert_eq!(flags & 0x400, 0, "the direction flag");
    let third = std::hint::black_box(1.0f64) / std::hint::black_box(3.0);
    assert_eq!(session.run("control_words", &[]).map(|it| it as u32), Ok(2));
    let again = std::hint::black_box(1.0f64) / std::hint::black_box(3.0);
    assert_eq!(third.to_bits(), again.to_bits());
    assert_eq!((-1.5f64).round(), -2.0);
}

#[test]
fn callbacks_nest() {
    let bench = bench();
    let session = Session::new(&bench, Policy::Kill);
    assert_eq!(session.run("nest", &[5]).map(|it| it as u32), Ok(6));
    assert_eq!(session.deepest.get(), 5);
    assert_eq!(*session.strings.borrow(), ["bottom"]);
    assert_eq!(session.dropped.get(), 5);
    assert_eq!(session.run("nest", &[40]).map(|it| it as u32), Ok(41));
    let too_deep = session.run("nest", &[70]);
    assert!(matches!(kind(&too_deep), FaultKind::Host(_)), "{too_deep:?}");
    assert_eq!(session.run("nest", &[5]).map(|it| it as u32), Ok(6), "and afterwards all is well");
}

#[test]
fn every_exception_ends_only_the_module() {
    let mut bench = bench();
    // A read-only page and a user page.
    bench.board.map(0xf900_0000, 16 * MIB, PRESENT);
    bench.board.map(0x0804_8000, 17 * MIB, PRESENT | WRITE | USER);
    bench.board.poke(17 * MIB, 0x5555);
    let top = STACK_TOP as u32;
    let guard = top - STACK_BYTES as u32;
    for round in 0..2000 {
        let page = |name: &str, args: &[u32], kind: FaultKind, addr: u32| {
            let fault = bench.call(&Nobody, name, args).expect_err("a fault");
            assert_eq!((&fault.kind, fault.addr), (&kind, addr.into()), "{name}, round {round}: {fault}");
            fault
        };
        assert_eq!(page("read_null", &[], READ, 0x18).error_code, 0);
        assert_eq!(page("write_null", &[], WRITTEN, 0x18).error_code, 2);
        page("call_null", &[], FETCHED, 0);
        page("load", &[top + 0x10], READ, top + 0x10);
        page("load", &[0xf123_0000 + (64 << 20)], READ, 0xf123_0000 + (64 << 20));
        page("load", &[0x8000], READ, 0x8000);
        assert_eq!(page("store", &[0xf900_0010, 1], WRITTEN, 0xf900_0010).error_code, 3);
        page("store", &[bench.executor.export(0), 1], WRITTEN, bench.executor.export(0));
        let fault = bench.call(&Nobody, "overflow", &[0]).expect_err("the stack is small");
        assert!(fault.is_write() && (u64::from(guard) - 4096..guard.into()).contains(&fault.addr), "{fault}");
        assert!(fault.registers.sp < guard + 256);
        for (name, kind) in [
            ("undefined", FaultKind::IllegalInstruction),
            ("breakpoint", FaultKind::Breakpoint),
            ("privileged", FaultKind::Protection),
            ("single_step", FaultKind::Exception(1)),
        ] {
            let fault = bench.call(&Nobody, name, &[]).expect_err("a fault");
            assert_eq!(fault.kind, kind, "{name}");
            assert_eq!(bench.image.symbol_at(fault.registers.ip).map(|at| &*at.symbol.name), Some(name));
        }
        assert_eq!(kind(&bench.call(&Nobody, "divide", &[1, 0])), &FaultKind::Divide);
        assert_eq!(bench.call(&Nobody, "divide", &[84, 2]).map(|it| it as u32), Ok(42));
        assert_eq!(bench.call(&Nobody, "load", &[0x0804_8000]).map(|it| it as u32), Ok(0x5555));
    }
    // A stack that is not there.
    let gone = bench.executor.enter(&Nobody, bench.address("sum"), &[1, 2, 3], 0x1000);
    assert_eq!(kind(&gone), &WRITTEN);
    let nowhere = bench.executor.enter(&Nobody, 0x20, &[], top);
    assert_eq!(kind(&nowhere), &FETCHED);
}

#[test]
fn a_fault_in_a_callback_ends_the_innermost_level_only() {
    let bench = bench();
    for _ in 0..1000 {
        let session = Session::new(&bench, Policy::Swallow);
        assert_eq!(session.run("fail_at", &[3]).map(|it| it as u32), Ok(1000));
        assert_eq!(session.dropped.get(), 3);
        assert_eq!(session.run("leave_at", &[3]).map(|it| it as u32), Ok(1030));
    }
}

#[test]
fn a_killed_task_leaves_level_by_level() {
    let bench = bench();
    for _ in 0..1000 {
        let session = Session::new(&bench, Policy::Kill);
        let oops = session.run("fail_at", &[4]);
        assert_eq!(kind(&oops), &READ);
        assert_eq!(session.dropped.get(), 4, "every host function came to its end");
        let killed = session.run("kill_at", &[4]);
        assert_eq!(kind(&killed), &FaultKind::Host("killed".to_owned()));
        assert_eq!(session.dropped.get(), 8);
        // Even a host that swallows faults does not stop a killing.
        let session = Session::new(&bench, Policy::Swallow);
        assert_eq!(kind(&session.run("kill_at", &[2])), &FaultKind::Host("killed".to_owned()));
        assert_eq!(session.run("many", &[10]).map(|it| it as u32), Ok(45));
    }
}

#[test]
fn a_panic_of_the_host_ends_the_task() {
    let bench = bench();
    let session = Session::new(&bench, Policy::Swallow);
    let message = "a host function panicked: on purpose".to_owned();
    assert_eq!(kind(&session.run("panic_at", &[2])), &FaultKind::Host(message));
    assert_eq!(session.dropped.get(), 2);
    assert_eq!(session.run("many", &[10]).map(|it| it as u32), Ok(45));
}

#[test]
fn call_chains_cross_levels() {
    let bench = bench();
    let session = Session::new(&bench, Policy::Kill);
    assert_eq!(session.run("chain_outer", &[1]).map(|it| it as u32), Ok(4));
    let chain = session.chains.borrow_mut().pop().expect("one");
    assert_eq!(bench.names(&EXPORTS, &chain), ["chain_inner", "chain_middle", "host_callback", "chain_outer"]);
    assert_eq!(session.run("chain_garbage", &[]).map(|it| it as u32), Ok(0));
    let chain = session.chains.borrow_mut().pop().expect("one");
    assert_eq!(bench.names(&EXPORTS, &chain), ["chain_garbage"]);

    let fault = session.run("fault_outer", &[0x30]).expect_err("a fault");
    assert_eq!(bench.image.symbol_at(fault.registers.ip).map(|at| &*at.symbol.name), Some("load"));
    assert_eq!(bench.names(&EXPORTS, &fault.chain), ["fault_inner", "fault_outer"]);
    let fault = session.run("call_null", &[]).expect_err("a fault");
    assert_eq!(bench.names(&EXPORTS, &fault.chain)[0], "call_null");
    let fault = session.run("kill_at", &[1]).expect_err("a fault");
    assert_eq!(bench.names(&EXPORTS, &fault.chain), ["kill_at", "host_callback", "kill_at"]);
}

#[test]
fn machines_in_parallel_threads_run_modules() {
    let threads: Vec<_> = (0..3)
        .map(|number: u32| {
            std::thread::spawn(move || {
                let bench = bench();
                let _cpu = bench.board.machine.enter_cpu(number).expect("free");
                let session = Session::new(&bench, Policy::Kill);
                for round in 0..300 {
                    assert_eq!(session.run("many", &[100]).map(|it| it as u32), Ok(4950));
                    assert_eq!(kind(&session.run("fail_at", &[3])), &READ);
                    assert_eq!(session.run("sum", &[number, round, 0]).map(|it| it as u32), Ok(number + 2 * round));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("no thread fails");
    }
}

#[test]
fn two_threads_run_code_of_one_machine() {
    let mut bench = bench();
    // A second stack.
    for page in 0..2 {
        bench.board.map(0xffa0_0000 + page * 4096, 20 * MIB + page * 4096, PRESENT | WRITE);
    }
    let entry = bench.address("overflow");
    let (executor, top) = (&bench.executor, [STACK_TOP as u32, 0xffa0_2000]);
    std::thread::scope(|scope| {
        for top in top {
            scope.spawn(move || {
                for _ in 0..500 {
                    let fault = executor.enter(&Nobody, entry, &[0], top).expect_err("the stack is small");
                    assert!(fault.is_write() && (8193..3 * 4096).contains(&(u64::from(top) - fault.addr)), "{fault}");
                }
            });
        }
    });
}

#[test]
fn a_machine_without_mmu_has_its_own_addresses_too() {
    let flat = HostedConfig {
        ram: PhysRange::new(0, 8 * MIB),
        page_offset: VirtAddr::new(0),
        low_bytes: 8 * MIB,
        kernel_window: (VirtAddr::new(0), VirtAddr::new(8 * MIB)),
        displacement: Displacement::Below4G,
        paging: None,
        vmalloc_window: None,
    };
    let board = bench::board::Board::with(&flat);
    let text = PhysRange::new(MIB, MIB + Executor::text_bytes(1));
    // SAFETY: As in the bench.
    let executor = unsafe { Executor::new(&board.machine, text, 1, 4) }.expect("stubs");
    let source = "extern unsigned host_add(unsigned, unsigned);
        unsigned low(unsigned at) { return host_add(*(volatile unsigned *)at, 1); }
        unsigned where(void) { unsigned on_stack; return (unsigned)&on_stack; }";
    let plan = kmem_modules::load::Plan::new([compile("flat.c", source, &[])]).expect("an object");
    let image = plan.link(2 << 20, &|name| (name == "host_add").then(|| executor.export(0))).expect("it links");
    board.machine.write(VirtAddr::new(2 * MIB), image.contents()).expect("RAM");
    board.machine.write(VirtAddr::new(0), &41u32.to_le_bytes()).expect("RAM");
    struct Add;
    impl Host for Add {
        fn call(&self, _: u32, call: &mut Call<'_>) {
            let sum = call.word() + call.word();
            call.set_result(sum.into());
        }
    }
    let enter = |name: &str, args: &[u32]| executor.enter(&Add, image.global(name).expect("global"), args, 4 << 20);
    assert_eq!(enter("low", &[0]).map(|it| it as u32), Ok(42), "address 0 is RAM there");
    let at = enter("where", &[]).expect("it returns") as u32;
    assert!(at < 4 << 20 && at > (4 << 20) - 256, "{at:#x}");
    let beyond = enter("low", &[0x7000_0000]);
    assert!(matches!(kind(&beyond), FaultKind::Page { .. }), "{beyond:?}");
}

#[test]
fn machines_out_of_reach_are_refused() {
    let board = bench::board::Board::with(&config(Displacement::Any));
    let text = PhysRange::new(MIB, 2 * MIB);
    // SAFETY: Nothing is entered.
    let refused = unsafe { Executor::new(&board.machine, text, 1, 4) };
    assert!(matches!(refused, Err(ExecError::OutOfReach)));
    let board = bench::board::Board::with(&config(Displacement::Below4G));
    // SAFETY: Nothing is entered.
    let small = unsafe { Executor::new(&board.machine, PhysRange::new(MIB, MIB + 4096), 1000, 4) };
    assert!(matches!(small, Err(ExecError::TextTooSmall { .. })));
}
