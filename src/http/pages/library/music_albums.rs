//! `/music`: music by artist and album.

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::list_options::ColumnHead;
use crate::domain::library::music_albums;
use crate::error::Error;
use crate::http::extract::user::CurrentUser;
use crate::http::pages::components::cover::{Cover, album_title, artist_name};
use crate::http::pages::components::tile::{Picture, Source, Tile};
use crate::http::pages::components::track_row::{TrackRow, albums_href};
use crate::http::pages::components::{self as v, count_of};
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::render;
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::model::Level;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/music", || web::route().to(show_albums)).in_space(Level::View),
        Route::get("/music/albums", || web::route().to(show_albums)).in_space(Level::View),
        Route::get("/music/artists", || web::route().to(show_artists)).in_space(Level::View),
    ]
}

#[derive(Template)]
#[template(path = "pages/library/music_albums.html")]
struct AlbumsPage {
    layout: Layout,
    albums: Vec<Cover>,
    next: Option<String>,
    is_first: bool,
    /// The artist whose albums these are.
    artist: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/library/music_artists.html")]
struct ArtistsPage {
    layout: Layout,
    artists: Vec<Cover>,
    next: Option<String>,
    is_first: bool,
}

#[derive(Deserialize)]
struct ArtistsQuery {
    /// The last artist of the previous page.
    after: Option<String>,
}

#[derive(Deserialize)]
struct AlbumsQuery {
    artist: Option<String>,
    album: Option<String>,
    /// The last album of the previous page.
    after_artist: Option<String>,
    after_album: Option<String>,
}

/// Shows a page of the user's albums or, if the query names an artist and an album, that album.
async fn show_albums(current: CurrentUser, query: web::Query<AlbumsQuery>) -> HandlerResult {
    if let (Some(artist), Some(album)) = (&query.artist, &query.album) {
        return show_album(&current, artist.clone(), album.clone()).await;
    }
    let auth_session = current.auth_session.clone();
    let after = query.after_artist.clone().zip(query.after_album.clone());
    let (is_first, of_artist) = (after.is_none(), query.artist.clone());

    let (albums, next) = run_blocking(&current.services, move |services| {
        let after = after.as_ref().map(|(artist, album)| (artist.as_str(), album.as_str()));
        music_albums::list_albums(services, &auth_session.user, of_artist.as_deref(), after)
    })
    .await?;
    if query.artist.is_some() && is_first && albums.is_empty() {
        return Err(Error::NotFound.into());
    }

    render(&AlbumsPage {
        layout: Layout::load(&current, "/music").await?,
        artist: query
            .artist
            .as_ref()
            .and(albums.first())
            .map(|album| artist_name(&album.first.album_artist)),
        albums: albums.iter().map(Cover::from_album).collect(),
        next: next.map(|(artist, album)| {
            let of_artist = query.artist.as_deref().map(|key| ("artist", key));
            let after = [("after_artist", artist.as_str()), ("after_album", album.as_str())];
            albums_href(&of_artist.into_iter().chain(after).collect::<Vec<_>>())
        }),
        is_first,
    })
}

/// Shows a page of the artists of the user's albums.
async fn show_artists(current: CurrentUser, query: web::Query<ArtistsQuery>) -> HandlerResult {
    let (auth_session, after) = (current.auth_session.clone(), query.after.clone());
    let is_first = after.is_none();
    let (artists, next) = run_blocking(&current.services, move |services| {
        music_albums::list_artists(services, &auth_session.user, after.as_deref())
    })
    .await?;
    render(&ArtistsPage {
        layout: Layout::load(&current, "/music").await?,
        artists: artists.iter().map(Cover::from_artist).collect(),
        next: next.map(|after| {
            let mut query = form_urlencoded::Serializer::new(String::new());
            format!("/music/artists?{}", query.append_pair("after", &after).finish())
        }),
        is_first,
    })
}

#[derive(Template)]
#[template(path = "pages/library/music_album.html")]
struct AlbumPage {
    layout: Layout,
    title: String,
    artist: String,
    summary: String,
    picture: Option<Picture>,
    songs: Vec<TrackRow>,
    /// An album has one order.
    heads: Vec<ColumnHead>,
}

/// Shows the page of one of the user's albums with its tracks; responds with 404 if the user has no recordings of it.
async fn show_album(current: &CurrentUser, artist: String, album: String) -> HandlerResult {
    let auth_session = current.auth_session.clone();
    let tracks = run_blocking(&current.services, move |services| {
        music_albums::find_album(services, &auth_session.user, &artist, &album)
    })
    .await?;

    // All recordings of an album share title and artist.
    let (first, item) = tracks.first().ok_or(Error::NotFound)?;
    // Recordings whose length is unknown are left out; if none is known, the summary contains only the number of songs.
    let length: i64 = tracks.iter().filter_map(|(_, item)| item.duration_ms).sum();
    let count = count_of(i64::try_from(tracks.len()).unwrap_or(0), "song");

    let zone = current.time_zone();
    render(&AlbumPage {
        layout: Layout::load(current, "/music").await?,
        title: album_title(&first.album),
        artist: artist_name(&first.album_artist),
        summary: if length > 0 { format!("{count} · {}", v::duration(length)) } else { count },
        picture: Picture::from_item(item),
        heads: Vec::new(),
        songs: tracks
            .iter()
            .map(|(track, item)| {
                TrackRow::from_item(
                    item,
                    Some(track),
                    Tile::from_item(item, Some(track), &current.services, &zone, &Source::own()),
                )
            })
            .collect(),
    })
}
