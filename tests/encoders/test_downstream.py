"""On real data each encoder must beat the plain thing that anyone would try first."""

import os
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from asklearn import registry
from asklearn.sources.tables import feature_columns, labels_of, read_table

DATA = Path(os.environ.get("ASKLEARN_DATA", Path(__file__).parents[3] / "shared" / "data"))

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not DATA.is_dir(), reason=f"no data in {DATA}; set ASKLEARN_DATA"),
]


def accuracy(features_ND, labels, n, c):
    model = LogisticRegression(C=c, max_iter=500)
    return model.fit(features_ND[:n], labels[:n]).score(features_ND[-1000:], labels[-1000:])


def shuffled(name, rows):
    table = read_table(DATA / f"{name}.parquet")
    return table.take(np.random.default_rng(0).permutation(len(table))[:rows])


def test_text_on_trec():
    table = shuffled("text_trec", 4000)
    texts = table.columns["text"]
    features_ND = registry.resolve("encoders", "text").fit(texts).encode(texts)
    assert accuracy(features_ND, labels_of(table, "label"), 400, 30) > 0.70


@pytest.mark.parametrize(("name", "gain"), [("tab_letter", 0.05), ("tab_spambase", 0.01)])
def test_tabular_against_standardised_columns(name, gain):
    table = shuffled(name, 4000)
    columns = {one: table.columns[one] for one in feature_columns(table)}
    labels = labels_of(table, "label")
    features_ND = registry.resolve("encoders", "tabular").fit(columns).encode(columns)
    plain_ND = np.column_stack(list(columns.values())).astype(float)
    plain_ND = (plain_ND - plain_ND.mean(axis=0)) / plain_ND.std(axis=0)
    assert accuracy(features_ND, labels, 1000, 1) > accuracy(plain_ND, labels, 1000, 1) + gain


def test_image_against_pixels():
    table = shuffled("img_fashion_mnist", 1500)
    features_ND = registry.resolve("encoders", "image(patches=64)").fit(list(table.columns["image"]))
    features_ND = features_ND.encode(list(table.columns["image"]))
    assert features_ND.shape == (1500, 256)
    assert accuracy(features_ND, labels_of(table, "label"), 300, 1) > 0.76


@pytest.mark.parametrize("file", sorted(DATA.glob("t[ae][bx]*.parquet")), ids=lambda file: file.stem)
def test_every_labelled_file_is_read(file):
    table = read_table(file)
    assert len(labels_of(table, "label")) == table.rows
    assert feature_columns(table)
