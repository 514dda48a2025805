//! What makes the pages an installable app: manifest, icons, service worker, offline page, share target.

use actix_web::http::header::{self, CONTENT_TYPE};
use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde_json::json;

use crate::http::csrf::csrf_error;
use crate::http::pages::components as v;
use crate::http::pages::respond::{redirect, render};
use crate::http::route::{HandlerResult, Route};
use crate::http::static_files;
use crate::msg;
use crate::state::Services;

/// The worker's script without the constants that depend on the server.
const SERVICE_WORKER: &str = include_str!("../../../static/js/service-worker.js");

/// In place of it, where pages cannot be installed: removes the worker that an earlier page registered, and its files.
const REMOVED_SERVICE_WORKER: &str = include_str!("../../../static/js/removed-service-worker.js");

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/app.webmanifest", || web::route().to(show_manifest)),
        Route::get("/sw.js", || web::route().to(show_service_worker)),
        Route::get("/offline", || web::route().to(show_offline)),
        Route::get("/shared-in", || web::route().to(show_shared_in)),
        Route::post("/shared-in", || web::route().to(refuse_shared)),
        Route::get("/favicon.ico", || web::route().to(show_favicon)),
        Route::get("/apple-touch-icon.png", || web::route().to(show_touch_icon)),
    ]
}

/// The description of the app. It says nothing about anybody, because browsers request it without credentials. Its
/// addresses contain the base path, which the middleware adds to pages only.
async fn show_manifest(services: Data<Services>) -> HandlerResult {
    let base = services.settings.base_path();
    let at = |path: &str| format!("{base}{path}");
    let icon = |name: &str, sizes: &str, purpose: &str| {
        let path = format!("{}/vendor/{name}", static_files::base());
        json!({ "src": at(&path), "sizes": sizes, "type": "image/png", "purpose": purpose })
    };
    let shortcut = |name: &str, path: &str| json!({ "name": v::t(name), "url": at(path) });

    if !services.settings.is_installable {
        let manifest = json!({ "name": "Nexus", "display": "browser" });
        return Ok(manifest_response(&manifest));
    }
    let manifest = json!({
        "id": at("/"),
        "scope": at("/"),
        "start_url": at("/dashboard?from=app"),
        "name": "Nexus",
        "short_name": "Nexus",
        "description": v::t(msg!("Your photos, videos, music and files, on your own server.")),
        "lang": v::language(),
        "dir": v::direction(),
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": "#ffffff",
        "categories": ["photo", "music"],
        "icons": [
            icon("icon-192.png", "192x192", "any"),
            icon("icon-512.png", "512x512", "any"),
            icon("icon-maskable-512.png", "512x512", "maskable"),
        ],
        "shortcuts": [
            shortcut(msg!("Upload"), "/upload"),
            shortcut(msg!("Photos"), "/photos"),
            shortcut(msg!("Search"), "/search"),
        ],
        "share_target": {
            "action": at("/shared-in"),
            "method": "POST",
            "enctype": "multipart/form-data",
            "params": {
                "title": "title",
                "text": "text",
                "url": "url",
                "files": [{ "name": "files", "accept": ["image/*", "video/*", "audio/*", "application/*", "text/*"] }],
            },
        },
    });
    Ok(manifest_response(&manifest))
}

fn manifest_response(manifest: &serde_json::Value) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/manifest+json"))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(manifest.to_string())
}

/// The service worker. Its text changes with the static files, so that browsers notice an update.
async fn show_service_worker(services: Data<Services>) -> HandlerResult {
    let base = services.settings.base_path();
    let quoted = |text: String| json!(text).to_string();
    let settings = &services.settings;
    let worker = if settings.is_installable { SERVICE_WORKER } else { REMOVED_SERVICE_WORKER };
    let script = format!(
        "const BASE = {};\nconst ASSETS = {};\nconst VERSION = {};\n{worker}",
        quoted(format!("{base}/")),
        quoted(format!("{base}{}", static_files::base())),
        quoted(static_files::version().to_owned()),
    );
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/javascript; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(script))
}

#[derive(Template)]
#[template(path = "pages/offline.html")]
struct OfflinePage {
    assets: &'static str,
    name: String,
}

/// The page that the service worker shows without a connection.
async fn show_offline(request: HttpRequest) -> HandlerResult {
    let name = request.connection_info().host().to_owned();
    render(&OfflinePage { assets: static_files::base(), name })
}

async fn show_shared_in() -> HandlerResult {
    redirect("/upload")
}

/// Files that another app shares are taken by the service worker. A request that reaches the server has no token that
/// shows that the user wants it.
async fn refuse_shared() -> HandlerResult {
    Err(csrf_error().into())
}

async fn show_favicon() -> HandlerResult {
    png(static_files::bytes("vendor/favicon.png"))
}

async fn show_touch_icon() -> HandlerResult {
    png(static_files::bytes("vendor/icon-180.png"))
}

fn png(bytes: Option<&'static [u8]>) -> HandlerResult {
    let bytes = bytes.ok_or(crate::error::Error::NotFound)?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "image/png"))
        .insert_header((header::CACHE_CONTROL, "public, max-age=86400"))
        .body(bytes))
}
