//! Cookie expiry dates, read as loosely, and as strictly, as Python's `http.cookiejar.http2time` reads them.

/// Seconds since 1970 for a date such as `Sun, 21-Nov-2027 10:00:00 GMT`; `None` if it is none.
/// `now` decides the century of two-digit years.
#[must_use]
pub fn parse(text: &str, now: i64) -> Option<i64> {
    let mut rest = Rest(strip_weekday(text.trim_start()));
    let day = rest.digits(1, 2)?;
    rest.gap()?;
    let month = month(rest.word()?)?;
    rest.gap()?;
    let year = rest.digits(1, usize::MAX)?;
    let seconds = rest.clock().unwrap_or(0);
    rest.spaces();
    let offset = match rest.zone() {
        Some(zone) => zone_offset(zone)?,
        None => 0,
    };
    rest.spaces();
    rest.parenthesis();
    if !rest.0.is_empty() {
        return None;
    }
    let year = full_year(year, now);
    // A day that its month has not is in the month after, by Python's arithmetic.
    if !(1970..=9999).contains(&year) || !(1..=31).contains(&day) || seconds < 0 {
        return None;
    }
    Some(days_since_1970(year, month, day) * 86_400 + seconds - offset)
}

/// What is left to be read.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn while_(&mut self, most: usize, fits: impl Fn(u8) -> bool) -> &'a str {
        let end = self.0.bytes().take(most).take_while(|&b| fits(b)).count();
        let (taken, rest) = self.0.split_at(end);
        self.0 = rest;
        taken
    }

    fn digits(&mut self, least: usize, most: usize) -> Option<i64> {
        let taken = self.while_(most, |b| b.is_ascii_digit());
        (taken.len() >= least).then(|| taken.parse().unwrap_or(i64::MAX))
    }

    fn spaces(&mut self) -> usize {
        self.while_(usize::MAX, |b| b.is_ascii_whitespace() || b == 0x0b)
            .len()
    }

    /// Spaces, or one `-` or `/`.
    fn gap(&mut self) -> Option<()> {
        let found = self.spaces() > 0 || !self.while_(1, |b| b == b'-' || b == b'/').is_empty();
        found.then_some(())
    }

    fn word(&mut self) -> Option<&'a str> {
        let word = self.while_(usize::MAX, |b| b.is_ascii_alphanumeric() || b == b'_');
        (!word.is_empty()).then_some(word)
    }

    /// `hh:mm` or `hh:mm:ss` after spaces or a colon, in seconds; -1 where such a time cannot be.
    /// Nothing is read if there is none.
    fn clock(&mut self) -> Option<i64> {
        let mut rest = Rest(self.0);
        if rest.spaces() == 0 && rest.while_(1, |b| b == b':').is_empty() {
            return None;
        }
        let hour = rest.digits(1, 2)?;
        rest.0 = rest.0.strip_prefix(':')?;
        let minute = rest.digits(2, 2)?;
        let mut seconds = Rest(rest.0.strip_prefix(':').unwrap_or(""));
        let second = match seconds.digits(2, 2) {
            Some(second) => {
                rest = seconds;
                second
            }
            None => 0,
        };
        self.0 = rest.0;
        let can_be = hour <= 24 && minute <= 59 && second <= 61;
        Some(if can_be {
            hour * 3600 + minute * 60 + second
        } else {
            -1
        })
    }

    /// A signed number of two to four digits, or letters that are not AM or PM.
    fn zone(&mut self) -> Option<&'a str> {
        let whole = self.0;
        let mut rest = Rest(whole);
        let sign = rest.while_(1, |b| b == b'-' || b == b'+').len();
        let digits = rest.while_(4, |b| b.is_ascii_digit()).len();
        if digits >= 2 {
            self.0 = rest.0;
            return Some(&whole[..sign + digits]);
        }
        let letters = Rest(whole).while_(usize::MAX, |b| b.is_ascii_alphabetic());
        let ends_there = whole[letters.len()..]
            .bytes()
            .next()
            .is_none_or(|b| !b.is_ascii_alphanumeric() && b != b'_');
        let half_of_day = matches!(letters.to_ascii_lowercase().as_str(), "am" | "pm");
        if letters.is_empty() || (half_of_day && ends_there) {
            return None;
        }
        self.0 = &whole[letters.len()..];
        Some(letters)
    }

    /// The zone's name once more, in parentheses.
    fn parenthesis(&mut self) {
        let mut rest = Rest(self.0);
        if !rest.while_(1, |b| b == b'(').is_empty()
            && rest.word().is_some()
            && !rest.while_(1, |b| b == b')').is_empty()
        {
            rest.spaces();
            self.0 = rest.0;
        }
    }
}

