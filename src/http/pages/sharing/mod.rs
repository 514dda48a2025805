//! Pages of what users share: lists, albums and folders of others, the form that shares something, groups, notifications.

pub mod album_activity;
pub mod groups;
pub mod link_form;
pub mod links;
pub mod notifications;
pub mod received;
pub mod share;
mod share_subject;
pub mod shared_actions;
pub mod shared_archives;
pub mod shared_item;
pub mod shared_list;
pub mod shared_media;
pub mod shared_page;
pub mod shared_upload;
pub mod spaces;
