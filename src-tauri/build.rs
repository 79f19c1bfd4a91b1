//! Build script of the shell: names the commands that the page may be granted, and knows nothing of what they do.

/// Every command of the bridge. Each must also be granted, one by one, in `tauri.conf.json`.
const COMMANDS: &[&str] = &[
    "snapshot",
    "history",
    "activity",
    "approve_device",
    "choose",
    "add_folder",
    "remove_folder",
    "sign_in",
    "cancel_sign_in",
    "sign_out",
    "send_earlier",
    "retry",
    "retry_all",
    "hold",
    "dismiss",
    "release",
    "save_activity",
    "settings",
    "save_service",
    "set_visibility",
    "open_original_folder",
    "delete_activity",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let commands = tauri_build::AppManifest::new().commands(COMMANDS);
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(commands))?;
    Ok(())
}
