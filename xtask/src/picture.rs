//! The README's picture: a page that `kmem explain --report` writes, in a headless Chromium.

use crate::process::{cargo, run};
use crate::tools::{exists_any, CHROMIUM};

/// Where it lies.
const FILE: &str = "docs/src/picture.png";

/// Makes it anew.
pub fn draw() -> Result<(), String> {
    provide()?;
    let file = crate::repo::root().join(FILE);
    run(cargo().args(["test", "--package", "kmem-picture", "--test", "browser"]).env("KMEM_SCREENSHOT", file))
}

/// Makes sure that there is a Chromium: under one of its names, named by `KMEM_CHROMIUM`, or installed.
pub fn provide() -> Result<(), String> {
    let others = ["chromium-browser", "google-chrome", "google-chrome-stable"];
    if std::env::var_os("KMEM_CHROMIUM").is_some() || exists_any(&others) {
        return Ok(());
    }
    CHROMIUM.provide()
}
