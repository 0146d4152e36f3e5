"""The contract of ``simulate``: keys, lengths, one start set, the same numbers whoever computes them."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pytest

from asklearn.curves import area
from asklearn.dataset import Dataset
from asklearn.errors import BadInput, UnknownName
from asklearn.metrics import metric
from asklearn.registry import adapt
from asklearn.simulate import simulate

MODEL = "logistic(C=10.0, temperature=1.0)"
SIZES: dict[str, Any] = {"start": 10, "batch": 7, "budget": 40, "seeds": 2, "model": MODEL}


@pytest.fixture(scope="module")
def small(digits: Any) -> Dataset:
    return Dataset(
        name="digits",
        encoder="none",
        X_pool=digits.X[:200],
        y_pool=digits.y[:200],
        X_test=digits.X_test[:150],
        y_test=digits.y_test[:150],
        ids=np.arange(1000, 1200),
        preview=lambda row: {"text": f"<row {row}>"},
    )


@pytest.fixture(scope="module")
def result(small: Dataset) -> dict[str, Any]:
    return simulate(small, ["random", "margin", "auto"], **SIZES)


def without_seconds(result: dict[str, Any]) -> dict[str, Any]:
    plain = copy.deepcopy(result)
    for run in plain["runs"]:
        del run["seconds"]
    return plain


def test_the_keys_of_the_contract_are_there_and_it_is_json(result: dict[str, Any]) -> None:
    for key in ("dataset", "rows", "classes", "metric", "encoder", "model", "versions", "runs", "summary"):
        assert key in result
    assert (result["dataset"], result["rows"], result["classes"]) == ("digits", 350, list(range(10)))
    assert (result["metric"], result["encoder"], result["model"]) == ("accuracy", "none", MODEL)
    assert result["complete"] is True
    assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_every_strategy_and_seed_has_a_run_and_random_has_two_starts(result: dict[str, Any]) -> None:
    names = ["random", "margin", "auto", "random+k_means"]
    assert [(run["strategy"], run["seed"]) for run in result["runs"]] == [
        (n, s) for s in (0, 1) for n in names
    ]
    assert list(result["summary"]) == names


def test_every_run_has_the_lengths_and_types_of_the_contract(result: dict[str, Any], small: Dataset) -> None:
    for run in result["runs"]:
        assert run["labels"] == [10, 17, 24, 31, 38, 40]
        assert set(run) == {"strategy", "seed", "labels", "score", "estimate", "forecast", "seconds", "asked"}
        assert set(run["seconds"]) == {"fit", "score", "select"}
        for part in (run["score"], run["estimate"], run["forecast"], *run["seconds"].values()):
            assert len(part) == 6
        for found in run["estimate"]:
            assert set(found) == {"value", "low", "high", "n_audit"}
            assert 0 <= found["low"] <= found["value"] <= found["high"] <= 1
            assert type(found["n_audit"]) is int
        for labels, ahead in zip(run["labels"], run["forecast"], strict=True):
            assert set(ahead) == {"at", "value", "low", "high"}
            assert ahead["at"] == 2 * labels
        assert len(run["asked"]) == len(set(run["asked"])) == 40
        assert set(run["asked"]) <= set(small.ids.tolist())
        assert {type(item) for item in run["asked"]} == {int}
        assert run["estimate"][-1]["n_audit"] >= 4


def test_the_summary_follows_from_the_runs(result: dict[str, Any]) -> None:
    for name, summary in result["summary"].items():
        runs = [run for run in result["runs"] if run["strategy"] == name]
        areas = [area(run["labels"], run["score"]) for run in runs]
        assert summary["aulc"] == pytest.approx(np.mean(areas))
        assert summary["aulc_low"] <= summary["aulc"] <= summary["aulc_high"]
        mean = np.mean([run["score"] for run in runs], axis=0)
        for fraction, labels in summary["labels_to"].items():
            target = float(fraction) * result["full_data_score"]
            if labels is None:
                assert mean.max() < target
            else:
                assert np.interp(labels, runs[0]["labels"], mean) >= target - 1e-9


def test_all_strategies_of_a_seed_share_the_random_start(result: dict[str, Any]) -> None:
    for seed in (0, 1):
        starts = {run["strategy"]: run["asked"][:10] for run in result["runs"] if run["seed"] == seed}
        assert starts["random"] == starts["margin"] == starts["auto"]
        assert starts["random+k_means"] != starts["random"]
    assert result["runs"][0]["asked"][:10] != result["runs"][4]["asked"][:10]


def test_the_scores_are_those_of_a_model_trained_on_the_labels(
    result: dict[str, Any], small: Dataset
) -> None:
    run = result["runs"][1]
    row_of = {int(item): row for row, item in enumerate(small.ids)}
    for count, score in zip(run["labels"], run["score"], strict=True):
        rows = sorted(row_of[item] for item in run["asked"][:count])
        model = adapt("models", MODEL).fresh(0).fit(small.X_pool[rows], [small.y_pool[row] for row in rows])
        guess = np.array(model.classes)[model.posterior(small.X_test).proba_NC.argmax(1)]
        assert score == pytest.approx((guess == small.y_test).mean())


def test_it_is_the_same_again_and_with_more_processes(result: dict[str, Any], small: Dataset) -> None:
    again = simulate(small, ["random", "margin", "auto"], **SIZES, jobs=2)
    assert without_seconds(again) == without_seconds(result)


def test_the_data_are_not_changed(small: Dataset, digits: Any) -> None:
    simulate(small, ["margin"], **{**SIZES, "seeds": 1})
    np.testing.assert_array_equal(small.X_pool, digits.X[:200])
    assert small.y_pool == digits.y[:200]


@pytest.mark.parametrize("name", ["balanced_accuracy", "macro_f1", "neg_log_loss", "neg_brier", "neg_ece"])
def test_every_metric_makes_a_complete_result(small: Dataset, name: str) -> None:
    found = simulate(small, ["random"], **{**SIZES, "seeds": 1, "budget": 17}, metric=name)
    json.dumps(found, allow_nan=False)
    for run in found["runs"]:
        for score in run["score"]:
            assert metric(name).low <= score <= metric(name).high


def test_a_start_of_one_class_is_no_accident(small: Dataset) -> None:
    lonely = Dataset(
        name="lonely", encoder="none", X_pool=small.X_pool, y_pool=["common"] * 198 + ["rare"] * 2,
        X_test=small.X_test, y_test=["common"] * 149 + ["never seen"], ids=small.ids, preview=small.preview,
    )  # fmt: skip
    found = simulate(lonely, ["random", "margin"], **{**SIZES, "seeds": 1, "budget": 24})
    json.dumps(found, allow_nan=False)
    run = found["runs"][0]
    assert run["score"][0] == pytest.approx(149 / 150)
    assert (run["estimate"][0]["low"], run["estimate"][0]["high"]) == (0.0, 1.0)


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interruption_returns_what_was_finished(small: Dataset, result: dict[str, Any], jobs: int) -> None:
    def stop(done: int, total: int) -> None:
        assert total == 8
        if done == 3:
            raise KeyboardInterrupt

    found = simulate(small, ["random", "margin", "auto"], **SIZES, jobs=jobs, progress=stop)
    assert found["complete"] is False
    assert len(found["runs"]) == 3
    finished = {(run["strategy"], run["seed"]): run["asked"] for run in result["runs"]}
    for run in found["runs"]:
        assert finished[run["strategy"], run["seed"]] == run["asked"]
    assert set(found["summary"]) == {run["strategy"] for run in found["runs"]}
    json.dumps(found, allow_nan=False)


def test_an_interruption_before_the_first_run_is_an_empty_result(
    small: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("asklearn.simulate.workers.run_one", stop)
    found = simulate(small, ["random"], **SIZES)
    assert (found["runs"], found["complete"], found["summary"]) == ([], False, {})
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(
    ("change", "words"),
    [({"start": 0}, "start must be at least 1"), ({"batch": 0}, "batch must be"), ({"seeds": 0}, "seeds must be"),
     ({"jobs": 0}, "jobs must be"), ({"budget": 201}, "A budget of 201 .* 200 items, besides the 150"),
     ({"budget": 9}, "at least start=10. Got 9"), ({"audit": 2.0}, "audit is the share")],
)  # fmt: skip
def test_numbers_that_cannot_be_are_refused(small: Dataset, change: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        simulate(small, ["random"], **{**SIZES, **change})


@pytest.mark.parametrize(
    ("options", "words"),
    [({"strategies": ["margn"]}, "Did you mean 'margin'"), ({"metric": "acuracy"}, "Did you mean 'accuracy'"),
     ({"model": "logistc"}, "Did you mean 'logistic'"), ({"strategies": ["margin+k_mean"]}, "Did you mean 'k_means'")],
)  # fmt: skip
def test_names_are_checked_before_the_work(
    small: Dataset, options: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asklearn.simulate.workers.run_one", None)
    with pytest.raises(UnknownName, match=words):
        simulate(small, **{**SIZES, **options})


def test_strategies_are_named_once_and_at_least_one(small: Dataset) -> None:
    with pytest.raises(BadInput, match="at least one strategy"):
        simulate(small, [], **SIZES)
    found = simulate(small, ["margin", "margin"], **{**SIZES, "seeds": 1, "budget": 17})
    assert [run["strategy"] for run in found["runs"]] == ["margin"]
    assert found["savings"] == {}


def test_a_pool_of_one_class_has_nothing_to_learn(small: Dataset) -> None:
    same = Dataset(
        name="same", encoder="none", X_pool=small.X_pool, y_pool=[1] * 200, X_test=small.X_test,
        y_test=[1] * 150, ids=small.ids, preview=small.preview,
    )  # fmt: skip
    with pytest.raises(BadInput, match="one class only, 1"):
        simulate(same, ["random"], **SIZES)
