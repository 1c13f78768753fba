//! Timings: how long each phase of a request took, and the Watch that measures them on the I/O thread.

use std::time::Duration;

use crate::clock::Stamp;

/// What a request spends its time on, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Waiting in the core: for the I/O thread, for a free slot.
    Queued,
    /// Looking up the name of the server (or of its proxy).
    Dns,
    /// Opening the connection, a proxy's tunnel included.
    Connect,
    /// The TLS handshake.
    Tls,
    /// Writing the request, until the system has taken its last byte.
    Send,
    /// From there to the first byte of the answer.
    Wait,
    /// From there to its last byte.
    Download,
}

impl Phase {
    /// Every phase, in order.
    pub const ALL: [Self; 7] = [
        Self::Queued,
        Self::Dns,
        Self::Connect,
        Self::Tls,
        Self::Send,
        Self::Wait,
        Self::Download,
    ];

    /// Its name in figures.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Send => "send",
            Self::Wait => "wait",
            Self::Download => "download",
        }
    }
}

/// The time of one hop, or of all hops of a call, phase by phase; with what was counted on the way.
///
/// Small on purpose: it is copied with every answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timings {
    /// Nanoseconds and one; 0 where nothing is known.
    phases: [u64; 7],
    /// Nanoseconds.
    whole: u64,
    held: u64,
    bytes_out: u64,
    bytes_in: u64,
    /// Nobody counted the bytes.
    unseen: bool,
    /// The digits of the (last) answer's HTTP version.
    pub version: Option<u8>,
    /// Connections opened.
    pub opened: u32,
    /// Times that an idle connection was used again.
    pub reused: u32,
    /// Full TLS handshakes.
    pub full: u32,
    /// TLS handshakes that resumed an earlier session.
    pub resumed: u32,
}

impl Timings {
    /// How long a phase took; `None` where it was not reached, or is not known. A phase that was not needed
    /// took no time at all.
    #[must_use]
    pub fn of(&self, phase: Phase) -> Option<Duration> {
        let nanos = self.phases[phase as usize].checked_sub(1)?;
        Some(Duration::from_nanos(nanos))
    }

    /// The same of each phase in order, in ns.
    #[must_use]
    pub fn nanos(&self) -> [Option<u64>; 7] {
        self.phases.map(|nanos| nanos.checked_sub(1))
    }

    /// From the handing over (of a hop: from the end of the one before) to the last byte, or to the failure; the sum of
    /// the phases, without the time it was held.
    #[must_use]
    pub fn whole(&self) -> Duration {
        Duration::from_nanos(self.whole)
    }

    /// How long the core held the request back of its own accord (`habit.rs`): in no phase, and not in `whole`.
    #[must_use]
    pub fn held(&self) -> Duration {
        Duration::from_nanos(self.held)
    }

    /// Bytes of the request written, before encryption, without those for a proxy's tunnel; `None`: not known.
    #[must_use]
    pub fn bytes_out(&self) -> Option<u64> {
        (!self.unseen).then_some(self.bytes_out)
    }

    /// Bytes of the answer read, decrypted and not yet decoded; `None`: not known.
    #[must_use]
    pub fn bytes_in(&self) -> Option<u64> {
        (!self.unseen).then_some(self.bytes_in)
    }

    /// Whether no connection had to be opened; `None` where there was none, or it is not known.
    #[must_use]
    pub fn reused(&self) -> Option<bool> {
        (self.opened + self.reused > 0).then_some(self.opened == 0)
    }

    /// Adds those of the next hop. What is not known of one is not known of both; a phase that one of them
    /// did not come to is that of the other.
    pub fn add(&mut self, next: &Self) {
        for (sum, phase) in self.phases.iter_mut().zip(next.phases) {
            *sum = match (*sum, phase) {
                (0, one) | (one, 0) => one,
                (one, other) => one + other - 1,
            };
        }
        self.whole += next.whole;
        self.held += next.held;
        self.bytes_out += next.bytes_out;
        self.bytes_in += next.bytes_in;
        self.unseen |= next.unseen;
        self.version = next.version.or(self.version);
        self.opened += next.opened;
        self.reused += next.reused;
        self.full += next.full;
        self.resumed += next.resumed;
    }
}

/// Measures one call: what it is told of each change of phase is where one phase ends and the next begins, so
/// that no time is lost in between. Each change reads the clock once.
#[derive(Debug)]
pub struct Watch {
    timings: Timings,
    /// What the time since `last` goes to; `None`: nobody knows.
    phase: Option<Phase>,
    last: Stamp,
    /// Of the whole time, what had passed as the hop left `Queued`.
    begun: u64,
}

impl Watch {
    /// A call handed over at `submitted`.
    #[must_use]
    pub fn new(submitted: Stamp) -> Self {
        Self {
            timings: Timings::default(),
            phase: Some(Phase::Queued),
            last: submitted,
            begun: 0,
        }
    }

    /// The phase so far is over and `next` begins; those between that were left out took no time.
    pub fn enter(&mut self, next: Phase) {
        self.stop();
        if self.phase == Some(Phase::Queued) {
            self.begun = self.timings.whole;
        }
        let next_at = next as usize;
        let skipped = self.phase.map_or(next_at, |phase| phase as usize + 1)..next_at;
        for phase in self.timings.phases.get_mut(skipped).unwrap_or_default() {
            *phase = (*phase).max(1);
        }
        self.phase = Some(next);
    }

