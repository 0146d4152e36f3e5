"""Every page in both themes: no fault that axe knows, screenshots, the screen reader's tree, no room too small.

Screenshots are written to the folder that ASKLEARN_SCREENS names, by default ``build/screens``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from staging import INSTRUCTIONS, Stage, about, card, pictured, reviews, sheet

pytestmark = pytest.mark.browser
Staged = Callable[..., tuple[Any, Stage]]

ROOT = Path(__file__).resolve().parents[2]
SCREENS = Path(os.environ.get("ASKLEARN_SCREENS", ROOT / "build" / "screens"))
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SUGGESTED = [{"label": "good", "share": 0.7}, {"label": "bad", "share": 0.2}]
INTENTS = ["card arrival", "card linked", "exchange rate", "lost card", *(f"intent {k}" for k in range(70))]


def labelling(**more: Any) -> Stage:
    stage = Stage(project=about(suggestions=True, answers=57, **more), cards=reviews(40, suggested=SUGGESTED))
    stage.moved.update(items=10_000, asked=354)
    return stage


def images() -> Stage:
    project = about(kind="image", columns=["image"], show=["camera"], labels=["cat", "dog", "horse"])
    return Stage(project=project, cards=pictured(20))


def rows() -> Stage:
    content = {"age": 39, "job": "Exec-managerial", "education": "Some college", "hours": 40, "gain": 2174.0}
    project = about(kind="tabular", columns=list(content), show=[], labels=["yes", "no"])
    return Stage(project=project, cards=[card(k, content) for k in range(9)])


def sheets() -> Stage:
    stage = labelling()
    stage.sheets = [sheet(30)]
    return stage


def picture_sheets() -> Stage:
    stage = Stage(project=about(suggestions=True, kind="image", columns=["image"]), cards=pictured(60))
    stage.sheets = [{"label": "dog", "cards": pictured(60), "lease_seconds": 300}]
    return stage


def troubled() -> Stage:
    stage = labelling()
    error = "It was killed by signal 9, probably for want of memory. It is started again in 8 seconds."
    stage.moved.update(worker={"doing": "failing", "error": error}, problem="The disk is full.")
    stage.progress.update(problem="The disk is full.")
    stage.progress["worker"].update(doing="failing", error=error)
    return stage


def signed_out() -> Stage:
    stage = Stage()
    stage.signed_out = True
    return stage


def mark_two(page: Any) -> None:
    page.locator(".cell").nth(1).click()
    page.locator(".cell").nth(6).click()


def cut(page: Any) -> None:
    page.route("**/api/**", lambda route: route.abort())
    page.keyboard.press("1")
    page.wait_for_selector("[role=status].warning")


PAGES: dict[str, tuple[Callable[[], Stage], str, str, Callable[[Any], Any]]] = {
    "label": (labelling, "", ".text", lambda page: page.keyboard.press("1")),
    "label-many": (lambda: labelling(labels=INTENTS), "", ".text", lambda page: page.keyboard.type("ca")),
    "label-image": (images, "", ".frame img", lambda page: None),
    "label-row": (rows, "", ".row", lambda page: None),
    "label-offline": (labelling, "", ".text", cut),
    "label-trouble": (troubled, "", ".trouble", lambda page: None),
    "label-empty": (lambda: Stage(cards=[]), "", ".item .quiet", lambda page: None),
    "keys": (labelling, "", ".text", lambda page: page.keyboard.press("?")),
    "flag": (labelling, "", ".text", lambda page: page.keyboard.press("f")),
    "instructions": (lambda: labelling(instructions=INSTRUCTIONS), "", "dialog", lambda page: None),
    "grid": (sheets, "#grid", ".cell", mark_two),
    "grid-images": (picture_sheets, "#grid", ".cell img", mark_two),
    "progress": (labelling, "#progress", ".progress", lambda page: page.locator("summary").click()),
    "progress-trouble": (troubled, "#progress", ".trouble", lambda page: None),
    "sign-in": (signed_out, "", ".sign-in", lambda page: None),
}


def faults(page: Any) -> dict[str, list[str]]:
    """Return what axe blames: rule to elements."""
    if not AXE.exists():
        pytest.skip("no axe-core: npm ci in web/")
    page.evaluate(AXE.read_text())
    found = page.evaluate("rules => axe.run({runOnly: rules})", RULES)["violations"]
    return {one["id"]: [node["html"][:200] for node in one["nodes"]] for one in found}


def fits(page: Any) -> None:
    """Assert that nothing runs out of the window sideways, and that every control can be hit by a finger."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    small = page.evaluate("""() => [...document.querySelectorAll('button, a, input, summary, [role=option]')]
        .filter((one) => { const {width, height} = one.getBoundingClientRect();
                           return width > 0 && (width < 24 || height < 24); })
        .map((one) => one.outerHTML)""")
    assert small == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_fault_in_either_theme_and_fits_a_phone(name: str, staged: Staged) -> None:
    make, where, wanted, act = PAGES[name]
    page, _ = staged(make(), where, color_scheme="light")
    page.wait_for_selector(wanted)
    act(page)
    SCREENS.mkdir(parents=True, exist_ok=True)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        assert faults(page) == {}
        fits(page)
        page.screenshot(path=SCREENS / f"{name}-{theme}.png", full_page=True)
    page.set_viewport_size({"width": 320, "height": 640})
    fits(page)
    page.screenshot(path=SCREENS / f"{name}-narrow.png")


def test_planted_faults_are_found(staged: Staged) -> None:
    page, _ = staged()
    page.wait_for_selector(".why span")
    page.evaluate("""() => {
      document.querySelector('.why').style.color = '#999';
      document.querySelector('.other button').replaceChildren();
      document.querySelector('main').prepend(document.createElement('img'));
    }""")
    assert {"color-contrast", "button-name", "image-alt"} <= set(faults(page))


def test_the_theme_is_chosen_and_kept(staged: Staged) -> None:
    page, _ = staged(color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    button = page.get_by_role("button", name="Theme")
    button.click()
    light = page.evaluate(ground)
    assert light != dark
    page.reload()
    expect(page.get_by_role("button", name="Theme: light")).to_be_visible()
    assert page.evaluate(ground) == light
    button.click()
    assert page.evaluate(ground) == dark
    button.click()
    expect(page.get_by_role("button", name="Theme: as the system")).to_be_visible()


def test_a_screen_reader_finds_everything_in_order(staged: Staged) -> None:
    page, _ = staged(labelling(instructions="Read it."))
    page.keyboard.press("Enter")
    expect(page.locator("body")).to_match_aria_snapshot("""
        - banner:
          - heading "reviews" [level=1]
          - navigation "Pages":
            - link "Label"
            - link "Grid"
            - link "Progress"
          - button /Theme/
        - main:
          - text: 57 by you
          - progressbar "Labelled in the project"
          - status
          - region "Item to label":
            - paragraph: /The battery/
            - table:
              - rowgroup:
                - row "stars 1":
                  - rowheader "stars"
                  - cell "1"
          - paragraph: /Why this item/
          - group "Classes":
            - button /good/
            - button /bad/
          - group "Other replies":
            - button /Undo/ [disabled]
            - button /Skip/
            - button /Flag/
            - button /Note/
            - button /More like this/
            - button /Instructions/
            - button /Keys/
    """)
    live = page.get_by_role("region", name="Item to label")
    expect(live).to_have_attribute("aria-live", "polite")


def test_the_grid_and_the_list_say_what_is_marked(staged: Staged) -> None:
    page, _ = staged(sheets(), "#grid")
    page.locator(".cell").nth(1).click()
    expect(page.get_by_role("list").get_by_role("button", pressed=True)).to_have_count(1)
    page, _ = staged(labelling(labels=INTENTS))
    page.get_by_role("combobox").press("ArrowDown")
    expect(page.get_by_role("listbox").get_by_role("option", selected=True)).to_have_count(1)


def test_everything_is_reached_by_tab_and_dialogs_give_the_focus_back(staged: Staged) -> None:
    page, _ = staged(labelling())
    page.wait_for_selector(".text")
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        name = page.evaluate(
            "document.activeElement === document.body ? '' : document.activeElement.innerText"
        )
        ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert name == "" or ring != "none"
        reached.append(name.split("\n")[0].strip())
    for wanted in ("Label", "Grid", "Progress", "Skip", "Flag", "Note", "More like this", "Keys"):
        assert any(one.startswith(wanted) for one in reached), wanted
    keys = page.get_by_role("button", name="Keys")
    keys.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Close")).to_be_focused()
    for _ in range(6):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
    page.keyboard.press("Escape")
    expect(keys).to_be_focused()


def test_nothing_moves_for_who_wants_no_motion(staged: Staged) -> None:
    page, _ = staged(reduced_motion="reduce")
    page.wait_for_selector(".classes button")
    moving = "getComputedStyle(document.querySelector('.classes button')).transitionDuration"
    assert page.evaluate(moving) in ("0s", "")


@pytest.mark.parametrize("size", [(360, 740), (740, 360), (820, 1180)], ids=["phone", "turned", "tablet"])
def test_classes_and_item_are_in_view_on_small_screens(size: tuple[int, int], staged: Staged) -> None:
    width, height = size
    page, _ = staged(labelling(), has_touch=True, viewport={"width": width, "height": height})
    page.wait_for_selector(".text")
    fits(page)
    expect(page.locator(".text")).to_be_in_viewport()
    if height > 500:
        expect(page.locator(".classes button").last).to_be_in_viewport(ratio=1)
    before = page.inner_text(".text")
    page.locator(".classes button").first.tap()
    expect(page.locator(".text")).not_to_have_text(before)
    assert min(page.locator("button").evaluate_all("all => all.map((one) => one.offsetHeight)")) >= 44
    SCREENS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENS / f"label-{width}x{height}.png")
