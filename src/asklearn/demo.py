"""The main job on real data that everybody has: scikit-learn's bundled digits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from asklearn.dataset import Dataset
from asklearn.learner import ActiveLearner
from asklearn.registry import adapt

TEST = 597


def digits() -> Dataset:
    """Return 1,200 images of handwritten digits to ask from and 597 to test on.

    Examples
    --------
    >>> digits().X_pool.shape[0]
    1200
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    order = np.random.default_rng(0).permutation(len(bunch.target))
    test, pool = order[:TEST], np.sort(order[TEST:])
    encoder = adapt("encoders", "image").fit(bunch.images[pool])
    return Dataset(
        name="digits",
        encoder="image",
        X_pool=encoder.encode(bunch.images[pool]),
        y_pool=bunch.target[pool].tolist(),
        X_test=encoder.encode(bunch.images[test]),
        y_test=bunch.target[test].tolist(),
        ids=pool,
        preview=lambda row: {"image": encoder.thumbnail(bunch.images[pool[row]])},
    )


def narrate(data: Dataset, say: Callable[[str], None], rounds: int = 7, batch: int = 20) -> None:
    """Run one project and say after each round what the learner knows, beside the truth that it does not."""
    learner = ActiveLearner("logistic", data.X_pool, strategy="auto", seed=0)
    say("         accuracy by its own audit,         on the   forecast for twice")
    say("labels   95% interval                     test set   the labels, 90% interval")
    for _ in range(rounds):
        asked = learner.ask(batch)
        learner.tell(asked.ids, [data.y_pool[row] for row in asked.rows])
        found = learner.evaluate()
        later = learner.forecast(len(learner.labels))
        truth = learner.model.score(data.X_test, data.y_test)
        say(
            f"{len(learner.labels):6d}   {found.value:.2f} [{found.low:.2f}, {found.high:.2f}], "
            f"{found.n:2d} labels{truth:12.3f}   {later.value:.2f} [{later.low:.2f}, {later.high:.2f}]"
        )
