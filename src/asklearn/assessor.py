"""What the labels say of the present model: how good it is, where it errs, and what may be promised of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.random import Generator, default_rng

from asklearn.arguments import confidence
from asklearn.audit import uniform_part
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
from asklearn.emphasised import Emphasised, emphasise, weighing
from asklearn.errors import BadInput
from asklearn.evaluate import MIN_FOR_CONTROL, Control, estimate, folds
from asklearn.evidence import gaps_of
from asklearn.gaps import Gap
from asklearn.intervals import watched_levels
from asklearn.loop import Loop
from asklearn.metrics import Metric
from asklearn.metrics import metric as metric_named
from asklearn.seeds import seed_for
from asklearn.types import Estimate, Indices, Label
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


class Assessor(Loop):
    """Assesses the model of a loop; what is to come is for :class:`~asklearn.learner.ActiveLearner` to say."""

    _crossfit: tuple[tuple[Any, AuditSample], CrossFit] | None = None
    _beliefs: tuple[tuple[Any, AuditSample], Beliefs] | None = None

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
            Recorded in the journal, for :meth:`~asklearn.learner.ActiveLearner.forecast` and the report.

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
        wanted = self._wanted(metric)
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
        >>> from asklearn import ActiveLearner
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
        return [(one.labels, replace(one.estimate, name=now.name)) for one in looks]

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
        >>> from asklearn import ActiveLearner
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
        halves change places. :meth:`~asklearn.learner.ActiveLearner.ask` takes a gap and asks for its kind alone.

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
        >>> from asklearn import ActiveLearner
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
        >>> from asklearn import ActiveLearner
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
        >>> from asklearn import ActiveLearner
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
        >>> from asklearn import ActiveLearner
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

    def emphasised(self, way: str = "errors") -> Emphasised:
        """Train with emphasis on what the last rounds revealed, and keep it only if no class loses by it.

        Parameters
        ----------
        way : {"errors", "pool"}
            Labels that held-out predictions had not expected count for more, up to about twice; or labels of
            kinds that the strategy picked too often count for less, towards the pool's distribution.

        Returns
        -------
        Emphasised
            With ``model``, the present one where emphasis is not worth keeping; true where it is. The learner
            itself goes on with its plain model, which is what :meth:`evaluate` is about.

        Raises
        ------
        NotFitted
            If the labels do not name two classes yet.
        BadInput
            With fewer than 20 labels of the audit.

        Notes
        -----
        Judged on the audit by models that saw neither the label nor weights found with it: 25 fits for
        ``errors``, 10 for ``pool``. In our measurements neither helped on average: +0.05 +- 0.10 points.

        Examples
        --------
        >>> from sklearn.datasets import load_digits
        >>> from asklearn import ActiveLearner
        >>> X, y = load_digits(return_X_y=True)
        >>> learner = ActiveLearner("logistic", X, audit=0.5, seed=0)
        >>> batch = learner.ask(100)
        >>> learner.tell(batch.ids, y[batch.rows])
        >>> found = learner.emphasised()
        >>> bool(found), found.gain.n
        (True, 57)
        """
        sample, _ = self._cross_fitted()
        fit, rng = self._state.fits[-1], self._rng("emphasis")
        fresh = self._prototype.fresh(seed_for(self.seed, "emphasis", fit.labels), fit.params)
        shown = np.sort(rng.choice(len(self._pool), min(SHOWN, len(self._pool)), replace=False))
        weigh = weighing(way, fresh, self._pool.take(shown))
        return emphasise(fresh, self._pool.take, self._trained_on, sample, weigh, rng, self.model)

    # Inside

    def _wanted(self, metric: str | None) -> Metric:
        return self.metric if metric is None else metric_named(metric)

    def _rng(self, purpose: str) -> Generator:
        return default_rng(seed_for(self.seed, purpose, self._state.fits[-1].labels))

    def _audit(self) -> AuditSample:
        self._need_model()
        state, orders = self.state, self._audit_orders(self.state)
        return uniform_sample(audit_sample(state, orders, dict(zip(*self._trained_on, strict=True))), orders)

    def _withheld(self, sample: AuditSample, part: Indices) -> Part:
        seed = seed_for(self.seed, "withheld", self._state.fits[-1].labels)
        return withhold(self._prototype, self._pool.take, self._trained_on, sample, part, seed)

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
