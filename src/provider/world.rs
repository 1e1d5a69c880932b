//! The outside world as the provider sees it: time, identifiers and key material, handed down from the top.

use std::sync::Arc;

use jiff::Timestamp;

/// Where time, ids and random bytes come from.
#[derive(Clone)]
pub struct World {
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    id: Arc<dyn Fn() -> String + Send + Sync>,
}

impl World {
    /// The real clock and random UUIDs.
    pub fn real() -> World {
        World { now: Arc::new(Timestamp::now), id: Arc::new(|| uuid::Uuid::new_v4().to_string()) }
    }

    /// The same with another clock.
    #[must_use]
    pub fn with_clock(self, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> World {
        World { now: Arc::new(now), ..self }
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// A new identifier that was never given before.
    pub fn new_id(&self) -> String {
        (self.id)()
    }

    /// 32 unpredictable bytes.
    pub fn key(&self) -> [u8; 32] {
        let mut key = [0; 32];
        key[..16].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
        key[16..].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
        key
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").finish_non_exhaustive()
    }
}
