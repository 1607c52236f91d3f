//! Errors that can be found before an event needs a template: no input makes them right, so they refuse the edit.

pub(super) mod samples;
