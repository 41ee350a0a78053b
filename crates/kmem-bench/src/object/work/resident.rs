//! How much memory is held for what was asked: very many objects of the mix's sizes are live, each written to; then, maybe,
//! many of them come and go at random.

use crate::object::class::{Sizes, SHARES};
use crate::object::source::{ObjectSource, Peer};
use crate::rng::Rng;

/// Objects that are live.
const LIVE: usize = 400_000;

/// Fills, replaces objects `events` times, and compares.
pub fn over_asked<P: Peer>(peer: &P, events: u64) -> Option<f64> {
    let (sizes, mut rng) = (Sizes::default(), Rng::default());
    // Written to before the measurement begins, so that it has its own memory already.
    let mut held = vec![(u64::MAX, u8::MAX); LIVE];
    let bytes_of = |place: u8| SHARES.get(usize::from(place)).map_or(1, |&(bytes, _)| bytes);
    let before = peer.held_bytes()?;
    let mut source = peer.on_cpu(0)?;
    let take = |source: &mut P::OnCpu<'_>, rng: &mut Rng| {
        let place = sizes.draw(rng);
        let object = source.alloc(bytes_of(place))?;
        source.touch(object, bytes_of(place));
        Some((object, place))
    };
    for held in &mut held {
        *held = take(&mut source, &mut rng)?;
    }
    for _ in 0..events {
        let held = held.get_mut(rng.below(LIVE as u32) as usize)?;
        source.free(held.0, bytes_of(held.1));
        *held = take(&mut source, &mut rng)?;
    }
    let after = peer.held_bytes()?;
    let asked: u64 = held.iter().map(|&(_, place)| bytes_of(place) as u64).sum();
    for (object, place) in held {
        source.free(object, bytes_of(place));
    }
    Some(after.saturating_sub(before) as f64 / asked as f64)
}
