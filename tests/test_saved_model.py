"""Models and encoders come back from their files as they were, and nothing else comes out of a file."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import polars
import pyarrow
import pytest
import skops.io
from PIL import Image
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    BaggingClassifier,
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from asklearn import registry, saved_model
from asklearn.encoders.embedding import EmbeddingEncoder
from asklearn.encoders.tabular import TabularEncoder
from asklearn.encoders.text import TextEncoder
from asklearn.errors import BadInput, MissingExtra, NewerFormat, NotFitted
from asklearn.saved_model import load_encoder, load_model, save_encoder, save_model
from asklearn.types import Estimate


def png(row: int) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.random.default_rng(row).integers(0, 255, (8, 8), dtype=np.uint8)).save(stream, "PNG")
    return stream.getvalue()


ITEMS: dict[str, Any] = {
    "text": [f"text number {n} of {'many' if n % 2 else 'few'}" for n in range(30)],
    "image": [png(row) for row in range(30)],
    "tabular": {"a": [None, *np.arange(29.0)], "b": ["x", "y", None] * 10},
    "embedding": np.random.default_rng(0).normal(size=(30, 3)),
}
LABELS = [("few", "many", "some")[n % 3] for n in range(30)]


ELSEWHERE = {"onnx", "sentence_transformers"}
"""They need a model; their own tests bring one, and save and load them."""


@pytest.mark.parametrize("name", sorted(set(registry.names("encoders")) - ELSEWHERE))
def test_every_registered_encoder_comes_back_as_it_was(name: str, tmp_path: Path) -> None:
    items = ITEMS[name]
    encoder = registry.resolve("encoders", name).fit(items)
    save_encoder(tmp_path / "encoder.skops", encoder)
    again = load_encoder(tmp_path / "encoder.skops")
    assert again.fingerprint() == encoder.fingerprint()
    np.testing.assert_array_equal(again.encode(items), encoder.encode(items))
    assert [one.name for one in tmp_path.iterdir()] == ["encoder.skops"]


CLASSIFIERS = {
    "random forest": RandomForestClassifier(4),
    "extra trees": ExtraTreesClassifier(4),
    "boosting": HistGradientBoostingClassifier(max_iter=4, early_stopping=True),
    "tree": DecisionTreeClassifier(max_leaf_nodes=6),
    "calibrated": CalibratedClassifierCV(LinearSVC(), cv=2),
    "isotonic": CalibratedClassifierCV(LinearSVC(), method="isotonic", cv=2),
    "pipeline": make_pipeline(StandardScaler(), PCA(5), LogisticRegression()),
    "union": make_pipeline(FeatureUnion([("a", PCA(40)), ("b", StandardScaler())]), ExtraTreesClassifier(3)),
    "stochastic": SGDClassifier(loss="log_loss"),
    "bayes": GaussianNB(),
    "network": MLPClassifier(max_iter=5),
    "one against rest": OneVsRestClassifier(LogisticRegression()),
    "bagging": BaggingClassifier(n_estimators=3),
    "discriminant": LinearDiscriminantAnalysis(),
    "vote": VotingClassifier([("a", GaussianNB()), ("b", LogisticRegression())], voting="soft"),
}  # fmt: skip


QUICKER = {
    "sklearn": LogisticRegression(),
    "gradient_boosting": "gradient_boosting(iterations=5, temperature=1.0)",
    "torch": "torch(epochs=2, device='cpu')",
    "tabular": "tabular(of=('logistic', 'gradient_boosting(iterations=5)'))",
}


ELSEWHERE = {"transformers"}
"""Models that live in a folder of their own, and are not saved here."""


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", [*CLASSIFIERS, *sorted(set(registry.names("models")) - ELSEWHERE)])
@pytest.mark.parametrize("kind", [int, str])
def test_every_model_comes_back_as_it_was(name: str, kind: type, digits: Any, tmp_path: Path) -> None:
    if name == "torch":
        pytest.importorskip("torch", reason="torch is not installed: pip install 'asklearn[torch]'")
    thing = {**CLASSIFIERS, **QUICKER}.get(name, name)
    X, y = digits.X[:200], [kind(label) for label in digits.y[:200]]
    try:
        model = registry.adapt("models", thing).fresh(0).fit(X, y)
    except MissingExtra as error:
        pytest.skip(str(error))
    save_model(tmp_path, model.estimator)
    loaded = load_model(tmp_path)
    want = model.posterior(digits.X_test)
    got = loaded.model.posterior(digits.X_test)
    np.testing.assert_array_equal(got.proba_NC, want.proba_NC)
    if want.draws_KNC is not None:
        np.testing.assert_array_equal(got.draws_KNC, want.draws_KNC)
    assert loaded.classes == model.classes
    assert {type(one) for one in loaded.classes} == {kind}
    np.testing.assert_array_equal(loaded.predict_proba(digits.X_test), want.proba_NC)
    assert loaded.predict(digits.X_test).tolist() == [model.classes[c] for c in want.proba_NC.argmax(1)]


@pytest.mark.parametrize("kind", list(ITEMS))
def test_items_go_in_as_they_came(kind: str, tmp_path: Path) -> None:
    items = ITEMS[kind]
    encoder = registry.resolve("encoders", kind).fit(items)
    model = registry.adapt("models", "logistic").fit(encoder.encode(items), LABELS)
    save_model(tmp_path, model, encoder, kind=kind, columns=tuple(items) if kind == "tabular" else ())
    want = model.posterior(encoder.encode(items)).proba_NC
    np.testing.assert_array_equal(load_model(tmp_path).predict_proba(items), want)


def test_pieces_are_put_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = ITEMS["tabular"]
    encoder = TabularEncoder().fit(columns)
    model = registry.adapt("models", "logistic").fit(encoder.encode(columns), LABELS)
    save_model(tmp_path, model, encoder, kind="tabular", columns=("a", "b"))
    loaded = load_model(tmp_path)
    want = loaded.predict_proba(columns)
    monkeypatch.setattr(saved_model, "AT_ONCE", 7)
    np.testing.assert_allclose(loaded.predict_proba(columns), want, atol=1e-6)
    assert loaded.predict_proba({"a": [], "b": []}).shape == (0, 3)


@pytest.mark.parametrize(
    "make", [dict, pandas.DataFrame, polars.DataFrame, pyarrow.table], ids=["mapping", "pandas", "polars", "arrow"]
)  # fmt: skip
def test_tables_of_every_make(make: Any, tmp_path: Path) -> None:
    columns = ITEMS["tabular"]
    encoder = TabularEncoder().fit(columns)
    model = registry.adapt("models", "logistic").fit(encoder.encode(columns), LABELS)
    save_model(tmp_path, model, encoder, kind="tabular", columns=("a", "b"))
    loaded = load_model(tmp_path)
    table = make({"c": ["other"] * 30, **columns})
    np.testing.assert_array_equal(loaded.predict_proba(table), loaded.predict_proba(columns))
    with pytest.raises(BadInput, match="Missing: b"):
        loaded.predict(make({"a": [1.0, 2.0]}))


def test_the_column_of_a_text_project_is_taken_from_a_frame(tmp_path: Path) -> None:
    texts = ITEMS["text"]
    encoder = TextEncoder(dim=4).fit(texts)
    model = registry.adapt("models", "logistic").fit(encoder.encode(texts), LABELS)
    save_model(tmp_path, model, encoder, kind="text", columns=("title",))
    loaded = load_model(tmp_path)
    frame = pandas.DataFrame({"id": range(30), "title": texts})
    np.testing.assert_array_equal(loaded.predict_proba(frame), loaded.predict_proba(texts))
    with pytest.raises(BadInput, match="Put a single item into a list"):
        loaded.predict("one text")


def test_images_by_path(tmp_path: Path) -> None:
    encoder = registry.resolve("encoders", "image").fit(ITEMS["image"])
    model = registry.adapt("models", "logistic").fit(encoder.encode(ITEMS["image"]), LABELS)
    save_model(tmp_path / "model", model, encoder, kind="image")
    (tmp_path / "a.png").write_bytes(ITEMS["image"][0])
    loaded = load_model(tmp_path / "model")
    want = loaded.predict_proba(ITEMS["image"][:1])
    np.testing.assert_array_equal(loaded.predict_proba([str(tmp_path / "a.png")]), want)


def test_another_process_predicts_the_same(tmp_path: Path) -> None:
    texts = ITEMS["text"]
    encoder = TextEncoder(dim=4).fit(texts)
    model = registry.adapt("models", "logistic").fit(encoder.encode(texts), LABELS)
    save_model(tmp_path / "model", model, encoder, kind="text")
    program = (
        "import sys, json; from asklearn.saved_model import load_model; m = load_model('model'); "
        "print(json.dumps(m.predict(json.load(sys.stdin)).tolist()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(texts), capture_output=True, text=True, cwd=tmp_path, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout) == load_model(tmp_path / "model").predict(texts).tolist()
    assert done.stderr == ""


def test_the_card_says_what_it_is_and_how_good(tmp_path: Path) -> None:
    texts = ITEMS["text"]
    encoder = TextEncoder(dim=4).fit(texts)
    model = registry.adapt("models", "logistic").fit(encoder.encode(texts), LABELS)
    estimate = Estimate("accuracy", 0.91, 0.85, 0.95, 120, "exact binomial")
    saved = save_model(
        tmp_path, model, encoder, kind="text", columns=("ti|tle",), labels=30, estimates=[estimate]
    )
    card = load_model(tmp_path).card
    assert card == saved
    assert (card.kind, card.labels, card.classes) == ("text", 30, ("few", "many", "some"))
    assert card.estimates == (estimate,)
    assert card.encoder == encoder.fingerprint()
    assert set(card.versions) == {"python", "asklearn", "numpy", "scipy", "scikit-learn", "skops"}
    words = (tmp_path / "README.md").read_text()
    assert "0.910 [0.850, 0.950] (95%, 120 labels, exact binomial)" in words
    assert "ti\\|tle" in words
    save_model(tmp_path, model)
    assert "How good it is was not measured" in (tmp_path / "README.md").read_text()
    assert not (tmp_path / "encoder.skops").exists()


def test_an_encoder_may_be_given_and_must_be_the_same(tmp_path: Path) -> None:
    texts = ITEMS["text"]
    encoder = TextEncoder(dim=4).fit(texts)
    save_model(tmp_path, GaussianNB().fit(encoder.encode(texts), LABELS), encoder, kind="text")
    assert load_model(tmp_path, encoder=encoder).encoder is encoder
    with pytest.raises(BadInput, match="was trained on features of the encoder text"):
        load_model(tmp_path, encoder=TextEncoder(dim=5).fit(texts))


# What cannot be saved


class Strange(GaussianNB):  # type: ignore[misc]
    """A user's own type."""


