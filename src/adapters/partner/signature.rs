//! Signatures according to Standard Webhooks: `webhook-id`, `webhook-timestamp` and `webhook-signature`, an
//! HMAC-SHA-256 over the id, the timestamp and the body.

use base64_simd::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::settings::signing_key;

/// How far apart the two sides' clocks may be, and how long a call can be replayed, in seconds.
const TOLERANCE: i64 = 300;

/// The headers that sign a call.
///
/// # Errors
/// If the secret is malformed.
pub fn sign(
    secret: &str,
    id: &str,
    timestamp: i64,
    body: &[u8],
) -> Result<[(&'static str, String); 3], String> {
    let digest = digest(secret, id, timestamp, body)
        .ok_or("the secret of the signature is not base64 (whsec_…)")?;
    Ok([
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", timestamp.to_string()),
        ("webhook-signature", format!("v1,{digest}")),
    ])
}

/// What is wrong with a call's signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// A header is missing or malformed.
    #[error(
        "signature incomplète : webhook-id, webhook-timestamp (en secondes depuis 1970) et \
         webhook-signature sont attendus"
    )]
    Incomplete,
    /// The clocks are too far apart, or the call is old.
    #[error(
        "webhook-timestamp s'écarte de plus de cinq minutes de l'heure du serveur : réglez \
         l'horloge de l'émetteur, et signez à nouveau chaque envoi"
    )]
    Untimely,
    /// It was made with another secret, or for another body.
    #[error(
        "la signature n'est pas celle de ce corps : vérifiez que le secret est celui de \
         crm.webhook_secret, et que le corps est envoyé tel qu'il est signé"
    )]
    Wrong,
}

/// Checks that these headers sign this body; `header` returns one by name, `now` is in seconds since 1970.
///
/// # Errors
/// What is wrong with the signature.
pub fn verify<'a>(
    secret: &str,
    header: impl Fn(&str) -> Option<&'a str>,
    now: i64,
    body: &[u8],
) -> Result<(), SignatureFault> {
    let given = || {
        let timestamp: i64 = header("webhook-timestamp")?.parse().ok()?;
        Some((
            header("webhook-id")?,
            timestamp,
            header("webhook-signature")?,
        ))
    };
    let (id, timestamp, given) = given().ok_or(SignatureFault::Incomplete)?;
    if now.abs_diff(timestamp) > TOLERANCE.unsigned_abs() {
        return Err(SignatureFault::Untimely);
    }
    let wanted = digest(secret, id, timestamp, body).ok_or(SignatureFault::Wrong)?;
    // During a change of secret, a call carries a signature for each.
    let signed = given.split(' ').any(|it| {
        let digest = it.strip_prefix("v1,").unwrap_or_default();
        digest.as_bytes().ct_eq(wanted.as_bytes()).into()
    });
    if signed {
        Ok(())
    } else {
        Err(SignatureFault::Wrong)
    }
}

fn digest(secret: &str, id: &str, timestamp: i64, body: &[u8]) -> Option<String> {
    let key = signing_key(secret)?;
    let mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    let mac = mac
        .chain_update(format!("{id}.{timestamp}."))
        .chain_update(body);
    Some(STANDARD.encode_to_string(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example from the specification's own libraries.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const AT: i64 = 1_614_265_330;

    #[test]
    fn the_example_of_the_specification_is_reproduced() {
        let headers = sign(SECRET, ID, AT, BODY).unwrap();
        assert_eq!(
            headers[2].1,
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn a_signature_is_valid_for_its_own_call_only() {
        let headers = sign(SECRET, ID, AT, BODY).unwrap();
        let check = |now: i64, body: &[u8], id: &'static str| {
            let header = |name: &str| match name {
                "webhook-id" => Some(id),
                name => headers
                    .iter()
                    .find(|it| it.0 == name)
                    .map(|it| it.1.as_str()),
            };
            verify(SECRET, header, now, body)
        };
        assert_eq!(check(AT + 10, BODY, ID), Ok(()));
        for at in [AT + 301, AT - 301] {
            assert_eq!(check(at, BODY, ID), Err(SignatureFault::Untimely));
        }
        assert_eq!(check(AT, b"{}", ID), Err(SignatureFault::Wrong));
        assert_eq!(check(AT, BODY, "other"), Err(SignatureFault::Wrong));
        let bare = verify(SECRET, |_| None, AT, BODY);
        assert_eq!(bare, Err(SignatureFault::Incomplete));
        assert!(sign("whsec_$", ID, AT, BODY).is_err());
        assert!(sign("whsec_", ID, AT, BODY).is_err());
    }
}
