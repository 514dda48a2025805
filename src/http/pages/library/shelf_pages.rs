//! The pages of the shelves: photos, music, files, favorites, recent items, the trash, received files.

use super::list_options::ListQuery;
use super::shelf::{ShelfPage, breadcrumb, listing_query};
use super::shelf_texts::{empty_text, name_senders};
use super::timeline::{self};
use crate::domain::library::listings::{self, PAGE_ITEMS};
use crate::domain::library::reader::LibraryReader;
use crate::domain::library::timeline as timeline_list;
use crate::domain::library::{map, songs};
use crate::domain::previews;
use crate::domain::sharing::shared_timeline;
use crate::error::Error;
use crate::http::extract::form::Form;
use crate::http::extract::user::CurrentUser;
use crate::http::pages::components::tile::{Source, Tile};
use crate::http::pages::components::{self as v, count_of};
use crate::http::pages::layout::{Layout, LayoutInput};
use crate::http::pages::respond::{redirect_back, render_cached, render_uncached};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::http::space_paths::LibraryPath;
use crate::language::t;
use crate::model::item_filter::ItemFilter;
use crate::model::{Directory, Gives, Item, ItemId, Level, Shelf, SongSort, User, UserId};
use crate::{fill, msg};
use actix_web::{HttpRequest, web};
use serde::Deserialize;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/photos", || web::route().to(show_shelf)).in_space(Level::View),
        Route::post("/photos/in-mine", || web::route().to(submit_in_mine)).in_space(Level::View),
        Route::get("/videos", || web::route().to(show_shelf)).in_space(Level::View),
        Route::get("/audios", || web::route().to(show_shelf)).in_space(Level::View),
        Route::get("/uploads", || web::route().to(show_shelf)).in_space(Level::View),
        Route::get("/favorites", || web::route().to(show_shelf)).in_space(Level::View),
        Route::get("/recents", || web::route().to(show_shelf)).in_space(Level::View),
        Route::get("/trash", || web::route().to(show_shelf)).in_space(Level::Edit),
        Route::get("/received", || web::route().to(show_shelf)).in_space(Level::Manage),
    ]
}

