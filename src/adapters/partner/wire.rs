//! Sends one request, and tells an answer apart from a request that certainly did not arrive.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, ErrorKind};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{HeaderMap, RETRY_AFTER, SET_COOKIE};
use reqwest::{Client, Response};
use rustls::{AlertDescription as Alert, Error as TlsError};
use tokio::time::Instant;

use crate::crash;
use crate::domain::ports::{Clock, LONGEST_RETRY_AFTER};
use crate::domain::reason::Phrase;
use crate::flows::time_limit::{by, end_for_the_rest, in_time};
use crate::rules::connector::{Answer, Delays};

use super::CallError;
use super::network::NoAddress;

/// The most bytes read of an answer; a page of a hundred changes takes far less.
const LONGEST_ANSWER: usize = 8 * 1024 * 1024;

/// Sends a request and reads its answer, within its time limits.
pub(super) async fn exchange(
    client: &Client,
    request: reqwest::Request,
    delays: Delays,
    clock: &dyn Clock,
) -> Result<(Answer, Option<DateTime<Utc>>), CallError> {
    let whole = Instant::now() + delays.total;
    // A connection that takes too long hits its own limit, and counts as not sent.
    let head = (delays.connect + delays.head).min(delays.total);
    crash::point("partner.call.before");
    let answered = in_time(head, client.execute(request)).await;
    crash::point("partner.call.after");
    let response = match answered {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => return Err(silence(&error)),
        Err(_) => return Err(CallError::Lost(Phrase::NoAnswer)),
    };
    let retry_at = retry_at(&response, clock.now());
    let status = response.status().as_u16();
    let headers = headers(response.headers());
    // The status is already known, and must not be lost with a body that is cut off or never ends. The caller decides
    // what an incomplete body means.
    let end = end_for_the_rest().map_or(whole, |it| it.min(whole));
    let mut body = Vec::new();
    let read = by(end, read_body(response, &mut body)).await;
    let whole = read.unwrap_or(false);
    let answer = Answer {
        status,
        headers,
        body,
        whole,
    };
    Ok((answer, retry_at))
}

/// The headers by name. Several lines of one name are one list, RFC 9110, 5.3, except those of `Set-Cookie`, of which
/// the first counts.
fn headers(received: &HeaderMap) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::<String, String>::new();
    for (name, value) in received {
        let value = String::from_utf8_lossy(value.as_bytes());
        headers
            .entry(name.as_str().to_owned())
            .and_modify(|before| {
                if *name != SET_COOKIE {
                    *before = format!("{before}, {value}");
                }
            })
            .or_insert_with(|| value.into_owned());
    }
    headers
}

/// Without the URL, which the operator knows and which may contain a secret.
fn silence(error: &reqwest::Error) -> CallError {
    if let Some(reason) = not_trusted(error) {
        CallError::NotSent(reason)
    } else if error.is_connect() {
        CallError::NotSent(not_connected(error))
    } else if error.is_builder() {
        CallError::NotSent(Phrase::RequestUnsendable)
    } else if error.is_timeout() {
        CallError::Lost(Phrase::NoAnswer)
    } else {
        CallError::Lost(Phrase::ConnectionLost)
    }
}

/// Whether a certificate was refused, ours or theirs. With TLS 1.3, a server may refuse ours only once we consider
/// the connection made; it has read nothing of what we sent.
fn not_trusted(error: &reqwest::Error) -> Option<Phrase> {
    const OURS: [Alert; 5] = [
        Alert::CertificateRequired,
        Alert::BadCertificate,
        Alert::UnknownCA,
        Alert::CertificateUnknown,
        Alert::CertificateExpired,
    ];
    let refuses_ours = |cause: &(dyn Error + 'static)| match cause.downcast_ref() {
        Some(TlsError::AlertReceived(alert)) => OURS.contains(alert),
        Some(_) => false,
        // HTTP/2 keeps only the text of an error on its connection.
        None => {
            let text = cause.to_string();
            OURS.iter()
                .any(|it| text == TlsError::AlertReceived(*it).to_string())
        }
    };
    causes(error).find_map(|cause| match cause.downcast_ref() {
        Some(TlsError::InvalidCertificate(_)) => Some(Phrase::CertificateUntrusted),
        _ if refuses_ours(cause) => Some(Phrase::IdentityRefused),
        _ => None,
    })
}

