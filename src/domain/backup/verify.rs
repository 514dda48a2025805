//! Verifies a backup: every part and every content against its hash.

use std::collections::{BTreeMap, BTreeSet};

use super::set::BackupSet;
use crate::error::Result;
use crate::storage::BackupRepository;

/// The result of verifying.
pub struct BackupVerification {
    pub name: String,
    pub files: u64,
    pub bytes: u64,
    /// Distinct contents that were checked, including missing ones.
    pub contents: u64,
    /// Parts and files that are missing or damaged, with the reason.
    pub broken: Vec<(String, &'static str)>,
}

/// Verifies a whole set; `is_quick` compares only the lengths of contents. A content with a wrong hash is renamed, so
/// that the next backup copies it again. If a table or list is damaged, contents are not checked.
pub fn verify(
    repository: &BackupRepository,
    set: &BackupSet,
    is_quick: bool,
    on_progress: &mut dyn FnMut(u64),
) -> Result<BackupVerification> {
    let mut broken: Vec<_> =
        set.broken_parts().into_iter().map(|part| (part, "is not as it was written")).collect();
    let mut verified = BackupVerification {
        name: set.name.clone(),
        files: 0,
        bytes: 0,
        contents: 0,
        broken: Vec::new(),
    };

    if broken.is_empty() {
        // Many files share a content: verify each once.
        let (mut sound, mut unsound) = (BTreeSet::new(), BTreeMap::new());

        set.each_file(|line| {
            verified.files += 1;
            verified.bytes += line.size;

            if !sound.contains(&line.sha256) && !unsound.contains_key(&line.sha256) {
                let problem = if !repository.has_object(&line.sha256, line.size) {
                    Some("is gone, or has another length")
                } else if !is_quick && !repository.verify_object(&line.sha256)? {
                    Some("is damaged")
                } else {
                    None
                };

                verified.contents += 1;
                on_progress(verified.contents);

                // The result is remembered for the other files with this content.
                match problem {
                    // `drop` discards what `insert` returns, so that both arms have the same type.
                    Some(why) => drop(unsound.insert(line.sha256.clone(), why)),
                    None => drop(sound.insert(line.sha256.clone())),
                }
            }

            // Every file of a damaged content is listed.
            if let Some(why) = unsound.get(&line.sha256) {
                broken.push((line.path(), *why));
            }
            Ok(())
        })?;
    }

    verified.broken = broken;
    Ok(verified)
}
