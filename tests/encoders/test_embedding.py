import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from asklearn.encoders.embedding import EmbeddingEncoder
from asklearn.errors import BadInput, NotFitted
from asklearn.testing.encoders import check_encoder

ITEMS = np.random.default_rng(0).normal(size=(20, 3))


@pytest.mark.parametrize("normalize", [False, True])
def test_conformance(normalize):
    check_encoder(lambda: EmbeddingEncoder(normalize=normalize), ITEMS)


def test_float32_is_not_copied():
    items = ITEMS.astype(np.float32)
    assert EmbeddingEncoder().fit(items).encode(items) is items


@given(hnp.arrays(st.sampled_from([np.float32, np.float64]), (4, 3)))
def test_unit_length_or_refused(items):
    encoder = EmbeddingEncoder(normalize=True).fit(items)
    with np.errstate(over="ignore"):
        finite = np.isfinite(items.astype(np.float32)).all()
    if not finite:
        with pytest.raises(BadInput, match="must be finite"):
            encoder.encode(items)
        return
    norm_N = np.linalg.norm(encoder.encode(items).astype(np.float64), axis=1)
    assert np.all(np.isclose(norm_N, 1, atol=1e-4) | ~items.astype(np.float32).any(axis=1))


def test_names_row_and_column():
    items = ITEMS.copy()
    items[7, 2] = np.nan
    with pytest.raises(BadInput, match="nan at row 7, column 2"):
        EmbeddingEncoder().fit(items).encode(items)
    items[7, 2] = 1e300
    with pytest.raises(BadInput, match="inf at row 7, column 2"):
        EmbeddingEncoder().fit(items).encode(items)


@pytest.mark.parametrize(
    "items",
    [np.ones(3), np.ones((2, 0)), [["a", "b"]], [[1.0], [1.0, 2.0]], "text", np.ones((2, 2), complex)],
)
def test_wrong_items(items):
    with pytest.raises(BadInput, match="Embeddings must"):
        EmbeddingEncoder().fit(items)


def test_other_width_and_not_fitted():
    with pytest.raises(BadInput, match="fitted on 3 columns"):
        EmbeddingEncoder().fit(ITEMS).encode(ITEMS[:, :2])
    with pytest.raises(NotFitted):
        EmbeddingEncoder().encode(ITEMS)
