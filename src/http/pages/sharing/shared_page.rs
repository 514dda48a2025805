//! `/shared/{grant}`: an album or folder of another user.

use std::collections::HashMap;

use actix_web::web;

use crate::domain::library::album_covers::AlbumCover;
use crate::domain::library::album_page::AlbumQuery;
use crate::domain::library::listings::{Listing, PAGE_ITEMS};
use crate::domain::previews;
use crate::domain::sharing::grant_marks;
use crate::domain::sharing::notifications::name_of;
use crate::domain::sharing::shared_content::{self, SharedAlbum, SharedDirectory};
use crate::domain::sharing::space_members;
use crate::error::{Error, Result};
use crate::http::extract::shared_item::Shared;
use crate::http::extract::user::CurrentUser;
use crate::http::pages::components::tile::Source;
use crate::http::pages::components::{self as v, count_of};
use crate::http::pages::layout::Layout;
use crate::http::pages::library::album_head::{self, AlbumHead, cover_at};
use crate::http::pages::library::albums::finish;
use crate::http::pages::library::list_options::ListQuery;
use crate::http::pages::library::shared_head::SharedHead;
use crate::http::pages::library::shelf::{Breadcrumb, ShelfPage, listing_query};
use crate::http::pages::respond::{redirect, render_uncached};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::http::space_paths::LibraryPath;
use crate::language::t;
use crate::model::{
    AlbumId, AlbumKind, AlbumSort, Directory, DirectoryId, Gives, Item, Level, Shelf, Subject,
    User, UserId,
};
use crate::msg;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/shared/{grant}", || web::route().to(show_subject)),
        Route::get("/shared/{grant}/albums/{album}", || web::route().to(show_album)),
        Route::get("/shared/{grant}/directories/{directory}", || web::route().to(show_directory)),
    ]
}

/// Shows what a grant is for; an item has a page of its own.
async fn show_subject(shared: Shared<CurrentUser>, query: web::Query<ListQuery>) -> HandlerResult {
    let (id, auth_session) = (shared.grant, shared.caller.auth_session.clone());
    run_blocking(&shared.caller.services, move |services| {
        grant_marks::mark_seen(services, &auth_session.user, id)
    })
    .await?;
    match shared.access.subject {
        Subject::Album(_) => album_page(shared, None, query.into_inner()).await,
        Subject::Directory(_) => directory_page(shared, None, query.into_inner()).await,
        Subject::Item(item) => redirect(&format!("/shared/{id}/items/{item}")),
        Subject::Library(owner) => {
            let path = shared_library(&shared.caller, owner).await?;
            redirect(&format!("{}/photos", path.pages()))
        }
    }
}

/// The address of a library that is shared with the user.
async fn shared_library(current: &CurrentUser, owner: UserId) -> Result<LibraryPath> {
    let person = current.user().id;
    let found = run_blocking(&current.services, move |services| {
        space_members::find(services, person, owner)
    });
    Ok(LibraryPath::of(&found.await?))
}

async fn show_album(
    shared: Shared<CurrentUser>,
    path: web::Path<(String, String)>,
    query: web::Query<ListQuery>,
) -> HandlerResult {
    let album = AlbumId::parse(&path.1).ok_or(Error::NotFound)?;
    album_page(shared, Some(album), query.into_inner()).await
}

async fn show_directory(
    shared: Shared<CurrentUser>,
    path: web::Path<(String, String)>,
    query: web::Query<ListQuery>,
) -> HandlerResult {
    let directory = DirectoryId::parse(&path.1).ok_or(Error::NotFound)?;
    directory_page(shared, Some(directory), query.into_inner()).await
}

