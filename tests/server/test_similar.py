"""Items that are like one: the nearest that are open, and none that the audit may draw."""

from __future__ import annotations

import numpy as np
import pytest

from asklearn.audit import audit_order
from asklearn.events import Added, Asked, Configured, Drawn
from asklearn.pool import Pool
from asklearn.server import similar
from asklearn.server.similar import may_be_audited, similar_items
from asklearn.state import State, fold


def state_of(size: int, *events: object, audit: float = 0.0) -> State:
    return fold([Configured(seed=1, audit=audit), Added(start=0, stop=size), *events], State())  # type: ignore[list-item]


def test_the_nearest_open_items_come_first() -> None:
    pool = Pool(np.arange(40, dtype=np.float32)[:, None], np.arange(40, 60, dtype=np.float32)[:, None])
    state = state_of(60, Asked(item=10, stream="exploit"), Asked(item=11, stream="exploit"))
    assert similar_items(pool, state, 10, 2) == [9, 8, 12, 7, 13, 6]
    assert similar_items(pool, state, 41, 1) == [40, 42, 39]


def test_of_a_large_pool_the_items_own_shard_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    shards = [np.random.default_rng(n).normal(size=(50, 4)).astype(np.float32) for n in range(6)]
    monkeypatch.setattr(similar, "ROOM_BYTES", 120 * 16)
    found = similar_items(Pool(*shards), state_of(300, Asked(item=70, stream="exploit")), 70, 20)
    assert found == similar_items(Pool(*shards), state_of(300, Asked(item=70, stream="exploit")), 70, 20)
    assert len({item // 50 for item in found}) == 2
    assert any(item // 50 == 1 for item in found)


def test_whatever_the_uniform_audit_may_reach_is_left_out() -> None:
    state = state_of(2000, audit=0.1)
    reached = audit_order(range(2000), 1)[:201]
    assert all(may_be_audited(state, int(item)) for item in reached)
    assert 0.1 < np.mean([may_be_audited(state, item) for item in range(2000)]) < 0.2
    late = int(audit_order(range(2000), 1)[-1])
    drawn = Drawn(round=0, items=(late,), probability=(0.1,), expected=(1.0,), prefixes=(0,))
    assert not may_be_audited(state, late)
    assert may_be_audited(fold([drawn], state), late)
