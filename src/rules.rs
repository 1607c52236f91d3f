//! The landlord's rules: files in, decisions out.
//!
//! In reading order:
//!
//! - [`yaml`] locates every value of a YAML text
//! - [`source`] reads the shape of each rule file
//! - [`script`] compiles the scripts that admins write in Rhai
//! - [`template`] compiles the templates that they write in minijinja
//! - [`connector`] reads the descriptions of other REST APIs
//! - [`referentiel`] reads the CSV exports
//! - [`compile`] assembles all of it into one immutable [`compile::Generation`], which makes the decisions
//! - [`case`] runs the admins' cases, which must pass before a generation takes effect
//! - [`decide`] is the pure function that everything calls
//! - [`trace`] records how a decision was made
//! - [`view`] is the data as scripts and templates see it
//! - [`extent`] is how much of that data they read
//! - [`calendar`] is how they read dates
//! - [`foresee`] makes a decision without carrying it out
//! - [`coverage`] does so for every combination of codes
//! - [`impact`] does so for past signalements, to show what an edit would change
//!
//! Beside them, what they need to tell admins what is wrong:
//!
//! - [`diagnostic`]: a fault in a file, with its position
//! - [`place`]: the position of a byte in a text, as line and column
//! - [`layout`]: the names that files must have
//! - [`addressee`]: the addresses that an e-mail can go to
//! - [`date_text`]: texts compared with dates, and whether they are written as SoWell writes dates
//! - [`compared`]: texts that a value is compared with, some of which can never occur
//! - [`written`]: other constants written in rules, which are worth trying in the search for holes
//! - [`alike`]: near-identical words, and suggestions for a mistyped code
//! - [`pasted`]: characters that a word processor puts into a text
//! - [`garbled`]: letters spoilt by a wrong encoding
//! - [`schema`]: JSON Schemas of the YAML files, for editors
//! - [`meter`]: how much scripts and templates did, for tools that must stay quick
//! - [`pace`]: whether the rules have been slow recently
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
pub mod date_text;
pub mod decide;
pub mod diagnostic;
pub mod extent;
pub mod finding;
pub mod foresee;
pub mod garbled;
pub mod impact;
pub mod layout;
pub mod meter;
pub mod pace;
pub mod pasted;
pub mod place;
pub mod pointless;
pub mod referentiel;
pub mod schema;
pub mod script;
pub mod source;
pub mod template;
pub mod trace;
pub mod view;
pub mod written;
pub mod yaml;
