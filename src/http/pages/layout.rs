//! What every page of a signed-in user contains: navigation, storage meter and flash message.

use std::collections::HashSet;
use std::sync::Arc;

use super::components::{folder_label, format};
use crate::domain::accounts::admin;
use crate::domain::library::reader::{self, LibraryReader};
use crate::domain::sharing::notifications;
use crate::error::{Result, format_bytes};
use crate::http::extract::user::CurrentUser;
use crate::http::flash::Flash;
use crate::http::run_blocking::run_blocking;
use crate::http::space_paths::LibraryPath;
use crate::language::t;
use crate::media::avatar::initials;
use crate::model::{Directory, Level, Shelf, User};
use crate::state::library_cache::LibrarySummary;
use crate::state::session_cache::AuthSession;
use crate::{fill, msg};

/// One link in the navigation.
pub struct Link {
    pub href: String,
    pub label: String,
    pub icon: &'static str,
    pub is_current: bool,
    /// Nesting depth.
    pub depth: usize,
    /// The id of a folder, onto which items can be dragged.
    pub directory: Option<String>,
}

/// The storage meter.
pub struct Storage {
    pub used: i64,
    /// 0 means no limit.
    pub quota: i64,
    pub words: String,
    pub exact: String,
    /// From 90 % on, the meter is amber; from 100 % on, red.
    pub low: i64,
    pub high: i64,
}

/// The space, or the library of another person, that a page belongs to.
pub struct SpaceHead {
    /// What its addresses begin with: `/spaces/7`.
    pub path: String,
    pub name: String,
    pub level: Level,
    pub is_space: bool,
}

/// The data of the page layout.
pub struct Layout {
    pub assets: &'static str,
    pub csrf: String,
    /// The person who looks at the page.
    pub user: User,
    /// Set on pages of a space.
    pub space: Option<SpaceHead>,
    pub initials: String,
    pub main: Vec<Link>,
    pub views: Vec<Link>,
    pub own: Vec<Link>,
    pub pending: i64,
    /// Notifications that the user has not seen.
    pub unseen: i64,
    pub storage: Storage,
    pub flash: Option<Flash>,
    pub path: String,
    pub summary: Arc<LibrarySummary>,
}

/// The part of the layout that comes from the request.
pub struct LayoutInput {
    pub auth_session: Arc<AuthSession>,
    pub csrf: String,
    /// Shown once.
    pub flash: Option<Flash>,
    /// The path that the navigation marks as current.
    pub path: String,
}

impl LayoutInput {
    pub fn new(current: &CurrentUser, path: &str) -> Result<Self> {
        let (auth_session, path) = (current.auth_session.clone(), path.to_owned());
        Ok(Self {
            auth_session,
            csrf: current.cookie.csrf()?,
            flash: current.cookie.take_flash(),
            path,
        })
    }
}

impl Layout {
    /// Reads the layout's data; `path` is that of the page.
    pub async fn load(current: &CurrentUser, path: &str) -> Result<Self> {
        Self::load_from(current, LayoutInput::new(current, path)?).await
    }

    /// Reads the data for the page of an error. A message that waits is left for the next page.
    pub async fn of_error_page(current: &CurrentUser) -> Result<Self> {
        let csrf = current.cookie.csrf()?;
        let auth_session = current.auth_session.clone();
        let input = LayoutInput { auth_session, csrf, flash: None, path: String::new() };
        Self::load_from(current, input).await
    }

    async fn load_from(current: &CurrentUser, input: LayoutInput) -> Result<Self> {
        run_blocking(&current.services, move |services| {
            let owner = input.auth_session.user.id;
            reader::read(services, owner, |reader| Self::read(reader, input))
        })
        .await
    }

    /// Reads the layout's data with an open reader.
    pub fn read(reader: &mut LibraryReader<'_>, input: LayoutInput) -> Result<Self> {
        let LayoutInput { auth_session, csrf, flash, path: page_path } = input;
        let user = auth_session.person().clone();
        let summary = reader.summary()?;
        let space = auth_session.membership.as_ref().map(|membership| SpaceHead {
            path: LibraryPath::of(&auth_session.user).pages(),
            name: auth_session.user.full_name(),
            level: membership.level,
            is_space: auth_session.user.is_space(),
        });
        // The summary is that of the library.
        let unseen = match space {
            Some(_) => notifications::count_unseen(reader, &user)?,
            None => summary.unseen,
        };

        // How many accounts wait for approval, which only admins see.
        let pending = if user.is_admin() { admin::count_pending(reader)? } else { 0 };

        let link = |label: &str, path: &str, icon, also: &[&str]| Link {
            href: path.to_owned(),
            label: label.into(),
            icon,
            // A page below the link's belongs to it.
            is_current: page_path
                .strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                || also.contains(&page_path.as_str()),
            depth: 0,
            directory: None,
        };

        // The order of the navigation.
        Ok(Self {
            assets: crate::http::static_files::base(),
            csrf,
            initials: initials(&user.firstname, &user.lastname),
            main: vec![
                match space {
                    Some(_) => link(msg!("My library"), "/dashboard", "house", &[]),
                    None => link(msg!("Home"), "/dashboard", "house", &["/recents"]),
                },
                link(msg!("Photos"), "/photos", "image", &["/videos"]),
                link(msg!("Music"), "/music", "music", &["/audios"]),
                link(msg!("Files"), "/uploads", "files", &[]),
            ],
            views: views(space.as_ref(), link),
            own: directory_links(&summary.directories, &page_path),
            pending,
            unseen,
            storage: storage_meter(&auth_session.user),
            flash,
            path: page_path,
            space,
            user,
            summary,
        })
    }

