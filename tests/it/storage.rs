//! What is kept, where, and for how long.

mod backup;
mod database_away;
mod disk;
mod lost_answers;
mod moto;
mod nul;
mod outbox;
mod power_cut;
mod proxy;
mod retention;
mod s3;
mod statements;
mod store;
mod sweep;
