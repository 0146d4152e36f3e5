"""The conformance suite passes what is sound and catches each planted fault by name."""

import numpy as np
import pytest

from asklearn.acquisition.uncertainty import entropy, margin
from asklearn.registry import lookup, names, resolve
from asklearn.testing.acquisition import acquisition_checks


def plugin(fn, needs=("proba",), pointwise=True):
    fn.name, fn.needs, fn.pointwise = fn.__name__, frozenset(needs), pointwise
    return fn


def sign_flip(candidates, rng):
    return -margin(candidates, rng)


def mutated_input(candidates, rng):
    proba_NC = candidates.posterior.proba_NC
    scores = margin(candidates, rng)
    proba_NC[:] = np.sort(proba_NC, axis=1)
    return scores


def global_random_state(candidates, rng):
    return margin(candidates, rng) + np.random.rand(candidates.size).astype(np.float32)  # noqa: NPY002


def unseeded(candidates, rng):
    return margin(candidates, rng) + 1e-9 * np.random.default_rng().random(candidates.size, np.float32)


def square(candidates, rng):
    likeness_NN = np.zeros((candidates.size, candidates.size), bool)
    return margin(candidates, rng) + likeness_NN[:, :0].sum(axis=1, dtype=np.float32)


def nan_at_zero(candidates, rng):
    entropy(candidates, rng)
    proba_NC = candidates.posterior.proba_NC
    with np.errstate(all="ignore"):
        return -(proba_NC * np.log(proba_NC)).sum(axis=1)


def ignores_rng(candidates, rng):
    return np.random.default_rng(0).random(candidates.size, np.float32)


def lets_nan_through(candidates, rng):
    return 1 - candidates.posterior.proba_NC.max(axis=1)


def first_class_only(candidates, rng):
    margin(candidates, rng)
    return 1 - candidates.posterior.proba_NC[:, 0]


def ranks_not_pointwise(candidates, rng):
    return margin(candidates, rng).argsort().argsort().astype(np.float32)


def by_position(candidates, rng):
    return margin(candidates, rng) - np.arange(candidates.size, dtype=np.float32)


def always_double(candidates, rng):
    return margin(candidates, rng).astype(np.float64)


def fails_on_few_classes(candidates, rng):
    return margin(candidates, rng) / np.float32(candidates.posterior.proba_NC.shape[1] - 2)


PLANTED = [
    (sign_flip, "check_direction"),
    (mutated_input, "check_inputs_untouched"),
    (global_random_state, "check_same_seed"),
    (unseeded, "check_same_seed"),
    (square, "check_memory"),
    (nan_at_zero, "check_finite_at_certainty"),
    (lets_nan_through, "check_refuses_not_a_probability"),
    (first_class_only, "check_relabelling"),
    (ranks_not_pointwise, "check_chunks"),
    (by_position, "check_permutation"),
    (by_position, "check_duplicates"),
    (always_double, "check_contract"),
    (fails_on_few_classes, "check_class_counts"),
]


@pytest.mark.parametrize("check", acquisition_checks(), ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", names("acquisition"))
def test_every_registered_acquisition_passes(name, check):
    check(resolve("acquisition", name))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    ("fault", "name"), PLANTED, ids=[f"{fault.__name__}-{name}" for fault, name in PLANTED]
)
def test_planted_fault_is_caught(fault, name):
    check = {check.__name__: check for check in acquisition_checks()}[name]
    with pytest.raises(AssertionError):
        check(plugin(fault))


def test_ignoring_the_generator_is_caught():
    check = {check.__name__: check for check in acquisition_checks()}["check_other_seed"]
    with pytest.raises(AssertionError, match="Another seed"):
        check(plugin(ignores_rng, needs=()))


def test_agreeing_committee_must_not_outrank_a_divided_one():
    bald = lookup("acquisition", "bald")
    check = {check.__name__: check for check in acquisition_checks()}["check_direction"]
    with pytest.raises(AssertionError, match="from certain to open"):
        check(plugin(lambda candidates, rng: -bald(candidates, rng), needs=("draws",)))
