//! The landlord's rules: files in, decisions out.
//!
//! In reading order: [`yaml`] locates every value of a YAML text, [`source`] reads the shape of
//! each rule file, [`script`] and [`template`] compile what admins write in Rhai and minijinja,
//! [`connector`] the descriptions of
//! other REST APIs, [`referentiel`] reads the CSV exports, [`compile`] joins it all into the one immutable
//! [`compile::Generation`] that runs, once the admins' [`case`]s pass, and [`decide`] is the pure
//! function that everything calls, leaving a [`trace`]; both languages are shown what a [`view`] makes of the data, as far as
//! they read it, their [`extent`], and both read dates by one [`calendar`]. [`foresee`] asks it without anything coming
//! of it: for the cases, for [`coverage`] of every combination, for the [`impact`] of an edit.
//! What is wrong with a file is a [`diagnostic`]; whom an e-mail can go to is an [`addressee`]; what a value is [`compared`] with
//! may never come, and what is [`named`] may not be there; what else is [`written`] out says what is worth trying; which names files have is their [`layout`], which words are taken
//! for each other tells [`alike`], and what a word processor makes of a text is [`pasted`],
//! and where in a text people say that something is, its [`place`]. What editors know of the YAML
//! files beforehand is a [`schema`]; what is known of how long rules take, their [`pace`].
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
pub mod impact;
pub mod layout;
pub mod named;
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
