//! Response times as Python gives them: an int or a float, with Python's own arithmetic between the two.

/// Whole numbers up to here are exact as `f64`, so comparing an int with a float cannot err.
const EXACT: i64 = 1 << 53;

/// A Python `int` or `float`; keeps its type, because Locust's totals, minima and maxima keep theirs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// Python's `int`.
    Int(i64),
    /// Python's `float`.
    Float(f64),
}

impl Number {
    /// Only values that can be compared and rounded exactly: finite, and within ±2⁵³.
    pub fn is_exact(self) -> bool {
        match self {
            Self::Int(value) => (-EXACT..=EXACT).contains(&value),
            Self::Float(value) => value.is_finite() && value.abs() <= EXACT as f64,
        }
    }

    /// As Python's `float()` has it.
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Float(value) => value,
        }
    }

    /// Python's `self + other`; `None` where Python's int would outgrow an `i64`.
    pub fn plus(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.checked_add(b).map(Self::Int),
            _ => Some(Self::Float(self.as_f64() + other.as_f64())),
        }
    }

    /// Python's `min(self, other)`: the first of two equal values stays, with its type.
    pub fn min(self, other: Self) -> Self {
        if other.as_f64() < self.as_f64() {
            other
        } else {
            self
        }
    }

    /// Python's `max(self, other)`: the first of two equal values stays, with its type.
    pub fn max(self, other: Self) -> Self {
        if other.as_f64() > self.as_f64() {
            other
        } else {
            self
        }
    }
}
