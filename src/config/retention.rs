//! How many backups to keep.

/// For how many of the most recent days, weeks and months with a backup the newest one is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    pub days: usize,
    pub weeks: usize,
    pub months: usize,
}

impl Retention {
    /// Parses `7d 4w 12m`; a missing unit counts as 0. Returns `None` for anything else, and if nothing would be kept.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut keep = Self { days: 0, weeks: 0, months: 0 };
        for part in text.split([' ', ',']).filter(|part| !part.is_empty()) {
            // The last character is the unit; a character of several bytes cannot be split and is rejected.
            let (number, unit) = part.split_at_checked(part.len() - 1)?;
            let number = number.parse().ok()?;
            match unit {
                "d" => keep.days = number,
                "w" => keep.weeks = number,
                "m" => keep.months = number,
                _ => return None,
            }
        }
        (keep != Self { days: 0, weeks: 0, months: 0 }).then_some(keep)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retention_rule_that_keeps_nothing_is_invalid() {
        for text in ["", "0d", "7", "d", "7y", "7d x", "-1d", "7é"] {
            assert_eq!(Retention::parse(text), None, "{text}");
        }
        assert_eq!(
            Retention::parse("7d 4w 12m"),
            Some(Retention { days: 7, weeks: 4, months: 12 })
        );
        assert_eq!(Retention::parse("3m"), Some(Retention { days: 0, weeks: 0, months: 3 }));
    }
}
