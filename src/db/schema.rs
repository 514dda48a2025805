//! The tables of both databases. The columns are documented in `model`.

diesel::table! {
    site (id) {
        id -> Integer,
        has_admin -> Bool,
        admin_changes -> BigInt,
        restoring -> Nullable<Text>,
        clock_noted_at -> Nullable<Timestamp>,
        index_version -> Integer,
    }
}

diesel::table! {
    users (id) {
        id -> BigInt,
        firstname -> Text,
        lastname -> Text,
        username -> Text,
        email -> Text,
        password -> Text,
        contact_number -> Nullable<Text>,
        address -> Nullable<Text>,
        access_level -> Text,
        status -> Text,
        status_since -> Timestamp,
        access_code -> Nullable<Text>,
        access_code_expires -> Nullable<Timestamp>,
        session_token -> Nullable<Text>,
        folder -> Text,
        quota_bytes -> BigInt,
        used_bytes -> BigInt,
        theme -> Text,
        single_keys -> Bool,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        origin -> Text,
        reserved_bytes -> BigInt,
        login_email -> Nullable<Text>,
        time_zone -> Nullable<Text>,
        language -> Nullable<Text>,
        kind -> Text,
        shows_others -> Bool,
    }
}

diesel::table! {
    session_tokens (id) {
        id -> BigInt,
        user_id -> BigInt,
        session_token -> Text,
        expiration -> Timestamp,
        status -> Text,
        created_at -> Timestamp,
        last_seen -> Timestamp,
        address -> Text,
        device -> Text,
        kind -> Text,
        name -> Text,
        scopes -> Text,
        family -> Nullable<Text>,
    }
}

diesel::table! {
    spent_tokens (session_token) {
        session_token -> Text,
        session_id -> BigInt,
    }
}

diesel::table! {
    user_directories (id) {
        id -> BigInt,
        user_id -> BigInt,
        directory_id -> Binary,
        parent_id -> Nullable<Binary>,
        directory_name -> Text,
        directory_path -> Text,
        username -> Text,
        date_added -> Timestamp,
        last_modified -> Timestamp,
        last_accessed -> Timestamp,
    }
}

diesel::table! {
    media_items (id) {
        id -> Binary,
        user_id -> BigInt,
        directory_id -> Binary,
        name -> Text,
        name_key -> Text,
        disk_name -> Text,
        kind -> Text,
        shelf -> Text,
        mime -> Text,
        size -> BigInt,
        sha256 -> Text,
        favorite -> Bool,
        is_missing -> Bool,
        placement -> SmallInt,
        trashed_at -> Nullable<Timestamp>,
        trashed_from -> Nullable<Text>,
        recent_at -> Timestamp,
        width -> Nullable<Integer>,
        height -> Nullable<Integer>,
        duration_ms -> Nullable<BigInt>,
        scan -> Text,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        scanned_with -> Text,
        is_damaged -> Bool,
        shown_at -> BigInt,
        taken_offset -> Nullable<SmallInt>,
        preview -> Text,
        placeholder -> Nullable<Text>,
        taken_source -> Text,
        taken_precision -> Text,
        file_modified -> Nullable<BigInt>,
        motion_start -> Nullable<BigInt>,
        motion_bytes -> Nullable<BigInt>,
        content_id -> Nullable<Text>,
        motion_item -> Nullable<Binary>,
    }
}

diesel::table! {
    findings (id) {
        id -> Binary,
        user_id -> BigInt,
        name -> Text,
        directory_path -> Text,
        size -> BigInt,
        sha256 -> Text,
        signature -> Text,
        state -> Text,
        is_seen -> Bool,
        found_at -> Timestamp,
        decided_at -> Nullable<Timestamp>,
        decided_by -> Nullable<Text>,
        sent_by -> Nullable<BigInt>,
        received_from -> Nullable<Text>,
        is_accepted -> Bool,
    }
}

diesel::table! {
    shelf_counts (user_id, shelf) {
        user_id -> BigInt,
        shelf -> Text,
        items -> BigInt,
        bytes -> BigInt,
    }
}

diesel::table! {
    file_moves (id) {
        id -> Binary,
        user_id -> BigInt,
        subject -> Binary,
        from_directory -> Text,
        from_name -> Text,
        to_directory -> Text,
        to_name -> Text,
        started_at -> Timestamp,
    }
}

