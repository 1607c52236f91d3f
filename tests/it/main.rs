//! End-to-end tests: the real router, a real database, and fakes only for the partners.
//!
//! A single binary, so that the crate is linked once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod acknowledgements;
mod after_creation;
mod api;
mod backup;
mod browser;
mod cli;
mod connections;
mod connector;
mod console;
mod crash;
mod crash_points;
mod creation;
mod crm_contract;
mod database_away;
mod diagnostics;
mod disk;
mod documents;
mod doubts;
mod editors;
mod example_connectors;
mod fake_crm;
mod foresight;
mod generations;
mod guide;
mod guide_sowell;
mod handover;
mod harness;
mod image;
mod inbound;
mod layering;
mod lost_answers;
mod mail;
mod metrics;
mod moto;
mod nul;
mod oauth;
mod other_systems;
mod outage;
mod outbound;
mod outbox;
mod poll;
mod postgres;
mod power_cut;
mod process;
mod proxy;
mod recorded;
mod redmine;
mod redmine_crm;
mod reload;
mod remote_crm;
mod replicas;
mod resume;
mod retention;
mod s3;
mod schemas;
mod scripts;
mod secrets;
mod settings;
mod shipped;
mod smtp;
mod source;
mod statements;
mod store;
mod sweep;
mod tls_crm;
