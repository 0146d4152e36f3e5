"""Batches that leave the least variance in the predictions for the pool, by Fisher information."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

import numpy as np
from numpy.random import Generator

from asklearn.acquisition.base import by_blocks
from asklearn.errors import BadInput
from asklearn.selection.base import features_of, labelled_of, proba_of, selection
from asklearn.types import Candidates, Floats, Indices

CHUNK = 1024
NUMBERS = 1 << 20
RENEW = 100
FALLEN = 0.1
TIED = 1e-6
LARGE = 2000


@selection(
    "bait",
    needs={"proba", "features", "labelled", "predict"},
    why="its label would make predictions for the whole pool surer",
)
@dataclass(frozen=True)
class Bait:
    """Take what lowers the model's expected variance over the pool most, by greedy steps there and back.

    The batch S shall make ``tr((M + sum_S I(x))^-1 F)`` small: ``I(x)`` is the Fisher information of the last
    layer at x, F its mean over the candidates, and M its sum over the labelled items plus
    ``strength`` times the identity. Forward, candidates are added one by one, each lowering the trace most,
    until there are ``oversample * n``; backward, those are taken away one by one whose loss raises it
    least.

    Parameters
    ----------
    fisher : {"binary", "exact"}
        ``binary`` takes the likeliest class against the rest, ``I(x) = w phi phi'`` with
        ``w = p (1 - p)`` (D x D). ``exact`` takes ``(diag p - p p') x phi phi'`` (CD x CD), for at most 2,000
        weights.
    strength : float
        Precision of the prior on the weights, for features scaled to a mean squared length of 1; about ``1 / C``
        of the model ``logistic``. Low values ask for spread, high ones for the middle of the pool.
    oversample : float
        How many times n are picked before the way back; 1 leaves it out.

    Notes
    -----
    With ``a = phi' M^-1 phi`` and ``s = phi' M^-1 F M^-1 phi`` the trace falls by ``w s / (1 + w a)`` when x is
    added, and rises by ``w s / (1 - w a)`` when it is taken away. ``a`` and ``s`` of all candidates follow M by
    rank one: O(N D) a pick, one pass over the features; and anew, since float32 drifts, every 100 picks and
    where all ``s`` together have fallen to a tenth. Memory O(N + D^2). Exact: O(N C^2 D^2) a pick.

    M here is a sum, so that labels count as they do in the posterior of a logistic regression; the paper's
    program weighs labelled items and picks by shares of the batch. The bias is no weight here.

    Wins with few labels and good features, where the variance of the model is what is wrong with it: with
    logistic regression on frozen features it was ahead of margin over the first few hundred labels of TREC,
    Banking77 and letter, level on Fashion-MNIST (four seeds; with ``strength=1`` it was behind). It knows
    variance only: where the model is wrong for want of features, more of the same does not help.

    References
    ----------
    Ash, Goel, Krishnamurthy and Kakade (2021), Gone fishing: neural active learning with Fisher embeddings
    (BAIT). Huseljic, Hahn, Herde, Rauch and Sick (2024), Fast fishing: approximating BAIT for efficient and
    scalable deep active image classification (the binary form).

    Examples
    --------
    >>> from asklearn.types import Categorical
    >>> features_ND = np.array([[3.0, 0.0], [2.9, 0.1], [0.0, 2.0], [0.1, 0.1]])
    >>> belief = Categorical(np.array([[0.5, 0.5], [0.5, 0.5], [0.6, 0.4], [0.5, 0.5]]))
    >>> known = Candidates(4, belief, features_ND, predict=lambda features_MD: belief)
    >>> Bait(strength=0.1)(known, 2, np.random.default_rng(0))
    array([0, 2])
    """

    fisher: Literal["binary", "exact"] = "binary"
    strength: float = 0.01
    oversample: float = 2.0
    needs: ClassVar[frozenset[str]]

    def __post_init__(self) -> None:
        if self.fisher not in ("binary", "exact"):
            raise BadInput(f"fisher must be 'binary' or 'exact'. Got {self.fisher!r}.")
        if not 0 < self.strength < np.inf:
            raise BadInput(f"strength must be a number above 0. Got {self.strength}.")
        if not 1 <= self.oversample < np.inf:
            raise BadInput(f"oversample must be 1 or more. Got {self.oversample}.")

    def __call__(self, candidates: Candidates, n: int, rng: Generator, /) -> Indices:
        trace = self._trace(candidates)
        open_N = np.ones(candidates.size, bool)
        picks: list[int] = []
        while len(picks) < min(candidates.size, int(np.ceil(self.oversample * n))):
            pick = _highest(np.where(open_N, trace.change(1), -np.inf), rng)
            trace.move(pick, 1)
            open_N[pick] = False
            picks.append(pick)
        trace = trace.of(np.array(picks))
        kept_P = np.ones(len(picks), bool)
        while kept_P.sum() > n:
            place = _highest(np.where(kept_P, -trace.change(-1), -np.inf), rng)
            trace.move(place, -1)
            kept_P[place] = False
        return np.array(picks)[kept_P]

    def _trace(self, candidates: Candidates) -> _Trace:
        proba_NC, features_ND = proba_of(candidates), features_of(candidates)
        labelled_LD = labelled_of(candidates)
        scale = _root_mean_square(features_ND)
        kind = _Binary if self.fisher == "binary" else _Exact
        weights = features_ND.shape[1] * (1 if self.fisher == "binary" else proba_NC.shape[1])
        if self.fisher == "exact" and weights > LARGE:
            raise BadInput(f"fisher='exact' takes {LARGE} weights at most. Got {weights}: use 'binary'.")
        information = self.strength * np.eye(weights)
        if len(labelled_LD):
            assert candidates.predict is not None
            known_LC = candidates.predict(labelled_LD).proba_NC
            by_blocks(lambda block_LC: block_LC[:, 0], known_LC)
            information += kind.information(known_LC, labelled_LD, scale)
        mean = kind.information(proba_NC, features_ND, scale) / candidates.size
        return kind(proba_NC, features_ND, scale, np.linalg.inv(information), mean)


class _Trace(Protocol):
    """``tr(M^-1 F)``, as candidates are added to M (sign 1) or taken away from it (sign -1)."""

    def change(self, sign: int) -> Floats: ...

    def move(self, row: int, sign: int) -> None: ...

    def of(self, rows: Indices) -> _Trace: ...


class _Binary:
    """Information ``w phi phi'`` of each candidate."""

    def __init__(
        self, proba_NC: Floats, features_ND: Floats, scale: float, inverse_DD: Floats, mean_DD: Floats
    ) -> None:
        self.proba_NC, self.features_ND, self.scale = proba_NC, features_ND, scale
        self.weight_N = _binary_weight(proba_NC) / scale**2
        self.inverse_DD, self.mean_DD = inverse_DD, mean_DD
        self._renew()

    @staticmethod
    def information(proba_NC: Floats, features_ND: Floats, scale: float) -> Floats:
        weight_N = _binary_weight(proba_NC) / scale**2
        total_DD = np.zeros((features_ND.shape[1],) * 2)
        for rows in _chunks(len(features_ND)):
            block_BD = np.asarray(features_ND[rows])
            total_DD += (weight_N[rows, None].astype(block_BD.dtype) * block_BD).T @ block_BD
        return total_DD

    def change(self, sign: int) -> Floats:
        left_N = np.maximum(1 + sign * self.weight_N * self.a_N, np.finfo(np.float64).eps)
        return self.weight_N * np.maximum(self.s_N, 0) / left_N

    def move(self, row: int, sign: int) -> None:
        u_D = self.inverse_DD @ self.features_ND[row].astype(np.float64)
        v_D = self.inverse_DD @ (self.mean_DD @ u_D)
        by = sign * self.weight_N[row]
        by /= 1 + by * (self.features_ND[row] @ u_D)
        self.inverse_DD = self.inverse_DD - by * np.outer(u_D, u_D)
        around = by * (u_D @ self.mean_DD @ u_D)
        both_D2 = np.stack([u_D, v_D], axis=1).astype(self.features_ND.dtype)
        for rows in _chunks(len(self.weight_N)):
            u_B, v_B = (self.features_ND[rows] @ both_D2).astype(np.float64).T
            self.s_N[rows] += by * u_B * (around * u_B - 2 * v_B)
            self.a_N[rows] -= by * u_B**2
        self.moved += 1
        if self.moved == RENEW or self.s_N.sum() < FALLEN * self.sum_before:
            self._renew()

    def of(self, rows: Indices) -> _Binary:
        features_PD = self.features_ND[rows].astype(np.float64)
        return _Binary(self.proba_NC[rows], features_PD, self.scale, self.inverse_DD, self.mean_DD)

    def _renew(self) -> None:
        self.a_N, self.s_N = np.empty((2, len(self.features_ND)))
        inverse_DD = self.inverse_DD.astype(self.features_ND.dtype)
        middle_DD = (self.inverse_DD @ self.mean_DD @ self.inverse_DD).astype(self.features_ND.dtype)
        for rows in _chunks(len(self.features_ND)):
            block_BD = np.asarray(self.features_ND[rows])
            self.a_N[rows] = np.einsum("bd,bd->b", block_BD @ inverse_DD, block_BD)
            self.s_N[rows] = np.einsum("bd,bd->b", block_BD @ middle_DD, block_BD)
        self.moved, self.sum_before = 0, self.s_N.sum()


class _Exact:
    """Information ``(diag p - p p') x phi phi'`` of each candidate, as ``V V'`` with V = G x phi."""

    def __init__(
        self, proba_NC: Floats, features_ND: Floats, scale: float, inverse_WW: Floats, mean_WW: Floats
    ) -> None:
        self.proba_NC = np.asarray(proba_NC, np.float64)
        self.features_ND = np.asarray(features_ND, np.float64)
        self.scale = scale
        self.inverse_WW, self.mean_WW = inverse_WW, mean_WW

    @staticmethod
    def information(proba_NC: Floats, features_ND: Floats, scale: float) -> Floats:
        (size, classes), dims = proba_NC.shape, features_ND.shape[1]
        total = np.zeros((classes * classes, dims * dims))
        step = max(1, NUMBERS // dims**2)
        for start in range(0, size, step):
            root_BCC = _roots(np.asarray(proba_NC[start : start + step], np.float64))
            block_BD = np.asarray(features_ND[start : start + step], np.float64) / scale
            spread_BCC = root_BCC @ root_BCC.transpose(0, 2, 1)
            squares_BDD = block_BD[:, :, None] * block_BD[:, None]
            total += spread_BCC.reshape(len(block_BD), -1).T @ squares_BDD.reshape(len(block_BD), -1)
        shaped = total.reshape(classes, classes, dims, dims)
        return shaped.transpose(0, 2, 1, 3).reshape(classes * dims, classes * dims)

    def change(self, sign: int) -> Floats:
        middle_WW = self.inverse_WW @ self.mean_WW @ self.inverse_WW
        change_N = np.empty(len(self.features_ND))
        classes = self.proba_NC.shape[1]
        step = max(1, NUMBERS // (classes * len(middle_WW)))
        for start in range(0, len(change_N), step):
            rows = slice(start, start + step)
            root_BCC = _roots(self.proba_NC[rows])
            inner_BCC = self._within(self.inverse_WW, rows, root_BCC)
            left_BCC = np.eye(classes) + sign * inner_BCC
            solved_BCC = np.linalg.solve(left_BCC, self._within(middle_WW, rows, root_BCC))
            change_N[rows] = np.trace(solved_BCC, axis1=1, axis2=2)
        return change_N

    def move(self, row: int, sign: int) -> None:
        root_CC = _roots(self.proba_NC[[row]])[0]
        v_WC = np.kron(root_CC, self.features_ND[row][:, None] / self.scale)
        u_WC = self.inverse_WW @ v_WC
        left_CC = np.eye(len(root_CC)) + sign * v_WC.T @ u_WC
        self.inverse_WW = self.inverse_WW - sign * u_WC @ np.linalg.solve(left_CC, u_WC.T)

    def of(self, rows: Indices) -> _Exact:
        return _Exact(self.proba_NC[rows], self.features_ND[rows], self.scale, self.inverse_WW, self.mean_WW)

    def _within(self, matrix_WW: Floats, rows: slice, root_BCC: Floats) -> Floats:
        """Return ``V' matrix V`` of each row."""
        block_BD, classes = self.features_ND[rows] / self.scale, root_BCC.shape[1]
        dims = block_BD.shape[1]
        by_first = matrix_WW.reshape(classes, dims, classes * dims).transpose(1, 0, 2).reshape(dims, -1)
        half_BCCD = (block_BD @ by_first).reshape(len(block_BD), classes, classes, dims)
        inner_BCC = np.einsum("bced,bd->bce", half_BCCD, block_BD)
        within: Floats = root_BCC.transpose(0, 2, 1) @ inner_BCC @ root_BCC
        return within


def _roots(proba_BC: Floats) -> Floats:
    """Return G with ``G G' = diag p - p p'``: a column ``sqrt(p_c) (e_c - p)`` for each class."""
    columns_BCC = np.eye(proba_BC.shape[1]) - proba_BC[:, :, None]
    roots: Floats = columns_BCC * np.sqrt(proba_BC)[:, None]
    return roots


def _binary_weight(proba_NC: Floats) -> Floats:
    best_N = proba_NC.max(axis=1).astype(np.float64)
    weight_N: Floats = np.maximum(best_N * (1 - best_N), 0)
    return weight_N


def _root_mean_square(features_ND: Floats) -> float:
    total = 0.0
    for rows in _chunks(len(features_ND)):
        block_BD = np.asarray(features_ND[rows])
        squares_B = np.einsum("bd,bd->b", block_BD, block_BD, dtype=np.float64)
        if not np.isfinite(squares_B).all():
            row = rows.start + int(np.flatnonzero(~np.isfinite(squares_B))[0])
            raise BadInput(f"Features must be finite numbers. Row {row} is not: mend or drop it.")
        total += float(squares_B.sum())
    return float(np.sqrt(total / len(features_ND))) or 1.0


def _chunks(size: int) -> Iterator[slice]:
    return (slice(start, start + CHUNK) for start in range(0, size, CHUNK))


def _highest(values_N: Floats, rng: Generator) -> int:
    best = values_N.max()
    return int(rng.choice(np.flatnonzero(values_N >= best - TIED * abs(best))))
