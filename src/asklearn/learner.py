"""What a loop of active learning says of its model: how good it is, what more labels bring, when to stop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.random import Generator, default_rng

from asklearn.arguments import confidence, whole
from asklearn.asking import open_rows
from asklearn.baseline import random_curve
from asklearn.composite import composite
from asklearn.crossfit import (
    Audited,
    AuditSample,
    Beliefs,
    CrossFit,
    audit_sample,
    beliefs,
    cross_fit,
    spoken_for,
)
from asklearn.errors import BadInput, NotFitted
from asklearn.evaluate import MIN_FOR_CONTROL, Control, estimate, folds
from asklearn.events import Measured
from asklearn.evidence import gaps_of, uniform_part
from asklearn.forecast import Needed, Saved, forecast, labels_saved, labels_to, outlook
from asklearn.gaps import Gap
from asklearn.intervals import watched_levels
from asklearn.loop import WATCHED, Loop
from asklearn.metrics import Metric
from asklearn.metrics import metric as metric_named
from asklearn.price import Realised, expected_gain, has_price, realised
from asklearn.protocols import Model
from asklearn.seeds import seed_for
from asklearn.stopping import Stopping, advise, stopping_with
from asklearn.types import Estimate, Indices, Label, Stop
from asklearn.watching import Watched, first_told, standing, watch, watched_rows
from asklearn.withheld import (
    FOLDS,
    Calibration,
    Part,
    PredictionSets,
    SelectiveModel,
    calibration,
    half,
    selective_model,
    split_sets,
    uniform_sample,
    withhold,
)

LEVEL = 0.95
SHOWN = 5000


class ActiveLearner(Loop):
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

    _crossfit: tuple[tuple[Any, AuditSample], CrossFit] | None = None
    _beliefs: tuple[tuple[Any, AuditSample], Beliefs] | None = None
    _watched: tuple[Any, Watched] | None = None

    stopping = Stopping()
    """What :meth:`should_stop` goes by unless told otherwise; yours to set."""

    def evaluate(self, metric: str | None = None, *, level: float = LEVEL) -> Estimate:
        """Estimate how good the present model is on a new item like those of the pool.

        Only labels of the audit are counted, each predicted by a model that did not see it
        (cross-fitting); labels that the strategy picked help to train and never to estimate.

        Parameters
        ----------
        metric : str, optional
            A registered metric; the learner's own by default.
        level : float
            Confidence of the interval.

        Returns
        -------
        Estimate
            Recorded in the journal, for :meth:`forecast` and the report.

        Raises
        ------
        NotFitted
            If the labels do not name two classes yet.

        Notes
        -----
        What the model tunes by itself (its strength and temperature) is tuned once, on every label; only
        the fits are made anew. Where most labels are the audit's, this and what cross-fitted predictions
        have in common make the interval somewhat too narrow (Bates, Hastie and Tibshirani 2023).
        """
        level = confidence(level)
        wanted = self.metric if metric is None else metric_named(metric)
        sample, made = self._cross_fitted()
        fit = self._state.fits[-1]
        rng = default_rng(seed_for(self.seed, "interval", fit.labels))
        control = self._control(wanted, sample, made.classes)
        result = estimate(
            wanted, made.proba_NC, made.truth_N, rng, weight_N=made.weight_N, control=control, level=level
        )
        if sample.covers < 1:
            part = f"speaks for {sample.covers:.0%} of the pool: the other cohorts have no audit label yet"
            result = replace(result, method=f"{result.method}, {part}")
        self._record(result)
        return result

    def curve(self, metric: str | None = None) -> list[tuple[int, Estimate]]:
        """Look at the learning curve: the estimates so far, with 95% intervals that hold all together.

        Who stops at the moment that looks best needs these and not the intervals of :meth:`evaluate`, each of
        which holds for one look. A look is added at most once for a number of labels; how often one looks need
        not be known beforehand.

        Parameters
        ----------
        metric : str, optional
            A registered metric; the learner's own by default.

        Returns
        -------
        list of (labels, Estimate)
            All looks, each recorded in the journal under the metric's name and "curve", with its own level.

        Raises
        ------
        NotFitted
            If the labels do not name two classes yet.

        Notes
        -----
        See :func:`asklearn.intervals.watched_levels`. Looks before the audit's first label are left out.

        Examples
        --------
        >>> from sklearn.datasets import load_digits
        >>> X, y = load_digits(return_X_y=True)
        >>> learner = ActiveLearner("logistic", X, audit=0.5, seed=0)
        >>> for _ in range(2):
        ...     batch = learner.ask(50)
        ...     learner.tell(batch.ids, y[batch.rows])
        ...     looks = learner.curve()
        >>> [(labels, one.n, round(one.level, 4)) for labels, one in looks]
        [(50, 29, 0.9888), (100, 55, 0.9935)]
        """
        now = self.evaluate(metric)
        name, labels = f"{now.name} curve", self.state.fits[-1].labels
        looks = [one for one in self.state.measured if one.name == name]
        if now.n and all(one.labels < labels for one in looks):
            level = watched_levels([*(one.n for one in looks), max(now.n, *(one.n for one in looks), 0)])[-1]
            new = self._measured(
                replace(self.evaluate(metric, level=level), name=name), self.state.fits[-1].model
            )
            self._append_at(lambda state: ([new], None))
            looks.append(new)
        return [(one.labels, replace(_estimate(one), name=now.name)) for one in looks]

    def audited(self) -> Audited:
        """Return the audit's labels, each beside what models that did not see it believe.

        What :meth:`evaluate` counts, item by item: for a confusion matrix, a reliability diagram, or the
        labels that deserve a second look.

        Returns
        -------
        Audited
            A random sample of the pool with its weights, as far as whole rounds of it have been answered;
            empty before the audit's first label. Its arrays are read-only.

        Raises
        ------
        NotFitted
            If the labels do not name two classes yet.

        Notes
        -----
        Up to ten fits, kept until a label changes; :meth:`evaluate` uses the same ones.

        Examples
        --------
        >>> from sklearn.datasets import load_digits
        >>> X, y = load_digits(return_X_y=True)
        >>> learner = ActiveLearner("logistic", X, audit=0.5, audit_weighted=0.0, seed=0)
        >>> for _ in range(2):
        ...     batch = learner.ask(50)
        ...     learner.tell(batch.ids, y[batch.rows])
        >>> audited = learner.audited()
        >>> audited.proba_NC.shape, sum(label is not None for label in audited.labels)
        ((50, 10), 50)
        """
        sample, made = self._cross_fitted()
        proba_NC, weight_N = made.proba_NC.view(), made.weight_N.view()
        proba_NC.flags.writeable = weight_N.flags.writeable = False
        ids = [self._state.item(row) for row in sample.rows]
        return Audited(ids, list(sample.labels), proba_NC, weight_N, list(made.classes), sample.covers)

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
        at_random = outlook(curve, rng, **known | {"confidence": self._confidence(fitted)})
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
        wanted = self.metric if metric is None else metric_named(metric)
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
        name = (self.metric if metric is None else metric_named(metric)).name
        measured = self.state.measured
        prices = [(one.labels, _estimate(one)) for one in measured if one.name == f"{name} gain"]
        scores = [(one.labels, _estimate(one)) for one in measured if one.name == name and one.level == LEVEL]
        return realised(prices, scores)

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

    def gaps(
        self,
        *,
        texts: Sequence[str] | None = None,
        columns: Mapping[str, Any] | None = None,
        rate: float = 0.1,
        level: float = LEVEL,
    ) -> list[Gap]:
        """Find the kinds of items on which the model errs more than elsewhere.

        What the strategy's labels and one half of the audit's suggest is tested on the other half, and the
        halves change places. :meth:`ask` takes a gap and asks for its kind alone.

        Parameters
        ----------
        texts : sequence of N str, optional
            A text for each item of the pool: gaps are found by the words they contain, and named by them.
        columns : mapping of str to sequence of length N, optional
            Columns of the pool's items: gaps are found by values and ranges, and named by them.
        rate : float
            False discovery rate: which share of the gaps may be none, on average.
        level : float
            Confidence of the intervals.

        Returns
        -------
        list of Gap
            Surest first. Without texts and columns a gap is a cluster of the features, or what is taken for
            a class, and its exemplars say what it is.

        Raises
        ------
        NotFitted
            If the labels do not name two classes yet.
        BadInput
            With fewer than 20 labels of the audit, or where texts and columns do not fit the pool.

        Notes
        -----
        Small gaps need many audit labels: :func:`~asklearn.gaps.confirm.labels_needed` says how many. A
        kind of 5% on which 70% is wrong, and 20% elsewhere, takes about 520 to be confirmed four times
        in five.
        Eight fits beside those of :meth:`evaluate`. Above 50,000 items gaps are looked for in a sample.

        Examples
        --------
        >>> from sklearn.datasets import load_digits
        >>> X, y = load_digits(return_X_y=True)
        >>> learner = ActiveLearner("logistic", X, strategy="random", audit=0.5, seed=0)
        >>> batch = learner.ask(600)
        >>> streams = zip(batch.ids, batch.streams)
        >>> learner.tell(batch.ids, [3 if y[id] == 8 and stream != "audit" else y[id] for id, stream in streams])
        >>> worst = learner.gaps()[0]  # whoever labelled, apart from the audit, took an 8 for a 3
        >>> worst.confusion[:2], worst.size, round(worst.error.value, 2), round(worst.rest.value, 2)
        ((8, 3), 180, 0.53, 0.04)
        >>> len(learner.ask(20, gap=worst))
        20
        """
        sample, made = self._cross_fitted()
        fit = self._state.fits[-1]
        rng = default_rng(seed_for(self.seed, "gaps", fit.labels))
        fresh = self._prototype.fresh(seed_for(self.seed, "gaps", fit.labels), fit.params)
        return gaps_of(
            fresh, self._pool, self._trained_on, sample.rows, uniform_part(self._orders, sample.rows), made,
            self._state.item, rng,
            texts=texts, columns=columns, rate=rate, level=confidence(level),
        )  # fmt: skip

    # What may be promised of predictions

    def calibration(self, method: str = "temperature") -> Calibration:
        """Say how far the model's probabilities can be believed, and calibrate them on the audit's labels.

        Parameters
        ----------
        method : {"temperature", "platt", "isotonic"}
            One number for all classes; a logistic curve for each; any rising curve for each. The more labels,
            the later in this row: isotonic curves take about 1,000.

        Returns
        -------
        Calibration
            ``calibrate(proba_NC)``, and reliability diagrams before and after; the latter is measured on
            labels that the calibration did not see.

        Raises
        ------
        NotFitted
            If the labels do not name two classes yet.

        Examples
        --------
        >>> from sklearn.datasets import load_digits
        >>> X, y = load_digits(return_X_y=True)
        >>> learner = ActiveLearner("logistic", X, audit=0.5, seed=0)
        >>> for _ in range(2):
        ...     batch = learner.ask(50)
        ...     learner.tell(batch.ids, y[batch.rows])
        >>> made = learner.calibration()
        >>> int(made.before.count_B.sum()), made.calibrate(learner.audited().proba_NC).shape
        (55, (55, 10))
        """
        _, made = self._cross_fitted()
        return calibration(made, method, self._rng("calibration"))

    def prediction_sets(
        self, alpha: float = 0.1, *, score: str = "aps", by_class: bool = False, cross: bool = False
    ) -> PredictionSets:
        """Return a model that predicts sets of classes, which miss the true one no more often than `alpha`.

        Parameters
        ----------
        alpha : float
            Share of future items whose true class may be missed, in (0, 1).
        score : {"lac", "aps", "raps"}
            What decides which classes enter: see :func:`~asklearn.conformal.conformity`.
        by_class : bool
            Whether to keep the promise for each class; each needs 1 / alpha - 1 withheld labels.
        cross : bool
            Whether every label trains and is judged by one of ten models that left it out (CV+), for a weaker
            promise (1 - 2 alpha). Otherwise a random half of the uniform audit's labels is withheld from a
            model that is trained for this on all others.

        Returns
        -------
        PredictionSets
            ``predict(X)`` gives the sets and ``guarantee`` says in words what is promised.

        Raises
        ------
        NotFitted, BadInput
            If there are too few labels besides the withheld ones.

        Examples
        --------
        >>> from sklearn.datasets import load_digits
        >>> X, y = load_digits(return_X_y=True)
        >>> learner = ActiveLearner("logistic", X, strategy="margin", audit=0.5, seed=0)
        >>> for _ in range(4):
        ...     batch = learner.ask(50)
        ...     learner.tell(batch.ids, y[batch.rows])
        >>> sets = learner.prediction_sets(alpha=0.1)
        >>> rest = [row for row in range(len(X)) if row not in learner.labels]
        >>> held = [y[row] in found for row, found in zip(rest, sets.predict(X[rest]), strict=True)]
        >>> round(sum(held) / len(held), 2)
        0.97
        """
        if cross and by_class:
            raise BadInput("CV+ promises nothing for each class. Leave out cross=True or by_class=True.")
        sample = self._audit()
        seed, n = seed_for(self.seed, "sets", self._state.fits[-1].labels), len(sample.rows)
        if not cross:
            part = self._withheld(sample, half(n, default_rng(seed)))
            return split_sets(part, alpha, score, by_class, seed)
        parts = [self._withheld(sample, part) for part in folds(n, FOLDS, default_rng(seed))]
        return PredictionSets(parts, alpha, score, seed, None)

    def selective(self, error: float = 0.05, *, confidence: float = 0.9) -> SelectiveModel:
        """Return a model that abstains where it is not sure enough for a promised error.

        Parameters
        ----------
        error : float
            Share of the accepted predictions that may be wrong, in (0, 1).
        confidence : float
            Probability, over audits, that the promise holds.

        Returns
        -------
        SelectiveModel
            Trained on all labels but a random half of the uniform audit's, which set the threshold. It is false, and
            abstains always, where so few labels can promise nothing; ``guarantee`` says so in words.

        Raises
        ------
        NotFitted, BadInput
            If there are too few labels besides the withheld ones.

        Examples
        --------
        >>> from sklearn.datasets import load_digits
        >>> X, y = load_digits(return_X_y=True)
        >>> learner = ActiveLearner("logistic", X, audit=0.5, seed=0)
        >>> for _ in range(4):
        ...     batch = learner.ask(100)
        ...     learner.tell(batch.ids, y[batch.rows])
        >>> sure = learner.selective(error=0.1)
        >>> round(sure.selective.share, 1), sure.predict(X[:3])
        (1.0, [0, 1, 2])
        """
        sample = self._audit()
        part = self._withheld(sample, half(len(sample.rows), self._rng("selective")))
        unlabelled = np.setdiff1d(np.arange(len(self._pool)), self._trained_on[0])
        shown = self._rng("shown").choice(unlabelled, min(SHOWN, len(unlabelled)), replace=False)
        return selective_model(part, self._pool.take(np.sort(shown)), error, confidence)

    # Inside

    def _rng(self, purpose: str) -> Generator:
        return default_rng(seed_for(self.seed, purpose, self._state.fits[-1].labels))

    def _audit(self) -> AuditSample:
        self._need_model()
        state, orders = self.state, self._audit_orders(self.state)
        return uniform_sample(audit_sample(state, orders, dict(zip(*self._trained_on, strict=True))), orders)

    def _withheld(self, sample: AuditSample, part: Indices) -> Part:
        seed = seed_for(self.seed, "withheld", self._state.fits[-1].labels)
        return withhold(self._prototype, self._pool.take, self._trained_on, sample, part, seed)

    def _history(self, metric: str | None) -> tuple[list[tuple[int, Estimate]], Generator, dict[str, Any]]:
        """The estimates so far with the present one, the draws of a forecast, and what else it asks for."""
        wanted = self.metric if metric is None else metric_named(metric)
        self.evaluate(wanted.name, level=LEVEL)
        now = self.state.fits[-1].labels
        history = [
            (one.labels, _estimate(one))
            for one in self.state.measured
            if one.name == wanted.name and one.labels <= now and one.level == LEVEL
        ]
        known = {"classes": len(self._need_model().classes), "confidence": self._confidence()}
        return history, default_rng(seed_for(self.seed, "forecast", now)), known

    def _at_random(self, metric: str, rng: Generator) -> tuple[list[tuple[int, Estimate]], Model | None]:
        """The curve of random choice by the uniform part of the audit, and a model of its last point."""
        sample, _ = self._cross_fitted()
        places = uniform_part(self._audit_orders(self.state), sample.rows).tolist()
        rows, labels = ([every[i] for i in places] for every in (sample.rows, sample.labels))
        uniform = AuditSample(rows, labels, [1.0] * len(places), sample.covers)
        return random_curve(self._prototype.fresh, self._pool.take, uniform, metric_named(metric), rng)

    def _confidence(self, model: Model | None = None) -> float | None:
        """The mean highest probability of a model, or of the present one, over items nobody was asked about."""
        rows = open_rows(self.state, len(self._pool))
        if len(rows) == 0:
            return None
        rng = default_rng(seed_for(self.seed, "confidence", len(self._trained_on[0])))
        some = np.sort(rng.choice(rows, min(WATCHED, len(rows)), replace=False))
        return float((model or self._need_model()).posterior(self._pool.take(some)).proba_NC.max(1).mean())

    def _cross_fitted(self) -> tuple[AuditSample, CrossFit]:
        """The audit's items and their held-out predictions, made anew when either has changed."""
        self._need_model()
        state = self.state
        fit = state.fits[-1]
        sample = audit_sample(state, self._audit_orders(state), dict(zip(*self._trained_on, strict=True)))
        basis = self._trained_on, sample
        if self._crossfit is None or self._crossfit[0] != basis:
            rng = default_rng(seed_for(self.seed, "folds", fit.labels))
            fresh = self._prototype.fresh(seed_for(self.seed, "crossfit", fit.labels), fit.params)
            self._crossfit = basis, cross_fit(fresh, self._pool.take, self._trained_on, sample, rng)
        return sample, self._crossfit[1]

    def _control(self, metric: Metric, sample: AuditSample, classes: Sequence[Label]) -> Control | None:
        """What predictions alone say of `metric`, where there are audit labels enough for that to help."""
        if metric.items is None or len(sample.rows) < MIN_FOR_CONTROL:
            return None
        basis = self._trained_on, sample
        if self._beliefs is None or self._beliefs[0] != basis:
            fit = self._state.fits[-1]
            rng = default_rng(seed_for(self.seed, "beliefs", fit.labels))
            fresh = self._prototype.fresh(seed_for(self.seed, "control", fit.labels), fit.params)
            population = spoken_for(self._state, self._audit_orders(self._state), sample)
            made = beliefs(fresh, self._pool.take, self._trained_on, sample, classes, population, rng)
            self._beliefs = basis, made
        return self._beliefs[1].control(metric)

    def _record(self, result: Estimate) -> None:
        """Keep an estimate of the present model in the journal, once."""
        new = self._measured(result, self._state.fits[-1].model)
        self._append_at(
            lambda state: (
                [] if any(replace(new, time=one.time) == one for one in state.measured) else [new],
                None,
            )
        )

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
            return composite(self.evaluate(), seen.confidence, level)
        return self.evaluate(level=level)

    def _priced(self, seen: Watched, more: int, metric: str, level: float) -> Estimate | None:
        if seen.believed is None:
            return None
        return expected_gain(seen.believed, len(self._trained_on[0]), more, metric, level=level)

    def _watch(self) -> Watched:
        """How the present model and one of fewer labels see a part of the pool, made anew after a fit."""
        self._need_model()
        if self._watched is None or self._watched[0] is not self._trained_on:
            state, (rows, labels) = self.state, self._trained_on
            first = first_told(state, rows)
            fresh = self._prototype.fresh(seed_for(self.seed, "earlier", len(labels)), state.fits[-1].params)
            seen = watched_rows(len(self._pool), seed_for(self.seed, "watched", len(self._pool)))
            earlier = np.array(rows)[first], [labels[i] for i in first]
            assert self._fitted is not None
            self._watched = self._trained_on, watch(fresh, self._fitted, self._pool.take, seen, earlier)
        return self._watched[1]


def _estimate(one: Measured) -> Estimate:
    return Estimate(one.name, one.value, one.low, one.high, one.n, one.method, one.level)
