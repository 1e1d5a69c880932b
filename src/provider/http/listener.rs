//! The listening socket: accepts connections, bounds what they may cost, and ends cleanly.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::handler::{App, handle};

/// How long the head of a request may take to arrive.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a TLS handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long running requests may go on after the provider was told to stop.
const GRACE: Duration = Duration::from_secs(5);
/// Read buffer; above the limits of the handler, so that it is the handler that refuses with a SCIM error.
const MAX_HEAD: usize = 256 * 1024;
/// Number of header fields, likewise.
const MAX_FIELDS: usize = 1000;

/// Serves until `stop` says so, then lets running requests end.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    app: Arc<App>,
    mut stop: watch::Receiver<bool>,
) {
    let service = TowerToHyperService::new(Router::new().fallback(handle).with_state(app).into_service());
    let connections = GracefulShutdown::new();
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_FIELDS);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors, or a connection that was gone before it was taken: the next one may be fine.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        // Small answers go out at once; a failure only makes them slower.
        drop(stream.set_nodelay(true));
        let (builder, service, tls, watcher) =
            (builder.clone(), service.clone(), tls.clone(), connections.watcher());
        tokio::spawn(async move {
            match secured(stream, tls).await {
                Some(Secured::Plain(stream)) => {
                    let connection = builder.serve_connection(TokioIo::new(stream), service);
                    ended(watcher.watch(connection).await);
                }
                Some(Secured::Tls(stream)) => {
                    let connection = builder.serve_connection(TokioIo::new(stream), service);
                    ended(watcher.watch(connection).await);
                }
                None => {}
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(GRACE, connections.shutdown()).await.is_err() {
        tracing::warn!("some requests were still running and have been cut off");
    }
}

/// A connection, encrypted or not.
enum Secured<S> {
    Plain(TcpStream),
    Tls(S),
}

async fn secured(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
) -> Option<Secured<impl AsyncRead + AsyncWrite + Unpin + Send + 'static>> {
    let Some(acceptor) = tls else { return Some(Secured::Plain(stream)) };
    match tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => Some(Secured::Tls(stream)),
        Ok(Err(error)) => {
            tracing::debug!(%error, "TLS handshake failed");
            None
        }
        Err(_) => {
            tracing::debug!("TLS handshake did not end in time");
            None
        }
    }
}

fn ended(outcome: Result<(), hyper::Error>) {
    if let Err(error) = outcome {
        tracing::debug!(%error, "connection ended early");
    }
}
