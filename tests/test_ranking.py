"""From belief to batch: chunks change nothing, a shortlist keeps the best, only what is needed is made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

from asklearn import pool as pools
from asklearn.acquisition.uncertainty import margin
from asklearn.errors import BadInput
from asklearn.pool import Pool
from asklearn.ranking import Known, rank
from asklearn.registry import adapt
from asklearn.selection.top import Top
from asklearn.strategies import Strategy, strategy
from asklearn.types import Candidates, Categorical


class Believer:
    """A model that is the surer the larger the first feature; it counts how often it is asked."""

    def __init__(self, draws: int = 0) -> None:
        self.draws, self.calls = draws, 0

    def posterior(self, X: Any) -> Categorical:
        self.calls += 1
        sure = 0.5 + 0.5 * X[:, 0] / 1000
        proba = np.stack([sure, 1 - sure], 1).astype(np.float32)
        return Categorical(proba, np.repeat(proba[None], self.draws, 0) if self.draws else None)


def pool_of(n: int = 600, shards: int = 1) -> Pool:
    pool = Pool()
    for part in np.array_split(np.arange(n, dtype=np.float32)[:, None], shards):
        pool.add(part)
    return pool


def known_of(rows: Any) -> Known:
    return Known(rows, [None] * len(rows))


def ranked(spec: Any, pool: Pool, open_rows: Any, n: int, model: Any = None, seed: int = 0) -> Any:
    known = known_of(np.setdiff1d(np.arange(len(pool)), open_rows))
    rng = np.random.default_rng(seed)
    return rank(strategy(spec), pool, open_rows, known, model, n, rng, {})


def test_the_most_doubtful_open_items_come_first() -> None:
    open_rows = np.arange(5, 600, 3)
    rows, scores, why = ranked("margin", pool_of(), open_rows, 4, Believer())
    assert rows.tolist() == [5, 8, 11, 14]
    assert np.all(np.diff(scores) <= 0)
    assert "hesitates" in why


@pytest.mark.parametrize("spec", ["margin", "cluster_margin", "power(beta=2.0)", "entropy"])
def test_neither_chunks_nor_shards_change_the_batch(spec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    open_rows = np.flatnonzero(np.arange(600) % 5)
    whole = ranked(spec, pool_of(), open_rows, 9, Believer())
    monkeypatch.setattr(pools, "CHUNK_BYTES", 1)
    model = Believer()
    pieces = ranked(spec, pool_of(shards=3), open_rows, 9, model)
    assert model.calls > 1
    assert pieces[0].tolist() == whole[0].tolist()
    assert pieces[1] == whole[1]


@pytest.mark.parametrize(
    "spec", ["random", "margin", "auto", "k_center", "softmax", "cluster_margin(factor=2)"]
)
@pytest.mark.parametrize("n", [1, 7, 40])
def test_only_open_rows_and_each_once(spec: str, n: int) -> None:
    open_rows = np.arange(0, 600, 15)
    for model in (None, Believer()):
        rows, scores, _ = ranked(spec, pool_of(), open_rows, n, model)
        assert len(set(rows.tolist())) == n == len(scores)
        assert set(rows.tolist()) <= set(open_rows.tolist())


def test_nothing_wanted_is_nothing_done() -> None:
    model = Believer()
    rows, scores, _ = ranked("margin", pool_of(), np.arange(600), 0, model)
    assert (len(rows), scores, model.calls) == (0, [], 0)


class Recorder:
    """A selection that takes the first n and keeps what it was given."""

    def __init__(self, *needs: str) -> None:
        self.needs = frozenset(needs)

    def __call__(self, candidates: Candidates, n: int, rng: Any, /) -> Any:
        self.given = candidates
        return np.arange(n)


def test_a_selection_is_given_what_it_needs_and_nothing_else() -> None:
    bare, full = Recorder(), Recorder("proba", "features", "labelled", "scores")
    model = Believer()
    ranked(Strategy("bare", bare), pool_of(), np.arange(100, 600), 3, model)
    assert model.calls == 0
    given = bare.given
    assert (given.size, given.posterior, given.features_ND, given.labelled_LD) == (500, None, None, None)
    ranked(Strategy("full", full, margin, shortlist=4), pool_of(), np.arange(100, 600), 3, model)
    assert full.given.size == 12
    assert full.given.posterior is not None
    assert full.given.posterior.proba_NC.shape == (12, 2)
    np.testing.assert_array_equal(full.given.features_ND, np.arange(100.0, 112.0)[:, None])
    np.testing.assert_array_equal(full.given.labelled_LD, np.arange(100.0)[:, None])
    assert full.given.scores_N is not None
    assert np.all(np.diff(full.given.scores_N) < 0)


def test_draws_are_asked_for_by_name_where_the_model_has_none() -> None:
    with pytest.raises(BadInput, match=r"compares posterior draws.*committee"):
        ranked("bald", pool_of(), np.arange(600), 3, Believer())
    assert len(ranked("bald", pool_of(), np.arange(600), 3, Believer(draws=4))[0]) == 3


def test_a_start_may_need_features_only() -> None:
    with pytest.raises(BadInput, match="may need features only"):
        ranked(Strategy("early", Top(), margin, start=Top()), pool_of(), np.arange(600), 3)


def test_the_time_of_each_part_is_told(digits: Any) -> None:
    pool = Pool()
    pool.add(digits.X)
    model = adapt("models", GaussianNB()).fit(digits.X[:50], digits.y[:50])
    seconds: dict[str, float] = {}
    rows = np.arange(50, 300)
    rank(strategy("auto"), pool, rows, known_of(np.arange(50)), model, 5, np.random.default_rng(0), seconds)
    assert set(seconds) == {"score", "select"}
    assert min(seconds.values()) > 0


def test_costs_are_learned_from_recorded_times_in_chunks_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dearer the larger the feature; every item is equally doubtful, so the cheapest come first."""

    class Doubtful(Believer):
        def posterior(self, X: Any) -> Categorical:
            return Categorical(np.full((len(X), 2), 0.5, np.float32))

    rows = np.arange(0, 600, 10)
    known = Known(rows, [None] * 60, [None if row % 20 else float(np.exp(row / 200)) for row in rows])
    open_rows = np.setdiff1d(np.arange(600), rows)
    for chunk in (1 << 20, 1):
        monkeypatch.setattr(pools, "CHUNK_BYTES", chunk)
        for how in ("per_cost", Strategy("all", Recorder("costs"))):
            found, scores, _ = rank(
                strategy(how), pool_of(), open_rows, known, Doubtful(), 5, np.random.default_rng(0), {}
            )
            assert set(found.tolist()) <= set(range(1, 40))
            if how == "per_cost":
                assert scores[0] > 0.8


def test_without_times_costs_are_equal() -> None:
    given = Recorder("costs")
    ranked(Strategy("recorder", given), pool_of(), np.arange(100, 600), 3, Believer())
    assert given.given.costs_N is not None
    assert set(given.given.costs_N.tolist()) == {1.0}
    same = [ranked(spec, pool_of(), np.arange(100, 600), 9, Believer())[0] for spec in ("margin", "per_cost")]
    assert set(same[0].tolist()) == set(same[1].tolist())
