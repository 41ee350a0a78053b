//! The transcripts under `cmd/` run as they stand: they are documentation.

#[test]
fn transcripts() {
    trycmd::TestCases::new().case("tests/cmd/*.md");
}
