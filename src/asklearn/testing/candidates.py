"""Made-up candidates for the conformance suites, and ways to look at what is done to them."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from asklearn.types import Candidates, Categorical, Floats, Targets

LABELLED = 5
TARGETS = 8


def made_up(
    needs: Iterable[str],
    size: int = 60,
    classes: int = 4,
    members: int = 3,
    dims: int = 6,
    seed: int = 0,
    dtype: DTypeLike = np.float32,
) -> Candidates:
    """Return candidates of which exactly `needs` is known; no two are alike, no two scores are equal.

    Examples
    --------
    >>> made_up({"features"}, size=3, dims=2).features_ND.shape
    (3, 2)
    """
    rng = np.random.default_rng(seed)
    wanted = frozenset(needs)
    draws_KNC = rng.dirichlet(np.full(classes, 0.5), (members, size)).astype(dtype)
    posterior = Categorical(draws_KNC.mean(axis=0), draws_KNC if "draws" in wanted else None)
    features_ND = rng.normal(size=(size, dims)).astype(dtype)
    labelled_LD = rng.normal(size=(LABELLED, dims)).astype(dtype)
    scores_N = (rng.permutation(size) / max(size, 1) - 0.25).astype(dtype)
    predict = linear_belief(rng.normal(size=(members, classes, dims)).astype(dtype))
    targets_MD = rng.normal(size=(TARGETS, dims)).astype(dtype)
    if wanted & {"predict", "targets", "labels"}:  # then all that is known comes from one model
        posterior = predict(features_ND)
        posterior = posterior if "draws" in wanted else Categorical(posterior.proba_NC)
    return Candidates(
        size,
        posterior=posterior if wanted & {"proba", "draws"} else None,
        features_ND=features_ND if "features" in wanted else None,
        labelled_LD=labelled_LD if "labelled" in wanted else None,
        scores_N=scores_N if "scores" in wanted else None,
        labels_L=np.arange(LABELLED) % classes if "labels" in wanted else None,
        targets=Targets(targets_MD, predict(targets_MD)) if "targets" in wanted else None,
        costs_N=rng.uniform(1, 9, size).astype(dtype) if "costs" in wanted else None,
        groups_N=rng.integers(3, size=size) if "groups" in wanted else None,
        predict=predict if "predict" in wanted else None,
    )


def linear_belief(weights_KCD: Floats) -> Callable[[Floats], Categorical]:
    """Return a model of K linear members: what they believe about any features.

    Examples
    --------
    >>> linear_belief(np.zeros((1, 2, 3)))(np.ones((1, 3))).proba_NC
    array([[0.5, 0.5]])
    """

    def predict(features_ND: Floats) -> Categorical:
        logits_KNC = np.einsum("nd,kcd->knc", features_ND, weights_KCD)
        draws_KNC = np.exp(logits_KNC - logits_KNC.max(axis=2, keepdims=True))
        draws_KNC /= draws_KNC.sum(axis=2, keepdims=True)
        return Categorical(draws_KNC.mean(axis=0), draws_KNC)

    return predict


def with_proba(proba_NC: Floats, draws_KNC: Floats | None = None) -> Candidates:
    """Return candidates of which only the posterior is known."""
    return Candidates(len(proba_NC), posterior=Categorical(proba_NC, draws_KNC))


def changed(candidates: Candidates, change: Callable[[Floats, int], Floats], size: int) -> Candidates:
    """Return candidates with each per-candidate array changed; `change` is told the axis of candidates."""

    def maybe(array: Floats | None, axis: int = 0) -> Floats | None:
        return None if array is None else change(array, axis)

    posterior = candidates.posterior
    if posterior is not None:
        posterior = Categorical(change(posterior.proba_NC, 0), maybe(posterior.draws_KNC, 1))
    return replace(
        candidates,
        size=size,
        posterior=posterior,
        features_ND=maybe(candidates.features_ND),
        scores_N=maybe(candidates.scores_N),
        costs_N=maybe(candidates.costs_N),
        groups_N=maybe(candidates.groups_N),  # type: ignore[arg-type]
    )


def arrays_of(candidates: Candidates) -> dict[str, NDArray[Any]]:
    """Return every array that the candidates hold, by name."""
    posterior = candidates.posterior
    found = {
        "proba_NC": posterior.proba_NC if posterior else None,
        "draws_KNC": posterior.draws_KNC if posterior else None,
        "features_ND": candidates.features_ND,
        "labelled_LD": candidates.labelled_LD,
        "scores_N": candidates.scores_N,
        "labels_L": candidates.labels_L,
        "targets_MD": candidates.targets.features_MD if candidates.targets else None,
        "targets_proba_MC": candidates.targets.posterior.proba_NC if candidates.targets else None,
        "targets_draws_KMC": candidates.targets.posterior.draws_KNC if candidates.targets else None,
        "costs_N": candidates.costs_N,
        "groups_N": candidates.groups_N,
    }
    return {name: array for name, array in found.items() if array is not None}


@contextmanager
def on_disk(candidates: Candidates) -> Iterator[Candidates]:
    """Give the same candidates with every array memory-mapped, read-only."""
    with tempfile.TemporaryDirectory() as folder:

        def mapped(array: Floats, axis: int = 0) -> Floats:
            path = Path(folder) / f"{len(list(Path(folder).iterdir()))}.npy"
            np.save(path, array)
            found: Floats = np.load(path, mmap_mode="r")
            return found

        there = changed(candidates, mapped, candidates.size)
        if there.labelled_LD is not None:
            there = replace(there, labelled_LD=mapped(there.labelled_LD))
        if there.targets is not None:
            there = replace(
                there, targets=replace(there.targets, features_MD=mapped(there.targets.features_MD))
            )
        yield there


def peak_bytes(work: Callable[[], Any]) -> int:
    """Return the most memory that `work` held at once, in bytes, as Python and numpy account for it.

    Examples
    --------
    >>> peak_bytes(lambda: np.zeros(1_000_000)) > 7_000_000
    True
    """
    running = tracemalloc.is_tracing()
    if not running:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        work()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        if not running:
            tracemalloc.stop()


def resident_bytes(plugin: Any, needs: Iterable[str], size: int, dims: int, *args: Any) -> int:
    """Return by how much the memory of a fresh process grows when `plugin` is called on `size` candidates.

    The call is ``plugin(candidates, *args, rng)``, once on few candidates before, so that what is loaded
    or made once does not count.

    What was made in a session or inside a function cannot be found by another process; it gets 0.

    Examples
    --------
    >>> from asklearn.acquisition.uncertainty import margin
    >>> resident_bytes(margin, {"proba"}, size=1000, dims=2) < 64 << 20
    True
    """
    made = plugin if hasattr(plugin, "__qualname__") else type(plugin)
    if made.__module__ == "__main__" or "<locals>" in made.__qualname__:
        return 0
    told = pickle.dumps((plugin, sorted(needs), size, dims, args))
    paths = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", _GROWTH], input=told, capture_output=True, env=os.environ | paths, check=False
    )
    if done.returncode:
        raise AssertionError(f"It must run in a process of its own. It said: {done.stderr.decode()[-500:]}")
    return int(done.stdout)


_GROWTH = """
import os, pickle, resource, sys
import numpy as np
from asklearn.testing.candidates import made_up

plugin, needs, size, dims, args = pickle.load(sys.stdin.buffer)
unit = 1 if sys.platform == "darwin" else 1024

def call(size, args):
    candidates = made_up(needs, size=size, classes=10, members=5, dims=dims)
    return lambda: plugin(candidates, *args, np.random.default_rng(0))

call(200, [min(one, 200) for one in args])()
large = call(size, args)
child = os.fork()  # its peak starts from what is held now, not from what making the candidates took
if child:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
large()
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit)
"""


def global_random_state() -> tuple[Any, ...]:
    """Return numpy's global random state, to see that nobody touches it.

    Examples
    --------
    >>> global_random_state() == global_random_state()
    True
    """
    name, keys, *rest = np.random.get_state()  # noqa: NPY002
    return (name, np.asarray(keys).tobytes(), *rest)
