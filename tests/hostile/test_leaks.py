"""Nothing is left behind by mixed faults: no descriptor, no connection at the server, no growing memory."""

import os
import time

import pytest
from leaks import FAULTS, Left, rounds

pytestmark = pytest.mark.slow

ROUNDS = int(os.environ.get("HOSTILE_ROUNDS", "320"))


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("fast", [False, True], ids=["http", "fast"])
def test_nothing_is_left(rogue, fast, capsys):
    rounds(rogue, fast, 4)  # what the first request of a process opens for good is open by now
    before = Left.now()
    held = rounds(rogue, fast, ROUNDS)
    after = Left.now()
    with capsys.disabled():
        if ROUNDS > 1000:
            print(f"\n{'FastHttpUser' if fast else 'HttpUser'}, {ROUNDS} rounds of {len(FAULTS)} faults:")
            for at, left in enumerate(held):
                print(f"  after {ROUNDS * at // 4}: {left.descriptors} descriptors, {left.kilobytes} KiB")
    # Ten sessions keep some connections each; nothing may come to them.
    most = max(left.descriptors for left in held)
    assert most <= before.descriptors + 10 * 10 + 2, held
    assert held[-1].descriptors <= held[0].descriptors + 10, held
    # One endless header alone takes and gives back ten megabytes: growth is what the first half has not seen.
    assert held[-1].kilobytes - max(left.kilobytes for left in held[:3]) < 4000 + ROUNDS * 0.2, held
    assert after.descriptors <= before.descriptors + 2, (before, held, after)
    deadline = time.monotonic() + 5
    while rogue.open() and time.monotonic() < deadline:
        pass  # the server notices in its own time
    assert rogue.open() == 0
