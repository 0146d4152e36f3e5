"""Networks as models: draws that are functions, the best epoch kept, and the caller's body as it was."""

from __future__ import annotations

import doctest
import sys
from typing import Any

import numpy as np
import pytest

from asklearn.errors import BadInput, MissingExtra
from asklearn.models import torch as module
from asklearn.models.sklearn import SklearnModel
from asklearn.models.torch import TorchClassifier


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch", reason="torch is not installed: pip install 'asklearn[torch]'")


def softmax(logits: Any) -> Any:
    proba = np.exp(logits - logits.max(-1, keepdims=True))
    return proba / proba.sum(-1, keepdims=True)


def small(**options: Any) -> TorchClassifier:
    return TorchClassifier(
        **{"hidden": (16,), "epochs": 8, "random_state": 0, "device": "cpu", "learning_rate": 0.01} | options
    )


POSTERIORS = ["dropout", "ensemble", "laplace"]


@pytest.mark.parametrize("posterior", POSTERIORS)
def test_it_is_a_model_that_gives_draws(torch: Any, digits: Any, posterior: str) -> None:
    X, y = digits.X[:200], [f"d{one}" for one in digits.y[:200]]
    model = SklearnModel(small(posterior=posterior, draws=4, random_state=None)).fresh(1).fit(X, y)
    belief = model.posterior(digits.X_test)
    assert model.gives_draws
    assert model.classes == [f"d{one}" for one in range(10)]
    assert belief.draws_KNC.shape == (4, len(digits.X_test), 10)
    assert belief.proba_NC.dtype == belief.draws_KNC.dtype == np.float32
    np.testing.assert_allclose(belief.draws_KNC.sum(2), 1, atol=1e-5)
    assert (belief.draws_KNC.std(0).max(1) > 1e-4).mean() > 0.9, "the draws must disagree"
    if posterior != "laplace":
        np.testing.assert_allclose(belief.proba_NC, belief.draws_KNC.mean(0), atol=1e-6)
    assert (belief.proba_NC.argmax(1) == digits.y_test).mean() > 0.5


@pytest.mark.parametrize("posterior", POSTERIORS)
def test_a_seed_decides_everything_and_torchs_own_is_left_alone(
    torch: Any, digits: Any, posterior: str
) -> None:
    X, y = digits.X[:120], digits.y[:120]
    ours, theirs = np.random.get_state()[1].tobytes(), torch.random.get_rng_state()  # noqa: NPY002
    one, same, other = (small(posterior=posterior, random_state=s, draws=4).fit(X, y) for s in (1, 1, 2))
    first = one.predict_proba_draws(digits.X_test)
    np.testing.assert_array_equal(first, same.predict_proba_draws(digits.X_test))
    np.testing.assert_array_equal(first, one.predict_proba_draws(digits.X_test))
    assert (first != other.predict_proba_draws(digits.X_test)).any()
    assert torch.equal(torch.random.get_rng_state(), theirs)
    assert np.random.get_state()[1].tobytes() == ours  # noqa: NPY002


