"""How processes end: with who started them, when they are told to, and why they did."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import parent_process
from types import FrameType

PAUSE = 0.5
NO_MEMORY = ("MemoryError", "Cannot allocate memory", "can't start new thread", "failed to map segment")
"""What processes say last that had too little memory."""


def end_with_parent(parent: int | None = None) -> None:
    """End this process soon after the one that started it, however that ends.

    Parameters
    ----------
    parent : int, optional
        That process, which may have ended before this is called; by default the one that multiprocessing knows,
        or the present parent.
    """
    known = parent_process()
    started_by = parent or (known.pid if known is not None else None) or os.getppid()
    threading.Thread(target=_watch, args=(started_by,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PAUSE)
    os._exit(0)


@contextmanager
def when_told(end: Callable[[], None]) -> Iterator[None]:
    """Call `end` when this process is told to end, before whatever else happens then."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def told(number: int, frame: FrameType | None) -> None:
        end()
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    before = {number: signal.signal(number, told) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def reason_of(code: int, last_words: str = "") -> str:
    """Return why a process ended, from its exit status and what it said last on its standard error.

    Examples
    --------
    >>> reason_of(-9)
    'it was killed (SIGKILL), probably because the machine ran out of memory'
    >>> reason_of(1, "Traceback ...\\nMemoryError: Unable to allocate 3 GiB")
    'it ran out of memory (MemoryError: Unable to allocate 3 GiB)'
    """
    if code == -signal.SIGKILL:
        return "it was killed (SIGKILL), probably because the machine ran out of memory"
    if code < 0:
        names = {one.value: one.name for one in signal.Signals}
        return f"it was ended by {names.get(-code, f'signal {-code}')}"
    lines = [line.strip() for line in last_words.splitlines() if line.strip()]
    if not lines:
        return f"it ended with status {code}"
    last = lines[-1][:500]
    return f"it ran out of memory ({last})" if any(words in last for words in NO_MEMORY) else last
