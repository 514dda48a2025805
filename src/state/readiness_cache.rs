//! Whether the server can work: looked at once a second at most, however many ask.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a look is good.
const RESULT_TTL: Duration = Duration::from_secs(1);

/// One thing the server needs.
pub struct Check {
    pub name: &'static str,
    pub problem: Option<CheckProblem>,
}

/// What is wrong with it. The short form says nothing an outsider should not know.
pub struct CheckProblem {
    pub in_short: &'static str,
    pub mend: String,
}

/// The last look at what the server needs.
#[derive(Default)]
pub struct ReadinessCache(Mutex<Option<(Instant, Arc<Vec<Check>>)>>);

impl ReadinessCache {
    /// What was seen in the last second; otherwise what `look` sees now.
    #[must_use]
    pub fn get_or_run(&self, look: impl FnOnce() -> Vec<Check>) -> Arc<Vec<Check>> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match last.as_ref() {
            Some((at, seen)) if at.elapsed() < RESULT_TTL => seen.clone(),
            _ => {
                let seen = Arc::new(look());
                *last = Some((Instant::now(), seen.clone()));
                seen
            }
        }
    }
}
