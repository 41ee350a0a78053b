//! A machine with C code on it: compiled by the test, loaded into the module area, run on a stack with guard pages.

#![allow(dead_code)] // each test file uses some of it

#[path = "../../../kmem-hosted/tests/board/mod.rs"]
pub mod board;

use board::{Board, MIB, PRESENT, VMALLOC, WRITE};
use kmem::units::{PhysRange, VirtAddr};
use kmem_hosted::{Displacement, HostedConfig};
use kmem_modules::exec::{Executor, Fault, Host};
use kmem_modules::load::{Image, LoadError, ObjectFile, Plan};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// The direct map of these machines: high up, so that many of them fit below 4 GiB.
pub const PAGE_OFFSET: u64 = 0xf000_0000;
/// Where modules are loaded.
pub const MODULES: u64 = VMALLOC;
/// Top of the module stack: two pages, with nothing around them.
pub const STACK_TOP: u64 = 0xff80_4000;
pub const STACK_BYTES: u64 = 8192;
/// Where in RAM things are.
const TEXT: u64 = 4 * MIB;
const MODULE_RAM: u64 = 8 * MIB;
const STACK_RAM: u64 = 6 * MIB;

/// Compiles C to an i386 object.
pub fn compile(name: &str, source: &str, options: &[&str]) -> ObjectFile {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let unique = format!("{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(unique);
    std::fs::create_dir_all(&folder).expect("a folder for the object");
    let (input, output) = (folder.join(name), folder.join("out.o"));
    std::fs::write(&input, source).expect("the source is written");
    let mut gcc = Command::new("gcc");
    gcc.args(["-m32", "-ffreestanding", "-fno-pic", "-fno-stack-protector", "-fcf-protection=none", "-g"]);
    gcc.args(["-fno-omit-frame-pointer", "-fno-asynchronous-unwind-tables", "-O1", "-c"]).args(options);
    let done = gcc.arg("-o").arg(&output).arg(&input).output().expect("there is a gcc");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let bytes = std::fs::read(&output).expect("gcc wrote it").into();
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
    ObjectFile { name: name.to_owned(), bytes }
}

pub fn config(displacement: Displacement) -> HostedConfig {
    HostedConfig {
        page_offset: VirtAddr::new(PAGE_OFFSET),
        kernel_window: (VirtAddr::new(PAGE_OFFSET), VirtAddr::new(1 << 32)),
        ..board::config(64 * MIB, displacement)
    }
}

/// A machine with an image on it.
pub struct Bench {
    pub executor: Executor,
    pub image: Image,
    pub board: Board,
}

impl Bench {
    /// Compiles `source`, whose calls of `exports` go to host functions in that order.
    pub fn new(source: &str, exports: &[&str]) -> Self {
        Self::on(&config(Displacement::Below4G), vec![compile("bench.c", source, &[])], exports)
    }
    pub fn on(config: &HostedConfig, objects: Vec<ObjectFile>, exports: &[&str]) -> Self {
        Self::try_on(config, objects, exports).expect("it links")
    }
    pub fn try_on(config: &HostedConfig, objects: Vec<ObjectFile>, exports: &[&str]) -> Result<Self, LoadError> {
        let mut board = Board::with(config);
        for page in 0..STACK_BYTES / 4096 {
            board.map(STACK_TOP - STACK_BYTES + page * 4096, STACK_RAM + page * 4096, PRESENT | WRITE);
        }
        let count = exports.len() as u32;
        let text = PhysRange::new(TEXT, TEXT + Executor::text_bytes(count));
        // SAFETY: Test executables are position-independent, and the tests make no system calls in C.
        let executor = unsafe { Executor::new(&board.machine, text, count, 4) }.expect("stubs are written");
        let plan = Plan::new(objects)?;
        let lookup = |name: &str| exports.iter().position(|it| *it == name).map(|at| executor.export(at as u32));
        for page in 0..u64::from(plan.bytes() / 4096) {
            board.map(MODULES + page * 4096, MODULE_RAM + page * 8192, PRESENT | WRITE);
        }
        let image = plan.link(MODULES as u32, &lookup)?;
        board.machine.write(VirtAddr::new(MODULES), image.contents()).expect("mapped");
        Ok(Self { executor, image, board })
    }
    pub fn address(&self, name: &str) -> u32 {
        self.image.global(name).or_else(|| self.image.symbol(0, name)).unwrap_or_else(|| panic!("no {name}"))
    }
    pub fn call(&self, host: &dyn Host, name: &str, args: &[u32]) -> Result<u64, Fault> {
        self.executor.enter(host, self.address(name), args, STACK_TOP as u32)
    }
    /// The names of a chain's functions.
    pub fn names(&self, exports: &[&str], chain: &[u32]) -> Vec<String> {
        let name = |&addr: &u32| match self.executor.export_at(addr.wrapping_sub(1)) {
            Some(index) => exports[index as usize].to_owned(),
            None => self.image.symbol_at(addr.wrapping_sub(1)).map_or("?".to_owned(), |at| at.symbol.name.clone()),
        };
        chain.iter().map(name).collect()
    }
    pub fn read_string(&self, at: u32) -> String {
        let bytes = (0..).map_while(|offset| {
            let mut byte = [0];
            self.board.machine.read(VirtAddr::new(u64::from(at) + offset), &mut byte).ok()?;
            (byte[0] != 0).then_some(byte[0])
        });
        String::from_utf8_lossy(&bytes.collect::<Vec<_>>()).into_owned()
    }
}

/// A host without functions.
pub struct Nobody;
impl Host for Nobody {
    fn call(&self, index: u32, _: &mut kmem_modules::exec::Call<'_>) {
        panic!("host function {index} was called");
    }
}