@pytest.mark.parametrize(
    ("classifier", "words"),
    [
        (Strange(), r"test_saved_model\.Strange is not on it"),
        (make_pipeline(FunctionTransformer(np.log1p), GaussianNB()), "FunctionTransformer"),
        (KNeighborsClassifier(), "KNeighborsClassifier"),
        (SVC(), "SVC"),
        (GaussianProcessClassifier(), "GaussianProcessClassifier"),
    ],
)
def test_what_is_not_on_the_list_is_named(classifier: Any, words: str, tmp_path: Path) -> None:
    classifier.fit(np.abs(ITEMS["embedding"]), LABELS)
    if not hasattr(classifier, "predict_proba"):
        classifier.predict_proba = np.exp
    with pytest.raises(BadInput, match=words):
        save_model(tmp_path, classifier)
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_fitted_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFitted):
        save_model(tmp_path, GaussianNB())
    with pytest.raises(NotFitted):
        save_encoder(tmp_path / "e", TextEncoder())


# Files from outside


def plant(folder: Path, data: bytes, name: str = "model.skops", classes: Any = None) -> None:
    """Put another file into a saved model, with a card that speaks of it."""
    (folder / name).write_bytes(data)
    card = json.loads((folder / "card.json").read_text())
    card["digests"][name] = saved_model._digest(data)
    if classes is not None:
        card["classes"] = classes
    (folder / "card.json").write_text(json.dumps(card))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    X = ITEMS["embedding"]
    save_model(tmp_path, RandomForestClassifier(2, random_state=0).fit(X, LABELS), EmbeddingEncoder().fit(X))
    return tmp_path


