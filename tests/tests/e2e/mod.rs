//! What holds in every deployment, over every database.

mod canary;
mod crash;
mod cuts;
mod drain;
mod egress;
mod halt;
mod journal_keys;
mod lifecycle;
mod outage;
mod outcomes;
mod public_api;
mod recovery;
mod scheduling;
mod single_flight;
mod support;
mod visible;
