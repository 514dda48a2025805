//! JSON bodies of responses.

use std::collections::HashMap;

use serde::Serialize;
use time::format_description::well_known::Rfc3339;
use utoipa::ToSchema;

use crate::domain::accounts::admin::ListedUser;
use crate::http::api::metadata_body::MetadataBody;
use crate::http::media_response::{motion_path, preview_path};
use crate::model::{Directory, DirectoryId, Item, ItemDetails, Session, TakenSource, Time, User};
use crate::state::session_cache::AuthSession;

/// Formats a time as RFC 3339 in UTC.
#[must_use]
pub fn rfc3339(at: Time) -> String {
    at.assume_utc().format(&Rfc3339).unwrap_or_default()
}

/// A file of a user.
#[derive(Serialize, ToSchema)]
#[schema(as = Item)]
pub struct ItemBody {
    #[schema(format = "uuid")]
    id: String,
    #[schema(example = "harbour.jpg")]
    name: String,
    #[schema(inline)]
    kind: KindWord,
    #[schema(example = "image/jpeg")]
    mime: String,
    /// Size in bytes.
    size: i64,
    /// Lower-case hexadecimal; null if another user shares only previews.
    #[schema(required = true)]
    sha256: Option<String>,
    /// Null for an item of another user.
    #[schema(required = true, format = "uuid")]
    directory_id: Option<String>,
    directory_name: String,
    /// The name of its owner, if it belongs to another user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    owner: Option<String>,
    favorite: bool,
    #[schema(required = true, format = "date-time")]
    trashed_at: Option<String>,
    /// When the photo was taken; otherwise when it was uploaded.
    #[schema(format = "date-time")]
    taken_at: String,
    /// The same by the clock where it was taken.
    #[schema(example = "2019-07-04T15:30:12")]
    taken_local: String,
    /// Minutes by which that clock was ahead of UTC, if known.
    #[schema(required = true)]
    taken_offset: Option<i16>,
    /// Where the time comes from: `exif`, `xmp`, `iptc`, `quicktime`, `container`, `sidecar`, `name` (of the file), `file`
    /// (its date), `upload` or `edited`.
    taken_source: String,
    /// `second`, `day`, `month` or `year`. A less exact time is the middle of its period.
    taken_precision: String,
    /// Pixels.
    #[schema(required = true)]
    width: Option<i32>,
    /// Pixels.
    #[schema(required = true)]
    height: Option<i32>,
    #[schema(required = true)]
    duration_ms: Option<i64>,
    #[schema(format = "date-time")]
    created_at: String,
    #[schema(format = "date-time")]
    updated_at: String,
    #[schema(inline)]
    scan: ScanWord,
    /// Whether there is a preview: `none`, `waiting`, `ready` or `failed`.
    preview: String,
    /// Null if there is no preview.
    #[schema(required = true)]
    thumbnail_url: Option<String>,
    content_url: String,
    /// The video of a moving photo; null for others.
    #[schema(required = true)]
    motion_url: Option<String>,
    /// Only in the response to an upload: these bytes existed already, as this item.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    duplicate: bool,
    /// What the file and its owner say. Only in the response for a single item.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    metadata: Option<MetadataBody>,
}

/// The kind of a file, determined from its content.
#[derive(Serialize, serde::Deserialize, ToSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub enum KindWord {
    Photo,
    Video,
    Audio,
    Document,
    Other,
}

/// Result of the malware scan; `skipped` if no scanner is configured.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ScanWord {
    Clean,
    Pending,
    Skipped,
}

/// Where the time comes from. That of `QuickTime` is one of those in the container.
fn taken_source(source: TakenSource) -> &'static str {
    match source {
        TakenSource::QuickTime => TakenSource::Container.as_str(),
        other => other.as_str(),
    }
}

impl ItemBody {
    /// The body with the item's metadata.
    pub fn with_metadata(self, details: ItemDetails) -> Self {
        Self { metadata: Some(MetadataBody::from_details(details)), ..self }
    }

    /// Creates a body. `names` contains the names of directories, and URLs start with the `api` path of the library.
    pub fn from_item(item: &Item, names: &HashMap<DirectoryId, String>, api: &str) -> Self {
        Self {
            directory_id: Some(item.directory_id.to_string()),
            directory_name: names.get(&item.directory_id).cloned().unwrap_or_default(),
            favorite: item.favorite,
            owner: None,
            ..Self::from_other(item, String::new(), &format!("{api}/media"))
        }
    }

    /// Creates the body of an item of another user, without what is only for its owner. Its bytes are below `media`.
    pub fn from_other(item: &Item, owner: String, media: &str) -> Self {
        use crate::model::ScanStatus;
        use crate::model::item::ItemKind;

        // Only public fields: paths in the server's file system are never part of a body.
        Self {
            id: item.id.to_string(),
            name: item.name.clone(),
            kind: match item.kind {
                ItemKind::Photo => KindWord::Photo,
                ItemKind::Video => KindWord::Video,
                ItemKind::Audio => KindWord::Audio,
                ItemKind::Document => KindWord::Document,
                ItemKind::Other => KindWord::Other,
            },
            mime: item.mime.clone(),
            size: item.size,
            sha256: Some(item.sha256.clone()),
            directory_id: None,
            directory_name: String::new(),
            owner: Some(owner),
            favorite: false,
            trashed_at: item.trashed_at.map(rfc3339),
            // The time of the photo, or else of the upload: a local time, which counts as UTC if its offset is unknown.
            taken_at: rfc3339(item.shown_at.utc(item.taken_offset)),
            taken_local: item.shown_at.iso(),
            taken_offset: item.taken_offset,
            taken_source: taken_source(item.taken_source).into(),
            taken_precision: item.taken_precision.as_str().into(),
            preview: item.preview.as_str().into(),
            width: item.width,
            height: item.height,
            duration_ms: item.duration_ms,
            created_at: rfc3339(item.created_at),
            updated_at: rfc3339(item.updated_at),
            scan: match item.scan {
                ScanStatus::Clean => ScanWord::Clean,
                ScanStatus::Pending => ScanWord::Pending,
                // Both mean that the file was not checked: there was no scanner, or the scanner does not accept the
                // file.
                ScanStatus::Skipped | ScanStatus::Unscannable => ScanWord::Skipped,
            },
            thumbnail_url: preview_path(media, item, 320),
            content_url: format!("{media}/{}/content", item.id),
            motion_url: motion_path(media, item),
            // `into_duplicate` sets it in the response to an upload.
            duplicate: false,
            metadata: None,
        }
    }

