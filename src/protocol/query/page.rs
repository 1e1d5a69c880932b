//! Index paging and the frame of a ListResponse (RFC 7644 §3.4.2, §3.4.2.4).

use std::io::Write as _;
use std::ops::Range;

use serde_json::Value;

use super::Query;
use crate::protocol::message::LIST_RESPONSE;

/// What a ListResponse ends with.
pub const LIST_TAIL: &[u8] = b"]}";

/// One page of index paging.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// 1-based index of its first result.
    pub start_index: usize,
    /// Largest number of results.
    pub count: usize,
}

/// Everything in a ListResponse but the resources, so that a provider can write resources that it holds as
/// text between [`ListHead::write`] and [`LIST_TAIL`], with commas.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListHead {
    /// Number of results on all pages.
    pub total: usize,
    /// 1-based index of the first result of the page; index paging only.
    pub start_index: Option<usize>,
    /// Number of resources on the page.
    pub items: usize,
    /// Leads to the next page; cursor paging only, absent on the last page.
    pub next_cursor: Option<String>,
    /// Leads to the previous page; cursor paging only, absent on the first page.
    pub previous_cursor: Option<String>,
}

impl Query {
    /// The page asked for. Without `count` it has `default` results, and never more than `max`.
    pub fn page(&self, default: usize, max: usize) -> Page {
        let clamp = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Page {
            start_index: self.start_index.map_or(1, clamp).max(1),
            count: self.count.map_or(default, clamp).min(max),
        }
    }
}

impl Page {
    /// Indexes of its results among `total`; empty where it lies past the end.
    pub fn range(self, total: usize) -> Range<usize> {
        let start = self.start_index.saturating_sub(1).min(total);
        start..start.saturating_add(self.count).min(total)
    }
}

impl ListHead {
    /// Of a page of index paging.
    pub fn of_page(page: Page, total: usize) -> Self {
        let items = page.range(total).len();
        Self { total, start_index: Some(page.start_index), items, ..Self::default() }
    }

    /// Appends everything before the first resource.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"schemas\":[\"");
        out.extend_from_slice(LIST_RESPONSE.as_bytes());
        out.extend_from_slice(b"\"],");
        let numbers = [
            ("totalResults", Some(self.total)),
            ("itemsPerPage", Some(self.items)),
            ("startIndex", self.start_index),
        ];
        for (name, number) in numbers {
            if let Some(number) = number {
                // Writing to memory does not fail.
                let _ = write!(out, "\"{name}\":{number},");
            }
        }
        for (name, cursor) in [("nextCursor", &self.next_cursor), ("previousCursor", &self.previous_cursor)] {
            if let Some(cursor) = cursor {
                let _ = write!(out, "\"{name}\":{},", Value::from(cursor.as_str()));
            }
        }
        out.extend_from_slice(b"\"Resources\":[");
    }
}
