"""What is said of seconds in which the generator was the limit."""

import time

import pytest

from locust_native.metrics import limits

NINE = int(time.mktime((2026, 11, 20, 9, 0, 0, 0, 0, -1)))


@pytest.mark.parametrize(
    ("stretches", "said"),
    [
        ([(0, 0)], "at 09:00:00"),
        ([(1, 1), (3, 5)], "at 09:00:01, from 09:00:03 to 09:00:05"),
        (
            [(2 * n, 2 * n) for n in range(5)],
            "at 09:00:00, at 09:00:02, at 09:00:04, at 09:00:06, at 09:00:08",
        ),
        (
            [(2 * n, 2 * n) for n in range(6)],
            "at 09:00:00, at 09:00:02, at 09:00:04, at 09:00:06, at 09:00:08 and 1 more stretch",
        ),
        (
            [(3 * n, 3 * n + 1) for n in range(10)],
            "from 09:00:00 to 09:00:01, from 09:00:03 to 09:00:04, from 09:00:06 to 09:00:07, from 09:00:09 to "
            "09:00:10, from 09:00:12 to 09:00:13 and 5 more stretches",
        ),
    ],
)
def test_moments(stretches, said):
    assert limits.moments([(NINE + first, NINE + last) for first, last in stretches]) == said


FEWER = "use more processes (--processes) or fewer users"


@pytest.mark.parametrize(
    ("cpu", "said"),
    [
        (None, FEWER),
        ((1.02, 0.1, 0.0), FEWER),
        ((0.95, 0.9, 0.0), FEWER),  # the I/O thread
        ((0.7, 0.1, 0.35), f"{FEWER} (another program had the processor for 35% of the time)"),
        ((0.5, 0.1, 0.6), "another program had the processor (this process used 50% of a core)"),
        ((0.12, 0.02, 0.4), "another program had the processor (this process used 12% of a core)"),
        (
            (0.12, 0.02, 0.01),
            "another program had the processor, or a call kept Python's thread without computing "
            "(this process used 12% of a core)",
        ),
    ],
)
def test_more_processes_are_advised_only_where_the_process_was_busy(cpu, said):
    assert limits.advice(cpu) == said
    assert limits.cause(cpu) == (None if "or a call" in said else said)
