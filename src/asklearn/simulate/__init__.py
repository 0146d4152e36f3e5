"""Active learning replayed on labels that are known: does it beat random on this data, or on these?

Every run goes through :class:`~asklearn.learner.ActiveLearner` as a user's project would, audit included.
"""

from __future__ import annotations

from asklearn.simulate.many import simulate_many
from asklearn.simulate.replay import check_names, run_one
from asklearn.simulate.result import versions
from asklearn.simulate.rounds import rounds
from asklearn.simulate.single import simulate
from asklearn.simulate.workers import default_jobs, one_thread

__all__ = [
    "check_names",
    "default_jobs",
    "one_thread",
    "rounds",
    "run_one",
    "simulate",
    "simulate_many",
    "versions",
]
