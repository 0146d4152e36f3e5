"""Batches grow when learning is flat, and only then."""

from __future__ import annotations

import pytest
from sklearn.datasets import load_digits

from asklearn import ActiveLearner
from asklearn.batching import next_batch_size
from asklearn.errors import BadInput


@pytest.mark.parametrize(
    ("agreements", "expected"),
    [([], 20), ([0.99], 20), ([0.5, 0.99], 20), ([0.99, 0.5], 20), ([0.2, 0.9, 0.9], 40)],
)
def test_two_flat_rounds_double_the_batch(agreements: list[float], expected: int) -> None:
    assert next_batch_size(20, agreements) == expected
    assert next_batch_size(20, agreements, most=30) == min(expected, 30)


@pytest.mark.parametrize(("size", "most"), [(0, None), (1.5, None), (10, 0)])
def test_sizes_are_whole_numbers_above_none(size: float, most: int | None) -> None:
    with pytest.raises(BadInput, match="batch"):
        next_batch_size(size, [], most=most)  # type: ignore[arg-type]


def test_a_project_grows_its_batches_as_its_model_settles() -> None:
    X, y = load_digits(return_X_y=True)
    learner = ActiveLearner("logistic(C=10.0, temperature=1.0)", X, seed=0)
    sizes = [20]
    while len(learner.labels) < 900:
        batch = learner.ask(sizes[-1])
        learner.tell(batch.ids, y[batch.rows])
        learner.refresh()
        agreements = [one.value for one in learner.state.measured if one.name == "agreement"]
        sizes.append(next_batch_size(sizes[-1], agreements, most=200))
    assert sizes[:3] == [20, 20, 20]
    assert sizes == sorted(sizes)
    assert sizes[-1] == 200
