//! The extractor for what is reached through a grant: addresses below `/shared/{grant}` and `/api/shared/{grant}`.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};

use super::api_user::ApiUser;
use super::user::CurrentUser;
use crate::domain::sharing::access::{self, Access};
use crate::error::Error;
use crate::http::connections::Connection;
use crate::http::error::HandlerError;
use crate::http::run_blocking::run_blocking;
use crate::model::GrantId;
use crate::model::authority::{ShareInUse, ShareKey};
use crate::state::Services;
use crate::state::session_cache::AuthSession;

/// A user of pages or of the API, and what the grant in the address lets them do. Others than the users of the grant get
/// 404. A long response ends with the access.
pub struct Shared<C> {
    pub caller: C,
    pub grant: GrantId,
    pub access: Access,
}

/// Who may reach something through a grant.
pub trait SharedCaller: FromRequest<Error = HandlerError> + 'static {
    fn services(&self) -> &Data<Services>;
    fn auth_session(&self) -> &Arc<AuthSession>;
}

impl SharedCaller for CurrentUser {
    fn services(&self) -> &Data<Services> {
        &self.services
    }

    fn auth_session(&self) -> &Arc<AuthSession> {
        &self.auth_session
    }
}

impl SharedCaller for ApiUser {
    fn services(&self) -> &Data<Services> {
        &self.services
    }

    fn auth_session(&self) -> &Arc<AuthSession> {
        &self.auth_session
    }
}

impl<C: SharedCaller> FromRequest for Shared<C> {
    type Error = HandlerError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, HandlerError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let caller = C::from_request(&request, payload);
        Box::pin(async move {
            let caller = caller.await?;
            let id = request.match_info().get("grant").and_then(GrantId::parse);
            let id = id.ok_or(Error::NotFound)?;
            let auth_session = caller.auth_session().clone();
            let key = ShareKey::Grant { viewer: auth_session.user.id, grant: id };
            let opened =
                run_blocking(caller.services(), move |services| access::open(services, key));
            let access = opened.await?;
            if let Some(connection) = request.conn_data::<Arc<Connection>>() {
                connection.set_share(ShareInUse { key, item: None });
            }
            Ok(Self { caller, grant: id, access })
        })
    }
}