@pytest.mark.parametrize("posterior", POSTERIORS)
def test_a_draw_is_one_function_of_items(
    torch: Any, digits: Any, posterior: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = small(posterior=posterior, draws=4).fit(digits.X[:120], digits.y[:120])
    whole = model.predict_proba_draws(digits.X_test)
    monkeypatch.setattr(module, "AT_ONCE", 7)
    order = np.random.default_rng(0).permutation(len(whole[0]))[:40]
    np.testing.assert_allclose(model.predict_proba_draws(digits.X_test[order]), whole[:, order], atol=1e-5)


def test_a_dropout_draw_is_the_network_with_some_units_gone(torch: Any, digits: Any) -> None:
    model = small(dropout=0.5, draws=6).fit(digits.X[:120], digits.y[:120])
    weights = {name: one.astype(float) for name, one in model.members_[0].items()}
    scaled = (digits.X_test - digits.X[:120].mean(0)) / model.scale_
    hidden = np.maximum(scaled @ weights["0.0.weight"].T + weights["0.0.bias"], 0)
    for k, proba in enumerate(model.predict_proba_draws(digits.X_test)):
        kept = np.random.default_rng((model.seed_, k, 0)).random((1, 16)) >= 0.5
        assert 0 < kept.sum() < 16
        logits = (hidden * kept / 0.5) @ weights["1.weight"].T + weights["1.bias"]
        np.testing.assert_allclose(proba, softmax(logits), atol=1e-4)


def test_what_comes_before_any_dropout_is_run_once(torch: Any, digits: Any) -> None:
    runs = []

    class Counting(torch.nn.Linear):
        def forward(self, items: Any) -> Any:
            runs.append(len(items))
            return super().forward(items)

    model = small(body=torch.nn.Sequential(Counting(64, 8), torch.nn.Dropout(0.5)), draws=6, epochs=1)
    model.fit(digits.X[:40], digits.y[:40])
    runs.clear()
    model.predict_proba_draws(digits.X_test)
    assert sum(runs) == len(digits.X_test)


def body_with_norm(torch: Any) -> Any:
    nn = torch.nn
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(64, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Dropout(0.3))


def statistics_of(network: Any) -> dict[str, bytes]:
    return {name: one.numpy().tobytes() for name, one in network.state_dict().items()}


def test_scoring_changes_no_statistics_and_a_network_put_to_train_would(torch: Any, digits: Any) -> None:
    """The fault of DISTIL: the whole network in training mode, so that BatchNorm learns from the pool."""
    model = small(body=body_with_norm(torch)).fit(digits.X[:120], digits.y[:120])
    network = model._network(0)
    before = statistics_of(network)
    model.predict_proba_draws(digits.X_test)
    assert statistics_of(network) == before
    network.train()
    with torch.no_grad():
        network(torch.from_numpy(np.array(digits.X_test, np.float32)))
    assert statistics_of(network) != before


def test_the_callers_body_stays_as_it_was_and_frozen_weights_stay_frozen(torch: Any, digits: Any) -> None:
    body = body_with_norm(torch)
    body[0].weight.requires_grad_(False)
    before = statistics_of(body)
    model = SklearnModel(small(body=body)).fresh(0).fit(digits.X[:120], digits.y[:120])
    assert statistics_of(body) == before
    learnt = model.estimator.members_[0]
    np.testing.assert_array_equal(learnt["0.0.weight"], body[0].weight.numpy())
    assert (learnt["0.0.bias"] != body[0].bias.detach().numpy()).any()


def test_a_body_of_any_kind(torch: Any, digits: Any) -> None:
    nn = torch.nn

    def convolution() -> Any:
        return nn.Sequential(
            nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 4, 3), nn.Dropout2d(0.2), nn.ReLU(), nn.Flatten()
        )

    model = small(body=convolution, epochs=20)
    model.fit(digits.X[:300], digits.y[:300])
    assert model.score(digits.X_test, digits.y_test) > 0.6
    assert model.embed(digits.X_test[:3]).shape == (3, 144)
    assert model.predict_proba_draws(digits.X_test[:3]).std(0).max() > 0


def test_masks_of_sequences_are_the_same_at_every_step_and_of_maps_by_channel(torch: Any) -> None:
    nn = torch.nn
    for layer, given, same_along in (
        (nn.Dropout(0.5), (2, 7, 40), 1),
        (nn.Dropout2d(0.5), (2, 40, 3, 3), (2, 3)),
        (nn.Dropout(0.5), (2, 40), None),
    ):
        network = nn.Sequential(layer).eval()
        with module._thinned(torch, network, (0, 0)):
            found = network(torch.ones(given)).numpy()
        assert set(np.unique(found).tolist()) == {0.0, 2.0}
        np.testing.assert_array_equal(found[0], found[1])
        if same_along is not None:
            assert (np.ptp(found, axis=same_along) == 0).all()
        assert (network(torch.ones(given)).numpy() == 1).all(), "the mask must be gone afterwards"


def test_members_of_an_ensemble_are_different_networks(torch: Any, digits: Any) -> None:
    model = small(posterior="ensemble", draws=3).fit(digits.X[:120], digits.y[:120])
    draws = model.predict_proba_draws(digits.X_test)
    alone = [small(posterior=None).fit(digits.X[:120], digits.y[:120]) for _ in range(2)]
    np.testing.assert_array_equal(
        alone[0].predict_proba(digits.X_test), alone[1].predict_proba(digits.X_test)
    )
    assert len({one["1.weight"].tobytes() for one in model.members_}) == 3
    assert np.abs(draws[0] - draws[1]).max() > 0.01


