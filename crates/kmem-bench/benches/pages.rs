//! `cargo bench -p kmem-bench --bench pages`: the same as `kmem bench pages`.

fn main() -> std::process::ExitCode {
    kmem_bench::part::bench::<kmem_bench::page::Pages>()
}
