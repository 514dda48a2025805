//! Redirect targets: only paths of this site.

use actix_web::HttpRequest;
use actix_web::http::header::{HOST, REFERER};

/// The path of this site that the request came from.
pub fn back_path(request: &HttpRequest) -> Option<String> {
    let from = url::Url::parse(request.headers().get(REFERER)?.to_str().ok()?).ok()?;
    let host = request.headers().get(HOST)?.to_str().ok()?;
    let authority = match from.port() {
        Some(port) => format!("{}:{port}", from.host_str()?),
        None => from.host_str()?.to_owned(),
    };
    let query = from.query().map(|query| format!("?{query}")).unwrap_or_default();
    (authority == host).then(|| format!("{}{query}", from.path())).and_then(|path| own_path(&path))
}

/// Normalizes `path` as a browser would (URL standard: no dot segments, ASCII); `None` if it leaves this site or leads
/// to login or log-out.
pub fn own_path(path: &str) -> Option<String> {
    if path.contains(|c: char| c == '\\' || c.is_control())
        || !path.starts_with('/')
        || path.starts_with("//")
    {
        return None;
    }
    let resolved = url::Url::parse("http://here.invalid").ok()?.join(path).ok()?;
    let path = resolved[url::Position::BeforePath..].to_owned();
    let is_own =
        !path.starts_with("//") && !path.starts_with("/login") && !path.starts_with("/logout");
    is_own.then_some(path)
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn next_redirects_only_to_local_paths() {
        assert_eq!(own_path("/photos?cursor=a").as_deref(), Some("/photos?cursor=a"));
        assert_eq!(own_path("/../wiki/./a").as_deref(), Some("/wiki/a"));
        assert_eq!(own_path("/%2e%2E/wiki").as_deref(), Some("/wiki"));
        assert_eq!(own_path("/photos/é?q=ü").as_deref(), Some("/photos/%C3%A9?q=%C3%BC"));
        for path in [
            "//evil.example",
            "/.//evil.example",
            "/a/..//evil.example",
            "/x/../login",
            "https://evil.example",
            "/\\evil.example",
            "\\\\evil",
            "photos",
            "/a\r\nSet-Cookie: x",
            "javascript:alert(1)",
            "",
        ] {
            assert_eq!(own_path(path), None, "{path}");
        }
    }
}
