//! A part of the world between two parallels and two meridians.

/// Bounds in hundred-thousandths of a degree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Area {
    pub south: i32,
    /// East of `east` if the area contains the meridian of 180 degrees.
    pub west: i32,
    pub north: i32,
    pub east: i32,
}

impl Area {
    /// Parses south, west, north and east in degrees: `38.6,-9.3,38.8,-9.1`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bounds = text.split(',').map(|part| part.parse::<f64>().ok());
        let mut bound = |limit: f64| {
            bounds.next().flatten().filter(|degrees| degrees.abs() <= limit).map(units)
        };
        let (south, west, north, east) = (bound(90.0)?, bound(180.0)?, bound(90.0)?, bound(180.0)?);
        (bounds.next().is_none() && south <= north).then_some(Self { south, west, north, east })
    }

    /// The longitudes in it: two ranges, the second of which is empty unless the area contains the meridian of 180
    /// degrees.
    #[must_use]
    pub const fn longitudes(&self) -> [(i32, i32); 2] {
        if self.west <= self.east {
            [(self.west, self.east), (1, 0)]
        } else {
            [(self.west, 18_000_000), (-18_000_000, self.east)]
        }
    }

    /// South, west, north and east in degrees.
    #[must_use]
    pub fn degrees(&self) -> (f64, f64, f64, f64) {
        let degrees = |units: i32| f64::from(units) / 1e5;
        (degrees(self.south), degrees(self.west), degrees(self.north), degrees(self.east))
    }
}

/// Hundred-thousandths of a degree: about a meter.
#[expect(clippy::cast_possible_truncation, reason = "at most 180 degrees")]
#[must_use]
pub fn units(degrees: f64) -> i32 {
    (degrees.clamp(-180.0, 180.0) * 1e5).round() as i32
}

impl std::fmt::Display for Area {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (south, west, north, east) = self.degrees();
        write!(f, "{south},{west},{north},{east}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_are_parsed_and_written_and_nonsense_is_not() {
        let area = Area::parse("38.6,-9.3,38.8,-9.1").unwrap();
        assert_eq!(
            area,
            Area { south: 3_860_000, west: -930_000, north: 3_880_000, east: -910_000 }
        );
        assert_eq!(area.to_string(), "38.6,-9.3,38.8,-9.1");
        for text in ["", "1,2,3", "1,2,3,4,5", "5,0,1,9", "91,0,92,1", "NaN,0,1,1", "a,b,c,d"] {
            assert_eq!(Area::parse(text), None, "{text}");
        }
    }
}