/// Shows a page of a shelf, a standard list such as Photos, Favorites or Trash; the path is its name.
async fn show_shelf(
    current: CurrentUser,
    request: HttpRequest,
    query: web::Query<ListQuery>,
) -> HandlerResult {
    let path = request.path().to_owned();
    let named = Shelf::parse(path.trim_start_matches('/')).ok_or(Error::NotFound)?;
    // Each standard list is also a directory, whose time of last opening is stored.
    let recorded = named.directory_name().filter(|_| !current.auth_session.is_partner());
    if let Some(directory) = recorded {
        listings::record_opened(&current.services, current.user(), directory);
    }
    let is_timeline = named == Shelf::Photos;
    let shelf = if is_timeline { query.timeline_shelf() } else { named };

    // What was received has no place of its own in the navigation.
    let place = if named == Shelf::Received { "/shared" } else { request.path() };
    let is_own = current.auth_session.membership.is_none();
    // Photos of others change without a new version of the user's own library.
    let merges = is_timeline && is_own && current.user().shows_others;
    let draw = move |reader: &mut LibraryReader<'_>, input: LayoutInput| {
        let services = reader.services;
        let auth_session = input.auth_session.clone();
        let user = &auth_session.user;
        let others = if merges && query.area().is_none() {
            shared_timeline::list_in_timeline(reader, user)?
        } else {
            Vec::new()
        };
        let ids: Vec<UserId> = others.iter().map(|other| other.id).collect();
        // Without previews, files are never read, so that their dates do not change.
        let is_dated = matches!(shelf, Shelf::Timeline | Shelf::Photos | Shelf::Videos)
            && query.sort().reversed().is_some()
            && previews::is_enabled(services);
        let filter = ItemFilter { is_dated, others: ids.clone(), ..ItemFilter::shelf(shelf) };
        let mut wanted = listing_query(filter, &query);
        if let Some(id) = ItemId::parse(&query.view).filter(|_| is_timeline) {
            wanted.cursor = timeline_list::position_before(reader, user, (id, &ids), wanted.sort)?
                .or(wanted.cursor);
        }
        // Read first: a file that is read meanwhile is in both lists, and not in none.
        let is_first_page = wanted.cursor.is_none() && wanted.before.is_none();
        let area = query.area();
        let mut undated = if is_dated && is_first_page && area.is_none() {
            timeline_list::list_undated(reader, user, shelf)?
        } else {
            Vec::new()
        };
        let listing = if shelf == Shelf::Audios && query.sort != "newest" {
            let sort = SongSort::parse(&query.sort);
            songs::list(reader, user, sort, wanted.cursor.as_deref(), PAGE_ITEMS)?
        } else {
            timeline::list_to_its_end(reader, user, wanted, &query)?
        };
        undated.retain(|item| listing.items.iter().all(|other| other.id != item.id));
        previews::prioritize(services, &listing.items);
        let layout = Layout::read(reader, input)?;
        let (items, bytes) = layout.summary.count(shelf);
        let zone = services.time_zone(&layout.user);
        let source = |item: &Item| match others.iter().find(|other| other.id == item.user_id) {
            Some(other) => {
                let base = LibraryPath::of(other).pages();
                Source::below(&base, Gives::Originals, other.full_name())
            }
            None => Source::own(),
        };
        let title = t(named.title());
        let about = (title.as_ref(), path.as_str(), shelf);
        let mut page = ShelfPage::with_sources(services, layout, about, &query, listing, &source);
        // What belongs to others is looked at here, and changed at its own address.
        for tile in page.tiles.iter_mut().filter(|_| is_timeline) {
            tile.is_selectable = tile.owner.is_none();
        }
        page.is_in_mine = if is_timeline && !is_own {
            Some(shared_timeline::is_in_timeline(reader, &auth_session)?)
        } else {
            None
        };
        if shelf == Shelf::Uploads && page.is_first {
            let directories = &page.layout.summary.directories;
            let is_top = |it: &&Directory| !it.is_standard() && !it.directory_path.contains('/');
            page.children = directories.iter().filter(is_top).map(breadcrumb).collect();
        }
        page.undated = Tile::from_items(&undated, &[], services, &zone);
        page.is_empty &= page.undated.is_empty();
        page.is_filtered |= is_timeline && shelf != Shelf::Timeline;
        page.total = items + timeline_list::count(reader, &ids, shelf)?;

        if let Some(area) = &area {
            page.total = map::count(reader, user, area)?;
        }
        // Recents has no meaningful total.
        page.summary = match shelf {
            Shelf::Recents => t(msg!("Items you opened or added recently")).into_owned(),
            _ if area.is_some() => {
                fill!("{count} in this area", count = count_of(page.total, "item"))
            }
            _ if !others.is_empty() => {
                let names: Vec<_> = others.iter().map(User::full_name).collect();
                let count = count_of(page.total, "item");
                fill!("{count}, with those of {names}", count = count, names = names.join(", "))
            }
            _ => format!("{} · {}", count_of(items, "item"), v::size(bytes).words),
        };

        page.is_trash = shelf == Shelf::Trash;
        page.is_received = shelf == Shelf::Received;
        if page.is_received {
            name_senders(&mut page.tiles, services, user)?;
        }
        page.takes_folders = shelf == Shelf::Uploads;
        page.empty = empty_text(shelf);
        Ok(page)
    };
    // Whether they are shown depends on the person, and not on the version of the library.
    if merges || is_timeline && !is_own {
        render_uncached(&current, place, draw).await
    } else {
        render_cached(&current, &request, place, draw).await
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TimelineForm {
    /// `yes` or `no`.
    shown: String,
}

/// Shows the photos of this library among those of the person, or not.
async fn submit_in_mine(
    current: CurrentUser,
    request: HttpRequest,
    Form(form): Form<TimelineForm>,
) -> HandlerResult {
    if current.auth_session.membership.is_none() {
        return Err(Error::NotFound.into());
    }
    let is_shown = match form.shown.as_str() {
        "yes" => true,
        "no" => false,
        _ => return Err(Error::BadRequest(msg!("The form has an unknown value.").into()).into()),
    };
    let auth_session = current.auth_session.clone();
    run_blocking(&current.services, move |services| {
        shared_timeline::set_in_timeline(services, &auth_session.authority(), is_shown)
    })
    .await?;
    let text = if is_shown {
        msg!("These photos are among yours now")
    } else {
        msg!("These photos are not among yours any more")
    };
    redirect_back(&request, &current.cookie, text)
}
