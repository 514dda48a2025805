//! `/directories/{directory}`: the contents of a folder.

use super::list_options::ListQuery;
use super::shelf::{ShelfPage, breadcrumb, listing_query};
use crate::domain::library::listings::{self, DirectoryListing};
use crate::domain::previews;
use crate::error::Error;
use crate::http::extract::user::CurrentUser;
use crate::http::pages::components::{self as v, count_of};
use crate::http::pages::layout::Layout;
use crate::http::pages::respond::render_cached;
use crate::http::route::{HandlerResult, Route};
use crate::model::item_filter::ItemFilter;
use crate::model::{DirectoryId, Level, Shelf};
use crate::msg;
use actix_web::{HttpRequest, web};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/directories/{directory_id}", || web::route().to(show_directory))
            .in_space(Level::View),
    ]
}

/// Shows a page with the contents of a folder, with links to the folders above it.
async fn show_directory(
    current: CurrentUser,
    request: HttpRequest,
    path: web::Path<String>,
    query: web::Query<ListQuery>,
) -> HandlerResult {
    let id = DirectoryId::parse(&path).ok_or(Error::NotFound)?;
    let path = format!("/directories/{id}");

    render_cached(&current, &request, &path.clone(), move |reader, input| {
        let services = reader.services;
        let auth_session = input.auth_session.clone();

        // `list_directory` also records that the folder was opened; a page from the cache does not count.
        let wanted = listing_query(ItemFilter::directory(id), &query);
        let DirectoryListing { directory, above, size, listing } =
            listings::list_directory(reader, &auth_session, id, &wanted)?;
        // Pending previews of the shown items are made next.
        previews::prioritize(services, &listing.items);
        let layout = Layout::read(reader, input)?;

        let mut page = ShelfPage::new(
            services,
            layout,
            (&v::folder_label(&directory), &path, Shelf::All),
            &query,
            listing,
        );

        page.crumbs = above.iter().map(breadcrumb).collect();
        page.summary = format!("{} · {}", count_of(size.0, "item"), v::size(size.1).words);
        page.empty = msg!("This folder is empty. Move items here, or upload to it.");
        // The views Favorites, Recents and Trash cannot be the target of new folders or files.
        page.takes_folders = !directory.is_view();
        page.directory = Some(directory);
        Ok(page)
    })
    .await
}
