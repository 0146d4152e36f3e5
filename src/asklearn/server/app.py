"""The application: its routes, what every request passes, and what runs beside them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import asklearn
from asklearn.registry import require
from asklearn.server.desk import Desk
from asklearn.server.endings import when_told
from asklearn.server.guard import Guard
from asklearn.server.people import People
from asklearn.server.problems import say_problems
from asklearn.server.progress import moved
from asklearn.server.pulse import Pulse
from asklearn.server.routes import routes
from asklearn.server.signin import SignIn
from asklearn.server.supervisor import Supervisor

require("fastapi", "server")
from fastapi import FastAPI  # noqa: E402

SILENT: Any = {"tracing": False, "metrics": False, "logs": False}
"""Nothing is told to anybody else, whatever the environment says; FastAPI before 0.150 does not do that anyway."""

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


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
    if people is not None:
        desk.skills = people.skills
    pulse = Pulse(lambda: moved(desk))

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        await desk.warm()
        beside = [pulse.run(), *([supervisor.run()] if supervisor is not None else [])]
        tasks = [asyncio.create_task(one) for one in beside]
        with when_told(pulse.end):
            yield
        for one in tasks:
            one.cancel()
            with suppress(asyncio.CancelledError):
                await one
        desk.close()

    app = FastAPI(
        title="asklearn", version=asklearn.__version__, lifespan=running, docs_url=None, redoc_url=None,
        openapi_url="/api/v1/openapi.json", telemetry=SILENT,
    )  # fmt: skip
    app.state.desk, app.state.supervisor, app.state.pulse = desk, supervisor, pulse
    app.state.sign_in = None if people is None else SignIn(people)
    app.include_router(routes, prefix="/api/v1")
    app.add_middleware(Guard, hosts=list(hosts))
    say_problems(app)
    return app
