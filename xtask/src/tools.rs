//! What the tests need on the computer: found, installed where that may be done, or named with the command to type.

use crate::process::{command, exists, output, run, succeeds, typed};
use std::process::Command;
use std::sync::Once;

/// A program of the operating system.
pub struct Program {
    /// What it is for.
    pub purpose: &'static str,
    /// Its name on the path.
    pub name: &'static str,
    /// The Debian packages that bring it.
    pub packages: &'static [&'static str],
}

/// The C compiler that builds kernel modules.
pub const C_COMPILER: Program =
    Program { purpose: "C compiler", name: "cc", packages: &["gcc", "libc6-dev", "binutils"] };
/// LLVM's linker, for toolchains that do not bring it.
pub const LLD: Program = Program { purpose: "linker for other targets", name: "ld.lld", packages: &["lld"] };
/// The browser that pictures are tested in.
pub const CHROMIUM: Program = Program { purpose: "browser", name: "chromium", packages: &["chromium"] };

/// True when one of these programs is there.
pub fn exists_any(names: &[&str]) -> bool {
    names.iter().any(|name| exists(name))
}

impl Program {
    /// Makes sure that the program is there.
    pub fn provide(&self) -> Result<(), String> {
        if exists(self.name) {
            return Ok(());
        }
        let missing = format!("{} `{}` is missing", self.purpose, self.name);
        install(self.packages).map_err(|how| format!("{missing}; {how}"))?;
        if exists(self.name) {
            Ok(())
        } else {
            Err(format!("{missing}, and the package {} did not bring it", self.packages[0]))
        }
    }
}

/// Makes sure that a component of the Rust toolchain is there: `cargo fmt`, `cargo clippy`.
pub fn provide_component(subcommand: &str, component: &str, packages: &[&str]) -> Result<(), String> {
    let there = || succeeds(crate::process::cargo().args([subcommand, "--version"]));
    if there() {
        return Ok(());
    }
    if exists("rustup") {
        run(command("rustup").args(["component", "add", component]))?;
    } else {
        install(packages).map_err(|how| format!("`cargo {subcommand}` is missing; {how}"))?;
    }
    if there() {
        Ok(())
    } else {
        Err(format!("`cargo {subcommand}` is missing; install rustup's component `{component}`"))
    }
}

/// Installs packages as root on Debian and its kin; the error says what to type.
pub fn install(packages: &[&str]) -> Result<(), String> {
    static UPDATE: Once = Once::new();
    let mut apt = command("apt-get");
    apt.args(["install", "--yes", "--no-install-recommends"]).args(packages);
    let by_hand = format!("install it: {}", typed(&apt));
    if !exists("apt-get") {
        return Err(format!("on Debian {by_hand}"));
    }
    if output(command("id").arg("-u")).as_deref() != Some("0") {
        return Err(format!("as root, {by_hand}"));
    }
    let settings = |command: &mut Command| {
        command.env("DEBIAN_FRONTEND", "noninteractive").args(["-o", "DPkg::Lock::Timeout=120"]);
    };
    // A list that cannot be fetched does no harm if the packages are known; `install` will tell.
    UPDATE.call_once(|| {
        let mut update = command("apt-get");
        settings(update.arg("update"));
        if let Err(why) = run(&mut update) {
            println!("{why}");
        }
    });
    settings(&mut apt);
    run(&mut apt)
}
