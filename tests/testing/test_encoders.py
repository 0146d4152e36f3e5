"""The suite must catch what it is for: each planted fault has to fail it."""

import numpy as np
import pytest

from asklearn.testing.encoders import check_encoder

ITEMS = np.random.default_rng(0).normal(size=(20, 3))


class Honest:
    def fit(self, items):
        return self

    def encode(self, items):
        return np.ascontiguousarray(items, dtype=np.float32)

    def fingerprint(self):
        return "honest"


class Double(Honest):
    def encode(self, items):
        return super().encode(items).astype(np.float64)


class Centred(Honest):
    def encode(self, items):
        return super().encode(items) - (super().encode(items).mean(axis=0) if len(items) else 0)


class Positional(Honest):
    def encode(self, items):
        return super().encode(items) + np.arange(len(items), dtype=np.float32)[:, None]


class Unseeded(Honest):
    def fit(self, items):
        self.shift = np.random.default_rng().normal()
        return self

    def encode(self, items):
        return super().encode(items) + np.float32(self.shift)


class Mutating(Honest):
    def encode(self, items):
        if len(items):
            items[0, 0] = 0.0
        return super().encode(items)


class Transposed(Honest):
    def encode(self, items):
        return np.asfortranarray(super().encode(items))


class Endless(Honest):
    def encode(self, items):
        return super().encode(items) / np.float32(0) if len(items) == 1 else super().encode(items) * np.inf


class Nameless(Honest):
    def fingerprint(self):
        return str(id(self))


class Selfless(Honest):
    def fit(self, items):
        return None


def test_an_honest_encoder_passes():
    check_encoder(Honest, ITEMS.copy())


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    "fault", [Double, Centred, Positional, Unseeded, Mutating, Transposed, Endless, Nameless, Selfless]
)
def test_planted_fault_is_caught(fault):
    with pytest.raises(AssertionError):
        check_encoder(fault, ITEMS.copy())
