"""Label Studio with ten thousand texts, for server_load: installed, filled and started as its own command does.

It lies in an environment of its own below benchmarks/results/cache, with its data in SQLite, its default. The
server is the one that ``label-studio start`` runs. Each client is a user with a token, as people would be.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.request
import venv
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from harness import RESULTS
from served import cpu_of, free_port

REQUIREMENT = "label-studio==1.23.2"
ENVIRONMENT = RESULTS / "cache" / "label_studio"
FILLED = RESULTS / "cache" / "label_studio_filled"
TOKEN = "0" * 36
PATIENCE = 900.0
USERS = 20
CONFIG = (
    '<View><Text name="t" value="$text"/><Choices name="s" toName="t" choice="single">{}</Choices></View>'
)
MAKE_USERS = """
import os, sys, django
sys.path.insert(0, os.path.join(os.path.dirname(__import__("label_studio").__file__)))
os.environ["DJANGO_SETTINGS_MODULE"] = "core.settings.label_studio"
django.setup()
from organizations.models import Organization
from rest_framework.authtoken.models import Token
from users.models import User
home = Organization.objects.first()
for n in range(int(sys.argv[1])):
    user = User.objects.create_user(email=f"user{n}@example.org", password="secret-" + str(n))
    home.add_user(user)
    user.active_organization = home
    user.save()
    Token.objects.filter(user=user).delete()
    Token.objects.create(user=user, key=sys.argv[2] + f"{n:04d}")
"""


def token(number: int) -> str:
    """Return the token of a user."""
    return f"{TOKEN}{number:04d}"


def install() -> str:
    """Install it, once; return why that failed, or nothing."""
    done = ENVIRONMENT / "installed"
    if done.exists():
        return ""
    venv.create(ENVIRONMENT, with_pip=True, clear=True)
    pip = [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "install", "--quiet", REQUIREMENT]
    tried = subprocess.run(pip, capture_output=True, text=True, check=False)
    if tried.returncode == 0:
        done.touch()
    return "" if tried.returncode == 0 else tried.stderr.strip()[-300:]


def fill(texts: list[str], labels: list[str]) -> None:
    """Make a project of the texts and its users, once."""
    if (FILLED / "filled").exists():
        return
    shutil.rmtree(FILLED, ignore_errors=True)
    FILLED.mkdir(parents=True)
    config = FILLED / "config.xml"
    config.write_text(CONFIG.format("".join(f'<Choice value="{one}"/>' for one in labels)))
    options = [
        "texts", "--init", "--username", "owner@example.org", "--password", "secret-owner",
        "--user-token", "1" * 40, "--enable-legacy-api-token", "--label-config", str(config),
    ]  # fmt: skip
    with LabelStudio(FILLED, *options) as server:
        head = {"Authorization": f"Token {'1' * 40}", "Content-Type": "application/json"}
        for start in range(0, len(texts), 1000):
            body = json.dumps([{"text": text} for text in texts[start : start + 1000]]).encode()
            request = urllib.request.Request(f"{server.url}/api/projects/1/import", body, head)
            urllib.request.urlopen(request, timeout=PATIENCE).read()
    python = str(ENVIRONMENT / "bin" / "python")
    command = [python, "-c", MAKE_USERS, str(USERS), TOKEN]
    subprocess.run(command, env=_environment(FILLED), check=True, capture_output=True)
    (FILLED / "filled").touch()


class LabelStudio:
    """A running server over the data in a folder."""

    def __init__(self, data: Path, *options: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = [str(ENVIRONMENT / "bin" / "label-studio"), "start", *options]
        command += ["--no-browser", "--port", str(self.port), "--data-dir", str(data), "--log-level", "ERROR"]
        self.process = subprocess.Popen(
            command,
            env=_environment(data),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )
        end = time.monotonic() + PATIENCE
        while not self._answers():
            if time.monotonic() > end or self.process.poll() is not None:
                self.stop()
                raise RuntimeError("Label Studio did not start.")
            time.sleep(0.2)

    def _answers(self) -> bool:
        with suppress(OSError):
            return bool(urllib.request.urlopen(f"{self.url}/health", timeout=5).read())
        return False

    @property
    def cpu(self) -> float:
        """CPU seconds so far."""
        return cpu_of(self.process.pid)

    def stop(self) -> None:
        """End it."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _environment(data: Path) -> dict[str, Any]:
    quiet = {"LATEST_VERSION_CHECK": "false", "COLLECT_ANALYTICS": "false", "SENTRY_DSN": ""}
    return {**os.environ, **quiet, "LABEL_STUDIO_BASE_DATA_DIR": str(data), "PYTHONPATH": ""}
