//! What holds in every deployment, over every database.

mod canary;
mod cli;
mod crash;
mod cuts;
mod day;
mod drain;
mod egress;
mod halt;
mod imports;
mod jobs;
mod journal_keys;
mod keys;
mod lifecycle;
mod live;
mod migration;
mod outage;
mod outcomes;
mod people;
mod public_api;
mod recovery;
mod scheduling;
mod settings;
mod single_flight;
mod support;
mod visible;
