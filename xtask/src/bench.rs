//! The gate on instruction counts. It is not part of `test`, because it needs a release build and valgrind.

use crate::process::{cargo, run};
use crate::tools::Program;

const VALGRIND: Program = Program { purpose: "instruction counter", name: "valgrind", packages: &["valgrind"] };

/// Counts what has a limit; the limits are in `crates/kmem-bench/src/page/target.rs`.
pub fn gate() -> Result<(), String> {
    VALGRIND.provide()?;
    run(cargo().args(["run", "--release", "--quiet", "--package", "kmem-cli", "--", "bench", "pages", "--gate"]))
        .map_err(|why| format!("the instruction limits do not hold: {why}"))
}
