//! Refuses requests that hyper accepts although their head is ambiguous about the host or the end of the body
//! (RFC 9112).

use axum::extract::Request;
use axum::http::{HeaderMap, Version, header};

use crate::adapters::http::problem::Problem;

/// Why a request is refused from its head, whatever it asks for; `None` if its head is in order.
pub(super) fn fault(request: &Request) -> Option<Problem> {
    let headers = request.headers();
    let hosts = headers.get_all(header::HOST).iter().count();
    // HTTP/1.0 has no such header. Two could be read differently by a proxy in front of us.
    if hosts > 1 || hosts == 0 && request.version() == Version::HTTP_11 {
        let detail = "l'en-tête Host est attendu une fois, et une seule";
        return Some(Problem::malformed_header(detail));
    }
    (!is_plain_or_chunked(headers)).then(Problem::transfer_coded)
}

/// Whether the body comes as it is or in chunks. hyper decodes the chunks; any other coding would stay in the body.
fn is_plain_or_chunked(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(only), None) => only.as_bytes().eq_ignore_ascii_case(b"chunked"),
        _ => false,
    }
}
