"""The loop of active learning over arrays in memory (or memory-mapped): ask, and fit to what was told."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.random import default_rng
from numpy.typing import NDArray

from asklearn.arguments import whole
from asklearn.asking import choose, open_rows, places
from asklearn.audit import WEIGHTED, audit_order, permanent_numbers, uniform_part, weighted_share
from asklearn.batching import batch_size
from asklearn.crossfit import audit_sample
from asklearn.drawing import audited_items, draw, predicted_errors
from asklearn.errors import BadInput, JournalError, NotFitted, UnknownItem
from asklearn.events import Added, Asked, Configured, Event, Fitted, Measured
from asklearn.gaps import Gap
from asklearn.guard import guarded, look
from asklearn.journal import Journal
from asklearn.metrics import metric as metric_named
from asklearn.pool import Pool
from asklearn.protocols import Acquisition, Model, Selection
from asklearn.ranking import Known, scores_by
from asklearn.recorder import Recorder
from asklearn.registry import adapt, lookup
from asklearn.seeds import seed_for
from asklearn.state import State, Status, check
from asklearn.strategies import Strategy
from asklearn.strategies import strategy as strategy_of
from asklearn.types import Batch, Estimate, Floats, Indices, ItemId, Label, check_ids
from asklearn.watching import Watched, first_told, watch, watched_rows

RETUNE = 1.5


class Loop(Recorder):
    """Asks and fits; what its parameters mean stands with :class:`~asklearn.learner.ActiveLearner`."""

    def __init__(
        self,
        model: Any = "logistic",
        X: Any = None,
        *,
        ids: Sequence[ItemId] | None = None,
        strategy: str | Strategy | Acquisition | Selection = "auto",
        seed: int | None = None,
        labels: Sequence[Label] | None = None,
        open_labels: bool | None = None,
        audit: float | None = None,
        audit_weighted: float | None = None,
        budget: int | None = None,
        metric: str = "accuracy",
        journal: str | os.PathLike[str] | Journal | None = None,
        annotator: str = "me",
        clock: Callable[[], float] = time.time,
    ) -> None:
        if X is None:
            raise BadInput("ActiveLearner needs the pool's features. Got X=None.")
        seed = None if seed is None else whole(seed, "seed is a whole number, at least 0", 0)
        for name, share in (("audit", audit), ("audit_weighted", audit_weighted)):
            if share is not None and not 0 <= share <= 1:
                raise BadInput(
                    f"{name} is the share of a batch that is drawn at random, from 0 to 1. Got {share}."
                )
        if budget is not None:
            budget = whole(budget, "budget is the number of items to ask for, or 0 for no limit", 0)
        self.strategy = strategy_of(strategy)
        self.metric = metric_named(metric)
        self.seconds: dict[str, float] = {"fit": 0.0, "score": 0.0, "select": 0.0}
        self._prototype: Model = adapt("models", model)
        classify = lookup("tasks", "classify")
        wanted = {
            "labels": None if labels is None else classify(labels).labels,
            "open_labels": open_labels,
            "audit": None if audit is None else float(audit),
            "audit_weighted": None if audit_weighted is None else float(audit_weighted),
        }
        given = {name: value for name, value in wanted.items() if value is not None}
        if budget is not None:
            given["budget"] = budget or None
        self._pool = Pool(X)
        self._fitted: Model | None = None
        self._scorer: Model | None = None
        self._watched: tuple[Any, Watched] | None = None
        self._trained_on: tuple[list[int], list[Label]] = ([], [])
        self._chosen_on: dict[int, Label] = {}
        self._orders: list[Indices] = []
        self._numbers: list[NDArray[np.float64]] = []
        added = _added(self._pool, ids, 0, clock())
        super().__init__(journal, annotator=annotator, clock=clock)
        self._check_pool(added)
        settings = self._configure(seed, model, given)
        self._task = classify(settings.labels, settings.open_labels)
        self._append_at(lambda state: ([] if state.cohorts else [added], None))
        self._check_pool(added)

    # What is known

    @property
    def model(self) -> Any:
        """The fitted classifier, trained on every label told so far.

        Raises
        ------
        NotFitted
            If the labels do not name two classes yet.
        """
        return self._need_model().estimator

    # Ask

    def ask(self, n: int | None = None, *, gap: Gap | None = None) -> Batch:
        """Choose up to `n` items to label next, and record that they were asked.

        Items that were asked before, or have a label, are not asked again; see :attr:`pending`.

        Parameters
        ----------
        n : int, optional
            How many, by default :meth:`batch_size`; fewer come when the pool, the budget or the gap holds fewer.
        gap : Gap, optional
            One of :meth:`~asklearn.learner.ActiveLearner.gaps`: ask only for that kind of item, but for the
            audit, which goes on as always.

        Returns
        -------
        Batch
            A share of it drawn at random (the audit), the rest by the strategy.

        Raises
        ------
        PoolExhausted
            If nothing is left to ask, or the budget is spent.
        """
        n = self.batch_size() if n is None else whole(n, "Ask for at least one item", 1)
        self.refresh()

        chosen: tuple[Any, list[Event], Batch] | None = None

        def attempt(state: State) -> tuple[list[Event], Batch]:
            nonlocal chosen
            basis = state.plan.after(0), len(state.asks), len(state.rounds), state.settings
            if (
                chosen
                and chosen[0] == basis
                and all(state.status(i) is Status.WAITING for i in chosen[2].ids)
            ):
                return chosen[1], chosen[2]  # replies to other items came in between: they do not matter
            now = self._clock()
            fit = places(state, len(self._pool), n, gap)
            orders = self._audit_orders(state)
            rounds = draw(state, orders, self._audit_numbers, self._predicted_errors, fit, now)
            batch, probabilities = choose(
                state, rounds, self._pool, guarded(self.strategy, state.measured), self._scorer,
                self._chosen_on, fit, self.seconds, gap,
            )  # fmt: skip
            version = state.fits[-1].model if self._fitted is not None else None
            asked: list[Event] = [*rounds]
            asked += [
                Asked(item=item, stream=stream, probability=p, score=score, model=version, time=now)
                for item, stream, p, score in zip(
                    batch.ids, batch.streams, probabilities, batch.scores, strict=True
                )
            ]
            chosen = basis, asked, batch
            return asked, batch

        return self._append_at(attempt)

    def batch_size(self) -> int:
        """Advise on the size of the next batch: 20, or a fifth of the labels once learning is flat.

        Notes
        -----
        One fit, which :meth:`~asklearn.learner.ActiveLearner.should_stop` shares; see
        :func:`asklearn.batching.batch_size`.
        """
        self.refresh()
        agreement = None if self._fitted is None else self._watch().agreement
        return batch_size(len(self._trained_on[0]), None if agreement is None else agreement.value)

    def add(self, X: Any, ids: Sequence[ItemId] | None = None) -> None:
        """Let further items enter the pool, as a cohort of their own for the audit.

        `X` is an array of their features, or a :class:`~asklearn.pool.Pool`.
        """
        state = self._whole_state()
        further = Pool(self._pool, X)
        added = _added(further, ids, state.rows, self._clock())
        check(state, added)
        self.journal.append([added], at=state.position)
        self._pool = further

    def rerank(self) -> list[ItemId]:
        """Return the strategy's items that wait for a reply, as the present model would order them: best first.

        Nothing is recorded. The audit's items are not among them: their order is not the model's. Where the
        strategy has no score, or there is no model yet, it is the order of asking.
        """
        state = self._whole_state()
        waiting = [item for item in self.pending if state.asks[item].stream == "exploit"]
        if self._scorer is None or self.strategy.score is None or not waiting:
            return waiting
        rows_N = np.array([state.row(item) for item in waiting], np.intp)
        order_N = np.argsort(rows_N)
        closed = np.setdiff1d(
            np.arange(len(self._pool)), np.append(open_rows(state, len(self._pool)), rows_N)
        )
        known = Known(closed, [self._chosen_on.get(row) for row in closed.tolist()])
        rng = default_rng(seed_for(self.seed, "rerank", len(self._chosen_on)))
        scores_N = np.empty(len(waiting))
        scores_N[order_N] = scores_by(self.strategy, self._pool, rows_N[order_N], known, self._scorer, rng)
        return [waiting[place] for place in np.argsort(-scores_N, kind="stable")]

    def suggest(self, ids: Sequence[ItemId], most: int = 3) -> list[list[tuple[Label, float]] | None]:
        """Return the classes in which the model believes most, and how much, to be shown to annotators.

        None stands for an item that must be labelled blind: one that the audit has drawn, or one so low in
        order of r1 that the uniform audit may still reach it. The belief is that of the model that chooses,
        which no label of the audit has taught.

        Raises
        ------
        UnknownItem
            If there is no such item.
        """
        state = self._whole_state()
        rows = [state.row(item) for item in ids]
        if None in rows:
            raise UnknownItem(
                f"There is no item {ids[rows.index(None)]!r} in this pool of {state.rows} items."
            )
        if self._scorer is None or not rows:
            return [None] * len(rows)
        rows_N = np.array(rows, np.intp)
        classes = self._scorer.classes
        proba_NC = self._scorer.posterior(self._pool.take(rows_N)).proba_NC
        best_NM = np.argsort(-proba_NC, axis=1, kind="stable")[:, :most]
        blind_N = np.isin(rows_N, self._may_be_audited(state))
        return [
            None if blind else [(classes[code], float(proba_C[code])) for code in best_M]
            for blind, proba_C, best_M in zip(blind_N, proba_NC, best_NM, strict=True)
        ]

    def _may_be_audited(self, state: State) -> Indices:
        """Return the rows that the audit has drawn, and those that its uniform part takes if all are asked."""
        assert state.settings is not None
        share = state.settings.audit
        reached = [
            order[: max(prefix, math.ceil(share * len(order)) + 1 if share > 0 else 0)]
            for order, prefix in zip(self._audit_orders(state), state.plan.prefixes, strict=True)
        ]
        drawn = [row for row in map(state.row, state.drawn) if row is not None]
        return np.concatenate([*reached, np.array(drawn, np.intp)])

    # Learn

    def refresh(self) -> None:
        """Fit the model anew if labels have changed since the last fit; otherwise do nothing.

        :meth:`ask`, :attr:`model` and :meth:`evaluate` call it by themselves.
        """
        state = self._whole_state()
        rows, labels = self._training_set(state)
        if (rows, labels) != self._trained_on:
            self._refit(state, rows, labels)
        self._refit_chooser(state)

    def _refit(self, state: State, rows: list[int], labels: list[Label]) -> None:
        if len(set(labels)) < 2:
            self._fitted = None
            self._trained_on = rows, labels
            return
        position = state.position
        last = state.fits[-1] if state.fits else None
        keep = last is not None and last.tuned_at > 0 and len(labels) < RETUNE * last.tuned_at
        params = last.params if last is not None and keep else None
        held = self._fitted, self._trained_on
        started = time.perf_counter()
        fresh = self._prototype.fresh(seed_for(self.seed, "fit", len(labels)), params)
        self._fitted = fresh.fit(self._pool.take(np.array(rows)), labels)
        self.seconds["fit"] = time.perf_counter() - started
        self._trained_on = rows, labels
        if last is not None and last.position >= state.replied_at:
            return
        fit = Fitted(
            model=0,
            position=position,
            labels=len(labels),
            params=self._fitted.params() if params is None else params,
            tuned_at=len(labels) if params is None or last is None else last.tuned_at,
            time=self._clock(),
        )
        try:
            self._record_fit(fit, self._lead(state, fit))
        except BaseException:  # a model that is not recorded is none
            self._fitted, self._trained_on = held
            raise

    def _record_fit(self, fit: Fitted, lead: Estimate | None) -> None:
        """Record a fit, under the next version's number, with what the strategy's guard saw."""

        def attempt(state: State) -> tuple[list[Event], None]:
            version = state.fits[-1].model + 1 if state.fits else 1
            measured = [self._measured(lead, version)] if lead else []
            return [replace(fit, model=version), *measured], None

        self._append_at(attempt)

    def _refit_chooser(self, state: State) -> None:
        """Fit the model that chooses: the present one's settings, without the labels of the audit.

        What it picks trains in every fold of an evaluation, so that no audit label may have a say in it.
        """
        audited = audited_items(state, self._audit_orders(state))
        told = {row: label for row, label in zip(*self._trained_on, strict=True) if row not in audited}
        if told == self._chosen_on:
            return
        self._chosen_on, self._scorer = told, None
        if self._fitted is None or len(set(told.values())) < 2:
            return
        draws = "draws" in self.strategy.needs and not self._fitted.gives_draws
        if len(told) == len(self._trained_on[0]) and not draws:
            self._scorer = self._fitted
            return
        started = time.perf_counter()
        rows, labels = np.array(list(told), np.intp), list(told.values())
        chooser = self._prototype.fresh(seed_for(self.seed, "choose", len(labels)), self._params())
        if draws:
            drawing = getattr(chooser.estimator, "with_draws", None)
            committee = drawing() if drawing else lookup("models", "committee")(chooser.estimator)
            chooser = adapt("models", committee).fresh(seed_for(self.seed, "committee", len(labels)))
        self._scorer = chooser.fit(self._pool.take(rows), labels)
        self.seconds["fit"] += time.perf_counter() - started

    # Inside

    def _whole_state(self) -> State:
        """Return the state, if it is about no other items than the pool's."""
        state = self.state
        if state.rows != len(self._pool):
            raise JournalError(
                f"Another process added items: the journal has {state.rows}, this learner {len(self._pool)}. "
                "Open the learner anew with the features of all items."
            )
        return state

    def _configure(self, seed: int | None, model: Any, wanted: dict[str, Any]) -> Configured:
        """Record the settings where they differ from the journal's; what is not wanted otherwise stays."""
        held = self._state.settings
        if held is not None and seed is not None and seed != held.seed:
            raise BadInput(f"The journal was begun with seed {held.seed}. Got seed={seed}; leave it out.")
        settings = replace(
            held or Configured(seed=seed or 0, time=self._clock()),
            strategy=self.strategy.name,
            model=model if isinstance(model, str) else type(model).__name__,
            **wanted,
        )
        if "audit_weighted" not in wanted:
            usual = WEIGHTED if held is None else held.audit_weighted
            settings = replace(settings, audit_weighted=weighted_share(settings.audit, usual))
        if settings.audit + settings.audit_weighted > 1 + 1e-9:
            raise BadInput(
                "The uniform and the weighted audit are at most the whole batch together. "
                f"Got audit={settings.audit}, audit_weighted={settings.audit_weighted}."
            )
        if settings != held:
            self._append_at(
                lambda state: ([settings], None) if state.settings in (held, None) else ([], None)
            )
        return self._state.settings or settings

    def _check_pool(self, added: Added) -> None:
        """Make sure that a journal that has items is about these."""
        cohorts = self._state.cohorts
        if not cohorts:
            return
        if self._state.rows != len(self._pool):
            raise BadInput(
                f"The journal is about {self._state.rows} items. Got features of {len(self._pool)}. "
                "Open it with the features of all items so far; further items enter by add()."
            )
        for cohort in cohorts:
            given = None if added.ids is None else added.ids[cohort.start : cohort.stop]
            if given is not None and given != (cohort.ids or tuple(range(cohort.start, cohort.stop))):
                raise BadInput(
                    f"The journal was begun with other ids for rows {cohort.start} to {cohort.stop}. "
                    "Leave ids out to go on with the journal's own."
                )
            if cohort.fingerprint != self._pool.fingerprint(cohort.start, cohort.stop):
                raise BadInput(
                    f"The journal was begun with other features for rows {cohort.start} to {cohort.stop}: "
                    "same number of items, other values."
                )

    def _need_model(self) -> Model:
        self.refresh()
        if self._fitted is None:
            classes = set(self._trained_on[1])
            raise NotFitted(
                f"A model needs labels of two classes. Got {len(self._trained_on[1])} labels of "
                f"{len(classes)} class{'' if len(classes) == 1 else 'es'}; ask and tell more."
            )
        return self._fitted

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

    def _lead(self, state: State, fit: Fitted) -> Estimate | None:
        if not self.strategy.guarded:
            return None
        label_of = dict(zip(*self._trained_on, strict=True))
        orders = self._audit_orders(state)
        rows = audit_sample(state, orders, label_of).rows
        uniform = [rows[place] for place in uniform_part(orders, rows)]
        fresh = self._prototype.fresh(seed_for(self.seed, "guard", fit.labels), fit.params)
        return look(state, uniform, label_of, self._pool.take, fresh)

    def _audit_orders(self, state: State) -> list[Indices]:
        for cohort in state.cohorts[len(self._orders) :]:
            ids = range(cohort.start, cohort.stop) if cohort.ids is None else cohort.ids
            self._orders.append(cohort.start + audit_order(ids, self.seed))
        return self._orders

    def _audit_numbers(self) -> NDArray[np.float64]:
        """Return r2 of every row."""
        for cohort in self._state.cohorts[len(self._numbers) :]:
            ids = range(cohort.start, cohort.stop) if cohort.ids is None else cohort.ids
            self._numbers.append(permanent_numbers(ids, self.seed, which=2))
        return np.concatenate(self._numbers)

    def _predicted_errors(self) -> Floats:
        return predicted_errors(self._pool, self._scorer, self._chosen_on)

    def _params(self) -> dict[str, Any]:
        """Return the settings of the present model, those that it tuned too."""
        assert self._fitted is not None
        recorded = self._state.fits[-1].params if self._state.fits else {}
        return recorded or self._fitted.params()

    def _measured(self, one: Estimate, model: int) -> Measured:
        return Measured(
            name=one.name,
            value=one.value,
            low=one.low,
            high=one.high,
            n=one.n,
            method=one.method,
            level=one.level,
            labels=len(self._trained_on[0]),
            model=model,
            time=self._clock(),
        )


def _added(pool: Pool, ids: Sequence[ItemId] | None, start: int, now: float) -> Added:
    """Return the event of everything from row `start` on."""
    plain = None if ids is None else tuple(check_ids(ids))
    if plain is not None and len(plain) != len(pool) - start:
        raise BadInput(f"Expected an id for each of {len(pool) - start} items. Got {len(plain)}.")
    return Added(start=start, stop=len(pool), ids=plain, fingerprint=pool.fingerprint(start), time=now)
