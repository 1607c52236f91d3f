//! Errors that can be found before an event needs a template: no input makes them right, so they refuse the edit.

mod connector_text;
pub(super) mod samples;
