"""The routes under /api/v1; what they do is done by the desk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import fields
from typing import Any

import asklearn
from asklearn.errors import JournalError, UnknownItem
from asklearn.registry import require
from asklearn.server.desk import LEASE_SECONDS, Card, Desk
from asklearn.server.media import picture
from asklearn.server.problems import PROBLEMS
from asklearn.server.progress import answers_of, progress_of
from asklearn.server.pulse import Pulse
from asklearn.server.schemas import (
    About,
    Answer,
    Answers,
    Cards,
    Grid,
    Like,
    Many,
    Remark,
    Retraction,
    Said,
    Some,
    Wanted,
    Where,
)
from asklearn.server.signin import Annotator, Watcher, gone
from asklearn.server.supervisor import Supervisor

require("fastapi", "server")
from fastapi import APIRouter, Request, Response  # noqa: E402
from fastapi.responses import StreamingResponse  # noqa: E402


def the_desk(request: Request) -> Desk:
    """Return the desk: a dependency would cost more than some of what it does."""
    desk: Desk = request.app.state.desk
    return desk


CARD = [one.name for one in fields(Card)]

routes = APIRouter(responses=PROBLEMS)


@routes.get("/project")
async def project(request: Request, name: Annotator) -> About:
    """Say what is labelled, and how."""
    desk = the_desk(request)
    settings, state = desk.project.settings, await desk.state()
    return About(
        name=desk.project.folder.resolve().name, kind=settings.kind, columns=list(settings.columns),
        show=list(settings.show), labels=desk.project.labels(state), open_labels=not settings.labels,
        annotator=name, instructions=desk.project.instructions(), suggestions=desk.options.suggestions,
        answers=answers_of(name, state),
    )  # fmt: skip


@routes.post("/leases")
async def lend(wanted: Wanted, request: Request, name: Annotator) -> Cards:
    """Lend items to label, besides those that the annotator names."""
    return Cards(
        cards=_shown(await the_desk(request).hand_out(name, wanted.n, wanted.without)),
        lease_seconds=LEASE_SECONDS,
    )


@routes.post("/leases/renew")
async def renew(some: Some, request: Request, name: Annotator) -> int:
    """Lend items on; return how many are still lent."""
    return await the_desk(request).renew(some.items, name)


@routes.post("/leases/return", status_code=204)
async def give_back(some: Some, request: Request, name: Annotator) -> None:
    """Take back items that will not be labelled now."""
    await the_desk(request).give_back(some.items, name)


@routes.post("/similar")
async def similar(like: Like, request: Request, name: Annotator) -> Cards:
    """Lend items that are like one: nearest by their features, and never of the audit."""
    return Cards(
        cards=_shown(await the_desk(request).similar(name, like.item, like.n)), lease_seconds=LEASE_SECONDS
    )


@routes.post("/grid")
async def grid(many: Many, request: Request, name: Annotator) -> Grid:
    """Lend items that the model takes for one class, to be looked through together."""
    label, cards = await the_desk(request).grid(name, many.n)
    return Grid(label=label, cards=_shown(cards), lease_seconds=LEASE_SECONDS)


@routes.post("/answers", status_code=204)
async def answer(said: Answer, request: Request, name: Annotator) -> None:
    """Record a label; the answer comes when it is on the disk."""
    await the_desk(request).answer(name, [said.item], [said.label], keys=[said.key], seconds=[said.seconds])


@routes.post("/answers/many", status_code=204)
async def answer_many(said: Answers, request: Request, name: Annotator) -> None:
    """Record several labels, all of them or none; the answer comes when they are on the disk."""
    all_said = said.answers
    await the_desk(request).answer(
        name, [one.item for one in all_said], [one.label for one in all_said],
        keys=[one.key for one in all_said], seconds=[one.seconds for one in all_said],
    )  # fmt: skip


@routes.post("/skips", status_code=204)
async def skip(said: Said, request: Request, name: Annotator) -> None:
    """Record that somebody cannot say."""
    await the_desk(request).reply("skip", name, said.item, key=said.key, note=said.note)


@routes.post("/flags", status_code=204)
async def flag(said: Said, request: Request, name: Annotator) -> None:
    """Record that something is wrong with an item."""
    await the_desk(request).reply("flag", name, said.item, key=said.key, note=said.note)


@routes.post("/retractions", status_code=204)
async def retract(said: Retraction, request: Request, name: Annotator) -> None:
    """Take back what the annotator said of an item."""
    await the_desk(request).reply("retract", name, said.item, key=said.key)


@routes.post("/notes", status_code=204)
async def note(remark: Remark, request: Request, name: Annotator) -> None:
    """Keep what somebody writes about an item, which says nothing of its label."""
    await the_desk(request).note(name, remark.item, remark.text, key=remark.key)


@routes.get("/image", response_class=Response, responses={200: {"content": {"image/*": {}}}})
async def image(item: str, column: str, request: Request, name: Annotator) -> Response:
    """Return an image of an item, by what its bytes are; see :mod:`asklearn.server.media`."""
    desk = the_desk(request)
    content = (await desk.contents.of([_known(desk, item)]))[0].get(column)
    return await asyncio.to_thread(picture, content, column)


@routes.get("/progress")
async def progress(name: Watcher, request: Request) -> Where:
    """Say where the project stands."""
    desk = the_desk(request)
    with suppress(JournalError):  # in trouble, it is what was known last
        await desk.state()
    found = await asyncio.to_thread(progress_of, desk)
    supervisor: Supervisor | None = request.app.state.supervisor
    starts = 0 if supervisor is None else supervisor.starts
    return Where(**found, worker_starts=starts, version=asklearn.__version__)


@routes.get("/events", response_class=StreamingResponse)
async def events(name: Annotator, request: Request) -> StreamingResponse:
    """Push where the journal, the model, the queue and the worker stand, whenever that changes."""
    return StreamingResponse(_pushed(request.app.state.pulse, request), media_type="text/event-stream")


async def _pushed(pulse: Pulse, request: Request) -> AsyncIterator[str]:
    async for said in pulse.beats():
        if await gone(request):
            return
        yield said


def _known(desk: Desk, text: str) -> str | int:
    """Return the item whose id a text is; ids may be whole numbers."""
    state = desk.recorder.state
    if state.row(text) is not None:
        return text
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1
    if str(number) == text and state.row(number) is not None:
        return number
    raise UnknownItem(f"There is no item {text[:100]!r} in this project.")


def _shown(cards: Sequence[Card]) -> Any:
    plain = [{name: _plain(value) for name, value in card.content.items()} for card in cards]
    return [
        {name: getattr(card, name) for name in CARD} | {"content": content}
        for card, content in zip(cards, plain, strict=True)
    ]


def _plain(value: Any) -> Any:
    """Return what JSON can hold: an image is fetched by its own address."""
    return {"bytes": len(value)} if isinstance(value, bytes) else value
