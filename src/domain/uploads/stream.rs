//! Copies incoming bytes: one chunk is hashed and written while the next one arrives.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use tokio::sync::Semaphore;

use crate::error::{Error, Result};
use crate::{fill, msg};

/// Bytes collected before they are hashed and written, for the first uploads at once.
const LARGE_CHUNK: usize = 512 * 1024;
/// The same for all others. An upload whose client is silent keeps as many in memory.
const SMALL_CHUNK: usize = 16 * 1024;
/// Room for the last piece, which may exceed the chunk.
const MAX_PIECE: usize = 8 * 1024;
/// A sender that is silent for this long is considered gone.
pub const UPLOAD_IDLE_TIMEOUT: Duration = Duration::from_mins(1);

/// Receives bytes on the blocking pool.
pub(crate) trait ByteSink: Send + 'static {
    fn write(&mut self, bytes: &[u8]) -> Result<()>;
}

/// How a stream ended.
pub(crate) enum StreamEnd {
    Whole,
    /// Midway; the sink has received everything before.
    Broken(Error),
}

/// Copies a stream into a sink. At most two chunks are in memory, and no thread waits for the network. `large_chunks` are the
/// permits for chunks that are fast to write; streams without one use small chunks until one is free.
///
/// # Errors
/// Those of the sink.
pub(crate) async fn copy_stream<K, S, E>(
    sink: K,
    mut bytes: S,
    large_chunks: &Arc<Semaphore>,
) -> Result<(K, StreamEnd)>
where
    K: ByteSink,
    S: Stream<Item = std::result::Result<Bytes, E>> + Unpin,
    E: Display,
{
    // The sink is either here, before the first write, or owned by the task that writes the latest chunk.
    let mut idle = Some(sink);
    let mut writing: Option<tokio::task::JoinHandle<Result<K>>> = None;
    let mut gathered = BytesMut::new();
    let mut permit = large_chunks.clone().try_acquire_owned().ok();

    // While one chunk is hashed and written, the next one arrives.
    let ended = loop {
        let chunk_bytes = if permit.is_some() { LARGE_CHUNK } else { SMALL_CHUNK };
        let ended = match tokio::time::timeout(UPLOAD_IDLE_TIMEOUT, bytes.next()).await {
            Ok(Some(Ok(chunk))) => {
                // At once and not by doubling, which would take twice the memory.
                if permit.is_none() && gathered.capacity() == 0 {
                    gathered.reserve(SMALL_CHUNK + MAX_PIECE);
                }
                gathered.extend_from_slice(&chunk);
                None
            }
            Ok(None) => Some(StreamEnd::Whole),
            Ok(Some(Err(cause))) => Some(StreamEnd::Broken(Error::BadRequest(fill!(
                "The upload broke off: {cause}.",
                cause = cause
            )))),
            Err(_) => Some(StreamEnd::Broken(Error::BadRequest(
                msg!("The upload stopped half-way.").into(),
            ))),
        };

        // Small pieces from the network are collected into chunks.
        if gathered.len() >= chunk_bytes || (ended.is_some() && !gathered.is_empty()) {
            let mut sink = idle_sink(&mut idle, &mut writing).await?;
            let chunk = std::mem::take(&mut gathered);
            writing = Some(tokio::task::spawn_blocking(move || sink.write(&chunk).map(|()| sink)));
            permit = permit.or_else(|| large_chunks.clone().try_acquire_owned().ok());
            if permit.is_some() {
                gathered.reserve(LARGE_CHUNK + MAX_PIECE);
            }
        }

        if let Some(ended) = ended {
            break ended;
        }
    };
    Ok((idle_sink(&mut idle, &mut writing).await?, ended))
}

/// The sink, after it has written the previous chunk.
async fn idle_sink<K>(
    idle: &mut Option<K>,
    writing: &mut Option<tokio::task::JoinHandle<Result<K>>>,
) -> Result<K> {
    match writing.take() {
        Some(task) => task.await.map_err(Error::internal)?,
        None => idle.take().ok_or_else(|| Error::internal("two writers")),
    }
}
