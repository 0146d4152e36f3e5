"""The strategy that one gets without asking for any: safe first, then good."""

from __future__ import annotations

from asklearn.acquisition.uncertainty import margin
from asklearn.registry import register
from asklearn.selection.clustering import ClusterMargin, KMeans
from asklearn.selection.compose import WhenRare
from asklearn.selection.coverage import HandOver
from asklearn.strategies.base import Strategy


@register("strategies", "auto")
def auto() -> Strategy:
    """Start with typical items of the pool's groups, then cover ever more what the model is unsure of.

    How much uncertainty weighs against coverage follows the model's calibrated confidence: see
    :class:`~asklearn.selection.coverage.HandOver`. While some class is rare, half of each batch goes to the
    smallest margins, spread over clusters: see :class:`~asklearn.selection.compose.WhenRare`. Where the audit
    shows that it has fallen behind asking at random, batches fall by lot: see :mod:`asklearn.guard`. What
    this does may improve from version to version.

    Examples
    --------
    >>> auto().start, auto().select.usual
    (KMeans(typical=True), HandOver(sigma=None, zero=-1.0))
    """
    return Strategy("auto", WhenRare(HandOver(), ClusterMargin()), margin, start=KMeans(), guarded=True)
