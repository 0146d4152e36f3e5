"""Runs the application under uvicorn, with its pages and its worker."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from asklearn.errors import BadInput
from asklearn.project import Project
from asklearn.registry import require
from asklearn.server.app import LOOPBACK, create_app
from asklearn.server.desk import Desk
from asklearn.server.endings import end_with_parent
from asklearn.server.people import People
from asklearn.server.queue import Overlap
from asklearn.server.supervisor import Supervisor

require("fastapi", "server")
from fastapi import FastAPI, Response  # noqa: E402
from fastapi.staticfiles import StaticFiles  # noqa: E402

APPLICATION = "asklearn.server.serving:application"
SERVING = "ASKLEARN_SERVING"
"""The environment variable that tells one of several processes what it serves."""
SWITCH = 0.001
"""Seconds that a thread which has heard from the database waits for the event loop at most."""

STATIC = Path(__file__).with_name("static")
NOT_BUILT = (
    "The web pages are not built: this package was installed where npm could not be reached. Build them with: "
    "python hatch_build.py in a clone, then install again. The interface under /api/v1 works."
)


class Pages(StaticFiles):
    """Built pages. A file whose name has a digest of its content is kept by browsers, the others are not."""

    def file_response(self, full_path: str | os.PathLike[str], *args: Any, **options: Any) -> Response:
        """Return the answer that holds a file."""
        found = super().file_response(full_path, *args, **options)
        if Path(full_path).parent.name == "assets":
            found.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return found


def with_pages(app: FastAPI, static: Path = STATIC) -> FastAPI:
    """Serve the built pages, or say how to build them."""
    if (static / "index.html").is_file():
        app.mount("/", Pages(directory=static, html=True))
    else:
        app.add_api_route("/", lambda: Response(NOT_BUILT, media_type="text/plain"), include_in_schema=False)
    return app


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """How a project is served; plain values, which every server process gets.

    Attributes
    ----------
    folder : str
        Of the project.
    names : tuple of str
        Names by which others call the server; where there are any, one must sign in.
    people, share : int and float
        How many people are asked about an item, for which share of the items.
    worker : bool
        Whether these processes train, too: one of them does.
    """

    folder: str
    names: tuple[str, ...] = ()
    people: int = 2
    share: float = 0.0
    worker: bool = True


def application(serving: Serving | None = None) -> FastAPI:
    """Return the application; one of several processes finds in its environment what it serves."""
    if serving is None:
        serving = Serving(**json.loads(os.environ[SERVING]))
        end_with_parent()
    sys.setswitchinterval(SWITCH)
    project = Project(Path(serving.folder))
    people = People(project.folder) if serving.names else None
    supervisor = Supervisor(project.folder, project.journal) if serving.worker else None
    desk = Desk(project, overlap=Overlap(serving.people, serving.share))
    return with_pages(
        create_app(desk, supervisor=supervisor, people=people, hosts=[*LOOPBACK, *serving.names])
    )


def serve(serving: Serving, *, host: str, port: int, processes: int = 1, said: Callable[[str], None]) -> None:
    """Serve a project until this process is told to end.

    Raises
    ------
    BadInput
        If there is no such project, nothing can listen there, or its journal is a file and `processes`
        are several: then one process is faster.
    """
    import uvicorn

    from asklearn.server.connections import UVICORN

    journal = Project(Path(serving.folder)).journal
    if processes > 1 and isinstance(journal, Path):
        raise BadInput(
            f"Several processes need a journal in PostgreSQL. Got {processes} and {journal.name}; "
            "leave --processes out, or make the project with asklearn init --journal postgresql://..."
        )
    app = application(serving) if processes == 1 else None
    listening = _listening(host, port)
    said(f"Label at http://{(*serving.names, 'localhost')[0]}:{port}/  (Ctrl-C ends it)")
    with suppress(KeyboardInterrupt):
        if app is not None:
            uvicorn.Server(uvicorn.Config(app, log_level="warning", **UVICORN)).run(sockets=[listening])
        else:
            listening.close()
            os.environ[SERVING] = json.dumps(asdict(serving))
            uvicorn.run(
                APPLICATION, factory=True, host=host, port=port, workers=processes, log_level="warning",
                **UVICORN,
            )  # fmt: skip
    said("Ended. Every answer that was acknowledged is in the journal.")


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        raise BadInput(
            f"Cannot listen on {host}, port {port}: {error.strerror}. Give another one by --port."
        ) from error
    return made
