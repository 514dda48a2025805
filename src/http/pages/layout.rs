//! What every page of a signed-in user contains: navigation, storage meter and flash message.

use std::sync::Arc;

use super::components::format::{self, thousands};
use crate::db::Conn;
use crate::domain::accounts::admin;
use crate::error::{Result, format_bytes};
use crate::http::extract::user::CurrentUser;
use crate::http::flash::Flash;
use crate::http::run_blocking::run_blocking;
use crate::media::avatar::initials;
use crate::model::{Directory, Shelf, User};
use crate::state::library_cache::{LibrarySummary, LibraryVersion};
use crate::state::session_cache::AuthSession;

/// One link in the navigation.
pub struct Link {
    pub href: String,
    pub label: String,
    pub icon: &'static str,
    pub count: String,
    pub is_current: bool,
    /// Nesting depth.
    pub depth: usize,
}

/// The storage meter.
pub struct Storage {
    pub used: i64,
    /// 0 means no limit.
    pub quota: i64,
    pub words: String,
    pub exact: String,
}

/// The data of the page layout.
pub struct Layout {
    pub assets: &'static str,
    pub csrf: String,
    pub user: User,
    pub initials: String,
    pub main: Vec<Link>,
    pub views: Vec<Link>,
    pub own: Vec<Link>,
    pub pending: i64,
    pub storage: Storage,
    pub flash: Option<Flash>,
    pub current: String,
    pub surroundings: Arc<LibrarySummary>,
}

/// The part of the layout that comes from the request.
pub struct LayoutInput {
    pub presence: Arc<AuthSession>,
    pub csrf: String,
    /// Shown once.
    pub flash: Option<Flash>,
    /// The path that the navigation marks as current.
    pub current: String,
}

impl LayoutInput {
    pub fn of(at: &CurrentUser, current: &str) -> Result<Self> {
        let (presence, current) = (at.presence.clone(), current.to_owned());
        Ok(Self { presence, csrf: at.carrier.csrf()?, flash: at.carrier.take_flash(), current })
    }
}

impl Layout {
    /// Reads the layout's data; `current` is the path of the page.
    pub async fn load(at: &CurrentUser, current: &str) -> Result<Self> {
        let frame = LayoutInput::of(at, current)?;
        run_blocking(&at.services, move |services| {
            services.db.read(|conn| {
                let library = services.library_cache.current(conn, frame.presence.user.id)?;
                Self::gather(conn, &library, frame)
            })
        })
        .await
    }

    /// Reads the layout's data on an open connection.
    pub fn gather(conn: &mut Conn, library: &LibraryVersion, frame: LayoutInput) -> Result<Self> {
        let LayoutInput { presence, csrf, flash, current } = frame;
        let user = presence.user.clone();
        let surroundings = library.summary(conn)?;
        // How many accounts wait for approval.
        let pending = if user.is_admin() { admin::count_pending(conn)? } else { 0 };
        let link = |shelf: Shelf, path: &str, icon, is_counted: bool| Link {
            href: path.to_owned(),
            label: shelf.title().into(),
            icon,
            count: if is_counted { thousands(u64::try_from(surroundings.count(shelf).0).unwrap_or(0)) } else { String::new() },
            is_current: path == current,
            depth: 0,
        };
        let home = Link {
            href: "/dashboard".into(),
            label: "Dashboard".into(),
            icon: "house",
            count: String::new(),
            is_current: current == "/dashboard",
            depth: 0,
        };
        Ok(Self {
            assets: crate::http::static_files::base(),
            csrf,
            initials: initials(&user.firstname, &user.lastname),
            main: vec![
                home,
                link(Shelf::Photos, "/photos", "image", true),
                link(Shelf::Videos, "/videos", "film", true),
                link(Shelf::Audios, "/audios", "music", true),
                link(Shelf::Uploads, "/uploads", "files", true),
            ],
            views: vec![
                link(Shelf::Favorites, "/favorites", "star", false),
                link(Shelf::Recents, "/recents", "clock", false),
                link(Shelf::Trash, "/trash", "trash-2", false),
            ],
            own: directory_links(&surroundings.directories, &current),
            pending,
            storage: storage_meter(&user),
            flash,
            current,
            user,
            surroundings,
        })
    }

    pub fn is_current(&self, path: &str) -> bool {
        self.current == path
    }

    /// The user's own folders, as options of a select.
    pub fn choices(&self) -> Vec<(String, String)> {
        let own = self.surroundings.directories.iter().filter(|directory| !directory.is_standard());
        own.map(|directory| (directory.directory_id.to_string(), directory.directory_path.replace('/', " / "))).collect()
    }

    /// Where items may be moved: the standard shelves, then the user's folders.
    pub fn targets(&self) -> Vec<(String, String)> {
        let standard = self.surroundings.directories.iter().filter(|directory| directory.is_standard() && !directory.is_view());
        let mut targets: Vec<_> =
            standard.map(|directory| (directory.directory_id.to_string(), directory.directory_name.clone())).collect();
        targets.extend(self.choices());
        targets
    }

    /// The rejected value of a form field after a redirect, or `otherwise`.
    pub fn kept<'a>(&'a self, field: &str, otherwise: &'a str) -> &'a str {
        let kept = self.flash.as_ref().and_then(|flash| flash.kept.as_ref());
        kept.filter(|(of, _)| of == field).map_or(otherwise, |(_, typed)| typed)
    }

    pub fn theme(&self) -> &'static str {
        self.user.theme.as_str()
    }

    pub fn has_anything(&self) -> bool {
        self.surroundings.count(Shelf::All).0 > 0
    }
}

fn directory_links(directories: &[Directory], current: &str) -> Vec<Link> {
    let own = directories.iter().filter(|directory| !directory.is_standard());
    own.map(|directory| {
        let href = format!("/directories/{}", directory.directory_id);
        Link {
            is_current: href == current,
            href,
            label: directory.directory_name.clone(),
            icon: "folder",
            count: String::new(),
            depth: directory.directory_path.matches('/').count().min(3),
        }
    })
    .collect()
}

fn storage_meter(user: &User) -> Storage {
    let used = format::size(user.used_bytes);
    let words = if user.quota_bytes > 0 {
        format!("{} of {}", used.words, format_bytes(u64::try_from(user.quota_bytes).unwrap_or(0)))
    } else {
        format!("{} stored", used.words)
    };
    Storage { used: user.used_bytes, quota: user.quota_bytes, words, exact: used.exact }
}
