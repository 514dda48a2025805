//! Selected items, a folder, or an album, as one zip archive, written while it is sent.

use std::collections::HashSet;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpResponse, web};
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::mpsc;
use zip::write::SimpleFileOptions;

use super::item_actions::SelectedItems;
use crate::domain::library::{album_page, albums, directory_contents, items, open_item};
use crate::domain::sharing::space_members;
use crate::error::Error;
use crate::fill;
use crate::http::extract::form::Form;
use crate::http::extract::user::CurrentUser;
use crate::http::response::file::content_disposition;
use crate::http::route::{HandlerResult, Route};
use crate::http::run_blocking::{run_blocking, services_arc};
use crate::language::{current_language, run_with_language};
use crate::model::{AlbumId, Cursor, Directory, DirectoryId, Item, Level, Time};
use crate::state::Services;
use crate::state::open_file_cache::FileSource;
use crate::storage::FileName;

/// Bytes passed to the network at once; at most four chunks wait.
const CHUNK_BYTES: usize = 128 * 1024;
/// A client that reads nothing for this long is considered gone.
const CLIENT_TIMEOUT: Duration = Duration::from_mins(1);

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::post("/items/download", || web::route().to(submit_download)).in_space(Level::View),
        Route::get("/directories/{directory_id}/download", || web::route().to(send_directory))
            .in_space(Level::View),
        Route::get("/albums/{album}/download", || web::route().to(send_album))
            .in_space(Level::View),
    ]
}

/// Streams the selected items as a zip archive, which a blocking task writes while the response is sent.
async fn submit_download(current: CurrentUser, Form(form): Form<SelectedItems>) -> HandlerResult {
    let ids = form.ids()?;
    let auth_session = current.auth_session.clone();

    let chosen = run_blocking(&current.services, move |services| {
        let chosen = items::list_with_companions(services, &auth_session.user, &ids)?;
        space_members::ensure_visible(services, &auth_session, &chosen)?;
        Ok(chosen)
    })
    .await?;

    let user = current.user().clone();
    stream_archive(
        &current.services,
        current.archive_slot()?,
        "Nexus.zip",
        move |services, archive| {
            for item in &chosen {
                archive.add(item, "", || open_item::open(services, &user, item.id))?;
            }
            Ok(())
        },
    )
}

/// Streams a folder, with the folders below it, as a zip archive with its name.
async fn send_directory(current: CurrentUser, path: web::Path<String>) -> HandlerResult {
    let id = DirectoryId::parse(&path).ok_or(Error::NotFound)?;
    let auth_session = current.auth_session.clone();
    let tree = run_blocking(&current.services, move |services| {
        directory_contents::list_tree(services, &auth_session.user, id)
    })
    .await?;
    let root = tree.first().ok_or(Error::NotFound)?;
    let name = format!("{}.zip", root.label());

    let user = current.user().clone();
    stream_archive(&current.services, current.archive_slot()?, &name, move |services, archive| {
        archive.add_tree(
            &tree,
            |directory, after| directory_contents::list_items(services, &user, directory, after),
            |item| open_item::open(services, &user, item.id),
        )
    })
}

/// Streams the items of an album, in its order, as a zip archive with its name.
async fn send_album(current: CurrentUser, path: web::Path<String>) -> HandlerResult {
    let id = AlbumId::parse(&path).ok_or(Error::NotFound)?;
    let auth_session = current.auth_session.clone();
    let album = run_blocking(&current.services, move |services| {
        albums::find(services, &auth_session.user, id)
    })
    .await?;
    let name = format!("{}.zip", FileName::parse_or_unnamed(&album.name));
    let auth_session = current.auth_session.clone();
    stream_archive(&current.services, current.archive_slot()?, &name, move |services, archive| {
        archive.add_all(
            "",
            |after| album_page::list_items(services, &auth_session, id, after),
            // Others may have added some of the items.
            |item| {
                let (owner, item) = album_page::find_item(services, &auth_session, id, item.id)?;
                open_item::open(services, &owner, item.id)
            },
        )
    })
}

