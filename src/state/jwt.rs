//! Signs and verifies access tokens of the API (RFC 7519, JWS compact, HS256). A token only names a session and expires
//! after 15 minutes.
//!
//! Only tokens of this server are parsed: the header must match byte for byte, so an attacker's `alg`, `kid`, `jku` or
//! `crit` is never interpreted (RFC 8725, 3.1 and 3.2). No library we found accepts exactly one header.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::config::Settings;
use crate::config::read_or_create_secret;
use crate::error::{Error, Result};

/// Seconds until a token expires. Its session lasts longer and issues new ones.
pub const TOKEN_LIFETIME: i64 = 15 * 60;
/// The `aud` claim of every token.
pub const AUDIENCE: &str = "nexus-media";
/// Seconds by which the clocks of two nodes may differ.
const CLOCK_SKEW: i64 = 5;
/// Longest token that is parsed; ours have about 300 bytes.
const MAX_TOKEN_BYTES: usize = 2048;

/// The claims of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    /// The user id.
    pub sub: String,
    /// The session id.
    pub sid: i64,
    /// Seconds since the Unix epoch, like `nbf` and `exp`.
    pub iat: i64,
    pub nbf: i64,
    pub exp: i64,
}

/// Signs and verifies tokens with the server's key.
pub struct TokenSigner {
    key: Hmac<Sha256>,
    issuer: String,
    /// The only accepted header, encoded.
    header: String,
}

impl TokenSigner {
    /// Reads the key from `jwt.key` in the data directory (mode 0600), or creates it.
    ///
    /// # Errors
    /// `Configuration` if the file does not hold a key.
    pub fn open(settings: &Settings) -> Result<Self> {
        let path = settings.data_dir.join("jwt.key");
        let secret = read_or_create_secret(&path, || {
            let mut bytes = [0_u8; 64];
            rand::Rng::fill_bytes(&mut rand::rng(), &mut bytes);
            hex::encode(bytes)
        })?;
        // At least 256 bits, the output size of SHA-256 (RFC 7518, 3.2).
        let bytes = hex::decode(secret).ok().filter(|bytes| bytes.len() >= 32);
        let bytes = bytes
            .ok_or_else(|| Error::Configuration(format!("{} is not a key", path.display())))?;
        let issuer = settings.public_url.clone().unwrap_or_else(|| AUDIENCE.to_owned());
        Self::new(&bytes, issuer)
    }

