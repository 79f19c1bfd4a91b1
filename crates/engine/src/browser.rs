//! Opens the user's own browser.

use std::process::{Command, Stdio};

/// Opens `address`: by `$BROWSER` if set (run directly, with the address as its one argument, its exit status ignored), else by
/// the desktop's own choice. What cannot be opened is said in the log; the address is always shown as well.
pub fn open_in_browser(address: &str) {
    let opened = match std::env::var_os("BROWSER").filter(|browser| !browser.is_empty()) {
        Some(browser) => run(Command::new(browser).arg(address)),
        None => by_the_desktop(address),
    };
    if let Err(error) = opened {
        tracing::warn!("the browser could not be opened: {error}");
    }
}

fn by_the_desktop(address: &str) -> std::io::Result<()> {
    let mut last = Ok(());
    for mut command in open::commands(address) {
        last = run(&mut command);
        if last.is_ok() {
            break;
        }
    }
    last
}

/// Starts the program and reaps it in the background, so that it neither blocks nor stays a zombie.
fn run(command: &mut Command) -> std::io::Result<()> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    std::thread::spawn(move || child.wait());
    Ok(())
}

/// Opens a folder in the desktop's file manager.
pub(crate) fn open_folder(folder: &std::path::Path) -> std::io::Result<()> {
    open::that_detached(folder)
}
