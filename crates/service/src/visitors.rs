//! A listener of which other programs can take only a little: few connections at once, each for a short time. Knows no request.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;

/// Connections at once; further ones wait in the system, which costs us no file descriptor. A browser opens a few.
const AT_ONCE: usize = 16;

/// A listener whose connections are few and end by themselves.
pub(crate) struct Visitors {
    listener: TcpListener,
    places: Arc<Semaphore>,
    stay: Duration,
}

/// A connection that ends with an error when its time is over, also when nobody listens any more.
pub(crate) struct Visitor {
    stream: TcpStream,
    end: Pin<Box<Sleep>>,
    /// Free again when this is dropped.
    _place: Option<OwnedSemaphorePermit>,
}

impl Visitors {
    /// Each connection may stay so long.
    pub(crate) fn new(listener: TcpListener, stay: Duration) -> Self {
        Self {
            listener,
            places: Arc::new(Semaphore::new(AT_ONCE)),
            stay,
        }
    }
}

impl Listener for Visitors {
    type Io = Visitor;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Visitor, SocketAddr) {
        // The places are never closed, so there always is one in the end.
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        let (stream, address) = Listener::accept(&mut self.listener).await;
        let visitor = Visitor {
            stream,
            end: Box::pin(tokio::time::sleep(self.stay)),
            _place: place,
        };
        (visitor, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Visitor {
    /// The connection, as long as it may stay. Whoever waits for it is woken at the end, too.
    fn stream(&mut self, context: &mut Context<'_>) -> io::Result<Pin<&mut TcpStream>> {
        match self.end.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::ErrorKind::TimedOut.into()),
            Poll::Pending => Ok(Pin::new(&mut self.stream)),
        }
    }
}

impl AsyncRead for Visitor {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream(context)?.poll_read(context, into)
    }
}

impl AsyncWrite for Visitor {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream(context)?.poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream(context)?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream(context)?.poll_shutdown(context)
    }
}
