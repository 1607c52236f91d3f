//! What the daemon sends, and what happens when it cannot.

mod acknowledgements;
mod mail;
mod outage;
mod smtp;
