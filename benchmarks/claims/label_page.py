"""Claims about the label page in Chromium: from a key press to the next item on the screen.

About 0.1 CPU hours and four minutes; needs the built pages, Playwright and Chromium. A key that chooses a class is
pressed four times a second, on a project of 20,000 texts of 20 classes whose worker trains after every 20 answers.
The time runs from the browser's time stamp of the key press to the first task after the frame in which the text has
changed. With ``delay`` the page reaches the server through a proxy that adds 100 ms each way. Values are of all
repeats together, low and high those of the repeats.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import numpy as np

from harness import RESULTS, Run, main
from served import Server, free_port, texts

DELAY = Path(__file__).resolve().parents[1] / "delay.py"
SET = "text_stackoverflow20"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
TIMER = """() => {
  window.painted = [];
  let pressed = null;
  addEventListener("keydown", (event) => { if (event.key === "1") pressed = event.timeStamp; }, true);
  new MutationObserver(() => {
    if (pressed === null || !document.querySelector(".text")) return;
    const began = pressed;
    pressed = null;
    requestAnimationFrame(() => {
      const after = new MessageChannel();
      after.port1.onmessage = () => window.painted.push(performance.now() - began);
      after.port2.postMessage(null);
    });
  }).observe(document.querySelector(".item"), { childList: true, characterData: true, subtree: true });
}"""


def measure(run: Run) -> None:
    """Claim fifty milliseconds, near and far."""
    for delay in (0, 200):
        units = [
            {"data": str(run.data), "delay": delay, "presses": run.options["presses"], "repeat": n}
            for n in range(run.options["repeats"])
        ]
        found = run.map(pressed, units)
        each = [float(np.quantile(one["painted"], 0.99)) for one in found]
        pooled = [time for one in found for time in one["painted"]]
        value = float(np.quantile(pooled, 0.99))
        median, missed = float(np.median(pooled)), sum(one["missed"] for one in found)
        note = f"{len(pooled)} presses, median {median:.3g} ms, {run.options['per_second']} a second"
        name = f"label_page.delay_{delay}"
        run.claim(f"{name}.painted_p99_ms", value, min(*each, value), max(*each, value), "<=50", note)
        run.claim(f"{name}.missed", missed, None, None, "0..0", "presses after which no next item was there")
        run.claim(
            f"{name}.unsaved",
            sum(one["unsaved"] for one in found),
            None,
            None,
            "0..0",
            "answers that were lost",
        )


def pressed(data: str, delay: int, presses: int, repeat: int, per_second: float = 4.0) -> dict[str, Any]:
    """Return the milliseconds from each key press to the next item on the screen."""
    from asklearn.journal import open_state
    from asklearn.journals.sql import SqlJournal

    (RESULTS / "cache").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=RESULTS / "cache") as scratch:
        folder = texts(Path(scratch), data)
        with (
            Server(folder) as server,
            delayed(server.port, delay) as port,
            page(f"http://127.0.0.1:{port}/") as shown,
        ):
            shown.wait_for_selector(".text")
            shown.wait_for_timeout(2_000 + 5 * delay)
            shown.evaluate(TIMER)
            due = time.perf_counter()
            for _ in range(presses):
                due += 1 / per_second
                shown.keyboard.press("1")
                shown.wait_for_timeout(max(0.0, 1e3 * (due - time.perf_counter())))
            shown.wait_for_timeout(5_000 + 20 * delay)
            painted = shown.evaluate("window.painted")
        stored = sum(1 for _ in open_state(SqlJournal(folder / "journal.db")).answers())
    return {"painted": painted, "missed": presses - len(painted), "unsaved": len(painted) - stored}


@contextmanager
def delayed(port: int, delay: int) -> Iterator[int]:
    """Yield a port of loopback that leads to another one, with a delay."""
    if not delay:
        yield port
        return
    through = free_port()
    command = [sys.executable, str(DELAY), str(through), str(port), str(delay)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield through
        process.kill()


@contextmanager
def page(url: str) -> Iterator[Any]:
    """Yield a page of Chromium that has gone to an address."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        opened = browser.new_page(viewport={"width": 1100, "height": 800})
        opened.goto(url)
        yield opened
        browser.close()


if __name__ == "__main__":
    sys.exit(
        main(
            "label_page", measure, cpu_hours=0.1, sets=[SET], repeats=2, presses=200, per_second=4,
            quick={"repeats": 1, "presses": 40},
        )
    )  # fmt: skip
