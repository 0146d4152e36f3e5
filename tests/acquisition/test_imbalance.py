"""GALAXY and DIRECT against lines walked item by item, and cases worked by hand."""

import itertools

import numpy as np
import pytest

from asklearn.acquisition.imbalance import direct, galaxy
from asklearn.types import Candidates, Categorical

RNG = np.random.default_rng(0)


def two_classes(open_points, told, labels):
    """Points in (0, 1) that are their own probability of class 1."""

    def predict(features_ND):
        return Categorical(np.hstack([1 - features_ND, features_ND]))

    features_ND = np.array(open_points, float)[:, None]
    return Candidates(
        len(features_ND), predict(features_ND), predict=predict,
        labelled_LD=np.array(told, float)[:, None], labels_L=np.array(labels),
    )  # fmt: skip


def made(seed, size=30, labelled=12, classes=4):
    rng = np.random.default_rng(seed)
    belief_LC = rng.dirichlet(np.full(classes, 0.5), labelled)
    return Candidates(
        size,
        Categorical(rng.dirichlet(np.full(classes, 0.5), size)),
        labelled_LD=np.arange(labelled)[:, None],
        labels_L=np.array([rng.choice(classes, p=row) for row in belief_LC]) - (rng.random(labelled) < 0.1),
        predict=lambda rows: Categorical(belief_LC[rows[:, 0].astype(int)]),
    )


def line_of(candidates, k):
    """The line of class k as (place, index of candidate or None, whether of class k or None), ascending."""
    places = []
    for i, row in enumerate(candidates.posterior.proba_NC):
        places.append((row[k] if row[k] == max(row) else row[k] - max(row), i, None))
    for row, label in zip(candidates.labelled_LD, candidates.labels_L, strict=True):
        if label >= 0:
            p = candidates.predict(row[None]).proba_NC[0]
            places.append((p[k] if p[k] == max(p) else p[k] - max(p), None, bool(label == k)))
    return sorted(places, key=lambda one: one[0])


def bisect(low, high, level, into):
    """Write down after how many halvings each place between `low` and `high` is the middle."""
    if high - low > 1:
        middle = (low + high) // 2
        into[middle] = level
        bisect(low, middle, level + 1, into)
        bisect(middle, high, level + 1, into)


def plain_galaxy(candidates):
    best = {}
    for k in range(candidates.posterior.proba_NC.shape[1]):
        line = line_of(candidates, k)
        told = [j for j, one in enumerate(line) if one[2] is not None]
        cuts = [(a, b) for a, b in itertools.pairwise(told) if line[a][2] != line[b][2]]
        if not cuts:
            continue
        scores = {j: -64 - min(abs(j - (a + b) / 2) for a, b in cuts) / len(line) for j in range(len(line))}
        for a, b in cuts:
            levels = {}
            bisect(a, b, 0, levels)
            scores |= {j: -level - (b - a - 1) / (len(line) + 1) for j, level in levels.items()}
        for j, one in enumerate(line):
            if one[1] is not None:
                best[one[1]] = max(best.get(one[1], -np.inf), scores[j])
    return [best.get(i, 0) for i in range(candidates.size)]


def plain_direct(candidates):
    best = [-np.inf] * candidates.size
    for k in range(candidates.posterior.proba_NC.shape[1]):
        line = line_of(candidates, k)
        wrong = []
        for threshold in range(len(line) + 1):
            below, above = line[:threshold], line[threshold:]
            wrong.append(sum(one[2] is True for one in below) + sum(one[2] is False for one in above))
        widest, run = [], []
        for threshold, errors in enumerate(wrong):
            run = [*run, threshold] if errors == min(wrong) else []
            widest = run if len(run) > len(widest) else widest
        middle = (widest[0] + widest[-1]) / 2 - 0.5
        for j, one in enumerate(line):
            if one[1] is not None:
                best[one[1]] = max(best[one[1]], -abs(j - middle))
    return best


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("classes", [2, 4])
def test_equal_the_line_walked(seed, classes):
    candidates = made(seed, classes=classes)
    np.testing.assert_allclose(galaxy(candidates, RNG), plain_galaxy(candidates), atol=1e-6)
    np.testing.assert_allclose(direct(candidates, RNG), plain_direct(candidates))


@pytest.mark.parametrize("seed", range(20))
def test_galaxy_asks_the_middle_of_the_shortest_path_first(seed):
    """The paper's rule for one question, found by looking at every pair of answers of every class."""
    candidates = made(seed)
    paths = []
    for k in range(4):
        line = line_of(candidates, k)
        for a in range(len(line)):
            for b in range(a + 2, len(line)):
                between = [one[2] for one in line[a + 1 : b]]
                if (
                    None not in (line[a][2], line[b][2])
                    and line[a][2] != line[b][2]
                    and set(between) == {None}
                ):
                    paths.append((b - a, line[(a + b) // 2][1]))
    shortest = {item for length, item in paths if length == min(paths)[0]}
    assert int(galaxy(candidates, RNG).argmax()) in shortest


def test_galaxy_bisects_by_hand():
    known = two_classes([0.25, 0.3, 0.35, 0.4, 0.45, 0.55, 0.6], [0.2, 0.7], [0, 1])
    scores_N = galaxy(known, RNG)
    length = 7 / 10
    np.testing.assert_allclose(scores_N, [-x - length for x in (2, 1, 2, 0, 2, 1, 2)], rtol=1e-6)


def test_galaxy_finds_the_rare_class_side():
    """One rare answer among many: questions lie between it and its nearest other answer."""
    known = two_classes(np.linspace(0.01, 0.99, 99), [0.1, 0.2, 0.3, 0.4, 0.9], [0, 0, 0, 0, 1])
    asked = known.posterior.proba_NC[galaxy(known, RNG).argsort()[-20:], 1]
    assert ((asked > 0.4) & (asked < 0.9)).all()


def test_direct_is_robust_to_a_wrong_answer():
    points = np.linspace(0.01, 0.99, 99)
    told = [0.05, 0.1, 0.2, 0.3, 0.7, 0.8, 0.9, 0.95]
    known = two_classes(points, told, [1, 0, 0, 0, 1, 1, 1, 1])
    asked = points[direct(known, RNG).argsort()[-10:]]
    assert ((asked > 0.4) & (asked < 0.6)).all()
    bisected = points[galaxy(known, RNG).argsort()[-10:]]
    assert (bisected < 0.1).any()


def test_duplicates_count_as_one_place():
    once = two_classes([0.3, 0.4, 0.5], [0.2, 0.7], [0, 1])
    often = two_classes([0.3, 0.4, 0.4, 0.4, 0.5], [0.2, 0.7], [0, 1])
    for score in (galaxy, direct):
        np.testing.assert_allclose(score(often, RNG)[[0, 1, 4]], score(once, RNG))
        assert len(set(score(often, RNG)[1:4])) == 1


@pytest.mark.parametrize("score", [galaxy, direct], ids=lambda score: score.name)
def test_nothing_answered_scores_0(score):
    assert score(two_classes([0.1, 0.9], [0.5], [-1]), RNG).tolist() == [0, 0]


def test_answers_of_one_class_have_no_turn():
    assert galaxy(two_classes([0.1, 0.9], [0.4, 0.6], [1, 1]), RNG).tolist() == [0, 0]


ORACLES = {"galaxy": plain_galaxy, "direct": plain_direct}
