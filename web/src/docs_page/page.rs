use crate::http::{Failure, parameter};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use carillon_api::Code;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

/// Everything comes from here and nothing is inline; the viewer's icons are data in its style sheet.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The files of the viewer that the page needs.
const VIEWER: [&str; 2] = ["swagger-ui.css", "swagger-ui-bundle.js"];

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";

/// Content and media type of every file, by name.
static FILES: LazyLock<BTreeMap<&str, (Bytes, &str)>> = LazyLock::new(|| {
    let mut files = BTreeMap::from([
        (
            "page.css",
            (Bytes::from_static(include_bytes!("assets/page.css")), CSS),
        ),
        (
            "page.js",
            (Bytes::from_static(include_bytes!("assets/page.js")), JS),
        ),
    ]);
    let config = Arc::new(utoipa_swagger_ui::Config::default());
    for name in VIEWER {
        let file = utoipa_swagger_ui::serve(name, config.clone()).ok().flatten();
        let file = file.expect("the viewer is linked in whole");
        let media_type = if name.ends_with(".css") { CSS } else { JS };
        files.insert(name, (file.bytes.into_owned().into(), media_type));
    }
    files
});

/// `GET /docs`
pub async fn page() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(include_str!("assets/index.html"))
}

/// `GET /docs/{file}`
pub async fn asset(request: HttpRequest) -> Result<HttpResponse, Failure> {
    let name: String = parameter::path(&request, "file")?;
    let (content, media_type) = FILES
        .get(name.as_str())
        .ok_or_else(|| Failure::new(Code::NotFound, ""))?;
    Ok(HttpResponse::Ok()
        .content_type(*media_type)
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .body(content.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_its_own_files_only_and_all_of_them() {
        let html = include_str!("assets/index.html");
        let named: Vec<_> = html
            .split("\"docs/")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        for name in &named {
            assert!(FILES.contains_key(name), "{name}");
        }
        assert_eq!(named.len(), FILES.len());
        assert!(!html.contains("http://") && !html.contains("https://") && !html.contains("style="));
        let scripts = html.matches("<script").count();
        assert_eq!(scripts, html.matches("<script src=").count(), "nothing inline");
    }
}
