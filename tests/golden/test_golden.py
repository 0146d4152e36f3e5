"""Journals of every version replay for ever, to the state that they gave then.

``journal_present.jsonl`` is one as the code writes it now; with a release it gets the version's name and stays.
"""

import json
from pathlib import Path

import pytest

from asklearn.events import KINDS, decode, encode
from asklearn.journal import open_state
from asklearn.journals.sql import SqlJournal
from asklearn.state import check, dump, fold, load

HERE = Path(__file__).parent
RELEASES = sorted(path.stem.removeprefix("journal_") for path in HERE.glob("journal_*.jsonl"))


def view(state):
    """What a state says, in JSON, by its public names alone."""
    items = [*range(8), "a", "b", "ä/🙂", "7", -7, 2**70, *range(14, 20)]
    return {
        "position": state.position,
        "rows": [[item, state.row(item)] for item in items],
        "status": [[item, state.status(item).value] for item in items],
        "answers": sorted(([item, labels] for item, labels in state.answers()), key=str),
        "revisions": [[item, state.revision(item, "ann")] for item in items if state.revision(item, "ann")],
        "asks": sorted(([item, *ask] for item, ask in state.asks.items()), key=str),
        "settings": json.loads(encode(state.settings)),
        "prefixes": state.plan.prefixes,
        "credit": round(state.plan.credit, 9),
        "drawn": sorted(([item, probability] for item, probability in state.drawn.items()), key=str),
        "models": [[fit.model, fit.position, fit.labels, fit.params] for fit in state.fits],
        "measured": [json.loads(encode(one)) for one in state.measured],
        "serving": state.serving,
    }


@pytest.fixture(params=RELEASES)
def release(request):
    return request.param


@pytest.fixture
def events(release):
    return [decode(line) for line in (HERE / f"journal_{release}.jsonl").read_text("utf-8").splitlines()]


@pytest.fixture
def expected(release):
    return json.loads((HERE / f"state_{release}.json").read_text("utf-8"))


def test_there_are_golden_journals():
    assert {"0.1.0", "present"} <= set(RELEASES)


def test_it_replays_to_the_same_state(events, expected):
    assert view(fold(events)) == expected


def test_it_was_allowed_at_every_step(events):
    state = fold([])
    for event in events:
        check(state, event)
        fold([event], state)


def test_it_goes_through_a_database_and_a_snapshot(events, expected, tmp_path):
    with SqlJournal(tmp_path / "journal.db") as journal:
        journal.append(events)
        assert view(open_state(journal)) == expected
        half = len(events) // 2
        journal.save_snapshot(half, dump(fold(events[:half])))
        assert view(open_state(journal)) == expected
    assert view(load(dump(fold(events)))) == expected


def test_the_newest_holds_every_kind():
    lines = (HERE / f"journal_{RELEASES[-1]}.jsonl").read_text("utf-8").splitlines()
    assert {json.loads(line)["kind"] for line in lines} == set(KINDS)


def test_what_0_1_0_says():
    """Worked out by hand, once."""
    lines = (HERE / "journal_0.1.0.jsonl").read_text("utf-8").splitlines()
    state = fold(map(decode, lines))
    status = {item: state.status(item).value for item in (0, 1, 2, 3, 5, 6, "a", "7", "ä/🙂", 15)}
    assert status == {
        0: "answered", 1: "asked", 2: "waiting", 3: "resolved", 5: "skipped", 6: "erased", "a": "answered",
        "7": "answered", "ä/🙂": "flagged", 15: "asked",
    }  # fmt: skip
    assert dict(state.answers()) == {0: ["dog"], 3: ["dog"], "a": ["zebra"], "7": [7]}
    assert state.serving == [1, 2, 1]
    assert state.plan.prefixes == [1, 1, 1]  # eight asks at 0.25, two at 0.5
    assert (state.rows, state.row("ä/🙂"), state.row(2**70)) == (20, 10, 13)
    assert state.revision(0, "ann") == 2
