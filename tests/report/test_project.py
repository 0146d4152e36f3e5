"""The project's page: what its first sentence says, hostile input, little data, and a real browser."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asklearn import ActiveLearner
from asklearn.report.facts import facts
from asklearn.report.project import headline, project_page

MODEL = "logistic(C=1.0, temperature=1.0)"
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style><script>",
    "\u202eevil\u202c שלום",
    "\x1b[31m{0}%s",
    "https://evil.example/track.png",
    "x" * 5_000,
]


def words(html):
    return re.sub("<[^>]*>", "", html)


def labelled(digits, rounds=3, n=30, names=str, **options):
    learner = ActiveLearner(MODEL, digits.X, **{"audit": 0.4, "seed": 0, **options})
    for turn in range(rounds):
        batch = learner.ask(n)
        said = [names(one) for one in digits.label(batch.rows)]
        learner.tell(batch.ids, said, annotator=["ann", "ben"][turn % 2], seconds=[float(turn)] * n)
        learner.tell(batch.ids[:5], [said[0]] * 5, annotator="cid")
        learner.evaluate()
    return learner


@pytest.fixture(scope="module")
def found(digits):
    """Facts of ninety labels by three people."""
    return facts(labelled(digits), name="digits", now=1.7e9)


def test_the_first_sentence_tells_the_estimate_with_its_interval(found):
    estimate = found["estimate"]
    said = words(headline(found))
    assert said == (
        f"The model gets {estimate['value']:.0%} of items right [{estimate['low']:.0%}, {estimate['high']:.0%}] "
        f"after {found['labels']['n']} labels."
    )


def test_every_section_is_there_once_and_in_order(check, found):
    check(page := project_page(found))
    headings = [words(one) for one in re.findall(r"<h2>(.*?)</h2>", page)]
    assert headings == [
        "Where it stands, and what to do next",
        "How good the model is",
        "How many labels a score takes",
        "What the next labels are worth",
        "What choosing well has saved",
        "Where it errs more than elsewhere",
        "What was asked, and why",
        "Which classes there are",
        "How well each class is recognised",
        "What it still confuses",
        "Can its confidence be trusted?",
        "Worth a second look",
        "Who labelled",
        "What took longest",
        "Some questions, and why they were asked",
        "How to read this",
        "How this was computed",
    ]
    assert "14 November 2023" in page


def test_numbers_stand_beside_their_intervals(found):
    page = words(project_page(found))
    for one in found["forecast"]:
        assert f"{one['value']:.0%} [{one['low']:.0%}, {one['high']:.0%}]" in page
        assert "90% interval" in page
    both = found["agreement"]
    assert f"{both['value']:.0%} [{both['low']:.0%}, {both['high']:.0%}] of {both['n']} items" in page


def test_what_is_not_known_is_said(check, digits):
    learner = ActiveLearner(MODEL, digits.X, audit=0.4, seed=0)
    page = project_page(facts(learner))
    assert "Nothing is labelled yet." in page
    assert "asklearn ask" in page
    learner.tell([0], [digits.y[0]])
    assert "There is no model yet after 1 label." in words(project_page(facts(learner)))
    learner.tell(range(1, 9), digits.label(range(1, 9)))
    page = words(project_page(facts(learner)))
    assert "After 9 labels there is a model, and nothing yet to measure it by." in page
    assert "no label drawn at random has an answer yet" in page
    batch = learner.ask(10)
    learner.tell(batch.ids, digits.label(batch.rows))
    page = words(project_page(facts(learner)))
    assert "There is no forecast yet" in page
    assert "Too few labels to say: 30 drawn at random are needed" in page
    for one in (page, project_page(facts(ActiveLearner(MODEL, digits.X[:1], seed=0)))):
        assert not re.search(r"\b(nan|None|inf)\b", words(one))


def test_a_finished_pool_says_so(check, digits):
    learner = ActiveLearner(MODEL, digits.X[:40], audit=0.5, seed=0)
    batch = learner.ask(40)
    learner.tell(batch.ids, digits.label(batch.rows))
    page = project_page(facts(learner))
    check(page)
    assert "There is nothing left to ask" in page
    assert "Consider stopping: every item of the pool has been asked." in page


@pytest.mark.parametrize("poison", HOSTILE)
def test_hostile_names_and_contents_are_only_ever_text(check, digits, poison):
    learner = labelled(digits, names=lambda one: f"{one}{poison}")
    item = next(iter(learner.labels))
    learner.tell([item], ["other" + poison], annotator=poison)
    learner.flag([item], annotator=poison + "!")
    held = {one: {"text": poison, "row": {poison: poison}} for one in learner.labels}
    page = project_page(facts(learner, name=poison, about={"encoder": poison}), held)
    check(page)
    assert len(page) < 400_000


@settings(deadline=None, max_examples=30)
@given(text=st.text(st.characters(codec=None, exclude_categories=()), max_size=30))
def test_any_content_is_only_ever_text(check, found, text):
    check(
        project_page(
            {**found, "name": text}, {found["examples"][0]["id"]: {"text": text, "row": {text: text}}}
        )
    )


@pytest.mark.parametrize("metric", ["macro_f1", "neg_log_loss"])
def test_other_metrics_have_other_words(check, digits, metric):
    page = project_page(facts(labelled(digits, metric=metric)))
    check(page)
    assert f"The model’s {metric.replace('_', ' ')} is " in words(page)


def test_facts_that_went_through_json_give_the_same_page(found):
    assert project_page(json.loads(json.dumps(found))) == project_page(found)


def test_cohorts_of_different_rates_are_weighted(check, digits):
    learner = labelled(digits, rounds=2)
    learner.add(digits.X_test)
    batch = learner.ask(40)
    truth = digits.y + digits.y_test
    learner.tell(batch.ids, [str(truth[row]) for row in batch.rows])
    found = facts(learner)
    assert found["items"]["all"] == 800
    assert "effective" in found["estimate"]["method"]
    assert all(one["low"] <= one["value"] <= one["high"] for one in found["balance"])
    check(project_page(found))


def test_the_facts_are_not_changed(found):
    before = repr(found)
    project_page(found)
    assert repr(found) == before


def test_many_classes_are_cut_and_counted(check, digits):
    learner = labelled(digits, names=lambda one: f"{one}", labels=[str(i) for i in range(77)])
    page = project_page(facts(learner, classes=[str(i) for i in range(77)]))
    check(page)
    assert "77 classes, 67 of them without a label yet" in page
    assert "57 more are not drawn" in page


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("poison", ["", HOSTILE[1], HOSTILE[3], HOSTILE[-1]])
def test_the_page_is_quiet_and_fits(browser, opened, digits, tmp_path, poison, width):
    learner = labelled(digits, names=lambda one: f"{one}{poison}")
    held = {one: {"text": f"text {poison}"} for one in learner.labels}
    path = tmp_path / "report.html"
    path.write_text(project_page(facts(learner, name=f"n{poison}"), held), encoding="utf-8")
    tab, noise, requests = opened(browser, path, viewport={"width": width, "height": 740})
    assert noise == []
    assert requests == [path.as_uri()]
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    assert tab.locator("script").count() == 0
    tab.close()


@pytest.mark.browser
def test_no_chart_or_card_is_cut_in_print(browser, opened, found, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(project_page(found), encoding="utf-8")
    tab, _, _ = opened(browser, path)
    tab.emulate_media(media="print")
    for name in ("figure", ".cards li"):
        styles = tab.locator(name).evaluate_all("them => them.map(one => getComputedStyle(one).breakInside)")
        assert set(styles) == {"avoid"}
    assert len(re.findall(rb"/Type\s*/Page\b", tab.pdf())) >= 3
    tab.close()
