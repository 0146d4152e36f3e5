"""Every number of the runs is in the table, in its row."""

from __future__ import annotations

from asklearn.simulate.rounds import rounds


def test_a_row_holds_the_numbers_of_its_round() -> None:
    def spread(value: float) -> dict[str, float]:
        return {"value": value, "low": value - 0.1, "high": value + 0.1}

    run = {
        "strategy": "margin", "seed": 3, "labels": [10, 20], "score": [0.5, 0.6],
        "estimate": [{**spread(0.4), "n_audit": 1}, {**spread(0.7), "n_audit": 2}],
        "forecast": [{**spread(0.8), "at": 20}, {**spread(0.9), "at": 40}],
        "seconds": {"fit": [1.0, 2.0], "score": [3.0, 4.0], "select": [5.0, 6.0]}, "asked": [1, 2],
    }  # fmt: skip
    result = {
        "dataset": "digits",
        "metric": "accuracy",
        "encoder": "none",
        "model": "logistic",
        "runs": [run],
    }
    table = rounds([result, {**result, "dataset": "wine"}])
    assert {len(column) for column in table.values()} == {4}
    assert {name: column[1] for name, column in table.items()} == {
        "dataset": "digits", "metric": "accuracy", "encoder": "none", "model": "logistic", "strategy": "margin",
        "seed": 3, "round": 2, "labels": 20, "score": 0.6, "estimate": 0.7, "estimate_low": 0.7 - 0.1,
        "estimate_high": 0.7 + 0.1, "n_audit": 2, "forecast_at": 40, "forecast": 0.9, "forecast_low": 0.9 - 0.1,
        "forecast_high": 0.9 + 0.1, "fit_seconds": 2.0, "score_seconds": 4.0, "select_seconds": 6.0,
    }  # fmt: skip
    assert table["dataset"] == ["digits", "digits", "wine", "wine"]


def test_no_runs_are_no_columns() -> None:
    assert rounds([]) == {}
