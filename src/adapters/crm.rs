//! The landlord's CRM: which adapter runs is set by `crm.kind`.

pub mod embedded;
pub mod rest;
