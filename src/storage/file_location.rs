//! Where a file is: the user folder, the directory in it, and the name.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use uuid::Uuid;

use super::FileName;

/// Folder for files that are being received or deleted.
pub const INCOMING: &str = ".incoming";
/// Folder for unfinished resumable uploads.
pub const UPLOADS: &str = ".uploads";
/// Folder for files that the malware scanner found.
pub const QUARANTINE: &str = ".quarantine";
/// RFC 3986, 2.3: unreserved characters are not escaped.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The location of a file. `directory` is relative to the user folder; "" is the user folder itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLocation {
    pub(crate) folder: String,
    pub(crate) directory: String,
    pub(crate) name: String,
}

impl FileLocation {
    /// Creates a location from the values of a row. They are validated when the location is used.
    #[must_use]
    pub fn new(folder: &str, directory: &str, name: &str) -> Self {
        Self { folder: folder.into(), directory: directory.into(), name: name.into() }
    }

    /// A file that is being received or deleted.
    #[must_use]
    pub fn incoming(name: &str) -> Self {
        Self::new(INCOMING, "", name)
    }

    /// An unfinished resumable upload.
    #[must_use]
    pub fn upload(id: Uuid) -> Self {
        Self::new(UPLOADS, "", &id.simple().to_string())
    }

    /// A quarantined file.
    #[must_use]
    pub fn quarantined(id: Uuid) -> Self {
        Self::new(QUARANTINE, "", &id.simple().to_string())
    }

    /// Returns folder and directory as one path, as the journal stores it.
    #[must_use]
    pub fn directory_text(&self) -> String {
        if self.directory.is_empty() {
            self.folder.clone()
        } else {
            format!("{}/{}", self.folder, self.directory)
        }
    }

    /// Inverse of [`FileLocation::directory_text`].
    #[must_use]
    pub fn from_text(directory: &str, name: &str) -> Self {
        let (folder, inner) = directory.split_once('/').unwrap_or((directory, ""));
        Self::new(folder, inner, name)
    }

    /// Returns the path relative to the media folder, escaped for a URL (RFC 3986, 3.3).
    #[must_use]
    pub fn url_path(&self) -> String {
        let path = format!("{}/{}", self.directory_text(), self.name);
        path.split('/')
            .flat_map(|part| ["/".into(), Cow::from(utf8_percent_encode(part, UNRESERVED))])
            .collect()
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The directory relative to the user folder; empty at its top.
    #[must_use]
    pub fn directory(&self) -> &str {
        &self.directory
    }

    /// Returns the same location with another name.
    #[must_use]
    pub fn with_name(&self, name: &FileName) -> Self {
        Self { name: name.as_str().into(), ..self.clone() }
    }
}
