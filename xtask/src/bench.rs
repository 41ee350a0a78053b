//! The gate on instruction counts. It is not part of `test`, because it needs a release build and valgrind.

use crate::process::{cargo, run};
use crate::tools::Program;

const VALGRIND: Program = Program { purpose: "instruction counter", name: "valgrind", packages: &["valgrind"] };

/// The parts of `kmem bench` that have limits.
const PARTS: [&str; 2] = ["pages", "objects"];

/// Counts what has a limit; the limits are in `crates/kmem-bench/src/page/target.rs` and `object/target.rs`.
pub fn gate() -> Result<(), String> {
    VALGRIND.provide()?;
    let gate = |part: &&str| {
        let args = ["run", "--release", "--quiet", "--package", "kmem-cli", "--", "bench", part, "--gate"];
        run(cargo().args(args)).map_err(|why| format!("{part}: {why}"))
    };
    let failed: Vec<String> = PARTS.iter().filter_map(|part| gate(part).err()).collect();
    if failed.is_empty() {
        return Ok(());
    }
    Err(format!("the instruction limits do not hold: {}", failed.join("; ")))
}
