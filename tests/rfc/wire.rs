//! HTTP as it goes over the wire, for what no client library sends or shows.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::Server;

/// Where to connect to.
pub struct Wire {
    authority: String,
    path: String,
}

/// A response, cut into its parts.
pub struct Raw {
    pub status: u16,
    headers: Vec<(String, String)>,
    /// What follows the headers until the connection is closed.
    pub content: String,
}

impl Wire {
    /// To the provider of the tests.
    pub fn to(server: &Server) -> Wire {
        let base = server.target.base().strip_prefix("http://").unwrap();
        let (authority, path) = base.split_once('/').unwrap();
        Wire { authority: authority.to_owned(), path: format!("/{path}") }
    }

    /// Sends a request with these header lines, and reads until the provider closes the connection.
    pub async fn ask(&self, method: &str, target: &str, lines: &[&str], content: &str) -> Raw {
        let mut text = format!("{method} {}{target} HTTP/1.1\r\n", self.path);
        text.push_str(&format!("Host: {}\r\nConnection: close\r\n", self.authority));
        for line in lines {
            text.push_str(&format!("{line}\r\n"));
        }
        if !content.is_empty() {
            text.push_str(&format!("Content-Length: {}\r\n", content.len()));
        }
        text.push_str(&format!("\r\n{content}"));
        self.exchange(&text).await
    }

    /// Sends a text as it is, and reads until the provider closes the connection.
    pub async fn exchange(&self, text: &str) -> Raw {
        let mut stream = TcpStream::connect(&self.authority).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        Raw::read(&String::from_utf8(answer).unwrap())
    }
}

impl Raw {
    fn read(text: &str) -> Raw {
        let (head, content) = text.split_once("\r\n\r\n").unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.map(|line| line.split_once(':').unwrap());
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())).collect();
        Raw { status, headers, content: content.to_owned() }
    }

    /// The first header of that name, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}
