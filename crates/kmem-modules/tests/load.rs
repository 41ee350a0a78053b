//! The loader and the lines, on objects that the test compiles.

mod bench;

use bench::{compile, config, Bench, Nobody};
use kmem_hosted::Displacement;
use kmem_modules::load::{LoadError, ObjectFile, Plan, SegmentKind, UnknownSymbol, PERCPU_STRIDE};
use kmem_modules::symbols::Symbolizer;

const FIRST: &str = r#"
typedef unsigned int u32;
static u32 counter = 100;              /* static of the same name in both */
u32 shared_name(void) { return 1; }    /* global of the same name in both */
u32 only_first = 17;
int common_one;                        /* -fcommon */
extern u32 only_second(u32);
extern const char *const words[];
__attribute__((weak)) u32 overridden(void) { return 1; }
__attribute__((weak)) u32 kept(void) { return 7; }
extern u32 absent(void) __attribute__((weak));
static char zeroes[10000];
u32 init_module(void) { return 11; }

u32 first_counter(void) { return ++counter; }
u32 first_shared(void) { return shared_name(); }
u32 cross(u32 n) { return only_second(n) + 1; }
u32 weak_calls(void) { return overridden() * 100 + kept() * 10 + (absent ? 1 : 0); }
const char *word(u32 n) { return words[n]; }
u32 common(u32 v) { common_one = v; return common_one; }
u32 sum_of_zeroes(void) { u32 s = 0; for (u32 i = 0; i < sizeof zeroes; i++) s += zeroes[i]; return s + !((u32)zeroes % 4); }
char *all_zeroes(void) { return zeroes; }
u32 pick(u32 n)
{
    switch (n) {
    case 0: return 5; case 1: return 17; case 2: return 3; case 3: return 99;
    case 4: return 1; case 5: return 41; case 6: return 8; default: return 0;
    }
}
"#;

const SECOND: &str = r#"
typedef unsigned int u32;
static u32 counter = 200;
u32 shared_name(void) { return 2; }
u32 overridden(void) { return 4; }
extern u32 only_first;
int common_two[3];
const char *const words[] = { "null", "eins", "zwei", "a longer one, to be sure" };
u32 cleanup_module(void) { return 12; }
u32 init_module(void) { return 13; }
struct param { const char *name; u32 *value; };
static u32 value = 3;
static const struct param parameter __attribute__((used, section("__kmem_param"))) = { "value", &value };

u32 second_counter(void) { return ++counter; }
u32 second_shared(void) { return shared_name(); }
u32 only_second(u32 n) { return n * only_first; }
"#;

fn two_files() -> Bench {
    let options = ["-fcommon"];
    let objects = vec![compile("first.c", FIRST, &options), compile("second.c", SECOND, &options)];
    Bench::on(&config(Displacement::Below4G), objects, &[])
}

#[test]
fn names_mean_what_a_reader_of_c_expects() {
    let bench = two_files();
    let run = |name: &str, args: &[u32]| bench.call(&Nobody, name, args).map(|it| it as u32);
    assert_eq!(run("first_counter", &[]), Ok(101));
    assert_eq!(run("second_counter", &[]), Ok(201));
    assert_eq!(run("first_counter", &[]), Ok(102));
    assert_eq!((run("first_shared", &[]), run("second_shared", &[])), (Ok(1), Ok(2)));
    assert_eq!(run("cross", &[3]), Ok(52));
    assert_eq!(run("weak_calls", &[]), Ok(470));
    assert_eq!(run("common", &[123]), Ok(123));
    assert_eq!(run("sum_of_zeroes", &[]), Ok(1));
    for (n, expected) in [(0, 5), (3, 99), (6, 8), (7, 0), (100, 0)] {
        assert_eq!(run("pick", &[n]), Ok(expected));
    }
    for (n, expected) in [(1, "eins"), (3, "a longer one, to be sure")] {
        assert_eq!(bench.read_string(run("word", &[n]).expect("it returns")), expected);
    }
    let image = &bench.image;
    assert_eq!(image.objects().collect::<Vec<_>>(), ["first.c", "second.c"]);
    let inits = [image.symbol(0, "init_module"), image.symbol(1, "init_module")];
    for (init, expected) in inits.into_iter().zip([11, 13]) {
        let init = init.expect("each has its own");
        let got = bench.executor.enter(&Nobody, init, &[], bench::STACK_TOP as u32);
        assert_eq!(got.map(|it| it as u32), Ok(expected));
    }
    assert_eq!(image.symbol(0, "cleanup_module"), None);
    assert!(image.symbol(1, "cleanup_module").is_some());
    assert_eq!(image.global("init_module"), inits[0]);
    assert_eq!(image.global("counter"), None, "a static is no global");
}

