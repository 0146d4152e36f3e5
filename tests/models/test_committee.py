"""Posterior draws by the bootstrap: shapes, a seed, and members that missed a class."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

from asklearn.errors import BadInput
from asklearn.models.committee import BootstrapCommittee


def test_draws_have_their_shape_and_mean(digits: Any) -> None:
    committee = BootstrapCommittee(DecisionTreeClassifier(max_depth=3), 4, 0).fit(
        digits.X[:150], digits.y[:150]
    )
    draws = committee.predict_proba_draws(digits.X_test)
    assert draws.shape == (4, 500, 10)
    assert draws.dtype == np.float32
    np.testing.assert_allclose(draws.sum(2), 1, atol=1e-4)
    np.testing.assert_allclose(committee.predict_proba(digits.X_test), draws.mean(0), atol=1e-6)
    assert (draws[0] != draws[1]).any()


@pytest.mark.parametrize("base", [GaussianNB(), DecisionTreeClassifier(), "logistic(C=1.0, temperature=1.0)"])
def test_the_same_seed_gives_the_same_draws_and_another_others(digits: Any, base: Any) -> None:
    one, same, other = (
        clone(BootstrapCommittee(base, 3, seed))
        .fit(digits.X[:60], digits.y[:60])
        .predict_proba_draws(digits.X_test)
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_a_member_that_missed_a_class_gives_it_nothing_and_the_columns_agree(digits: Any) -> None:
    y = ["common"] * 20 + ["often"] * 20 + ["rare"]
    committee = BootstrapCommittee(DecisionTreeClassifier(), 12, 0).fit(digits.X[:41], y)
    draws = committee.predict_proba_draws(digits.X_test)
    missed = [k for k, member in enumerate(committee.members_) if "rare" not in member.classes_]
    assert missed
    assert committee.classes_.tolist() == ["common", "often", "rare"]
    assert (draws[missed][:, :, 2] == 0).all()
    np.testing.assert_allclose(draws.sum(2), 1, atol=1e-6)


@pytest.mark.filterwarnings("ignore:All 10 members")
def test_every_member_has_two_classes_even_where_one_is_very_rare(digits: Any) -> None:
    committee = BootstrapCommittee(GaussianNB(), 10, 0).fit(digits.X[:30], [0] * 29 + [1])
    assert all(len(member.classes_) == 2 for member in committee.members_)


def test_the_base_is_not_changed(digits: Any) -> None:
    base = DecisionTreeClassifier()
    BootstrapCommittee(base, 3, 0).fit(digits.X[:60], digits.y[:60])
    assert not hasattr(base, "classes_")
    assert base.random_state is None


@pytest.mark.parametrize(
    ("size", "y", "words"), [(1, [0, 1], "at least 2 members"), (3, [1, 1], "two classes. Got only")]
)
def test_what_cannot_be_is_refused(digits: Any, size: int, y: list[int], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        BootstrapCommittee(GaussianNB(), size).fit(digits.X[:2], y)


@pytest.mark.parametrize("kind", [RandomForestClassifier, ExtraTreesClassifier])
@pytest.mark.parametrize(("trees", "size", "members"), [(6, 3, 3), (4, 10, 4), (7, 3, 3)])
def test_the_trees_of_a_forest_are_the_members(
    digits: Any, kind: Any, trees: int, size: int, members: int
) -> None:
    y = [f"d{one}" for one in digits.y[:120]]
    committee = BootstrapCommittee(kind(trees), size, 0).fit(digits.X[:120], y)
    draws = committee.predict_proba_draws(digits.X_test)
    assert draws.shape == (members, 500, 10)
    assert sum(map(len, committee.members_)) == trees
    np.testing.assert_allclose(draws.sum(2), 1, atol=1e-6)
    assert (draws[0] != draws[1]).any(1).mean() > 0.5
    by_hand = np.mean([tree.predict_proba(digits.X_test) for tree in committee.members_[0]], axis=0)
    np.testing.assert_allclose(draws[0], by_hand, atol=1e-6)


class SameAgain(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """The fault of TRAPS: a library that hands out one model, whatever it is given to learn from."""

    held: Any = None

    def fit(self, X: Any, y: Any) -> Any:
        if SameAgain.held is None:
            SameAgain.held = GaussianNB().fit(X, y)
        self.classes_ = SameAgain.held.classes_
        return self

    def predict_proba(self, X: Any) -> Any:
        return SameAgain.held.predict_proba(X)


def test_a_committee_of_one_model_repeated_is_told(digits: Any) -> None:
    SameAgain.held = None
    with pytest.warns(UserWarning, match="All 3 members of the committee of SameAgain say exactly the same"):
        BootstrapCommittee(SameAgain(), 3, 0).fit(digits.X[:60], digits.y[:60])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "base",
    ["logistic(C=1.0, temperature=1.0)", "gradient_boosting(iterations=10, temperature=1.0)",
     "extra_trees(trees=5, temperature=1.0)", DecisionTreeClassifier()],
    ids=str,
)  # fmt: skip
def test_members_that_differ_are_left_in_peace(digits: Any, base: Any) -> None:
    BootstrapCommittee(base, 3, 0).fit(digits.X[:60], digits.y[:60])
