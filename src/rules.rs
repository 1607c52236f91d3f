//! The landlord's rules: files in, decisions out.
//!
//! In reading order:
//!
//! - [`yaml`] locates every value of a YAML text
//! - [`source`] reads the shape of each rule file
//! - [`script`] compiles what admins write in Rhai
//! - [`template`] compiles what they write in minijinja
//! - [`connector`] reads the descriptions of other REST APIs
//! - [`referentiel`] reads the CSV exports
//! - [`compile`] joins it all into the one immutable [`compile::Generation`] that decides
//! - [`case`] runs the admins' cases, without which no generation takes effect
//! - [`decide`] is the pure function that everything calls
//! - [`trace`] is what it leaves
//! - [`view`] is what scripts and templates are shown of the data
//! - [`extent`] is how much of it they read
//! - [`calendar`] is how they read dates
//! - [`foresee`] decides without anything coming of it
//! - [`coverage`] does so for every combination of codes
//! - [`impact`] does so for what an edit would change of the past
//!
//! Beside them, what they need to tell admins what is wrong:
//!
//! - [`diagnostic`]: what is wrong with a file
//! - [`place`]: where in a text that is, for people
//! - [`layout`]: which names files have
//! - [`addressee`]: whom an e-mail can go to
//! - [`compared`]: words that a value is compared with, and that may never come
//! - [`written`]: what else is written out, and worth trying in the search for holes
//! - [`alike`]: words that are taken for each other
//! - [`pasted`]: what a word processor makes of a text
//! - [`garbled`]: what a mistaken encoding makes of it
//! - [`schema`]: what editors know of the YAML files beforehand
//! - [`pace`]: what is known of how long rules take
//!
//! Pure by rule: no clock, no file, no network, no async here.

pub mod addressee;
pub mod alike;
pub mod calendar;
pub mod case;
pub mod compared;
pub mod compile;
pub mod connector;
pub mod coverage;
pub mod decide;
pub mod diagnostic;
pub mod extent;
pub mod foresee;
pub mod garbled;
pub mod impact;
pub mod layout;
pub mod pace;
pub mod pasted;
pub mod place;
pub mod referentiel;
pub mod schema;
pub mod script;
pub mod source;
pub mod template;
pub mod trace;
pub mod view;
pub mod written;
pub mod yaml;
