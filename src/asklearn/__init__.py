"""asklearn: ask people only for the labels a model needs, and know what each is worth."""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"

_WHERE = {
    "ActiveLearner": "asklearn.learner",
    "Batch": "asklearn.types",
    "Candidates": "asklearn.types",
    "Categorical": "asklearn.types",
    "Estimate": "asklearn.types",
    "Stop": "asklearn.types",
    "MemoryJournal": "asklearn.journal",
    "Pool": "asklearn.pool",
    "register": "asklearn.registry",
}

__all__ = ["__version__", *_WHERE]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'asklearn' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return __all__