/// Shows one page of an album of another user.
async fn album_page(
    shared: Shared<CurrentUser>,
    inside: Option<AlbumId>,
    query: ListQuery,
) -> HandlerResult {
    let Shared { caller: current, grant: id, access } = shared;
    let key = access.key;
    let zone = current.time_zone();
    render_uncached(&current, "/shared", move |reader, input| {
        let services = reader.services;
        let user = &input.auth_session.clone().user;
        let wanted = AlbumQuery {
            sort: AlbumSort::parse(&query.sort),
            cursor: query.cursor.clone(),
            before: query.before.clone(),
            limit: PAGE_ITEMS,
        };
        let SharedAlbum { access, owner, page: mut shown } =
            shared_content::album(services, key, inside, &wanted)?;
        let listing = std::mem::replace(&mut shown.listing, Listing::empty());
        previews::prioritize(services, &listing.items);
        let base = format!("/shared/{id}");
        let (gives, names) = (access.gives, names(&owner, &shown.others));
        let album_id = shown.album.id;
        let source = |item: &Item| {
            let owner = names.get(&item.user_id).cloned().unwrap_or_default();
            Source { query: format!("?album={album_id}"), ..Source::below(&base, gives, owner) }
        };
        let path = format!("{base}/albums/{}", shown.album.id);
        let is_playlist = shown.album.kind == AlbumKind::Playlist;
        let shelf = if is_playlist { Shelf::Audios } else { Shelf::All };
        let layout = Layout::read(reader, input)?;
        let title = shown.album.name.clone();
        let mut page = ShelfPage::with_sources(
            services,
            layout,
            (&title, &path, shelf),
            &query,
            listing,
            &source,
        );
        finish(&mut page, &shown, &query);
        page.summary = album_head::summary(&shown.album, user.id, &name_of(&owner), &shown.others);
        page.empty = if access.may(Level::Contribute) {
            msg!("This album is empty. Select photos of yours, and choose Album.")
        } else {
            msg!("This album is empty.")
        };
        let has_own = shown.others.iter().any(|other| other.id == user.id);
        let list = ("/shared".to_owned(), t(msg!("Shared with me")).into_owned());
        let above = shown
            .above
            .iter()
            .map(|album| (format!("{base}/albums/{}", album.id), album.name.clone()));
        let above = std::iter::once(list).chain(above).collect();
        let media = format!("{base}/media");
        let cover =
            |of: &AlbumCover| cover_at(of, format!("{base}/albums/{}", of.album.id), &media);
        page.album = Some(AlbumHead {
            id: shown.album.id,
            base: path.clone(),
            name: shown.album.name.clone(),
            description: shown.album.description.clone(),
            is_playlist,
            is_own: false,
            may_edit: access.may(Level::Edit),
            may_remove: access.may(Level::Contribute) || has_own,
            may_save: gives == Gives::Originals,
            allows_comments: shown.album.allows_comments,
            has_activity: true,
            shared_with: String::new(),
            above,
            children: shown.children.iter().map(cover).collect(),
            orders: album_head::orders(&shown.album),
        });
        page.shared = Some(SharedHead { has_own, ..SharedHead::new(id, &access, &owner, &zone) });
        Ok(page)
    })
    .await
}

fn names(owner: &User, others: &[User]) -> HashMap<UserId, String> {
    let mut names: HashMap<_, _> = others.iter().map(|other| (other.id, name_of(other))).collect();
    names.insert(owner.id, name_of(owner));
    names
}

/// Shows one page of a folder of another user.
async fn directory_page(
    shared: Shared<CurrentUser>,
    inside: Option<DirectoryId>,
    query: ListQuery,
) -> HandlerResult {
    let Shared { caller: current, grant: id, access } = shared;
    let key = access.key;
    let zone = current.time_zone();
    render_uncached(&current, "/shared", move |reader, input| {
        let services = reader.services;
        let SharedDirectory { access, owner, page: shown } =
            shared_content::directory(services, key, inside, |filter| {
                listing_query(filter, &query)
            })?;
        previews::prioritize(services, &shown.listing.items);
        let base = format!("/shared/{id}");
        let (gives, owner_name) = (access.gives, name_of(&owner));
        let source = |_: &Item| Source::below(&base, gives, owner_name.clone());
        let path = format!("{base}/directories/{}", shown.directory.directory_id);
        let layout = Layout::read(reader, input)?;
        let label = v::folder_label(&shown.directory).into_owned();
        let mut page = ShelfPage::with_sources(
            services,
            layout,
            (&label, &path, Shelf::All),
            &query,
            shown.listing,
            &source,
        );
        let crumb = |directory: &Directory| Breadcrumb {
            id: String::new(),
            href: format!("{base}/directories/{}", directory.directory_id),
            label: v::folder_label(directory).into_owned(),
        };
        for child in &mut page.children {
            child.href = format!("{base}/directories/{}", std::mem::take(&mut child.id));
        }
        page.crumbs = vec![Breadcrumb {
            id: String::new(),
            href: "/shared".into(),
            label: t(msg!("Shared with me")).into_owned(),
        }];
        page.crumbs.extend(shown.above.iter().map(crumb));
        page.total = shown.size.0;
        page.summary =
            format!("{} · {}", count_of(shown.size.0, "item"), v::size(shown.size.1).words);
        page.empty = msg!("This folder is empty.");
        let may_save = gives == Gives::Originals;
        page.shared = Some(SharedHead {
            upload: access.may(Level::Contribute).then(|| format!("{path}/upload")),
            download: (may_save && (!page.is_empty || !page.children.is_empty()))
                .then(|| format!("{path}/download")),
            ..SharedHead::new(id, &access, &owner, &zone)
        });
        Ok(page)
    })
    .await
}
