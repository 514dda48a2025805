//! The OpenAPI document, generated from the handlers.

use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, OpenApi as Document, Ref, RefOr};
use utoipa::{Modify, OpenApi};

use super::{
    admin_users, album_comments, album_items, albums, auth, content, directories, docs, edit_media,
    grants, groups, links, media, notifications, shared, shared_media, spaces, tus, upload,
};
use crate::error::{Error, Result};
use crate::http::response::error_body::ErrorBody;

#[derive(OpenApi)]
#[openapi(
    info(title = "Nexus Media Server", description = "Photos, videos, music and files, on a server of your own.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")),
    paths(
        auth::log_in, auth::refresh, auth::log_out, auth::get_session, auth::get_user, auth::patch_user,
        media::list_media, media::get_media, media::patch_media, edit_media::edit_media, media::delete_media, media::restore_media, media::accept_media,
        content::get_content, content::get_thumbnail, content::get_motion, upload::upload_media, upload::upload_shared,
        tus::show_options, tus::create_upload, tus::get_upload, tus::append_upload, tus::delete_upload,
        directories::list_directories, directories::create_directory, directories::patch_directory, directories::delete_directory,
        albums::list_albums, albums::create_album, albums::get_album, albums::patch_album, albums::delete_album,
        album_comments::list_activity, album_comments::add_comment, album_comments::remove_comment, album_comments::like_item, album_comments::unlike_item,
        album_comments::list_shared_activity, album_comments::add_shared_comment, album_comments::remove_shared_comment,
        album_comments::like_shared_item, album_comments::unlike_shared_item,
        album_items::list_album_items, album_items::add_album_items, album_items::remove_album_items, album_items::arrange_album,
        shared_media::get_album_content, shared_media::get_album_thumbnail, shared_media::get_album_motion,
        grants::list_grants, grants::create_grants, grants::patch_grant, grants::end_grant,
        links::list_links, links::create_link, links::get_link, links::patch_link, links::end_link, links::renew_link,
        shared::list_shared, shared::get_shared, shared::patch_shared, shared::leave_shared, shared::return_to_shared,
        shared::list_shared_items, shared::add_shared_items, shared::remove_shared_items, shared::arrange_shared,
        shared::get_shared_item, shared_media::keep_shared,
        shared_media::get_shared_content, shared_media::get_shared_thumbnail, shared_media::get_shared_motion,
        groups::list_groups, groups::create_group, groups::get_group, groups::patch_group, groups::delete_group,
        groups::add_member, groups::patch_member, groups::remove_member, groups::list_people,
        spaces::list_spaces, spaces::create_space, spaces::get_space, spaces::patch_space, spaces::delete_space, spaces::leave_space,
        spaces::list_members, spaces::add_members, spaces::patch_member, spaces::remove_member,
        notifications::list_notifications, notifications::mark_seen,
        admin_users::list_users, admin_users::get_user, admin_users::patch_user,
        docs::get_document, docs::show_docs,
    ),
    components(schemas(ErrorBody)),
    modifiers(&CommonResponses),
    security(("bearer" = []), ("cookie" = [], "csrf" = [])),
    tags((name = "Authentication"), (name = "Media"), (name = "Resumable uploads"), (name = "Folders"), (name = "Albums"), (name = "Sharing"), (name = "Spaces"), (name = "People"), (name = "About")),
)]
struct Api;

/// Adds what operations share: security schemes, the error response, and 304 for those that return content.
struct CommonResponses;

impl Modify for CommonResponses {
    /// Adds the security schemes to the document, and to each operation the default error response and, if it
    /// returns content, 304.
    fn modify(&self, document: &mut Document) {
        // The ways to authenticate, and the token that changes with a cookie need.
        let components = document.components.get_or_insert_default();
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A token from login, or a personal access token."));
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer.build()));
        let cookie = ApiKeyValue::with_description("nexus_session", "The session of a browser.");
        components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));

        let csrf = ApiKeyValue::with_description(
            "X-CSRF-Token",
            "Required beside the cookie for every change.",
        );

        components.add_security_scheme("csrf", SecurityScheme::ApiKey(ApiKey::Header(csrf)));

        for item in document.paths.paths.values_mut() {
            let operations = [
                &mut item.get,
                &mut item.post,
                &mut item.patch,
                &mut item.delete,
                &mut item.head,
                &mut item.options,
            ]
            .into_iter()
            .filter_map(Option::as_mut);

            // Every operation can fail. Those that return 200 and take no body have an `ETag` and can also respond with
            // 304.
            for operation in operations {
                let returns_content = operation.responses.responses.contains_key("200");
                operation.responses.responses.insert("default".into(), RefOr::T(error_response()));
                if returns_content && operation.request_body.is_none() {
                    let not_modified = ResponseBuilder::new().description("Not modified.").build();
                    operation.responses.responses.insert("304".into(), RefOr::T(not_modified));
                }
            }
        }
    }
}

fn error_response() -> Response {
    let body = Content::new(Some(Ref::from_schema_name("Error")));
    ResponseBuilder::new()
        .description("An error, identified by its code.")
        .content("application/json", body)
        .build()
}

/// Returns the document as JSON.
pub fn document() -> Result<String> {
    Api::openapi().to_pretty_json().map_err(Error::internal)
}
