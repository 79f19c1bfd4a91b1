//! The `trackdock` binary: starts the shell, nothing else.

fn main() -> anyhow::Result<()> {
    shell::run()?;
    Ok(())
}
