//! Where the flows find the rules.

use std::sync::Arc;

use crate::flows::reload::Reload;
use crate::rules::compile::Generation;

/// The rules that decide: those in force, or one version that an operator names.
pub trait Rules: Send + Sync {
    /// What decides now.
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
