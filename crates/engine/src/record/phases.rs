//! Phases: where the time of a request went, and how its connection came about.

use crate::histogram::Histogram;

/// The phases in the order in which a request goes through them.
pub const PHASES: [&str; 7] = [
    "queued", "dns", "connect", "tls", "send", "wait", "download",
];

/// What was measured of one request, its redirects included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Phases {
    /// In ns, in the order of `PHASES`; `None` for a phase that it did not come to, or of which nothing is known.
    pub times: [Option<u64>; 7],
    /// How long the core held it back, in ns; in no phase.
    pub held: u64,
    /// Connections opened; without any, dns, connect and tls took no time that says something.
    pub opened: u32,
    /// Times that a connection was used again.
    pub reused: u32,
    /// Full TLS handshakes.
    pub full: u32,
    /// TLS handshakes that resumed an earlier session.
    pub resumed: u32,
    /// Bytes written.
    pub bytes_out: u64,
    /// Bytes read.
    pub bytes_in: u64,
    /// HTTP version of the answer: 9, 10, 11 or 20; `None` without one.
    pub version: Option<u8>,
}

/// The exchanges of one name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trips {
    /// In the order of `PHASES`.
    pub times: [Histogram; 7],
    /// Of the exchanges that the core held back, how long; in no phase and no response time.
    pub held: Histogram,
    /// Requests that opened a connection.
    pub new: u64,
    /// Requests over a connection that was open.
    pub reused: u64,
    /// Full TLS handshakes.
    pub full: u64,
    /// TLS handshakes that resumed a session.
    pub resumed: u64,
    /// Bytes sent.
    pub bytes_out: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// (version, exchanges) as they were first seen.
    pub versions: Vec<(u8, u64)>,
}

impl Trips {
    /// Counts one exchange.
    pub fn add(&mut self, phases: &Phases) {
        let (opened, secure) = (phases.opened > 0, phases.full + phases.resumed > 0);
        // In the order of `PHASES`: which of them there was a reason for.
        let spent = [true, opened, opened, secure, true, true, true];
        for ((histogram, time), spent) in self.times.iter_mut().zip(&phases.times).zip(spent) {
            // A connection that could not be opened took its time, too.
            if let Some(time) = time
                && (spent || *time > 0)
            {
                histogram.record_ns(i64::try_from(*time).unwrap_or(i64::MAX), 1);
            }
        }
        if phases.held > 0 {
            let held = i64::try_from(phases.held).unwrap_or(i64::MAX);
            self.held.record_ns(held, 1);
        }
        for (count, more) in [
            (&mut self.new, phases.opened),
            (&mut self.reused, phases.reused),
            (&mut self.full, phases.full),
            (&mut self.resumed, phases.resumed),
        ] {
            *count = count.saturating_add(u64::from(more));
        }
        self.bytes_out = self.bytes_out.saturating_add(phases.bytes_out);
        self.bytes_in = self.bytes_in.saturating_add(phases.bytes_in);
        if let Some(version) = phases.version {
            self.add_version(version, 1);
        }
    }

    fn add_version(&mut self, version: u8, times: u64) {
        match self
            .versions
            .iter_mut()
            .find(|(known, _)| *known == version)
        {
            Some((_, count)) => *count = count.saturating_add(times),
            None => self.versions.push((version, times)),
        }
    }

    /// Adds what another has counted.
    pub fn merge(&mut self, other: &Self) {
        for (histogram, more) in self.times.iter_mut().zip(&other.times) {
            histogram.merge(more);
        }
        self.held.merge(&other.held);
        for (count, more) in [
            (&mut self.new, other.new),
            (&mut self.reused, other.reused),
            (&mut self.full, other.full),
            (&mut self.resumed, other.resumed),
            (&mut self.bytes_out, other.bytes_out),
            (&mut self.bytes_in, other.bytes_in),
        ] {
            *count = count.saturating_add(more);
        }
        for (version, times) in &other.versions {
            self.add_version(*version, *times);
        }
    }

    /// Bytes on the heap.
    pub fn footprint(&self) -> usize {
        self.times.iter().map(Histogram::footprint).sum::<usize>()
            + self.held.footprint()
            + self.versions.capacity() * size_of::<(u8, u64)>()
    }
}