#[test]
fn sections_segments_and_symbols() {
    let bench = two_files();
    let image = &bench.image;
    assert!(image.section(0, "__kmem_param").is_none());
    let parameter = image.section(1, "__kmem_param").expect("it has one");
    assert_eq!(parameter.bytes, 8);
    let word = |at: u32| bench.board.machine.read_u32(kmem::units::VirtAddr::new(at.into())).expect("mapped");
    assert_eq!(bench.read_string(word(parameter.start)), "value");
    assert_eq!(Some(word(parameter.start + 4)), image.symbol(1, "value"));

    let kinds: Vec<_> = image.segments().iter().map(|segment| segment.kind).collect();
    assert_eq!(kinds, [SegmentKind::Text, SegmentKind::ReadOnly, SegmentKind::Data]);
    for segment in image.segments() {
        assert!(segment.offset % 4096 == 0 && segment.bytes % 4096 == 0 && segment.bytes > 0);
    }
    let within = |addr: u32, kind: SegmentKind| {
        let offset = addr - image.base();
        image.segments().iter().any(|it| it.kind == kind && it.offset <= offset && offset < it.offset + it.bytes)
    };
    assert!(within(bench.address("pick"), SegmentKind::Text));
    assert!(within(bench.address("words"), SegmentKind::ReadOnly));
    assert!(within(image.symbol(0, "zeroes").expect("static"), SegmentKind::Data));
    assert!(within(bench.address("common_two"), SegmentKind::Data));
    assert!(image.contains(image.base()) && !image.contains(image.base() - 1));
    assert!(!image.contains(image.base() + image.contents().len() as u32));

    let at = image.symbol_at(bench.address("cross") + 3).expect("inside");
    assert!(at.to_string().starts_with("cross+0x3/0x"), "{at}");
    assert!(at.symbol.is_function && at.symbol.object == 0);
    let zeroes = image.symbol(0, "zeroes").expect("static");
    assert_eq!(image.symbol_at(zeroes + 9999).map(|at| at.to_string()), Some("zeroes+0x270f/0x2710".to_owned()));
    assert_eq!(image.symbol_at(bench.address("common_two") + 4).map(|at| &*at.symbol.name), Some("common_two"));
    assert_eq!(image.symbol_at(0), None);
    assert_eq!(image.object_at(bench.address("second_shared")), Some(1));
}

#[test]
fn all_unknown_symbols_are_named_at_once() {
    let first = "extern int nobody(int), no_variable; int f(void) { return nobody(no_variable); }";
    let second = "extern int nobody(int); int g(void) { return nobody(1); }";
    let objects = vec![compile("a.c", first, &[]), compile("b.c", second, &[])];
    let error = Bench::try_on(&config(Displacement::Below4G), objects, &[]).err().expect("they are unknown");
    let LoadError::Unknown(mut unknown) = error else { panic!("{error}") };
    unknown.sort_by(|a, b| (&a.file, &a.symbol).cmp(&(&b.file, &b.symbol)));
    let expected = [("no_variable", "a.c"), ("nobody", "a.c"), ("nobody", "b.c")]
        .map(|(symbol, file)| UnknownSymbol { symbol: symbol.to_owned(), file: file.to_owned() });
    assert_eq!(unknown, expected);
    assert_eq!(unknown[1].to_string(), "unknown symbol nobody in a.c");
}

