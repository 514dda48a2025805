//! What a file is and what it contains: media type, metadata, previews. Decoders run in the sandbox.

pub mod audio_tags;
pub mod avatar;
pub mod bitmap;
pub mod embedded_jpeg;
pub mod exif;
pub mod iptc;
pub mod jpeg;
pub mod metadata;
pub mod raster;
pub mod renderer;
pub mod resize;
pub mod sniff;
pub mod svg;
pub mod video;
pub mod wire_format;
pub mod worker;
pub mod xmp;

pub use metadata::{Metadata, TakenAt};
pub use renderer::{PreviewRenderer, RendererHealth};
pub use wire_format::{Picture, Rendered};
