//! Outcomes: what became of the requests that were started; each is counted in exactly one place at any moment.

/// Requests of one name by what became of them. Its in-flight ones are in three parts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// Answered, and no failure.
    pub succeeded: u64,
    /// Failed, by an error or by what the caller or the status said.
    pub failed: u64,
    /// Given up because the test ended, with no answer.
    pub cut_off: u64,
    /// Over, but nobody told the statistics how.
    pub unreported: u64,
    /// In flight: under way in this process.
    pub under_way: u64,
    /// In flight: over, its report on the way to the statistics.
    pub awaited: u64,
    /// In flight: in other processes, by their last reports.
    pub elsewhere: u64,
    /// Reports that are being made; those not awaited have reached the statistics.
    pub reporting: u64,
}

impl Outcomes {
    /// Requests whose end is not known yet.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.under_way
            .saturating_add(self.awaited)
            .saturating_add(self.elsewhere)
    }

    /// Requests the statistics were told of.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.succeeded.saturating_add(self.failed)
    }

    /// Requests that are over: there is no other way to have ended.
    #[must_use]
    pub fn ended(&self) -> u64 {
        self.requests()
            .saturating_add(self.cut_off)
            .saturating_add(self.unreported)
    }

    /// All that were started.
    #[must_use]
    pub fn started(&self) -> u64 {
        self.ended().saturating_add(self.in_flight())
    }

    /// Zero, but for those in flight.
    pub fn reset(&mut self) {
        *self = Self {
            succeeded: 0,
            failed: 0,
            cut_off: 0,
            unreported: 0,
            ..*self
        };
    }

    /// Adds the ends another process has counted; those in flight there are told apart.
    pub fn merge(&mut self, other: &Self) {
        self.succeeded = self.succeeded.saturating_add(other.succeeded);
        self.failed = self.failed.saturating_add(other.failed);
        self.cut_off = self.cut_off.saturating_add(other.cut_off);
        self.unreported = self.unreported.saturating_add(other.unreported);
    }

    /// Adds what is in flight under another name.
    pub fn merge_in_flight(&mut self, other: &Self) {
        self.under_way = self.under_way.saturating_add(other.under_way);
        self.awaited = self.awaited.saturating_add(other.awaited);
        self.elsewhere = self.elsewhere.saturating_add(other.elsewhere);
        self.reporting = self.reporting.saturating_add(other.reporting);
    }
}
