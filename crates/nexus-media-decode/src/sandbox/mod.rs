//! A child process that can only compute; it decodes untrusted files.

#[cfg(debug_assertions)]
pub mod canary;
pub mod lockdown;
pub mod supervisor;

pub use supervisor::{Input, SandboxError, SandboxSupervisor, SandboxTask};
