"""Many runs in several processes; what has finished is handed on at once, whatever happens to the rest."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from functools import partial
from multiprocessing import active_children
from typing import Any

from asklearn.dataset import Dataset, no_preview
from asklearn.errors import AskLearnError
from asklearn.simulate.replay import Run, run_one


def replayed(
    data: Dataset, units: Sequence[tuple[str, int]], settings: dict[str, Any], jobs: int
) -> Iterator[Run]:
    """Yield the runs of the units (strategy, seed) as they finish; results do not depend on `jobs`."""
    if jobs == 1:
        for name, seed in units:
            yield run_one(data, name, seed, settings)
        return
    start_worker = partial(_share, replace(data, preview=no_preview), settings)
    others = set(active_children())
    workers = ProcessPoolExecutor(jobs, initializer=start_worker)
    try:
        waiting: list[Future[Run]] = [workers.submit(_shared_run, name, seed) for name, seed in units]
        for finished in as_completed(waiting):
            yield finished.result()
    except BrokenProcessPool as error:
        raise AskLearnError(
            f"A process that replayed {data.name} was killed, perhaps for want of memory. Run it again with fewer "
            "jobs; finished runs are kept where there is a results folder."
        ) from error
    except BaseException:  # nobody wants what is still running
        for worker in set(active_children()) - others:
            worker.terminate()
        raise
    finally:
        workers.shutdown(cancel_futures=True)


_shared: tuple[Dataset, dict[str, Any]]


def _share(data: Dataset, settings: dict[str, Any]) -> None:
    import signal

    global _shared
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _shared = data, settings


def _shared_run(name: str, seed: int) -> Run:
    with one_thread():
        return run_one(_shared[0], name, seed, _shared[1])


def one_thread() -> Any:
    """One BLAS thread, so that results do not depend on how many processes share the machine."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1)


def default_jobs() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
