"""What the owner of a project sees of its labelling: counts, people, the learning curve, the worker."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from typing import Any

from asklearn.errors import JournalError
from asklearn.server.board import OUTLOOK, STANDING
from asklearn.server.desk import Desk
from asklearn.state import State


def progress_of(desk: Desk) -> dict[str, Any]:
    """Return where a project stands, as plain values.

    Returns
    -------
    dict
        ``counts`` of items by status, ``labels`` by class, ``annotators`` with their number of answers,
        ``curve`` of the learner's own metric (labels, value, low, high, n), ``model`` (the last version),
        ``worker`` (what it said last, or None), ``outlook`` (forecast and gaps that it found, or None),
        ``problem`` (what is in trouble, or None) and ``position`` of the journal. In trouble it is what was known
        last.
    """
    health, board = desk.health, desk.board
    state = desk.known
    worker = health.asked("board", lambda: board.get(STANDING), None)
    answers = [(item, labels) for item, labels in state.answers()]
    people = Counter(one.annotator for said in state.said.values() for one in said if one.kind == "Answered")
    curve = [
        {"labels": one.labels, "value": one.value, "low": one.low, "high": one.high, "n": one.n}
        for one in state.measured
        if one.name == "accuracy" and one.n > 0
    ]
    return {
        "counts": desk.project.counts(state),
        "labels": Counter(str(label) for _, labels in answers for label in labels),
        "annotators": people,
        "curve": curve,
        "model": state.fits[-1].model if state.fits else None,
        "worker": worker,
        "outlook": health.asked("board", lambda: board.get(OUTLOOK), None),
        "problem": health.problem(worker),
        "position": state.position,
    }


async def moved(desk: Desk) -> dict[str, Any]:
    """Return what open pages are to know at once: position, model, open items, the worker, what is in trouble."""
    health, board = desk.health, desk.board
    with suppress(JournalError):  # in trouble, it is what was known last
        await desk.state()
    state = desk.recorder.state
    said = await asyncio.to_thread(lambda: health.asked("board", lambda: board.get(STANDING), None)) or {}
    return {
        "position": state.position,
        "model": state.fits[-1].model if state.fits else None,
        "open": len(desk.streams),
        "worker": {name: said.get(name, "") for name in ("doing", "error")},
        "problem": health.problem(said),
        "items": state.rows,
        "asked": len(state.asks),
    }


def answers_of(annotator: str, state: State) -> int:
    """Return how many items an annotator has answered."""
    return sum(
        any(one.annotator == annotator and one.kind == "Answered" for one in said)
        for said in state.said.values()
    )
