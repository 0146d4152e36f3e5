"""The conformance suite passes what is sound and catches each planted fault by name."""

import importlib

import numpy as np
import pytest

from asklearn.acquisition.base import by_blocks
from asklearn.acquisition.uncertainty import entropy, entropy_of, margin
from asklearn.registry import lookup, names, resolve
from asklearn.testing.acquisition import acquisition_checks, check_resident_memory


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


def explicit_gradients(candidates, rng):
    proba_NC, features_ND = candidates.posterior.proba_NC, candidates.features_ND
    return np.linalg.norm((proba_NC[:, :, None] * features_ND[:, None]).reshape(len(proba_NC), -1), axis=1)


def expected_entropy(candidates, rng):
    """The mean entropy of the draws in place of the entropy of their mean: blind to disagreement."""
    draws_KNC = candidates.posterior.draws_KNC
    by_blocks(lambda block: block.max(axis=(0, 2)), draws_KNC)
    return np.mean([entropy_of(draws_NC) for draws_NC in draws_KNC], axis=0)


def likes_outliers(candidates, rng):
    features_ND = candidates.features_ND
    return 1 / (features_ND - features_ND.mean(axis=0)).var(axis=1) + 0 * margin(candidates, rng)


def like_the_labelled(candidates, rng):
    gaps_NL = np.linalg.norm(candidates.features_ND[:, None] - candidates.labelled_LD, axis=2)
    return -np.log(gaps_NL).min(axis=1)


def class_as_a_number(candidates, rng):
    """Takes the index of a class for a quantity."""
    gaps_NL = np.linalg.norm(candidates.features_ND[:, None] - candidates.labelled_LD, axis=2)
    return (candidates.labels_L / (1 + gaps_NL)).mean(axis=1).astype(np.float32)


def unknown_as_the_last_class(candidates, rng):
    """An index of -1 finds the last class."""
    gaps_NL = np.linalg.norm(candidates.features_ND[:, None] - candidates.labelled_LD, axis=2)
    proba_NC = candidates.posterior.proba_NC
    return -(proba_NC[:, candidates.labels_L] / (1 + gaps_NL)).mean(axis=1)


def first_class_must_be_labelled(candidates, rng):
    return margin(candidates, rng) / np.float32((candidates.labels_L == 0).sum())


def needs_a_label(candidates, rng):
    gaps_NL = np.linalg.norm(candidates.features_ND[:, None] - candidates.labelled_LD, axis=2)
    return (
        gaps_NL.min(axis=1) if len(candidates.labelled_LD) else np.full(candidates.size, np.nan, np.float32)
    )


def first_target_only(candidates, rng):
    return ((candidates.features_ND - candidates.targets.features_MD[0]) ** 2).sum(axis=1)


def log_of_target(candidates, rng):
    least = candidates.targets.posterior.proba_NC.min()
    return candidates.posterior.proba_NC.max(axis=1) * np.log(least)


def skips_nan(candidates, rng):
    return np.nan_to_num(candidates.features_ND).sum(axis=1)


def over_the_cost(candidates, rng):
    """A score below 0 rises when it is divided by a larger cost."""
    return margin(candidates, rng) / candidates.costs_N


def regardless_of_cost(candidates, rng):
    return margin(candidates, rng)


PLANTED = [
    (sign_flip, "check_direction", {"proba"}),
    (mutated_input, "check_inputs_untouched", {"proba"}),
    (global_random_state, "check_same_seed", {"proba"}),
    (unseeded, "check_same_seed", {"proba"}),
    (square, "check_memory", {"proba"}),
    (nan_at_zero, "check_finite_at_certainty", {"proba"}),
    (lets_nan_through, "check_refuses_not_a_probability", {"proba"}),
    (first_class_only, "check_relabelling", {"proba"}),
    (ranks_not_pointwise, "check_chunks", {"proba"}),
    (by_position, "check_permutation", {"proba"}),
    (by_position, "check_duplicates", {"proba"}),
    (always_double, "check_contract", {"proba"}),
    (fails_on_few_classes, "check_class_counts", {"proba"}),
    (sign_flip, "check_direction", {"proba", "features"}),
    (explicit_gradients, "check_memory", {"proba", "features"}),
    (expected_entropy, "check_direction", {"draws"}),
    (likes_outliers, "check_constant_features", {"proba", "features"}),
    (like_the_labelled, "check_same_as_labelled", {"features", "labelled"}),
    (class_as_a_number, "check_relabelling", {"proba", "features", "labelled", "labels"}),
    (unknown_as_the_last_class, "check_relabelling", {"proba", "features", "labelled", "labels"}),
    (first_class_must_be_labelled, "check_few_labels", {"proba", "labelled", "labels"}),
    (needs_a_label, "check_few_labels", {"features", "labelled"}),
    (first_target_only, "check_order_of_what_is_known", {"features", "targets"}),
    (log_of_target, "check_finite_at_certainty", {"proba", "targets"}),
    (skips_nan, "check_refuses_not_a_number", {"features"}),
    (over_the_cost, "check_costs", {"proba", "costs"}),
    (regardless_of_cost, "check_costs", {"proba", "costs"}),
]


@pytest.mark.parametrize("check", acquisition_checks(), ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", names("acquisition"))
def test_every_registered_acquisition_passes(name, check):
    check(resolve("acquisition", name))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    ("fault", "name", "needs"),
    PLANTED,
    ids=[f"{fault.__name__}-{name}" for fault, name, _ in PLANTED],
)
def test_planted_fault_is_caught(fault, name, needs):
    check = {check.__name__: check for check in acquisition_checks()}[name]
    with pytest.raises(AssertionError):
        check(plugin(fault, needs))


def test_memory_that_a_process_takes_is_caught(tmp_path, monkeypatch):
    """A plug-in goes to the process by its name, so this one gets a module."""
    (tmp_path / "hungry.py").write_text(
        "import numpy as np\n"
        "def hungry(candidates, rng):\n"
        "    return np.ones((candidates.size, candidates.size), bool).sum(axis=1, dtype=np.float32)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(AssertionError, match=r"MiB of a process at most\. Got 9"):
        check_resident_memory(plugin(importlib.import_module("hungry").hungry))


def test_ignoring_the_generator_is_caught():
    check = {check.__name__: check for check in acquisition_checks()}["check_other_seed"]
    with pytest.raises(AssertionError, match="Another seed"):
        check(plugin(ignores_rng, needs=()))


def test_agreeing_committee_must_not_outrank_a_divided_one():
    bald = lookup("acquisition", "bald")
    check = {check.__name__: check for check in acquisition_checks()}["check_direction"]
    with pytest.raises(AssertionError, match="from certain to open"):
        check(plugin(lambda candidates, rng: -bald(candidates, rng), needs=("draws",)))
