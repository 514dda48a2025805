//! Results of the readiness checks, run at most once a second.
//!
//! Each process checks for itself.

use crate::sync::lock;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long the results are valid.
const RESULT_TTL: Duration = Duration::from_secs(1);

/// One dependency of the server and its problem, if any.
pub struct Check {
    pub name: &'static str,
    pub problem: Option<CheckProblem>,
}

/// A problem. `in_short` is public, so it contains nothing confidential.
pub struct CheckProblem {
    pub in_short: &'static str,
    pub remedy: String,
}

/// The last results.
#[derive(Default)]
pub struct ReadinessCache(Mutex<Option<(Instant, Arc<Vec<Check>>)>>);

impl ReadinessCache {
    /// Returns results of the last second, or runs the checks.
    #[must_use]
    pub fn get_or_run(&self, run: impl FnOnce() -> Vec<Check>) -> Arc<Vec<Check>> {
        let mut last = lock(&self.0);
        match last.as_ref() {
            Some((at, results)) if at.elapsed() < RESULT_TTL => results.clone(),
            _ => {
                // Runs under the lock, so that concurrent requests wait and share the results.
                let results = Arc::new(run());
                *last = Some((Instant::now(), results.clone()));
                results
            }
        }
    }
}
