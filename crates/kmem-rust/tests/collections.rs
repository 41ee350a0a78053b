//! `Box` and `Vec` beside `std`'s: what they hold, what they drop, what fails.

use kmem_rust::alloc::kvec::{InsertError, PushError, RemoveError};
use kmem_rust::alloc::{AllocError, KVec as Vector};
use kmem_rust::prelude::*;
use kmem_rust::types::ForeignOwnable;
use std::cell::Cell;
use std::rc::Rc;

/// Counts the living.
struct Counted(Rc<Cell<isize>>, u32);
impl Counted {
    fn new(count: &Rc<Cell<isize>>, id: u32) -> Self {
        count.set(count.get() + 1);
        Self(Rc::clone(count), id)
    }
}
impl Clone for Counted {
    fn clone(&self) -> Self {
        Self::new(&self.0, self.1)
    }
}
impl Drop for Counted {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

#[test]
fn a_vector_is_as_the_one_of_std_under_random_operations() {
    let count = Rc::new(Cell::new(0));
    let ids = |values: &[Counted]| values.iter().map(|value| value.1).collect::<std::vec::Vec<_>>();
    let mut random = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below as u64) as usize
    };
    let (mut ours, mut theirs) = (Vector::<Counted>::new(), std::vec::Vec::<Counted>::new());
    let theirs_count = Rc::new(Cell::new(0));
    for step in 0..20_000u32 {
        let (a, b) = (|| Counted::new(&count, step), || Counted::new(&theirs_count, step));
        match next(12) {
            0..=3 => {
                ours.push(a(), GFP_KERNEL).expect("there is memory");
                theirs.push(b());
            }
            4 => assert_eq!(ours.pop().map(|value| value.1), theirs.pop().map(|value| value.1)),
            5 => {
                let at = next(ours.len() + 2);
                let got = ours.remove(at).map(|value| value.1);
                let expected = (at < theirs.len()).then(|| theirs.remove(at).1).ok_or(RemoveError);
                assert_eq!(got, expected);
            }
            6 => {
                let at = next(ours.len() + 1);
                let fits = ours.len() < ours.capacity();
                match ours.insert_within_capacity(at, a()) {
                    Ok(()) => theirs.insert(at, b()),
                    Err(error) => assert!(!fits && matches!(error, InsertError::OutOfCapacity(_))),
                }
            }
            7 => {
                let n = next(5);
                ours.extend_with(n, a(), GFP_KERNEL).expect("there is memory");
                theirs.extend(std::iter::repeat_n(b(), n));
            }
            8 if next(8) == 0 => {
                let len = next(ours.len() + 4);
                ours.resize(len, a(), GFP_KERNEL).expect("there is memory");
                theirs.resize(len, b());
            }
            9 if next(4) == 0 => {
                ours.retain(|value| value.1 % 3 != 0);
                theirs.retain(|value| value.1 % 3 != 0);
            }
            10 if next(16) == 0 => {
                let skip = next(ours.len() + 1);
                ours = ours.into_iter().skip(skip).fold(Vector::new(), |mut all, value| {
                    all.push(value, GFP_KERNEL).expect("there is memory");
                    all
                });
                theirs.drain(..skip);
            }
            11 if next(32) == 0 => {
                let taken: std::vec::Vec<_> = ours.drain_all().take(3).map(|value| value.1).collect();
                assert_eq!(taken, ids(&theirs[..theirs.len().min(3)]));
                theirs.clear();
            }
            _ => {
                let other = ours.iter().take(3).cloned().collect::<std::vec::Vec<_>>();
                ours.extend_from_slice(&other, GFP_ATOMIC).expect("there is memory");
                let other = theirs.iter().take(3).cloned().collect::<std::vec::Vec<_>>();
                theirs.extend(other);
            }
        }
        if ours.len() > 300 {
            ours.truncate(10);
            theirs.truncate(10);
        }
        assert_eq!(ids(&ours), ids(&theirs));
        assert_eq!((count.get(), theirs_count.get()), (ours.len() as isize, theirs.len() as isize));
        assert!(ours.capacity() >= ours.len());
    }
    drop(ours);
    assert_eq!(count.get(), 0);
}

#[test]
fn a_vector_grows_to_twice_its_capacity() {
    let mut v = KVec::<u64>::new();
    let mut capacities = std::vec![v.capacity()];
    for n in 0..33 {
        v.push(n, GFP_KERNEL).expect("there is memory");
        if capacities.last() != Some(&v.capacity()) {
            capacities.push(v.capacity());
        }
    }
    assert_eq!(capacities, [0, 1, 2, 4, 8, 16, 32, 64]);
    v.reserve(1000, GFP_KERNEL).expect("there is memory");
    assert_eq!(v.capacity(), 1033);
    assert_eq!(v.reserve(usize::MAX, GFP_KERNEL), Err(AllocError));
    assert_eq!(v.reserve(isize::MAX as usize, GFP_KERNEL), Err(AllocError));
}

