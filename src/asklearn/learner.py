"""The learner: what more labels would bring, what they are worth, when to stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.random import Generator, default_rng

from asklearn.arguments import confidence, whole
from asklearn.asking import open_rows
from asklearn.assessor import LEVEL, Assessor
from asklearn.audit import uniform_part
from asklearn.baseline import random_curve
from asklearn.composite import composite
from asklearn.crossfit import AuditSample
from asklearn.errors import BadInput, NotFitted
from asklearn.forecast import Needed, Saved, forecast, labels_saved, labels_to, outlook
from asklearn.metrics import metric as metric_named
from asklearn.price import ItemPrice, Realised, expected_gain, has_price, item_prices, realised
from asklearn.protocols import Model
from asklearn.seeds import seed_for
from asklearn.stopping import Stopping, advise, stopping_with
from asklearn.types import Estimate, ItemId, Stop
from asklearn.watching import WATCHED, Watched, standing


class ActiveLearner(Assessor):
    """Asks for the labels that a model needs, learns from the answers, and says how good it is.

    A learner belongs to one thread; several processes may share a journal, each with a learner of its own.

    Parameters
    ----------
    model : str or classifier
        A registered model such as ``"logistic"``, or any scikit-learn classifier with ``predict_proba``.
        It is cloned before every fit and never changed.
    X : array of shape (N, D), or Pool
        Features of the pool; may be memory-mapped. Several arrays are given as one :class:`~asklearn.pool.Pool`.
    ids : sequence of str or int, optional
        External ids of the items; their row numbers by default.
    strategy : str, Strategy, Acquisition or Selection
        How to choose: ``"auto"``, ``"margin"``, ``"cluster_margin"``, ``"random"``, ...
    seed : int, optional
        Decides everything random; kept in the journal. By default the journal's own, or 0.
    labels : sequence of str or int, optional
        Declared classes; by default the journal's own, or none.
    open_labels : bool, optional
        Whether an answer may name a class that was not declared; by default the journal's own, or True.
    audit : float, optional
        Share of every batch that is drawn uniformly, for honest estimates; in [0, 1]. By default the
        journal's own, or 0.1.
    audit_weighted : float, optional
        Share that is drawn where mistakes are likely, for narrower estimates; by default the journal's own,
        or 0.05 where there is a uniform share that leaves room.
    budget : int, optional
        Number of items to ask for in all, 0 for no limit; by default the journal's own, or no limit.
    metric : str
        What :meth:`evaluate` and :meth:`forecast` estimate unless told otherwise.
    journal : path, URL or Journal, optional
        Where every fact is kept; a path makes answers durable and opens what is there. By default in memory.
    annotator : str
        Whose answers :meth:`tell` records unless told otherwise.
    clock : callable
        Gives the time that is written into events, in seconds since 1970.

    Raises
    ------
    BadInput
        If an argument is not what it should be, or the journal belongs to other items.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> learner = ActiveLearner("logistic", X[:1400], strategy="auto", seed=0)
    >>> for _ in range(4):
    ...     batch = learner.ask(25)
    ...     learner.tell(batch.ids, y[batch.rows])
    >>> round(float(learner.model.score(X[1400:], y[1400:])), 2)
    0.85
    """

    stopping = Stopping()
    """What :meth:`should_stop` goes by unless told otherwise; yours to set."""

    def forecast(self, more: int, metric: str | None = None, *, level: float = 0.9) -> Estimate:
        """Forecast the score after `more` further labels, from the estimates of past rounds.

        Call :meth:`evaluate` after each round to make the forecast possible; see
        ``asklearn.forecast.forecast`` for how it is made.
        """
        level = confidence(level)
        history, rng, known = self._history(metric)
        return forecast(history, len(self._trained_on[0]) + more, rng, level=level, **known)

    def labels_to(self, target: float, metric: str | None = None, *, level: float = 0.9) -> Needed:
        """Forecast how many labels it takes in all until the score reaches `target`.

        Returns
        -------
        Needed
            Median and interval of the number of labels; None where it is more than ten times the present
            one.

        Raises
        ------
        NotFitted
            If the labels do not name two classes yet.
        BadInput
            If the metric cannot reach `target`.
        """
        level = confidence(level)
        history, rng, known = self._history(metric)
        return labels_to(history, target, rng, level=level, **known)

    def saved(self, metric: str | None = None, *, level: float = 0.9) -> Saved:
        """Estimate how many labels a learner that chooses at random would have needed beyond those spent.

        Models that are trained on parts of the uniform audit alone are what random choice would have given;
        their curve is forecast to the present score. With ``audit=0.5`` it need not be forecast far.

        Returns
        -------
        Saved
            Median and interval; None where it is more than can be forecast.

        Raises
        ------
        NotFitted
            If the labels do not name two classes yet.
        BadInput
            If the audit is too small to be parted.

        Notes
        -----
        Up to 24 fits on parts of the audit, besides those of :meth:`evaluate`.
        """
        level = confidence(level)
        history, rng, known = self._history(metric)
        curve, fitted = self._at_random(history[-1][1].name, rng)
        at_random = outlook(curve, rng, **known | {"confidence": self._expected(fitted)["confidence"]})
        return labels_saved(outlook(history, rng, **known), at_random, level)

    def price(self, more: int, metric: str | None = None, *, level: float = 0.9) -> Estimate:
        """Estimate what `more` further labels would add to the score, chosen as before.

        Parameters
        ----------
        more : int
            Labels to come.
        metric : str, optional
            ``accuracy``, ``balanced_accuracy`` or ``macro_f1``; the learner's own by default.
        level : float
            Probability of the interval.

        Returns
        -------
        Estimate
            Recorded in the journal under its name, such as ``accuracy gain``, with the number of labels that
            are priced as its ``n``; see :meth:`priced` for what became of it.

        Raises
        ------
        NotFitted
            If the labels do not name two classes yet, or the first of them do not.
        BadInput
            If the metric has no price.

        Notes
        -----
        One fit, on the first ``1 / sqrt(2)`` of the labels, kept until a label changes. How the price is made
        and what its interval rests on: :mod:`asklearn.price`.
        """
        more = whole(more, "A price is for at least one more label", 1)
        wanted = self._wanted(metric)
        result = self._priced(self._watch(), more, wanted.name, confidence(level))
        if result is None:
            raise NotFitted(
                "A price compares with an earlier model; its labels do not name two classes. Tell more."
            )
        self._record(result)
        return result

    def priced(self, metric: str | None = None) -> list[Realised]:
        """Return the prices of past batches, each beside the difference of the estimates that came.

        Call :meth:`price` and :meth:`evaluate` after each round to make this possible.
        """
        name = self._wanted(metric).name
        measured = self.state.measured
        prices = [(one.labels, one.estimate) for one in measured if one.name == f"{name} gain"]
        scores = [(one.labels, one.estimate) for one in measured if one.name == name and one.level == LEVEL]
        return realised(prices, scores)

    def item_prices(
        self, ids: Sequence[ItemId], metric: str | None = None, *, level: float = 0.9
    ) -> list[ItemPrice]:
        """Return what each of some items is worth that were asked and have no label yet.

        Parameters
        ----------
        ids : sequence of int or str
            The items, such as :attr:`pending`; their scores are in the journal.
        metric, level
            As in :meth:`price`, which is recorded for all of them together.

        Returns
        -------
        list of ItemPrice
            Their ranks; and their gains, once five past batches have been priced and measured.

        Raises
        ------
        NotFitted, BadInput
            As in :meth:`price`; and if an item was not asked.
        """
        asks = self.state.asks
        for item in ids:
            if item not in asks:
                raise BadInput(
                    f"Only what was asked has a price. Got {item!r:.100}; give ids that ask() returned."
                )
        price = self.price(len(ids), metric, level=level)
        scores = [asks[item].score for item in ids]
        return item_prices(scores, price, len(self._trained_on[0]), self.priced(metric))

    def should_stop(self, **wanted: Any) -> Stop:
        """Advise on stopping: every rule says what it sees, and some decide.

        Parameters
        ----------
        **wanted
            What :class:`~asklearn.stopping.Stopping` takes, in place of what :attr:`stopping` says: ``target``,
            ``tolerance``, ``value``, ``cost``, ``more``, ``money``, ``hours``, ``confidence``, ``rules``.

        Returns
        -------
        Stop
            True when a rule that decides advises to stop; ``reasons`` and ``advice`` say why.

        Raises
        ------
        BadInput
            If a setting is not what it should be.

        Notes
        -----
        One fit; with a target, also those of :meth:`evaluate`.

        Examples
        --------
        >>> from sklearn.datasets import load_digits
        >>> X, y = load_digits(return_X_y=True)
        >>> learner = ActiveLearner("logistic", X, seed=0)
        >>> for _ in range(4):
        ...     batch = learner.ask(50)
        ...     learner.tell(batch.ids, y[batch.rows])
        >>> bool(learner.should_stop(target=0.99)), bool(learner.should_stop(target=0.8))
        (False, True)
        """
        settings = stopping_with(self.stopping, wanted)
        self.refresh()
        known = standing(self.state, len(open_rows(self.state, len(self._pool))))
        if self._fitted is not None:
            known = replace(known, **self._outlook(settings))
        return advise(known, settings)

    # Inside

    def _history(self, metric: str | None) -> tuple[list[tuple[int, Estimate]], Generator, dict[str, Any]]:
        """The estimates so far with the present one, the draws of a forecast, and what else it asks for."""
        wanted = self._wanted(metric)
        self.evaluate(wanted.name, level=LEVEL)
        now = self.state.fits[-1].labels
        history = [
            (one.labels, one.estimate)
            for one in self.state.measured
            if one.name == wanted.name and one.labels <= now and one.level == LEVEL
        ]
        known = {"classes": len(self._need_model().classes), **self._expected()}
        return history, default_rng(seed_for(self.seed, "forecast", now)), known

    def _at_random(self, metric: str, rng: Generator) -> tuple[list[tuple[int, Estimate]], Model | None]:
        """The curve of random choice by the uniform part of the audit, and a model of its last point."""
        sample, _ = self._cross_fitted()
        places = uniform_part(self._audit_orders(self.state), sample.rows).tolist()
        rows, labels = ([every[i] for i in places] for every in (sample.rows, sample.labels))
        uniform = AuditSample(rows, labels, [1.0] * len(places), sample.covers)
        return random_curve(self._prototype.fresh, self._pool.take, uniform, metric_named(metric), rng)

    def _expected(self, model: Model | None = None) -> dict[str, float | None]:
        """What a model, or the present one, says of items nobody was asked about.

        ``confidence`` is its mean highest probability, ``guess`` the share of the class that it expects most often.
        """
        rows = open_rows(self.state, len(self._pool))
        if len(rows) == 0:
            return {"confidence": None, "guess": None}
        rng = default_rng(seed_for(self.seed, "confidence", len(self._trained_on[0])))
        some = np.sort(rng.choice(rows, min(WATCHED, len(rows)), replace=False))
        proba_NC = (model or self._need_model()).posterior(self._pool.take(some)).proba_NC
        return {"confidence": float(proba_NC.max(1).mean()), "guess": float(proba_NC.mean(0).max())}

    def _outlook(self, wanted: Stopping) -> dict[str, Any]:
        """What the model's own rules look at; see :class:`~asklearn.stopping.Standing`."""
        seen, labels, name = self._watch(), len(self._trained_on[0]), self.metric.name
        score = self._score(seen, wanted.level) if wanted.target is not None else None
        batch = doubling = None
        if has_price(name):
            batch = self._priced(seen, labels if wanted.more is None else wanted.more, name, wanted.level)
            doubling = self._priced(seen, labels, name, wanted.level)
        return {
            "score": score, "batch": batch, "doubling": doubling, "agreement": seen.agreement,
            "confidence": seen.confidence,
        }  # fmt: skip

    def _score(self, seen: Watched, level: float) -> Estimate:
        """How good the model is, at a level of its own: from audit and confidence where it is accuracy."""
        if self.metric.name == "accuracy":
            each = len(self._trained_on[0]) / len(self._need_model().classes)
            return composite(self.evaluate(), seen.confidence, each, level)
        return self.evaluate(level=level)

    def _priced(self, seen: Watched, more: int, metric: str, level: float) -> Estimate | None:
        if seen.believed is None:
            return None
        return expected_gain(seen.believed, len(self._trained_on[0]), more, metric, level=level)
