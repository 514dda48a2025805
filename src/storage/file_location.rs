//! Where a file stands: whose folder, which directory in it, what name.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use uuid::Uuid;

use super::FileName;

/// Where files wait until they are whole, and from where deleted ones vanish.
pub const INCOMING: &str = ".incoming";
/// Where resumable uploads wait for their next part.
pub const UPLOADS: &str = ".uploads";
/// Where files lie that the malware scanner took away.
pub const QUARANTINE: &str = ".quarantine";
/// RFC 3986, 2.3: what needs no escape.
const MAX_COMPONENT_BYTES: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One file: the person's folder, the directory in it ("" = the folder itself), the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLocation {
    pub(crate) folder: String,
    pub(crate) directory: String,
    pub(crate) name: String,
}

impl FileLocation {
    /// The words come from rows; what is not a plain component or path is refused when it is used.
    #[must_use]
    pub fn new(folder: &str, directory: &str, name: &str) -> Self {
        Self { folder: folder.into(), directory: directory.into(), name: name.into() }
    }

    /// A file on its way in or out.
    #[must_use]
    pub fn incoming(name: &str) -> Self {
        Self::new(INCOMING, "", name)
    }

    /// A resumable upload that is not whole yet.
    #[must_use]
    pub fn upload(id: Uuid) -> Self {
        Self::new(UPLOADS, "", &id.simple().to_string())
    }

    /// A file that the malware scanner took away.
    #[must_use]
    pub fn quarantined(id: Uuid) -> Self {
        Self::new(QUARANTINE, "", &id.simple().to_string())
    }

    /// Folder and directory as one text, for the journal.
    #[must_use]
    pub fn directory_text(&self) -> String {
        if self.directory.is_empty() { self.folder.clone() } else { format!("{}/{}", self.folder, self.directory) }
    }

    /// The inverse of [`FileLocation::directory_text`].
    #[must_use]
    pub fn from_text(directory: &str, name: &str) -> Self {
        let (folder, inner) = directory.split_once('/').unwrap_or((directory, ""));
        Self::new(folder, inner, name)
    }

    /// Its path beneath the media folder as it stands in a URL (RFC 3986, 3.3).
    #[must_use]
    pub fn url_path(&self) -> String {
        let path = format!("{}/{}", self.directory_text(), self.name);
        path.split('/').flat_map(|part| ["/".into(), Cow::from(utf8_percent_encode(part, MAX_COMPONENT_BYTES))]).collect()
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The directory beneath the person's folder; empty at its top.
    #[must_use]
    pub fn directory(&self) -> &str {
        &self.directory
    }

    /// The same place under another name.
    #[must_use]
    pub fn with_name(&self, name: &FileName) -> Self {
        Self { name: name.as_str().into(), ..self.clone() }
    }
}