def test_laplace_draws_have_the_covariance_of_the_hessian(torch: Any, digits: Any) -> None:
    """With an identity body: per class, the inverse of prior plus the sum of p (1 - p) phi phi'."""
    X, y = digits.X[:60, 20:23], np.array(digits.y[:60]) % 3
    model = small(hidden=(), dropout=0.0, posterior="laplace", draws=6000, prior=2.0).fit(X, y)
    phi = np.c_[model.embed(X), np.ones(60)].astype(float)
    proba = softmax(phi[:, :-1] @ model.members_[0]["1.weight"].T + model.members_[0]["1.bias"])
    for c in range(3):
        hessian = 2.0 * np.eye(4) + (phi * (proba[:, c] * (1 - proba[:, c]))[:, None]).T @ phi
        drawn = np.c_[model.heads_[:, :, c], model.biases_[:, c]]
        expected = np.linalg.inv(hessian)
        np.testing.assert_allclose(np.cov(drawn.T), expected, atol=0.06 * np.diag(expected).max())
        np.testing.assert_allclose(drawn.mean(0)[:3], model.members_[0]["1.weight"][c], atol=1e-4)


def test_the_prior_is_settled_by_held_out_labels_and_kept(torch: Any, digits: Any) -> None:
    model = SklearnModel(small(posterior="laplace")).fresh(0).fit(digits.X[:200], digits.y[:200])
    assert model.params() == {"prior": model.estimator.prior_}
    assert model.estimator.prior_ in module.PRIORS
    again = model.fresh(1, model.params()).fit(digits.X[:40], digits.y[:40])
    assert again.estimator.prior_ == model.estimator.prior_
    assert SklearnModel(small()).fit(digits.X[:60], digits.y[:60]).params() == {}


def test_the_best_epoch_is_kept(torch: Any, digits: Any) -> None:
    """Training that is cut at the best epoch comes to the very same weights."""
    noisy = np.random.default_rng(0).integers(3, size=150)
    options = {"posterior": None, "learning_rate": 0.03, "patience": 4, "epochs": 60}
    model = small(**options).fit(digits.X[:150], noisy)
    assert model.epochs_[0] < 56, "held-out loss of noise must stop it"
    cut = small(**options | {"epochs": model.epochs_[0]}).fit(digits.X[:150], noisy)
    for name, one in cut.members_[0].items():
        np.testing.assert_array_equal(one, model.members_[0][name])


def test_a_share_of_each_class_is_held_out_unless_labels_are_few() -> None:
    model, rng = TorchClassifier(holdout=0.2), np.random.default_rng(0)
    codes = np.repeat([0, 1, 2, 0], [40, 24, 3, 10])
    held = model._held_out(codes, rng)
    assert np.bincount(codes[held], minlength=3).tolist() == [10, 4, 0]
    assert len(model._held_out(codes[:45], rng)) == 0
    assert len(TorchClassifier(holdout=0.0)._held_out(codes, rng)) == 0
    assert {tuple(model._held_out(codes, np.random.default_rng(s))) for s in range(3)}.__len__() == 3


def test_weights_are_heard(torch: Any) -> None:
    X, y = np.zeros((40, 2)), np.repeat([0, 1], [30, 10])
    settings = {"posterior": None, "epochs": 150, "learning_rate": 0.05, "holdout": 0.0}
    assert small(**settings).fit(X, y).predict_proba(X[:1])[0, 1] == pytest.approx(0.25, abs=0.03)
    balanced = small(**settings, class_weight="balanced").fit(X, y)
    assert balanced.predict_proba(X[:1])[0, 1] == pytest.approx(0.5, abs=0.03)
    weighed = small(**settings).fit(X, y, np.where(y == 1, 9.0, 1.0))
    assert weighed.predict_proba(X[:1])[0, 1] == pytest.approx(0.75, abs=0.03)


