//! The tables of what users share, and of their groups and notifications.

use super::schema::{album_items, users};

diesel::table! {
    user_groups (id) {
        id -> Binary,
        name -> Text,
        name_key -> Text,
        created_by -> Nullable<BigInt>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    user_group_members (group_id, user_id) {
        group_id -> Binary,
        user_id -> BigInt,
        is_manager -> Bool,
        joined_at -> Timestamp,
    }
}

diesel::table! {
    grants (id) {
        id -> Binary,
        owner_id -> BigInt,
        created_by -> Nullable<BigInt>,
        album_id -> Nullable<Binary>,
        directory_id -> Nullable<Binary>,
        item_id -> Nullable<Binary>,
        user_id -> Nullable<BigInt>,
        group_id -> Nullable<Binary>,
        subject_key -> Text,
        grantee_key -> Text,
        level -> Text,
        gives -> Text,
        note -> Text,
        ends_at -> Nullable<Timestamp>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    grant_marks (grant_id, user_id) {
        grant_id -> Binary,
        user_id -> BigInt,
        seen_at -> Nullable<Timestamp>,
        left_at -> Nullable<Timestamp>,
        in_timeline -> Bool,
    }
}

diesel::table! {
    notifications (id) {
        id -> Binary,
        user_id -> BigInt,
        kind -> Text,
        merge_key -> Text,
        actor -> Text,
        title -> Text,
        href -> Text,
        times -> BigInt,
        is_seen -> Bool,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    item_senders (item_id) {
        item_id -> Binary,
        user_id -> BigInt,
        sent_at -> Timestamp,
        is_trusted -> Bool,
    }
}

diesel::table! {
    share_links (id) {
        id -> Binary,
        owner_id -> BigInt,
        token_hash -> Text,
        token_version -> Integer,
        generation -> Integer,
        album_id -> Nullable<Binary>,
        directory_id -> Nullable<Binary>,
        item_id -> Nullable<Binary>,
        subject_key -> Text,
        title -> Text,
        message -> Text,
        password -> Nullable<Text>,
        gives -> Text,
        keeps_location -> Bool,
        shows_details -> Bool,
        ends_at -> Nullable<Timestamp>,
        ended_at -> Nullable<Timestamp>,
        max_visits -> Nullable<BigInt>,
        visits -> BigInt,
        downloads -> BigInt,
        last_visit_at -> Nullable<Timestamp>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        uploads -> Text,
        needs_review -> Bool,
        max_bytes -> BigInt,
        max_files -> BigInt,
        received_bytes -> BigInt,
        received_files -> BigInt,
        slug -> Nullable<Text>,
    }
}

diesel::table! {
    received_files (item_id) {
        item_id -> Binary,
        user_id -> BigInt,
        link_id -> Nullable<Binary>,
        album_id -> Nullable<Binary>,
        sender -> Text,
        is_accepted -> Bool,
        received_at -> Timestamp,
    }
}

diesel::joinable!(user_group_members -> user_groups (group_id));
diesel::joinable!(user_group_members -> users (user_id));
diesel::allow_tables_to_appear_in_same_query!(user_group_members, user_groups, users);

diesel::table! {
    album_comments (id) {
        id -> Binary,
        album_id -> Binary,
        item_id -> Nullable<Binary>,
        user_id -> BigInt,
        text -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    album_hearts (album_id, item_id, user_id) {
        album_id -> Binary,
        item_id -> Binary,
        user_id -> BigInt,
        created_at -> Timestamp,
    }
}

diesel::joinable!(album_comments -> users (user_id));
diesel::joinable!(album_hearts -> users (user_id));
diesel::allow_tables_to_appear_in_same_query!(album_comments, album_hearts, album_items, users);
