//! Passerelle connects SoWell, where tenants report problems in their building, to the CRM of a social
//! landlord.
//!
//! ```text
//! inbound : adapters/http -> flows/inbound  -> rules -> crm port -> answer with the uid
//! outbound: adapters/http -> flows/outbound -> rules -> outbox   -> flows/delivery -> SoWell, SMTP
//! reload  : files on disk -> flows/reload -> rules/compile -> swap one Arc, or keep the old one
//! settings: settings file -> flows/settings -> settings.rs -> swap one Arc, or keep the old one
//! ```
//!
//! # Layout
//!
//! Imports go one way: [`domain`] ← [`rules`] ← [`settings`] ← [`flows`] ← [`adapters`] ← [`app`] ← [`cli`].
//! `tests/it/repository/layering.rs` checks this. [`crash`] is outside these layers: places where tests kill the
//! process.

#![forbid(unsafe_code)]

pub mod domain;

pub mod rules;

pub mod settings;

pub mod flows;

pub mod adapters;

pub mod app;

pub mod cli;

pub mod crash;
