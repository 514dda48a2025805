//! What users share with others: grants, share links, groups, and what is reached through them.

pub mod access;
pub mod activity_position;
pub mod album_comments;
pub mod file_requests;
pub mod grant_marks;
pub mod grantees;
pub mod grants;
pub mod groups;
mod library_grants;
pub mod notifications;
pub mod people;
pub mod received_files;
mod share_link_address;
pub mod share_link_ends;
pub mod share_link_lists;
pub mod share_link_visits;
pub mod share_links;
pub mod shared_albums;
pub mod shared_content;
pub mod shared_lists;
pub mod shared_timeline;
pub mod shared_uploads;
pub mod space_members;
