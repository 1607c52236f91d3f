//! Other systems, connected by connector files.

mod answers;
mod connector;
mod crm_contract;
mod example_connectors;
mod oauth;
mod other_systems;
mod recorded;
mod redmine;
mod redmine_crm;
mod secrets;
mod tls_crm;
