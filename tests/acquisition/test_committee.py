"""Committee scores against their definitions in plain Python, and cases worked by hand."""

import math

import numpy as np
import pytest

from asklearn.acquisition.committee import bald, qbc_kl, qbc_vote_entropy, variation_ratio
from asklearn.errors import BadInput
from asklearn.types import Candidates, Categorical

RNG = np.random.default_rng(0)


def of(draws_KNC):
    draws_KNC = np.asarray(draws_KNC)
    return Candidates(draws_KNC.shape[1], posterior=Categorical(draws_KNC.mean(axis=0), draws_KNC))


def plain_entropy(row):
    return -sum(p * math.log(p) for p in row if p > 0)


def mean_of(rows):
    return [sum(column) / len(rows) for column in zip(*rows, strict=True)]


def plain_bald(rows):
    return plain_entropy(mean_of(rows)) - sum(map(plain_entropy, rows)) / len(rows)


def plain_vote_entropy(rows):
    votes = [0.0] * len(rows[0])
    for row in rows:
        votes[row.index(max(row))] += 1 / len(rows)
    return plain_entropy(votes)


def plain_variation_ratio(rows):
    votes = [0.0] * len(rows[0])
    for row in rows:
        best = [c for c, p in enumerate(row) if p == max(row)]
        for c in best:
            votes[c] += 1 / len(best)
    return 1 - max(votes) / len(rows)


def plain_kl(rows):
    mean = mean_of(rows)
    terms = [p * math.log(p / q) for row in rows for p, q in zip(row, mean, strict=True) if p > 0]
    return sum(terms) / len(rows)


PLAIN = [
    (bald, plain_bald),
    (qbc_vote_entropy, plain_vote_entropy),
    (qbc_kl, plain_kl),
    (variation_ratio, plain_variation_ratio),
]
ids = [fn.name for fn, _ in PLAIN]


def over_candidates(plain):
    def scores(candidates):
        draws_NKC = candidates.posterior.draws_KNC.transpose(1, 0, 2)
        return [plain(rows) for rows in draws_NKC.tolist()]

    return scores


ORACLES = {fn.name: over_candidates(plain) for fn, plain in PLAIN}


@pytest.mark.parametrize(("fn", "plain"), PLAIN, ids=ids)
@pytest.mark.parametrize(("members", "classes"), [(1, 3), (2, 2), (5, 10), (20, 4), (3, 200)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equals_the_plain_definition(fn, plain, members, classes, dtype):
    rng = np.random.default_rng(members * classes)
    draws_KNC = rng.dirichlet(np.full(classes, 0.3), (members, 400)).astype(dtype)
    scores_N = fn(of(draws_KNC), RNG)
    assert scores_N.dtype == dtype
    expected = [plain([[float(p) for p in member[i]] for member in draws_KNC]) for i in range(400)]
    np.testing.assert_allclose(scores_N, expected, atol=3e-6 if dtype == np.float32 else 1e-12)


def test_by_hand():
    certain, other, open_ = [1.0, 0.0], [0.0, 1.0], [0.5, 0.5]
    divided, agreed, unsure = [certain, other], [certain, certain], [open_, open_]
    draws_KNC = np.array([divided, agreed, unsure]).transpose(1, 0, 2)
    for fn in (bald, qbc_kl):
        np.testing.assert_allclose(fn(of(draws_KNC), RNG), [math.log(2), 0, 0], atol=1e-12)
    votes = qbc_vote_entropy(of(draws_KNC), RNG)
    np.testing.assert_allclose(votes, [math.log(2), 0, math.log(2)], atol=1e-12)


def test_a_three_to_one_vote_by_hand():
    draws_KNC = np.array([[[0.9, 0.1]], [[0.6, 0.4]], [[0.8, 0.2]], [[0.3, 0.7]]])
    expected = 2 * math.log(2) - 0.75 * math.log(3)
    np.testing.assert_allclose(qbc_vote_entropy(of(draws_KNC), RNG), [expected])
    np.testing.assert_allclose(variation_ratio(of(draws_KNC), RNG), [0.25])


def test_a_vote_between_equals_is_split():
    draws_KNC = np.array([[[0.5, 0.5, 0.0]], [[0.25, 0.5, 0.25]]])
    np.testing.assert_allclose(variation_ratio(of(draws_KNC), RNG), [0.25])


@pytest.mark.parametrize("fn", [fn for fn, _ in PLAIN], ids=ids)
def test_equal_members_do_not_disagree(fn):
    draws_KNC = np.repeat(np.random.default_rng(0).dirichlet(np.ones(7), (1, 500)), 5, axis=0).astype(
        np.float32
    )
    scores_N = fn(of(draws_KNC), RNG)
    assert (scores_N >= 0).all()
    np.testing.assert_allclose(scores_N, 0, atol=1e-6)


@pytest.mark.parametrize("fn", [fn for fn, _ in PLAIN], ids=ids)
def test_never_above_what_the_members_can_tell(fn):
    draws_KNC = np.random.default_rng(0).dirichlet(np.full(50, 0.01), (4, 300)).astype(np.float32)
    assert fn(of(draws_KNC), RNG).max() <= math.log(4) + 1e-5


@pytest.mark.parametrize("fn", [fn for fn, _ in PLAIN], ids=ids)
def test_bad_member_is_named_by_row(fn):
    draws_KNC = np.full((3, 40, 2), 0.5)
    draws_KNC[1, 23, 0] = np.nan
    with pytest.raises(BadInput, match="row 23"):
        fn(of(draws_KNC), RNG)


@pytest.mark.parametrize("fn", [fn for fn, _ in PLAIN], ids=ids)
def test_without_a_committee_it_says_what_is_missing(fn):
    with pytest.raises(BadInput, match="a committee model gives them"):
        fn(Candidates(2, posterior=Categorical(np.full((2, 2), 0.5))), RNG)
