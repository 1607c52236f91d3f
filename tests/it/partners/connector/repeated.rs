//! An API that answers with what it was sent, in its own encoding.

use axum::Router;
use axum::http::{HeaderMap, StatusCode, Uri};
use base64_simd::STANDARD;
use passerelle::domain::ports::{Crm, CrmError};
use serde_json::json;
use tokio::net::TcpListener;

use super::bench::{PLAIN, bench, request};

const SECRET: &str = "cle/secrete+1";

/// Answers 400 to everything, with the request as JSON with escaped slashes.
async fn repeating() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let repeat = |uri: Uri, headers: HeaderMap| async move {
        let headers: Vec<String> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        let body = json!({"address": uri.to_string(), "headers": headers});
        (
            StatusCode::BAD_REQUEST,
            body.to_string().replace('/', "\\/"),
        )
    };
    let router = Router::new().fallback(repeat);
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_masked_in_what_an_api_repeats() {
    let url = repeating().await;
    for (opens, shown) in [
        (
            "basique: {utilisateur: vivest, mot_de_passe: '{{ secrets.essai }}'}",
            "authorization: Basic ***\"",
        ),
        ("parametres: {cle: '{{ secrets.essai }}'}", "?cle=***\""),
        ("entetes: {X-Cle: '{{ secrets.essai }}'}", "x-cle: ***\""),
    ] {
        let api = format!("{PLAIN}authentification: {{{opens}}}\n");
        let bench = bench(&url, &api, &[("SECRETS__ESSAI", SECRET)]);
        let refused = bench.crm.create(&request(Vec::new())).await;
        let Err(CrmError::Refused { status, excerpt }) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(status, 400);
        assert!(excerpt.contains(shown), "{excerpt}");
        let pair = STANDARD.encode_to_string(format!("vivest:{SECRET}"));
        for secret in ["secrete", &pair] {
            assert!(!excerpt.contains(secret), "{excerpt}");
        }
    }
}