    /// The body of an item of which the file itself is not given, so that its hash does not prove what it is.
    pub fn without_file(self) -> Self {
        Self { sha256: None, ..self }
    }

    /// Marks the item as a duplicate.
    pub fn into_duplicate(self) -> Self {
        Self { duplicate: true, ..self }
    }
}

/// A user.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub struct UserBody {
    id: i64,
    firstname: String,
    lastname: String,
    username: String,
    email: String,
    #[schema(required = true)]
    contact_number: Option<String>,
    #[schema(required = true)]
    address: Option<String>,
    /// `user` or `admin`.
    access_level: String,
    /// `pending`, `active`, `suspended` or `rejected`.
    status: String,
    #[schema(format = "date-time")]
    created_at: String,
    #[schema(format = "date-time")]
    updated_at: String,
    /// The IANA name of the zone in which times are shown; none for that of the server.
    #[schema(required = true)]
    time_zone: Option<String>,
    /// The language of pages; none for that of the browser.
    #[schema(required = true)]
    language: Option<String>,
    /// Bytes the user may store; 0 for no limit.
    quota_bytes: i64,
    /// Bytes stored, including the trash.
    used_bytes: i64,
    /// The username of another account that logs in with this email address. Only for admins, and only if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    email_holder: Option<String>,
}

impl UserBody {
    /// Creates the body of a user for an admin.
    pub fn from_listed(listed: &ListedUser) -> Self {
        Self { email_holder: listed.email_holder.clone(), ..Self::from_user(&listed.user) }
    }

    /// Creates the body of a user, without the password hash and other internal columns.
    pub fn from_user(user: &User) -> Self {
        Self {
            id: user.id.0,
            firstname: user.firstname.clone(),
            lastname: user.lastname.clone(),
            username: user.username.clone(),
            email: user.email.clone(),
            contact_number: user.contact_number.clone(),
            address: user.address.clone(),
            access_level: user.access_level.as_str().into(),
            status: user.status.as_str().into(),
            created_at: rfc3339(user.created_at),
            updated_at: rfc3339(user.updated_at),
            time_zone: user.time_zone.clone(),
            language: user.language.clone(),
            quota_bytes: user.quota_bytes,
            used_bytes: user.used_bytes,
            email_holder: None,
        }
    }
}

/// A session or access token.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub struct SessionBody {
    id: i64,
    /// `browser`, `api` or `token`.
    kind: String,
    /// The name given to an access token.
    name: String,
    /// A list of `read`, `write` and `admin`.
    scopes: Vec<String>,
    /// Browser and operating system.
    device: String,
    address: String,
    #[schema(format = "date-time")]
    created_at: String,
    #[schema(format = "date-time")]
    last_seen: String,
    #[schema(format = "date-time")]
    expires_at: String,
}

impl SessionBody {
    /// Creates the body of a session or access token. Scopes are stored as one string, separated by spaces.
    fn from_session(session: &Session) -> Self {
        Self {
            id: session.id,
            kind: session.kind.as_str().into(),
            name: session.name.clone(),
            scopes: session.scopes.split(' ').map(str::to_owned).collect(),
            device: session.device.clone(),
            address: session.address.clone(),
            created_at: rfc3339(session.created_at),
            last_seen: rfc3339(session.last_seen),
            expires_at: rfc3339(session.expiration),
        }
    }
}

/// The current session and user.
#[derive(Serialize, ToSchema)]
pub struct MeBody {
    session: SessionBody,
    user: UserBody,
}

impl MeBody {
    pub fn from_auth_session(auth_session: &AuthSession) -> Self {
        Self {
            session: SessionBody::from_session(&auth_session.session),
            user: UserBody::from_user(&auth_session.user),
        }
    }
}

/// A folder.
#[derive(Serialize, ToSchema)]
#[schema(as = Directory)]
pub struct DirectoryBody {
    #[schema(format = "uuid")]
    id: String,
    name: String,
    /// Names from the top, separated by `/`.
    path: String,
    #[schema(required = true, format = "uuid")]
    parent: Option<String>,
    /// Whether it is one of the seven standard folders.
    standard: bool,
    #[schema(format = "date-time")]
    created_at: String,
    #[schema(format = "date-time")]
    last_modified: String,
    #[schema(format = "date-time")]
    last_accessed: String,
}

impl DirectoryBody {
    pub fn from_directory(directory: &Directory) -> Self {
        Self {
            id: directory.directory_id.to_string(),
            name: directory.directory_name.clone(),
            path: directory.directory_path.clone(),
            parent: directory.parent_id.map(|id| id.to_string()),
            standard: directory.is_standard(),
            created_at: rfc3339(directory.date_added),
            last_modified: rfc3339(directory.last_modified),
            last_accessed: rfc3339(directory.last_accessed),
        }
    }
}
