//! A server that knows no HTTP beyond where a request ends: it sends the bytes it was given, as far as it was told, and then
//! ends the connection in the way it was told.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::io::ErrorKind;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How a connection ends after the last byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// In order: no more is to come.
    Fin,
    /// Torn down.
    Reset,
    /// Not at all: nothing moves any more.
    Stall,
}

/// What a request is answered with.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// Sent one after the other, with a pause between them.
    pub(crate) pieces: Vec<Vec<u8>>,
    pub(crate) pause: Duration,
    pub(crate) end: End,
    /// Whether the request is read to its end before it is answered.
    pub(crate) listens: bool,
}

impl Reply {
    pub(crate) fn of(bytes: impl Into<Vec<u8>>, end: End) -> Reply {
        Reply {
            pieces: vec![bytes.into()],
            pause: Duration::ZERO,
            end,
            listens: true,
        }
    }
}

type Answers = Arc<dyn Fn(&str) -> Reply + Send + Sync>;

/// The server: what it is told to say, and what it was asked.
#[derive(Clone)]
pub(crate) struct Raw {
    pub(crate) port: u16,
    answers: Arc<Mutex<Answers>>,
    asked: Arc<Mutex<Vec<String>>>,
    shown: Arc<Mutex<Vec<String>>>,
}

impl Raw {
    pub(crate) async fn start() -> Raw {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let nothing: Answers = Arc::new(|_| Reply::of("", End::Fin));
        let raw = Raw {
            port: listener.local_addr().unwrap().port(),
            answers: Arc::new(Mutex::new(nothing)),
            asked: Arc::default(),
            shown: Arc::default(),
        };
        let server = raw.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let server = server.clone();
                tokio::spawn(async move { server.talk(stream).await });
            }
        });
        raw
    }

    /// From now on requests are answered so, by their method and path (`POST /x`, `GET /x?page=2`); what was asked before is forgotten.
    pub(crate) fn answer(&self, answers: impl Fn(&str) -> Reply + Send + Sync + 'static) {
        *self.answers.lock().unwrap() = Arc::new(answers);
        self.asked.lock().unwrap().clear();
        self.shown.lock().unwrap().clear();
    }

    /// What it was shown to let somebody in: what stands in `Authorization`, and each pair of a form.
    pub(crate) fn shown(&self) -> Vec<String> {
        self.shown.lock().unwrap().clone()
    }

    /// How often this was asked.
    pub(crate) fn count(&self, request: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|each| *each == request).count()
    }

    async fn talk(&self, mut stream: TcpStream) {
        let Some(request) = head(&mut stream).await else {
            return;
        };
        self.asked.lock().unwrap().push(request.name.clone());
        self.shown.lock().unwrap().push(request.authorization);
        let answers = Arc::clone(&self.answers.lock().unwrap());
        let reply = answers(&request.name);
        if reply.listens {
            let Some(rest) = body(&mut stream, request.left).await else {
                return;
            };
            if request.is_form {
                let form = [request.begun, rest].concat();
                let pairs = String::from_utf8(form).unwrap();
                let pairs = pairs.split('&').map(str::to_owned);
                self.shown.lock().unwrap().extend(pairs);
            }
        }
        for piece in &reply.pieces {
            if stream.write_all(piece).await.is_err() {
                return; // the client has had enough
            }
            tokio::time::sleep(reply.pause).await;
        }
        match reply.end {
            End::Fin => {
                let _ = stream.shutdown().await; // it may be gone already
                // Closing with unread bytes would tear the connection down.
                let _ = tokio::time::timeout(Duration::from_secs(5), drained(&mut stream)).await;
            }
            End::Reset => stream.set_zero_linger().unwrap(),
            // Until the client gives up.
            End::Stall => drained(&mut stream).await,
        }
    }
}

/// The start of a request.
struct Head {
    name: String,
    /// Empty where there is none.
    authorization: String,
    is_form: bool,
    /// The bytes of the body that came with it.
    begun: Vec<u8>,
    /// Bytes of the body that are still to come.
    left: usize,
}

async fn head(stream: &mut TcpStream) -> Option<Head> {
    let mut bytes = Vec::new();
    let end = loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let text = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut lines = text.lines();
    let mut words = lines.next()?.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    // Of queries only a further page of a list is a question of its own.
    let path = match target.split_once('?') {
        Some((path, query)) if !query.starts_with("page=") => path,
        _ => target,
    };
    let headers: Vec<_> = lines.filter_map(|line| line.split_once(':')).collect();
    let header = |wanted: &str| {
        let mut named = headers.iter();
        let found = named.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map_or("", |(_, value)| value.trim())
    };
    let length: usize = header("content-length").parse().unwrap_or(0);
    Some(Head {
        name: format!("{method} {path}"),
        authorization: header("authorization").to_owned(),
        is_form: header("content-type") == "application/x-www-form-urlencoded",
        begun: bytes[end..].to_vec(),
        left: length.saturating_sub(bytes.len() - end),
    })
}

/// The rest of the body, if all of it came.
async fn body(stream: &mut TcpStream, left: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; left];
    stream.read_exact(&mut bytes).await.ok()?;
    Some(bytes)
}

async fn drained(stream: &mut TcpStream) {
    let mut bytes = [0; 1024];
    loop {
        match stream.read(&mut bytes).await {
            Ok(0) => return,
            Err(error) if error.kind() != ErrorKind::Interrupted => return,
            _ => {}
        }
    }
}
