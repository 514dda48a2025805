//! `/search`: items, folders, artists and albums by words, and what the search box suggests.

use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use super::album_head;
use super::list_options::{ListQuery, OptionGroup};
use super::shelf::{ShelfPage, breadcrumb, listing_query};
use crate::domain::library::listings::{self, Listing};
use crate::domain::library::reader;
use crate::domain::library::search::query_words;
use crate::domain::library::search_groups::{self, SearchGroups, Suggestion};
use crate::domain::previews;
use crate::http::extract::user::CurrentUser;
use crate::http::pages::components as v;
use crate::http::pages::components::count_of;
use crate::http::pages::components::cover::Cover;
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::{render, render_cached};
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::language::t;
use crate::model::item::ItemKind;
use crate::model::item_filter::ItemFilter;
use crate::model::{Level, Shelf};
use crate::{fill, msg};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/search", || web::route().to(show_search)).in_space(Level::View),
        Route::get("/search/suggestions", || web::route().to(show_suggestions))
            .in_space(Level::View),
    ]
}

/// As in the API.
const MAX_QUERY_CHARS: usize = 200;

fn shortened(text: &str) -> String {
    text.trim().chars().take(MAX_QUERY_CHARS).collect()
}

/// Shows a page of search results; without words to search for, the page is empty.
async fn show_search(
    current: CurrentUser,
    request: HttpRequest,
    query: web::Query<ListQuery>,
) -> HandlerResult {
    render_cached(&current, &request, "/search", move |reader, input| {
        let services = reader.services;
        let user = &input.auth_session.clone().user;
        let text = shortened(&query.q);
        let has_words = !query_words(&text).is_empty();

        let narrowing = format!("{} {}", shortened(&query.camera), shortened(&query.place));
        let words = query_words(&format!("{text} {narrowing}"));
        let wanted = listing_query(
            ItemFilter { words: Some(words), ..ItemFilter::shelf(Shelf::All) },
            &query,
        );
        let is_first = query.cursor.is_none();
        let (listing, groups) = if has_words {
            let listing = listings::list(reader, user, &wanted)?;
            let groups = if is_first {
                search_groups::find_groups(reader, user, &text, &wanted.filter)?
            } else {
                SearchGroups::default()
            };
            (listing, groups)
        } else {
            (Listing::empty(), SearchGroups::default())
        };

        // Pending previews of the shown items are made next.
        previews::prioritize(services, &listing.items);

        let title = if has_words {
            title(&text, &groups, is_first)
        } else {
            t(msg!("Search")).into_owned()
        };
        let layout = Layout::read(reader, input)?;
        let mut page =
            ShelfPage::new(services, layout, (&title, "/search", Shelf::All), &query, listing);
        page.summary =
            t(msg!("Names, tags, cameras, artists, albums, places and dates")).into_owned();

        // A page may be empty although there are more results further back.
        page.empty = match (has_words, page.next.is_some()) {
            (false, _) => msg!("Type what you are looking for."),
            (_, true) => msg!("Nothing among the newer items. There may be older ones."),
            _ => msg!("Try fewer or shorter words."),
        };

        page.choices.retain(|group| group.is_in_menu);
        page.choices.extend(narrowing_options(&query, &groups));
        page.children = groups.directories.iter().map(breadcrumb).collect();
        page.artists = groups.artists.iter().map(Cover::from_artist).collect();
        page.albums = groups.own_albums.iter().map(album_head::cover).collect();
        page.albums.extend(groups.albums.iter().map(Cover::from_album));
        page.query = Some(text);
        Ok(page)
    })
    .await
}

fn title(text: &str, groups: &SearchGroups, is_first: bool) -> String {
    let count = count_of(i64::try_from(groups.count).unwrap_or(0), "result");
    match (groups.count, groups.has_more) {
        _ if !is_first => fill!("Results for “{text}”", text = text),
        (0, false) if !groups.directories.is_empty() => fill!("Folders for “{text}”", text = text),
        (0, false) if !groups.own_albums.is_empty() => fill!("Albums for “{text}”", text = text),
        (0, false) => fill!("No results for “{text}”", text = text),
        (_, false) => fill!("{count} for “{text}”", count = count, text = text),
        (0, true) => fill!("No results yet for “{text}”", text = text),
        (_, true) => fill!("More than {count} for “{text}”", count = count, text = text),
    }
}

/// Sets a parameter of a list.
type WithParameter = fn(ListQuery, String) -> ListQuery;

/// Values with their labels: `2019 12`.
fn counted(values: &[(impl ToString, usize)]) -> Vec<(String, String)> {
    let labeled = |(value, count): &(_, usize)| {
        let value = ToString::to_string(value);
        (value.clone(), format!("{value} {count}"))
    };
    values.iter().map(labeled).collect()
}

