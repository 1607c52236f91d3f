//! Passerelle joins SoWell to the CRM of a social landlord.

pub mod domain;

pub mod rules;

pub mod flows;
