//! Addresses in libraries of others: `/spaces/{id}/photos` is the page `/photos` of the library of a space, and
//! `/api/spaces/{id}/media/list` is `/api/media/list` of it. The library of a person is below `/libraries/{id}`.
//!
//! The library is removed from the path before the router sees it, so that every page and API call of a library works in a
//! space, and is added to the addresses of the response.

use std::collections::{HashMap, HashSet};

use actix_web::http::Method;

use super::route::Route;
use crate::error::Error;
use crate::model::{Level, User, UserId, UserKind};

/// Whose libraries have addresses.
const KINDS: [UserKind; 2] = [UserKind::Space, UserKind::Person];

/// The library of a space or of another person, as it is named in paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LibraryPath {
    pub owner: UserId,
    pub kind: UserKind,
}

impl LibraryPath {
    #[must_use]
    pub const fn of(user: &User) -> Self {
        Self { owner: user.id, kind: user.kind }
    }

    /// What the addresses of its pages begin with.
    #[must_use]
    pub fn pages(self) -> String {
        self.kind.library_path(self.owner)
    }

    /// What the addresses of its API begin with.
    #[must_use]
    pub fn api(self) -> String {
        format!("/api{}", self.pages())
    }
}

/// The library in the path of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestedLibrary(pub LibraryPath);

/// Marks a request whose user may use the library in its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnteredLibrary(pub LibraryPath);

/// The routes that exist in spaces.
pub struct SpaceRoutes {
    /// What the routes of a method and path need.
    levels: HashMap<(&'static str, &'static str), Level>,
    /// The first words of their paths: `photos`, `api/media`.
    areas: HashSet<&'static str>,
}

impl SpaceRoutes {
    #[must_use]
    pub fn new(routes: &[Route]) -> Self {
        let in_spaces = || routes.iter().filter_map(|route| Some((route, route.space?)));
        Self {
            levels: in_spaces().map(|(route, level)| ((route.method, route.path), level)).collect(),
            areas: in_spaces()
                .map(|(route, _)| route.path)
                .filter(|path| !path.contains("{space}"))
                .filter_map(area)
                .collect(),
        }
    }

    /// What a member needs for a request to the route with this path; `None` if it does not exist in spaces.
    #[must_use]
    pub fn level(&self, method: &Method, path: &str) -> Option<Level> {
        let level = |method| self.levels.get(&(method, path)).copied();
        // GET routes also answer HEAD.
        level(method.as_str()).or_else(|| level("GET").filter(|_| method == Method::HEAD))
    }

    /// The library in a path with its query, and the rest; `None` outside of libraries of others.
    #[must_use]
    pub fn split(&self, path: &str) -> Option<(LibraryPath, String)> {
        let (start, path) = match path.strip_prefix("/api") {
            Some(rest) => ("/api", rest),
            None => ("", path),
        };
        let (word, rest) = path.strip_prefix('/')?.split_once('/')?;
        let kind = KINDS.into_iter().find(|kind| kind.path_word() == word)?;
        let (id, rest) = rest.split_at_checked(rest.find('/')?)?;
        // Each resource has one address.
        if rest.starts_with("/api/") {
            return None;
        }
        let inner = format!("{start}{rest}");
        let owner = parse_space(id).ok()?;
        self.has(&inner).then_some((LibraryPath { owner, kind }, inner))
    }

    /// A path in a library of others, if it exists there.
    #[must_use]
    pub fn join(&self, library: LibraryPath, path: &str) -> Option<String> {
        self.has(path).then(|| match path.strip_prefix("/api") {
            Some(rest) => format!("{}{rest}", library.api()),
            None => format!("{}{path}", library.pages()),
        })
    }

    fn has(&self, path: &str) -> bool {
        area(path).is_some_and(|area| self.areas.contains(area))
    }
}

/// The first word of a path, or the first two of the API.
fn area(path: &str) -> Option<&str> {
    let words = path.strip_prefix('/')?;
    let start = if words.starts_with("api/") { 4 } else { 0 };
    let end = words.get(start..)?.find(['/', '?', '#']).map_or(words.len(), |at| start + at);
    words.get(..end)
}

/// Whether paths of libraries begin with this word.
#[must_use]
pub fn is_library_word(word: &str) -> bool {
    KINDS.into_iter().any(|kind| kind.path_word() == word)
}

/// The number of a space in a path; each has one spelling.
///
/// # Errors
/// `NotFound`.
pub fn parse_space(text: &str) -> Result<UserId, Error> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| is_number).map(UserId).ok_or(Error::NotFound)
}

/// The address of a space.
#[must_use]
pub fn space_path(space: UserId) -> String {
    LibraryPath { owner: space, kind: UserKind::Space }.pages()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes() -> SpaceRoutes {
        SpaceRoutes::new(&crate::http::routes())
    }

    #[test]
    fn a_path_in_a_space_is_that_of_the_library_after_the_id() {
        let routes = routes();
        let split = |path| routes.split(path).map(|(library, rest)| (library.owner.0, rest));
        assert_eq!(split("/spaces/7/photos?at=2018-08"), Some((7, "/photos?at=2018-08".into())));
        assert_eq!(split("/api/spaces/7/media/list"), Some((7, "/api/media/list".into())));
        assert_eq!(split("/api/libraries/8/media/list"), Some((8, "/api/media/list".into())));
        for other in [
            "/spaces/7",
            "/spaces/7/members",
            "/spaces/7/account",
            "/spaces/7/admin/users",
            "/spaces/7/login",
            "/spaces/7/spaces/8/photos",
            "/spaces/07/photos",
            "/spaces/-7/photos",
            "/spaces//photos",
            "/photos",
            "/api/spaces/7/admin/users",
            "/spaces/7/api/media/list",
            "/api/spaces/7/api/media/list",
        ] {
            assert_eq!(split(other), None, "{other}");
        }
    }

    #[test]
    fn only_addresses_of_the_library_lead_into_the_space() {
        let routes = routes();
        let space = LibraryPath { owner: UserId(7), kind: UserKind::Space };
        let join = |path| routes.join(space, path);
        assert_eq!(join("/photos").as_deref(), Some("/spaces/7/photos"));
        assert_eq!(join("/items/1?album=2").as_deref(), Some("/spaces/7/items/1?album=2"));
        assert_eq!(join("/api/uploads/1").as_deref(), Some("/api/spaces/7/uploads/1"));
        for other in
            ["/dashboard", "/account", "/static/1/x.css", "/api/users/me", "/spaces/7", "/"]
        {
            assert_eq!(join(other), None, "{other}");
        }
    }
}
