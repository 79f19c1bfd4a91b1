//! A session bus with a keyring on it, in as many bytes as a client needs: it lets everybody in, opens a session, and then
//! answers, stays silent, or is gone. Knows no secret.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// The calls that are told apart.
const CALLS: [&str; 3] = ["Hello", "OpenSession", "SearchItems"];

/// What a call is met with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Met {
    /// As it should be; a search finds nothing.
    Well,
    /// Nothing comes any more.
    Silence,
    /// The bus ends.
    End,
    /// An error of this name.
    Error(&'static str),
}

/// What was asked, one call after the other.
#[derive(Clone, Default)]
pub(crate) struct Bus {
    asked: Arc<Mutex<Vec<&'static str>>>,
}

impl Bus {
    /// A bus at this address that meets the nth call of a name in this way.
    pub(crate) fn start(
        path: &Path,
        met: impl Fn(&str, usize) -> Met + Send + Sync + 'static,
    ) -> Bus {
        let listener = UnixListener::bind(path).unwrap();
        let bus = Bus::default();
        let (server, met) = (bus.clone(), Arc::new(met));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (server, met) = (server.clone(), Arc::clone(&met));
                std::thread::spawn(move || server.talk(stream.unwrap(), met.as_ref()));
            }
        });
        bus
    }

    /// How often this was called.
    pub(crate) fn count(&self, call: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|each| **each == call).count()
    }

    /// Until the client has had enough.
    fn talk(&self, stream: UnixStream, met: &dyn Fn(&str, usize) -> Met) -> Option<()> {
        let mut out = stream.try_clone().unwrap();
        let mut input = BufReader::new(stream);
        let_in(&mut input, &mut out)?;
        loop {
            let (serial, call) = next_call(&mut input)?;
            let nth = self.count(call);
            self.asked.lock().unwrap().push(call);
            let answer = match met(call, nth) {
                Met::Well => answer(serial, call),
                Met::Silence => continue,
                Met::End => return None,
                Met::Error(name) => message(3, serial, Some(name), "", &[]),
            };
            out.write_all(&answer).ok()?;
        }
    }
}

/// Lets a client in, whoever it says it is.
fn let_in(input: &mut BufReader<UnixStream>, out: &mut UnixStream) -> Option<()> {
    loop {
        let mut line = String::new();
        input.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let said: &[u8] = match line.trim_matches(['\0', '\r', '\n']) {
            "BEGIN" => return Some(()),
            "NEGOTIATE_UNIX_FD" => b"AGREE_UNIX_FD\r\n",
            _ => b"OK 0123456789abcdef0123456789abcdef\r\n",
        };
        out.write_all(said).ok()?;
    }
}

/// The next call: its number, and which of those that are told apart it is.
fn next_call(input: &mut BufReader<UnixStream>) -> Option<(u32, &'static str)> {
    let mut start = [0; 16];
    input.read_exact(&mut start).ok()?;
    assert_eq!(start[0], b'l', "the client writes numbers the other way");
    let number = |at: usize| u32::from_le_bytes(start[at..at + 4].try_into().unwrap());
    let fields = number(12) as usize;
    let mut rest = vec![0; fields.next_multiple_of(8) + number(4) as usize];
    input.read_exact(&mut rest).ok()?;
    let names = |call: &&str| {
        let mut windows = rest[..fields].windows(call.len());
        windows.any(|bytes| bytes == call.as_bytes())
    };
    let call = CALLS.into_iter().find(names).unwrap_or("another");
    Some((number(8), call))
}

/// The answer to a call that is well.
fn answer(serial: u32, call: &str) -> Vec<u8> {
    match call {
        "Hello" => message(2, serial, None, "s", &text(":1.7")),
        "OpenSession" => {
            // A public key of 128 bytes as a variant, and where the session is.
            let key = [b"\x02ay\0".as_slice(), &128u32.to_le_bytes(), &[2; 128]].concat();
            message(2, serial, None, "vo", &[key, text("/session")].concat())
        }
        // None that are open, none that are locked.
        "SearchItems" => message(2, serial, None, "aoao", &[0; 8]),
        _ => message(2, serial, None, "", &[]),
    }
}

fn text(text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap().to_le_bytes();
    [&length, text.as_bytes(), b"\0"].concat()
}

/// A message of a kind (2: an answer, 3: an error) to the call of this number.
fn message(kind: u8, to: u32, error: Option<&str>, signature: &str, body: &[u8]) -> Vec<u8> {
    let padded = |mut bytes: Vec<u8>| {
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes
    };
    let mut fields = [b"\x05\x01u\0".as_slice(), &to.to_le_bytes()].concat();
    if let Some(error) = error {
        fields.extend(padded([b"\x04\x01s\0".to_vec(), text(error)].concat()));
    }
    let length = u8::try_from(signature.len()).unwrap();
    fields.extend(
        [
            b"\x08\x01g\0",
            [length].as_slice(),
            signature.as_bytes(),
            b"\0",
        ]
        .concat(),
    );
    let number = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
    let start = [
        [b'l', kind, 1, 1],
        number(body.len()),
        [1, 0, 0, 0],
        number(fields.len()),
    ]
    .concat();
    [padded([start, fields].concat()), body.to_vec()].concat()
}