    fn new(key: &[u8], issuer: String) -> Result<Self> {
        let key = Hmac::new_from_slice(key).map_err(Error::internal)?;
        Ok(Self { key, issuer, header: URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#) })
    }

    /// Signs a token for a session, valid from `issued_at` (seconds since the Unix epoch).
    pub fn sign(&self, user: i64, session: i64, issued_at: i64) -> Result<String> {
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: AUDIENCE.into(),
            sub: user.to_string(),
            sid: session,
            iat: issued_at,
            nbf: issued_at,
            exp: issued_at + TOKEN_LIFETIME,
        };
        let body = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims).map_err(Error::internal)?);
        // The signature covers the encoded header and body, joined by a dot (RFC 7515, 5.1).
        let signed = format!("{}.{body}", self.header);
        let signature = URL_SAFE_NO_PAD.encode(self.mac(&signed).finalize().into_bytes());
        Ok(format!("{signed}.{signature}"))
    }

    /// Verifies a token at the time `at` (seconds since the Unix epoch) and returns its claims.
    ///
    /// # Errors
    /// `Unauthenticated` for any other token.
    pub fn verify(&self, token: &str, at: i64) -> Result<Claims> {
        let claims = self.parse(token).ok_or(Error::Unauthenticated)?;
        let is_ours = claims.iss == self.issuer && claims.aud == AUDIENCE;
        // Another node, whose clock may be ahead, can have issued the token.
        let is_now = claims.nbf <= at + CLOCK_SKEW
            && claims.iat <= at + CLOCK_SKEW
            && claims.exp > at
            // This server never issues a longer lifetime.
            && claims.exp - claims.iat <= TOKEN_LIFETIME;
        if is_ours && is_now { Ok(claims) } else { Err(Error::Unauthenticated) }
    }

    /// Verifies the header and signature of a token and parses its claims, without checking them. Returns `None` for
    /// any other token.
    fn parse(&self, token: &str) -> Option<Claims> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, body) = signed.split_once('.')?;
        // Compared as text, so that no field of a foreign header is interpreted.
        if header != self.header {
            return None;
        }
        // The signature is checked before any of the body is parsed.
        self.mac(signed).verify_slice(&URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).ok()?).ok()
    }

    fn mac(&self, signed: &str) -> Hmac<Sha256> {
        let mut mac = self.key.clone();
        mac.update(signed.as_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_790_000_000;

    fn signer() -> TokenSigner {
        TokenSigner::new(&[7; 64], "https://media.example.org".into()).unwrap()
    }

    /// A token with any header and body, signed with the right key.
    fn forged(header: &str, body: &str) -> String {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(body));
        let signature = URL_SAFE_NO_PAD.encode(signer().mac(&signed).finalize().into_bytes());
        format!("{signed}.{signature}")
    }

    const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

    fn body(change: &str) -> String {
        let mut claims = serde_json::json!({
            "iss": "https://media.example.org", "aud": "nexus-media", "sub": "3", "sid": 9,
            "iat": NOW, "nbf": NOW, "exp": NOW + 900,
        });
        let change: serde_json::Value = serde_json::from_str(change).unwrap();
        for (name, value) in change.as_object().unwrap() {
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            } else {
                claims[name] = value.clone();
            }
        }
        claims.to_string()
    }

    #[test]
    fn a_signed_token_is_valid_until_it_expires() {
        let token = signer().sign(3, 9, NOW).unwrap();
        let claims = signer().verify(&token, NOW).unwrap();
        assert_eq!((claims.sub.as_str(), claims.sid), ("3", 9));
        assert!(signer().verify(&token, NOW + 899).is_ok());
        assert!(signer().verify(&token, NOW + 900).is_err());
        assert_eq!(forged(HEADER, &body("{}")), forged(HEADER, &body("{}")));
        assert!(
            signer().verify(&forged(HEADER, &body("{}")), NOW).is_ok(),
            "the forgery below differs in one thing only"
        );
    }

    #[test]
    fn other_headers_are_rejected_even_under_the_right_key() {
        for header in [
            r#"{"alg":"none","typ":"JWT"}"#,
            r#"{"alg":"None"}"#,
            r#"{"alg":"HS512","typ":"JWT"}"#,
            r#"{"alg":"RS256","typ":"JWT"}"#,
            r#"{"alg":"HS256","typ":"JWT","kid":"../../dev/null"}"#,
            r#"{"alg":"HS256","typ":"JWT","kid":"' OR 1=1"}"#,
            r#"{"alg":"HS256","typ":"JWT","jku":"https://evil.example/keys"}"#,
            r#"{"alg":"HS256","typ":"JWT","crit":["exp"]}"#,
            r#"{"alg":"HS256","typ":"refresh"}"#,
            r#"{"typ":"JWT","alg":"HS256"}"#,
        ] {
            assert!(signer().verify(&forged(header, &body("{}")), NOW).is_err(), "{header}");
        }
    }

    #[test]
    fn other_claims_are_rejected_even_under_the_right_key() {
        for change in [
            r#"{"iss":"https://evil.example"}"#,
            r#"{"aud":"another-service"}"#,
            r#"{"aud":["nexus-media"]}"#,
            r#"{"exp":1789999999}"#,
            r#"{"exp":"1790000900"}"#,
            r#"{"exp":9999999999}"#,
            r#"{"exp":null}"#,
            r#"{"nbf":1790000100}"#,
            r#"{"iat":1790000100}"#,
            r#"{"sid":"9"}"#,
            r#"{"sid":null}"#,
            r#"{"sub":3}"#,
            r#"{"role":"admin"}"#,
            r#"{"exp":1e300}"#,
        ] {
            assert!(signer().verify(&forged(HEADER, &body(change)), NOW).is_err(), "{change}");
        }
    }

    #[test]
    fn a_stripped_changed_or_foreign_signature_is_refused() {
        let token = signer().sign(3, 9, NOW).unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let other = TokenSigner::new(&[8; 64], "https://media.example.org".into())
            .unwrap()
            .sign(3, 9, NOW)
            .unwrap();
        let longer = "a".repeat(5000);
        for bad in [
            signed.to_owned(),
            format!("{signed}."),
            format!("{signed}.{}", signature.chars().skip(1).collect::<String>()),
            format!("{token}A"),
            format!("{token}.x"),
            format!(" {token}"),
            other,
            String::new(),
            "..".into(),
            longer,
        ] {
            assert!(signer().verify(&bad, NOW).is_err(), "{bad}");
        }
    }
}
