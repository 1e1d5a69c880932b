//! A proxy that gets in the way: some requests never arrive, of others the answer gets lost.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It arrives, and its answer comes back.
    Passes,
    /// It is answered with 503 and does not arrive.
    Refused,
    /// It arrives, and the connection breaks before its answer.
    Lost,
    /// It is neither passed on nor answered.
    Hangs,
}

/// Starts a proxy before `target` (`127.0.0.1:PORT`) on threads of its own and returns its address. `fate` is asked for each
/// request, which are counted from 1.
pub fn before(target: String, fate: impl Fn(usize) -> Fate + Send + Sync + 'static) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            let shared = Arc::new((target, fate, AtomicUsize::new(0)));
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    let (target, fate, count) = &*shared;
                    // A connection that breaks is what this is for.
                    let _ = serve(stream, target, fate, count).await;
                });
            }
        });
    });
    address
}

async fn serve(
    stream: TcpStream,
    target: &str,
    fate: &(impl Fn(usize) -> Fate + Sync),
    count: &AtomicUsize,
) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    let mut upstream = BufReader::new(TcpStream::connect(target).await?);
    loop {
        let Some(request) = message(&mut read, false).await? else { return Ok(()) };
        match fate(count.fetch_add(1, Ordering::SeqCst) + 1) {
            Fate::Refused => {
                write.write_all(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n").await?;
            }
            Fate::Hangs => std::future::pending().await,
            fate => {
                upstream.get_mut().write_all(&request).await?;
                let Some(response) = message(&mut upstream, true).await? else { return Ok(()) };
                if fate == Fate::Lost {
                    return Ok(());
                }
                write.write_all(&response).await?;
            }
        }
    }
}

/// One whole message; nothing at the end of the connection. Bodies have a `Content-Length`.
async fn message(
    from: &mut (impl tokio::io::AsyncBufRead + Unpin),
    is_response: bool,
) -> std::io::Result<Option<Vec<u8>>> {
    let mut head = Vec::new();
    let mut length = 0;
    loop {
        let start = head.len();
        if from.read_until(b'\n', &mut head).await? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&head[start..]).to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        assert!(!(is_response && line.starts_with("transfer-encoding")), "bodies have a length");
        if line.trim().is_empty() {
            break;
        }
    }
    let start = head.len();
    head.resize(start + length, 0);
    from.read_exact(&mut head[start..]).await?;
    Ok(Some(head))
}
