"""Make the README's pictures, from a simulation's result or from a project's report.

    python docs/make_images.py result.json
    python docs/make_images.py reports/report.html

The first writes docs/images/learning-curve.svg and docs/images/report.png, the second docs/images/project.png; the
screenshots need Playwright and Chromium.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

from asklearn.report import learning_curve_svg, simulation_page

IMAGES = Path(__file__).parent / "images"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def screenshot(page: str, target: Path) -> None:
    """Write the first screen of a page as a PNG, at twice its size."""
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, BROWSERS)), None)
    if chromium is None:
        raise SystemExit(
            "No Chromium. Expected one of " + ", ".join(BROWSERS) + "; apt-get install -y chromium"
        )
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        path = Path(folder) / "report.html"
        path.write_text(page, encoding="utf-8")
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_page(viewport={"width": 1100, "height": 1130}, device_scale_factor=2)
        tab.goto(path.as_uri())
        tab.screenshot(path=str(target))
        browser.close()


def main(source: str) -> None:
    """Read the result, or the page, and write its pictures."""
    IMAGES.mkdir(exist_ok=True)
    text = Path(source).read_text(encoding="utf-8")
    if source.endswith(".html"):
        screenshot(text, IMAGES / "project.png")
        return
    result = json.loads(text)
    (IMAGES / "learning-curve.svg").write_text(learning_curve_svg(result), encoding="utf-8")
    screenshot(simulation_page(result), IMAGES / "report.png")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("Expected one file: python docs/make_images.py result.json (or report.html)")
    main(sys.argv[1])
