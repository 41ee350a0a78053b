//! The sample driver, as one of a kernel's tests: it works, it cleans up, and each allocation that it makes may fail.

mod driver;

use driver::{through_c, Ring};
use kmem_rust as kernel;
use kmem_rust::prelude::*;
use kmem_rust::{boot, fail_each_allocation_once, with_kernel, Setup};

fn life() -> Result {
    let mut ring = Ring::probe(3)?;
    ring.interrupt(b"short")?;
    ring.interrupt(&[7; 300])?;
    ring.interrupt(&[8; 20_000])?;
    assert_eq!(ring.interrupt(b"too many"), Err(ENOSPC));
    assert_eq!(ring.read()?, b"short");
    let mut ring = through_c(ring);
    assert_eq!(ring.read()?.len(), 300);
    assert_eq!(ring.logged(), 305);
    assert!(ring.window().iter().all(|byte| *byte == 0));
    ring.read()?;
    assert_eq!(ring.read().map(|_| ()), Err(EAGAIN));
    Ok(())
}

#[test]
fn it_works_and_leaves_nothing() {
    let kernel = boot(&Setup::default()).expect("it boots");
    with_kernel(&kernel, || {
        assert_eq!(life(), Ok(()));
        assert_eq!(Ring::probe(0).map(|_| ()), Err(EINVAL));
    });
    assert_eq!(kernel.live(), 0);
    assert_eq!(kernel.with(|kernel| kernel.verify()), Ok(()));
    assert!(kernel.log().iter().any(|line| line == "<6>ring: 3 messages, status 1"), "{:?}", kernel.log());
}

#[test]
fn each_allocation_may_fail() {
    let kernel = boot(&Setup::default()).expect("it boots");
    let mut failed = 0;
    let runs = with_kernel(&kernel, || {
        fail_each_allocation_once(|| match life() {
            Ok(()) => {}
            Err(error) => {
                assert_eq!(error, ENOMEM);
                failed += 1;
            }
        })
    });
    // Every run but the last has one failure, which the driver passes on, except where kvmalloc has a second way.
    assert!(runs > 10 && failed >= runs - 2, "{failed} of {runs}");
    assert_eq!(kernel.with(|kernel| kernel.verify()), Ok(()));
}
