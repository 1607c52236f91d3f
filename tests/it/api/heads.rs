//! Requests whose head is ambiguous are refused.

use rstest::rstest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Builder, signalement, token};

#[rstest]
#[case::ordinary("1.1", "Host: x\r\n", "201")]
#[case::of_an_earlier_version("1.0", "", "201")]
#[case::of_an_earlier_version_with_a_host("1.0", "Host: x\r\n", "201")]
#[case::empty_host("1.1", "Host:\r\n", "201")]
#[case::no_host("1.1", "", "400")]
#[case::two_hosts("1.1", "Host: x\r\nHost: x\r\n", "400")]
#[case::chunked("1.1", "Host: x\r\nTransfer-Encoding: chunked\r\n", "201")]
#[case::chunked_in_capitals("1.1", "Host: x\r\nTransfer-Encoding: Chunked \r\n", "201")]
#[case::compressed("1.1", "Host: x\r\nTransfer-Encoding: gzip, chunked\r\n", "501")]
#[case::compressed_on_two_lines(
    "1.1",
    "Host: x\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
    "501"
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_head_in_disorder_is_refused(
    #[case] version: &str,
    #[case] headers: &str,
    #[case] status: &str,
) {
    let daemon = Builder::new().start().await;
    let body = signalement(1).to_string();
    let length = body.len();
    let (length, body) = if headers.contains("Transfer-Encoding") {
        (String::new(), format!("{length:x}\r\n{body}\r\n0\r\n\r\n"))
    } else {
        (format!("Content-Length: {length}\r\n"), body)
    };
    let request = format!(
        "POST /api/v1/signalements HTTP/{version}\r\n{headers}{length}Authorization: Bearer {}\r\n\
         Content-Type: application/json\r\nConnection: close\r\n\r\n{body}",
        token("sowell"),
    );
    let mut stream = TcpStream::connect(daemon.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1."), "{answer}");
    assert_eq!(&answer[9..12], status, "{answer}");
}
