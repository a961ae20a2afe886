use std::collections::BTreeMap;

use serde_json::Value;

use crate::object::Quantity;

/// Amounts by the name of the resource: `cpu`, `memory`, `nvidia.com/gpu`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Resources(pub(super) BTreeMap<String, Quantity>);

impl Resources {
    /// Of a mapping; what is no amount is left out, as the API server refuses it for itself.
    pub(super) fn read(map: &Value) -> Self {
        let entries = map.as_object().into_iter().flatten();
        Self(entries.filter_map(|(name, value)| Some((name.clone(), Quantity::read(value)?))).collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<Quantity> {
        self.0.get(name).copied()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn add(&mut self, others: &Self) {
        for (name, amount) in &others.0 {
            let own = self.0.entry(name.clone()).or_default();
            *own = *own + *amount;
        }
    }

    /// The larger of both, for each.
    pub(super) fn raise_to(&mut self, others: &Self) {
        for (name, amount) in &others.0 {
            let own = self.0.entry(name.clone()).or_insert(*amount);
            *own = (*own).max(*amount);
        }
    }

    /// Takes over what is not said here.
    pub(super) fn fill_from(&mut self, others: &Self) {
        for (name, amount) in &others.0 {
            self.0.entry(name.clone()).or_insert(*amount);
        }
    }
}
