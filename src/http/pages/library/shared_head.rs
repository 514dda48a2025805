//! What a list of somebody else's items shows beside them.

use crate::domain::sharing::access::Access;
use crate::domain::sharing::notifications::name_of;
use crate::http::pages::components::end_date::end_date;
use crate::model::{Gives, GrantId, TimeZone, User};

/// What a list of somebody else's items shows beside them.
pub(crate) struct SharedHead {
    /// `/shared/{grant}`.
    pub(crate) base: String,
    pub(crate) owner: String,
    pub(crate) note: String,
    pub(crate) level: &'static str,
    pub(crate) ends: Option<String>,
    pub(crate) may_save: bool,
    pub(crate) is_limited: bool,
    /// Where files can be uploaded to.
    pub(crate) upload: Option<String>,
    /// Where a folder is downloaded from.
    pub(crate) download: Option<String>,
    /// Whether the user has items of their own in it, which may stay when they leave.
    pub(crate) has_own: bool,
}

impl SharedHead {
    pub(crate) fn new(id: GrantId, access: &Access, owner: &User, zone: &TimeZone) -> Self {
        Self {
            base: format!("/shared/{id}"),
            owner: name_of(owner),
            note: access.note.clone(),
            level: access.level.title(),
            ends: access.ends_at.map(|at| end_date(at, zone)),
            may_save: access.gives == Gives::Originals,
            is_limited: access.gives < Gives::Originals,
            upload: None,
            download: None,
            has_own: false,
        }
    }
}
