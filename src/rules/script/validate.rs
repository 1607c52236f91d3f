//! Errors that can be found without running a script: no input makes them right, so they refuse the edit.

pub(super) mod calls;
pub(super) mod globals;
pub(super) mod results;