diesel::table! {
    upload_reports (id) {
        id -> Binary,
        user_id -> BigInt,
        rows_json -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    uploads (id) {
        id -> Binary,
        user_id -> BigInt,
        name -> Text,
        directory_id -> Nullable<Binary>,
        keeps_both -> Bool,
        metadata -> Text,
        size -> BigInt,
        received -> BigInt,
        hash_state -> Binary,
        item_id -> Nullable<Binary>,
        is_duplicate -> Bool,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        file_modified -> Nullable<BigInt>,
        link_id -> Nullable<Binary>,
        sender -> Text,
        sender_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    albums (id) {
        id -> Binary,
        user_id -> BigInt,
        parent_id -> Nullable<Binary>,
        kind -> Text,
        name -> Text,
        name_key -> Text,
        description -> Text,
        cover_id -> Nullable<Binary>,
        sort -> Text,
        items -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        allows_comments -> Bool,
    }
}

diesel::table! {
    album_items (album_id, item_id, copy) {
        album_id -> Binary,
        item_id -> Binary,
        copy -> SmallInt,
        user_id -> BigInt,
        is_shown -> Bool,
        shown_at -> BigInt,
        name_key -> Text,
        position -> BigInt,
        added_by -> BigInt,
        added_at -> Timestamp,
    }
}

diesel::table! {
    item_places (item_id) {
        item_id -> Binary,
        user_id -> BigInt,
        latitude -> Integer,
        longitude -> Integer,
        city -> Text,
        country -> Text,
    }
}

diesel::table! {
    media_details (item_id) {
        item_id -> Binary,
        user_id -> BigInt,
        facts -> Text,
    }
}

diesel::table! {
    item_annotations (item_id) {
        item_id -> Binary,
        user_id -> BigInt,
        edits -> Nullable<Text>,
        sidecar -> Nullable<Text>,
    }
}

diesel::table! {
    xmp_files (item_id) {
        item_id -> Binary,
        user_id -> BigInt,
        xmp_item -> Nullable<Binary>,
        not_before -> Nullable<BigInt>,
    }
}

diesel::table! {
    tracks (item_id) {
        item_id -> Binary,
        user_id -> BigInt,
        title -> Text,
        artist -> Text,
        album -> Text,
        album_artist -> Text,
        artist_key -> Text,
        album_key -> Text,
        place -> Integer,
        by_artist -> Text,
        by_album -> Text,
        by_title -> Text,
        duration_ms -> BigInt,
    }
}

diesel::table! {
    search_words (user_id, word, shown_at, item_id) {
        user_id -> BigInt,
        word -> Text,
        shown_at -> BigInt,
        item_id -> Binary,
    }
}

diesel::table! {
    shelf_months (user_id, shelf, month) {
        user_id -> BigInt,
        shelf -> Text,
        month -> Integer,
        items -> BigInt,
    }
}

diesel::table! {
    preview_jobs (item_id) {
        item_id -> Binary,
        user_id -> BigInt,
        tries -> Integer,
        not_before -> BigInt,
    }
}

diesel::table! {
    libraries (user_id) {
        user_id -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    audit_log (id) {
        id -> BigInt,
        happened_at -> Timestamp,
        event -> Text,
        actor_id -> Nullable<BigInt>,
        actor -> Text,
        address -> Text,
        subject -> Text,
        detail -> Text,
        previous -> Text,
        hash -> Text,
    }
}

diesel::table! {
    audit_head (id) {
        id -> Integer,
        last -> BigInt,
        hash -> Text,
    }
}

diesel::joinable!(album_items -> albums (album_id));
diesel::allow_tables_to_appear_in_same_query!(album_items, albums);
diesel::joinable!(item_places -> media_items (item_id));
diesel::allow_tables_to_appear_in_same_query!(item_places, media_items);
diesel::joinable!(tracks -> media_items (item_id));
diesel::allow_tables_to_appear_in_same_query!(tracks, media_items);
diesel::joinable!(preview_jobs -> media_items (item_id));
diesel::allow_tables_to_appear_in_same_query!(preview_jobs, media_items);
diesel::joinable!(xmp_files -> media_items (item_id));
diesel::allow_tables_to_appear_in_same_query!(xmp_files, media_items);
diesel::joinable!(search_words -> media_items (item_id));
diesel::allow_tables_to_appear_in_same_query!(search_words, media_items);
diesel::joinable!(findings -> users (user_id));
diesel::allow_tables_to_appear_in_same_query!(findings, users);
diesel::joinable!(session_tokens -> users (user_id));
diesel::joinable!(spent_tokens -> session_tokens (session_id));
diesel::allow_tables_to_appear_in_same_query!(spent_tokens, session_tokens);
diesel::allow_tables_to_appear_in_same_query!(media_items, user_directories, users);
diesel::allow_tables_to_appear_in_same_query!(session_tokens, users);