/// What a search can be narrowed to: the kinds, years and cameras of its results, unless all have the same.
fn narrowing_options(query: &ListQuery, groups: &SearchGroups) -> Vec<OptionGroup> {
    let kinds: Vec<_> = groups
        .kinds
        .iter()
        .map(|(kind, count)| {
            (kind.as_str().to_owned(), format!("{} {count}", t(kind_label(*kind))))
        })
        .collect();
    let group = |label, any: &str, counted, current: &str, with_parameter: WithParameter| {
        let values = std::iter::once((String::new(), any.to_owned())).chain(counted);
        query.group("/search", label, &values.collect::<Vec<_>>(), current, with_parameter)
    };
    let mut options = vec![
        group(msg!("Kind"), msg!("All kinds"), kinds, &query.kind, |query, kind| ListQuery {
            kind,
            ..query
        }),
        group(msg!("Year"), msg!("Any year"), counted(&groups.years), &query.year, {
            |query, year| ListQuery { year, ..query }
        }),
        group(msg!("Camera"), msg!("Any camera"), counted(&groups.cameras), &query.camera, {
            |query, camera| ListQuery { camera, ..query }
        }),
        group(msg!("Place"), msg!("Any place"), counted(&groups.places), &query.place, {
            |query, place| ListQuery { place, ..query }
        }),
    ];
    // A single value narrows nothing, unless it is the one that was chosen.
    options.retain(|group| {
        group.choices.len() > 2 || group.choices.iter().skip(1).any(|choice| choice.is_current)
    });
    options
}

fn kind_label(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Photo => msg!("Photos"),
        ItemKind::Video => msg!("Videos"),
        ItemKind::Audio => msg!("Music"),
        ItemKind::Document => msg!("Documents"),
        ItemKind::Other => msg!("Other files"),
    }
}

#[derive(Deserialize)]
struct SuggestionsQuery {
    #[serde(default)]
    q: String,
}

struct SuggestionLink {
    href: String,
    label: String,
    /// What it is: `Folder`.
    kind: &'static str,
    icon: &'static str,
}

#[derive(Template)]
#[template(path = "partials/suggestions.html")]
struct SuggestionsPart {
    suggestions: Vec<SuggestionLink>,
}

impl SuggestionLink {
    fn from_cover(cover: Cover, kind: &'static str) -> Self {
        Self { href: cover.href, label: cover.title, kind, icon: cover.icon }
    }
}

fn suggestion_link(suggestion: Suggestion) -> SuggestionLink {
    match suggestion {
        Suggestion::Directory(directory) => {
            let breadcrumb = breadcrumb(&directory);
            let (href, label) = (breadcrumb.href, breadcrumb.label);
            SuggestionLink { href, label, kind: msg!("Folder"), icon: "folder" }
        }
        Suggestion::OwnAlbum(album) => {
            SuggestionLink::from_cover(album_head::cover(&album), msg!("Album"))
        }
        Suggestion::Artist(artist) => {
            SuggestionLink::from_cover(Cover::from_artist(&artist), msg!("Artist"))
        }
        Suggestion::Album(album) => {
            SuggestionLink::from_cover(Cover::from_album(&album), msg!("Album"))
        }
        Suggestion::Camera(camera) => {
            let query = ListQuery { q: camera.clone(), ..ListQuery::default() };
            let href = query.href("/search");
            SuggestionLink { href, label: camera, kind: msg!("Camera"), icon: "camera" }
        }
        Suggestion::Place(place) => {
            let query = ListQuery { q: place.replace(',', ""), ..ListQuery::default() };
            let href = query.href("/search");
            SuggestionLink { href, label: place, kind: msg!("Place"), icon: "map-pin" }
        }
        Suggestion::Month(month) => {
            let href = ListQuery { at: month.iso(), ..ListQuery::default() }.href("/photos");
            SuggestionLink {
                href,
                label: v::format::month_and_year(month),
                kind: msg!("Photos"),
                icon: "image",
            }
        }
    }
}

/// Shows what the search box offers while the user is typing: a part of a page.
async fn show_suggestions(
    current: CurrentUser,
    query: web::Query<SuggestionsQuery>,
) -> HandlerResult {
    let (auth_session, text) = (current.auth_session.clone(), shortened(&query.q));
    let suggestions = run_blocking(&current.services, move |services| {
        let user = &auth_session.user;
        reader::read(services, user.id, |reader| search_groups::suggest(reader, user, &text))
    })
    .await?;
    render(&SuggestionsPart { suggestions: suggestions.into_iter().map(suggestion_link).collect() })
}
