//! Where resources are kept: one trait, so that memory, a file and a database are interchangeable.
//!
//! A store knows records, keys and tenants. It does not know SCIM: what is unique, which attributes are
//! indexed and what a body looks like is decided by the service above it and arrives here as [`Key`]s.
//!
//! Reading happens through a [`View`], writing through a [`Transaction`], which is a view of its own
//! changes as well and leaves nothing behind unless it is committed. Writers of one tenant exclude each other, so that a read followed by a write in one transaction is atomic; this is what makes
//! uniqueness, PATCH and Bulk safe under concurrency.

use std::sync::Arc;

use jiff::Timestamp;

mod memory;

pub use memory::MemoryStore;

/// A tenant of one provider. Nothing crosses from one to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(pub u32);

/// Position of a resource type in the provider's registry.
pub type Kind = u16;

/// Position of an indexed attribute in the provider's index plan.
pub type IndexId = u16;

/// One value of an indexed attribute, folded as its comparison demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Which attribute.
    pub index: IndexId,
    /// Whether no other record of the same kind may have the same key.
    pub unique: bool,
    /// The folded value; shared with the index.
    pub value: Arc<str>,
}

/// A moment in the form in which it is sent: xsd:dateTime in UTC with milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp([u8; Stamp::LENGTH]);

impl Stamp {
    const LENGTH: usize = "2026-01-01T00:00:00.000Z".len();

    /// The text, in ASCII.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<Timestamp> for Stamp {
    fn from(moment: Timestamp) -> Self {
        let text = format!("{moment:.3}");
        // Only years outside 0 to 9999 would need another length.
        Stamp(text.as_bytes().try_into().unwrap_or(*b"0000-01-01T00:00:00.000Z"))
    }
}

impl std::fmt::Display for Stamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(std::str::from_utf8(&self.0).unwrap_or_default())
    }
}

/// One stored resource.
#[derive(Debug, Clone)]
pub struct Record {
    /// The `id` of the resource; unique over all kinds of a tenant.
    pub id: Box<str>,
    /// Its resource type.
    pub kind: Kind,
    /// Order of creation within the tenant; 0 until the store has assigned it.
    pub serial: u64,
    /// 1 for a new resource, one more with each change.
    pub revision: u64,
    /// `meta.created`.
    pub created: Stamp,
    /// `meta.lastModified`.
    pub modified: Stamp,
    /// The JSON object that is returned by default, without `meta` and derived attributes, ready to send but for the base
    /// URL (see `provider::body`).
    pub body: Box<[u8]>,
    /// What is stored and not returned by default, as JSON: `returned` request and never.
    pub hidden: Option<Box<[u8]>>,
    /// Name under which the resource is shown where others refer to it.
    pub label: Option<Box<str>>,
    /// Values of indexed attributes.
    pub keys: Box<[Key]>,
}

/// A unique key that is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// Which attribute.
    pub index: IndexId,
}

/// Reading access to the resources of one tenant, at one moment.
pub trait View {
    /// The record with that id.
    fn get(&self, id: &str) -> Option<Arc<Record>>;

    /// The records of a kind that have a key, in order of creation.
    fn find(&self, kind: Kind, index: IndexId, value: &str) -> Vec<Arc<Record>>;

    /// Whether any record of the kind has any key of that index.
    fn any(&self, kind: Kind, index: IndexId) -> bool;

    /// Number of records of a kind.
    fn count(&self, kind: Kind) -> usize;

    /// Records of a kind in order of creation: `limit` of them after skipping `offset`.
    fn page(&self, kind: Kind, offset: usize, limit: usize) -> Vec<Arc<Record>>;

    /// Records of a kind in order of creation whose serial is greater than `serial`, at most `limit`.
    fn after(&self, kind: Kind, serial: u64, limit: usize) -> Vec<Arc<Record>>;
}

/// Writing access to the resources of one tenant. Excludes other writers of the tenant while it lives.
pub trait Transaction: View {
    /// Stores a record: in place of the one with the same id, or as a new one, to which it gives a serial.
    ///
    /// # Errors
    /// [`Duplicate`] when another record of the kind has one of the unique keys; nothing is stored then.
    fn put(&mut self, record: Record) -> Result<Arc<Record>, Duplicate>;

    /// Removes the record with that id and returns it.
    fn remove(&mut self, id: &str) -> Option<Arc<Record>>;
}

/// How a transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// All changes become permanent.
    Commit,
    /// None of them ever was.
    RollBack,
}

/// A place to keep resources.
///
/// Views and transactions are lent to a closure, so that a store decides how long a lock, a connection or a snapshot
/// lives. [`read()`] and [`write()`] are the comfortable forms.
pub trait Store: Send + Sync {
    /// Adds an empty tenant.
    fn create_tenant(&self) -> TenantId;

    /// Removes a tenant and everything in it.
    fn drop_tenant(&self, tenant: TenantId);

    /// Lends a view of a tenant; empty for one that does not exist.
    fn with_view(&self, tenant: TenantId, visit: &mut dyn FnMut(&dyn View));

    /// Lends a transaction on a tenant. Changes to a tenant that does not exist go nowhere.
    fn with_transaction(&self, tenant: TenantId, visit: &mut dyn FnMut(&mut dyn Transaction) -> Verdict);
}

/// What `look` finds in a view of the tenant.
pub fn read<R>(store: &dyn Store, tenant: TenantId, look: impl FnOnce(&dyn View) -> R) -> R {
    let mut look = Some(look);
    let mut found = None;
    store.with_view(tenant, &mut |view| found = look.take().map(|look| look(view)));
    found.unwrap_or_else(|| unreachable!("a store lends its view exactly once"))
}

/// Does `change` in a transaction: committed when it succeeds, rolled back when it fails or panics.
///
/// # Errors
/// Those of `change`.
pub fn write<R, E>(
    store: &dyn Store,
    tenant: TenantId,
    change: impl FnOnce(&mut dyn Transaction) -> Result<R, E>,
) -> Result<R, E> {
    let mut change = Some(change);
    let mut result = None;
    store.with_transaction(tenant, &mut |transaction| {
        result = change.take().map(|change| change(transaction));
        if matches!(result, Some(Ok(_))) { Verdict::Commit } else { Verdict::RollBack }
    });
    result.unwrap_or_else(|| unreachable!("a store lends its transaction exactly once"))
}
