//! Library pages: lists, items, folders, downloads, trash.

pub mod add_to_album;
pub mod album_actions;
pub mod album_arrange;
pub mod album_head;
pub mod albums;
pub mod content;
pub mod dashboard;
pub mod directories;
pub mod directory_page;
pub mod download_zip;
pub mod edit_details;
pub mod headings;
pub mod item;
pub mod item_actions;
pub mod list_options;
pub mod malware_notice;
pub mod map;
pub mod metadata;
pub mod move_items;
pub mod music_albums;
pub mod search;
pub mod shared_head;
pub mod shelf;
pub mod shelf_pages;
mod shelf_texts;
pub mod timeline;
pub mod trash;
