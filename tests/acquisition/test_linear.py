"""The linear head: its covariance against the inverse, its scale, and what it refuses."""

import numpy as np
import pytest

from asklearn.acquisition.linear import blocks, doubt, head, proba_of
from asklearn.errors import BadInput
from asklearn.types import Candidates, Categorical, Targets


@pytest.mark.parametrize("weighted", [False, True])
def test_whitened_features_give_the_posterior_covariance(weighted):
    rng = np.random.default_rng(0)
    targets_MD, labelled_LD = rng.normal(size=(20, 4)) + 7, rng.normal(size=(6, 4)) + 7
    weight_L = rng.random(6) if weighted else None
    seen = head(targets_MD, labelled_LD, 0.3, weight_L)
    middle = targets_MD.mean(axis=0)
    scale = np.sqrt(((targets_MD - middle) ** 2).sum(axis=1).mean())
    phi_M, phi_L = (np.c_[(X - middle) / scale, np.ones(len(X))] for X in (targets_MD, labelled_LD))
    precision = 0.3 * np.eye(5) + sum(
        w * np.outer(x, x) for w, x in zip(np.ones(6) if weight_L is None else weight_L, phi_L, strict=True)
    )
    expected = phi_M @ np.linalg.inv(precision) @ phi_M.T
    np.testing.assert_allclose(seen.targets_MP @ seen.targets_MP.T, expected)
    np.testing.assert_allclose(seen.whitened(targets_MD), seen.targets_MP)
    np.testing.assert_allclose(seen.whitened(labelled_LD), seen.labelled_LP)


def test_scale_and_place_of_the_features_do_not_matter():
    rng = np.random.default_rng(0)
    targets_MD, labelled_LD = rng.normal(size=(20, 4)), rng.normal(size=(6, 4))
    one, other = head(targets_MD, labelled_LD, 0.3), head(1000 * targets_MD + 5, 1000 * labelled_LD + 5, 0.3)
    np.testing.assert_allclose(one.targets_MP, other.targets_MP, atol=1e-9)


def test_single_precision_stays_single():
    rng = np.random.default_rng(0)
    seen = head(rng.normal(size=(9, 3)).astype(np.float32), rng.normal(size=(2, 3)).astype(np.float32), 1.0)
    assert {seen.whitening_PP.dtype, seen.targets_MP.dtype, seen.labelled_LP.dtype} == {np.dtype(np.float32)}


def test_nothing_labelled_leaves_the_prior():
    seen = head(np.array([[1.0], [-1.0]]), np.empty((0, 1)), 0.5)
    np.testing.assert_allclose((seen.targets_MP**2).sum(axis=1), [4, 4])


@pytest.mark.parametrize(
    ("targets_MD", "labelled_LD", "said"),
    [
        (np.empty((0, 2)), np.ones((1, 2)), "There must be targets"),
        (np.full((3, 2), np.nan), np.ones((1, 2)), "must be finite"),
        (np.ones((3, 2)), np.full((1, 2), np.inf), "must be finite"),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_refusals(targets_MD, labelled_LD, said):
    with pytest.raises(BadInput, match=said):
        head(targets_MD, labelled_LD, 0.1)


def test_blocks_hold_so_many_numbers_and_no_more():
    candidates = Candidates(10, features_ND=np.arange(20.0).reshape(10, 2))
    pieces = list(blocks(candidates, numbers=1 << 17))
    assert [len(piece) for _, piece in pieces] == [4, 4, 2]
    assert np.array_equal(np.concatenate([piece for _, piece in pieces]), candidates.features_ND)


def test_classes_must_agree():
    targets = Targets(np.zeros((1, 2)), Categorical(np.full((1, 3), 1 / 3)))
    with pytest.raises(BadInput, match=r"same classes\. Got 2 and 3 columns"):
        proba_of(Candidates(1, Categorical(np.full((1, 2), 0.5)), targets=targets))


def test_doubt_is_greatest_at_a_half():
    assert doubt(np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0], [0.25, 0.5, 0.25]])).tolist() == [0.25, 0, 0.25]
