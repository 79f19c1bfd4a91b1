//! Map My Tracks and Trek Point on loopback, built from their documents and strict, with faults on demand.
//! It shares no code with the client that it tests.

#![forbid(unsafe_code)]

mod answer;
mod clock;
mod consent;
mod control;
mod endpoint;
mod fault;
mod form;
mod guard;
mod intake;
mod map_my_tracks;
mod options;
mod recording;
mod state;
mod tokens;
mod trek_point;
mod wire;

use std::{
    collections::BTreeMap,
    hash::{BuildHasher, Hasher, RandomState},
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::Arc,
    thread::JoinHandle,
};

use axum::{Router, body::Bytes, extract::DefaultBodyLimit, middleware};
use tokio::sync::oneshot;

pub use clock::Clock;
pub use consent::{ATHLETES, Athlete, Consent};
pub use control::{Duplicates, Expire, Request, Switches, Upload};
pub use endpoint::{ENDPOINTS, ServiceName};
pub use fault::{Fault, Harm, Shape};
pub use options::{Clients, Options, SCOPES};
pub use tokens::{Standings, TokenCounts};

use state::Shared;

/// Why a sandbox can't start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The port is taken or may not be used.
    #[error(
        "Port {port} of this machine can't be listened on ({cause}). Choose another, or 0 for any free one."
    )]
    Listen {
        /// As asked for.
        port: u16,
        /// The system's words.
        cause: io::Error,
    },
    /// The folder to keep uploads in can't be used.
    #[error("The folder of earlier uploads can't be used ({0}). Give another one, or empty it.")]
    Keep(io::Error),
    /// The system gives no thread or event loop.
    #[error("The sandbox can't start its own thread ({0}). Close other programs and try again.")]
    Thread(io::Error),
}

/// Both services, running on a thread of their own until this is dropped.
pub struct Sandbox {
    shared: Arc<Shared>,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sandbox {
    /// Starts both services; when this returns, they answer. Needs no async runtime.
    ///
    /// # Errors
    /// The port or the folder can't be used, or the system gives no thread.
    pub fn start(options: Options) -> Result<Sandbox, SandboxError> {
        let port = options.port;
        let listen = |cause| SandboxError::Listen { port, cause };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(listen)?;
        listener.set_nonblocking(true).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        // The keys of a new RandomState come from the system's own randomness.
        let chance = || RandomState::new().build_hasher().finish();
        let seed = options.seed.map_or_else(
            || format!("{:x}{:x}", chance(), chance()),
            |seed| seed.to_string(),
        );
        let shared = Shared::open(options.clients, options.clock, seed, options.keep)
            .map_err(SandboxError::Keep)?;
        let shared = Arc::new(shared);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build();
        let runtime = runtime.map_err(SandboxError::Thread)?;
        let (stop, stopped) = oneshot::channel();
        let router = router(Arc::clone(&shared));
        let thread = std::thread::Builder::new()
            .name("sandbox".to_owned())
            .spawn(move || {
                runtime.block_on(serve(listener, router, stopped));
                // Connections that still wait for an answer are not waited for.
                runtime.shutdown_background();
            });
        let thread = thread.map_err(SandboxError::Thread)?;
        Ok(Sandbox {
            shared,
            address,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// `http://127.0.0.1:P`
    #[must_use]
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What `base` of Map My Tracks is set to.
    #[must_use]
    pub fn mmt_base(&self) -> String {
        format!("{}/api3", self.base())
    }

    /// What `oauth_base` of Trek Point is set to.
    #[must_use]
    pub fn tp_oauth_base(&self) -> String {
        self.base()
    }

    /// What `api_base` of Trek Point is set to.
    #[must_use]
    pub fn tp_api_base(&self) -> String {
        self.base()
    }

    /// What `export_base` of Trek Point is set to.
    #[must_use]
    pub fn tp_export_base(&self) -> String {
        self.base()
    }

    /// The registered clients.
    #[must_use]
    pub fn clients(&self) -> &Clients {
        &self.shared.clients
    }

    /// Every file that was taken, in order, those that were there already too.
    #[must_use]
    pub fn uploads(&self) -> Vec<Upload> {
        self.shared.state().uploads.clone()
    }

    /// The exact bytes of an upload.
    #[must_use]
    pub fn bytes(&self, n: u64) -> Option<Bytes> {
        let state = self.shared.state();
        let upload = state.uploads.iter().find(|upload| upload.n == n)?;
        state.bytes.get(&upload.sha256).cloned()
    }

    /// Every request, in order of its end; the newest 10,000.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.shared.state().requests.clone()
    }

    /// How many requests came to this endpoint.
    #[must_use]
    pub fn count(&self, service: ServiceName, endpoint: &str) -> usize {
        let state = self.shared.state();
        state
            .requests
            .iter()
            .filter(|request| request.service == service && request.endpoint == endpoint)
            .count()
    }

    /// The tokens of each service by its name, counted.
    #[must_use]
    pub fn tokens(&self) -> BTreeMap<String, TokenCounts> {
        let state = self.shared.state();
        control::token_counts(&state, self.shared.now_ms(&state))
    }

    /// Every word that only client and service may know and that has gone between them: codes, PKCE verifiers, tokens.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        self.shared.state().tokens.secrets()
    }

    /// Whether a token has been neither replaced nor revoked.
    #[must_use]
    pub fn is_live(&self, token: &str) -> bool {
        self.shared.state().tokens.is_live(token)
    }

    /// Orders a fault.
    ///
    /// # Errors
    /// In words: its service has no such endpoint.
    pub fn fault(&self, fault: Fault) -> Result<(), String> {
        control::add_faults(&mut self.shared.state(), vec![fault])
    }

    /// Takes all faults back.
    pub fn clear_faults(&self) {
        self.shared.state().faults.clear();
    }

    /// Changes how the services behave where their documents leave it open.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.shared.state().switches);
    }

    /// Ends tokens of one service, or of both.
    pub fn expire(&self, service: Option<ServiceName>, what: Expire) {
        control::expire_now(&self.shared, service, what);
    }

    /// Sets the services' clock ahead by this many milliseconds.
    pub fn advance(&self, milliseconds: i64) {
        self.shared.state().ahead_ms += milliseconds;
    }

    /// Forgets everything but the clients.
    ///
    /// # Errors
    /// The folder to keep things in can't be written.
    pub fn reset(&self) -> io::Result<()> {
        self.shared.reset()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // An error means that the thread has ended already.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed; there is nothing left to end.
            let _ = thread.join();
        }
    }
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .merge(map_my_tracks::routes())
        .merge(trek_point::routes())
        .merge(control::routes())
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(
            Arc::clone(&shared),
            guard::guard,
        ))
        .with_state(shared)
}

async fn serve(listener: TcpListener, router: Router, stopped: oneshot::Receiver<()>) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return eprintln!("The sandbox can't listen ({error}). Start it again."),
    };
    let service = router.into_make_service_with_connect_info::<wire::Wire>();
    let serving = axum::serve(wire::Gate(listener), service);
    tokio::select! {
        ended = async { serving.await } => if let Err(error) = ended {
            eprintln!("The sandbox stopped answering ({error}). Start it again.");
        },
        // Dropped or told to stop: both end the services.
        _ = stopped => {}
    }
}
