"""The clock of leases: whatever happens to the computer's, it goes on."""

from __future__ import annotations

import pytest

from asklearn.server.clock import steady


@pytest.mark.parametrize("jump", [86_400.0, -86_400.0])
def test_a_jump_of_the_computers_clock_does_not_move_it(jump: float) -> None:
    now, elapsed = [1_000_000.0], [50.0]
    clock = steady(lambda: now[0], lambda: elapsed[0])
    now[0] += jump
    elapsed[0] += 2.0
    assert clock() == 1_000_002.0
