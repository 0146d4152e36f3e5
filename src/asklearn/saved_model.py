"""A fitted classifier and its encoder as a folder that another process, or another person, can load.

The folder has ``model.skops``, ``encoder.skops`` where there is an encoder, ``card.json``, which says what the
model is and how good, and ``README.md``, which says the same to people. Nothing in it is a pickle. What is
loaded may only be made of the types that are named below, whatever else is installed, and trees are checked
node by node, since scikit-learn's compiled code follows their indices without looking.
"""

from __future__ import annotations

import io
import json
import os
import platform
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from asklearn.errors import AskLearnError, BadInput, NewerFormat
from asklearn.files import replacing
from asklearn.protocols import Encoder, Model
from asklearn.registry import adapt, require
from asklearn.types import Estimate, Floats, Label

FORMAT = 1
AT_ONCE = 20_000
MODEL, ENCODER, CARD, README = "model.skops", "encoder.skops", "card.json", "README.md"
PACKAGES = ("asklearn", "numpy", "scipy", "scikit-learn", "skops")

_NAMES = {
    "builtins": "bool bytes dict float int list set slice str tuple",
    "numpy": "bool dtype float32 float64 int32 int64 ndarray str_ uint8 uint32 uint64",
    "numpy.random._generator": "Generator",
    "numpy.random.mtrand": "RandomState",
    "asklearn.encoders.embedding": "EmbeddingEncoder _Learnt",
    "asklearn.encoders.image": "ImageEncoder _Learnt",
    "asklearn.encoders.onnx": "OnnxEncoder _Learnt",
    "asklearn.encoders.sentence_transformers": "SentenceTransformersEncoder _Learnt",
    "asklearn.encoders.tabular": "TabularEncoder _Number _Words",
    "asklearn.encoders.text": "TextEncoder _Learnt _Weights",
    "asklearn.models.boosting": "GradientBoosting",
    "asklearn.models.committee": "BootstrapCommittee",
    "asklearn.models.forest": "ExtraTrees",
    "asklearn.models.laplace": "LaplaceLogisticRegression",
    "asklearn.models.logistic": "TunedLogisticRegression",
    "asklearn.models.sklearn": "SklearnModel",
    "asklearn.models.tabular": "Mixture",
    "asklearn.models.torch": "TorchClassifier",
    "sklearn._loss._loss": "CyHalfBinomialLoss CyHalfMultinomialLoss",
    "sklearn._loss.link": "HalfLogitLink IdentityLink Interval LogitLink MultinomialLogit",
    "sklearn._loss.loss": "HalfBinomialLoss HalfMultinomialLoss",
    "sklearn.calibration": "CalibratedClassifierCV _CalibratedClassifier _SigmoidCalibration",
    "sklearn.decomposition._pca": "PCA",
    "sklearn.decomposition._truncated_svd": "TruncatedSVD",
    "sklearn.discriminant_analysis": "LinearDiscriminantAnalysis QuadraticDiscriminantAnalysis",
    "sklearn.dummy": "DummyClassifier",
    "sklearn.ensemble._bagging": "BaggingClassifier",
    "sklearn.ensemble._forest": "ExtraTreesClassifier RandomForestClassifier",
    "sklearn.ensemble._hist_gradient_boosting.binning": "_BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.gradient_boosting": "HistGradientBoostingClassifier",
    "sklearn.ensemble._hist_gradient_boosting.predictor": "TreePredictor",
    "sklearn.ensemble._voting": "VotingClassifier",
    "sklearn.isotonic": "IsotonicRegression",
    "sklearn.linear_model._logistic": "LogisticRegression LogisticRegressionCV",
    "sklearn.linear_model._stochastic_gradient": "SGDClassifier",
    "sklearn.multiclass": "OneVsRestClassifier _ConstantPredictor",
    "sklearn.naive_bayes": "BernoulliNB ComplementNB GaussianNB MultinomialNB",
    "sklearn.neural_network._multilayer_perceptron": "MLPClassifier",
    "sklearn.neural_network._stochastic_optimizers": "AdamOptimizer SGDOptimizer",
    "sklearn.pipeline": "FeatureUnion Pipeline",
    "sklearn.preprocessing._data": (
        "MaxAbsScaler MinMaxScaler Normalizer PowerTransformer QuantileTransformer RobustScaler StandardScaler"
    ),
    "sklearn.preprocessing._label": "LabelBinarizer LabelEncoder",
    "sklearn.svm._classes": "LinearSVC",
    "sklearn.tree._classes": "DecisionTreeClassifier ExtraTreeClassifier",
    "sklearn.tree._tree": "Tree",
    "sklearn.utils._bunch": "Bunch",
}
ALLOWED = frozenset(f"{module}.{name}" for module, names in _NAMES.items() for name in names.split())
"""Every type that a saved file may be made of."""