def test_half_precision_is_near_enough(torch: Any, digits: Any) -> None:
    model = small(posterior=None).fit(digits.X[:200], digits.y[:200])
    full = model.predict_proba(digits.X_test)
    model.set_params(precision="bfloat16")
    half = model.predict_proba(digits.X_test)
    assert (half != full).any()
    np.testing.assert_allclose(half, full, atol=0.05)
    trained = small(posterior=None, precision="bfloat16", epochs=20).fit(digits.X[:200], digits.y[:200])
    assert {one.dtype for one in trained.members_[0].values()} == {np.dtype(np.float32)}
    assert trained.score(digits.X_test, digits.y_test) > 0.6


def test_what_was_learnt_is_plain_arrays(torch: Any, digits: Any) -> None:
    model = small(posterior="laplace").fit(digits.X[:60], digits.y[:60])
    model.predict(digits.X_test)
    state = model.__getstate__()
    assert "_built" not in state
    assert not any("torch." in type(one).__module__ for one in state.values())


def test_a_pool_is_read_batch_by_batch(torch: Any, digits: Any, tmp_path: Any) -> None:
    model = small().fit(digits.X[:60], digits.y[:60])
    np.save(tmp_path / "pool.npy", digits.X_test)
    mapped = np.load(tmp_path / "pool.npy", mmap_mode="r")
    np.testing.assert_array_equal(model.predict_proba(mapped), model.predict_proba(digits.X_test))
    assert model.predict_proba(digits.X_test[:0]).shape == (0, len(model.classes_))


@pytest.mark.parametrize("strategy", ["bald", "batch_bald", "badge"])
def test_the_loop_turns(torch: Any, digits: Any, strategy: str) -> None:
    from asklearn import ActiveLearner

    spec = "torch(hidden=(16,), epochs=10, draws=4, device='cpu')"
    learner = ActiveLearner(spec, digits.X[:300], strategy=strategy, seed=0)
    for _ in range(3):
        batch = learner.ask(20)
        learner.tell(batch.ids, digits.label(batch.rows))
    assert learner.model.score(digits.X_test, digits.y_test) > 0.2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"posterior": "swag"}, "it is 'dropout', 'ensemble', 'laplace' or None"),
        ({"dropout": 1.0}, "it is a share from 0 up and below 1"),
        ({"batch_size": 1}, "batch normalisation cannot learn from one item"),
        ({"prior": 0.0}, "it is a number above 0"),
        ({"draws": 1}, "it is 2 or more"),
        ({"precision": "float16"}, "it is 'float32', 'bfloat16' or None"),
    ],
)
def test_options_must_be_sound(options: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        small(**options).fit(np.zeros((4, 2)), [0, 1, 0, 1])


def test_what_cannot_be_trained_is_refused(torch: Any, digits: Any) -> None:
    nn = torch.nn
    X, y = digits.X[:30], digits.y[:30]
    with pytest.raises(BadInput, match="labels of two classes"):
        small().fit(X, np.zeros(30))
    with pytest.raises(BadInput, match="takes numbers"):
        small().fit([["a"], ["b"]], [0, 1])
    with pytest.raises(BadInput, match="needs a body with dropout layers"):
        small(body=nn.Linear(64, 3)).fit(X, y)
    with pytest.raises(BadInput, match=r"must give \(B, E\).*leave the last layer out"):
        small(body=nn.Unflatten(1, (8, 8))).fit(X, y)
    with pytest.raises(BadInput, match="Training came to no number"):
        small(posterior=None).fit(np.where(X == 0, np.nan, X), y)
    assert not SklearnModel(small(posterior=None)).gives_draws


def test_weights_that_do_not_fit_are_refused(torch: Any, digits: Any) -> None:
    model = small().fit(digits.X[:60], digits.y[:60])
    loaded = small(hidden=(17,))
    loaded.__setstate__(model.__getstate__() | {"hidden": (17,)})
    with pytest.raises(BadInput, match="weights do not fit the network"):
        loaded.predict(digits.X_test)


def test_the_example_is_true(torch: Any) -> None:
    found = doctest.DocTestFinder().find(
        TorchClassifier, "TorchClassifier", globs={"TorchClassifier": TorchClassifier}
    )
    example = next(one for one in found if one.name == "TorchClassifier")
    for line in example.examples:
        line.options.pop(doctest.SKIP, None)
    assert doctest.DocTestRunner(verbose=False).run(example).failed == 0


def test_without_torch_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtra, match=r"pip install 'asklearn\[torch\]'"):
        small().fit(np.zeros((4, 2)), [0, 1, 0, 1])
