"""The strategies that are put together from several parts, each with the source that proposed it."""

from __future__ import annotations

from asklearn.acquisition.committee import bald
from asklearn.acquisition.contrastive import Discriminative
from asklearn.acquisition.mixing import AlfaMix, DropQuery
from asklearn.acquisition.uncertainty import entropy, margin
from asklearn.registry import register
from asklearn.selection.clustering import ClusterMargin, KMeans
from asklearn.selection.compose import Above, Steps, Switch
from asklearn.selection.coverage import MaxHerding, UHerding
from asklearn.selection.refine import Refine
from asklearn.selection.stochastic import Power
from asklearn.selection.typiclust import TypiClust
from asklearn.strategies.base import Strategy


@register("strategies", "cluster_margin")
def cluster_margin(factor: int = 10) -> Strategy:
    """Spread the batch over clusters of the ``factor * n`` candidates with the smallest margins.

    References
    ----------
    Citovsky et al. (2021), Batch active learning at scale.

    Examples
    --------
    >>> cluster_margin().shortlist
    10
    """
    return Strategy("cluster_margin", ClusterMargin(factor), margin, factor, source="Citovsky et al. (2021)")


@register("strategies", "power_margin")
def power_margin(beta: float = 1.0) -> Strategy:
    """Draw by lot, in proportion to how close the two likeliest classes are, to the power `beta`.

    References
    ----------
    Kirsch et al. (2023), Stochastic batch acquisition: a simple baseline for deep active learning.

    Examples
    --------
    >>> power_margin(beta=4.0).select
    Power(beta=4.0, zero=-1.0)
    """
    return Strategy("power_margin", Power(beta, zero=-1.0), margin, source="Kirsch et al. (2023)")


@register("strategies", "power_entropy")
def power_entropy(beta: float = 1.0) -> Strategy:
    """Draw by lot, in proportion to the entropy of the prediction to the power `beta`.

    References
    ----------
    Kirsch et al. (2023), Stochastic batch acquisition: a simple baseline for deep active learning.

    Examples
    --------
    >>> power_entropy().select
    Power(beta=1.0, zero=0.0)
    """
    return Strategy("power_entropy", Power(beta, zero=0.0), entropy, source="Kirsch et al. (2023)")


@register("strategies", "power_bald")
def power_bald(beta: float = 1.0) -> Strategy:
    """Draw by lot, in proportion to the disagreement of posterior draws to the power `beta`.

    About as good as BatchBALD in the source's study, at the cost of BALD.

    References
    ----------
    Kirsch et al. (2023), Stochastic batch acquisition: a simple baseline for deep active learning.

    Examples
    --------
    >>> power_bald().needs
    frozenset({'draws'})
    """
    return Strategy("power_bald", Power(beta, zero=0.0), bald, source="Kirsch et al. (2023)")


@register("strategies", "uherding")
def uherding(sigma: float | None = None) -> Strategy:
    """Start with MaxHerding, then cover what the model is unsure of by margin.

    References
    ----------
    Bae, Oliveira and Sutherland (2025), Uncertainty herding: one active learning method for all label
    budgets.

    Examples
    --------
    >>> uherding().start
    MaxHerding(sigma=None)
    """
    select = UHerding(sigma, zero=-1.0)
    return Strategy("uherding", select, margin, start=MaxHerding(sigma), source="Bae et al. (2025)")


@register("strategies", "tcm")
def tcm(per_class: int = 5) -> Strategy:
    """TypiClust until there are `per_class` answers per class on average, margin from then on.

    The source switches after the first few batches; counting answers makes that independent of their size.

    References
    ----------
    Doucet et al. (2024), Bridging diversity and uncertainty in active learning with self-supervised
    pre-training.

    Examples
    --------
    >>> tcm().select
    Switch(first=TypiClust(clusters=500, smallest=6), then='margin', per_class=5)
    """
    select = Switch(TypiClust(), "margin", per_class)
    return Strategy("tcm", select, start=TypiClust(), source="Doucet et al. (2024)")


@register("strategies", "refine")
def refine(depth: int = 2, batches: int = 15, alpha: float = 0.4) -> Strategy:
    """Filter by batches of margin, cluster-margin, BADGE, MaxHerding and random; pick by UHerding.

    References
    ----------
    Huseljic et al. (2026), REFINE, at the Conference on Computer Vision and Pattern Recognition.

    Examples
    --------
    >>> refine().select.select
    'uherding'
    """
    select = Refine(depth=depth, batches=batches, alpha=alpha)
    return Strategy("refine", select, margin, start=MaxHerding(), source="Huseljic et al. (2026)")


@register("strategies", "alfa_mix")
def alfa_mix(eps: float | None = None) -> Strategy:
    """Cluster the items that change class when features of another are mixed in; ask the nearest to centroids.

    References
    ----------
    Parvaneh et al. (2022), Active learning by feature mixing.

    Examples
    --------
    >>> alfa_mix().select
    Above(bar=0.0, select=KMeans(typical=False))
    """
    select = Above(0.0) >> KMeans(typical=False)
    return Strategy("alfa_mix", select, AlfaMix(eps), source="Parvaneh et al. (2022)")


@register("strategies", "drop_query")
def drop_query(times: int = 3, drop: float = 0.75) -> Strategy:
    """Cluster the items that most feature dropouts move to another class; ask the nearest to centroids.

    Starts with the items nearest to the centroids of the whole pool.

    References
    ----------
    Gupte et al. (2024), Revisiting active learning in the era of vision foundation models.

    Examples
    --------
    >>> drop_query().select
    Above(bar=0.5, select=KMeans(typical=False))
    """
    centroids = KMeans(typical=False)
    score = DropQuery(times, drop)
    return Strategy(
        "drop_query", Above(0.5) >> centroids, score, start=centroids, source="Gupte et al. (2024)"
    )


@register("strategies", "dal")
def dal(steps: int = 10, C: float = 1.0) -> Strategy:
    """Ask in steps what a classifier best tells from the labelled items and the picks before.

    References
    ----------
    Gissin and Shalev-Shwartz (2019), Discriminative active learning.

    Examples
    --------
    >>> dal().select.steps
    10
    """
    return Strategy("dal", Steps(Discriminative(C), steps), source="Gissin and Shalev-Shwartz (2019)")
