//! A user's library: items, directories, lists, search, trash.

pub(crate) mod capture_time;
pub mod create_directory;
pub mod dashboard;
pub mod directories;
pub mod directory_contents;
pub mod edit_details;
pub mod item_view;
pub mod items;
pub mod listings;
pub(crate) mod live_photos;
pub mod map;
pub mod music_albums;
pub mod open_item;
pub mod reader;
pub mod reindex;
pub mod search;
pub mod search_groups;
pub mod selection;
pub(crate) mod sidecars;
pub mod songs;
pub mod storage_use;
pub mod trash;
pub(crate) mod xmp_due;
pub mod xmp_files;
pub(crate) mod xmp_text;
