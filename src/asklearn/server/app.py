"""The routes under /api/v1; what they do is done by the desk."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from threading import Event
from typing import Annotated, Any, TypeAlias

import asklearn
from asklearn.errors import JournalError, UnknownItem
from asklearn.registry import require
from asklearn.server.desk import LEASE_SECONDS, Card, Desk
from asklearn.server.endings import when_told
from asklearn.server.guard import Guard
from asklearn.server.media import picture
from asklearn.server.people import People
from asklearn.server.problems import PROBLEMS, say_problems
from asklearn.server.progress import progress_of
from asklearn.server.schemas import About, Answer, Cards, Said, Some, Wanted, Where
from asklearn.server.signin import Annotator, SignIn, Watcher
from asklearn.server.supervisor import Supervisor

require("fastapi", "server")
from fastapi import APIRouter, Depends, FastAPI, Request, Response  # noqa: E402
from fastapi.responses import StreamingResponse  # noqa: E402

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
PULSE = 0.5
BEAT = 15.0


def create_app(
    desk: Desk, *, supervisor: Supervisor | None = None, people: People | None = None,
    hosts: Sequence[str] = LOOPBACK,
) -> FastAPI:  # fmt: skip
    """Return the application.

    Parameters
    ----------
    desk : Desk
        Of the project that is served.
    supervisor : Supervisor, optional
        Runs the worker while the application runs.
    people : People, optional
        Who may sign in. Without it everybody who reaches the server may label, under the name that they
        give: for a server of one's own, on loopback.
    hosts : sequence of str
        Names by which the server may be called.
    """
    ending = Event()

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        working = asyncio.create_task(supervisor.run()) if supervisor is not None else None
        with when_told(ending.set):
            yield
        if working is not None:
            working.cancel()
            with suppress(asyncio.CancelledError):
                await working
        desk.close()

    app = FastAPI(
        title="asklearn", version=asklearn.__version__, lifespan=running, docs_url=None, redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )  # fmt: skip
    app.state.desk, app.state.supervisor, app.state.ending = desk, supervisor, ending
    app.state.sign_in = None if people is None else SignIn(people)
    app.include_router(routes, prefix="/api/v1")
    app.add_middleware(Guard, hosts=list(hosts))
    say_problems(app)
    return app


async def the_desk(request: Request) -> Desk:
    """Return the desk."""
    desk: Desk = request.app.state.desk
    return desk


TheDesk: TypeAlias = Annotated[Desk, Depends(the_desk)]

routes = APIRouter(responses=PROBLEMS)


@routes.get("/project")
async def project(desk: TheDesk, name: Annotator) -> About:
    """Say what is labelled, and how."""
    settings, state = desk.project.settings, await desk.state()
    return About(
        name=desk.project.folder.resolve().name, kind=settings.kind, columns=list(settings.columns),
        show=list(settings.show), labels=desk.project.labels(state), open_labels=not settings.labels,
        annotator=name,
    )  # fmt: skip


@routes.post("/leases")
async def lend(wanted: Wanted, desk: TheDesk, name: Annotator) -> Cards:
    """Lend items to label, besides those that the annotator names."""
    return _cards(await desk.hand_out(name, wanted.n, wanted.without))


@routes.post("/leases/renew")
async def renew(some: Some, desk: TheDesk, name: Annotator) -> int:
    """Lend items on; return how many are still lent."""
    return await desk.renew(some.items, name)


@routes.post("/leases/return", status_code=204)
async def give_back(some: Some, desk: TheDesk, name: Annotator) -> None:
    """Take back items that will not be labelled now."""
    await desk.give_back(some.items, name)


@routes.post("/answers", status_code=204)
async def answer(said: Answer, desk: TheDesk, name: Annotator) -> None:
    """Record a label; the answer comes when it is on the disk."""
    await desk.answer(name, said.item, said.label, key=said.key, seconds=said.seconds)


@routes.post("/skips", status_code=204)
async def skip(said: Said, desk: TheDesk, name: Annotator) -> None:
    """Record that somebody cannot say."""
    await desk.reply("skip", name, said.item, key=said.key)


@routes.post("/flags", status_code=204)
async def flag(said: Said, desk: TheDesk, name: Annotator) -> None:
    """Record that something is wrong with an item."""
    await desk.reply("flag", name, said.item, key=said.key)


@routes.post("/retractions", status_code=204)
async def retract(said: Said, desk: TheDesk, name: Annotator) -> None:
    """Take back what the annotator said of an item."""
    await desk.reply("retract", name, said.item, key=said.key)


@routes.get("/image", response_class=Response, responses={200: {"content": {"image/*": {}}}})
async def image(item: str, column: str, desk: TheDesk, name: Annotator) -> Response:
    """Return an image of an item, by what its bytes are; see :mod:`asklearn.server.media`."""
    content = (await desk.contents.of([_known(desk, item)]))[0].get(column)
    return await asyncio.to_thread(picture, content, column)


@routes.get("/progress")
async def progress(desk: TheDesk, name: Watcher, request: Request) -> Where:
    """Say where the project stands."""
    with suppress(JournalError):  # in trouble, it is what was known last
        await desk.state()
    found = await asyncio.to_thread(progress_of, desk)
    supervisor: Supervisor | None = request.app.state.supervisor
    return Where(**found, worker_starts=0 if supervisor is None else supervisor.starts)


@routes.get("/events", response_class=StreamingResponse)
async def events(desk: TheDesk, name: Annotator, request: Request) -> StreamingResponse:
    """Push the journal's position and the model's version whenever they change."""
    return StreamingResponse(_pushed(desk, request), media_type="text/event-stream")


async def _pushed(desk: Desk, request: Request) -> AsyncIterator[str]:
    last, silent = None, 0.0
    while not request.app.state.ending.is_set() and not await request.is_disconnected():
        state = await desk.state()
        now = {"position": state.position, "model": state.fits[-1].model if state.fits else None}
        if now != last or silent >= BEAT:
            yield f"id: {state.position}\nevent: moved\ndata: {json.dumps(now)}\n\n"
            last, silent = now, 0.0
        await asyncio.sleep(PULSE)
        silent += PULSE


def _known(desk: Desk, text: str) -> str | int:
    """Return the item whose id a text is; ids may be whole numbers."""
    state = desk.recorder.state
    if state.row(text) is not None:
        return text
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1
    if str(number) == text and state.row(number) is not None:
        return number
    raise UnknownItem(f"There is no item {text[:100]!r} in this project.")


def _cards(cards: Sequence[Card]) -> Cards:
    shown = [asdict(card) | {"content": {k: _plain(v) for k, v in card.content.items()}} for card in cards]
    return Cards(cards=shown, lease_seconds=LEASE_SECONDS)  # type: ignore[arg-type]


def _plain(value: Any) -> Any:
    """Return what JSON can hold: an image is fetched by its own address."""
    return {"bytes": len(value)} if isinstance(value, bytes) else value
