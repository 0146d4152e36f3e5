"""The demo: real digits, a project told round by round, numbers that a reader can check."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

from asklearn.cli import main
from asklearn.dataset import Dataset
from asklearn.demo import digits, narrate


@pytest.fixture(scope="module")
def images() -> Dataset:
    return digits()


def test_pool_and_test_set_are_all_digits_and_share_none(images: Dataset) -> None:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    assert (len(images.y_pool), len(images.y_test)) == (1200, 597)
    assert images.y_pool == bunch.target[images.ids].tolist()
    counts = np.bincount(images.y_pool, minlength=10) + np.bincount(images.y_test, minlength=10)
    np.testing.assert_array_equal(counts, np.bincount(bunch.target))
    assert np.isfinite(images.X_pool).all()


def test_a_preview_is_a_small_image_in_the_page(images: Dataset) -> None:
    assert images.preview(3)["image"].startswith("data:image/png;base64,")


def test_every_round_says_the_estimate_its_interval_and_the_truth(images: Dataset) -> None:
    said: list[str] = []
    narrate(images, said.append, rounds=3, batch=20)
    assert len(said) == 5
    assert "own audit" in said[0]
    assert "95% interval" in said[1]
    assert "90% interval" in said[1]
    for labels, line in zip((20, 40, 60), said[2:], strict=True):
        assert line.split()[0] == str(labels)
    assert len({line.index("]") for line in said[2:]}) == len({len(line) for line in said[2:]}) == 1
    assert max(map(len, said)) <= 80


@pytest.mark.slow
def test_the_command_writes_its_report(tmp_path: object) -> None:
    path = f"{tmp_path}/demo.html"
    done = CliRunner().invoke(main, ["demo", "--out", path, "--seeds", "2", "--jobs", "1"])
    assert done.exit_code == 0, done.output
    assert f"Wrote {path}" in done.output
    with open(path, encoding="utf-8") as page:
        assert "auto+k_means" in page.read()
