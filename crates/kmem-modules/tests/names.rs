//! Names that are used less often.

mod runner;

use runner::{clean, Setup};

const MODERN: [&str; 2] = ["i386-pae-6.1", "amd64-6.12"];

#[test]
fn names_of_the_modern_api_do_what_they_do_in_a_kernel() {
    for machine in MODERN {
        let (lines, outcome) = Setup::on(machine).run("names.c", |_| ());
        assert_eq!(lines, ["done"], "{machine}: {:#?}", outcome.findings);
        clean(&outcome);
    }
}
