//! Sign-in and uploads: OAuth 2 and the two services' HTTP contracts, each driven by a descriptor (`descriptors/*.toml`).
//! Knows of `track` only [`track::Sport`] and [`track::Format`]; knows no library, no queue and no window.
//!
//! What is documented and what is assumed about a service stands in its descriptor, fact by fact. Whatever a service
//! answers is untrusted: sizes are capped, texts are cut and cleaned, and no answer makes anything here panic.
#![forbid(unsafe_code)]

mod answer;
mod body;
mod callback;
mod classify;
mod client;
mod descriptor;
mod list;
mod oauth;
mod outcome;
mod redact;
mod retry_after;
mod secret;
mod session;
mod settings;
mod sign_in;
mod sign_out;
mod table;
mod tokens;
mod transport;
mod visitors;
mod wire;

pub use axum::body::Bytes;
pub use client::{Accept, Client, Clock, Upload};
pub use list::{Progress, RemoteActivity};
pub use outcome::Outcome;
pub use secret::{FileStore, KeyringStore, Secret, SecretError, SecretStore, SessionStore};
pub use session::NotHeld;
pub use settings::{Polling, ServiceId, Settings, SettingsError, Visibility};
pub use sign_in::{Profile, SignInError, SignedIn};
pub use sign_out::{SignOutError, SignedOut};
pub use transport::{Broken, Carried, Carrying, Reply, Transport};
