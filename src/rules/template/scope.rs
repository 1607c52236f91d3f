//! The names that a text with expressions can use, and their values.

use std::collections::BTreeMap;

use minijinja::Value;
use serde_json::Value as Json;

use super::expression::absent;
use super::filters;

/// The names that a text can use, and their values.
#[derive(Debug, Clone, Default)]
pub struct Scope(BTreeMap<String, Value>);

impl Scope {
    /// A scope with the keys of a JSON object as names.
    #[must_use]
    pub fn of(context: &Json) -> Self {
        let entries = context.as_object().into_iter().flatten();
        let mut scope = Self::default();
        for (name, value) in entries {
            scope.set(name, value);
        }
        scope
    }

    /// Sets the value of a name.
    pub fn set(&mut self, name: &str, value: &Json) {
        let value = Value::from(minijinja::value::Serde(value));
        self.0.insert(name.to_owned(), value);
    }

    /// The same scope, marked as a sample's: its words need not be in the tables.
    #[must_use]
    pub fn of_a_sample(mut self) -> Self {
        self.set(filters::OF_A_SAMPLE, &Json::Bool(true));
        self
    }

    /// The same scope for a text that identifies something: if a part that it joins is absent, all of it is absent.
    #[must_use]
    pub fn identifying(mut self) -> Self {
        self.set(absent::IDENTIFYING, &Json::Bool(true));
        self
    }

    /// Whether it is for a text that identifies something.
    pub(super) fn is_identifying(&self) -> bool {
        self.0.contains_key(absent::IDENTIFYING)
    }

    /// The same scope for a condition: what a text filter makes of an absent value is an empty text.
    pub(super) fn of_condition(mut self) -> Self {
        self.set(absent::CONDITION, &Json::Bool(true));
        self
    }

    /// The same scope with one more name.
    #[must_use]
    pub fn with(&self, name: &str, value: &Json) -> Self {
        let mut scope = self.clone();
        scope.set(name, value);
        scope
    }

    pub(super) fn context(&self) -> Value {
        Value::from(self.0.clone())
    }
}
