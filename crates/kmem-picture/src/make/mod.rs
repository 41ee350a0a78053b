//! Views of what there is: of captures of real machines, of a layout, of a booted machine.

pub mod engine;
pub mod memory;
pub mod pages;
pub mod physical;
pub mod space;
pub mod vmalloc;
pub mod zones;

use crate::clean::clean;
use crate::view::{Figure, Picture};
use kmem_inspect::Capture;

/// Makes the picture of a capture. `words` is what `explain` says of it.
pub fn of_capture(capture: &Capture, words: &str) -> Picture {
    let mut figures: Vec<Figure> = Vec::new();
    figures.extend(space::of_capture(capture));
    figures.extend(vmalloc::of_capture(capture));
    figures.extend(memory::of_capture(capture));
    figures.extend(physical::of_capture(capture));
    figures.extend(zones::of_capture(capture));
    figures.extend(pages::of_capture(capture));
    Picture { title: title(capture), about: about(capture), findings: blocks(words), figures }
}

fn title(capture: &Capture) -> String {
    let release = capture.logs.iter().rev().find_map(|log| log.release.as_deref());
    match release {
        Some(release) => format!("Memory of a machine with Linux {}", clean(release)),
        None => "Memory of a machine".to_owned(),
    }
}

fn about(capture: &Capture) -> Vec<String> {
    const SHOWN: usize = 12;
    let names: Vec<String> = capture.sources.iter().take(SHOWN).map(|source| clean(&source.name)).collect();
    let more = capture.sources.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let mut about = vec![format!("Made by kmem {} from {}{more}.", env!("CARGO_PKG_VERSION"), names.join(", "))];
    let many = [
        ("listings of vm areas", capture.vmallocinfo.len()),
        ("listings of zones", capture.zoneinfo.len()),
        ("listings of slab caches", capture.slabinfo.len()),
    ];
    for (what, count) in many.into_iter().filter(|(_, count)| *count > 1) {
        about.push(format!("There are {count} {what}; the last one is drawn."));
    }
    about
}

/// Cuts a text into its paragraphs, each into its lines.
pub fn blocks(words: &str) -> Vec<Vec<String>> {
    let mut blocks: Vec<Vec<String>> = vec![Vec::new()];
    for line in words.lines() {
        match blocks.last_mut() {
            _ if line.is_empty() => blocks.push(Vec::new()),
            Some(block) => block.push(clean(line)),
            None => (),
        }
    }
    blocks.retain(|block| !block.is_empty());
    blocks
}

/// `N things`, `1 thing`.
fn count(number: usize, one: &str) -> String {
    format!("{number} {one}{}", if number == 1 { "" } else { "s" })
}
