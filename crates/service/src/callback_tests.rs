//! Tests of the callback listener: what an attacker's page or program can send, over a real socket.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::*;

const STATE: &str = "s-t_a.te~1";

async fn listening() -> (Callback, u16) {
    listening_for(STAY).await
}

async fn listening_for(stay: Duration) -> (Callback, u16) {
    let free = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let port = Port::bind(&[format!("http://127.0.0.1:{free}/trek-point")])
        .await
        .unwrap();
    assert_eq!(
        port.redirect(),
        format!("http://127.0.0.1:{free}/trek-point")
    );
    (port.listen(STATE, stay), free)
}

async fn raw(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A server that hangs up on a broken request is as good as one that answers it.
    let _ = tokio::time::timeout(Duration::from_millis(500), stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

async fn get(port: u16, path: &str) -> String {
    raw(
        port,
        &format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"),
    )
    .await
}

#[tokio::test]
async fn attacks_are_refused_and_the_listener_waits_on() {
    let (mut callback, port) = listening().await;
    let good = format!("code=c0de&state={STATE}");
    for path in [
        "/trek-point".into(),
        "/trek-point?code=x".into(),
        "/trek-point?code=x&state=".into(),
        "/trek-point?code=x&state=wrong".into(),
        format!("/trek-point?code=x&state={STATE}x"),
        format!("/trek-point?code=x&state={}", STATE.to_uppercase()),
        format!("/trek-point?state={STATE}"),
        format!("/trek-point?code=&state={STATE}"),
        format!("/trek-point?{good}&code=y"),
        format!("/trek-point?{good}&state={STATE}"),
        format!("/trek-point?{good}&error=access_denied"),
        format!("/trek-point?code=a%0d%0ab&state={STATE}"),
        format!("/trek-point?code={}&state={STATE}", "x".repeat(CODE + 1)),
        "/trek-point?error=access_denied".into(),
        "/trek-point?error=access_denied&state=wrong".into(),
    ] {
        let answer = get(port, &path).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{path}: {answer}");
        assert!(
            !answer.contains("access_denied") && !answer.contains("wrong"),
            "{path} is echoed"
        );
    }
    for path in [
        "/",
        "/favicon.ico",
        "/trek-point/",
        "/TREK-POINT",
        "/trek%2Dpoint",
        "/map-my-tracks",
        "//trek-point",
    ] {
        let answer = get(port, &format!("{path}?{good}")).await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
    }
    assert!(
        callback.brought.try_recv().is_err(),
        "something got through"
    );
    let answer = get(port, &format!("/trek-point?{good}")).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(
        matches!(callback.brought().await, Some(Brought::Code(code)) if code.expose() == "c0de")
    );
}

#[tokio::test]
async fn other_hosts_and_methods_are_not_found() {
    let (mut callback, port) = listening().await;
    let good = format!("code=c0de&state={STATE}");
    for host in [
        "localhost",
        "evil.test",
        "127.0.0.1",
        "127.0.0.1:1",
        &format!("localhost:{port}"),
        &format!("evil.test:{port}"),
        "",
    ] {
        let answer = raw(
            port,
            &format!(
                "GET /trek-point?{good} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
            ),
        )
        .await;
        assert!(!answer.starts_with("HTTP/1.1 200"), "{host}: {answer}");
    }
    for method in ["POST", "HEAD", "OPTIONS", "PUT"] {
        let answer = raw(port, &format!("{method} /trek-point?{good} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{method}: {answer}");
    }
    let none = raw(port, &format!("GET /trek-point?{good} HTTP/1.0\r\n\r\n")).await;
    assert!(!none.contains("200 OK"), "no Host: {none}");
    raw(port, "\u{0}\u{1}garbage\r\n\r\n").await;
    assert!(
        callback.brought.try_recv().is_err(),
        "something got through"
    );
    let answer = get(port, &format!("/trek-point?{good}")).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(
        matches!(callback.brought().await, Some(Brought::Code(code)) if code.expose() == "c0de")
    );
}

#[tokio::test]
async fn one_answer_is_taken_and_the_page_says_so() {
    let (mut callback, port) = listening().await;
    let first = get(
        port,
        &format!("/trek-point?state={STATE}&code=a%2Bb%20%3D&extra=1"),
    )
    .await;
    assert!(
        first.contains("You can close this tab and return to Trackdock"),
        "{first}"
    );
    let lower = first.to_lowercase();
    for header in [
        "content-security-policy: default-src 'none'",
        "cache-control: no-store",
        "referrer-policy: no-referrer",
    ] {
        assert!(lower.contains(header), "{header} is missing: {first}");
    }
    assert!(!first.contains("a+b") && !first.contains(STATE));
    let second = get(port, &format!("/trek-point?state={STATE}&code=other")).await;
    assert!(second.starts_with("HTTP/1.1 410"), "{second}");
    assert!(
        matches!(callback.brought().await, Some(Brought::Code(code)) if code.expose() == "a+b =")
    );
    callback.close().await;
    TcpListener::bind(("127.0.0.1", port))
        .await
        .expect("the port is free again");
}

#[tokio::test]
async fn a_no_is_told() {
    for (query, expected) in [
        (
            "error=access_denied&error_description=%3Cb%3Eno",
            "access_denied",
        ),
        ("error=server_error", "server_error"),
        (
            "error=invalid_scope&error_description=bad%0Ascope",
            "bad scope (invalid_scope)",
        ),
    ] {
        let (mut callback, port) = listening().await;
        let answer = get(port, &format!("/trek-point?{query}&state={STATE}")).await;
        assert!(
            answer.contains("You are not signed in") && !answer.contains("<b>"),
            "{answer}"
        );
        match callback.brought().await {
            Some(Brought::Error(error)) => assert_eq!(error, expected),
            _ => panic!("{query} was not taken"),
        }
    }
}

#[tokio::test]
async fn a_taken_port_is_passed_over() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let busy = taken.local_addr().unwrap().port();
    let free = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let uris = [
        format!("http://127.0.0.1:{busy}/a"),
        format!("http://127.0.0.1:{free}/b"),
    ];
    assert_eq!(Port::bind(&uris).await.unwrap().redirect(), uris[1]);
    let Err(PortsBusy(ports)) = Port::bind(&uris[..1]).await else {
        panic!("a taken port was bound")
    };
    assert_eq!(ports, [busy]);
}

#[tokio::test]
async fn a_connection_kept_open_does_not_keep_the_port() {
    let (callback, port) = listening().await;
    let _idle = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let closed = tokio::time::timeout(Duration::from_secs(30), callback.close()).await;
    assert!(closed.is_ok(), "an idle connection is waited for");
    TcpListener::bind(("127.0.0.1", port)).await.unwrap();
}

/// Connections with a request that does not go on.
async fn half_sent(port: u16) -> Vec<TcpStream> {
    let mut held = Vec::new();
    for _ in 0..40 {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let half = format!("GET /trek-point?state={STATE}&code=x");
        stream.write_all(half.as_bytes()).await.unwrap();
        held.push(stream);
    }
    held
}

#[tokio::test]
async fn many_connections_kept_open_keep_no_browser_out_and_end_after_the_sign_in() {
    const PATIENCE: Duration = Duration::from_secs(30);
    let stay = Duration::from_millis(300);
    let (mut callback, port) = listening_for(stay).await;
    let begun = tokio::time::Instant::now();
    let held = half_sent(port).await;
    let mut browser = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request = format!(
        "GET /trek-point?state={STATE}&code=c0de HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"
    );
    browser.write_all(request.as_bytes()).await.unwrap();
    let brought = tokio::time::timeout(PATIENCE, callback.brought()).await;
    assert!(matches!(brought, Ok(Some(Brought::Code(code))) if code.expose() == "c0de"));
    // Sixteen at once: the browser's turn comes after twice sixteen others.
    assert!(begun.elapsed() >= stay * 2, "{:?}", begun.elapsed());
    drop(held);

    let held = half_sent(port).await;
    callback.close().await;
    for mut stream in held {
        let mut answer = Vec::new();
        let end = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
        assert!(end.is_ok(), "a connection outlives the sign-in");
    }
}
