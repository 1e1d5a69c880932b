//! Being asked to stop: Ctrl-C and SIGTERM.

use std::future::Future;
use std::io;
#[cfg(unix)]
use std::time::{Duration, Instant};

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::exit::Stop;

/// Signals that come this close together are one wish.
#[cfg(unix)]
const SAME_WISH: Duration = Duration::from_secs(1);

/// The wishes of the user to stop, one after the other.
pub struct Signals {
    #[cfg(unix)]
    interrupt: Signal,
    #[cfg(unix)]
    terminate: Signal,
    /// When the last one came.
    #[cfg(unix)]
    last: Option<Instant>,
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
                #[cfg(unix)]
                last: None,
            })
        })();
        caught.map_err(|error| Stop::usage(format!("signals cannot be caught: {error}")))
    }

    /// Waits for the next one. Some senders signal a process and then its group: what comes within a second of the one
    /// before is the same wish.
    #[cfg(unix)]
    pub async fn next(&mut self) {
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => {}
            }
            let now = Instant::now();
            let before = self.last.replace(now);
            if before.is_none_or(|before| now.duration_since(before) > SAME_WISH) {
                return;
            }
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
