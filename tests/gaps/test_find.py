"""Gaps in made-up evidence: found where they are, and seldom where there are none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from asklearn.gaps import Half, find_gaps
from asklearn.gaps.predicates import clusters, columns, joined, words


def evidence(chance_N: np.ndarray, seed: int, audit: int = 200, picked: int = 200):
    """Features, two halves of `audit` labels and `picked` ones, for a chance of a mistake of each item."""
    rng = np.random.default_rng(seed)
    size, classes = len(chance_N), 4
    truth = rng.integers(classes, size=size)
    guess = np.where(rng.random(size) < chance_N, (truth + 1) % classes, truth)
    proba = np.full((size, classes), 0.1)
    proba[np.arange(size), guess] = 0.7
    order = rng.permutation(size)
    first, second, rest = order[: audit // 2], order[audit // 2 : audit], order[audit : audit + picked]
    halves = []
    for one, other in ((first, second), (second, first)):
        rows = np.concatenate([one, rest])
        drawn = np.arange(len(rows)) < len(one)
        drawn = np.arange(len(rows)) < len(one)
        halves.append(Half(rows, truth[rows], proba[rows], drawn, proba, other, truth[other], proba[other]))
    return halves


def test_a_range_of_a_column_is_found_with_what_is_known_of_it() -> None:
    rng = np.random.default_rng(0)
    age, noise = rng.integers(0, 100, 3000), rng.normal(size=3000)
    chance = np.where((age >= 20) & (age < 30), 0.7, 0.1)
    halves = evidence(chance, 1, 400)
    facts = columns({"age": age, "noise": noise})
    found = find_gaps(
        rng.normal(size=(3000, 3)), halves, facts, list("abcd"), columns={"age": age, "noise": noise}
    )
    gap = found[0]
    assert gap.name.startswith("age 2")
    assert np.mean((age[gap.rows] >= 20) & (age[gap.rows] < 30)) > 0.8
    assert gap.error.low <= 0.7 <= gap.error.high
    assert gap.rest.low <= 0.1 <= gap.rest.high + 0.05
    assert gap.p < 0.01
    assert gap.size == len(gap.rows) == len(gap.p_error) == len(gap.belongs)
    assert gap.share == pytest.approx(gap.size / 3000)
    assert 0 < gap.unlabelled < gap.size
    truth, guess, _ = gap.confusion
    assert "abcd"[("abcd".index(truth) + 1) % 4] == guess
    assert set(gap.exemplars) <= set(gap.rows.tolist())
    assert len(gap.exemplars) == 5


def test_a_word_and_a_neighbourhood_are_found() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(3000, 4))
    texts = [" ".join(rng.choice([f"w{i:02d}" for i in range(30)], 3)) for _ in range(3000)]
    has_word = np.array(["w07" in one for one in texts])
    by_word = find_gaps(
        features, evidence(np.where(has_word, 0.8, 0.1), 1), words(texts), list("abcd"), texts=texts
    )
    assert "w07" in by_word[0].name
    assert has_word[by_word[0].rows].all()
    near = ((features - features[5]) ** 2).sum(1) < 1.0
    features[near] -= 6.0
    facts = joined(clusters(features, rng))
    by_place = find_gaps(features, evidence(np.where(near, 0.9, 0.1), 2, 600), facts, list("abcd"))
    assert near[by_place[0].rows].mean() > 0.5


def test_labels_that_were_picked_confirm_nothing() -> None:
    """Mistakes among the strategy's labels alone raise a suspicion, which the audit does not share."""
    rng = np.random.default_rng(0)
    group = rng.integers(0, 20, 2000)
    halves = evidence(np.full(2000, 0.1), 1)
    for half in halves:
        struck = ~half.random_L & (group[half.rows_L] == 3)
        half.proba_LC[struck] = np.roll(half.proba_LC[struck], 1, axis=1)
    found = find_gaps(rng.normal(size=(2000, 2)), halves, columns({"group": group}), list("abcd"))
    assert not any("group 3" in gap.predicates for gap in found)


def test_where_there_is_no_gap_one_is_shown_in_a_tenth_of_projects_at_most() -> None:
    """Every gap is false here, so the false discovery rate is the share of projects with any."""
    rng = np.random.default_rng(0)
    table = {name: rng.normal(size=1000) for name in "xyz"}
    facts, features = columns(table), rng.normal(size=(1000, 3))
    runs = 40
    shown = sum(
        bool(find_gaps(features, evidence(np.full(1000, 0.2), s, 160, 100), facts, list("abcd")))
        for s in range(runs)
    )
    assert binomtest(shown, runs, 0.1, alternative="greater").pvalue > 0.01


def test_in_sample_confirmation_would_fail_that_test() -> None:
    """Planted: where the labels that suggest also confirm, chance alone makes gaps in most projects."""
    from dataclasses import replace

    rng = np.random.default_rng(0)
    facts = columns({name: rng.normal(size=1000) for name in "xyz"})
    features, shown = rng.normal(size=(1000, 3)), 0
    for seed in range(10):
        halves = [
            replace(half, rows_M=half.rows_L, truth_M=half.truth_L, proba_MC=half.proba_LC)
            for half in evidence(np.full(1000, 0.2), seed, 160, 0)
        ]
        shown += bool(find_gaps(features, halves, facts, list("abcd")))
    assert binomtest(shown, 10, 0.1, alternative="greater").pvalue < 0.01


def test_without_mistakes_there_is_no_gap() -> None:
    halves = evidence(np.zeros(500), 0)
    assert find_gaps(np.zeros((500, 2)), halves, columns({"n": np.arange(500.0)}), list("abcd")) == []
