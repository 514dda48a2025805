//! Receives the bytes of one file of a multipart upload within their limits.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::Stream;
use prometheus::IntCounter;

use super::stream::{ByteSink, StreamEnd, copy_stream};
use crate::error::{Error, Result};
use crate::fill;
use crate::state::Services;
use crate::state::quota_holds::{self, QuotaHold};
use crate::storage::{IncomingFile, MediaDir, ReceivedFile};
use crate::sync::run_on_blocking_pool;

/// Writes one file within its limits.
struct IncomingSink {
    received_bytes: IntCounter,
    tree: Arc<MediaDir>,
    incoming: IncomingFile,
    limit: u64,
    hold: Arc<QuotaHold>,
    /// Bytes of earlier files in the same request.
    before: u64,
    size: u64,
}

impl ByteSink for IncomingSink {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.size += bytes.len() as u64;
        self.received_bytes.inc_by(bytes.len() as u64);
        if self.size > self.limit {
            return Err(Error::TooLarge { limit: self.limit });
        }
        self.hold.extend_to(self.before + self.size)?;
        quota_holds::ensure_disk_space(&self.tree, self.incoming.unallocated(bytes.len() as u64))?;
        Ok(self.incoming.write(bytes)?)
    }
}

/// Receives one file; `before` is the number of bytes of earlier files in the same request, `limit` the
/// most bytes of this one.
/// If it fails, nothing remains.
pub(super) async fn receive<S, E>(
    services: &Arc<Services>,
    hold: &Arc<QuotaHold>,
    (before, limit): (u64, u64),
    bytes: S,
) -> Result<ReceivedFile>
where
    S: Stream<Item = std::result::Result<Bytes, E>> + Unpin,
    E: std::fmt::Display,
{
    let (tree, hold) = (services.media_dir.clone(), hold.clone());
    let received_bytes = services.metrics.upload_bytes.clone();
    let sink = run_on_blocking_pool(move || {
        Ok(IncomingSink {
            received_bytes,
            incoming: IncomingFile::create(tree.clone())?,
            tree,
            limit,
            hold,
            before,
            size: 0,
        })
    })
    .await?;

    match copy_stream(sink, bytes, &services.large_chunks).await? {
        (sink, StreamEnd::Whole) => Ok(sink.incoming.finish()),
        // `BadRequest` means that the sender stopped; the message adds that nothing of this file was kept.
        (_, StreamEnd::Broken(Error::BadRequest(why))) => {
            Err(Error::BadRequest(fill!("{why} Nothing of it was kept.", why = why)))
        }
        (_, StreamEnd::Broken(error)) => Err(error),
    }
}
