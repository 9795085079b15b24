//! `docker-compose.yml` against the reference parser of Compose files and against `brokers.sh`: what can
//! be known of it without a Docker engine.

mod engine;
mod file;
mod script;
