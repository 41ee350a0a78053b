//! `cargo xtask test`: everything that must hold before a change goes in.

use crate::bare::IMAGES;
use crate::process::{cargo, run};
use crate::steps::Steps;
use crate::toolchain::{oldest_cargo, DISTRIBUTION_CLIPPY};
use crate::tools::{provide_component, C_COMPILER};
use crate::{kernel_modules, picture, repo, tidy};
use std::process::ExitCode;

/// Tests that have a long form, which `KMEM_LONG` chooses: package and test file.
const LONG_TESTS: [(&str, &str); 4] =
    [("kmem", "random_pages"), ("kmem-inspect", "mutations"), ("kmem-inspect", "big_log"), ("kmem-inspect", "fuzz")];

/// Runs all steps; what fails does not keep the others from being tried.
pub fn run_all() -> ExitCode {
    let mut steps = Steps::default();
    steps.step("prerequisites", || {
        let mut missing: Vec<String> = Vec::new();
        missing.extend(C_COMPILER.provide().err());
        missing.extend(provide_component("fmt", "rustfmt", &["rustfmt-web"]).err());
        missing.extend(provide_component("clippy", "clippy", &[DISTRIBUTION_CLIPPY]).err());
        missing.extend(IMAGES.iter().filter_map(|image| image.provide_emulator().err()));
        if missing.is_empty() {
            Ok(())
        } else {
            Err(missing.join("\n"))
        }
    });
    let browser = picture::provide();
    steps.step("tidy", tidy::run);
    steps.step("format", || {
        run(cargo().args(["fmt", "--all", "--check"]))?;
        run(cargo().args(["fmt", "--all", "--check"]).current_dir(repo::root().join("machines")))
    });
    steps.step("clippy", || run(cargo().args(["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"])));
    steps.step("tests", || run(cargo().args(["test", "--workspace", "--no-fail-fast"])));
    // The workspace's tests have the browser's among them; alone it shows that it ran.
    match &browser {
        Ok(()) => {
            steps.step("browser", || run(cargo().args(["test", "--package", "kmem-picture", "--test", "browser"])))
        }
        Err(why) => steps.skip("browser", why),
    }
    steps.step("interleavings", || {
        let mut cargo = cargo();
        cargo.args(["test", "--release", "--package", "kmem", "--lib", "interleavings"]);
        run(cargo.env("RUSTFLAGS", "--cfg kmem_loom").env("CARGO_TARGET_DIR", repo::target_dir("loom")))
    });
    steps.step("documentation", || {
        run(cargo().args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "--deny warnings"))
    });
    steps.step("oldest compiler", || {
        let mut oldest = oldest_cargo()?;
        run(oldest.args(["check", "--package", "kmem"]).env("CARGO_TARGET_DIR", repo::target_dir("oldest")))
    });
    for image in &IMAGES {
        steps.step(&format!("bare {}: clippy", image.arch), || image.clippy());
        let mut built = None;
        steps.step(&format!("bare {}: build", image.arch), || image.build().map(|image| built = Some(image)));
        let built = || built.as_ref().ok_or_else(|| "there is no image".to_owned());
        steps.step(&format!("bare {}: self-test", image.arch), || built()?.self_test_everywhere());
        steps.step(&format!("bare {}: a fault is noticed", image.arch), || built()?.crash_test());
    }
    steps.finish()
}

/// Runs the long forms of the tests that have one, and shows what they print; then the kernel's own modules.
pub fn run_long() -> Result<(), String> {
    LONG_TESTS.iter().try_for_each(|(package, test)| {
        let mut cargo = cargo();
        cargo.args(["test", "--release", "--package", package, "--test", test, "--", "--nocapture"]);
        // What overflows is a finding, though a release would wrap.
        cargo.env("CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS", "true");
        run(cargo.env("KMEM_LONG", "1"))
    })?;
    kernel_modules::run_all(&[])
}