#[test]
fn values_of_no_size_need_no_memory() {
    let mut v = KVec::<()>::new();
    for _ in 0..1000 {
        v.push((), GFP_ATOMIC).expect("nothing is needed");
    }
    assert_eq!((v.len(), v.capacity(), v.iter().count()), (1000, usize::MAX, 1000));
    assert_eq!(v.into_iter().skip(10).count(), 990);
    let unit = VBox::new((), GFP_KERNEL).expect("nothing is needed");
    assert_eq!(*unit, ());
}

#[test]
fn parts_go_out_and_come_back() {
    let mut v = KVec::with_capacity(10, GFP_KERNEL).expect("there is memory");
    v.extend_from_slice(&[1, 2, 3], GFP_KERNEL).expect("there is room");
    assert_eq!(v.spare_capacity_mut().len(), 7);
    v.spare_capacity_mut()[0].write(4);
    // SAFETY: The fourth was just written; it is a number, so nobody misses its drop.
    unsafe {
        v.inc_len(1);
        assert_eq!(v.dec_len(1), [4]);
        v.set_len(4);
    }
    let (pointer, len, capacity) = v.into_raw_parts();
    // SAFETY: They are a vector's parts.
    let mut v = unsafe { KVec::from_raw_parts(pointer, len, capacity) };
    assert_eq!((&v[..], v.capacity()), (&[1, 2, 3, 4][..], 10));
    v[1] = 5;
    v.as_mut_slice().reverse();
    assert_eq!(v, [4, 3, 5, 1]);
    let mut full = kvec![1, 2].expect("there is memory");
    assert_eq!(full.push_within_capacity(3), Err(PushError(3)));
    let mut rest = v.into_iter();
    assert_eq!(rest.next(), Some(4));
    let v = rest.collect(GFP_KERNEL);
    assert_eq!((&v[..], v.capacity()), (&[3, 5, 1][..], 3));
    assert_eq!(&[3, 5, 1][..], v);
}

#[test]
fn a_box_drops_what_it_holds_once() {
    let count = Rc::new(Cell::new(0));
    let of = |id| Counted::new(&count, id);
    let b = KBox::new(of(1), GFP_KERNEL).expect("there is memory");
    let place = KBox::drop_contents(b);
    assert_eq!(count.get(), 0);
    let b = KBox::write(place, of(2));
    let value = KBox::into_inner(b);
    assert_eq!((count.get(), value.1), (1, 2));
    let pinned = KBox::pin(of(3), GFP_KERNEL).expect("there is memory");
    let foreign = pinned.into_foreign();
    assert!(foreign.addr().is_multiple_of(<Pin<KBox<Counted>>>::FOREIGN_ALIGN));
    // SAFETY: It was given away just now and is taken back once; null is nobody's.
    unsafe {
        assert_eq!(<Pin<KBox<Counted>>>::borrow(foreign).1, 3);
        assert!(<Pin<KBox<Counted>>>::try_from_foreign(std::ptr::null_mut()).is_none());
        drop(<Pin<KBox<Counted>>>::from_foreign(foreign));
    }
    assert_eq!(count.get(), 1);
    let slice = KBox::<Counted>::pin_slice(|index| Ok::<_, AllocError>(of(index as u32)), 5, GFP_KERNEL);
    assert_eq!((slice.map(|slice| slice.len()), count.get()), (Ok(5), 1));
    let failed = KBox::<Counted>::pin_slice(|index| if index < 3 { Ok(of(0)) } else { Err(AllocError) }, 5, GFP_KERNEL);
    assert!(failed.is_err());
    assert_eq!(count.get(), 1, "those that were made are dropped");
    let leaked = VBox::leak(VBox::new(of(4), GFP_KERNEL).expect("there is memory"));
    // SAFETY: It was a box.
    drop(unsafe { VBox::from_raw(leaked as *mut Counted) });
    drop(value);
    assert_eq!(count.get(), 0);
}

#[test]
fn an_initializer_may_fail() {
    let count = Rc::new(Cell::new(0));
    let made = KBox::try_init::<Error>(Err::<Counted, _>(EBUSY), GFP_KERNEL);
    assert_eq!(made.map(|_| ()), Err(EBUSY));
    let made = KBox::<Counted>::init(Ok::<_, Error>(Counted::new(&count, 1)), GFP_KERNEL);
    assert_eq!(made.map(|b| b.1), Ok(1));
    let made = KBox::<Counted>::pin_init(Ok::<_, Error>(Counted::new(&count, 1)), !GFP_ATOMIC);
    assert_eq!(made.map(|_| ()), Err(ENOMEM));
    assert_eq!(count.get(), 0);
}
