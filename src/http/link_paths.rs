//! Paths of share links: `/s/{token}` and what is below it.

/// What the paths of all links begin with.
pub const PREFIX: &str = "/s/";

/// Whether a path belongs to a share link.
#[must_use]
pub fn is_of_link(path: &str) -> bool {
    path.starts_with(PREFIX)
}

/// A path as it is logged: without the token of a share link.
#[must_use]
pub fn logged_path(path: &str) -> String {
    match path.strip_prefix(PREFIX) {
        Some(rest) => {
            let below = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default();
            format!("{PREFIX}…{below}")
        }
        None => path.to_owned(),
    }
}

/// What a path has below the address of its link, without the slash between them.
#[must_use]
pub fn below_link(path: &str) -> Option<&str> {
    path.strip_prefix(PREFIX)?.split_once('/').map(|(_, below)| below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_name_the_addresses_of_links_without_their_tokens() {
        assert_eq!(logged_path("/s/secret"), "/s/…");
        assert_eq!(logged_path("/s/secret/media/1/thumbnail"), "/s/…/media/1/thumbnail");
        assert_eq!(logged_path("/shared/1"), "/shared/1");
    }
}
