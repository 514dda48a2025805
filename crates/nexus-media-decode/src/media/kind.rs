//! What a file is: kind and media type.

/// The kind of a file, by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Photo,
    Video,
    Audio,
    Document,
    Other,
}

/// The result of sniffing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sniffed {
    pub kind: Kind,
    /// The media type.
    pub mime: &'static str,
}
