"""The grid page: one suggested class at once, before a played server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect
from staging import Stage, about, pictured, sheet

pytestmark = pytest.mark.browser
Staged = Callable[..., tuple[Any, Stage]]


def grid(*sheets: Any, **project: Any) -> Stage:
    stage = Stage(project=about(suggestions=True, **project))
    stage.sheets = list(sheets)
    return stage


def replies(stage: Stage) -> list[tuple[str, Any]]:
    """Return every reply by itself, also those that were sent together."""
    found = []
    for path, body in stage.sent:
        found += [("answers", one) for one in body["answers"]] if path == "answers/many" else [(path, body)]
    return found


def saved(page: Any) -> None:
    expect(page.get_by_role("status")).to_have_text("All answers saved", timeout=20_000)


def test_clicked_ones_are_left_out_and_labelled_one_by_one(staged: Staged) -> None:
    page, stage = staged(grid(sheet(12), sheet(3, "bad")), where="#grid")
    cells = page.locator(".cell")
    expect(cells).to_have_count(12)
    cells.nth(1).click()
    cells.nth(4).click()
    cells.nth(4).click()
    cells.nth(5).click()
    expect(page.get_by_role("button", name="Confirm 10")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("h2")).to_contain_text("bad")
    saved(page)
    assert {body["label"] for _, body in replies(stage)} == {"good"}
    assert {body["item"] for _, body in replies(stage)} == {f"g{k}" for k in range(12)} - {"g1", "g5"}
    page.get_by_role("link", name="Label").click()
    expect(page.locator(".text")).to_be_visible()
    page.keyboard.press("x")
    expect(page.locator(".text")).to_contain_text("[1]")
    expect(page.locator(".suggested")).to_have_count(0)


def test_keys_alone_mark_confirm_and_undo(staged: Staged) -> None:
    page, stage = staged(grid(sheet(12), sheet(3, "bad"), sheet(2)), where="#grid")
    cells = page.locator(".cell")
    expect(cells.nth(0)).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("x")
    wrong = page.locator(".cell[aria-pressed=true]")
    expect(wrong).to_have_count(2)
    marked = wrong.all_inner_texts()
    page.keyboard.press("Enter")
    expect(page.locator("h2")).to_contain_text("bad")
    saved(page)
    page.keyboard.press("u")
    expect(cells).to_have_count(12)
    assert wrong.all_inner_texts() == marked
    expect(page.locator(".line")).to_contain_text("0 by you")
    for _ in range(200):
        if len(replies(stage)) == 20:
            break
        page.wait_for_timeout(25)
    kinds = [path for path, _ in replies(stage)]
    assert (kinds.count("answers"), kinds.count("retractions")) == (10, 10)
    page.keyboard.press("Enter")
    saved(page)
    assert [path for path, _ in replies(stage)].count("answers") == 20


def test_a_held_enter_confirms_one_page(staged: Staged) -> None:
    page, _ = staged(grid(sheet(4), sheet(4, "bad"), sheet(4, "so-so")), where="#grid")
    expect(page.locator(".cell")).to_have_count(4)
    for _ in range(4):
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    expect(page.locator("h2")).to_contain_text("bad")


def test_pictures_fill_the_grid(staged: Staged) -> None:
    stage = grid(
        {"label": "dog", "cards": pictured(60), "lease_seconds": 300}, kind="image", columns=["image"]
    )
    stage.cards = pictured(60)
    page, _ = staged(stage, where="#grid")
    expect(page.locator(".cell img")).to_have_count(60)
    expect(page.locator(".cell .excerpt")).to_have_count(0)


def test_without_suggestions_there_is_no_grid(staged: Staged) -> None:
    page, _ = staged(Stage(), where="#grid")
    expect(page.locator(".text")).to_be_visible()
    expect(page.get_by_role("link", name="Grid")).to_have_count(0)


def test_an_empty_grid_says_why(staged: Staged) -> None:
    page, stage = staged(grid(), where="#grid")
    expect(page.locator("main")).to_contain_text("no items with one suggested class")
    stage.sheets = [sheet(3)]
    page.get_by_role("button", name="Look again").click()
    expect(page.locator(".cell")).to_have_count(3)
