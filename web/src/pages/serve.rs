use super::encoding::Encoding;
use super::front::{INDEX, PageFile};
use super::shelf::FrontName;
use crate::http::Failure;
use crate::state::AppState;
use actix_web::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ETAG, HeaderMap, IF_NONE_MATCH,
    LOCATION, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use carillon_api::Code;

/// Everything comes from here, and no script is inline. WebAssembly is compiled, which `wasm-unsafe-eval` allows without
/// allowing `eval`; figures set the places of their parts by style attributes.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; style-src-attr 'unsafe-inline'; \
                      img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; \
                      form-action 'self'; frame-ancestors 'none'";

const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// `GET /wall/{path}`
pub async fn wall(state: web::Data<AppState>, request: HttpRequest) -> Result<HttpResponse, Failure> {
    serve(FrontName::Wall, state, &request).await
}

/// `GET /console/{path}`
pub async fn console(state: web::Data<AppState>, request: HttpRequest) -> Result<HttpResponse, Failure> {
    serve(FrontName::Console, state, &request).await
}

/// `GET /`; relative, so that it works behind a proxy's prefix too.
pub async fn to_console() -> HttpResponse {
    redirect("console/")
}

/// `GET /wall`
pub async fn to_wall() -> HttpResponse {
    redirect("wall/")
}

fn redirect(to: &'static str) -> HttpResponse {
    HttpResponse::Found().insert_header((LOCATION, to)).finish()
}

/// The file that the path names; the page itself for every other address inside the front end that a person opens.
async fn serve(
    name: FrontName,
    state: web::Data<AppState>,
    request: &HttpRequest,
) -> Result<HttpResponse, Failure> {
    let path = request.match_info().get("path").unwrap_or_default();
    if !path.is_empty() && path != INDEX {
        let shelf = state.pages.now();
        if let Some(file) = shelf.front(name).and_then(|front| front.file(path)) {
            return Ok(answer(file, request));
        }
        if !wants_html(request.headers()) {
            return Err(Failure::new(Code::NotFound, ""));
        }
    }
    let shelf = web::block(move || state.pages.looked_at_again()).await;
    let shelf = shelf.map_err(|error| Failure::internal(&error))?;
    Ok(match shelf.front(name).and_then(|front| front.file(INDEX)) {
        Some(page) => answer(page, request),
        None => not_built(name),
    })
}

fn wants_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

fn answer(file: &PageFile, request: &HttpRequest) -> HttpResponse {
    let (encoding, content) = file.content(|encoding| encoding.is_taken(request.headers()));
    let etag = file.etag(encoding);
    let is_known = is_known(request.headers(), &etag);
    let mut response = if is_known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    protect(&mut response)
        .insert_header((ETAG, etag))
        .insert_header((VARY, "Accept-Encoding"))
        .insert_header((
            CACHE_CONTROL,
            if file.is_immutable { FOR_EVER } else { "no-cache" },
        ));
    if is_known {
        return response.finish();
    }
    if encoding != Encoding::Identity {
        response.insert_header((CONTENT_ENCODING, encoding.word()));
    }
    response.content_type(file.media_type).body(content)
}

/// Whether the caller has this very writing (RFC 9110 §13.1.2).
fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let known = headers.get(IF_NONE_MATCH).and_then(|known| known.to_str().ok());
    known.is_some_and(|known| {
        known
            .split(',')
            .map(|one| one.trim().trim_start_matches("W/"))
            .any(|one| one == etag || one == "*")
    })
}

fn protect(response: &mut HttpResponseBuilder) -> &mut HttpResponseBuilder {
    response
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header(("Cross-Origin-Opener-Policy", "same-origin"))
        .insert_header(("Cross-Origin-Resource-Policy", "same-origin"))
}

fn not_built(name: FrontName) -> HttpResponse {
    let name = name.word();
    let text = format!(
        "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><title>Carillon</title>\
         <h1>页面尚未构建</h1><p>在项目目录运行 <code>cargo run -p carillon-bundler</code>，稍后刷新本页。</p>\
         <p lang=\"en\">The page <code>/{name}/</code> has not been built. Run <code>cargo run -p carillon-bundler</code> in \
         the project, or name the folder of the pages as <code>pages.dir</code> in the settings, and load this page \
         again.</p></html>"
    );
    protect(&mut HttpResponse::ServiceUnavailable())
        .insert_header((CACHE_CONTROL, "no-store"))
        .content_type("text/html; charset=utf-8")
        .body(text)
}
