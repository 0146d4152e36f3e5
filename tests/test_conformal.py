"""Conformal sets: coverage by simulation, at 20 to 500 labels and 2 to 77 classes."""

from __future__ import annotations

import numpy as np
import pytest

from asklearn.calibration import softmax
from asklearn.conformal import (
    SCORES,
    conformal,
    conformal_quantile,
    conformity,
    coverage_given_sample,
    cross_conformal,
)
from asklearn.errors import BadInput


def world(n: int, classes: int, rng: np.random.Generator, sharp: float = 2) -> tuple[np.ndarray, np.ndarray]:
    """Predictions, too sure of themselves unless `sharp` is 1, and the truth."""
    logits = rng.normal(size=(n, classes)) * 2
    truth = (softmax(logits).cumsum(1) > rng.random((n, 1))).argmax(1)
    return softmax(sharp * logits), truth


def covered(made, proba: np.ndarray, truth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return made(proba, rng)[np.arange(len(truth)), truth]


def slack(hits: float, runs: int) -> float:
    """2.6 standard errors: a true claim fails this once in 200."""
    return 2.6 * (hits * (1 - hits) / runs) ** 0.5


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize(("n", "classes"), [(20, 2), (60, 10), (500, 77)])
def test_sets_cover_as_promised_and_not_much_more(score: str, n: int, classes: int) -> None:
    rng = np.random.default_rng(n)
    runs, each = 200, 40
    means = []
    for _ in range(runs):
        proba, truth = world(n + each, classes, rng)
        made = conformal(proba[:n], truth[:n], 0.1, score=score, rng=rng)
        means.append(covered(made, proba[n:], truth[n:], rng).mean())
    error = 2.6 * np.std(means) / runs**0.5
    assert np.mean(means) > 0.9 - error
    if score == "lac":  # the others give an empty set its likeliest class
        assert np.mean(means) < 0.9 + 1 / (n + 1) + error + 0.01


def test_planted_in_sample_labels_fail_to_cover() -> None:
    """If the labels had trained the model, the promise would be broken: so it is not an empty one."""
    rng = np.random.default_rng(0)
    proba, truth = world(3000, 5, rng)
    learnt = proba.copy()
    learnt[:200] = 0.5 * learnt[:200] + 0.5 * np.eye(5)[truth[:200]]
    made = conformal(learnt[:200], truth[:200], 0.1, score="lac")
    assert covered(made, proba[200:], truth[200:], rng).mean() < 0.8


def test_each_class_is_covered_where_that_is_promised() -> None:
    rng = np.random.default_rng(0)
    hits, size = np.zeros(3), np.zeros(3)
    plain = np.zeros(3)
    for _ in range(200):
        logits = rng.normal(size=(400, 3)) + np.array([1.5, 0.0, -1.0])
        truth = (softmax(logits).cumsum(1) > rng.random((400, 1))).argmax(1)
        proba = softmax(logits * np.array([1.0, 1.0, 0.3]))
        for by_class, into in ((True, hits), (False, plain)):
            made = conformal(proba[:200], truth[:200], 0.1, score="lac", by_class=by_class)
            into += np.bincount(truth[200:], covered(made, proba[200:], truth[200:], rng), 3)
        size += np.bincount(truth[200:], minlength=3)
    assert (hits / size > 0.9 - slack(0.9, 200 * 5)).all()
    assert (plain / size).min() < 0.85


def test_a_class_with_too_few_labels_is_in_every_set_and_that_is_said() -> None:
    rng = np.random.default_rng(0)
    proba, _ = world(40, 3, rng)
    truth = np.repeat([0, 1, 2], [19, 18, 3])
    made = conformal(proba, truth, 0.05, score="lac", by_class=True)
    assert made.too_few.tolist() == [1, 2]
    assert made(proba)[:, 1:].all()
    assert "2 of 3 classes there are too few labels" in made.guarantee


def test_no_label_at_all_gives_sets_of_everything() -> None:
    made = conformal(np.zeros((0, 4)), np.zeros(0, int), 0.1)
    assert made(np.full((2, 4), 0.25)).all()


def test_unequal_draws_are_made_good_by_weights() -> None:
    """Items that the model is unsure of are drawn ten times as rarely; without weights coverage breaks."""
    rng = np.random.default_rng(0)
    found = {True: [], False: []}
    for _ in range(150):
        proba, truth = world(2000, 3, rng, sharp=1)
        own = proba[np.arange(2000), truth]
        rate = np.where(proba.max(1) < 0.8, 0.02, 0.2)
        drawn = rng.random(2000) < rate
        for weighted in (True, False):
            threshold = conformal_quantile(own[drawn], 0.1, 1 / rate[drawn] if weighted else None)
            found[weighted].append((own >= threshold).mean())
    assert np.mean(found[True]) > 0.9 - 2.6 * np.std(found[True]) / 150**0.5
    assert np.mean(found[False]) < 0.88


def test_an_item_that_nobody_could_label_counts_as_missed() -> None:
    proba, truth = world(100, 4, np.random.default_rng(0))
    sure = conformal(proba, truth, 0.1, score="lac")
    doubtful = conformal(proba, np.r_[truth[:95], np.full(5, -1)], 0.1, score="lac")
    assert (doubtful.threshold_C <= sure.threshold_C).all()
    assert doubtful.n == 95


@pytest.mark.parametrize("n", [1, 7, 19, 50])
def test_the_quantile_is_the_one_of_the_textbook(n: int) -> None:
    scores = np.random.default_rng(n).normal(size=n)
    rank = int(np.ceil((n + 1) * 0.9))
    textbook = -np.sort(-scores)[rank - 1] if rank <= n else -np.inf
    assert conformal_quantile(scores, 0.1) == textbook
    assert conformal_quantile(scores, 0.1, np.full(n, 3.7)) == textbook


def test_randomised_adaptive_scores_are_uniform_where_the_model_is_right() -> None:
    rng = np.random.default_rng(0)
    proba = rng.dirichlet(np.ones(8), size=20_000)
    truth = (proba.cumsum(1) > rng.random((20_000, 1))).argmax(1)
    own = conformity(proba, "aps", rng)[np.arange(20_000), truth]
    np.testing.assert_allclose(np.quantile(own, [0.1, 0.5, 0.9]), [0.1, 0.5, 0.9], atol=0.015)


def test_raps_cuts_the_long_sets_off() -> None:
    rng = np.random.default_rng(0)
    proba, truth = world(800, 77, rng)
    sizes = {}
    for score in ("aps", "raps"):
        made = conformal(proba[:400], truth[:400], 0.1, score=score, rng=rng)
        sizes[score] = made(proba[400:], rng).sum(1)
    assert sizes["raps"].max() < sizes["aps"].max()


def test_an_unlikelier_class_never_conforms_better() -> None:
    proba = np.random.default_rng(0).dirichlet(np.ones(12), size=50)
    order = np.argsort(-proba, axis=1)
    for score in SCORES:
        made = np.take_along_axis(conformity(proba, score, np.random.default_rng(1)), order, 1)
        assert (np.diff(made, axis=1) <= 1e-12).all()


@pytest.mark.parametrize(("n", "k"), [(20, 20), (50, 5), (200, 10)])
def test_cross_conformal_sets_cover_more_than_they_promise(n: int, k: int) -> None:
    """Class means are learnt from the very labels that conformalise; each is judged without its fold."""
    rng = np.random.default_rng(n)
    runs, each, classes = 120, 20, 4
    hits, sizes = [], []
    for _ in range(runs):
        centres = rng.normal(size=(classes, 3))
        truth = rng.integers(classes, size=n + each)
        X = centres[truth] + rng.normal(size=(n + each, 3))
        fold = rng.permutation(np.arange(n) % k)

        def learnt(train: np.ndarray, X=X, truth=truth) -> np.ndarray:
            means = [
                X[train][truth[train] == c].sum(0) / max((truth[train] == c).sum(), 1) for c in range(classes)
            ]
            return softmax(-((X[:, None] - np.array(means)) ** 2).sum(2))

        proba_K = [learnt(np.flatnonzero(fold != f)) for f in range(k)]
        scores = [conformity(proba, "lac") for proba in proba_K]
        held = np.stack([scores[f][i] for i, f in enumerate(fold)])
        sets = cross_conformal(held, truth[:n], fold, np.stack([one[n:] for one in scores]), 0.1)
        hits.append(sets[np.arange(each), truth[n:]].mean())
        sizes.append(sets.sum(1).mean())
    assert np.mean(hits) > 0.9 - 2.6 * np.std(hits) / runs**0.5
    assert np.mean(sizes) < classes - 0.5


def test_cross_conformal_counts_as_the_definition_does() -> None:
    rng = np.random.default_rng(0)
    held, new = rng.normal(size=(30, 3)), rng.normal(size=(5, 8, 3))
    truth, fold = rng.integers(3, size=30), rng.integers(5, size=30)
    truth[3] = -1
    own = np.where(truth < 0, -np.inf, held[np.arange(30), truth])
    brute = np.array(
        [[sum(own[i] > new[fold[i], m, c] for i in range(30)) < 0.8 * 31 for c in range(3)] for m in range(8)]
    )
    np.testing.assert_array_equal(cross_conformal(held, truth, fold, new, 0.2), brute)


def test_coverage_scatters_over_samples_as_said() -> None:
    rng = np.random.default_rng(0)
    promised = coverage_given_sample(60, 0.1, 0.9)
    above = []
    for _ in range(400):
        proba, truth = world(1060, 3, rng)
        made = conformal(proba[:60], truth[:60], 0.1, score="lac")
        above.append(covered(made, proba[60:], truth[60:], rng).mean() >= promised)
    assert np.mean(above) > 0.9 - slack(0.9, 400) - 0.02


def test_what_cannot_be_is_refused() -> None:
    proba = np.full((3, 2), 0.5)
    with pytest.raises(BadInput, match="lac, aps, raps"):
        conformal(proba, np.zeros(3, int), score="best")
    with pytest.raises(BadInput, match="in \\(0, 1\\)"):
        conformal(proba, np.zeros(3, int), alpha=1.0)
    with pytest.raises(BadInput, match="each of 3 predictions"):
        conformal(proba, np.zeros(2, int))
    with pytest.raises(BadInput, match="pass a Generator"):
        conformal(proba, np.zeros(3, int), rng=np.random.default_rng(0))(proba)
