"""Every registered acquisition equals an oracle that was written from its paper, on random small cases.

A test file of this folder lists its oracles in ``ORACLES``: registered name to a function of the candidates
(and of ``rng``, where chance plays a part) that returns the scores by plain loops and calls nothing of
asklearn; or to the name of a test in that file, where scores cannot be compared one by one.
"""

import importlib.util
import inspect
from pathlib import Path

import numpy as np
import pytest

from asklearn.registry import names, resolve
from asklearn.testing.candidates import made_up

FOLDER = Path(__file__).parent


def oracles():
    found = {}
    for path in sorted(FOLDER.glob("test_*.py")):
        if path == Path(__file__):
            continue
        spec = importlib.util.spec_from_file_location(f"oracles_of_{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, oracle in getattr(module, "ORACLES", {}).items():
            assert name not in found, f"{name} has two oracles"
            found[name] = getattr(module, oracle) if isinstance(oracle, str) else oracle
    return found


ORACLES = oracles()


def test_every_registered_name_has_an_oracle():
    assert set(names("acquisition")) - set(ORACLES) == set(), "add it to ORACLES in the test of its module"
    assert set(ORACLES) - set(names("acquisition")) == set(), "there is no acquisition of that name"


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("classes", "members"), [(2, 3), (3, 5), (5, 2)])
@pytest.mark.parametrize("name", sorted(name for name, fn in ORACLES.items() if "test" not in fn.__name__))
def test_equals_its_oracle(name, classes, members, seed):
    score, oracle = resolve("acquisition", name), ORACLES[name]
    candidates = made_up(
        score.needs, size=11, classes=classes, members=members, dims=3, seed=seed, dtype=np.float64
    )
    by_chance = "rng" in inspect.signature(oracle).parameters
    expected = oracle(candidates, **({"rng": np.random.default_rng(seed)} if by_chance else {}))
    np.testing.assert_allclose(score(candidates, np.random.default_rng(seed)), expected, rtol=1e-6, atol=1e-9)
