"""The picker from Python: frequencies, repeatability, and what it says about weights it cannot draw from."""

from __future__ import annotations

from collections import Counter

import pytest

from locust_native._core import Picker, choose_task

DRAWS = 1_000_000
CRITICAL = {3: 9.210, 4: 11.345}  # upper 1 % points of chi-square, by number of weights


def chi_square(counts: Counter[int], weights: list[int]) -> float:
    drawn = counts.total()
    expected = [drawn * weight / sum(weights) for weight in weights]
    return sum((counts[i] - e) ** 2 / e for i, e in enumerate(expected))


@pytest.mark.parametrize("weights", [[3, 47, 25, 25], [20, 5, 75]])
def test_frequencies_are_the_weights(weights: list[int]) -> None:
    picker = Picker(weights, seed=2026)
    assert chi_square(Counter(picker.pick() for _ in range(DRAWS)), weights) < CRITICAL[len(weights)]


def test_a_seed_repeats_the_draws() -> None:
    def draws(seed: int | None) -> list[int]:
        picker = Picker([3, 47, 25, 25], seed)
        return [picker.pick() for _ in range(200)]

    assert draws(7) == draws(7)
    assert draws(7) != draws(8)
    assert draws(None) != draws(None)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([], "no weights: give at least one"),
        ([0, 0.0], "all weights are zero: give at least one above zero"),
        ([1, -2], "weight 1 is -2: weights are finite numbers, zero or above"),
        ([float("nan")], "weight 0 is NaN: weights are finite numbers, zero or above"),
        ([1, float("inf")], "weight 1 is inf: weights are finite numbers, zero or above"),
        ([1e308, 1e308], "the weights add up to infinity: divide them all by the same number"),
    ],
)
def test_bad_weights_are_named(weights: list[float], message: str) -> None:
    with pytest.raises(ValueError, match="weight") as caught:
        Picker(weights)
    assert str(caught.value) == message


def test_an_empty_list_has_no_task() -> None:
    with pytest.raises(IndexError, match="the list of tasks is empty"):
        choose_task([], 0.5)
