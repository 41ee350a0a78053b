//! Compilers other than the one that runs us: for bare metal, and the oldest that must do.

use crate::process::{command, exists, output, run};
use crate::repo;
use crate::tools::{install, provide_component, LLD};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest compiler that the engine builds with, as `rust-version` in the workspace says.
pub const OLDEST: &str = "1.85";
/// The release of it that rustup gets.
const OLDEST_RELEASE: &str = "1.85.0";

/// The distribution's compiler and the source of its standard library, at [`OLDEST`] where the archive still has it.
const DISTRIBUTION: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "libstd-rust-web-dev"];
/// Its clippy.
pub const DISTRIBUTION_CLIPPY: &str = "rust-web-clippy";
const DISTRIBUTION_BIN: &str = "/usr/bin";

/// A compiler that can build for a bare machine.
pub enum BareToolchain {
    /// The compiler that runs us: it has the target's core library.
    Own {
        /// The linker, if it is not the one that comes with the compiler.
        linker: Option<(String, &'static str)>,
    },
    /// The distribution's, which builds the core library from its source.
    Distribution {
        /// The linker.
        linker: (String, &'static str),
    },
}

impl BareToolchain {
    /// Finds or installs a compiler for `target`.
    pub fn provide(target: &str) -> Result<Self, String> {
        let linker = || (format!("CARGO_TARGET_{}_LINKER", target.to_uppercase().replace('-', "_")), LLD.name);
        let installed = has_core(&mut command("rustc"), target)
            || exists("rustup")
                && run(command("rustup").args(["target", "add", target])).is_ok()
                && has_core(&mut command("rustc"), target);
        if installed {
            if own_linker() {
                return Ok(Self::Own { linker: None });
            }
            LLD.provide()?;
            return Ok(Self::Own { linker: Some(linker()) });
        }
        if !has_core_source() {
            install_distribution(&DISTRIBUTION).map_err(|how| {
                format!("no compiler for {target}: with rustup, `rustup target add {target}`; without it, {how}")
            })?;
        }
        LLD.provide()?;
        Ok(Self::Distribution { linker: linker() })
    }

    /// Makes sure that this toolchain has its `cargo clippy`.
    pub fn provide_clippy(&self) -> Result<(), String> {
        match self {
            Self::Own { .. } => provide_component("clippy", "clippy", &[DISTRIBUTION_CLIPPY]),
            Self::Distribution { .. } if Path::new(DISTRIBUTION_BIN).join("cargo-clippy").is_file() => Ok(()),
            Self::Distribution { .. } => install_distribution(&[DISTRIBUTION_CLIPPY])
                .map_err(|how| format!("the distribution's `cargo clippy` is missing; {how}")),
        }
    }

    /// Prepares a command of this toolchain's cargo in the workspace of the machines.
    pub fn cargo(&self, subcommand: &str) -> Command {
        let mut cargo = match self {
            Self::Own { .. } => crate::process::cargo(),
            Self::Distribution { .. } => {
                // Cargo would look for other subcommands in the user's own folder first.
                let mut cargo = distribution_cargo(if subcommand == "clippy" { "cargo-clippy" } else { "cargo" });
                // Building the core library is an unstable option, which a released compiler takes with this only.
                cargo.env("RUSTC_BOOTSTRAP", "1");
                cargo
            }
        };
        let linker = match self {
            Self::Own { linker } => linker.as_ref(),
            Self::Distribution { linker } => Some(linker),
        };
        cargo.envs(linker.map(|(variable, program)| (variable, program)));
        // Flags meant for the host would replace those that the machines' own configuration gives.
        cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        cargo.current_dir(repo::root().join("machines")).arg(subcommand);
        cargo
    }

    /// Returns the options that a build with this toolchain needs besides.
    pub fn build_options(&self) -> &'static [&'static str] {
        match self {
            Self::Own { .. } => &[],
            Self::Distribution { .. } => &["-Zbuild-std=core"],
        }
    }
}

fn sysroot(rustc: &mut Command) -> Option<PathBuf> {
    output(rustc.args(["--print", "sysroot"])).map(PathBuf::from)
}

fn has_core(rustc: &mut Command, target: &str) -> bool {
    output(rustc.args(["--print", "target-libdir", "--target", target]))
        .and_then(|folder| std::fs::read_dir(folder).ok())
        .is_some_and(|files| files.flatten().any(|file| file.file_name().to_string_lossy().starts_with("libcore-")))
}

/// True when the compiler that runs us brings LLVM's linker.
fn own_linker() -> bool {
    let host = output(command("rustc").arg("-vV"))
        .and_then(|text| text.lines().find_map(|line| line.strip_prefix("host: ").map(str::to_owned)));
    let (Some(root), Some(host)) = (sysroot(&mut command("rustc")), host) else { return false };
    root.join("lib/rustlib").join(host).join("bin/rust-lld").is_file()
}

fn distribution_rustc() -> Command {
    let mut rustc = command(Path::new(DISTRIBUTION_BIN).join("rustc"));
    rustc.env_remove("RUSTUP_TOOLCHAIN");
    rustc
}

/// Prepares the distribution's cargo, or the program behind one of its subcommands.
fn distribution_cargo(program: &str) -> Command {
    let bin = Path::new(DISTRIBUTION_BIN);
    let mut cargo = command(bin.join(program));
    cargo
        .env("CARGO", bin.join("cargo"))
        .env("RUSTC", bin.join("rustc"))
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("RUSTDOC");
    cargo
}

fn has_core_source() -> bool {
    Path::new(DISTRIBUTION_BIN).join("cargo").is_file()
        && sysroot(&mut distribution_rustc())
            .is_some_and(|root| root.join("lib/rustlib/src/rust/library/core").is_dir())
}

/// Installs packages of the distribution's compiler, the oldest that must do if the archive has it.
fn install_distribution(packages: &[&str]) -> Result<(), String> {
    let oldest: Vec<String> = packages.iter().map(|package| format!("{package}={OLDEST}*")).collect();
    let oldest: Vec<&str> = oldest.iter().map(String::as_str).collect();
    install(&oldest).or_else(|_| install(packages))
}

/// Prepares the cargo of the oldest compiler that must do; finds or installs it.
pub fn oldest_cargo() -> Result<Command, String> {
    let is_oldest = |rustc: &mut Command| {
        output(rustc.arg("--version")).is_some_and(|version| version.starts_with(&format!("rustc {OLDEST}.")))
    };
    if is_oldest(&mut command("rustc")) {
        return Ok(crate::process::cargo());
    }
    let rustup_has = || is_oldest(command("rustup").args(["run", OLDEST_RELEASE, "rustc"]));
    let by_rustup = || {
        let mut cargo = command("rustup");
        cargo.args(["run", OLDEST_RELEASE, "cargo"]);
        cargo
    };
    if rustup_has() {
        return Ok(by_rustup());
    }
    if is_oldest(&mut distribution_rustc()) {
        return Ok(distribution_cargo("cargo"));
    }
    let mut get = command("rustup");
    get.args(["toolchain", "install", OLDEST_RELEASE, "--profile", "minimal", "--no-self-update"]);
    if exists("rustup") && run(&mut get).is_ok() && rustup_has() {
        return Ok(by_rustup());
    }
    let how = install_distribution(&DISTRIBUTION).err().unwrap_or_else(|| "the archive's is newer".to_owned());
    if is_oldest(&mut distribution_rustc()) {
        return Ok(distribution_cargo("cargo"));
    }
    Err(format!(
        "no rustc {OLDEST}: with rustup, `rustup toolchain install {OLDEST_RELEASE} --profile minimal`; without it, {how}"
    ))
}
