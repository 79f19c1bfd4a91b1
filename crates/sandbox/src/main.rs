//! `trackdock-sandbox`: both services on loopback for the demo and for whole-app tests. It knows no client.

#![forbid(unsafe_code)]

use std::{io::Write, path::PathBuf};

use anyhow::{Context, anyhow};
use clap::Parser;
use sandbox::{Clients, Consent, Options, Sandbox, ServiceName};
use serde_json::json;

/// Map My Tracks and Trek Point on loopback, with faults on demand.
///
/// Prints one line of JSON with addresses and clients when it is ready; `/sandbox/state` tells what was received.
#[derive(Parser)]
#[command(name = "trackdock-sandbox", version)]
struct Arguments {
    /// TCP port on 127.0.0.1; 0: any free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Folder that keeps uploads and state over a restart.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// client_id at Map My Tracks.
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// client_secret at Map My Tracks.
    #[arg(long, value_name = "SECRET")]
    client_secret: Option<String>,
    /// client_id at Trek Point.
    #[arg(long, value_name = "ID")]
    public_client_id: Option<String>,
    /// One more registered redirect address, such as trek-point=http://127.0.0.1:5000/trek-point.
    #[arg(long, value_name = "SERVICE=URI", value_parser = redirect_uri)]
    redirect_uri: Vec<(ServiceName, String)>,
    /// Makes tokens the same in every run.
    #[arg(long)]
    seed: Option<u64>,
    /// What the consent page does by itself: ask, allow, deny.
    #[arg(long, default_value = "ask", value_parser = consent)]
    consent: Consent,
    /// How long Trek Point processes a new activity, in milliseconds.
    #[arg(long, value_name = "MS")]
    processing_ms: Option<u64>,
}

fn redirect_uri(text: &str) -> Result<(ServiceName, String), String> {
    let (service, uri) = text.split_once('=').ok_or("write it as SERVICE=URI")?;
    let service =
        ServiceName::from_name(service).ok_or("the service is map-my-tracks or trek-point")?;
    Ok((service, uri.to_owned()))
}

fn consent(text: &str) -> Result<Consent, String> {
    match text {
        "ask" => Ok(Consent::Ask),
        "allow" => Ok(Consent::Allow),
        "deny" => Ok(Consent::Deny),
        _ => Err("it is ask, allow or deny".to_owned()),
    }
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut clients = Clients::default();
    clients.map_my_tracks_id = arguments.client_id.unwrap_or(clients.map_my_tracks_id);
    clients.map_my_tracks_secret = arguments
        .client_secret
        .unwrap_or(clients.map_my_tracks_secret);
    clients.trek_point_id = arguments.public_client_id.unwrap_or(clients.trek_point_id);
    clients.redirect_uris.extend(arguments.redirect_uri);
    let options = Options {
        port: arguments.port,
        clients,
        seed: arguments.seed,
        keep: arguments.keep,
        ..Options::default()
    };
    let sandbox = Sandbox::start(options)?;
    sandbox.switch(|switches| {
        switches.consent = arguments.consent;
        switches.processing_ms = arguments.processing_ms.or(switches.processing_ms);
    });
    let say = || {
        let mut stdout = std::io::stdout();
        writeln!(stdout, "{}", ready(&sandbox))
            .and_then(|()| stdout.flush())
            .context("The addresses can't be printed.")
    };
    until_told_to_end(say)
}

/// The line that says where everything is.
fn ready(sandbox: &Sandbox) -> serde_json::Value {
    let clients = sandbox.clients();
    let of = |service| -> Vec<&str> {
        let own = clients
            .redirect_uris
            .iter()
            .filter(|(known, _)| *known == service);
        own.map(|(_, uri)| uri.as_str()).collect()
    };
    json!({
        "control": format!("{}/sandbox", sandbox.base()),
        "map-my-tracks": {
            "base": sandbox.mmt_base(),
            "client_id": clients.map_my_tracks_id,
            "client_secret": clients.map_my_tracks_secret,
            "redirect_uris": of(ServiceName::MapMyTracks),
        },
        "trek-point": {
            "oauth_base": sandbox.tp_oauth_base(),
            "api_base": sandbox.tp_api_base(),
            "export_base": sandbox.tp_export_base(),
            "client_id": clients.trek_point_id,
            "redirect_uris": of(ServiceName::TrekPoint),
        },
    })
}

/// Runs until a signal says that it is enough. `say` tells that everything is ready: who reads that may send the signal at once,
/// so it is listened for before.
fn until_told_to_end(say: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let mut terminate = signal(SignalKind::terminate())?;
            let mut interrupt = signal(SignalKind::interrupt())?;
            say()?;
            let told = tokio::select! {
                told = interrupt.recv() => told,
                told = terminate.recv() => told,
            };
            told.ok_or_else(|| anyhow!("Signals no longer arrive."))
        }
        #[cfg(not(unix))]
        {
            say()?;
            Ok(tokio::signal::ctrl_c().await?)
        }
    })
}
