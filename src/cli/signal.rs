//! Being asked to stop: Ctrl-C and SIGTERM.

use std::future::Future;
use std::io;

use super::exit::Stop;

/// A future that ends when the program is asked to stop. The signals are caught from the moment that this returns.
///
/// # Errors
/// The system does not let signals be caught.
pub fn stopped() -> Result<impl Future<Output = ()>, Stop> {
    catch().map_err(|error| Stop::usage(format!("signals cannot be caught: {error}")))
}

#[cfg(unix)]
fn catch() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn catch() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Where Ctrl-C cannot be caught, it ends the program anyway.
        let _ = tokio::signal::ctrl_c().await;
    })
}
