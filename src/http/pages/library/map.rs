//! `/map`: photos and videos by where they were taken.

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::list_options::ListQuery;
use crate::domain::library::map::{self, CityCount, Cluster, MapView};
use crate::domain::previews;
use crate::http::extract::user::CurrentUser;
use crate::http::pages::components::tile::Picture;
use crate::http::pages::components::{self as v, count_of};
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::render;
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::run_blocking;
use crate::language::t;
use crate::model::city::country_name;
use crate::model::item_place::place_name;
use crate::model::{Area, City, Level};
use crate::{fill, msg};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/map", || web::route().to(show_map)).in_space(Level::View),
        Route::get("/map/clusters", || web::route().to(show_clusters)).in_space(Level::View),
    ]
}

/// The whole map.
const WORLD: Area =
    Area { south: -9_000_000, west: -18_000_000, north: 9_000_000, east: 18_000_000 };
/// The zoom of a map that shows the world.
const WORLD_ZOOM: f64 = 1.0;

struct Pin {
    href: String,
    north: f64,
    east: f64,
    /// On the image of the world, in its units.
    x: String,
    y: String,
    bounds: String,
    count: usize,
    label: String,
    picture: Option<Picture>,
    icon: &'static str,
}

/// The photos of a country.
struct CountryPlaces {
    name: &'static str,
    cities: Vec<PlaceLink>,
}

struct PlaceLink {
    href: String,
    name: String,
    count: i64,
}

#[derive(Template)]
#[template(path = "pages/library/map.html")]
struct MapPage {
    layout: Layout,
    pins: Vec<Pin>,
    cities: Vec<City>,
    total: usize,
    total_text: String,
    area: Area,
    countries: Vec<CountryPlaces>,
}

#[derive(Template)]
#[template(path = "partials/map_clusters.html")]
struct ClustersPart {
    pins: Vec<Pin>,
    cities: Vec<City>,
    total: usize,
    total_text: String,
    area: Area,
}

#[derive(Deserialize)]
struct ClustersQuery {
    #[serde(default)]
    area: String,
    #[serde(default)]
    zoom: f64,
}

fn pin(cluster: &Cluster) -> Pin {
    let area = cluster.bounds.to_string();
    let href = match cluster.count {
        1 => format!("/photos?view={}", cluster.item.id),
        _ => ListQuery { area: area.clone(), ..ListQuery::default() }.href("/photos"),
    };
    let count = count_of(i64::try_from(cluster.count).unwrap_or(0), "item");
    let place = City::nearest(cluster.north, cluster.east).map_or(String::new(), |city| {
        fill!(" near {place}", place = place_name(city.name, city.country))
    });
    // The image of the world is 360 wide, and ends before the poles.
    let (x, y) = map::project((cluster.north.clamp(-84.0, 84.0), cluster.east), 360.0);
    Pin {
        href,
        north: cluster.north,
        east: cluster.east,
        x: format!("{x:.1}"),
        y: format!("{y:.1}"),
        bounds: area,
        count: cluster.count,
        label: count + &place,
        picture: Picture::from_item(&cluster.item),
        icon: v::kind_icon(cluster.item.kind),
    }
}

/// Groups the places, those with the most items first, by country.
fn countries(places: Vec<CityCount>) -> Vec<CountryPlaces> {
    let mut countries: Vec<CountryPlaces> = Vec::new();
    for place in places {
        let name = country_name(&place.country);
        let words = place_name(&place.city, &place.country).replace(',', "");
        let link = PlaceLink {
            href: ListQuery { q: words, ..ListQuery::default() }.href("/search"),
            name: place.city,
            count: place.items,
        };
        match countries.iter_mut().find(|country| country.name == name) {
            Some(country) => country.cities.push(link),
            None => countries.push(CountryPlaces { name, cities: vec![link] }),
        }
    }
    countries
}

fn total_text(view: &MapView) -> String {
    match view.count {
        0 => t(msg!("Nothing was taken in this area.")).into_owned(),
        count => fill!(
            "{count} in this area",
            count = count_of(i64::try_from(count).unwrap_or(0), "item")
        ),
    }
}

/// Shows the map of the world with the user's photos, and the list of their places.
async fn show_map(current: CurrentUser) -> HandlerResult {
    let auth_session = current.auth_session.clone();
    let (view, places) = run_blocking(&current.services, move |services| {
        let user = &auth_session.user;
        Ok((map::view(services, user, &WORLD, WORLD_ZOOM)?, map::list_cities(services, user)?))
    })
    .await?;
    render(&MapPage {
        layout: Layout::load(&current, "/photos").await?,
        pins: view.clusters.iter().map(pin).collect(),
        total: view.count,
        total_text: total_text(&view),
        cities: view.cities,
        area: WORLD,
        countries: countries(places),
    })
}

/// Shows the photos of a part of the map: a part of a page.
async fn show_clusters(current: CurrentUser, query: web::Query<ClustersQuery>) -> HandlerResult {
    let auth_session = current.auth_session.clone();
    let area = Area::parse(&query.area).unwrap_or(WORLD);
    let zoom = if query.zoom.is_finite() { query.zoom } else { WORLD_ZOOM };
    let view = run_blocking(&current.services, move |services| {
        map::view(services, &auth_session.user, &area, zoom)
    })
    .await?;
    let items: Vec<_> = view.clusters.iter().map(|cluster| cluster.item.clone()).collect();
    previews::prioritize(&current.services, &items);
    render(&ClustersPart {
        pins: view.clusters.iter().map(pin).collect(),
        total: view.count,
        total_text: total_text(&view),
        cities: view.cities,
        area,
    })
}
