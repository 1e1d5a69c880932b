//! The store in memory.
//!
//! One lock a tenant: readers share it, a transaction holds it alone and keeps an undo log, which is played backwards
//! when the transaction is dropped without a commit. Records are behind `Arc`, so a view is released before anything
//! expensive is done with what it found.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use hashbrown::HashMap;

use super::{Duplicate, IndexId, Key, Kind, Record, Store, TenantId, Transaction, Verdict, View};

/// Keeps everything in memory; gone when the program ends.
#[derive(Debug, Default)]
pub struct MemoryStore {
    tenants: RwLock<Tenants>,
}

#[derive(Debug, Default)]
struct Tenants {
    last: u32,
    by_id: HashMap<TenantId, Arc<RwLock<Tenant>>>,
}

/// The records of one tenant and the ways to them.
#[derive(Debug, Default)]
struct Tenant {
    last_serial: u64,
    by_id: HashMap<Box<str>, Arc<Record>>,
    by_kind: HashMap<Kind, BTreeMap<u64, Arc<Record>>>,
    by_key: HashMap<(Kind, IndexId), HashMap<Arc<str>, Posting>>,
}

/// The serials of the records that have one key. Nearly all keys belong to one record only.
#[derive(Debug)]
enum Posting {
    One(u64),
    Many(BTreeSet<u64>),
}

impl Posting {
    fn insert(&mut self, serial: u64) {
        match self {
            Posting::One(only) if *only == serial => {}
            Posting::One(only) => *self = Posting::Many(BTreeSet::from([*only, serial])),
            Posting::Many(all) => {
                all.insert(serial);
            }
        }
    }

    /// Takes a serial out; says whether none is left.
    fn remove(&mut self, serial: u64) -> bool {
        match self {
            Posting::One(only) => *only == serial,
            Posting::Many(all) => {
                all.remove(&serial);
                all.is_empty()
            }
        }
    }

    fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        let (one, many) = match self {
            Posting::One(serial) => (Some(*serial), None),
            Posting::Many(all) => (None, Some(all.iter().copied())),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }
}

impl Tenant {
    fn posting(&self, kind: Kind, index: IndexId, value: &str) -> Option<&Posting> {
        self.by_key.get(&(kind, index))?.get(value)
    }

    /// Adds a record to every way to it. The caller has made sure that no record of its id is there.
    fn link(&mut self, record: &Arc<Record>) {
        for key in &record.keys {
            let postings = self.by_key.entry((record.kind, key.index)).or_default();
            match postings.get_mut(&key.value) {
                Some(posting) => posting.insert(record.serial),
                None => {
                    postings.insert(Arc::clone(&key.value), Posting::One(record.serial));
                }
            }
        }
        self.by_kind.entry(record.kind).or_default().insert(record.serial, Arc::clone(record));
        self.by_id.insert(record.id.clone(), Arc::clone(record));
    }

    fn unlink(&mut self, id: &str) -> Option<Arc<Record>> {
        let record = self.by_id.remove(id)?;
        if let Some(records) = self.by_kind.get_mut(&record.kind) {
            records.remove(&record.serial);
        }
        for key in &record.keys {
            let Some(postings) = self.by_key.get_mut(&(record.kind, key.index)) else { continue };
            if postings.get_mut(&key.value).is_some_and(|posting| posting.remove(record.serial)) {
                postings.remove(&key.value);
            }
        }
        Some(record)
    }

    /// Exchanges a record for a newer state of itself. The indexes are left alone where no key changes.
    fn relink(&mut self, old: &Arc<Record>, new: &Arc<Record>) {
        if old.keys == new.keys {
            if let Some(records) = self.by_kind.get_mut(&new.kind) {
                records.insert(new.serial, Arc::clone(new));
            }
            self.by_id.insert(new.id.clone(), Arc::clone(new));
        } else {
            self.unlink(&old.id);
            self.link(new);
        }
    }

    fn duplicate(&self, record: &Record) -> Option<Duplicate> {
        let taken = |key: &&Key| {
            key.unique
                && self
                    .posting(record.kind, key.index, &key.value)
                    .is_some_and(|posting| posting.iter().any(|serial| serial != record.serial))
        };
        record.keys.iter().find(taken).map(|key| Duplicate { index: key.index })
    }
}

impl View for Tenant {
    fn get(&self, id: &str) -> Option<Arc<Record>> {
        self.by_id.get(id).cloned()
    }

    fn find(&self, kind: Kind, index: IndexId, value: &str) -> Vec<Arc<Record>> {
        let (Some(posting), Some(records)) = (self.posting(kind, index, value), self.by_kind.get(&kind))
        else {
            return Vec::new();
        };
        posting.iter().filter_map(|serial| records.get(&serial).cloned()).collect()
    }