    /// Whether it is shown how much is stored: not how much another person stores.
    pub fn shows_storage(&self) -> bool {
        self.space.as_ref().is_none_or(|space| space.is_space)
    }

    /// Whether the person may do in the library what a level allows: in their own, everything.
    fn may(&self, level: Level) -> bool {
        self.space.as_ref().is_none_or(|space| space.level >= level)
    }

    pub fn may_add(&self) -> bool {
        self.may(Level::Contribute)
    }

    pub fn may_edit(&self) -> bool {
        self.may(Level::Edit)
    }

    pub fn may_manage(&self) -> bool {
        self.may(Level::Manage)
    }

    pub fn is_current(&self, path: &str) -> bool {
        self.path == path
    }

    /// The user's own folders, as options of a select.
    pub fn choices(&self) -> Vec<(String, String)> {
        let own_directories =
            self.summary.directories.iter().filter(|directory| !directory.is_standard());
        own_directories
            .map(|directory| {
                (directory.directory_id.to_string(), directory.directory_path.replace('/', " / "))
            })
            .collect()
    }

    /// Where items may be moved: the standard shelves, then the user's folders.
    pub fn targets(&self) -> Vec<(String, String)> {
        let standard = self
            .summary
            .directories
            .iter()
            .filter(|directory| directory.is_standard() && !directory.is_view());
        let mut targets: Vec<_> = standard
            .map(|directory| {
                (directory.directory_id.to_string(), folder_label(directory).into_owned())
            })
            .collect();
        targets.extend(self.choices());
        targets
    }

    /// The rejected value of a form field after a redirect, or `default`.
    pub fn rejected_value<'a>(&'a self, field: &str, default: &'a str) -> &'a str {
        let kept = self.flash.as_ref().and_then(|flash| flash.kept.as_ref());
        kept.filter(|(of, _)| of == field).map_or(default, |(_, typed)| typed)
    }

    pub fn is_time_zone(&self, name: &str) -> bool {
        self.user.time_zone.as_deref() == Some(name)
    }

    pub fn is_language(&self, code: &str) -> bool {
        self.user.language.as_deref() == Some(code)
    }

    pub fn theme(&self) -> &'static str {
        self.user.theme.as_str()
    }

    pub fn has_anything(&self) -> bool {
        self.summary.count(Shelf::All).0 > 0
    }
}

/// The links below those of the main shelves: what a person may open.
fn views(
    space: Option<&SpaceHead>,
    link: impl Fn(&str, &str, &'static str, &[&str]) -> Link,
) -> Vec<Link> {
    let may = |level| space.is_none_or(|space| space.level >= level);
    let mut views = vec![link(msg!("Albums"), "/albums", "images", &[])];
    if may(Level::Manage) {
        views.push(link(msg!("Shared"), "/shared", "share-2", &["/groups"]));
    }
    match space {
        None => views.push(link(msg!("Spaces"), "/spaces", "users", &[])),
        Some(space) if space.is_space => {
            let members = format!("{}/members", space.path);
            views.push(link(msg!("Members"), &members, "users", &[]));
        }
        Some(_) => {}
    }
    views.push(link(msg!("Favorites"), "/favorites", "star", &[]));
    if may(Level::Edit) {
        views.push(link(msg!("Trash"), "/trash", "trash-2", &[]));
    }
    views
}

/// Creates the navigation links of the directories that the user has created, and marks the one of the current page.
/// Of the tree, those at the top are shown, and below the current one and those above it what they contain.
fn directory_links(directories: &[Directory], page_path: &str) -> Vec<Link> {
    let current = directories.iter().find(|directory| directory_href(directory) == page_path);
    let current_path = current.map_or("", |directory| directory.directory_path.as_str());
    let is_open = |path: &str| {
        current_path.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let parents: HashSet<&str> = directories.iter().filter_map(parent_path).collect();

    let own_directories = directories.iter().filter(|directory| !directory.is_standard());
    let is_shown = |directory: &&Directory| parent_path(directory).is_none_or(is_open);
    let link = |directory: &Directory| {
        let path = directory.directory_path.as_str();
        let href = directory_href(directory);
        Link {
            is_current: href == page_path,
            href,
            label: directory.directory_name.clone(),
            icon: match (parents.contains(path), is_open(path)) {
                (true, true) => "folder-open",
                (true, false) => "folder-plus",
                _ => "folder",
            },
            // The style sheet indents three levels at most.
            depth: path.matches('/').count().min(3),
            directory: Some(directory.directory_id.to_string()),
        }
    };
    own_directories.filter(is_shown).map(link).collect()
}

/// The path of the folder that contains this one; `None` at the top.
fn parent_path(directory: &Directory) -> Option<&str> {
    directory.directory_path.rsplit_once('/').map(|(parent, _)| parent)
}

pub(super) fn directory_href(directory: &Directory) -> String {
    format!("/directories/{}", directory.directory_id)
}

fn storage_meter(user: &User) -> Storage {
    let used = format::size(user.used_bytes);
    let words = if user.quota_bytes > 0 {
        fill!(
            "{used} of {quota}",
            used = used.words,
            quota = format_bytes(u64::try_from(user.quota_bytes).unwrap_or(0))
        )
    } else {
        match user.used_bytes {
            0 => t(msg!("Nothing stored yet")).into_owned(),
            _ => fill!("{size} stored", size = used.words),
        }
    };
    let (low, high) = (user.quota_bytes / 10 * 9, user.quota_bytes - 1);
    Storage { used: user.used_bytes, quota: user.quota_bytes, words, exact: used.exact, low, high }
}
