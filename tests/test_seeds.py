"""Seeds of different purposes and numbers differ, and stay what they are."""

from asklearn.seeds import seed_for


def test_a_seed_is_the_same_again_and_fits_numpy_and_scikit_learn():
    assert seed_for(7, "ask", 20) == seed_for(7, "ask", 20)
    assert all(0 <= seed_for(seed, "fit", seed) < 2**31 for seed in range(200))


def test_project_purpose_and_number_each_change_it():
    made = {seed_for(s, p, n) for s in range(10) for p in ("ask", "fit", "folds") for n in range(20)}
    assert len(made) == 600
