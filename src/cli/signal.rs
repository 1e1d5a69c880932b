//! Being asked to stop: Ctrl-C and SIGTERM.

use std::future::Future;
use std::io;

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::exit::Stop;

/// The wishes of the user to stop, one after the other.
pub struct Signals {
    #[cfg(unix)]
    interrupt: Signal,
    #[cfg(unix)]
    terminate: Signal,
}

impl Signals {
    /// Signals are caught from the moment that this returns.
    ///
    /// # Errors
    /// The system does not let signals be caught.
    pub fn catch() -> Result<Self, Stop> {
        let caught: io::Result<Self> = (|| {
            Ok(Self {
                #[cfg(unix)]
                interrupt: signal(SignalKind::interrupt())?,
                #[cfg(unix)]
                terminate: signal(SignalKind::terminate())?,
            })
        })();
        caught.map_err(|error| Stop::usage(format!("signals cannot be caught: {error}")))
    }

    /// Waits for the next one.
    #[cfg(unix)]
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Waits for the next one.
    #[cfg(not(unix))]
    pub async fn next(&mut self) {
        // Where Ctrl-C cannot be caught, it ends the program anyway.
        let _ = tokio::signal::ctrl_c().await;
    }
}

/// A future that ends when the program is asked to stop. The signals are caught from the moment that this returns.
///
/// # Errors
/// The system does not let signals be caught.
pub fn stopped() -> Result<impl Future<Output = ()>, Stop> {
    let mut signals = Signals::catch()?;
    Ok(async move { signals.next().await })
}
