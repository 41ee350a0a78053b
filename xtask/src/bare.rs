//! Bare-metal images: built with whatever toolchain can, run in QEMU.

use crate::process::{command, run, typed};
use crate::repo;
use crate::toolchain::BareToolchain;
use crate::tools::Program;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// One architecture's image and the machine it runs on.
pub struct Image {
    /// The architecture, as the folder under `machines/` is named.
    pub arch: &'static str,
    package: &'static str,
    target: &'static str,
    qemu: Program,
    machine: &'static [&'static str],
    /// MiB of RAM and a command line: the usual machine first, then others that the self-test must pass on.
    variants: &'static [(u32, &'static str)],
}

/// All images.
pub const IMAGES: [Image; 1] = [Image {
    arch: "i386",
    package: "kmem-i386",
    target: "i586-unknown-linux-gnu",
    qemu: Program { purpose: "emulator", name: "qemu-system-i386", packages: &["qemu-system-x86", "seabios"] },
    // The exit device at the port that the image writes to.
    machine: &["-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"],
    // Above 896 MiB there is high memory; then: hardly any RAM, and the most with a small direct map.
    variants: &[(1100, ""), (20, ""), (4096, "vmalloc=256M")],
}];

/// What QEMU's exit device makes of the image's 0x10 and 0x11: `2 * value + 1`.
const PASSED: i32 = 33;
const FAILED: i32 = 35;

/// The self-test takes a second; this is for a computer that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(180);

/// Returns the architectures that there are images for.
pub fn names() -> String {
    IMAGES.iter().map(|image| image.arch).collect::<Vec<_>>().join(", ")
}

/// An image that has been built.
pub struct Built<'a> {
    image: &'a Image,
    path: PathBuf,
}

impl Image {
    /// Finds an image by its architecture.
    pub fn by_name(arch: &str) -> Option<&'static Image> {
        IMAGES.iter().find(|image| image.arch == arch)
    }

    /// Makes sure that the emulator is there, without building anything.
    pub fn provide_emulator(&self) -> Result<(), String> {
        self.qemu.provide()
    }

    /// Lints the image, its self-test and the engine's parts that it names, as they are compiled for its target.
    pub fn clippy(&self) -> Result<(), String> {
        let toolchain = BareToolchain::provide(self.target)?;
        toolchain.provide_clippy()?;
        let mut cargo = toolchain.cargo("clippy");
        cargo.args(["--release", "--package", self.package, "--package", "kmem-selftest"]);
        cargo.args(["--target", self.target]).args(toolchain.build_options());
        run(cargo.args(["--", "--deny", "warnings"]).env("CARGO_TARGET_DIR", repo::target_dir("machines")))
    }

    /// Builds the image.
    pub fn build(&self) -> Result<Built<'_>, String> {
        let target_dir = repo::target_dir("machines");
        let toolchain = BareToolchain::provide(self.target)?;
        let mut cargo = toolchain.cargo("build");
        cargo.args(["--release", "--package", self.package, "--target", self.target]);
        cargo.args(toolchain.build_options());
        run(cargo.env("CARGO_TARGET_DIR", &target_dir))?;
        Ok(Built { image: self, path: target_dir.join(self.target).join("release").join(self.package) })
    }
}

impl Built<'_> {
    /// Runs the image on the usual machine; its self-test must pass.
    pub fn self_test(&self, command_line: &str) -> Result<(), String> {
        self.self_test_on(self.usual_mib(), command_line)
    }

    /// Runs the image on all its machines; its self-test must pass on each.
    pub fn self_test_everywhere(&self) -> Result<(), String> {
        self.image.variants.iter().try_for_each(|&(mib, command_line)| self.self_test_on(mib, command_line))
    }

    fn self_test_on(&self, mib: u32, command_line: &str) -> Result<(), String> {
        match self.boot(mib, command_line)? {
            (PASSED, _) => Ok(()),
            (FAILED, _) => Err(format!("the self-test failed with {mib} MiB")),
            (other, _) => Err(format!("the machine with {mib} MiB ended with status {other}, not by itself")),
        }
    }
    fn usual_mib(&self) -> u32 {
        self.image.variants[0].0
    }

    /// Runs the image and lets it touch what is not there: it must notice, say so and fail.
    pub fn crash_test(&self) -> Result<(), String> {
        let (status, log) = self.boot(self.usual_mib(), "selftest=crash")?;
        if status == FAILED && log.contains("unexpected page fault") {
            Ok(())
        } else {
            Err(format!("an access to nowhere went unnoticed: status {status}"))
        }
    }

    /// Runs the image, shows its console, and returns QEMU's exit status and the console's text.
    fn boot(&self, mib: u32, command_line: &str) -> Result<(i32, String), String> {
        self.image.provide_emulator()?;
        let mut qemu = command(self.image.qemu.name);
        qemu.arg("-kernel").arg(&self.path).args(["-m", &mib.to_string()]).args(self.image.machine);
        qemu.args(["-display", "none", "-serial", "stdio", "-monitor", "none", "-no-reboot"]);
        if !command_line.is_empty() {
            qemu.args(["-append", command_line]);
        }
        println!("$ {}", typed(&qemu));
        let failed = |why: std::io::Error| format!("`{}`: {why}", self.image.qemu.name);
        let mut machine = qemu.stdout(Stdio::piped()).spawn().map_err(failed)?;
        let console = BufReader::new(machine.stdout.take().ok_or("no console")?);
        let reader = std::thread::spawn(move || {
            let mut log = String::new();
            for line in console.split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line);
                println!("  | {line}");
                log.push_str(&line);
                log.push('\n');
            }
            log
        });
        let start = Instant::now();
        let status = loop {
            match machine.try_wait().map_err(failed)? {
                Some(status) => break status,
                None if start.elapsed() > PATIENCE => {
                    machine.kill().and_then(|()| machine.wait()).map_err(failed)?;
                    return Err(format!("the machine was still running after {} s", PATIENCE.as_secs()));
                }
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        };
        let log = reader.join().map_err(|_| "the console's reader panicked")?;
        Ok((status.code().unwrap_or(-1), log))
    }
}
