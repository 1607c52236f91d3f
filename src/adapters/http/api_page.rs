//! `/docs`: the API's page, made by Swagger UI from the document that the API itself gives.

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::middleware;
use axum::response::Response;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::adapters::http::AppState;

/// Nothing but what this server sends, and calls to this server alone. The page sets styles of its own.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; \
                      frame-ancestors 'none'";

/// The page, and the document under its address.
pub(super) fn routes(document: OpenApi) -> Router<AppState> {
    // Else the browser would tell swagger.io the address of this server, to have the document checked.
    let config = Config::default().validator_url("none");
    let page = SwaggerUi::new("/docs")
        .url("/api/v1/openapi.json", document)
        .config(config);
    Router::from(page).layer(middleware::map_response(guarded))
}

async fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