#[test]
fn exports_come_after_the_objects() {
    let user = "extern int twice(int), hook(int); int f(int n) { return twice(n) + hook(n); }";
    let other = "int twice(int n) { return 2 * n; }";
    let plan = Plan::new([compile("a.c", user, &[]), compile("b.c", other, &[])]).expect("objects");
    let asked = std::cell::RefCell::new(Vec::new());
    let exports = |name: &str| {
        asked.borrow_mut().push(name.to_owned());
        Some(0xc010_0000)
    };
    let image = plan.link(0xf900_0000, &exports).expect("it links");
    assert_eq!(*asked.borrow(), ["hook"]);
    assert_eq!(image.base(), 0xf900_0000);
}

#[test]
fn what_is_no_object_is_refused() {
    let file = |bytes: &[u8]| ObjectFile { name: "x.c".to_owned(), bytes: bytes.into() };
    let good = compile("good.c", "int a = 1; int *f(void) { return &a; }", &[]);
    assert!(matches!(Plan::new([file(b"")]), Err(LoadError::Malformed { .. })));
    assert!(Plan::new([file(b"no elf at all, but long enough to look like a header of one......")]).is_err());
    let pic = compile("pic.c", "extern int a; int f(void) { return a; }", &["-fpic"]);
    assert!(matches!(Plan::new([pic]), Err(LoadError::Relocation { .. })));
    // Cut off or changed anywhere, it is refused or loaded, but nothing panics.
    for end in 0..good.bytes.len() {
        if let Ok(plan) = Plan::new([file(&good.bytes[..end])]) {
            let _ = plan.link(0x1000, &|_| Some(0));
        }
    }
    for at in 0..good.bytes.len() {
        for value in [0, 1, 0x7f, 0xff] {
            let mut bytes = good.bytes.to_vec();
            bytes[at] = value;
            if let Ok(plan) = Plan::new([file(&bytes)]) {
                if plan.bytes() < 1 << 24 {
                    if let Ok(image) = plan.link(0x1000, &|_| Some(0)) {
                        let lines = Symbolizer::new(&image);
                        (0..64).for_each(|offset| drop(lines.locate(0x1000 + offset)));
                    }
                }
            }
        }
    }
}

const LINES: &str = "extern void stop(void);
static inline __attribute__((always_inline)) int deepest(int a)
{
    return a / *(volatile int *)24;
}
static inline __attribute__((always_inline)) int inner(int a)
{
    return 1 +
        deepest(a);
}
int outer(int a)
{
    return inner(a) * 3;
}
__attribute__((noinline)) static int callee(int a)
{
    stop();
    return a;
}
int caller(int a)
{
    int b = callee(a + 1);
    return b + 2;
}
";