fn strip_weekday(text: &str) -> &str {
    let known = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
    if !text
        .get(..3)
        .is_some_and(|start| known.contains(&start.to_ascii_lowercase().as_str()))
    {
        return text;
    }
    let text = text.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    text.strip_prefix(',').unwrap_or(text).trim_start()
}

/// The century that brings a short year closest to this one.
fn full_year(year: i64, now: i64) -> i64 {
    if year >= 1000 {
        return year;
    }
    let this = year_of(now);
    let gap = this % 100 - year;
    let near = year + this - this % 100;
    if gap.abs() > 50 {
        near + gap.signum() * 100
    } else {
        near
    }
}

fn month(word: &str) -> Option<i64> {
    const NAMES: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let lower = word.to_ascii_lowercase();
    if let Some(at) = NAMES.iter().position(|name| *name == lower) {
        return i64::try_from(at + 1).ok();
    }
    word.parse().ok().filter(|month| (1..=12).contains(month))
}

fn zone_offset(zone: &str) -> Option<i64> {
    if matches!(
        zone.to_ascii_uppercase().as_str(),
        "GMT" | "UTC" | "UT" | "Z"
    ) {
        return Some(0);
    }
    let digits = zone.strip_prefix(['-', '+']).unwrap_or(zone);
    let (hours, minutes) = match digits.len() {
        2 => (digits, "0"),
        3 => (&digits[..1], &digits[1..]),
        4 => digits.split_at(2),
        _ => return None,
    };
    let seconds = hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60;
    Some(if zone.starts_with('-') {
        -seconds
    } else {
        seconds
    })
}

fn leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let leaps = |y: i64| y / 4 - y / 100 + y / 400;
    let years = (year - 1970) * 365 + leaps(year - 1) - leaps(1969);
    years + (1..month).map(|m| days_in(year, m)).sum::<i64>() + day - 1
}

fn year_of(seconds: i64) -> i64 {
    let mut year = 1970 + seconds / 31_556_952; // mean Gregorian year; off by one at most
    while days_since_1970(year + 1, 1, 1) * 86_400 <= seconds {
        year += 1;
    }
    while days_since_1970(year, 1, 1) * 86_400 > seconds {
        year -= 1;
    }
    year
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn formats() {
        let now = 1_795_000_000; // 2026
        for text in [
            "Wed, 09 Feb 1994 22:23:32 GMT",
            "Wednesday, 09-Feb-94 22:23:32 GMT",
            "Wed, 09-Feb-1994 22:23:32 GMT",
            "09 Feb 1994 22:23:32 GMT",
            "09-Feb-94 22:23:32 GMT",
            "09 Feb 1994 22:23:32",
            "09 Feb 1994 23:23:32 +0100",
        ] {
            assert_eq!(parse(text, now), Some(760_832_612), "{text}");
        }
        assert_eq!(parse("09-Feb-1994", now), Some(760_752_000));
        assert_eq!(parse("Thu, 01-Jan-1970 00:00:00 GMT", now), Some(0));
        assert_eq!(
            parse("Sun, 21-Nov-27 00:00:00 GMT", now),
            parse("Sun, 21-Nov-2027 00:00:00 GMT", now)
        );
        for text in [
            "",
            "soon",
            "0",
            "99 Feb 1994 22:23:32 GMT",
            "09 Fib 1994 22:23:32 GMT",
            "1994",
        ] {
            assert_eq!(parse(text, now), None, "{text}");
        }
    }
}
