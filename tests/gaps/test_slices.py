"""SliceLine against brute force."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asklearn.errors import BadInput
from asklearn.gaps.slices import slice_line


def brute_force(holds, error, group, weight, k, min_size, alpha, levels):
    """Score every conjunction, as the paper's formula reads."""
    total, mean = weight.sum(), (weight @ error) / weight.sum()
    found = []
    for depth in range(1, levels + 1):
        for chosen in combinations(range(holds.shape[1]), depth):
            if len({group[one] for one in chosen}) < depth:
                continue
            inside = holds[:, list(chosen)].all(1)
            size, wrong = weight[inside].sum(), (weight * error)[inside].sum()
            if size >= max(min_size, 1e-12) and wrong > 0:
                score = alpha * (wrong / size / mean - 1) - (1 - alpha) * (total / size - 1)
                if score > 0:
                    found.append((-score, depth, chosen))
    return [(-score, chosen) for score, _, chosen in sorted(found)[:k]]


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000), predicates=st.integers(1, 7), levels=st.integers(1, 4), k=st.integers(1, 8),
    min_size=st.sampled_from([0.0, 1.0, 3.0]), alpha=st.sampled_from([0.6, 0.95, 1.0]),
    weighted=st.booleans(), binary=st.booleans(),
)  # fmt: skip
def test_the_best_slices_are_those_of_brute_force(
    seed: int,
    predicates: int,
    levels: int,
    k: int,
    min_size: float,
    alpha: float,
    weighted: bool,
    binary: bool,
) -> None:
    rng = np.random.default_rng(seed)
    holds = rng.random((40, predicates)) < rng.uniform(0.1, 0.8, predicates)
    error = (rng.random(40) < 0.3).astype(float) if binary else rng.random(40)
    weight = rng.integers(0, 4, 40).astype(float) if weighted else np.ones(40)
    group = rng.integers(0, predicates, predicates)
    if weight @ error == 0:
        return
    wanted = brute_force(holds, error, group, weight, k, min_size, alpha, levels)
    found = slice_line(
        holds, error, group_P=group, weight_N=weight, k=k, min_size=min_size, alpha=alpha, levels=levels
    )
    np.testing.assert_allclose([one.score for one in found], [score for score, _ in wanted], rtol=1e-9)
    for one in found:
        inside = holds[:, list(one.predicates)].all(1)
        assert one.size == pytest.approx(weight[inside].sum())
        assert one.error == pytest.approx((weight * error)[inside].sum() / weight[inside].sum())
        assert len({group[p] for p in one.predicates}) == len(one.predicates) <= levels


def test_pruning_spares_most_conjunctions(monkeypatch: pytest.MonkeyPatch) -> None:
    from asklearn.gaps import slices

    rng = np.random.default_rng(0)
    holds = rng.random((300, 60)) < 0.2
    error = (holds[:, 3] & holds[:, 7] | (rng.random(300) < 0.02)).astype(float)
    looked_at = 0
    weighed = slices._weighed

    def counting(predicates_SL, *rest):
        nonlocal looked_at
        looked_at += len(predicates_SL)
        return weighed(predicates_SL, *rest)

    monkeypatch.setattr(slices, "_weighed", counting)
    assert slice_line(holds, error, k=1, min_size=3)[0].predicates == (3, 7)
    assert looked_at < 4_000  # of 35,990 conjunctions of up to three


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert slice_line(np.ones((5, 2), bool), np.zeros(5)) == []
    assert slice_line(np.ones((0, 2), bool), np.zeros(0)) == []
    assert slice_line(np.zeros((5, 0), bool), np.ones(5)) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"error_N": np.ones(4)}, "Got 4, 5 and 2"),
        ({"error_N": -np.ones(5)}, "negative"),
        ({"alpha": 0.0}, "alpha"),
        ({"group_P": np.zeros(3, int)}, "5 and 3"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        slice_line(**{"holds_NP": np.ones((5, 2), bool), "error_N": np.ones(5), **change})
