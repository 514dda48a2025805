//! Removes what a stopped server left behind.

use std::io;

use rustix::fs::AtFlags;

use super::file_location::FileLocation;
use super::media_dir::MediaDir;

impl MediaDir {
    /// Removes files that were being received or deleted when the server stopped, and returns their number. No received
    /// file was acknowledged.
    pub fn sweep_incoming(&self) -> io::Result<usize> {
        self.sweep(&FileLocation::incoming("x"), |_| false)
    }

    /// Removes resumable uploads that have no row. Returns their number.
    pub fn sweep_uploads(&self, is_needed: impl Fn(&str) -> bool) -> io::Result<usize> {
        self.sweep(&FileLocation::upload(uuid::Uuid::nil()), is_needed)
    }

    /// Removes the files in the folder of `location` whose name `is_needed` does not accept, and returns their number.
    /// The name in the location is ignored.
    fn sweep(
        &self,
        location: &FileLocation,
        is_needed: impl Fn(&str) -> bool,
    ) -> io::Result<usize> {
        let directory = self.open_directory(location)?;

        let mut swept = 0;
        for entry in rustix::fs::Dir::read_from(&directory)? {
            let entry = entry?;
            let name = entry.file_name();

            // A name that is not UTF-8 is never needed, because the server does not give such names.
            if name == c"." || name == c".." || name.to_str().is_ok_and(&is_needed) {
                continue;
            }

            match rustix::fs::unlinkat(&directory, name, AtFlags::empty()) {
                Ok(()) => swept += 1,
                // Removing a directory fails with one of these errors. The server creates no directories here.
                Err(rustix::io::Errno::ISDIR | rustix::io::Errno::PERM) => {
                    tracing::warn!(
                        ?name,
                        "unexpected entry in the folder of incoming files; left alone"
                    );
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
    fn leftovers_of_unfinished_uploads_are_removed() {
        let root = tempfile::tempdir().unwrap();
        let tree = MediaDir::open(root.path()).unwrap();
        tree.create_file(&FileLocation::incoming("half")).unwrap();
        assert_eq!(tree.sweep_incoming().unwrap(), 1);
        assert_eq!(tree.sweep_incoming().unwrap(), 0);
    }
}
