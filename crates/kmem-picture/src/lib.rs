//! Pictures of a machine's memory, for a browser and for a document.
//!
//! What is drawn is plain data first ([`view`]): strips of addresses to scale, bars, histograms, cells. [`make`] fills it, from
//! what was read of a real machine or from a booted one. [`draw`] turns each figure into SVG elements, the same ones for both
//! outputs: [`Picture::html`], a page that holds all it needs, and [`Picture::svg`], one image with the figures below each other.
//!
//! A figure is drawn for a width, in units of a pixel: the page has each one twice, for wide and for narrow windows, and the
//! stylesheet shows the one that fits, so that letters keep their size.
//!
//! Texts come from dumps, which anybody may have written. They pass [`clean::clean`] on their way into a view, and are escaped
//! when they are written. The page's policy (a CSP) allows its own script and stylesheet by their hashes and nothing else.

pub mod clean;
pub mod draw;
mod html;
pub mod make;
pub mod merge;
pub mod paint;
mod svg;
pub mod view;

pub use view::Picture;
