//! Clearing up in the tree what a server that was stopped left on its way in.

use std::io;

use rustix::fs::AtFlags;

use super::file_location::FileLocation;
use super::media_dir::MediaDir;

impl MediaDir {
    /// Takes away what was on its way in when the server stopped: none of it was acknowledged.
    /// Returns how many files that were.
    ///
    /// # Errors
    /// The system's.
    pub fn sweep_incoming(&self) -> io::Result<usize> {
        self.sweep(&FileLocation::incoming("x"), |_| false)
    }

    /// Takes away resumable uploads that nobody knows of. Returns how many files that were.
    ///
    /// # Errors
    /// The system's.
    pub fn sweep_uploads(&self, is_wanted: impl Fn(&str) -> bool) -> io::Result<usize> {
        self.sweep(&FileLocation::upload(uuid::Uuid::nil()), is_wanted)
    }

    fn sweep(&self, beside: &FileLocation, is_wanted: impl Fn(&str) -> bool) -> io::Result<usize> {
        let directory = self.open_directory(beside)?;
        let mut swept = 0;
        for entry in rustix::fs::Dir::read_from(&directory)? {
            let entry = entry?;
            let name = entry.file_name();
            if name == c"." || name == c".." || name.to_str().is_ok_and(&is_wanted) {
                continue;
            }
            match rustix::fs::unlinkat(&directory, name, AtFlags::empty()) {
                Ok(()) => swept += 1,
                // Not ours: we put no directories there.
                Err(rustix::io::Errno::ISDIR | rustix::io::Errno::PERM) => {
                    tracing::warn!("{name:?} among the incoming files is not ours and was left alone");
                }
                Err(cause) => return Err(cause.into()),
            }
        }
        Ok(swept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_on_its_way_in_is_swept_away() {
        let root = tempfile::tempdir().unwrap();
        let tree = MediaDir::open(root.path()).unwrap();
        tree.create_file(&FileLocation::incoming("half")).unwrap();
        assert_eq!(tree.sweep_incoming().unwrap(), 1);
        assert_eq!(tree.sweep_incoming().unwrap(), 0);
    }
}
