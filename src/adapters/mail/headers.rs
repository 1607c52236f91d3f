//! The headers of an e-mail that the library does not write correctly.

use std::error::Error;

use base64_simd::STANDARD;
use lettre::message::header::{Header, HeaderName, HeaderValue};

/// The subject. The library leaves text that looks encoded as it is, so readers would decode text that was never
/// encoded.
#[derive(Clone)]
pub(super) struct Subject(pub String);

impl Header for Subject {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Subject")
    }

    fn parse(text: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Ok(Self(text.to_owned()))
    }

    fn display(&self) -> HeaderValue {
        let text = self.0.clone();
        if text.contains("=?") {
            let encoded = encoded_words(&text);
            return HeaderValue::dangerous_new_pre_encoded(Self::name(), text, encoded);
        }
        HeaderValue::new(Self::name(), text)
    }
}

/// A text as encoded words (RFC 2047), each on its own line and made of whole characters.
fn encoded_words(text: &str) -> String {
    /// The most bytes in one word, so that its line has 76 characters at most.
    const MOST: usize = 39;
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (word, after) = rest.split_at(rest.floor_char_boundary(MOST));
        words.push(format!("=?utf-8?b?{}?=", STANDARD.encode_to_string(word)));
        rest = after;
    }
    words.join("\r\n ")
}

/// Declares that no person wrote the e-mail (RFC 3834), so that no out-of-office reply is sent to it.
#[derive(Clone)]
pub(super) struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
