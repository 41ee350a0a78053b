//! Hands the linker script to the linker.

fn main() {
    println!("cargo:rerun-if-changed=link.ld");
    println!("cargo:rustc-link-arg-bins=-T{}/link.ld", std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default());
}
