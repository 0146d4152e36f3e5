"""Named ways to choose the next batch: a score, a shortlist, a selection, and a cold start.

Every acquisition function and every selection is a strategy by its own name; `catalogue` adds those that
are put together from several parts.
"""

from asklearn.strategies.base import Strategy, names, strategy

__all__ = ["Strategy", "names", "strategy"]