class Shell:
    """What an attacker would write: a call on loading."""

    def __reduce__(self) -> Any:
        import os

        return os.system, ("echo broken into",)


def rewritten(data: bytes, change: Any, compression: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", compression) as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content) if name == "schema.json" else content)
    return out.getvalue()


def test_types_that_are_not_allowed_are_refused_and_not_imported(saved: Path) -> None:
    data = (saved / "model.skops").read_bytes()
    for module, name in (("os", "system"), ("builtins", "eval"), ("asklearn.cli", "main"), ("antigravity", "fly"),
                         ("sklearn.neighbors._classification", "KNeighborsClassifier")):  # fmt: skip

        def change(text: bytes, module: str = module, name: str = name) -> bytes:
            return text.replace(b'"RandomForestClassifier"', f'"{name}"'.encode()).replace(
                b'"sklearn.ensemble._forest"', f'"{module}"'.encode()
            )

        plant(saved, rewritten(data, change))
        with pytest.raises(BadInput, match=rf"{module}\.{name}, which is not allowed"):
            load_model(saved)
    assert "antigravity" not in sys.modules


LOADERS = [
    "FunctionNode", "MethodNode", "PartialNode", "ConstructorFromReduceNode",
    "OperatorFuncNode", "SparseMatrixNode", "Nothing",
]  # fmt: skip


@pytest.mark.parametrize("loader", LOADERS)
def test_ways_of_loading_that_are_not_needed_are_refused(loader: str, saved: Path) -> None:
    data = (saved / "model.skops").read_bytes()
    plant(saved, rewritten(data, lambda text: text.replace(b'"ObjectNode"', f'"{loader}"'.encode())))
    with pytest.raises(BadInput, match=f"by {loader}, which is not allowed"):
        load_model(saved)


def test_a_pickle_is_not_read(saved: Path, capfd: pytest.CaptureFixture[str]) -> None:
    import pickle

    plant(saved, pickle.dumps(Shell()))
    with pytest.raises(BadInput, match="not a file that asklearn saved"):
        load_model(saved)
    assert "broken into" not in capfd.readouterr().out


def test_what_is_compressed_is_refused(saved: Path) -> None:
    data = (saved / "model.skops").read_bytes()
    plant(saved, rewritten(data, lambda text: text, zipfile.ZIP_DEFLATED))
    with pytest.raises(BadInput, match="compressed"):
        load_model(saved)


def test_files_cut_off_are_refused(saved: Path) -> None:
    for name in ("model.skops", "encoder.skops"):
        data = (saved / name).read_bytes()
        (saved / name).write_bytes(data[: len(data) // 2])
        with pytest.raises(BadInput, match="cut off"):
            load_model(saved)
        plant(saved, data[: len(data) // 2], name)
        with pytest.raises(BadInput, match="is not a file that asklearn saved, or is damaged"):
            load_model(saved)
        plant(saved, data, name)
    load_model(saved)
    (saved / "encoder.skops").unlink()
    with pytest.raises(BadInput, match=r"encoder\.skops cannot be read"):
        load_model(saved)


def test_bytes_that_are_changed_never_give_another_error(saved: Path) -> None:
    data = (saved / "model.skops").read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(200):
        broken = bytearray(data)
        for place in rng.integers(len(data), size=3):
            broken[place] = rng.integers(256)
        plant(saved, bytes(broken))
        try:
            load_model(saved).predict_proba(ITEMS["embedding"])
        except BadInput:
            continue


@pytest.mark.parametrize("field", ["left_child", "right_child", "feature"])
@pytest.mark.parametrize("value", [-7, 0, 10_000_000])
def test_a_tree_that_leads_outside_is_refused(field: str, value: int, saved: Path) -> None:
    if (field, value) == ("feature", 0):
        pytest.skip("feature 0 is there")
    forest = RandomForestClassifier(2, random_state=0).fit(ITEMS["embedding"], LABELS)
    state = forest.estimators_[1].tree_.__getstate__()
    nodes = state["nodes"].copy()
    nodes[field][np.flatnonzero(nodes["left_child"] != -1)[-1]] = value
    forest.estimators_[1].tree_.__setstate__({**state, "nodes": nodes})
    plant(saved, skops.io.dumps(forest))
    with pytest.raises(BadInput, match="it has a tree"):
        load_model(saved)


@pytest.mark.parametrize(
    ("field", "value"), [("left", 0), ("right", 9999), ("feature_idx", 3), ("is_categorical", 1)]
)
def test_a_boosted_tree_that_leads_outside_is_refused(field: str, value: int, saved: Path) -> None:
    boosted = HistGradientBoostingClassifier(max_iter=2, min_samples_leaf=2).fit(ITEMS["embedding"], LABELS)
    boosted._predictors[1][2].nodes[field][0] = value
    plant(saved, skops.io.dumps(boosted))
    with pytest.raises(BadInput, match=r"it has a (boosted )?tree"):
        load_model(saved)


@pytest.mark.parametrize("number", [None, 10_000, "three"])
def test_a_tree_must_say_how_many_features_it_takes(number: Any, saved: Path) -> None:
    tree = DecisionTreeClassifier(random_state=0).fit(ITEMS["embedding"], LABELS)
    if number is None:
        del tree.n_features_in_
    else:
        tree.n_features_in_ = number
    plant(saved, skops.io.dumps(tree))
    with pytest.raises(BadInput, match=r"it has a tree|expecting 10000 features"):
        load_model(saved).predict_proba(ITEMS["embedding"])


def test_a_method_may_not_be_replaced(saved: Path) -> None:
    tree = DecisionTreeClassifier(random_state=0).fit(ITEMS["embedding"], LABELS)
    tree._validate_X_predict = np.float32
    plant(saved, skops.io.dumps(tree))
    with pytest.raises(BadInput, match=r"replaces DecisionTreeClassifier\._validate_X_predict"):
        load_model(saved)


def test_what_is_neither_model_nor_encoder_is_refused(saved: Path) -> None:
    data = (saved / "model.skops").read_bytes()
    plant(saved, skops.io.dumps({"a": 1}))
    with pytest.raises(BadInput, match="holds no fitted classifier"):
        load_model(saved)
    plant(saved, data, classes=["few", "many"])
    with pytest.raises(BadInput, match="other classes"):
        load_model(saved)
    plant(saved, data, classes=["few", "many", "some"])
    plant(saved, data, "encoder.skops")
    with pytest.raises(BadInput, match="holds no encoder"):
        load_model(saved)
    hollow = EmbeddingEncoder()
    hollow.learnt = 3  # type: ignore[assignment]
    plant(saved, skops.io.dumps(hollow), "encoder.skops")
    with pytest.raises(BadInput, match=r"trained on features of the encoder|not whole"):
        load_model(saved)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", "null", '{"format": 1}', "[" * 100_000, '{"format": "x"}']
)
def test_a_card_that_is_none(text: str, saved: Path) -> None:
    (saved / "card.json").write_text(text)
    with pytest.raises(BadInput, match="is not the card of a saved model"):
        load_model(saved)


def test_a_newer_card_and_an_empty_folder(saved: Path, tmp_path: Path) -> None:
    (saved / "card.json").write_text('{"format": 99}')
    with pytest.raises(NewerFormat, match="pip install -U asklearn"):
        load_model(saved)
    with pytest.raises(BadInput, match=r"card\.json cannot be read"):
        load_model(tmp_path / "nowhere")


def test_features_of_another_width_are_refused_in_words(saved: Path) -> None:
    save_model(saved, LogisticRegression().fit(ITEMS["embedding"], LABELS))
    with pytest.raises(BadInput, match=r"cannot take features of shape \(2, 5\)"):
        load_model(saved).predict(np.zeros((2, 5)))


def test_the_allowed_types_exist_and_make_nothing_happen() -> None:
    for name in saved_model.ALLOWED:
        module, _, attribute = name.rpartition(".")
        assert isinstance(getattr(__import__(module, fromlist=["x"]), attribute), type), name
