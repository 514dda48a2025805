//! Small pictures of files, and what stands in them: made in the cage, checked outside of it.

mod audio;
mod bitmap;
mod embedded;
mod exif;
pub mod facts;
pub mod film;
mod iptc;
mod jpeg;
mod raster;
mod scale;
pub mod studio;
mod svg;
mod wire;
pub mod worker;
mod xmp;

pub use facts::{Facts, Taken};
pub use studio::{Health, Studio};
pub use wire::{Made, Picture};
