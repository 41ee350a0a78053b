//! A measurement in a process of its own. The only test of its file: while a child is made, nothing else may run.

use kmem_bench::child;

#[test]
fn a_child_brings_its_figure_back() {
    assert_eq!(child::measure(|| Ok(Some(1.5))).unwrap(), Some(1.5));
    assert_eq!(child::measure(|| Ok(None)).unwrap(), None);
    assert!(child::measure(|| panic!("on purpose")).is_err());
}