    fn any(&self, kind: Kind, index: IndexId) -> bool {
        self.by_key.get(&(kind, index)).is_some_and(|postings| !postings.is_empty())
    }

    fn count(&self, kind: Kind) -> usize {
        self.by_kind.get(&kind).map_or(0, BTreeMap::len)
    }

    fn page(&self, kind: Kind, offset: usize, limit: usize) -> Vec<Arc<Record>> {
        let records = self.by_kind.get(&kind).into_iter().flat_map(BTreeMap::values);
        records.skip(offset).take(limit).cloned().collect()
    }

    fn after(&self, kind: Kind, serial: u64, limit: usize) -> Vec<Arc<Record>> {
        let Some(records) = self.by_kind.get(&kind) else { return Vec::new() };
        let range = records.range((std::ops::Bound::Excluded(serial), std::ops::Bound::Unbounded));
        range.map(|(_, record)| Arc::clone(record)).take(limit).collect()
    }
}

/// A lock that a panicking thread held is still good: every change of a tenant is undone on unwinding.
fn unpoisoned<G>(guard: Result<G, PoisonError<G>>) -> G {
    guard.unwrap_or_else(PoisonError::into_inner)
}

impl MemoryStore {
    /// An empty store without tenants.
    pub fn new() -> Self {
        Self::default()
    }

    fn tenant(&self, tenant: TenantId) -> Arc<RwLock<Tenant>> {
        unpoisoned(self.tenants.read()).by_id.get(&tenant).cloned().unwrap_or_default()
    }
}

impl Store for MemoryStore {
    fn create_tenant(&self) -> TenantId {
        let mut tenants = unpoisoned(self.tenants.write());
        tenants.last += 1;
        let id = TenantId(tenants.last);
        tenants.by_id.insert(id, Arc::default());
        id
    }

    fn drop_tenant(&self, tenant: TenantId) {
        unpoisoned(self.tenants.write()).by_id.remove(&tenant);
    }

    fn with_view(&self, tenant: TenantId, visit: &mut dyn FnMut(&dyn View)) {
        let tenant = self.tenant(tenant);
        visit(&*unpoisoned(tenant.read()));
    }

    fn with_transaction(&self, tenant: TenantId, visit: &mut dyn FnMut(&mut dyn Transaction) -> Verdict) {
        let tenant = self.tenant(tenant);
        let mut guard = unpoisoned(tenant.write());
        let mut transaction = MemoryTransaction { tenant: &mut guard, undo: Vec::new() };
        if visit(&mut transaction) == Verdict::Commit {
            transaction.undo.clear();
        }
    }
}

/// A transaction; undoes what it did when it is dropped with a log that is not empty.
struct MemoryTransaction<'t> {
    tenant: &'t mut Tenant,
    undo: Vec<Undo>,
}

/// How to take back one change.
enum Undo {
    /// The record was not there before.
    Remove(Box<str>),
    /// This was its state before.
    Restore(Arc<Record>),
}

impl Drop for MemoryTransaction<'_> {
    fn drop(&mut self) {
        while let Some(undo) = self.undo.pop() {
            match undo {
                Undo::Remove(id) => {
                    self.tenant.unlink(&id);
                }
                Undo::Restore(record) => {
                    self.tenant.unlink(&record.id);
                    self.tenant.link(&record);
                }
            }
        }
    }
}

impl View for MemoryTransaction<'_> {
    fn get(&self, id: &str) -> Option<Arc<Record>> {
        self.tenant.get(id)
    }

    fn find(&self, kind: Kind, index: IndexId, value: &str) -> Vec<Arc<Record>> {
        self.tenant.find(kind, index, value)
    }

    fn any(&self, kind: Kind, index: IndexId) -> bool {
        self.tenant.any(kind, index)
    }

    fn count(&self, kind: Kind) -> usize {
        self.tenant.count(kind)
    }

    fn page(&self, kind: Kind, offset: usize, limit: usize) -> Vec<Arc<Record>> {
        self.tenant.page(kind, offset, limit)
    }

    fn after(&self, kind: Kind, serial: u64, limit: usize) -> Vec<Arc<Record>> {
        self.tenant.after(kind, serial, limit)
    }
}

