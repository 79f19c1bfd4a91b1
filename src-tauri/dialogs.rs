//! The desktop's own dialogs. Paths stay here: the page never names one.

use std::path::PathBuf;

use engine::view::Problem;
use tauri::AppHandle;
use tauri_plugin_dialog::{DialogExt as _, FilePath, MessageDialogKind};
use tokio::sync::oneshot;

/// Asks for a folder.
pub(crate) async fn folder(app: &AppHandle) -> Option<PathBuf> {
    let (tell, told) = oneshot::channel();
    app.dialog().file().pick_folder(|path| answer(tell, path));
    told.await.ok().flatten()
}

/// Asks where to save a file.
pub(crate) async fn save_as(app: &AppHandle, name: &str) -> Option<PathBuf> {
    let (tell, told) = oneshot::channel();
    app.dialog()
        .file()
        .set_file_name(name)
        .save_file(|path| answer(tell, path));
    told.await.ok().flatten()
}

/// Says why the window cannot be used; ends the app when it is read.
pub(crate) fn trouble(app: &AppHandle, problem: &Problem) {
    let text = format!("{}\n\n{}", problem.title, problem.hint);
    let ending = app.clone();
    app.dialog()
        .message(text)
        .title("Trackdock")
        .kind(MessageDialogKind::Error)
        .show(move |_| ending.exit(1));
}

fn answer(tell: oneshot::Sender<Option<PathBuf>>, path: Option<FilePath>) {
    // The window may be gone by now; then nobody waits for the answer.
    let _ = tell.send(path.and_then(|path| path.into_path().ok()));
}
