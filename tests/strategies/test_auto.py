"""What auto is made of, what it costs on large pools, and that it works at every size."""

from __future__ import annotations

import numpy as np
import pytest

from asklearn import ActiveLearner
from asklearn.acquisition.uncertainty import margin
from asklearn.selection.clustering import ClusterMargin, KMeans
from asklearn.selection.compose import WhenRare
from asklearn.selection.coverage import HandOver
from asklearn.strategies import strategy

FAST = "logistic(C=10.0, temperature=1.0)"


def test_auto_covers_and_hands_over_under_guard() -> None:
    auto = strategy("auto")
    assert (auto.select, auto.score) == (WhenRare(HandOver(), ClusterMargin()), margin)
    assert (auto.start, auto.shortlist, auto.guarded) == (KMeans(), None, True)
    assert "predict" not in auto.needs  # so that wide sparse features can be compared by a projection


@pytest.mark.parametrize(("items", "classes", "batch"), [(100, 2, 5), (300, 3, 290), (3_000, 400, 500)])
def test_auto_works_from_two_classes_to_hundreds(items: int, classes: int, batch: int) -> None:
    rng = np.random.default_rng(0)
    y = np.concatenate([np.arange(classes), rng.integers(classes, size=items - classes)])
    X = (6 * rng.normal(size=(classes, 12))[y] + rng.normal(size=(items, 12))).astype(np.float32)
    learner = ActiveLearner(FAST, X, strategy="auto", seed=0)
    asked: list[int] = []
    for size in (batch, min(batch, items - batch)):
        got = learner.ask(size)
        learner.tell(got.ids, y[got.rows].tolist())
        asked += got.rows.tolist()
    assert len(set(asked)) == len(asked) == batch + min(batch, items - batch)


def test_time_and_memory_do_not_grow_with_the_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 60,000 items no more than 20,000 are scored, and no more than 5,000 compared."""
    from asklearn.selection import coverage

    seen: list[int] = []
    greedy = coverage.greedy_cover

    def counted(*args: object) -> object:
        seen.append(len(args[1]))  # type: ignore[arg-type]
        return greedy(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(coverage, "greedy_cover", counted)
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=60_000)
    X = (2 * rng.normal(size=(3, 4))[y] + rng.normal(size=(60_000, 4))).astype(np.float32)
    learner = ActiveLearner(FAST, X, strategy="auto", seed=0)
    for _ in range(2):
        got = learner.ask(20)
        learner.tell(got.ids, y[got.rows].tolist())
    assert seen == [5_000]
