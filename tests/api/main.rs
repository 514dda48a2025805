//! API tests: a real server on a free port, a real HTTP client, each test on both databases.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on fails"
)]

#[path = "../support/clamd.rs"]
mod clamd;
mod database_template;
#[path = "../support/mariadb.rs"]
mod mariadb;
#[path = "../support/rows.rs"]
mod rows;
#[path = "../support/samples.rs"]
mod samples;
mod support;

mod access;
mod account;
mod account_recovery;
mod admin_users;
mod album_comments;
mod albums;
mod audit;
mod backup;
mod base_path;
mod cases;
mod check;
mod connections;
mod crash_recovery;
mod directories;
mod documents;
mod edit_details;
mod external_changes;
mod file_requests;
mod first_run;
mod headers;
mod held_requests;
mod hostile;
mod import;
mod items;
mod library_versions;
mod live_photos;
mod login;
mod media;
mod metrics;
mod names;
mod places;
mod previews;
mod proxy;
mod query_plans;
mod rate_limits;
mod register;
mod rest_auth;
mod rest_media;
mod rest_rules;
mod resumable;
mod scanning;
mod search;
mod sent_dates;
mod share_links;
mod sharing;
mod sharing_groups;
mod sharing_limits;
mod shelves;
mod sidecars;
mod spaces;
mod storage;
mod trash;
mod upload;
mod users_file;
mod xmp_files;
