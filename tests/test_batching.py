"""Batches grow when learning is flat, and only then."""

from __future__ import annotations

import pytest
from sklearn.datasets import load_digits

from asklearn import ActiveLearner
from asklearn.batching import MOST, SMALL, batch_size


@pytest.mark.parametrize(
    ("labels", "agreement", "expected"),
    [(0, None, SMALL), (900, None, SMALL), (900, 0.89, SMALL), (900, 0.9, 180), (40, 1.0, SMALL),
     (10**6, 1.0, MOST)],
)  # fmt: skip
def test_a_fifth_of_the_labels_once_they_change_little(
    labels: int, agreement: float | None, expected: int
) -> None:
    assert batch_size(labels, agreement) == expected


def test_a_project_grows_its_batches_as_its_model_settles() -> None:
    X, y = load_digits(return_X_y=True)
    learner = ActiveLearner("logistic(C=10.0, temperature=1.0)", X, seed=0)
    sizes = []
    while len(learner.labels) < 600:
        sizes.append(learner.batch_size())
        batch = learner.ask()
        assert len(batch) == sizes[-1]
        learner.tell(batch.ids, y[batch.rows])
    assert sizes[:3] == [SMALL] * 3
    assert sizes[-1] == (len(learner.labels) - sizes[-1]) // 5 > SMALL