impl Transaction for MemoryTransaction<'_> {
    fn put(&mut self, mut record: Record) -> Result<Arc<Record>, Duplicate> {
        let old = self.tenant.get(&record.id);
        record.serial = match &old {
            Some(old) => old.serial,
            None => self.tenant.last_serial + 1,
        };
        if let Some(duplicate) = self.tenant.duplicate(&record) {
            return Err(duplicate);
        }
        let record = Arc::new(record);
        match old {
            Some(old) => {
                self.tenant.relink(&old, &record);
                self.undo.push(Undo::Restore(old));
            }
            None => {
                self.tenant.last_serial = record.serial;
                self.tenant.link(&record);
                self.undo.push(Undo::Remove(record.id.clone()));
            }
        }
        Ok(record)
    }

    fn remove(&mut self, id: &str) -> Option<Arc<Record>> {
        let record = self.tenant.unlink(id)?;
        self.undo.push(Undo::Restore(Arc::clone(&record)));
        Some(record)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{read, write};
    use super::*;
    use jiff::Timestamp;

    const NAME: IndexId = 0;
    const TEAM: IndexId = 1;

    fn record(id: &str, name: &str, team: &str) -> Record {
        let key = |index, unique, value: &str| Key { index, unique, value: value.into() };
        Record {
            id: id.into(),
            kind: 0,
            serial: 0,
            revision: 1,
            created: Timestamp::UNIX_EPOCH.into(),
            modified: Timestamp::UNIX_EPOCH.into(),
            body: Box::from(*b"{}"),
            hidden: None,
            label: None,
            keys: Box::from([key(NAME, true, name), key(TEAM, false, team)]),
        }
    }

    fn put(store: &MemoryStore, tenant: TenantId, new: Record) -> Result<(), Duplicate> {
        write(store, tenant, |transaction| transaction.put(new.clone()).map(drop))
    }

    fn ids(records: &[Arc<Record>]) -> Vec<String> {
        records.iter().map(|record| record.id.to_string()).collect()
    }

    #[test]
    fn unique_keys_are_taken_by_others_only() {
        let store = MemoryStore::new();
        let tenant = store.create_tenant();
        put(&store, tenant, record("1", "ada", "a")).unwrap();
        assert_eq!(put(&store, tenant, record("2", "ada", "b")), Err(Duplicate { index: NAME }));
        put(&store, tenant, record("1", "ada", "b")).unwrap();
        assert_eq!(read(&store, tenant, |view| view.count(0)), 1);
    }

    #[test]
    fn nothing_crosses_between_tenants() {
        let store = MemoryStore::new();
        let (one, two) = (store.create_tenant(), store.create_tenant());
        put(&store, one, record("1", "ada", "a")).unwrap();
        put(&store, two, record("1", "ada", "a")).unwrap();
        assert_eq!(read(&store, two, |view| view.find(0, NAME, "ada").len()), 1);
        store.drop_tenant(one);
        assert_eq!(read(&store, one, |view| view.count(0)), 0);
        assert_eq!(read(&store, two, |view| view.count(0)), 1);
    }

    #[test]
    fn a_failed_transaction_leaves_nothing_behind() {
        let store = MemoryStore::new();
        let tenant = store.create_tenant();
        put(&store, tenant, record("1", "ada", "a")).unwrap();
        let failed: Result<(), &str> = write(&store, tenant, |transaction| {
            transaction.put(record("2", "bob", "b")).unwrap();
            transaction.put(record("1", "eve", "b")).unwrap();
            transaction.remove("1");
            assert_eq!(transaction.count(0), 1);
            Err("no")
        });
        assert!(failed.is_err());
        read(&store, tenant, |view| {
            assert_eq!(ids(&view.page(0, 0, 9)), ["1"]);
            assert_eq!(view.find(0, NAME, "ada").len(), 1);
            assert!(view.find(0, NAME, "eve").is_empty() && view.find(0, TEAM, "b").is_empty());
        });
    }

    #[test]
    fn indexes_follow_changes_and_keep_the_order_of_creation() {
        let store = MemoryStore::new();
        let tenant = store.create_tenant();
        for (id, name) in [("3", "c"), ("1", "a"), ("2", "b")] {
            put(&store, tenant, record(id, name, "team")).unwrap();
        }
        put(&store, tenant, record("3", "c", "other")).unwrap();
        read(&store, tenant, |view| {
            assert_eq!(ids(&view.page(0, 0, 9)), ["3", "1", "2"]);
            assert_eq!(ids(&view.page(0, 1, 1)), ["1"]);
            assert_eq!(ids(&view.find(0, TEAM, "team")), ["1", "2"]);
            assert_eq!(ids(&view.find(0, TEAM, "other")), ["3"]);
            let first = view.page(0, 0, 1)[0].serial;
            assert_eq!(ids(&view.after(0, first, 1)), ["1"]);
        });
    }

    #[test]
    fn writers_exclude_each_other() {
        let store = MemoryStore::new();
        let tenant = store.create_tenant();
        put(&store, tenant, record("1", "ada", "0")).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        let done: Result<(), Duplicate> = write(&store, tenant, |transaction| {
                            let mut next = (*transaction.get("1").unwrap()).clone();
                            next.revision += 1;
                            transaction.put(next).map(drop)
                        });
                        done.unwrap();
                    }
                });
            }
        });
        assert_eq!(read(&store, tenant, |view| view.get("1").unwrap().revision), 401);
    }
}