    /// From here on nobody knows what the time goes to, nor how many bytes there are.
    pub fn lose_sight(&mut self) {
        self.stop();
        self.begun = self.timings.whole;
        self.phase = None;
        self.timings.unseen = true;
    }

    /// Reads the clock: the time up to now goes to the phase.
    pub fn stop(&mut self) {
        let now = Stamp::now();
        let passed = now.nanos_since(self.last);
        self.last = now;
        self.timings.whole += passed;
        if let Some(phase) = self.phase {
            let sum = &mut self.timings.phases[phase as usize];
            *sum = (*sum).max(1) + passed;
        }
    }

    /// The clock when it was last read.
    #[must_use]
    pub fn last(&self) -> Stamp {
        self.last
    }

    /// From the end of `Queued` to when the clock was last read.
    #[must_use]
    pub fn since_begun(&self) -> Duration {
        Duration::from_nanos(self.timings.whole - self.begun)
    }

    /// Reads the clock: the time since it was last read was the core's own doing, and goes to no phase.
    pub fn held(&mut self) {
        let now = Stamp::now();
        self.timings.held += now.nanos_since(self.last);
        self.last = now;
    }

    /// So many bytes have been written.
    pub fn wrote(&mut self, bytes: u64) {
        self.timings.bytes_out += bytes;
    }

    /// So many bytes have been read.
    pub fn read(&mut self, bytes: u64) {
        self.timings.bytes_in += bytes;
    }

    /// The connections and handshakes so far.
    pub fn counts(&mut self) -> &mut Timings {
        &mut self.timings
    }

    /// The timings of the hop that is over; the next one begins where it ended.
    pub fn take(&mut self, version: Option<u8>) -> Timings {
        let mut over = self.timings;
        over.version = version;
        if let Some(phase) = self.phase {
            let sum = &mut over.phases[phase as usize];
            *sum = (*sum).max(1);
        }
        *self = Self::new(self.last);
        over
    }

    /// The hop is tried again: what comes now is waiting once more.
    pub fn again(&mut self) {
        self.stop();
        self.phase = Some(Phase::Queued);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn sum(timings: &Timings) -> Duration {
        Phase::ALL.iter().filter_map(|p| timings.of(*p)).sum()
    }

    fn reached(timings: &Timings) -> Vec<&'static str> {
        let known = Phase::ALL.iter().filter(|p| timings.of(**p).is_some());
        known.map(|phase| phase.name()).collect()
    }

    #[test]
    fn a_phase_that_was_not_needed_took_no_time_and_one_not_reached_is_not_known() {
        let mut watch = Watch::new(Stamp::now());
        watch.enter(Phase::Send);
        watch.stop();
        let timings = watch.take(None);
        assert_eq!(
            reached(&timings),
            ["queued", "dns", "connect", "tls", "send"]
        );
        for phase in [Phase::Dns, Phase::Connect, Phase::Tls] {
            assert_eq!(timings.of(phase), Some(Duration::ZERO));
        }
        watch.enter(Phase::Download);
        assert_eq!(
            watch.take(Some(11)).of(Phase::Download),
            Some(Duration::ZERO)
        );
    }

    #[test]
    fn out_of_sight_only_the_whole_is_known() {
        let submitted = Stamp::now();
        let mut watch = Watch::new(submitted);
        watch.lose_sight();
        watch.stop();
        let timings = watch.take(Some(11));
        assert_eq!(reached(&timings), ["queued"]);
        assert_eq!(timings.whole(), watch.last().since(submitted));
        assert_eq!(
            (timings.bytes_out(), timings.bytes_in(), timings.reused()),
            (None, None, None)
        );
    }

    #[test]
    fn what_is_not_known_of_one_hop_is_not_known_of_their_sum() {
        let known = Timings {
            bytes_out: 1,
            bytes_in: 2,
            version: Some(10),
            reused: 1,
            ..Timings::default()
        };
        let mut sum = known;
        sum.add(&known);
        assert_eq!(
            (sum.bytes_out(), sum.bytes_in(), sum.reused()),
            (Some(2), Some(4), Some(true))
        );
        sum.add(&Timings {
            opened: 1,
            unseen: true,
            ..Timings::default()
        });
        assert_eq!(
            (sum.bytes_out(), sum.version, sum.reused()),
            (None, Some(10), Some(false))
        );
    }

    proptest! {
        /// Whatever a call goes through: no time is lost between the phases, the attempts and the hops.
        #[test]
        fn phases_add_up_to_the_nanosecond(course in proptest::collection::vec(0..11_usize, 0..40)) {
            let submitted = Stamp::now();
            let mut watch = Watch::new(submitted);
            let mut hops = Vec::new();
            for step in course {
                match step {
                    0..7 => watch.enter(Phase::ALL[step]),
                    7 => watch.again(),
                    8 => watch.stop(),
                    9 => {
                        watch.stop();
                        watch.held();
                    }
                    _ => hops.push(watch.take(Some(11))),
                }
            }
            hops.push(watch.take(None));
            let mut all = hops[0];
            hops[1..].iter().for_each(|hop| all.add(hop));
            prop_assert_eq!(all.whole() + all.held(), watch.last().since(submitted));
            prop_assert_eq!(sum(&all), all.whole());
            for hop in &hops {
                prop_assert_eq!(sum(hop), hop.whole());
            }
        }
    }
}
