//! What the settings say of a partner, and what must be taken out of whatever is shown of its calls.

use chrono::Utc;

use super::CallError;
use crate::domain::instant::to_the_second;
use crate::domain::ports::EXCERPT_CHARS;
use crate::rules::connector::{Access, Answer, Partner};
use crate::settings::{LiveSettings, Secret};

/// What the settings say of a partner.
///
/// # Errors
/// When they do not say where it is.
pub fn access(partner: Partner, settings: &LiveSettings) -> Result<Access, CallError> {
    let (base_url, token) = match partner {
        Partner::Crm => (settings.crm.base_url.as_ref(), settings.crm.token.as_ref()),
        Partner::Sowell => {
            let sowell = settings.sowell.as_ref();
            let token = sowell.and_then(|it| it.token.as_ref());
            (sowell.map(|it| &it.base_url), token)
        }
    };
    let base_url = base_url.ok_or_else(|| {
        CallError::Misconfigured(format!("{}.base_url is not set", partner.as_str()))
    })?;
    let open = |it: &Secret| it.expose().to_owned();
    let secrets = settings.secrets.iter();
    Ok(Access {
        base_url: base_url.clone(),
        token: token.map(open),
        secrets: secrets.map(|(name, it)| (name.clone(), open(it))).collect(),
        jeton: None,
        maintenant: to_the_second(Utc::now()),
    })
}

/// The first characters of an answer, without our secrets.
pub(super) fn excerpt(access: &Access, answer: &Answer) -> String {
    let begin = &answer.body[..answer.body.len().min(4 * EXCERPT_CHARS)];
    let text = scrub(access, &String::from_utf8_lossy(begin));
    // A page in UTF-16 is full of NULs, which PostgreSQL keeps in no text.
    let text = text
        .chars()
        .map(|it| if it == '\0' { '\u{fffd}' } else { it });
    text.take(EXCERPT_CHARS).collect()
}

/// A text without our secrets, as they are and in base64: an API may repeat what it was sent.
#[must_use]
pub fn scrub(access: &Access, text: &str) -> String {
    let named = access.secrets.values();
    let mut text = text.to_owned();
    for secret in named.chain(&access.token).chain(&access.jeton) {
        // A very short one would make a riddle of every text, and is none.
        if secret.len() >= 4 {
            let encoded = base64_simd::STANDARD.encode_to_string(secret);
            text = text.replace(secret, "***").replace(&encoded, "***");
        }
    }
    text
}
