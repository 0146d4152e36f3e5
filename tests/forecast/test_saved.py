"""Labels saved: nothing where both curves are one, half where half the labels do."""

from __future__ import annotations

import numpy as np
import pytest

from asklearn.forecast import labels_saved, outlook
from asklearn.forecast.bank import nominal
from asklearn.forecast.prior import BROAD, Prior
from asklearn.intervals import exact_binomial
from asklearn.types import Estimate


def exact(labels: tuple[int, ...], score, n: int = 20_000) -> list[tuple[int, Estimate]]:
    return [
        (m, Estimate("accuracy", score(m), *exact_binomial(round(score(m) * n), n), n=n, method=""))
        for m in labels
    ]


def slow(n: float) -> float:
    return 0.95 - 1.2 * n**-0.5


@pytest.mark.parametrize(("speed", "least", "most"), [(1.0, -150, 150), (2.0, 200, 1500), (0.5, -350, -100)])
def test_labels_saved_are_those_that_random_choice_needs_beyond(speed: float, least: int, most: int) -> None:
    active = outlook(exact((125, 250, 500), lambda n: slow(speed * n)), np.random.default_rng(0))
    random = outlook(exact((50, 100, 200, 400), slow), np.random.default_rng(1))
    found = labels_saved(active, random)
    assert found.value is not None
    assert least < found.value < most
    assert found.low is not None
    assert found.low <= found.value <= (np.inf if found.high is None else found.high)
    assert found.spent == 500


def test_what_random_choice_does_not_reach_has_no_end() -> None:
    active = outlook(exact((125, 250, 500), lambda n: 0.97 - n**-0.5), np.random.default_rng(0))
    random = outlook(exact((50, 100, 200), lambda n: 0.6 - 0.5 * n**-0.5), np.random.default_rng(1))
    found = labels_saved(active, random)
    assert found.value is None
    assert "more than" in str(found)


def test_the_interval_holds_for_tasks_like_those_of_the_prior() -> None:
    """Nominal 90%, 120 tasks, an audit of a seventh; standard error 2.7%."""
    rng = np.random.default_rng(5)
    prior = Prior(np.array([[0.0, -0.6], [0.0, 0.0], [-0.3, 0.0]]), np.diag([0.3, 0.05]), BROAD.family_3)
    held = []
    for _ in range(120):
        curve = prior.draw(rng.uniform(0.4, 0.8, 1), 90, 4, rng)
        spent, needed = 700, int(rng.integers(500, 1400))

        luck = rng.random((2, 100))

        def seen(who: int, labels: tuple[int, ...], speed: float, curve=curve, luck=luck) -> list:
            right = [luck[who] < curve.at(speed * m / 90)[0] for m in labels]
            return [
                (m, Estimate("accuracy", float(hit.mean()), 0, 1, 100, ""))
                for m, hit in zip(labels, right, strict=True)
            ]

        known = {"classes": 4, "known": nominal(prior), "draws": 2000}
        active = outlook(seen(0, (175, 350, 700), needed / spent), rng, **known)
        random = outlook(seen(1, (12, 25, 50, 90), 1.0), rng, **known)
        found = labels_saved(active, random)
        low = -np.inf if found.low is None else found.low
        held.append(low <= needed - spent <= (np.inf if found.high is None else found.high))
    assert np.mean(held) > 0.85
