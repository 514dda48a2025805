//! The tokens in the addresses of share links, and the cookies of their visitors.
//!
//! Both are derived from a key of this server: an address can be shown again although the database has only the hash of its
//! token, and a visit needs no row. Nothing is kept in memory, so servers that share the data directory agree.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::session_cache::token_hash;
use crate::config::{Settings, read_or_create_secret};
use crate::error::{Error, Result};
use crate::model::{ShareLink, ShareLinkId, Time};

/// Bytes of a token: 128 bits.
const TOKEN_BYTES: usize = 16;

/// Derives tokens and visits with the server's key.
pub struct LinkTokens(Hmac<Sha256>);

impl LinkTokens {
    /// Reads the key from `share-links.key` in the data directory (mode 0600), or creates it.
    ///
    /// # Errors
    /// `Configuration` if the file does not hold a key.
    pub fn open(settings: &Settings) -> Result<Self> {
        let path = settings.data_dir.join("share-links.key");
        let secret =
            read_or_create_secret(&path, || hex::encode(rand::random::<[u8; 32]>().as_slice()))?;
        let bytes = hex::decode(secret).ok().filter(|bytes| bytes.len() >= 32);
        let bytes = bytes
            .ok_or_else(|| Error::Configuration(format!("{} is not a key", path.display())))?;
        Ok(Self(Hmac::new_from_slice(&bytes).map_err(Error::internal)?))
    }

    /// The token in the address of a link.
    #[must_use]
    pub fn token(&self, id: ShareLinkId, version: i32) -> String {
        let mac = self.mac(&format!("token {id} {version}"));
        URL_SAFE_NO_PAD.encode(mac.get(..TOKEN_BYTES).unwrap_or_default())
    }

    /// The token of a link, or the words chosen instead, so that its address can be shown; `None` if it was made with
    /// another key.
    #[must_use]
    pub fn token_of(&self, link: &ShareLink) -> Option<String> {
        if let Some(slug) = &link.slug {
            return Some(slug.clone());
        }
        let token = self.token(link.id, link.token_version);
        (token_hash(&token) == link.token_hash).then_some(token)
    }

    /// The cookie of a visit that has begun.
    #[must_use]
    pub fn visit(&self, link: &ShareLink, ends_at: Time) -> String {
        let until = ends_at.assume_utc().unix_timestamp();
        format!("{until}.{}", self.visit_proof(link, until))
    }

    /// Whether a cookie proves a visit of this link that has not ended.
    #[must_use]
    pub fn is_visit(&self, link: &ShareLink, cookie: &str, at: Time) -> bool {
        let Some((until, proof)) = cookie.split_once('.') else { return false };
        let Ok(until) = until.parse::<i64>() else { return false };
        let is_proven: bool =
            self.visit_proof(link, until).as_bytes().ct_eq(proof.as_bytes()).into();
        is_proven && at.assume_utc().unix_timestamp() < until
    }

    /// A tag that stands for another, from which nothing of it can be found out.
    #[must_use]
    pub fn shared_tag(&self, tag: &str) -> String {
        let mac = self.mac(&format!("tag {tag}"));
        URL_SAFE_NO_PAD.encode(mac.get(..TOKEN_BYTES).unwrap_or_default())
    }

    fn visit_proof(&self, link: &ShareLink, until: i64) -> String {
        URL_SAFE_NO_PAD.encode(self.mac(&format!("visit {} {} {until}", link.id, link.generation)))
    }

    fn mac(&self, text: &str) -> Vec<u8> {
        let mut mac = self.0.clone();
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    }
}
