//! Nexus Media Server: people sign up, an admin approves them, they keep photos, videos, music and files.

pub mod app;
pub mod cli;
pub mod config;
pub mod db;
pub mod domain;
pub mod error;
mod faults;
pub mod http;
pub mod media;
pub mod model;
pub mod store;
pub mod telemetry;
