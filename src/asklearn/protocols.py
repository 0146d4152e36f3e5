"""The contracts between the floors: what a plug-in must offer, and nothing more.

Each contract has a conformance suite in ``asklearn.testing`` that finds every registered
implementation by itself; a third party runs the same suite over theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self, runtime_checkable

from numpy.random import Generator

from asklearn.types import Candidates, Floats, Indices, Json, Label, Posterior


@runtime_checkable
class Acquisition(Protocol):
    """A score per candidate; higher is always better.

    ``needs`` names the fields of :class:`~asklearn.types.Candidates` that must be filled, out of
    ``proba``, ``draws``, ``features``, ``labelled``, ``labels``, ``targets``, ``costs`` and ``predict``.
    ``pointwise`` says that a candidate's score does not depend on the other candidates, so that a pool
    may be fed in chunks.
    """

    @property
    def name(self) -> str: ...

    @property
    def needs(self) -> frozenset[str]: ...

    @property
    def pointwise(self) -> bool: ...

    def __call__(self, candidates: Candidates, rng: Generator, /) -> Floats: ...


@runtime_checkable
class Selection(Protocol):
    """A batch: ``n`` different indices into the candidates, the first to be shown first.

    ``needs`` is as for :class:`Acquisition`, plus ``scores`` and ``groups``.
    """

    @property
    def needs(self) -> frozenset[str]: ...

    def __call__(self, candidates: Candidates, n: int, rng: Generator, /) -> Indices: ...


@runtime_checkable
class Model(Protocol):
    """A classifier that states its uncertainty; any scikit-learn classifier is wrapped into one."""

    @property
    def classes(self) -> list[Label]: ...

    @property
    def estimator(self) -> Any: ...

    @property
    def gives_draws(self) -> bool: ...

    def fresh(self, seed: int, params: Mapping[str, Any] | None = None) -> Self: ...

    def fit(self, X: Any, y: Sequence[Label], sample_weight: Floats | None = None) -> Self: ...

    def posterior(self, X: Any) -> Posterior: ...

    def params(self) -> dict[str, Any]: ...


@runtime_checkable
class Encoder(Protocol):
    """Turns raw items (texts, images, table rows) into features of shape (N, D), float32.

    ``fit`` sees unlabelled items only. ``fingerprint`` names the fitted encoder by its settings.
    """

    def fit(self, items: Any) -> Self: ...

    def encode(self, items: Any) -> Floats: ...

    def fingerprint(self) -> str: ...


@runtime_checkable
class Task(Protocol):
    """What is being labelled: which answers are possible, and how several become one."""

    name: str
    labels: tuple[Label, ...]

    def check(self, raw: Json) -> Label: ...

    def resolve(self, answers: Sequence[Label]) -> Label | None: ...


__all__ = ["Acquisition", "Encoder", "Model", "Selection", "Task"]
