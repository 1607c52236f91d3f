//! The landlord's CRM, by `crm.kind`.

pub mod embedded;
pub mod rest;
