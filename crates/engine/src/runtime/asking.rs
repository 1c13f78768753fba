//! Asking: for how long users had requests under way, and for how long they waited for their answers to be handed out.
//!
//! Of a user with several requests under way at once, the time counts once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::Stamp;

/// Sums of this process, of all users, in ns; kept through a fork. One that begins takes the clock off the sum, and one
/// that ends adds it.
static ASKED: AtomicI64 = AtomicI64::new(0);
static ASKING: AtomicI64 = AtomicI64::new(0);
static LAG: AtomicU64 = AtomicU64::new(0);

/// One user. Only threads that hold the interpreter come here.
#[derive(Debug, Default)]
pub struct Asker {
    under_way: AtomicU32,
    /// The clock when the last answer was complete, of those since the user was without a request, in ns.
    done: AtomicU64,
    /// It lives no more, and what other greenlets ask in its name is no time of its.
    gone: AtomicBool,
}

/// One request of a user, which ends as it is dropped, unless it has ended before.
#[derive(Debug)]
pub struct Asking(Option<Arc<Asker>>);

impl Asking {
    /// A request of this user begins.
    #[must_use]
    pub fn new(user: &Arc<Asker>, now: Stamp) -> Self {
        if user.gone.load(Ordering::Relaxed) {
            return Self(None);
        }
        if user.under_way.fetch_add(1, Ordering::Relaxed) == 0 {
            ASKED.fetch_sub(signed(now), Ordering::Relaxed);
            ASKING.fetch_add(1, Ordering::Relaxed);
        }
        Self(Some(Arc::clone(user)))
    }

    /// Its answer was complete then, and its user goes on now.
    pub fn end(mut self, done: Stamp, now: Stamp) {
        if let Some(user) = self.0.take() {
            user.end(done, now);
        }
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        if let Some(user) = self.0.take() {
            let now = Stamp::now();
            user.end(now, now);
        }
    }
}

impl Asker {
    /// The user is done.
    pub fn leave(&self) {
        if self.under_way.load(Ordering::Relaxed) > 0 && !self.gone.load(Ordering::Relaxed) {
            ASKED.fetch_add(signed(Stamp::now()), Ordering::Relaxed);
            ASKING.fetch_sub(1, Ordering::Relaxed);
        }
        self.gone.store(true, Ordering::Relaxed);
    }

    fn end(&self, done: Stamp, now: Stamp) {
        if self.gone.load(Ordering::Relaxed) {
            return;
        }
        let done = done.nanos().max(self.done.load(Ordering::Relaxed));
        if self.under_way.fetch_sub(1, Ordering::Relaxed) > 1 {
            self.done.store(done, Ordering::Relaxed);
            return;
        }
        self.done.store(0, Ordering::Relaxed);
        ASKED.fetch_add(i64::try_from(done).unwrap_or(i64::MAX), Ordering::Relaxed);
        ASKING.fetch_sub(1, Ordering::Relaxed);
        LAG.fetch_add(now.nanos().saturating_sub(done), Ordering::Relaxed);
    }
}

fn signed(stamp: Stamp) -> i64 {
    i64::try_from(stamp.nanos()).unwrap_or(i64::MAX)
}

/// For how long all users of this process together have had requests under way, those that have some now included; and
/// for how long they have waited for answers that were complete.
#[must_use]
pub fn asked() -> (Duration, Duration) {
    let asking = ASKING.load(Ordering::Relaxed);
    let asked = ASKED
        .load(Ordering::Relaxed)
        .wrapping_add(asking.wrapping_mul(signed(Stamp::now())));
    (
        Duration::from_nanos(u64::try_from(asked).unwrap_or(0)),
        Duration::from_nanos(LAG.load(Ordering::Relaxed)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    /// The sums are those of the process: one test at a time.
    static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());

    #[test]
    fn requests_of_one_user_at_once_count_once_and_what_comes_after_the_last_answer_is_lag() {
        let _alone = ALONE.lock();
        let user = Arc::new(Asker::default());
        let begun = Stamp::now();
        let at = |milliseconds| begun.after(ms(milliseconds));
        let (asked_before, lag_before) = asked();
        let [first, second] = [0, 10].map(|after| Asking::new(&user, at(after)));
        second.end(at(80), at(85));
        first.end(at(40), at(100)); // came earlier, was handed out later
        let third = Asking::new(&user, at(200));
        third.end(at(250), at(251));
        drop(Asking::new(&user, Stamp::now())); // given up at once
        let (asked_after, lag) = asked();
        assert_eq!(lag - lag_before, ms(20 + 1));
        let took = asked_after - asked_before;
        assert!(took >= ms(80 + 50) && took < ms(80 + 50 + 100), "{took:?}");
        let open = Asking::new(&user, Stamp::now());
        std::thread::sleep(ms(2));
        assert!(asked().0 - asked_after >= ms(2));
        drop(open);
    }

    #[test]
    fn of_a_user_that_is_gone_nothing_counts_any_more() {
        let _alone = ALONE.lock();
        let user = Arc::new(Asker::default());
        let (before, asking) = (asked(), ASKING.load(Ordering::Relaxed));
        let now = Stamp::now();
        let [first, second] = [(); 2].map(|()| Asking::new(&user, now));
        user.leave();
        first.end(now.after(ms(500)), now.after(ms(900)));
        drop(second);
        drop(Asking::new(&user, now));
        user.leave();
        assert_eq!(ASKING.load(Ordering::Relaxed), asking);
        assert!(asked().0 - before.0 < ms(400));
    }
}
