"""Features from what users hold: the same numbers whatever the container, and clear words where not."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import sparse
from scipy.spatial.distance import pdist
from sklearn.naive_bayes import MultinomialNB

from asklearn import ActiveLearner, arguments
from asklearn.errors import BadInput
from asklearn.features import features_from, narrowed, width
from asklearn.pool import check_features

X = np.array([[1.0, 0.0, 2.5], [0.0, -3.0, 0.0]])


def pandas_frame(**options: Any) -> Any:
    return pytest.importorskip("pandas").DataFrame(X, columns=["a", "b", "c"], **options)


def polars_frame() -> Any:
    return pytest.importorskip("polars").DataFrame(X, schema=["a", "b", "c"])


CONTAINERS = {
    "list": lambda: X.tolist(),
    "tuple of arrays": lambda: tuple(X),
    "csr": lambda: sparse.csr_array(X),
    "csc matrix": lambda: sparse.csc_matrix(X),
    "coo of whole numbers": lambda: sparse.coo_array((2 * X).astype(int)) * 0.5,
    "arrow table": lambda: pa.table({name: X[:, i] for i, name in enumerate("abc")}),
    "arrow batch": lambda: pa.record_batch({name: X[:, i] for i, name in enumerate("abc")}),
    "pandas": pandas_frame,
    "pandas with an index": lambda: pandas_frame(index=["x", "y"]),
    "pandas nullable": lambda: pandas_frame().astype("Float64"),
    "pandas sparse": lambda: pytest.importorskip("pandas").DataFrame.sparse.from_spmatrix(
        sparse.csr_array(X)
    ),
    "polars": polars_frame,
    "numpy matrix": lambda: sparse.csr_matrix(X).todense(),
}


@pytest.mark.parametrize("container", CONTAINERS)
def test_the_same_numbers_from_every_container(container: str) -> None:
    got = check_features(CONTAINERS[container]())
    if sparse.issparse(got):
        assert container in ("csr", "csc matrix", "coo of whole numbers")
        assert (got.format, got.dtype) == ("csr", X.dtype)
        got = got.toarray()
    np.testing.assert_array_equal(got, X)
    assert type(got) is np.ndarray


def test_an_array_is_not_copied() -> None:
    assert features_from(X) is X


def test_whole_numbers_and_booleans_of_frames() -> None:
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    mixed = pandas.DataFrame({"a": pandas.array([1, 2], "Int64"), "b": [True, False], "c": [0.5, 1.5]})
    wanted = [[1, 1, 0.5], [2, 0, 1.5]]
    np.testing.assert_array_equal(check_features(mixed), wanted)
    np.testing.assert_array_equal(
        check_features(polars.DataFrame({"a": [1, 2], "b": [True, False], "c": [0.5, 1.5]})), wanted
    )
    np.testing.assert_array_equal(
        check_features(pa.table({"a": pa.array([1, 2], pa.int8()), "b": [True, False], "c": [0.5, 1.5]})),
        wanted,
    )


def missing_values() -> list[Any]:
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    return [
        pandas.DataFrame({"a": [1.0, 2.0], "b": pandas.array([3, None], "Int64")}),
        pandas.DataFrame({"a": [1.0, 2.0], "b": [3, None]}),
        polars.DataFrame({"a": [1.0, 2.0], "b": [3, None]}),
        pa.table({"a": [1.0, 2.0], "b": [3, None]}),
        np.ma.MaskedArray([[1.0, 3.0], [2.0, 4.0]], mask=[[0, 0], [0, 1]]),
    ]


@pytest.mark.parametrize("i", range(5))
def test_missing_values_are_named_by_row_and_column(i: int) -> None:
    with pytest.raises(BadInput, match="Got nan in row 1, column 1"):
        check_features(missing_values()[i])


def test_masked_whole_numbers_are_refused() -> None:
    with pytest.raises(BadInput, match="masked"):
        check_features(np.ma.MaskedArray([[1, 2]], mask=[[0, 1]]))
    np.testing.assert_array_equal(check_features(np.ma.MaskedArray([[1, 2]])), [[1, 2]])


def wordy() -> list[Any]:
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    words = {"a": [1, 2], "word": ["x", "y"]}
    days = {"a": [1, 2], "word": np.array(["2020-01-01", "2021-01-01"], "M8[s]")}
    return [
        pandas.DataFrame(words), polars.DataFrame(words), pa.table(words), pandas.DataFrame(days),
        pa.table({"a": [1, 2], "word": [[1.0], [2.0]]}), pandas.DataFrame({"word": ["1", "2"]}),
        pandas.DataFrame({"a": [1, 2], "word": [Fraction(1, 2), 1]}),
    ]  # fmt: skip


@pytest.mark.parametrize("i", range(7))
def test_columns_that_are_no_numbers_are_named(i: int) -> None:
    with pytest.raises(BadInput, match=r"These are not: 'word' \("):
        check_features(wordy()[i])


def test_sparse_features_are_brought_into_order_and_never_changed() -> None:
    twice = sparse.csr_array((np.array([1, 2, 3]), np.array([1, 1, 0]), np.array([0, 2, 3])), shape=(2, 3))
    got = check_features(twice)
    np.testing.assert_array_equal(got.toarray(), [[0, 3, 0], [3, 0, 0]])
    assert got.dtype == np.float32
    assert twice.nnz == 3
    plain = sparse.csr_array(X)
    assert check_features(plain) is plain
    assert check_features(sparse.csr_array((10**6, 10**6), dtype=np.float32)).shape == (10**6, 10**6)
    with pytest.raises(BadInput, match="Got inf in row 1, column 2"):
        check_features(sparse.csr_array([[0.0, 1.0, 0.0], [0.0, 0.0, np.inf]]))


@pytest.mark.parametrize(
    "wrong", [[[1.0], [1.0, 2.0]], sparse.csr_array(X * 1j), "abc", None, {"a": 1}, object(), pa.table({})]
)
def test_what_is_no_table_of_numbers_is_refused(wrong: Any) -> None:
    with pytest.raises(BadInput):
        check_features(wrong)


def test_what_cannot_be_made_an_array_is_refused() -> None:
    class Broken:
        def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
            raise RuntimeError("it needs a gradient")

    with pytest.raises(BadInput, match="it needs a gradient"):
        check_features(Broken())


def test_a_learner_takes_a_frame_and_numbers_its_items() -> None:
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    frame = pandas.DataFrame(rng.normal(size=(30, 3)), index=[f"row{i}" for i in range(30)])
    batch = ActiveLearner("logistic", frame, seed=0).ask(4)
    assert sorted(batch.ids) == sorted(batch.rows.tolist())


def test_a_learner_over_sparse_features_asks_and_says_what_one_over_dense_ones_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=200)
    many = (rng.random((200, 30)) < 0.1 + 0.2 * (np.arange(30) % 2 == y[:, None])).astype(np.float32)
    for model in (MultinomialNB(), "logistic(C=1.0, temperature=1.0)"):
        learners = [
            ActiveLearner(model, X, strategy="cluster_margin", seed=1) for X in (many, sparse.csr_array(many))
        ]
        for _ in range(4):
            dense, thin = (learner.ask(15) for learner in learners)
            assert dense.ids == thin.ids
            for learner in learners:
                learner.tell(dense.ids, y[dense.rows])
        one, other = (learner.evaluate() for learner in learners)
        assert one == other
    monkeypatch.setattr(arguments, "LARGEST_DENSE", 50 * 30 * 4)
    with pytest.raises(BadInput, match=r"needs dense features.*margin"):
        learners[1].ask(5)
    only = ActiveLearner(MultinomialNB(), sparse.csr_array(many), strategy="margin", seed=1)
    first = only.ask(20)
    only.tell(first.ids, y[first.rows])
    assert len(only.ask(5)) == 5


def test_wide_sparse_features_are_compared_by_a_projection_that_keeps_distances() -> None:
    rng = np.random.default_rng(0)
    X = sparse.random_array((60, 20_000), density=0.005, rng=rng, format="csr", dtype=np.float32)
    held = X.copy()
    narrow = narrowed(X)
    assert narrow.shape == (60, 256)
    assert width(X) == 256
    assert narrow.dtype == np.float32
    true, kept = pdist(X.toarray()), pdist(narrow)
    assert np.abs(kept / true - 1).max() < 0.35
    assert np.abs(kept / true - 1).mean() < 0.06
    assert np.allclose(narrowed(X[:7]), narrow[:7], atol=1e-5)
    assert narrowed(X[:0]).shape == (0, 256)
    assert (held != X).nnz == 0


def test_what_is_not_wide_or_goes_to_the_model_keeps_its_columns() -> None:
    X = sparse.random_array((5, 2_000), density=0.1, rng=np.random.default_rng(0), format="csr")
    assert np.array_equal(narrowed(X, {"predict"}), X.toarray())
    assert np.array_equal(narrowed(X[:, :1_000]), X.toarray()[:, :1_000])


@pytest.mark.parametrize("strategy", ["auto", "max_herding", "per_cost"])
def test_strategies_that_compare_take_sparse_features_too_wide_to_be_dense(
    strategy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arguments, "LARGEST_DENSE", 1 << 20)
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=400)
    columns = 7_000 * y[:, None] + rng.integers(40, size=(400, 30))
    X = sparse.csr_array((np.ones(12_000), (np.repeat(np.arange(400), 30), columns.ravel())), (400, 30_000))
    learner = ActiveLearner(MultinomialNB(), X, strategy=strategy, seed=1)
    for _ in range(2):
        batch = learner.ask(12)
        learner.tell(batch.ids, y[batch.rows], seconds=np.ones(12))
    assert learner.model.score(X, y) > 0.9
