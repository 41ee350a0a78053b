//! The transcripts under `cmd/` run as they stand: they are documentation.

/// What `kmem tune` keeps on the host is not to disturb: a folder of the tests' own, empty before they begin.
fn folder(name: &str) -> String {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    folder.display().to_string()
}

#[test]
fn transcripts() {
    trycmd::TestCases::new().case("tests/cmd/*.md").env("KMEM_CONFIG_DIR", folder("transcripts"));
}

/// Its commands keep tunables, one after the other, so it has a folder for itself.
#[test]
fn transcript_of_tune() {
    trycmd::TestCases::new().case("tests/cmd/tune/*.md").env("KMEM_CONFIG_DIR", folder("transcript-of-tune"));
}
