//! User folders: creating and removing them, and the avatars in them.

use super::file_location::FileLocation;
use super::media_dir::{
    AVATAR_FILE, MediaDir, STANDARD_DIRECTORIES, create_directory_at, folder_component,
};
use rustix::fs::{AtFlags, Mode};
use std::fs::File;
use std::io;

impl MediaDir {
    /// Creates a new user's folder with the standard directories and an avatar. Returns its name: the id with five
    /// digits, `FIRST_LAST`, and the first free three-digit number.
    ///
    /// # Errors
    /// Nothing is left behind.
    pub fn create_user_folder(
        &self,
        id: i64,
        first: &str,
        last: &str,
        icon: &str,
    ) -> io::Result<String> {
        for number in 1..=999 {
            let folder =
                format!("{id:05}_{}_{}{number:03}", ascii_capitals(first), ascii_capitals(last));
            // Fails for an existing folder, so that two processes cannot get the same one.
            match rustix::fs::mkdirat(&self.root, &folder, Mode::from_raw_mode(0o750)) {
                Ok(()) => {
                    let creation_result = self.create_standard_directories(&folder, icon);
                    if creation_result.is_err() {
                        self.remove_user_folder(&folder);
                    }
                    return creation_result.map(|()| folder);
                }
                Err(rustix::io::Errno::EXIST) => {}
                Err(cause) => return Err(cause.into()),
            }
        }

        Err(io::Error::new(io::ErrorKind::AlreadyExists, "a thousand folders of that name"))
    }

    /// Creates a user folder with this name and its standard directories; existing ones are kept.
    ///
    /// # Errors
    /// `InvalidInput` for an invalid name.
    pub fn recreate_user_folder(&self, folder: &str) -> io::Result<()> {
        create_directory_at(&self.root, folder_component(folder)?, Mode::from_raw_mode(0o750))?;
        let user_folder = self.open_user_folder(folder)?;
        for name in STANDARD_DIRECTORIES {
            create_directory_at(&user_folder, name, Mode::from_raw_mode(0o750))?;
        }
        Ok(())
    }

    fn create_standard_directories(&self, folder: &str, icon: &str) -> io::Result<()> {
        self.recreate_user_folder(folder)?;
        self.write_avatar(folder, icon)?;
        rustix::fs::fsync(&self.root)?;
        Ok(())
    }

    /// Removes a user folder that was just created, if it is still empty.
    pub fn remove_user_folder(&self, folder: &str) {
        let Ok(user_folder) = self.open_user_folder(folder) else { return };
        let _ = rustix::fs::unlinkat(&user_folder, AVATAR_FILE, AtFlags::empty());
        for name in STANDARD_DIRECTORIES {
            let _ = rustix::fs::unlinkat(&user_folder, name, AtFlags::REMOVEDIR);
        }
        let _ = rustix::fs::unlinkat(&self.root, folder, AtFlags::REMOVEDIR);
    }

    /// Replaces a user's avatar atomically and durably: writes the icon to a temporary file in the folder of incoming
    /// files, then renames it into the user folder.
    pub fn write_avatar(&self, folder: &str, icon: &str) -> io::Result<()> {
        use std::io::Write;
        let temporary = FileLocation::incoming(&format!("icon-{}", uuid::Uuid::now_v7().simple()));
        let mut file = self.create_file(&temporary)?;
        let written =
            file.write_all(icon.as_bytes()).and_then(|()| file.sync_all()).and_then(|()| {
                let user_folder = self.open_user_folder(folder)?;
                let from = self.open_directory(&temporary)?;
                rustix::fs::renameat(&from, temporary.name(), &user_folder, AVATAR_FILE)?;
                Ok(rustix::fs::fsync(&user_folder)?)
            });
        // The error of writing is the one returned, so a failed removal is ignored.
        if written.is_err() {
            drop(self.remove_file(&temporary));
        }
        written
    }

    /// Opens a user's avatar.
    pub fn open_avatar(&self, folder: &str) -> io::Result<File> {
        self.open_file(&FileLocation::new(folder, "", AVATAR_FILE))
    }
}

/// Transliterates a name to capital ASCII letters: `José María` becomes `JOSE_MARIA`.
fn ascii_capitals(name: &str) -> String {
    let ascii = deunicode::deunicode(name).to_ascii_uppercase();
    let words = ascii.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let joined = words.collect::<Vec<_>>().join("_");
    let short: String = joined.chars().take(60).collect();
    if short.is_empty() { "X".into() } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_names_are_capital_ascii_whatever_the_alphabet() {
        assert_eq!(ascii_capitals("José María"), "JOSE_MARIA");
        assert_eq!(ascii_capitals("O'Brien-Smith"), "O_BRIEN_SMITH");
        assert_eq!(ascii_capitals("../.."), "X");
        assert!(ascii_capitals("北京").chars().all(|c| c.is_ascii_uppercase() || c == '_'));
    }
}
