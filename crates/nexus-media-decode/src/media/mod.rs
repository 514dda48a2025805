//! What a file is and what it contains: media type, metadata, previews. Decoders run in the sandbox.

pub mod audio_tags;
pub mod avatar;
pub mod bitmap;
pub mod container_dates;
pub mod embedded_jpeg;
pub mod exif;
pub mod heif;
pub mod iptc;
pub mod jpeg;
pub mod kind;
pub mod legacy_text;
pub mod metadata;
pub mod motion;
pub mod mpeg_audio;
pub mod png_text;
pub mod probe;
pub mod raster;
pub mod raw_exif;
mod render_external;
pub mod renderer;
pub mod resize;
pub mod riff_info;
pub mod sniff;
pub mod sniff_container;
pub mod svg;
pub mod taken_at;
pub mod takeout;
pub mod video;
pub mod wire_format;
pub mod worker;
pub mod x3f;
pub mod xmp;

pub use metadata::Metadata;
pub use renderer::{PreviewRenderer, RendererHealth};
pub use taken_at::{Precision, TakenAt, TakenIn};
pub use wire_format::{Picture, Rendered};
