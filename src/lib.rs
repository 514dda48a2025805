//! Nexus Media Server: a self-hosted media server for families, clubs and small teams.

pub mod app;
pub mod clamd;
pub mod cli;
pub mod config;
pub mod db;
pub mod domain;
pub mod error;
mod failpoints;
pub mod http;
pub mod language;
pub mod model;
pub mod os;
pub mod state;
pub mod storage;
pub mod store;
pub mod sync;
pub mod telemetry;
mod text_fold;
pub mod thread_priority;

pub use nexus_media_decode::{media, sandbox};
