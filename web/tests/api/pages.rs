//! The pages of wall and console, and what a path may not reach.

use super::harness::Harness;
use reqwest::{Method, Response};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const HTML: &str = "text/html,application/xhtml+xml,*/*;q=0.8";
const SECRET: &str = "what nobody may read";

/// A service with pages beside a file that is none of theirs.
async fn served() -> (Harness, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &str| std::fs::write(folder.path().join(name), content).unwrap();
    write("secret.txt", SECRET);
    for name in ["wall", "console"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
        write(&format!("{name}/index.html"), &format!("<!doctype html>{name}"));
        write(&format!("{name}/page-0123456789ab.wasm"), "plain");
        write(&format!("{name}/page-0123456789ab.wasm.br"), "brotli");
        write(&format!("{name}/page-0123456789ab.wasm.gz"), "gzip");
    }
    let dir = folder.path().to_owned();
    let harness = Harness::with(|config| config.pages.dir = dir).await;
    (harness, folder)
}

async fn get(harness: &Harness, path: &str, headers: &[(&str, &str)]) -> Response {
    let request = headers
        .iter()
        .fold(harness.request(Method::GET, path), |request, (name, value)| {
            request.header(*name, *value)
        });
    request.send().await.unwrap()
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

#[actix_web::test]
async fn a_page_comes_with_its_protection_and_for_every_address_inside_it() {
    let (harness, _folder) = served().await;
    for (path, expected) in [
        ("/wall/", "wall"),
        ("/wall/index.html", "wall"),
        ("/console/", "console"),
        ("/console/messages/msg_1?to=138", "console"),
        ("/", "console"),
        ("/console", "console"),
        ("/wall", "wall"),
    ] {
        let response = get(&harness, path, &[("Accept", HTML)]).await;
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(header(&response, "content-type"), "text/html; charset=utf-8");
        assert_eq!(header(&response, "cache-control"), "no-cache");
        assert_eq!(header(&response, "x-content-type-options"), "nosniff");
        assert_eq!(header(&response, "referrer-policy"), "no-referrer");
        let policy = header(&response, "content-security-policy").to_owned();
        for part in [
            "default-src 'none'",
            "script-src 'self' 'wasm-unsafe-eval';",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{policy}");
        }
        assert_eq!(
            response.text().await.unwrap(),
            format!("<!doctype html>{expected}"),
            "{path}"
        );
    }
    harness.end().await;
}

#[actix_web::test]
async fn head_answers_as_get_does_without_a_body() {
    let (harness, _folder) = served().await;
    for path in [
        "/wall/",
        "/console/records",
        "/wall/page-0123456789ab.wasm",
        "/console/nothing.js",
    ] {
        let get = get(&harness, path, &[("Accept", HTML)]).await;
        let head = harness.request(Method::HEAD, path).header("Accept", HTML);
        let head = head.send().await.unwrap();
        assert_eq!(head.status(), get.status(), "{path}");
        for name in ["content-type", "content-length", "etag", "cache-control"] {
            assert_eq!(header(&head, name), header(&get, name), "{path}: {name}");
        }
        assert_eq!(head.bytes().await.unwrap().len(), 0, "{path}");
    }
    let post = harness.request(Method::POST, "/wall/").send().await.unwrap();
    assert_eq!(
        (post.status().as_u16(), header(&post, "allow")),
        (405, "GET, HEAD")
    );
    let other = harness.request(Method::HEAD, "/v1/session").send().await.unwrap();
    assert_eq!((other.status().as_u16(), header(&other, "allow")), (405, "GET"));
    harness.end().await;
}

#[actix_web::test]
async fn files_come_compressed_typed_and_are_asked_for_once() {
    let (harness, _folder) = served().await;
    let path = "/wall/page-0123456789ab.wasm";
    for (accept, encoding, content) in [
        ("gzip, br", "br", "brotli"),
        ("gzip", "gzip", "gzip"),
        ("identity", "", "plain"),
    ] {
        let response = get(&harness, path, &[("Accept-Encoding", accept)]).await;
        assert_eq!(header(&response, "content-encoding"), encoding);
        assert_eq!(header(&response, "content-type"), "application/wasm");
        assert_eq!(
            header(&response, "cache-control"),
            "public, max-age=31536000, immutable"
        );
        assert_eq!(header(&response, "vary"), "Accept-Encoding");
        let etag = header(&response, "etag").to_owned();
        assert_eq!(response.text().await.unwrap(), content);
        let headers = [("Accept-Encoding", accept), ("If-None-Match", etag.as_str())];
        let again = get(&harness, path, &headers).await;
        assert_eq!(again.status(), 304);
        assert_eq!(again.text().await.unwrap(), "");
        let other = get(
            &harness,
            path,
            &[("Accept-Encoding", accept), ("If-None-Match", "\"x\"")],
        )
        .await;
        assert_eq!(other.status(), 200);
    }
    harness.end().await;
}

#[actix_web::test]
async fn nothing_but_the_pages_own_files_is_reached() {
    let (harness, _folder) = served().await;
    let long = format!("/wall/{}", "a".repeat(7000));
    let deep = format!("/wall/{}secret.txt", "../".repeat(2000));
    for path in [
        "/wall/../secret.txt",
        "/wall/..%2fsecret.txt",
        "/wall/%2e%2e/secret.txt",
        "/wall/%2e%2e%2fsecret.txt",
        "/wall/%252e%252e%252fsecret.txt",
        "/wall/..%5csecret.txt",
        "/wall/..;/secret.txt",
        "/wall//secret.txt",
        "/wall/%2fetc%2fpasswd",
        "/wall//etc/passwd",
        "/wall/index.html%00.js",
        "/wall/%00",
        "/wall/%ff%fe",
        "/wall/page-0123456789ab.wasm.br",
        "/wall/page-0123456789ab.wasm/",
        "/wall/../console/../../secret.txt",
        "/secret.txt",
        &long,
        &deep,
    ] {
        // As it stands: clients would take the dots away.
        let mut stream = TcpStream::connect(harness.service.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer);
        let shown = &path[..path.len().min(80)];
        assert!(answer.starts_with("HTTP/1.1 4"), "{shown}: {answer}");
        assert!(
            !answer.contains(SECRET) && !answer.contains("root:"),
            "{shown}: {answer}"
        );
    }
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        let status = harness.request(method, "/wall/").send().await.unwrap().status();
        assert_eq!(status, 405);
    }
    harness.end().await;
}

#[actix_web::test]
async fn pages_that_are_not_built_say_how_to_build_them() {
    let harness = Harness::with(|config| config.pages.dir = "/absent".into()).await;
    for path in ["/wall/", "/console/campaigns"] {
        let response = get(&harness, path, &[("Accept", HTML)]).await;
        assert_eq!(response.status(), 503);
        assert_eq!(header(&response, "cache-control"), "no-store");
        assert!(
            response
                .text()
                .await
                .unwrap()
                .contains("cargo run -p carillon-bundler")
        );
    }
    assert_eq!(get(&harness, "/wall/page.js", &[]).await.status(), 404);
    harness.end().await;
}
