"""Choosing the next task inside real task sets, beside Locust's own way."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from locust import SequentialTaskSet, TaskSet, User, constant, task
from locust.env import Environment
from locust.exception import StopUser
from locust.user.task import DefaultTaskSet

from locust_native.loop.tasks import next_default_task, next_task

DRAWS = 1_000_000


@pytest.fixture(autouse=True)
def native(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TaskSet, "get_next_task", next_task)
    monkeypatch.setattr(DefaultTaskSet, "get_next_task", next_default_task)


def one() -> None: ...
def two() -> None: ...
def three() -> None: ...
def four() -> None: ...


class Shopper(User):
    wait_time = constant(0)
    tasks: Any = [one]  # noqa: RUF012 as locustfiles write it


def task_set(*tasks: Any) -> TaskSet:
    chosen: Any = type("Chosen", (TaskSet,), {"tasks": list(tasks)})
    return chosen(Shopper(Environment()))


@pytest.mark.parametrize(
    ("weights", "critical"),
    [({one: 3, two: 47, three: 25, four: 25}, 11.345), ({one: 20, two: 5, three: 75}, 9.210)],
)
def test_weights_of_the_walkthrough(weights: dict[Any, int], critical: float) -> None:
    random.seed(2026)
    tasks = task_set(*(function for function, weight in weights.items() for _ in range(weight)))
    counts = Counter(tasks.get_next_task() for _ in range(DRAWS))
    assert sum((counts[f] - DRAWS * w / 100) ** 2 / (DRAWS * w / 100) for f, w in weights.items()) < critical


def test_random_seed_repeats_the_draws() -> None:
    tasks = task_set(one, two, two, three)

    def draws() -> list[Any]:
        return [tasks.get_next_task() for _ in range(100)]

    random.seed("the same")
    first, unseeded = draws(), draws()
    random.seed("the same")
    assert draws() == first
    assert unseeded != first


def test_the_list_may_change_between_draws() -> None:
    tasks = task_set(one)
    held = tasks.tasks
    assert tasks.get_next_task() is one
    held[0] = two  # same list, same length
    assert {tasks.get_next_task() for _ in range(50)} == {two}
    held.append(three)
    assert {tasks.get_next_task() for _ in range(200)} == {two, three}
    del held[0]
    assert {tasks.get_next_task() for _ in range(50)} == {three}
    tasks.tasks = [four]
    assert {tasks.get_next_task() for _ in range(50)} == {four}


@pytest.mark.parametrize("tasks", [(one,), "x", range(3, 4)])
def test_other_sequences_go_locusts_way(tasks: Any) -> None:
    chosen = task_set(one)
    chosen.tasks = tasks
    assert chosen.get_next_task() == tasks[0]


@pytest.mark.parametrize("tasks", [None, []])
def test_missing_tasks_are_told_as_by_locust(tasks: Any) -> None:
    user = Shopper(Environment())
    chosen: Any = task_set(one)
    chosen.tasks = tasks
    with pytest.raises(Exception, match="No tasks defined on Chosen"):
        chosen.get_next_task()
    user.tasks = tasks
    with pytest.raises(Exception, match="No tasks defined on Shopper"):
        DefaultTaskSet(user).get_next_task()


def test_a_user_runs_on_it() -> None:
    ran: list[str] = []

    class Visitor(User):
        wait_time = constant(0)

        @task(3)
        def browse(self) -> None:
            ran.append("browse")
            if len(ran) >= 400:
                raise StopUser

        @task
        class Checkout(TaskSet):
            @task
            def pay(self) -> None:
                ran.append("pay")
                self.interrupt()

    random.seed(5)
    with pytest.raises(StopUser):
        DefaultTaskSet(Visitor(Environment())).run()
    counts = Counter(ran)
    assert counts["browse"] + counts["pay"] >= 400
    assert 0.15 < counts["pay"] / counts.total() < 0.35


def test_sequences_keep_their_order() -> None:
    class InOrder(SequentialTaskSet):
        @task
        def first(self) -> None: ...
        @task
        def second(self) -> None: ...

    tasks: Any = InOrder(Shopper(Environment()))
    assert [tasks.get_next_task().__name__ for _ in range(4)] == ["first", "second", "first", "second"]
