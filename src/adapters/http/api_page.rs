//! `/docs`: the API's page, rendered by Swagger UI from the OpenAPI document.

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::middleware;
use axum::response::Response;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::adapters::http::AppState;

/// Allows only what this server sends, and calls only to this server. The page sets inline styles.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; \
                      frame-ancestors 'none'";

/// The page, and the OpenAPI document it reads.
pub(super) fn routes(document: OpenApi) -> Router<AppState> {
    // Otherwise the browser would send this server's address to swagger.io to have the document validated.
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
