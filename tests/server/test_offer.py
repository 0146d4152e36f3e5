"""What the worker offers: the newest order, what the model believes, and nothing of the audit."""

from __future__ import annotations

import json

from asklearn.learner import ActiveLearner
from asklearn.project import Project, tell
from asklearn.server.board import Board
from asklearn.server.offer import OFFER, offer_from, offered
from asklearn.server.worker import Worker


def labelled(project: Project, n: int = 24) -> ActiveLearner:
    learner = project.learner
    learner.ask(n)
    tell(learner, [(item, "good" if item % 2 == 0 else "bad") for item in learner.pending], "ann")
    learner.ask(n)
    return learner


def test_suggestions_are_the_models_and_the_audit_has_none(project: Project) -> None:
    learner = labelled(project)
    state = learner.state
    offer = offer_from(json.loads(json.dumps(offered(learner, suggestions=True))))
    assert set(offer.rank) == {item for item in learner.pending if state.asks[item].stream == "exploit"}
    assert offer.suggested
    assert not set(offer.suggested) & set(state.drawn)
    for item, best in offer.suggested.items():
        assert best[0]["label"] == ("good" if item % 2 == 0 else "bad")
        assert best[0]["share"] >= best[1]["share"]
    first = set(learner._audit_orders(state)[0][:9].tolist())
    assert not set(offer.suggested) & first
    assert {item for items in offer.grid.values() for item in items} <= set(offer.suggested) - set(state.asks)
    assert all(item % 2 == (label == "bad") for label, items in offer.grid.items() for item in items)
    assert offered(learner, suggestions=False).keys() == {"model", "order"}


def test_the_order_is_by_the_newest_model(project: Project) -> None:
    learner = labelled(project)
    proba = {
        item: learner._scorer.posterior(learner._pool.take([item])).proba_NC[0] for item in learner.rerank()
    }  # type: ignore[union-attr,arg-type]
    margins = [abs(float(p[0] - p[1])) for p in proba.values()]
    assert margins == sorted(margins)


def test_without_a_model_nothing_is_believed(project: Project) -> None:
    project.learner.ask(10)
    offer = offer_from(offered(project.learner, suggestions=True))
    assert (offer.suggested, offer.grid) == ({}, {})
    assert project.learner.suggest([0, 1]) == [None, None]


def test_the_worker_puts_it_on_the_board(project: Project) -> None:
    worker = Worker(project.folder)
    worker.step()
    found = Board(project.journal).get(OFFER)
    assert set(found["order"]) <= set(worker.learner.pending)
    assert offer_from(None).rank == {}
