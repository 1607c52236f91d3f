//! End-to-end tests: the real router, a real database, and fakes only for the partners.
//!
//! A single binary, so that the crate is linked once. Each folder is about one part; beside them is what several of them
//! use: [`harness`] runs a daemon in this process, [`process`] runs the real binary, [`postgres`], [`fake_crm`],
//! [`remote_crm`] and [`browser`] surround it, and [`source`] reads its source.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod api;
mod browser;
mod cli;
mod console;
mod creation;
mod delivery;
mod edits;
mod fake_crm;
mod harness;
mod inbound;
mod outbound;
mod partners;
mod poll;
mod postgres;
mod process;
mod remote_crm;
mod replicas;
mod repository;
mod source;
mod starting;
mod storage;
