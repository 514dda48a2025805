//! Decides what happens to each file of a batch: a new item, or a duplicate of an existing one.

use crate::db::Conn;
use crate::domain::file_moves::MovePlan;
use crate::domain::library::capture_time::{self, FileFacts};
use crate::domain::library::{create_directory, open_item};
use crate::error::{Error, Result};
use crate::media::Metadata;
use crate::media::kind::Sniffed;
use crate::media::sniff::sniff;
use crate::model::authority::FileSender;
use crate::model::finding::FindingState;
use crate::model::item::{ItemKind, NewItem};
use crate::model::item_annotations::Annotations;
use crate::model::{Directory, Item, ItemId, Placement, PreviewState, UploadId, User, now};
use crate::msg;
use crate::state::Services;
use crate::state::ingest_queue::IngestRequest;
use crate::storage::file_name::sort_key;
use crate::storage::{FileLocation, FileName, ReceivedFile};
use crate::store;
use std::collections::HashMap;

/// What to do with one file of a batch.
pub(super) enum IngestPlan {
    New {
        id: ItemId,
        found: Sniffed,
    },
    /// The same bytes as this item.
    Same(Box<Item>),
    /// The same bytes as that file of the batch.
    AsNew(usize),
}

/// Decides for each request whether it becomes a new item or is a duplicate, and returns these decisions with the moves
/// of the new files. For a duplicate of an existing item, its upload is finished here.
pub(super) fn plan_batch(
    services: &Services,
    conn: &mut Conn,
    user: &User,
    requests: &[&IngestRequest],
) -> Result<(Vec<IngestPlan>, Vec<MovePlan>)> {
    let (mut plans, mut moves) = (Vec::new(), Vec::new());

    let mut firsts: HashMap<(&str, u64), usize> = HashMap::new();
    for (index, request) in requests.iter().enumerate() {
        let received = &request.received;
        // A quarantined file must not be released if another admin has decided about it meanwhile.
        if let Some((finding, _)) = &request.released
            && store::findings::find(conn, *finding)?
                .is_none_or(|current_finding| current_finding.state != FindingState::Quarantined)
        {
            return Err(already_decided_error());
        }

        // Same bytes: either an existing item, or an earlier file of this batch. Empty files have nothing in common but
        // their emptiness.
        if !request.keep_duplicates && received.size > 0 {
            if let Some(same) = find_same(services, conn, user, received)? {
                if let Some(upload) = request.upload {
                    // `true`: the upload is recorded as a duplicate.
                    finish_upload(conn, user, upload, same.id, true, received)?;
                }
                plans.push(IngestPlan::Same(Box::new(same)));
                continue;
            }
            if let Some(first) = firsts.get(&(received.sha256.as_str(), received.size)) {
                // `AsNew` holds the index of the earlier request, whose item this one shares.
                plans.push(IngestPlan::AsNew(*first));
                continue;
            }
        }

        // The file of a visitor may not be accepted, so nobody else's file becomes the same item.
        if !matches!(request.sender, FileSender::Visitor { .. }) {
            firsts.entry((received.sha256.as_str(), received.size)).or_insert(index);
        }
        let name = FileName::parse_or_unnamed(&request.name);
        let (id, found) = (ItemId::new(), sniff(&received.head, name.as_str()));

        // The kind decides about the standard directory.
        let to = FileLocation::new(
            &user.folder,
            &target_directory(services, conn, user, request, &found)?.directory_path,
            name.as_str(),
        );

        moves.push(MovePlan {
            subject: id.0,
            from: received.location().clone(),
            to,
            wanted_name: name,
            can_rename: true,
        });
        plans.push(IngestPlan::New { id, found });
    }
    Ok((plans, moves))
}

/// Finds the owner's item with the same bytes and an intact file. Marks items whose files are not intact as missing.
fn find_same(
    services: &Services,
    conn: &mut Conn,
    user: &User,
    received: &ReceivedFile,
) -> Result<Option<Item>> {
    let size = i64::try_from(received.size).map_err(Error::internal)?;
    while let Some(same) = store::items::find_same_bytes(conn, user.id, &received.sha256, size)? {
        if open_item::is_whole(services, conn, user, &same)? {
            return Ok(Some(same));
        }
        // Items marked as missing are not found by the next query.
        store::items::update_missing(conn, user.id, same.id, true)?;
    }
    Ok(None)
}

