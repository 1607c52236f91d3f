//! One request over the wire: what came back, or whether it certainly did not arrive.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, ErrorKind};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Response};
use rustls::{AlertDescription as Alert, Error as TlsError};
use tokio::time::Instant;

use crate::crash;
use crate::domain::ports::{LONGEST_RETRY_AFTER, NO_ANSWER};
use crate::flows::within::{by, end_for_the_rest, within};
use crate::rules::connector::{Answer, Delays};

use super::CallError;
use super::network::NoAddress;

/// How much of an answer is read; a page of a hundred changes is far below it.
const LONGEST_ANSWER: usize = 8 * 1024 * 1024;

/// Sends a request and reads its answer, within its delays.
pub(super) async fn exchange(
    client: &Client,
    request: reqwest::Request,
    delays: Delays,
) -> Result<(Answer, Option<DateTime<Utc>>), CallError> {
    let whole = Instant::now() + delays.total;
    // A connection that is not made in time is told by its own limit, as what was not sent.
    let head = (delays.connect + delays.head).min(delays.total);
    crash::point("partner.call.before");
    let answered = within(head, client.execute(request)).await;
    crash::point("partner.call.after");
    let response = match answered {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => return Err(silence(&error)),
        Err(_) => return Err(CallError::Lost(NO_ANSWER)),
    };
    let retry_at = retry_at(&response);
    let status = response.status().as_u16();
    let mut headers = BTreeMap::new();
    for (name, value) in response.headers() {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers.entry(name.as_str().to_owned()).or_insert(value);
    }
    // The status is known already: it is not lost to a body that breaks off or never ends, and what follows from such
    // a body is not for here.
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

/// Without the address, which the operator knows, and which may hold a secret.
fn silence(error: &reqwest::Error) -> CallError {
    if let Some(reason) = not_trusted(error) {
        CallError::NotSent(reason)
    } else if error.is_connect() {
        CallError::NotSent(not_connected(error))
    } else if error.is_builder() {
        CallError::NotSent("the request cannot be sent")
    } else if error.is_timeout() {
        CallError::Lost(NO_ANSWER)
    } else {
        CallError::Lost("connection lost before the answer")
    }
}

/// Whether a certificate was refused, ours or theirs. A server that refuses ours may say so only once
/// we think that we are connected (TLS 1.3); it has read nothing of what we sent.
fn not_trusted(error: &reqwest::Error) -> Option<&'static str> {
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
        // HTTP/2 keeps of an error on its connection nothing but the text.
        None => {
            let text = cause.to_string();
            OURS.iter()
                .any(|it| text == TlsError::AlertReceived(*it).to_string())
        }
    };
    causes(error).find_map(|cause| match cause.downcast_ref() {
        Some(TlsError::InvalidCertificate(_)) => {
            Some("the server's certificate is not trusted (ca_file)")
        }
        _ if refuses_ours(cause) => {
            Some("the server wants another certificate of ours (identity_file)")
        }
        _ => None,
    })
}

/// Why there is no connection, so that nothing was sent: whoever reads it must know whom to ask.
fn not_connected(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        return "no connection in time";
    }
    let kind = |cause: &(dyn Error + 'static)| {
        let mut io = cause.downcast_ref::<io::Error>()?;
        // One in another is not among the causes.
        while let Some(inner) = io.get_ref().and_then(|it| it.downcast_ref()) {
            io = inner;
        }
        Some(match io.kind() {
            ErrorKind::ConnectionRefused => "connection refused",
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => "host unreachable",
            // Our own word, see `network`; the system's would have a number.
            ErrorKind::PermissionDenied if io.raw_os_error().is_none() => {
                "the host is at an internal address that the settings do not allow (network.allow)"
            }
            ErrorKind::PermissionDenied => "this host lets nobody connect there (firewall)",
            ErrorKind::InvalidData => "the server does not speak TLS as we do",
            _ => return None,
        })
    };
    if let Some(reason) = causes(error).find_map(kind) {
        return reason;
    }
    if causes(error).any(<dyn Error>::is::<NoAddress>) {
        "the host's name leads to no address (DNS)"
    } else {
        "connection broken"
    }
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |&cause| {
        let wrapped = cause.downcast_ref().and_then(io::Error::get_ref);
        // What it calls its source is the source of that.
        wrapped.map_or_else(|| cause.source(), |it| Some(it))
    })
}

/// Reads the body; whether it came to its end, and is not too long.
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

fn retry_at(response: &Response) -> Option<DateTime<Utc>> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    retry_after(text.trim(), Utc::now())
}

/// `Retry-After` in either of its forms, seconds or a date.
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

    /// Knows no name, whatever the machine's resolver does.
    struct Nowhere;

    impl Resolve for Nowhere {
        fn resolve(&self, _: Name) -> Resolving {
            Box::pin(async { Err(NoAddress(ErrorKind::NotFound.into()).into()) })
        }
    }

    async fn reason(url: &str) -> &'static str {
        let client = Client::builder().no_proxy().dns_resolver(Arc::new(Nowhere));
        let client = client.build().unwrap();
        let error = client.get(url).send().await.unwrap_err();
        match silence(&error) {
            CallError::NotSent(reason) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn what_keeps_from_connecting_is_told_apart() {
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
        assert_eq!(no_tls, "the server does not speak TLS as we do");
        plain.await.unwrap();
        // A port that is taken, and where nobody listens.
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = socket.local_addr().unwrap();
        assert_eq!(
            reason(&format!("http://{address}")).await,
            "connection refused"
        );
        let unknown = reason("http://nobody.invalid").await;
        assert_eq!(unknown, "the host's name leads to no address (DNS)");
    }

    #[test]
    fn a_wait_is_kept_within_a_day() {
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
}
