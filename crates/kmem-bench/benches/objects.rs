//! `cargo bench -p kmem-bench --bench objects`: the same as `kmem bench objects`.

fn main() -> std::process::ExitCode {
    kmem_bench::part::bench::<kmem_bench::object::Objects>()
}
