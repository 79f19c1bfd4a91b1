//! The shell: one window with the page in it, and the bridge between page and engine. It knows nothing of devices, tracks or
//! services.

mod arguments;
mod commands;
mod dialogs;

use std::sync::Arc;

use arguments::Arguments;
use clap::Parser as _;
use engine::{Connected, Engine, EngineOptions};
use tauri::{AppHandle, Emitter as _, Manager as _, RunEvent, Wry};

/// Opens the window and returns when it is closed.
///
/// # Errors
/// When the desktop's web view cannot be started.
pub fn run() -> tauri::Result<()> {
    engine::keep_memory_private();
    if engine::was_a_trial() {
        return Ok(());
    }
    let arguments = Arguments::parse();
    engine::log_to_stderr("warn");
    let mut builder = tauri::Builder::default();
    if arguments.data_dir.is_none() {
        // A data folder of one's own is another Trackdock; the usual one opens one window only.
        builder = builder.plugin(tauri_plugin_single_instance::init(|app, _, _| raise(app)));
    }
    let app = with_commands(builder.plugin(tauri_plugin_dialog::init()))
        .setup(move |app| {
            start_engine(app.handle(), arguments);
            Ok(())
        })
        .build(tauri::generate_context!())?;
    app.run(|app, event| {
        if let (RunEvent::Exit, Some(engine)) = (event, app.try_state::<Engine>()) {
            // The process ends with this: a sign-in that is being renewed would be lost.
            tauri::async_runtime::block_on(engine.stop());
        }
    });
    Ok(())
}

fn with_commands(builder: tauri::Builder<Wry>) -> tauri::Builder<Wry> {
    builder.invoke_handler(tauri::generate_handler![
        commands::snapshot,
        commands::history,
        commands::activity,
        commands::approve_device,
        commands::choose,
        commands::add_folder,
        commands::remove_folder,
        commands::sign_in,
        commands::cancel_sign_in,
        commands::sign_out,
        commands::send_earlier,
        commands::retry,
        commands::retry_all,
        commands::hold,
        commands::dismiss,
        commands::release,
        commands::save_activity,
        commands::settings,
        commands::save_service,
        commands::set_visibility,
        commands::open_original_folder,
        commands::delete_activity,
    ])
}

/// Starts the engine, or says why it cannot and ends.
fn start_engine(app: &AppHandle, arguments: Arguments) {
    let started = arguments.data_dir().and_then(|data_dir| {
        Engine::start(EngineOptions {
            data_dir,
            secrets: arguments.secrets.into(),
            connected: Connected::Watched,
            sends: true,
            open: Arc::new(engine::open_in_browser),
            notices: None,
            ask_first: true,
        })
    });
    match started {
        Ok(engine) => {
            tauri::async_runtime::spawn(forward(app.clone(), engine.watch()));
            app.manage(engine);
        }
        Err(problem) => {
            dialogs::trouble(app, &problem);
        }
    }
}

/// Sends each new snapshot to the window.
async fn forward(
    app: AppHandle,
    mut snapshots: tokio::sync::watch::Receiver<engine::view::Snapshot>,
) {
    while snapshots.changed().await.is_ok() {
        let latest = snapshots.borrow_and_update().clone();
        // No window, nobody to tell.
        let _ = app.emit("snapshot", latest);
    }
}

/// A second start shows the window of the first.
fn raise(app: &AppHandle) {
    for window in app.webview_windows().values() {
        // A window that cannot be raised is about to close.
        let _ = window
            .unminimize()
            .and_then(|()| window.show())
            .and_then(|()| window.set_focus());
    }
}
