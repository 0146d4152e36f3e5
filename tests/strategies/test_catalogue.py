"""The composed strategies: what each is made of, and that every strategy there is runs on a real problem."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.naive_bayes import GaussianNB

from asklearn.acquisition.uncertainty import margin
from asklearn.dataset import Dataset
from asklearn.learner import ActiveLearner
from asklearn.selection.clustering import KMeans
from asklearn.selection.coverage import MaxHerding
from asklearn.selection.typiclust import TypiClust
from asklearn.simulate import simulate
from asklearn.strategies import names, strategy
from asklearn.testing.candidates import made_up

DIGITS = load_digits()
X, Y = (DIGITS.data[:300] / 16).astype(np.float32), DIGITS.target[:300]


@pytest.mark.parametrize("name", names())
def test_every_strategy_asks_two_batches_on_digits(name):
    """From nothing labelled, with an audit, a model in between, and times for costs."""
    learner = ActiveLearner(GaussianNB(var_smoothing=0.1), X, strategy=name, seed=3, audit=0.1)
    asked = []
    for _ in range(3):
        batch = learner.ask(12)
        assert len(set(batch.ids)) == 12
        assert not set(batch.ids) & set(asked)
        asked += batch.ids
        learner.tell(batch.ids, Y[batch.rows], seconds=1 + X[batch.rows].sum(axis=1))
    assert all(reason for reason in batch.reasons)
    assert learner.model.score(X, Y) > 0.3


def test_every_strategy_can_be_simulated():
    labels = Y.tolist()
    data = Dataset("digits", "none", X[:150], labels[:150], X[150:], labels[150:], np.arange(150))
    model = "logistic(C=10.0, temperature=1.0)"
    result = simulate(data, names(), start=20, batch=10, budget=30, seeds=1, model=model)
    assert {run["strategy"] for run in result["runs"]} >= set(names())
    assert all(len(run["labels"]) == 2 for run in result["runs"])


def test_starts_that_papers_name():
    assert strategy("tcm").start == TypiClust()
    assert strategy("uherding(sigma=2.0)").start == MaxHerding(2.0)
    assert strategy("drop_query").start == KMeans(typical=False)


@pytest.mark.parametrize("answers", [3, 40])
def test_tcm_is_typiclust_then_margin(answers):
    candidates = made_up(strategy("tcm").needs, size=120)
    rng = np.random.default_rng(0)
    told = replace(
        candidates,
        labelled_LD=rng.normal(size=(answers, 6)).astype(np.float32),
        labels_L=np.arange(answers) % 4,
    )
    picks = strategy("tcm").select(told, 10, np.random.default_rng(1))
    best = set(np.argsort(-margin(told, rng))[:10].tolist())
    assert (set(picks.tolist()) == best) == (answers == 40)


def test_alfa_mix_and_drop_query_pick_what_flips_and_fill_up():
    for name in ("alfa_mix", "drop_query"):
        how = strategy(name)
        candidates = made_up(how.needs, size=400)
        scores_N = how.score(candidates, np.random.default_rng(0))
        flips = np.flatnonzero(scores_N > how.select.bar)
        assert 10 < len(flips) < 390
        picks = how.select(replace(candidates, scores_N=scores_N), 10, np.random.default_rng(1))
        assert set(picks.tolist()) <= set(flips.tolist())


def test_every_source_is_said():
    for name in names():
        how = strategy(name)
        if name in ("tcm", "refine", "alfa_mix", "drop_query", "dal", "uherding", "power_bald"):
            assert "(20" in how.source
