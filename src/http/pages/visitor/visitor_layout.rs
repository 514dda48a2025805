//! What every page of a share link contains.

use crate::domain::sharing::notifications::name_of;
use crate::error::Result;
use crate::http::extract::share_link::LinkAddress;
use crate::http::pages::components::end_date::end_date;
use crate::http::static_files;
use crate::model::Gives;

/// The data of the layout.
pub struct VisitorLayout {
    pub assets: &'static str,
    pub csrf: String,
    /// `/s/{token}`.
    pub base: String,
    pub owner: String,
    pub message: String,
    pub ends: Option<String>,
    /// Whether the files themselves can be downloaded.
    pub may_save: bool,
    /// The picture that messengers show beside the link, with its whole address. Only a link that needs neither a password
    /// nor a limited visit has one.
    pub card: Option<String>,
}

impl VisitorLayout {
    pub fn new(address: &LinkAddress) -> Result<Self> {
        let link = &address.open.link;
        let zone = address.time_zone();
        Ok(Self {
            assets: static_files::base(),
            csrf: address.cookie.csrf()?,
            base: address.base(),
            owner: name_of(&address.open.owner),
            message: link.message.clone(),
            ends: link.ends_at.map(|at| end_date(at, &zone)),
            may_save: link.gives == Gives::Originals,
            card: None,
        })
    }
}
