"""Every registered selection has a test against its definition written anew; this table says which."""

import ast
from pathlib import Path

import pytest

from asklearn.registry import names

HERE = Path(__file__).parent

ORACLES = {
    "above": "test_compose.py::test_above_the_bar_where_enough_are_and_else_the_best",
    "badge": "test_badge.py::test_picks_have_the_distribution_of_the_definition",
    "bait": "test_bait.py::test_picks_are_those_of_inverting_anew",
    "batch_bald": "test_batch_bald.py::test_picks_are_those_of_exact_greedy",
    "cdal": "test_cdal.py::test_picks_are_those_of_plain_greedy",
    "class_balanced": "test_restrict.py::test_the_class_with_the_fewest_labels_is_next",
    "cluster_margin": "test_clustering.py::test_cluster_margin_takes_a_turn_of_each_cluster",
    "determinantal": "test_determinantal.py::test_each_pick_makes_the_determinant_largest",
    "facility_location": "test_coverage.py::test_each_pick_adds_most",
    "hand_over": "test_coverage.py::"
    "test_hand_over_is_max_herding_for_a_model_that_knows_nothing_and_uherding_for_one_that_half_knows",
    "k_center": "test_k_center.py::test_lazy_is_plain_greedy",
    "k_means": "test_clustering.py::test_k_means_takes_the_most_typical_of_each_group",
    "k_means_plus_plus": "test_clustering.py::test_k_means_plus_plus_draws_by_squared_distance",
    "max_herding": "test_coverage.py::test_each_pick_adds_most",
    "mixture": "test_compose.py::test_shares_of_a_mixture_are_held",
    "power": "test_stochastic.py::test_first_pick_has_the_stated_probability",
    "prob_cover": "test_coverage.py::test_each_pick_adds_most",
    "quota": "test_restrict.py::test_quotas_are_as_level_as_there_is_room",
    "refine": "test_refine.py::test_rounds_filter_and_the_last_picks_from_the_union",
    "robust_k_center": "test_k_center.py::test_robust_k_center_is_plain_greedy_without_the_most_isolated",
    "shortlist": "test_compose.py::test_a_shortlist_picks_among_the_best_only",
    "softmax": "test_stochastic.py::test_first_pick_has_the_stated_probability",
    "softrank": "test_stochastic.py::test_first_pick_has_the_stated_probability",
    "steps": "test_compose.py::test_steps_over_distance_one_at_a_time_are_k_center",
    "switch": "test_compose.py::test_a_switch_turns_at_so_many_answers_per_class",
    "top": "test_top.py::test_top_equals_sorting",
    "typiclust": "test_typiclust.py::test_equals_the_papers_steps",
    "uherding": "test_coverage.py::test_each_pick_adds_most",
    "when_rare": "test_compose.py::test_when_rare_gives_half_to_the_other_only_while_a_class_is_rare",
    "without_near_duplicates": "test_restrict.py::test_by_radius_it_is_the_list_walked_down",
}


def test_every_registered_selection_has_an_oracle():
    assert sorted(ORACLES) == names("selection")


@pytest.mark.parametrize("where", sorted(set(ORACLES.values())))
def test_the_oracle_is_there(where):
    file, _, test = where.partition("::")
    found = ast.walk(ast.parse((HERE / file).read_text()))
    assert test in {node.name for node in found if isinstance(node, ast.FunctionDef)}
