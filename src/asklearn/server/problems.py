"""What goes wrong, in the one form in which the interface says it: Problem, with a status of its own."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from asklearn.errors import AskLearnError, JournalDamaged, JournalError, KeyReused, NotStored, UnknownItem
from asklearn.registry import require
from asklearn.server.schemas import Problem

require("fastapi", "server")
from fastapi import FastAPI, Request, Response  # noqa: E402
from fastapi.exceptions import RequestValidationError  # noqa: E402
from fastapi.responses import JSONResponse  # noqa: E402
from starlette.exceptions import HTTPException  # noqa: E402

STATUS_OF = {UnknownItem: 404, KeyReused: 409, NotStored: 503, JournalDamaged: 503}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    code: {"model": Problem} for code in (400, 401, 403, 404, 405, 409, 413, 421, 422, 429, 500, 503)
}
_SHOWN = 5


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
    return JSONResponse(content, status, dict(headers or {}))


def say_problems(app: FastAPI) -> None:
    """Let an application say everything that it refuses as a Problem."""
    app.add_exception_handler(AskLearnError, _refused)
    app.add_exception_handler(HTTPException, _answered)
    app.add_exception_handler(RequestValidationError, _misfit)


def _refused(_: Request, error: Exception) -> Response:
    status = next((status for kind, status in STATUS_OF.items() if isinstance(error, kind)), 422)
    if type(error) is JournalError:  # none of its kinds: the database does not answer
        status = 503
    return problem(status, str(error), error=type(error).__name__)


def _answered(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem(error.status_code, error.detail, headers=error.headers)


def _misfit(_: Request, error: Exception) -> Response:
    """Say what does not fit, without what was sent: that may be long, secret, or no text at all."""
    assert isinstance(error, RequestValidationError)
    said = [f"{'.'.join(map(str, one['loc'][1:]))[:100]}: {one['msg']}" for one in error.errors()]
    more = [f"and {len(said) - _SHOWN} more"] if len(said) > _SHOWN else []
    return problem(422, "; ".join([*said[:_SHOWN], *more]) + ".", error="BadInput")