_WAYS = "Bytes DType Dict Json List Loss NdArray Object RandomGenerator RandomState Set Slice Tree Tuple Type"
_LOADERS = frozenset(f"{name}Node" for name in _WAYS.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a saved model is, and how good.

    Attributes
    ----------
    task, kind : str
        What is predicted, and of what: ``text``, ``image``, ``tabular`` or ``embedding``.
    columns : tuple of str
        Columns of the project's data that the features are made of; empty where there was no table.
    classes : tuple of str or int
        In the order of the columns of ``predict_proba``.
    model, encoder : str
        The classifier, and the fingerprint of the encoder; the latter empty where there is none.
    labels : int
        How many labels the model was trained on.
    estimates : tuple of Estimate
        How good it is, with intervals and what was measured.
    made : str
        When it was saved, in UTC.
    versions : dict
        Version of each package.
    digests : dict
        BLAKE2b of each file, so that parts of two models are not taken for one.
    """

    task: str = "classify"
    kind: str = "embedding"
    columns: tuple[str, ...] = ()
    classes: tuple[Label, ...] = ()
    model: str = ""
    encoder: str = ""
    labels: int = 0
    estimates: tuple[Estimate, ...] = ()
    made: str = ""
    versions: Mapping[str, str]
    digests: Mapping[str, str]


class SavedModel:
    """A model that was loaded: from items, as they came, to classes.

    Attributes
    ----------
    card : Card
    model : Model
        The classifier; its scikit-learn estimator is ``model.estimator``.
    encoder : Encoder or None
        None where items are features already.
    classes : list of str or int
        In the order of the columns of :meth:`predict_proba`.
    """

    def __init__(self, card: Card, model: Model, encoder: Encoder | None) -> None:
        self.card = card
        self.model = model
        self.encoder = encoder
        self.classes = model.classes

    def predict_proba(self, items: Any) -> Floats:
        """Return the probability of each class, shape (N, C), float32.

        Parameters
        ----------
        items : list, ndarray, mapping of columns, or data frame
            What the model was trained on: texts; images as bytes, paths or pixels; the columns of a table;
            embeddings. Of a mapping or data frame the columns that the card names are taken.

        Raises
        ------
        BadInput
            If they are not of that kind.
        """
        taken, size = self._taken(items)
        proba_NC = np.empty((size, len(self.classes)), np.float32)
        for start in range(0, size, AT_ONCE):
            rows = slice(start, min(start + AT_ONCE, size))
            part = (
                {name: one[rows] for name, one in taken.items()} if isinstance(taken, dict) else taken[rows]
            )
            proba_NC[rows] = self._proba(part if self.encoder is None else self.encoder.encode(part))
        return proba_NC

    def predict(self, items: Any) -> Any:
        """Return the most probable class of each item; see :meth:`predict_proba`."""
        return np.array(self.classes)[self.predict_proba(items).argmax(1)]

    def _proba(self, features: Any) -> Floats:
        try:
            return self.model.posterior(features).proba_NC
        except AskLearnError:
            raise
        except Exception as error:
            raise BadInput(
                f"The model cannot take features of shape {np.shape(features)}: {error}"
            ) from error

    def _taken(self, items: Any) -> tuple[Any, int]:
        """Return what the encoder takes, and how many they are."""
        if isinstance(items, Mapping) or hasattr(items, "columns"):
            items = _columns(items, self.card.columns)
            if self.card.kind != "tabular":
                (items,) = items.values()
        if isinstance(items, dict):
            return items, len(next(iter(items.values())))
        if isinstance(items, str | bytes) or not hasattr(items, "__len__"):
            raise BadInput(f"Put a single item into a list. Got {type(items).__name__}.")
        if self.card.kind == "image" and not isinstance(items, np.ndarray):
            items = [Path(one) if isinstance(one, str) else one for one in items]
        if self.card.kind == "text":
            items = ["" if one is None or one != one else one for one in items]
        if self.card.kind == "embedding":
            items = np.asarray(items)
            items = np.stack(list(items)) if items.dtype.kind == "O" and len(items) else items
        return items, len(items)


def save_model(
    folder: str | os.PathLike[str],
    model: Any,
    encoder: Encoder | None = None,
    *,
    kind: str = "embedding",
    columns: Sequence[str] = (),
    labels: int = 0,
    estimates: Sequence[Estimate] = (),
) -> Card:
    """Write a fitted classifier, and the encoder that makes its features, into a folder.

    Parameters
    ----------
    folder : path
        Made if it is not there; files of an earlier model in it are replaced.
    model : classifier or Model
        As ``learner.model`` gives it.
    encoder : Encoder, optional
        Fitted; without it the loaded model takes features.
    kind : str
        What the items are.
    columns : sequence of str
        Columns of a table that the encoder takes, in order.
    labels : int
        Number of labels that the model was trained on.
    estimates : sequence of Estimate
        What :meth:`~asklearn.learner.ActiveLearner.evaluate` said.

    Raises
    ------
    BadInput
        If the classifier is not fitted, or is made of types that loading does not allow; they are named.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> folder = tempfile.mkdtemp()
    >>> card = save_model(folder, LogisticRegression(max_iter=1000).fit(X, y), labels=150)
    >>> load_model(folder).predict_proba(X[:1]).round(2)
    array([[0.98, 0.02, 0.  ]], dtype=float32)
    """
    adapted: Model = adapt("models", model)
    classes = tuple(adapted.classes)
    content = {MODEL: _dumped(adapted.estimator, "model")}
    if encoder is not None:
        content[ENCODER] = _dumped(encoder, "encoder")
    card = Card(
        kind=kind,
        columns=tuple(columns),
        classes=classes,
        model=_described(adapted),
        encoder="" if encoder is None else encoder.fingerprint(),
        labels=labels,
        estimates=tuple(estimates),
        made=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        versions=_versions(),
        digests={name: _digest(data) for name, data in content.items()},
    )
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    for name, data in content.items():
        _write(target / name, data)
    _write(target / README, _readme(card).encode())
    _write(target / CARD, json.dumps({"format": FORMAT, **asdict(card)}, indent=1).encode())
    if encoder is None:
        (target / ENCODER).unlink(missing_ok=True)
    return card


def load_model(folder: str | os.PathLike[str], *, encoder: Encoder | None = None) -> SavedModel:
    """Load what :func:`save_model` wrote.

    Parameters
    ----------
    folder : path
        As it was given to :func:`save_model`.
    encoder : Encoder, optional
        A fitted encoder to use instead of the saved one, which is then not loaded; its fingerprint must be
        the card's.

    Raises
    ------
    BadInput
        If the folder has no model, a file is cut off or damaged, or holds anything but what asklearn saves.
    NewerFormat
        If a newer asklearn wrote it.

    Notes
    -----
    Loading runs no code from the files. A model can still be wrong on purpose: use one from people you trust.
    """
    source = Path(folder)
    card = _read_card(source / CARD)
    model = _loaded(_read(source, MODEL, card), source / MODEL)
    if not hasattr(model, "predict_proba") or not hasattr(model, "classes_"):
        raise BadInput(f"{source / MODEL} holds no fitted classifier. Got {type(model).__name__}.")
    adapted: Model = adapt("models", model)
    if tuple(adapted.classes) != card.classes:
        raise BadInput(f"The model in {source} has other classes than its {CARD} says. Save it again.")
    if encoder is None and card.encoder:
        encoder = _checked_encoder(_loaded(_read(source, ENCODER, card), source / ENCODER), source / ENCODER)
    found = "" if encoder is None else encoder.fingerprint()
    if found != card.encoder:
        raise BadInput(
            f"The model in {source} was trained on features of the encoder {card.encoder or 'none'}. "
            f"Got {found or 'none'}."
        )
    return SavedModel(card, adapted, encoder)


def save_encoder(path: str | os.PathLike[str], encoder: Encoder) -> None:
    """Write a fitted encoder to a file, whole or not at all.

    Raises
    ------
    BadInput
        If it is made of types that loading does not allow; they are named.
    NotFitted
        If it is not fitted.

    Examples
    --------
    >>> import tempfile
    >>> from asklearn.encoders.embedding import EmbeddingEncoder
    >>> file = Path(tempfile.mkdtemp()) / "encoder.skops"
    >>> save_encoder(file, EmbeddingEncoder().fit(np.eye(3)))
    >>> load_encoder(file).encode([[1, 2, 3]])
    array([[1., 2., 3.]], dtype=float32)
    """
    encoder.fingerprint()
    _write(Path(path), _dumped(encoder, "encoder"))


def load_encoder(path: str | os.PathLike[str]) -> Encoder:
    """Load what :func:`save_encoder` wrote.

    Raises
    ------
    BadInput
        If the file is missing, cut off, damaged, or holds anything but an encoder of asklearn.
    """
    file = Path(path)
    return _checked_encoder(_loaded(_bytes(file), file), file)


def _described(model: Model) -> str:
    settled = ", ".join(f"{name}={value}" for name, value in model.params().items())
    return " ".join(repr(model.estimator).split()) + (f" with {settled}" if settled else "")


# Files


def _write(path: Path, data: bytes) -> None:
    with replacing(path) as file:
        file.write(data)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}.") from error


def _read(folder: Path, name: str, card: Card) -> bytes:
    data = _bytes(folder / name)
    if _digest(data) != card.digests.get(name):
        raise BadInput(
            f"{folder / name} is not the file that {CARD} speaks of: it was cut off, changed, or belongs to "
            "another model. Restore the whole folder, or save the model again."
        )
    return data


def _digest(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


def _read_card(path: Path) -> Card:
    try:
        plain = json.loads(_bytes(path))
        number = plain.pop("format")
        if number > FORMAT:
            raise NewerFormat(
                f"{path} has format {number}; this asklearn reads {FORMAT}. "
                "Upgrade with: pip install -U asklearn"
            )
        values = {one.name: plain[one.name] for one in fields(Card)}
        values["estimates"] = tuple(Estimate(**one) for one in values["estimates"])
        for name in ("columns", "classes"):
            values[name] = tuple(values[name])
        return Card(**values)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        if isinstance(error, AskLearnError):
            raise
        raise BadInput(
            f"{path} is not the card of a saved model ({error!r:.80}). Save the model again."
        ) from error


# Safe files of objects


def _dumped(thing: Any, what: str) -> bytes:
    skops = require("skops.io", "app")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data: bytes = skops.dumps(thing)
        strange = _strange(_schema(data))
    except Exception as error:
        raise BadInput(
            f"The {what} {type(thing).__name__} cannot be saved without a pickle: {error}"
        ) from error
    if strange:
        raise BadInput(
            f"The {what} cannot be saved, because loading allows only types of a fixed list, and "
            f"{', '.join(strange)} {'is' if len(strange) == 1 else 'are'} not on it. Save it yourself, by "
            "skops or joblib say, and load it only where you trust the file."
        )
    return data


def _loaded(data: bytes, path: Path) -> Any:
    skops = require("skops.io", "app")
    try:
        strange = _strange(_schema(data))
        if strange:
            raise BadInput(f"it holds {', '.join(strange)[:300]}, which is not allowed")
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=UserWarning, module="sklearn")
            thing = skops.loads(data, trusted=sorted(ALLOWED))
        _check_trees(thing)
    except Exception as error:
        raise BadInput(
            f"{path} is not a file that asklearn saved, or is damaged: {str(error) or type(error).__name__}. "
            "Nothing of it was used."
        ) from error
    return thing


def _schema(data: bytes) -> Any:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        if any(one.compress_type != zipfile.ZIP_STORED for one in file.infolist()):
            raise BadInput("it is compressed, which files of asklearn are not")
        if sum(one.file_size for one in file.infolist()) > len(data):
            raise BadInput("it claims to hold more than its size")
        return json.loads(file.read("schema.json"))


def _strange(schema: Any) -> list[str]:
    """Return every type and way of loading in a schema that is not allowed."""
    found = set()
    waiting = [schema]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if "__class__" in one or "__loader__" in one:
                name = f"{one.get('__module__')}.{one.get('__class__')}"
                loader = one.get("__loader__")
                if name not in ALLOWED and loader != "JsonNode":
                    found.add(name)
                elif loader not in _LOADERS:
                    found.add(f"{name} by {loader}")
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return sorted(found)


def _check_trees(thing: Any) -> None:
    """Refuse trees whose indices point outside: compiled code would follow them out of its memory."""
    for one, features in _inside(thing):
        _check_methods(one)
        if type(one).__name__ == "Tree":
            nodes = one.__getstate__()["nodes"]
            inner = nodes["left_child"] != -1
            _check_nodes(nodes, inner, "left_child", "right_child", "feature", features)
        elif type(one).__name__ == "TreePredictor":
            if one.nodes["is_categorical"].any():
                raise BadInput("it has a boosted tree that splits on categories, which is not allowed")
            _check_nodes(one.nodes, one.nodes["is_leaf"] == 0, "left", "right", "feature_idx", features)


def _check_methods(one: Any) -> None:
    for name in getattr(one, "__dict__", {}) if not isinstance(one, type) else ():
        if callable(getattr(type(one), name, None)):
            raise BadInput(f"it replaces {type(one).__name__}.{name}, which is not allowed")


def _check_nodes(nodes: Any, inner: Any, left: str, right: str, feature: str, features: int) -> None:
    place = np.flatnonzero(inner)
    for name in (left, right):
        child = nodes[name][place].astype(np.int64)
        if ((child <= place) | (child >= len(nodes))).any():
            raise BadInput("it has a tree with a branch that leads outside of it")
    used = nodes[feature][place].astype(np.int64)
    if not len(nodes) or ((used < 0) | (used >= features)).any():
        raise BadInput("it has a tree that looks at a feature that is not there")


def _inside(thing: Any) -> Iterator[tuple[Any, int]]:
    """Yield every object inside, with how many features the nearest estimator around it makes sure of."""
    waiting, seen = [(thing, 0)], set()
    while waiting:
        one, features = waiting.pop()
        if isinstance(one, str | bytes | int | float | None) or (id(one), features) in seen:
            continue
        seen.add((id(one), features))
        if hasattr(one, "fit"):
            number = getattr(one, "n_features_in_", None)
            features = number if isinstance(number, int) else 0
        yield one, features
        inner: Any = getattr(one, "__dict__", {}).values() if not isinstance(one, type) else ()
        if isinstance(one, Mapping):
            inner = one.values()
        elif isinstance(one, list | tuple | set):
            inner = one
        elif isinstance(one, np.ndarray):
            inner = one.ravel() if one.dtype == object else ()
        waiting += [(value, features) for value in inner]


def _checked_encoder(thing: Any, path: Path) -> Encoder:
    if not isinstance(thing, Encoder):
        raise BadInput(f"{path} holds no encoder. Got {type(thing).__name__}.")
    try:
        thing.fingerprint()
    except Exception as error:
        raise BadInput(f"{path} holds an encoder that is not whole: {error}") from error
    return thing


# Items and words


def _columns(items: Any, names: tuple[str, ...]) -> dict[str, Any]:
    held = list(items) if isinstance(items, Mapping) else [str(one) for one in _names(items)]
    missing = [name for name in names if name not in held]
    if missing:
        raise BadInput(
            f"The model takes the columns {', '.join(names)}. Missing: {', '.join(missing)}; "
            f"got {', '.join(map(str, held[:20]))}."
        )
    return {name: _values(items[name]) for name in names or held}


def _names(items: Any) -> Any:
    return getattr(items, "column_names", None) or items.columns


def _values(column: Any) -> Any:
    if hasattr(column, "to_pylist"):
        return column.to_pylist()
    values = column if isinstance(column, list | tuple) else np.asarray(column)
    if isinstance(values, np.ndarray) and values.dtype != object:
        return values
    return [None if type(one).__name__ in ("NAType", "NaTType") else one for one in values]


def _readme(card: Card) -> str:
    names = ", ".join(map(str, card.classes[:50])) + (", ..." if len(card.classes) > 50 else "")
    example = {
        "text": 'model.predict(["a text", "another"])',
        "image": 'model.predict(["a.png", "b.png"])',
        "tabular": "model.predict(data_frame)",
    }.get(card.kind, "model.predict(embeddings)")
    lines = [
        f"# A model that tells {len(card.classes)} classes apart",
        "",
        "| | |",
        "| --- | --- |",
        f"| task | {card.task}, items: {card.kind} |",
        f"| columns | {_cell(', '.join(card.columns)) or 'none: items as they are'} |",
        f"| classes | {_cell(names)} |",
        f"| classifier | `{_cell(card.model)}` |",
        f"| encoder | {f'`{_cell(card.encoder)}`' if card.encoder else 'none: it takes features'} |",
        f"| trained on | {card.labels or 'an unknown number of'} labels |",
        *(
            f"| {_cell(one.name)} | {_cell(str(one).removeprefix(one.name).strip())} |"
            for one in card.estimates
        ),
        f"| made | {card.made} |",
        f"| versions | {', '.join(f'{name} {number}' for name, number in card.versions.items())} |",
        "",
        "```python",
        "from asklearn.saved_model import load_model",
        "",
        'model = load_model("this folder")',
        example,
        "```",
        "",
    ]
    if not card.estimates:
        lines[-1:] = ["", "How good it is was not measured.", ""]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").replace("`", "'").split())