/// Why there is no connection, so that nothing was sent; specific enough to tell the reader whom to ask.
fn not_connected(error: &reqwest::Error) -> Phrase {
    if error.is_timeout() {
        return Phrase::NoConnection;
    }
    let kind = |cause: &(dyn Error + 'static)| {
        let mut io = cause.downcast_ref::<io::Error>()?;
        // A nested I/O error is not among the causes.
        while let Some(inner) = io.get_ref().and_then(|it| it.downcast_ref()) {
            io = inner;
        }
        Some(match io.kind() {
            ErrorKind::ConnectionRefused => Phrase::ConnectionRefused,
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => Phrase::HostUnreachable,
            // Our own error, see `network`; one from the system would have a number.
            ErrorKind::PermissionDenied if io.raw_os_error().is_none() => Phrase::InternalAddress,
            ErrorKind::PermissionDenied => Phrase::Firewall,
            ErrorKind::InvalidData => Phrase::TlsUnspoken,
            _ => return None,
        })
    };
    if let Some(reason) = causes(error).find_map(kind) {
        return reason;
    }
    if causes(error).any(<dyn Error>::is::<NoAddress>) {
        Phrase::NameUnknown
    } else {
        Phrase::ConnectionBroken
    }
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |&cause| {
        let wrapped = cause.downcast_ref().and_then(io::Error::get_ref);
        // Its own `source` skips the error it wraps and returns that error's source.
        wrapped.map_or_else(|| cause.source(), |it| Some(it))
    })
}

/// Reads the body into `bytes`; returns whether it arrived in full and within the size limit.
async fn read_body(mut response: Response, bytes: &mut Vec<u8>) -> bool {
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if bytes.len() + chunk.len() <= LONGEST_ANSWER => {
                bytes.extend_from_slice(&chunk);
            }
            Ok(None) => return true,
            Ok(Some(_)) | Err(_) => return false,
        }
    }
}

fn retry_at(response: &Response, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    retry_after(text.trim(), now)
}

/// `Retry-After` in either form, seconds or a date.
fn retry_after(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let at = match text.parse::<u64>() {
        Ok(seconds) => {
            let wait = i64::try_from(seconds).ok().and_then(TimeDelta::try_seconds);
            now + wait.map_or(LONGEST_RETRY_AFTER, |wait| wait.min(LONGEST_RETRY_AFTER))
        }
        Err(_) => httpdate::parse_http_date(text).ok()?.into(),
    };
    Some(at.clamp(now, now + LONGEST_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use reqwest::dns::{Name, Resolve, Resolving};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpSocket};

    use super::*;

    /// Resolves no name, whatever the machine's resolver does.
    struct Nowhere;

    impl Resolve for Nowhere {
        fn resolve(&self, _: Name) -> Resolving {
            Box::pin(async { Err(NoAddress(ErrorKind::NotFound.into()).into()) })
        }
    }

    async fn reason(url: &str) -> Phrase {
        let client = Client::builder().no_proxy().dns_resolver(Arc::new(Nowhere));
        let client = client.build().unwrap();
        let error = client.get(url).send().await.unwrap_err();
        match silence(&error) {
            CallError::NotSent(reason) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn the_reasons_for_not_connecting_are_distinguished() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let plain = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream
                .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                .await
                .unwrap();
            let _ = stream.read_to_end(&mut Vec::new()).await;
        });
        let no_tls = reason(&format!("https://{address}")).await;
        assert_eq!(no_tls, Phrase::TlsUnspoken);
        plain.await.unwrap();
        // A port that is bound, but not listened on.
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = socket.local_addr().unwrap();
        assert_eq!(
            reason(&format!("http://{address}")).await,
            Phrase::ConnectionRefused
        );
        let unknown = reason("http://nobody.invalid").await;
        assert_eq!(unknown, Phrase::NameUnknown);
    }

    #[test]
    fn a_wait_is_limited_to_a_day() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        for (text, seconds) in [
            ("120", Some(120)),
            ("0", Some(0)),
            ("18446744073709551615", Some(86_400)),
            ("Fri, 15 Jan 2027 08:01:00 GMT", Some(60)),
            ("Fri, 15 Jan 1999 08:01:00 GMT", Some(0)),
            ("-5", None),
            ("soon", None),
        ] {
            let wait = retry_after(text, now).map(|at| (at - now).num_seconds());
            assert_eq!(wait, seconds, "{text}");
        }
    }

    #[test]
    fn several_lines_of_one_header_are_one_list() {
        let mut received = HeaderMap::new();
        for (name, value) in [
            ("link", "</a>; rel=\"first\""),
            ("location", "/d/1"),
            ("link", "</b>; rel=\"next\""),
            ("set-cookie", "a=1; path=/"),
            ("set-cookie", "b=2"),
        ] {
            received.append(name, value.parse().unwrap());
        }
        let headers = headers(&received);
        assert_eq!(headers["link"], "</a>; rel=\"first\", </b>; rel=\"next\"");
        assert_eq!(headers["location"], "/d/1");
        assert_eq!(headers["set-cookie"], "a=1; path=/");
    }
}