#[test]
fn lines_of_c() {
    let other = "int unrelated(int a) { return a; }\nextern int outer(int);\nint second_file(int a)\n{\n\treturn\n\touter(a) + 1;\n}\n";
    for dwarf in ["-gdwarf-4", "-gdwarf-5"] {
        let objects = vec![compile("other.c", other, &[dwarf]), compile("lines.c", LINES, &[dwarf])];
        let bench = Bench::on(&config(Displacement::Below4G), objects, &["stop"]);
        let lines = Symbolizer::new(&bench.image);
        let fault = bench.call(&Nobody, "second_file", &[5]).expect_err("it reads address 24");
        assert_eq!(fault.addr, 24);
        let names = |frames: &[kmem_modules::symbols::Frame]| -> Vec<(String, u32)> {
            let file = |frame: &kmem_modules::symbols::Frame| frame.file.as_deref().unwrap_or("").to_owned();
            frames.iter().for_each(|frame| assert!(file(frame).ends_with(".c"), "{frame}"));
            frames.iter().map(|it| (it.function.clone().unwrap_or_default(), it.line.unwrap_or(0))).collect()
        };
        let at = lines.locate(fault.registers.ip);
        let expected = [("deepest", 4), ("inner", 9), ("outer", 13)].map(|(name, line)| (name.to_owned(), line));
        assert_eq!(names(&at), expected);
        assert!(at[0].to_string().ends_with("lines.c:4") && at[0].to_string().starts_with("deepest at "));
        let called = lines.locate_call(fault.chain[0]);
        assert_eq!(names(&called), [("second_file".to_owned(), 6)]);
        assert!(called[0].file.as_deref().is_some_and(|file| file.ends_with("other.c")));

        struct Stop(std::cell::RefCell<Vec<u32>>);
        impl kmem_modules::exec::Host for Stop {
            fn call(&self, _: u32, call: &mut kmem_modules::exec::Call<'_>) {
                *self.0.borrow_mut() = call.chain(10);
            }
        }
        let stop = Stop(Default::default());
        bench.call(&stop, "caller", &[1]).expect("it returns");
        let chain = stop.0.borrow();
        let found: Vec<_> = chain.iter().flat_map(|&addr| names(&lines.locate_call(addr))).collect();
        assert_eq!(found, [("callee".to_owned(), 17), ("caller".to_owned(), 22)]);
        assert_eq!(lines.locate(0x1234), []);
    }
    // Without debug information the name remains.
    let bench = Bench::on(&config(Displacement::Below4G), vec![compile("bare.c", LINES, &["-g0"])], &["stop"]);
    let at = Symbolizer::new(&bench.image).locate(bench.address("caller"));
    assert_eq!(at.iter().map(|frame| frame.to_string()).collect::<Vec<_>>(), ["caller"]);
}

#[test]
fn only_what_is_used_is_loaded_where_there_is_little_room() {
    let source = "int used_data = 5; int unused_data[4096] = {1}; static int helper(void) { return used_data; }\n\
                  int wanted(void) { return helper() + 1; } int unwanted(void) { return unused_data[3]; }\n";
    let object = || compile("trim.c", source, &["-ffunction-sections", "-fdata-sections", "-fno-inline"]);
    let all = Plan::new([object()]).unwrap();
    let few = Plan::trimmed(object(), &|name| name == "wanted").unwrap();
    assert!(few.bytes() + 16384 <= all.bytes(), "{} of {}", few.bytes(), all.bytes());
    let image = few.link(0xf900_0000, &|_| None).unwrap();
    assert!(image.global("wanted").is_some() && image.global("used_data").is_some());
    assert_eq!((image.global("unwanted"), image.global("unused_data")), (None, None));
}

#[test]
fn each_cpu_gets_a_copy_of_its_data() {
    let source = "__attribute__((section(\".data..percpu\"))) int counter = 7;\n\
                  __attribute__((section(\".data..percpu\"))) int *where = &counter;\n";
    let object = || compile("percpu.c", source, &[]);
    let image = Plan::for_cpus([object()], 3).unwrap().link(0xf900_0000, &|_| None).unwrap();
    let (counter, place) = (image.global("counter").unwrap(), image.global("where").unwrap());
    let word = |addr: u32| {
        let at = (addr - image.base()) as usize;
        u32::from_le_bytes(image.contents()[at..at + 4].try_into().unwrap())
    };
    for cpu in 0..3 {
        assert_eq!(word(counter + cpu * PERCPU_STRIDE), 7);
        assert_eq!(word(place + cpu * PERCPU_STRIDE), counter);
    }
    let large = compile("large.c", "__attribute__((section(\".data..percpu\"))) char much[40000] = {1};\n", &[]);
    assert!(matches!(Plan::for_cpus([large], 2), Err(LoadError::Malformed { .. })));
}
