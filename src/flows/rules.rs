//! Access to the rules, for the flows.

use std::sync::Arc;

use crate::flows::reload::Reload;
use crate::rules::compile::Generation;

/// The rules that decide: those in force, or a version named by an operator.
pub trait Rules: Send + Sync {
    /// The generation to decide with now.
    fn generation(&self) -> Arc<Generation>;
}

impl Rules for Reload {
    fn generation(&self) -> Arc<Generation> {
        Self::generation(self)
    }
}

impl Rules for Arc<Generation> {
    fn generation(&self) -> Arc<Generation> {
        Self::clone(self)
    }
}