/// Streams an archive, which `fill` writes in a blocking task while the response is sent.
/// Takes `slot`, because few archives are written at once: each occupies a thread.
#[expect(clippy::unnecessary_wraps, reason = "it is what handlers end with")]
pub(crate) fn stream_archive(
    services: &Data<Services>,
    slot: impl Send + 'static,
    name: &str,
    fill: impl FnOnce(&Services, &mut Archive) -> io::Result<()> + Send + 'static,
) -> HandlerResult {
    // A bounded channel slows the writer down to the speed of the network.
    let (sender, receiver) = mpsc::channel(4);
    let services = services_arc(services);

    let language = current_language();
    tokio::task::spawn_blocking(move || {
        // Moved into the task, so that the slot is free again only when the archive is written.
        let _turn = slot;
        let write = || write_archive(&services, fill, sender);
        if let Err(cause) = run_with_language(language, write) {
            tracing::info!("an archive was not sent completely: {cause}");
        }
    });

    // If the archive fails midway, the body must break off rather than look complete.
    let body = stream::unfold(Some(receiver), |receiver| async move {
        let mut receiver: mpsc::Receiver<ArchiveMessage> = receiver?;
        match receiver.recv().await {
            Some(ArchiveMessage::Chunk(chunk)) => Some((Ok(chunk), Some(receiver))),
            Some(ArchiveMessage::End) => None,
            None => Some((Err(io::Error::other("the archive broke off")), None)),
        }
    });

    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/zip"))
        // `false`: the browser saves the file instead of showing it.
        .insert_header(content_disposition(name, false))
        .streaming(body))
}

/// What the archive writer sends to the response body.
enum ArchiveMessage {
    Chunk(Bytes),
    End,
}

/// A writer that sends chunks through a channel.
struct ChannelWriter {
    to: mpsc::Sender<ArchiveMessage>,
    gathered: Vec<u8>,
}

impl ChannelWriter {
    fn send(&mut self) -> io::Result<()> {
        let chunk = std::mem::take(&mut self.gathered);
        self.tell(ArchiveMessage::Chunk(chunk.into()))
    }

    fn tell(&self, message: ArchiveMessage) -> io::Result<()> {
        let sent = self.to.send_timeout(message, CLIENT_TIMEOUT);
        tokio::runtime::Handle::current()
            .block_on(sent)
            .map_err(|cause| io::Error::other(cause.to_string()))
    }
}

impl Write for ChannelWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= CHUNK_BYTES {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A zip archive that is being written.
pub(crate) struct Archive {
    zip: zip::ZipWriter<zip::write::StreamWriter<ChannelWriter>>,
    used_names: HashSet<String>,
    /// Items that could not be opened.
    missing: Vec<String>,
}

impl Archive {
    /// Adds an item in a folder of the archive, which ends with a slash, or at its top. One that cannot be opened, for
    /// example because its file is missing, does not end the download; its name is listed in `MISSING.txt`.
    pub(crate) fn add(
        &mut self,
        item: &Item,
        folder: &str,
        open: impl FnOnce() -> Result<Arc<FileSource>, Error>,
    ) -> io::Result<()> {
        let Ok(opened) = open() else {
            self.missing.push(format!("{folder}{}", item.name));
            return Ok(());
        };

        // Stored, not compressed: media files do not shrink.
        let options = SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored)
            // Files of about 4 GiB and more need Zip64; the threshold is 64 KiB below the limit of the older format.
            .large_file(item.bytes() >= u64::from(u32::MAX) - 65_536)
            .last_modified_time(archive_time(item))
            .unix_permissions(0o644);

        let name = unique_name(folder, &item.name, &mut self.used_names);
        self.zip.start_file(name, options).map_err(io::Error::other)?;
        io::copy(&mut io::BufReader::with_capacity(CHUNK_BYTES, opened.reader()), &mut self.zip)?;
        Ok(())
    }

