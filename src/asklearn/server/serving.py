"""Runs the application under uvicorn, with its pages and its worker."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from pathlib import Path

from asklearn.errors import BadInput
from asklearn.project import Project
from asklearn.registry import require
from asklearn.server.app import LOOPBACK, create_app
from asklearn.server.desk import Desk
from asklearn.server.people import People
from asklearn.server.queue import Overlap
from asklearn.server.supervisor import Supervisor

require("fastapi", "server")
from fastapi import FastAPI, Response  # noqa: E402
from fastapi.staticfiles import StaticFiles  # noqa: E402

STATIC = Path(__file__).with_name("static")
NOT_BUILT = (
    "The web pages are not built: this package was installed where npm could not be reached. Build them with: "
    "python hatch_build.py in a clone, then install again. The interface under /api/v1 works."
)


def with_pages(app: FastAPI, static: Path = STATIC) -> FastAPI:
    """Serve the built pages, or say how to build them."""
    if (static / "index.html").is_file():
        app.mount("/", StaticFiles(directory=static, html=True))
    else:
        app.add_api_route("/", lambda: Response(NOT_BUILT, media_type="text/plain"), include_in_schema=False)
    return app


def serve(
    project: Project,
    *,
    host: str,
    port: int,
    names: Sequence[str],
    overlap: tuple[int, float],
    worker: bool,
    said: Callable[[str], None],
) -> None:
    """Serve a project until the process is told to end."""
    import uvicorn

    from asklearn.server.connections import UVICORN

    people = People(project.folder) if names else None
    supervisor = Supervisor(project.folder, project.journal) if worker else None
    desk = Desk(project, overlap=Overlap(*overlap))
    app = with_pages(create_app(desk, supervisor=supervisor, people=people, hosts=[*LOOPBACK, *names]))
    listening = _listening(host, port)
    said(f"Label at http://{names[0] if names else 'localhost'}:{port}/  (Ctrl-C ends it)")
    config = uvicorn.Config(app, log_level="warning", **UVICORN)
    uvicorn.Server(config).run(sockets=[listening])


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