/// Returns the directory a file goes to: the requested one if it is the user's own, otherwise the standard directory
/// for the kind of the file.
pub(super) fn target_directory(
    services: &Services,
    conn: &mut Conn,
    user: &User,
    request: &IngestRequest,
    found: &Sniffed,
) -> Result<Directory> {
    let standard_path = ItemKind::from(found.kind).folder();
    let Some(id) = request.directory else {
        return create_directory::ensure(services, conn, user, standard_path);
    };

    match store::directories::find(conn, user.id, id)? {
        Some(chosen) if !chosen.is_standard() => Ok(chosen),
        // A standard directory accepts one kind only, so the one for the kind of this file is taken.
        Some(_) => create_directory::ensure(services, conn, user, standard_path),
        // If the directory was deleted during the upload, the file is still stored.
        None if request.upload.is_some() => {
            create_directory::ensure(services, conn, user, standard_path)
        }
        None => Err(Error::field("directory", msg!("Choose one of your folders."))),
    }
}

/// Builds the row of a new item in `directory`, under the name that its file got on disk.
pub(super) fn new_item(
    services: &Services,
    user: &User,
    id: ItemId,
    request: &IngestRequest,
    found: &Sniffed,
    directory: &Directory,
    name: &FileName,
) -> Result<NewItem> {
    let (at, kind, stored) =
        (request.created_at.unwrap_or_else(now), ItemKind::from(found.kind), name.as_str());

    // Until the metadata is read, the name and the sender's date of the file say when it was taken.
    let facts = FileFacts {
        name: stored,
        kind,
        file_modified: request.file_modified,
        uploaded_at: at,
        duration_ms: None,
        from_former_name: None,
    };
    let taken = capture_time::decide(
        &facts,
        &Metadata::default(),
        &Annotations::default(),
        &services.time_zone(user),
    );

    Ok(NewItem {
        id,
        user_id: user.id,
        directory_id: directory.directory_id,
        name: stored.to_owned(),
        name_key: sort_key(stored),
        disk_name: stored.to_owned(),
        kind,
        shelf: kind.shelf(),
        mime: found.mime.to_owned(),
        size: i64::try_from(request.received.size).map_err(Error::internal)?,
        sha256: request.received.sha256.clone(),
        favorite: false,
        is_missing: false,
        placement: Placement::Library,
        shown_at: taken.at,
        taken_offset: taken.offset,
        taken_source: taken.source,
        taken_precision: taken.precision,
        file_modified: request.file_modified,
        preview: PreviewState::initial(found.mime),
        recent_at: at,
        scan: request.scan,
        created_at: at,
        updated_at: at,
    })
}

/// The error for the second of two admins who decide at once.
pub(crate) fn already_decided_error() -> Error {
    Error::Conflict(msg!("Already handled").into())
}

/// How long the result of a finished upload can be queried.
const FINISHED_RETENTION: time::Duration = time::Duration::days(1);

/// Records which item a resumable upload has become, and releases the bytes that were reserved for it in the user's
/// quota.
pub(super) fn finish_upload(
    conn: &mut Conn,
    user: &User,
    upload: UploadId,
    item: ItemId,
    is_duplicate: bool,
    received: &ReceivedFile,
) -> Result<()> {
    if store::uploads::update_finished(
        conn,
        user.id,
        upload,
        item,
        is_duplicate,
        now() + FINISHED_RETENTION,
    )? == 0
    {
        // A batch that is retried may have recorded it already.
        let upload_row = store::uploads::find(conn, user.id, upload)?;
        if upload_row.is_some_and(|upload_row| upload_row.item_id == Some(item)) {
            return Ok(());
        }
        return Err(Error::Conflict(msg!("This upload is finished already.").into()));
    }

    // What visitors send was not reserved.
    let is_reserved =
        store::uploads::find(conn, user.id, upload)?.is_some_and(|row| row.link_id.is_none());
    if is_reserved {
        let size = i64::try_from(received.size).map_err(Error::internal)?;
        store::users::update_subtract_reserved(conn, user.id, size)?;
    }
    Ok(())
}
