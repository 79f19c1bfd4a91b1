//! Ports for what a test starts later. Knows no test.

#![allow(dead_code, reason = "not each test file asks for one")]

use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};

/// Below what systems give to connections that go out (Linux: `net.ipv4.ip_local_port_range`): nobody gets one of these meanwhile.
const FIRST: u32 = 20_000;
const COUNT: u32 = 12_000;
/// Between the first ports of tests that run at once, each in a process of its own.
const APART: u32 = 16;

/// Ports that nobody listens on, nor will before the test does.
pub(crate) fn quiet_ports<const N: usize>() -> [u16; N] {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let own = std::process::id().wrapping_mul(APART);
    let mut candidates = std::iter::repeat_with(|| {
        let next = own.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        u16::try_from(FIRST + next % COUNT).unwrap_or(u16::MAX)
    });
    let mut quiet = || candidates.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    [(); N].map(|()| quiet().unwrap_or(u16::MAX))
}
