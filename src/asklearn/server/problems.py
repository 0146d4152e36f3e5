"""What goes wrong, in the one form in which the interface says it: Problem, with a status of its own."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from asklearn.errors import AskLearnError, KeyReused, UnknownItem
from asklearn.registry import require
from asklearn.server.health import in_trouble
from asklearn.server.schemas import Problem

require("fastapi", "server")
require("sqlalchemy", "app")
import sqlalchemy as sa  # noqa: E402
from fastapi import FastAPI, Request, Response  # noqa: E402
from fastapi.exceptions import RequestValidationError  # noqa: E402
from fastapi.responses import JSONResponse  # noqa: E402
from starlette.exceptions import HTTPException  # noqa: E402

STATUS_OF = {UnknownItem: 404, KeyReused: 409}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    code: {"model": Problem} for code in (400, 401, 403, 404, 405, 409, 413, 421, 422, 429, 500, 503)
}
AGAIN_SECONDS = "2"
TROUBLE = (
    "The database or the disk cannot be reached just now; nothing of this was recorded. Send the same again."
)
_SHOWN = 5
_KINDS = ("constrained-str", "constrained-int")
_log = logging.getLogger(__name__)


def problem(
    status: int, detail: str, *, error: str = "", headers: Mapping[str, str] | None = None
) -> Response:
    """Return the answer that says what went wrong; `error` is by default what the status is called.

    Examples
    --------
    >>> problem(404, "There is no item 'x' in this project.").body
    b'{"error":"Not Found","detail":"There is no item \\'x\\' in this project."}'
    """
    words = detail.encode("utf-8", "backslashreplace").decode()
    content = {"error": error or HTTPStatus(status).phrase, "detail": words}
    again = {"Retry-After": AGAIN_SECONDS} if status == 503 else {}
    return JSONResponse(content, status, again | dict(headers or {}))


def say_problems(app: FastAPI) -> None:
    """Let an application say everything that it refuses as a Problem."""
    app.add_exception_handler(AskLearnError, _refused)
    app.add_exception_handler(HTTPException, _answered)
    app.add_exception_handler(RequestValidationError, _misfit)
    for trouble in (sa.exc.SQLAlchemyError, OSError):
        app.add_exception_handler(trouble, _in_trouble)


def _refused(_: Request, error: Exception) -> Response:
    trouble = in_trouble(error)
    status = next((status for kind, status in STATUS_OF.items() if isinstance(error, kind)), 422)
    return problem(503 if trouble else status, str(error), error=type(error).__name__)


def _answered(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem(error.status_code, error.detail, headers=error.headers)


def _in_trouble(request: Request, error: Exception) -> Response:
    _log.warning("%s %.200r: %.500s", request.method, request.url.path, error)
    return problem(503, TROUBLE, error="NotStored")


def _misfit(_: Request, error: Exception) -> Response:
    """Say what does not fit, without what was sent: that may be long, secret, or no text at all."""
    assert isinstance(error, RequestValidationError)
    said = list(dict.fromkeys(map(_sentence, error.errors())))
    more = [f"And {len(said) - _SHOWN} more."] if len(said) > _SHOWN else []
    return problem(422, " ".join([*said[:_SHOWN], *more]), error="BadInput")


def _sentence(found: Mapping[str, Any]) -> str:
    """Return one of the checker's findings in words.

    Examples
    --------
    >>> _sentence({"type": "missing", "loc": ("body", "answers", 0, "label"), "msg": "Field required"})
    'answers.0.label is missing.'
    """
    parts = [str(one) for one in found["loc"][1:] if str(one) not in _KINDS]
    name = ".".join(parts)[:100] or "the request"
    if found["type"] == "missing":
        return f"{name} is missing."
    if found["type"] == "extra_forbidden":
        return f"{name} is not known here; leave it out."
    if found["type"] == "json_invalid":
        return "The request must hold JSON."
    return f"{name}: {found['msg']}."