    /// Adds all items of a list to a folder of the archive; `list` returns some of them after a position, and the position
    /// after these.
    pub(crate) fn add_all(
        &mut self,
        folder: &str,
        list: impl Fn(Option<&Cursor>) -> Result<(Vec<Item>, Option<Cursor>), Error>,
        open: impl Fn(&Item) -> Result<Arc<FileSource>, Error>,
    ) -> io::Result<()> {
        let mut after = None;
        loop {
            let (items, next) = list(after.as_ref()).map_err(io::Error::other)?;
            for item in &items {
                self.add(item, folder, || open(item))?;
            }

            after = next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// Adds folders with their items, which `list` returns as in [`Self::add_all`]. The first folder contains the others;
    /// paths in the archive begin with its name.
    pub(crate) fn add_tree(
        &mut self,
        tree: &[Directory],
        list: impl Fn(DirectoryId, Option<&Cursor>) -> Result<(Vec<Item>, Option<Cursor>), Error>,
        open: impl Fn(&Item) -> Result<Arc<FileSource>, Error>,
    ) -> io::Result<()> {
        let Some(root) = tree.first() else { return Ok(()) };
        let above = root.directory_path.len() - root.directory_name.len();
        for directory in tree {
            let path = directory.directory_path.get(above..).unwrap_or_default();
            let folder = format!("{path}/");
            self.add_folder(&folder)?;
            self.add_all(&folder, |after| list(directory.directory_id, after), &open)?;
        }
        Ok(())
    }

    fn add_folder(&mut self, folder: &str) -> io::Result<()> {
        let options = SimpleFileOptions::default().unix_permissions(0o755);
        self.zip.add_directory(portable(folder), options).map_err(io::Error::other)
    }
}

/// Writes a zip archive with what `fill` adds, and sends it through `to`. Items that cannot be opened are named in
/// `MISSING.txt`.
fn write_archive(
    services: &Arc<Services>,
    fill: impl FnOnce(&Services, &mut Archive) -> io::Result<()>,
    to: mpsc::Sender<ArchiveMessage>,
) -> io::Result<()> {
    let zip = zip::ZipWriter::new_stream(ChannelWriter { to, gathered: Vec::new() });
    let mut archive = Archive { zip, used_names: HashSet::new(), missing: Vec::new() };
    fill(services, &mut archive)?;
    let Archive { mut zip, missing, .. } = archive;

    if !missing.is_empty() {
        zip.start_file(
            "MISSING.txt",
            SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored),
        )
        .map_err(io::Error::other)?;
        zip.write_all(
            fill!("These files could not be added:\n{names}\n", names = missing.join("\n"))
                .as_bytes(),
        )?;
    }

    let mut writer = zip.finish().map_err(io::Error::other)?.into_inner();
    // The writer gathers bytes into chunks, so the last, incomplete chunk still has to be sent.
    writer.send()?;
    // Without this message, the body ends with an error.
    writer.tell(ArchiveMessage::End)
}

/// The date of an entry: when the item was taken, or otherwise added. The format has local times from 1980 to 2107.
fn archive_time(item: &Item) -> zip::DateTime {
    let convert = |at: Time| {
        let year = u16::try_from(at.year()).ok()?;
        let (month, day) = (u8::from(at.month()), at.day());
        zip::DateTime::from_date_and_time(year, month, day, at.hour(), at.minute(), at.second())
            .ok()
    };
    convert(item.shown_at.time()).or_else(|| convert(item.created_at)).unwrap_or_default()
}

/// Without the characters that Windows cannot have in a path.
fn portable(path: &str) -> String {
    path.chars().map(|c| if "<>:\"|?*".contains(c) { '_' } else { c }).collect()
}

/// Makes a path that no other entry has and that Windows can unpack.
fn unique_name(folder: &str, name: &str, taken: &mut HashSet<String>) -> String {
    let folder = portable(folder);
    let file_name = FileName::parse_or_unnamed(&portable(name));
    let mut number = 0;
    loop {
        let tried = format!("{folder}{}", file_name.numbered(number));
        if taken.insert(tried.to_lowercase()) {
            return tried;
        }
        number += 1;
    }
}
