//! What a list of somebody else's items shows beside them.

use crate::domain::sharing::access::Access;
use crate::domain::sharing::notifications::name_of;
use crate::http::pages::components as v;
use crate::model::{Gives, TimeZone, User};

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
    pub(crate) fn new(access: &Access, owner: &User, zone: &TimeZone) -> Self {
        let grant = &access.grant;
        Self {
            base: format!("/shared/{}", grant.id),
            owner: name_of(owner),
            note: grant.note.clone(),
            level: grant.level.title(),
            ends: grant.ends_at.map(|at| v::format::date(zone.local_time(at))),
            may_save: grant.gives == Gives::Originals,
            is_limited: grant.gives < Gives::Originals,
            upload: None,
            download: None,
            has_own: false,
        }
    }
}
