//! P14: every request that was started is counted once, at any moment.

use std::collections::BTreeMap;
use std::time::Duration;

use engine::http::Phase;
use engine::record::{PHASES, Phases, Record, Report, SlotId};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::{assert_adds_up, name, series};

#[derive(Debug, Clone)]
enum Step {
    Begin(&'static str),
    Finish(Index, &'static str),
    Log(Index, bool),
    Reported(Index),
    CutOff(Index),
    Unreported(Index),
    AtOnce(&'static str, bool),
    Report,
    Reset,
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<Index>;
    prop_oneof![
        6 => name().prop_map(Step::Begin),
        4 => (index(), name()).prop_map(|(at, name)| Step::Finish(at, name)),
        4 => (index(), any::<bool>()).prop_map(|(at, failed)| Step::Log(at, failed)),
        4 => index().prop_map(Step::Reported),
        1 => index().prop_map(Step::CutOff),
        1 => index().prop_map(Step::Unreported),
        2 => (name(), any::<bool>()).prop_map(|(name, failed)| Step::AtOnce(name, failed)),
        1 => Just(Step::Report),
        1 => Just(Step::Reset),
    ]
}

/// One request as the test knows it.
#[derive(Debug, Clone, Copy)]
struct Life {
    name: &'static str,
    slot: SlotId,
    finished: bool,
    logged: bool,
}

/// Succeeded, failed, cut off; unreported or in flight, of all names together under "", as those of which nothing was
/// ever reported have no row.
type Told = BTreeMap<&'static str, [u64; 4]>;

/// A process: its record, and the same told by a list of requests.
struct Process {
    record: Record,
    lives: Vec<Life>,
    /// Finished and never logged: unreported sooner or later, in flight till then.
    lost: Vec<&'static str>,
    ended: Told,
}

impl Process {
    fn new() -> Self {
        Self {
            record: Record::new(100),
            lives: Vec::new(),
            lost: Vec::new(),
            ended: Told::new(),
        }
    }

    fn count(&mut self, name: &'static str, end: usize) {
        self.ended.entry(name).or_default()[end] += 1;
    }

    fn pick(&self, at: &Index, which: impl Fn(&Life) -> bool) -> Option<usize> {
        let all: Vec<usize> = (0..self.lives.len())
            .filter(|n| which(&self.lives[*n]))
            .collect();
        (!all.is_empty()).then(|| *at.get(&all))
    }

    fn log(&mut self, name: &'static str, failed: bool) {
        self.record.log("GET", name, Some(3.0), 1.0);
        if failed {
            self.record.fail("GET", name, 1.0);
        }
        self.count(name, usize::from(failed));
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Begin(name) => {
                let slot = self.record.slot("GET", name);
                self.record.begin(slot);
                self.lives.push(Life {
                    name,
                    slot,
                    finished: false,
                    logged: false,
                });
            }
            Step::Finish(at, name) => {
                if let Some(at) = self.pick(at, |life| !life.finished) {
                    let ended = self.record.slot_again(self.lives[at].slot, "GET", name);
                    assert_eq!(ended, self.record.slot("GET", name));
                    self.record.finish(self.lives[at].slot, ended);
                    self.lives[at] = Life {
                        name,
                        slot: ended,
                        finished: true,
                        logged: false,
                    };
                }
            }
            Step::Log(at, failed) => {
                if let Some(at) = self.pick(at, |life| life.finished && !life.logged) {
                    self.log(self.lives[at].name, *failed);
                    self.lives[at].logged = true;
                }
            }
            Step::Reported(at) => {
                if let Some(at) = self.pick(at, |life| life.finished) {
                    let life = self.lives.swap_remove(at);
                    self.record.reported(life.slot);
                    if !life.logged {
                        self.lost.push(life.name);
                    }
                }
            }
            Step::CutOff(at) => {
                if let Some(at) = self.pick(at, |life| !life.finished) {
                    let life = self.lives.swap_remove(at);
                    self.record.cut_off(life.slot, Duration::from_millis(5));
                    self.count(life.name, 2);
                }
            }
            Step::Unreported(at) => {
                if let Some(at) = self.pick(at, |life| !life.finished) {
                    let life = self.lives.swap_remove(at);
                    self.record.unreported(life.slot, None);
                    self.count(life.name, 3);
                }
            }
            // Between the end of another request of this name and its report, this would be taken for that.
            Step::AtOnce(name, failed) => {
                let awaited = |life: &Life| life.finished && !life.logged && life.name == *name;
                if !self.lives.iter().any(awaited) && !self.lost.contains(name) {
                    self.log(name, *failed);
                }
            }
            Step::Reset => self.reset(),
            Step::Report => {}
        }
    }

    fn reset(&mut self) {
        self.record.reset();
        self.ended.clear();
        // Of the lost, those that were in flight still are.
        let mut left: BTreeMap<String, u64> = BTreeMap::new();
        for (_, name, row) in self.record.rows() {
            let awaited = |life: &&Life| !life.logged && life.name == name;
            let known = self.lives.iter().filter(awaited).count() as u64;
            left.insert(name.to_owned(), row.outcomes.in_flight() - known);
        }
        self.lost.retain(|name| match left.get_mut(*name) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        });
    }

    /// What the record should say; those in flight and those unreported in one figure.
    fn told(&self) -> Told {
        let mut told = self.ended.clone();
        for life in self.lives.iter().filter(|life| !life.logged) {
            told.entry(life.name).or_default()[3] += 1;
        }
        for name in &self.lost {
            told.entry(name).or_default()[3] += 1;
        }
        together(told)
    }
}

fn together(mut told: BTreeMap<&str, [u64; 4]>) -> BTreeMap<&str, [u64; 4]> {
    let rest = told
        .values_mut()
        .map(|outcomes| std::mem::take(&mut outcomes[3]));
    let rest = rest.sum();
    told.insert("", [0, 0, 0, rest]);
    told.retain(|_, outcomes| *outcomes != [0; 4]);
    told
}

fn told(record: &Record) -> BTreeMap<&str, [u64; 4]> {
    let mut told = BTreeMap::new();
    for (_, name, row) in record.rows() {
        let outcomes = row.outcomes;
        let rest = outcomes.in_flight() + outcomes.unreported;
        told.insert(
            name,
            [outcomes.succeeded, outcomes.failed, outcomes.cut_off, rest],
        );
    }
    told.insert("", [0, 0, 0, record.nameless().outcomes.unreported]);
    together(told)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn p14_requests_are_conserved(steps in vec(step(), 0..120)) {
        let mut process = Process::new();
        for step in &steps {
            process.take(step);
            prop_assert_eq!(told(&process.record), process.told());
            assert_adds_up(&process.record)?;
        }
        // When everybody was told of everything, nothing is in flight but what is under way.
        while let Some(at) = process.lives.iter().position(|life| life.finished) {
            let life = process.lives.swap_remove(at);
            process.record.reported(life.slot);
        }
        prop_assert_eq!(process.record.total().outcomes.in_flight(), process.lives.len() as u64);
        assert_adds_up(&process.record)?;
    }

    #[test]
    fn p14_across_processes(steps in vec((step(), 0..3_usize), 0..150)) {
        let mut master = Record::new(100);
        let mut workers: Vec<Process> = (0..3).map(|_| Process::new()).collect();
        let mut last: Vec<Told> = vec![Told::new(); 3];
        for (step, at) in &steps {
            let worker = &mut workers[*at];
            if !matches!(step, Step::Reset) {
                worker.take(step);
            }
            if matches!(step, Step::Report) {
                last[*at] = worker.told();
                let report = worker.record.take_report().encode();
                master.absorb(&at.to_string(), &Report::decode(&report).unwrap());
                let mut expected: BTreeMap<&str, [u64; 4]> = BTreeMap::new();
                for (name, outcomes) in last.iter().flatten() {
                    let sums = expected.entry(name).or_default();
                    for (sum, count) in sums.iter_mut().zip(outcomes) {
                        *sum += count;
                    }
                }
                prop_assert_eq!(told(&master), together(expected));
                assert_adds_up(&master)?;
            }
        }
        for at in 0..3 {
            master.forget(&at.to_string());
        }
        prop_assert_eq!(master.total().outcomes.in_flight(), 0);
        assert_adds_up(&master)?;
    }
}

#[test]
fn a_failure_told_alone_is_a_request_without_a_time() {
    let mut record = Record::new(10);
    record.fail("GET", "/", 1.0);
    record.log("GET", "/", Some(2.0), 2.0);
    record.fail("GET", "/", 3.5);
    record.fail("GET", "/", 3.5);
    let row = record.row("GET", "/").unwrap();
    assert_eq!(
        (
            row.outcomes.failed,
            row.outcomes.succeeded,
            row.without_time
        ),
        (3, 0, 2)
    );
    assert_eq!(row.failed.buckets().len(), 1);
    let seconds: Vec<_> = series(&record)
        .iter()
        .map(|s| (s.at, s.requests, s.failures))
        .collect();
    assert_eq!(seconds, [(1, 1, 1), (2, 1, 1), (3, 1, 1)]);
}

#[test]
fn names_of_which_nothing_was_ever_reported_make_no_rows() {
    let mut record = Record::new(3);
    let phases = Phases {
        times: [Some(1_000); 7],
        reused: 1,
        ..Phases::default()
    };
    let name = |n: usize| format!("/item/{n}");
    for n in 0..100 {
        let slot = record.slot("GET", &name(n));
        record.begin(slot);
        record.unreported(slot, Some(&phases));
    }
    assert_eq!(record.rows().len(), 0);
    let total = record.total();
    assert_eq!(
        (total.outcomes.started(), total.outcomes.unreported),
        (100, 100)
    );
    assert_eq!(total.trips.as_ref().unwrap().reused, 100);
    // They have taken no room: the next names have rows of their own.
    (0..3).for_each(|n| record.log("GET", &name(n), Some(1.0), 1.0));
    assert!(record.overflowed().is_none());
    // A name that has a row keeps what becomes of it.
    let slot = record.slot("GET", &name(0));
    record.begin(slot);
    record.unreported(slot, None);
    assert_eq!(record.row("GET", &name(0)).unwrap().outcomes.unreported, 1);
    let mut master = Record::new(3);
    let report = record.take_report().encode();
    master.absorb("worker", &Report::decode(&report).unwrap());
    assert_eq!(master.rows().len(), 3);
    assert_eq!(master.total().outcomes.unreported, 101);
    assert_eq!(record.total().outcomes.started(), 0);
}

#[test]
fn what_a_cleared_record_hears_of_the_past_is_new() {
    let mut record = Record::new(10);
    let begun = record.slot("GET", "/");
    record.begin(begun);
    record.begin(begun);
    record.reset();
    assert_eq!(record.total().outcomes.started(), 2);
    record.clear();
    let ended = record.slot("GET", "/");
    assert_ne!(begun, ended);
    record.finish(begun, ended);
    record.unreported(begun, None);
    record.log("GET", "/", Some(1.0), 1.0);
    record.reported(ended);
    let outcomes = record.total().outcomes;
    assert_eq!(
        (outcomes.started(), outcomes.succeeded, outcomes.in_flight()),
        (1, 1, 0)
    );
}
#[test]
fn the_phases_of_the_record_are_the_cores() {
    assert_eq!(Phase::ALL.map(Phase::name), PHASES);
}
#[test]
fn a_reused_connection_has_no_times_of_a_new_one() {
    let mut record = Record::new(10);
    let slot = record.slot("GET", "/");
    record.log("GET", "/plain", Some(1.0), 1.0);
    let mut phases = Phases {
        times: [Some(3_000_000); 7],
        opened: 1,
        full: 1,
        bytes_out: 10,
        bytes_in: 1_000,
        version: Some(11),
        ..Phases::default()
    };
    record.trip(slot, &phases);
    (phases.opened, phases.reused, phases.full) = (0, 1, 0);
    phases.times[1..4].fill(Some(0));
    record.trip(slot, &phases);
    let trips = record.row("GET", "/").unwrap().trips.as_ref().unwrap();
    let counts = PHASES
        .iter()
        .zip(&trips.times)
        .map(|(phase, times)| (*phase, times.count()));
    let expected = [
        ("queued", 2),
        ("dns", 1),
        ("connect", 1),
        ("tls", 1),
        ("send", 2),
        ("wait", 2),
        ("download", 2),
    ];
    assert_eq!(counts.collect::<Vec<_>>(), expected);
    assert_eq!(
        (trips.new, trips.reused, trips.full, trips.resumed),
        (1, 1, 1, 0)
    );
    assert_eq!((trips.bytes_out, trips.bytes_in), (20, 2_000));
    assert_eq!(trips.versions, [(11, 2)]);
    assert_eq!(record.total().trips.as_ref().unwrap(), trips);
    assert!(record.row("GET", "/plain").unwrap().trips.is_none());
}

/// The whole end at once is what its steps are one after the other, whatever else is under way.
#[test]
fn p14_an_end_at_once_is_the_end_in_steps() {
    let phases = Phases {
        times: [
            Some(1_000),
            Some(0),
            Some(0),
            Some(0),
            Some(20_000),
            Some(3_000_000),
            Some(40),
        ],
        reused: 1,
        bytes_in: 300,
        version: Some(11),
        ..Phases::default()
    };
    let told = |at_once: bool| {
        let mut record = Record::new(10);
        let begin = |record: &mut Record, name: &str| {
            let slot = record.slot("GET", name);
            record.begin(slot);
            assert!(record.is_own(slot, "GET", name));
            slot
        };
        let others = [begin(&mut record, "/a"), begin(&mut record, "/b")];
        // One of the same name waits for its report meanwhile.
        record.finish(others[0], others[0]);
        for (name, ms) in [("/a", Some(1.25)), ("/b", None), ("/a", Some(80.0))] {
            let slot = begin(&mut record, name);
            if at_once {
                assert!(record.end(slot, ms, 7, &phases));
            } else {
                record.finish(slot, slot);
                record.trip(slot, &phases);
                record.log("GET", name, ms, 7.5);
                record.reported(slot);
            }
        }
        record.fail("GET", "/b", 7.5);
        record.reported(others[0]);
        let rows = format!("{:?}", record.rows());
        (rows, record.seconds(0, 10), record)
    };
    let (at_once, in_steps) = (told(true), told(false));
    assert_eq!(at_once.0, in_steps.0);
    assert_eq!(at_once.1, in_steps.1);
    // Of one that is not under way, nothing is counted.
    let mut record = at_once.2;
    let slot = record.slot("GET", "/a");
    record.clear();
    assert!(!record.end(slot, Some(1.0), 7, &phases));
    assert!(record.rows().is_empty());
}
