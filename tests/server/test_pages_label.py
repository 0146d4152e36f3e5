"""The label page, key by key, before a played server."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect
from staging import INSTRUCTIONS, Stage, about, card, pictured, reviews

from asklearn.server.schemas import About, Shown, Where

pytestmark = pytest.mark.browser
Staged = Callable[..., tuple[Any, Stage]]
INTENTS = ["card arrival", "card linked", "exchange rate", "lost card", "pin blocked", "top up failed"]
MANY = INTENTS + [f"intent {k}" for k in range(200)]


def test_the_played_server_says_what_the_real_one_does() -> None:
    stage = Stage()
    assert About(**stage.project).model_dump() == stage.project
    assert Where(**stage.progress).model_dump() == stage.progress
    assert [Shown(**one).model_dump() for one in stage.cards] == stage.cards


def text(page: Any) -> Any:
    return page.locator(".text")


def shows(page: Any, stage: Stage, place: int) -> None:
    expect(text(page)).to_have_text(stage.cards[place]["content"]["review"])


def sent(page: Any, stage: Stage, n: int) -> list[tuple[str, Any]]:
    """Return what was sent, without keys and times, as soon as `n` replies were."""
    for _ in range(200):
        if len(stage.sent) >= n:
            break
        page.wait_for_timeout(25)
    assert len(stage.sent) == n
    return [
        (path, {k: v for k, v in body.items() if k not in ("key", "seconds")}) for path, body in stage.sent
    ]


def test_digits_and_letters_choose_and_go_on(staged: Staged) -> None:
    page, stage = staged(Stage(project=about(labels=["yes", "no"])))
    shows(page, stage, 0)
    for key, place in (("1", 1), ("n", 2), ("y", 3), ("Alt+2", 4)):
        page.keyboard.press(key)
        shows(page, stage, place)
    labels = [body["label"] for _, body in sent(page, stage, 4)]
    assert labels == ["yes", "no", "yes", "no"]


def test_a_held_key_labels_one_item(staged: Staged) -> None:
    page, stage = staged()
    shows(page, stage, 0)
    for _ in range(5):
        page.keyboard.down("1")
    page.keyboard.up("1")
    shows(page, stage, 1)
    sent(page, stage, 1)


def test_with_single_keys_off_only_alt_works(staged: Staged) -> None:
    page, stage = staged()
    shows(page, stage, 0)
    page.keyboard.press("?")
    page.get_by_role("checkbox").uncheck()
    page.keyboard.press("Escape")
    for key in ("1", "g", "x", "u"):
        page.keyboard.press(key)
    page.keyboard.press("Alt+1")
    shows(page, stage, 1)
    assert sent(page, stage, 1) == [("answers", {"item": 0, "label": "good"})]
    page.reload()
    shows(page, stage, 1)
    page.keyboard.press("1")
    shows(page, stage, 1)


def test_a_flag_takes_a_comment_and_a_note_leaves_the_item(staged: Staged) -> None:
    page, stage = staged()
    shows(page, stage, 0)
    page.keyboard.press("c")
    page.keyboard.type("1 is not a rating")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    shows(page, stage, 0)
    page.keyboard.press("f")
    page.keyboard.type("cut off")
    page.keyboard.press("Enter")
    shows(page, stage, 1)
    page.keyboard.press("f")
    page.keyboard.press("Escape")
    shows(page, stage, 1)
    page.keyboard.press("f")
    page.keyboard.press("Enter")
    shows(page, stage, 2)
    page.keyboard.press("Space")
    shows(page, stage, 3)
    assert sent(page, stage, 4) == [
        ("notes", {"item": 0, "text": "1 is not a rating"}),
        ("flags", {"item": 0, "note": "cut off"}),
        ("flags", {"item": 1}),
        ("skips", {"item": 2}),
    ]


def test_space_and_enter_press_the_button_that_has_the_focus(staged: Staged) -> None:
    page, stage = staged()
    shows(page, stage, 0)
    page.get_by_role("button", name="bad").focus()
    page.keyboard.press("Space")
    shows(page, stage, 1)
    page.get_by_role("button", name="Undo").focus()
    page.keyboard.press("Enter")
    shows(page, stage, 0)
    assert [path for path, _ in sent(page, stage, 2)] == ["answers", "retractions"]


def test_space_after_a_click_skips_instead_of_pressing_the_button_again(staged: Staged) -> None:
    page, stage = staged()
    shows(page, stage, 0)
    page.get_by_role("button", name="bad").click()
    shows(page, stage, 1)
    page.keyboard.press("Space")
    shows(page, stage, 2)
    assert [path for path, _ in sent(page, stage, 2)] == ["answers", "skips"]


def test_a_class_among_hundreds_is_found_by_its_name(staged: Staged) -> None:
    suggested = [{"label": "pin blocked", "share": 0.6}, {"label": "intent 7", "share": 0.2}]
    page, stage = staged(Stage(project=about(labels=MANY), cards=reviews(40, suggested=suggested)))
    shows(page, stage, 0)
    options = page.get_by_role("option")
    expect(options.nth(0)).to_contain_text("pin blocked")
    expect(options.nth(1)).to_contain_text("intent 7")
    page.keyboard.type("card")
    page.keyboard.press("ArrowDown")  # at once, before anything was drawn
    expect(options).to_have_count(3)
    expect(page.get_by_role("combobox")).to_have_attribute("aria-activedescendant", "class-1")
    page.keyboard.press("Enter")
    shows(page, stage, 1)
    expect(options.nth(2)).to_contain_text("card linked")
    page.keyboard.press("1")
    shows(page, stage, 2)
    page.keyboard.type("exch")
    page.keyboard.press("Enter")
    shows(page, stage, 3)
    page.keyboard.press("Alt+x")
    shows(page, stage, 4)
    page.locator(".item").click()
    page.keyboard.type("intent 142")
    page.keyboard.press("Enter")
    shows(page, stage, 5)
    said = [body.get("label") for _, body in sent(page, stage, 5)]
    assert said == ["card linked", "pin blocked", "exchange rate", None, "intent 142"]


def test_an_open_list_takes_a_new_class_and_offers_it_again(staged: Staged) -> None:
    page, stage = staged(Stage(project=about(labels=[], open_labels=True)))
    shows(page, stage, 0)
    page.keyboard.type("sarcasm")
    page.keyboard.press("Enter")
    shows(page, stage, 1)
    expect(page.get_by_role("option").nth(0)).to_contain_text("sarcasm")
    assert sent(page, stage, 1)[0][1]["label"] == "sarcasm"


def test_suggestions_are_marked_and_their_order_stays(staged: Staged) -> None:
    shares = [{"label": "bad", "share": 0.8}, {"label": "good", "share": 0.2}]
    page, stage = staged(Stage(cards=[*reviews(1, suggested=shares), *reviews(9)[1:]]))
    shows(page, stage, 0)
    assert [one.split()[-1] for one in page.locator(".classes .name").all_inner_texts()] == ["good", "bad"]
    expect(page.locator(".classes .suggested")).to_contain_text("bad")
    page.keyboard.press("2")
    shows(page, stage, 1)
    expect(page.locator(".classes .suggested")).to_have_count(0)


def test_more_like_this_comes_next(staged: Staged) -> None:
    page, stage = staged()
    stage.similar = [card("s1", {"review": "much like it"}, stream="similar")]
    shows(page, stage, 0)
    page.keyboard.press("m")
    expect(page.locator(".why")).to_contain_text("1 similar item comes next")
    page.keyboard.press("1")
    expect(text(page)).to_have_text("much like it")
    page.keyboard.press("1")
    shows(page, stage, 1)


def test_instructions_are_shown_once_and_by_their_key(staged: Staged) -> None:
    page, stage = staged(Stage(project=about(instructions=INSTRUCTIONS)))
    dialog = page.get_by_role("dialog", name="Instructions")
    expect(dialog.locator("li")).to_have_count(4)
    expect(dialog).to_contain_text("<b>HTML stays text</b>")
    page.keyboard.press("1")
    shows(page, stage, 0)
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    page.reload()
    shows(page, stage, 0)
    expect(dialog).to_have_count(0)
    page.keyboard.press("i")
    expect(dialog).to_have_count(1)
    stage.project["instructions"] = "Something new"
    page.reload()
    expect(dialog).to_contain_text("Something new")


def test_a_new_model_orders_what_is_not_shown_yet(staged: Staged) -> None:
    page, stage = staged()
    shows(page, stage, 0)
    stage.cards = [stage.cards[0], *reversed(stage.cards[1:])]
    stage.moved = {**stage.moved, "model": 4}
    with page.expect_request("**/leases/return") as given_back:
        pass
    assert given_back.value.post_data_json["items"] == list(range(1, 8))
    shows(page, stage, 0)
    page.keyboard.press("1")
    shows(page, stage, 1)
    assert stage.cards[1]["item"] == 39


def test_progress_of_me_and_of_the_project(staged: Staged) -> None:
    stage = Stage(project=about(answers=57))
    stage.moved.update(items=10_000, asked=354)
    page, _ = staged(stage)
    line = page.locator(".line")
    expect(line).to_contain_text("57 by you")
    expect(line).to_contain_text("314 of 10,000 items done")
    page.keyboard.press("1")
    expect(line).to_contain_text("58 by you, 1 just now")


def test_trouble_of_worker_and_database_is_told(staged: Staged) -> None:
    page, stage = staged()
    shows(page, stage, 0)
    alerts = page.locator(".trouble")
    expect(alerts).to_have_count(0)
    stage.moved = {**stage.moved, "worker": {"doing": "failing", "error": "out of memory"}}
    expect(alerts).to_contain_text("out of memory")
    stage.problem = "The disk is full."
    page.keyboard.press("1")
    expect(page.get_by_role("status")).to_contain_text("The disk is full. 1 answer is kept here")
    shows(page, stage, 1)
    stage.problem, stage.moved = None, {**stage.moved, "worker": None}
    expect(page.get_by_role("status")).to_have_text("All answers saved", timeout=20_000)
    expect(alerts).to_have_count(0)
    sent(page, stage, 1)


def test_without_a_connection_answers_wait_and_go_together(staged: Staged) -> None:
    page, stage = staged()
    shows(page, stage, 0)
    page.keyboard.press("1")
    sent(page, stage, 1)
    stage.down = True
    for place in range(2, 6):
        page.keyboard.press("2")
        shows(page, stage, place)
    expect(page.get_by_role("status")).to_contain_text("4 answers are kept here")
    held = page.evaluate(
        "Object.keys(localStorage).filter((one) => one.startsWith('asklearn-outbox/')).length"
    )
    assert held == 4
    stage.down = False
    expect(page.get_by_role("status")).to_have_text("All answers saved", timeout=20_000)
    together = [body for path, body in stage.sent if path == "answers/many"]
    said = [one for body in together for one in body["answers"]]
    said += [body for path, body in stage.sent[1:] if path == "answers"]
    assert sorted(one["item"] for one in said) == [1, 2, 3, 4]


def test_two_tabs_keep_their_answers_apart(staged: Staged) -> None:
    page, stage = staged()
    other = page.context.new_page()
    other.goto(page.url)
    shows(page, stage, 0)
    shows(other, stage, 0)
    stage.down = True
    for one in (page, other, page):
        one.keyboard.press("1")
    stage.down = False
    for one in (page, other):
        expect(one.get_by_role("status")).to_have_text("All answers saved", timeout=20_000)
    everything = json.dumps(stage.sent)
    assert everything.count('"label": "good"') >= 3


def test_a_refused_answer_is_told_and_the_others_arrive(staged: Staged) -> None:
    page, stage = staged()
    shows(page, stage, 0)
    refusal = {"status": 409, "json": {"error": "KeyReused", "detail": "Another answer has that key."}}
    page.route("**/api/v1/answers", lambda route: route.fulfill(**refusal))
    page.keyboard.press("1")
    expect(page.locator(".trouble")).to_contain_text("Another answer has that key.")
    page.unroute("**/api/v1/answers")
    page.keyboard.press("1")
    sent(page, stage, 1)
    expect(page.locator(".trouble")).to_have_count(0)


def test_an_image_is_there_at_once_zooms_and_fits(staged: Staged) -> None:
    project = about(kind="image", columns=["image"], show=["camera"], labels=["cat", "dog"])
    page, _ = staged(Stage(project=project, cards=pictured(20)))
    image = page.locator(".frame img")
    expect(image).to_be_visible()
    scale = "document.querySelector('.frame img').getBoundingClientRect().width"
    fitted = page.evaluate(scale)
    page.keyboard.press("+")
    page.wait_for_function(f"{scale} > {1.2 * fitted}")
    left = image.bounding_box()["x"]
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(f"document.querySelector('.frame img').getBoundingClientRect().x > {left + 10}")
    box = page.locator(".frame").bounding_box()
    page.mouse.move(box["x"] + 10, box["y"] + 10)
    page.mouse.wheel(0, -400)
    page.wait_for_function(f"{scale} > {2 * fitted}")
    before = image.bounding_box()["x"]
    page.mouse.down()
    page.mouse.move(box["x"] - 60, box["y"] + 10)
    page.mouse.up()
    assert image.bounding_box()["x"] < before - 30
    page.get_by_role("button", name="Fit").click()
    page.wait_for_function(f"Math.abs({scale} - {fitted}) < 1")
    with page.expect_response("**/api/v1/answers"):
        page.keyboard.press("1")
    at_once = page.evaluate("""() => {
      window.dispatchEvent(new KeyboardEvent('keydown', {key: '1', code: 'Digit1', bubbles: true}));
      return new Promise((done) => setTimeout(() => {
        const shown = document.querySelector('.frame img');
        done(shown !== null && shown.complete && shown.naturalWidth === 96);
      }, 0));
    }""")
    assert at_once


def test_an_image_that_cannot_be_shown_says_so(staged: Staged) -> None:
    project = about(kind="image", columns=["image"])
    page, _ = staged(Stage(project=project, cards=pictured(20, broken=True)))
    expect(page.locator(".item")).to_contain_text("The image in column image cannot be shown")
    page.keyboard.press("x")
    expect(page.get_by_role("button", name="Undo")).to_be_enabled()


def test_long_and_right_to_left_texts_and_rows(staged: Staged) -> None:
    long = "word " * 4_000
    cards = [
        card(1, {"review": "שלום עולם"}), card(2, {"review": long}), card(3, {"review": "x" * 5_000}),
        card(4, {"review": "a\nb", "row": {"nested": [1]}, "none": None}),
    ]  # fmt: skip
    page, _ = staged(Stage(cards=cards))
    expect(text(page)).to_have_text("שלום עולם")
    assert page.evaluate("getComputedStyle(document.querySelector('.text')).direction") == "rtl"
    page.keyboard.press("1")
    expect(text(page)).to_contain_text("word word")
    item = "document.querySelector('.item')"
    page.wait_for_function(f"{item}.scrollHeight > {item}.clientHeight && {item}.scrollTop === 0")
    assert page.evaluate("document.querySelector('.text').getBoundingClientRect().top") > 0
    expect(page.get_by_role("button", name="bad")).to_be_in_viewport()
    page.keyboard.press("1")
    expect(text(page)).to_contain_text("xxx")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.keyboard.press("1")
    expect(page.locator(".item table")).to_contain_text('{"nested":[1]}')


def test_two_fingers_zoom_an_image(staged: Staged) -> None:
    project = about(kind="image", columns=["image"], labels=["cat", "dog"])
    page, _ = staged(Stage(project=project, cards=pictured(20)), has_touch=True)
    page.wait_for_selector(".frame img")
    box = page.locator(".frame").bounding_box()
    middle, across = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    fingers = page.context.new_cdp_session(page)

    def touch(kind: str, *apart: float) -> None:
        points = [
            {"x": middle + side * one, "y": across, "id": k}
            for one in apart
            for k, side in enumerate((-1, 1))
        ]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 30)
    for apart in (45, 60, 75, 90):
        touch("touchMove", apart)
    touch("touchEnd")
    page.wait_for_function(
        f"document.querySelector('.frame img').getBoundingClientRect().width > {2 * box['width']}"
    )
    assert page.evaluate("visualViewport.scale") == 1
