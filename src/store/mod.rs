//! SQL statements, grouped by table. Statements about a user's rows take the owner.

pub mod album_items;
pub mod albums;
pub mod audit;
pub mod backup_rows;
pub mod directories;
pub mod duplicate_items;
pub mod file_moves;
pub mod findings;
pub mod item_annotations;
pub mod item_details;

pub mod item_lists;
pub mod item_places;
pub mod item_scans;
pub mod items;
mod keyset;
pub mod library_versions;
pub mod live_photos;
pub mod php_import;
pub mod preview_jobs;
pub mod search_words;
pub mod sessions;
pub mod shelf_counts;
pub mod site;
pub mod upload_reports;
pub mod uploads;
pub mod users;
pub mod word_range;
pub mod xmp_files;
