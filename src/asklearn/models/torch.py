"""Neural networks as models: a small head on features, or any network fine-tuned, with posterior draws.

Torch is imported at the first fit. What a fit has learnt is kept as numpy arrays, so that a model holds no
torch object but the body that its caller gave.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from asklearn.calibration import softmax
from asklearn.errors import BadInput
from asklearn.models.laplace import _noise
from asklearn.registry import register, require
from asklearn.types import Floats, Indices

AT_ONCE = 1024
FEW_HELD = 10
PRIORS = (1.0, 10.0, 100.0, 1000.0)
FIRM = 10.0
POSTERIORS = ("dropout", "ensemble", "laplace", None)
PRECISIONS = ("float32", "bfloat16", None)

Arrays = Mapping[str, NDArray[Any]]


@register("models", "torch")
class TorchClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A network that ends in a linear layer over the classes, trained from its body's weights on at each fit.

    Trained by AdamW on the cross-entropy. A stratified share of the labels is held out, training stops when
    their loss has not fallen for `patience` epochs, and the weights of the best epoch are kept. With few
    labels (under 10 held out) nothing is held out and the training loss decides.

    Parameters
    ----------
    body : torch.nn.Module or callable, optional
        Everything up to the last layer: takes a batch of items, float32, and gives (B, E). A module is
        copied and fine-tuned from the weights it has; of a callable the result is, made anew under the seed.
        By default layers of `hidden` units, or none, on features centred and scaled.
    hidden : tuple of int
        Widths of the default body's layers.
    dropout : float
        Share of units that the default body drops.
    posterior : {"dropout", "ensemble", "laplace"} or None
        Where draws come from: units dropped by lot (Gal and Ghahramani 2016), several networks from
        different seeds (Lakshminarayanan et al. 2017), or a Gaussian around the last layer's weights
        (Daxberger et al. 2021). None gives no draws.
    draws : int, optional
        Number of draws K; by default 20, or 5 networks.
    epochs, patience : int
        At most so many rounds over the labels, and so many without improvement.
    holdout : float
        Share of the labels that decides when to stop; 0 holds nothing out.
    batch_size : int
    learning_rate, weight_decay : float
    class_weight : "balanced" or None
        Whether rare classes count as much as frequent ones.
    prior : float or "auto"
        Precision of the last layer's weights before any label, for ``laplace``; "auto" takes the one of 1, 10,
        100 and 1000 under which the mean of the draws foretells the held-out labels best (10 without any).
    precision : {"float32", "bfloat16"}, optional
        bfloat16 multiplies in that type and keeps weights in float32. By default so on a GPU, else float32.
    device : str, optional
        ``"cpu"``, ``"cuda"``, ...; by default a GPU where there is one. Items go there batch by batch.
    random_state : int or None
        Seed of weights, order, held-out labels and draws. Torch's own generators are left as they were.

    Attributes
    ----------
    classes_ : ndarray of shape (C,)
    members_ : list of dict of ndarray
        Weights of each network by their names; the last layer is ``1.weight`` and ``1.bias``.
    epochs_ : list of int
        The epoch that each network's weights are of, counted from 1.
    prior_ : float
        What was used, for ``laplace``.

    Notes
    -----
    A draw is one function of items, whatever they come with and in whichever order: with ``dropout``, each
    draw has one mask for every dropout layer (the same at every step of a sequence), and all else is as in
    prediction, batch normalisation too. So draws of different chunks belong together, as BatchBALD and EPIG
    take them to.

    The probability of ``dropout`` and ``ensemble`` is the mean of the draws, that of ``laplace`` the trained
    network's own. Laplace: one D x D block for each class, as in the model ``laplace``.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> model = TorchClassifier(device="cpu", random_state=0)
    >>> model.fit(X[:300], y[:300]).predict_proba_draws(X[300:]).shape  # doctest: +SKIP
    (20, 1497, 10)
    >>> round(float(model.score(X[300:], y[300:])), 1)  # doctest: +SKIP
    0.9
    """

    def __init__(
        self,
        body: Any = None,
        hidden: tuple[int, ...] = (256,),
        dropout: float = 0.5,
        posterior: Literal["dropout", "ensemble", "laplace"] | None = "dropout",
        draws: int | None = None,
        epochs: int = 100,
        patience: int = 10,
        holdout: float = 0.2,
        batch_size: int = 32,
        learning_rate: float = 1e-3,
        weight_decay: float = 1e-2,
        class_weight: Literal["balanced"] | None = None,
        prior: float | Literal["auto"] = "auto",
        precision: Literal["float32", "bfloat16"] | None = None,
        device: str | None = None,
        random_state: int | None = None,
    ) -> None:
        self.body = body
        self.hidden = hidden
        self.dropout = dropout
        self.posterior = posterior
        self.draws = draws
        self.epochs = epochs
        self.patience = patience
        self.holdout = holdout
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.class_weight = class_weight
        self.prior = prior
        self.precision = precision
        self.device = device
        self.random_state = random_state

    @property
    def proba_is_mean_of_draws(self) -> bool:
        """Whether the probability is the mean of the draws."""
        return self.posterior != "laplace"

    def fit(self, X: Any, y: Any, sample_weight: Floats | None = None) -> Self:
        """Train on items with at least two classes in `y`.

        Raises
        ------
        MissingExtra
            If torch is not installed.
        BadInput
            If an option is not sound, there is but one class, or the body gives something else than (B, E).
        """
        self._check_options()
        torch = _torch()
        items = self._items(X)
        self.classes_, codes = np.unique(np.asarray(y), return_inverse=True)
        if len(self.classes_) < 2:
            raise BadInput(f"A network needs labels of two classes. Got only {self.classes_[0]!r}.")
        self._measure(items)
        weight_L = self._weights(codes, sample_weight)
        count = self._count() if self.posterior == "ensemble" else 1
        seeds = np.random.SeedSequence(self.random_state).generate_state(count + 1)
        self.seed_ = int(seeds[0])
        self.members_, self.epochs_ = [], []
        for seed in seeds[1:]:
            with _seeded(torch, int(seed)):
                weights, epoch = self._train(items, codes, weight_L, int(seed))
            self.members_.append(weights)
            self.epochs_.append(epoch)
        self._built: dict[Any, Any] = {}
        if self.posterior == "dropout" and not _dropouts(torch, self._network(0)):
            raise BadInput(
                "posterior='dropout' needs a body with dropout layers (torch.nn.Dropout). Got none: add one, or "
                "choose posterior='ensemble' or 'laplace'."
            )
        if self.posterior == "laplace":
            self._settle_heads(items, codes, weight_L, int(seeds[1]))
        return self

    def predict_proba(self, X: Any) -> Floats:
        """Return the probability of each class, shape (N, C), float32."""
        check_is_fitted(self)
        if self.posterior in ("dropout", "ensemble"):
            return np.asarray(self.predict_proba_draws(X).mean(0))
        return softmax(self._outputs(self._network(0), self._items(X)))

    @available_if(lambda self: self.posterior is not None)  # type: ignore[untyped-decorator]
    def predict_proba_draws(self, X: Any) -> Floats:
        """Return the probabilities by each draw, shape (K, N, C), float32."""
        check_is_fitted(self)
        items = self._items(X)
        if self.posterior == "ensemble":
            return np.stack(
                [softmax(self._outputs(self._network(k), items)) for k in range(len(self.members_))]
            )
        if self.posterior == "laplace":
            return _by_heads(self.embed(items), self.heads_, self.biases_)
        torch, network = _torch(), self._network(0)
        before, after = _parts(torch, network)

        def thinned(inputs: Any) -> Any:
            known, logits = before(inputs), []
            for k in range(self._count()):
                with _thinned(torch, network, (self.seed_, k)):
                    logits.append(after(known))
            return torch.stack(logits)

        return np.stack([softmax(logits_NC) for logits_NC in self._outputs(thinned, items)])

    def predict(self, X: Any) -> Any:
        """Return the most probable class of each item."""
        return self.classes_[self.predict_proba(X).argmax(1)]

    def embed(self, X: Any) -> Floats:
        """Return what the (first) network's body makes of each item, shape (N, E), float32."""
        check_is_fitted(self)
        return self._outputs(self._network(0)[0], self._items(X))

    def __getstate__(self) -> dict[str, Any]:
        """Return what was set and learnt, without the networks built from it."""
        return {name: value for name, value in super().__getstate__().items() if name != "_built"}

    # What a kind of item decides

    def _items(self, X: Any) -> Any:
        items = np.asarray(X)
        if items.dtype.kind not in "fiub":
            raise BadInput(f"A network takes numbers. Got an array of type {items.dtype}.")
        return items

    def _measure(self, items: Any) -> None:
        """Learn from the items what the default body needs before it can be built."""
        if self.body is None:
            self.n_features_in_ = items.shape[1]
            self.mean_ = items.mean(0, dtype=np.float64).astype(np.float32)
            self.scale_ = float(np.sqrt(((items - self.mean_) ** 2).mean())) or 1.0

    def _inputs(self, items: Any, rows: Indices | slice) -> Any:
        """Return some items as the body takes them, on the device."""
        batch = np.array(items[rows], np.float32, order="C")
        if self.body is None:
            batch = (batch - self.mean_) / self.scale_
        return self._moved(_torch().from_numpy(batch))

    def _body(self) -> Any:
        """Return a new body."""
        nn = _torch().nn
        if self.body is not None:
            return copy.deepcopy(self.body) if isinstance(self.body, nn.Module) else self.body()
        layers, width = [], self.n_features_in_
        for units in self.hidden:
            layers += [nn.Linear(width, units), nn.ReLU()]
            width = units
            layers += [nn.Dropout(self.dropout)] if self.dropout else []
        if not self.hidden:
            layers = [nn.Dropout(self.dropout)] if self.dropout else [nn.Identity()]
        return nn.Sequential(*layers)

    # Training

    def _train(self, items: Any, codes: Indices, weight_L: Floats, seed: int) -> tuple[Arrays, int]:
        torch, rng = _torch(), np.random.default_rng(seed)
        held = self._held_out(codes, rng)
        rest = np.setdiff1d(np.arange(len(codes)), held)
        judged = held if len(held) else rest
        network = self._new_network(items)
        learning = [one for one in network.parameters() if one.requires_grad]
        optimizer = torch.optim.AdamW(learning, lr=self.learning_rate, weight_decay=self.weight_decay)
        targets, weights = (torch.from_numpy(one).to(self._device()) for one in (codes, weight_L))
        least, best, best_epoch = np.inf, _arrays(network), 0
        for epoch in range(1, self.epochs + 1):
            network.train()
            for rows in np.array_split(rng.permutation(rest), max(1, len(rest) // self.batch_size)):
                with self._autocast():
                    logits = network(self._inputs(items, rows)).float()
                loss = torch.nn.functional.cross_entropy(logits, targets[rows], reduction="none")
                optimizer.zero_grad()
                (loss * weights[rows]).sum().div(weights[rows].sum()).backward()
                optimizer.step()
            network.eval()
            loss_now = _log_loss(self._outputs(network, items, judged), codes[judged], weight_L[judged])
            if loss_now < least:
                least, best, best_epoch = loss_now, _arrays(network), epoch
            elif epoch - best_epoch >= self.patience:
                break
        if not best_epoch:
            raise BadInput("Training came to no number. Scale the items, or lower learning_rate.")
        return best, best_epoch

    def _held_out(self, codes: Indices, rng: np.random.Generator) -> Indices:
        """Return the rows that decide when to stop: the same share of each class, rounded down."""
        order = rng.permutation(len(codes))
        by_class = order[np.argsort(codes[order], kind="stable")]
        sizes = np.bincount(codes)
        place = np.arange(len(codes)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        held = by_class[place < np.repeat((self.holdout * sizes).astype(np.int64), sizes)]
        return np.sort(held) if len(held) >= FEW_HELD else held[:0]

    def _weights(self, codes: Indices, sample_weight: Floats | None) -> Floats:
        weight_L: Floats = np.ones(len(codes), np.float32)
        if sample_weight is not None:
            weight_L = np.asarray(sample_weight, np.float32)
        if self.class_weight == "balanced":
            total_C = np.bincount(codes, weight_L)
            weight_L = (weight_L * (total_C.sum() / (len(total_C) * total_C))[codes]).astype(np.float32)
        return weight_L

    def _settle_heads(self, items: Any, codes: Indices, weight_L: Floats, seed: int) -> None:
        """Draw last layers from the Gaussian around the trained one."""
        embedded_LE = self._outputs(self._network(0)[0], items)
        held = self._held_out(codes, np.random.default_rng(seed))
        self.prior_ = FIRM if self.prior == "auto" else float(self.prior)
        if self.prior == "auto" and len(held):
            rest = np.setdiff1d(np.arange(len(codes)), held)

            def loss(prior: float) -> float:
                heads, biases = self._heads(embedded_LE[rest], weight_L[rest], prior)
                proba_NC = _by_heads(embedded_LE[held], heads, biases).mean(0)
                return _log_loss(np.log(np.maximum(proba_NC, 1e-12)), codes[held], weight_L[held])

            self.prior_ = min(PRIORS, key=loss)
        self.heads_, self.biases_ = self._heads(embedded_LE, weight_L, self.prior_)

    def _heads(self, embedded_LE: Floats, weight_L: Floats, prior: float) -> tuple[Floats, Floats]:
        head_EC, bias_C = self.members_[0]["1.weight"].T, self.members_[0]["1.bias"]
        proba_LC = softmax((embedded_LE @ head_EC + bias_C).astype(np.float64))
        features_LE = np.concatenate([embedded_LE, np.ones((len(embedded_LE), 1))], axis=1)
        rng, pairs = np.random.default_rng(self.seed_), (self._count() + 1) // 2
        noise_KEC = _noise(features_LE, weight_L, proba_LC, prior, pairs, rng)
        noise_KEC = np.concatenate([noise_KEC, -noise_KEC])[: self._count()].astype(np.float32)
        return head_EC + noise_KEC[:, :-1], bias_C + noise_KEC[:, -1]

    # Networks

    def _new_network(self, items: Any) -> Any:
        torch = _torch()
        body = self._body().to(self._device()).eval()
        with torch.no_grad():
            shape = tuple(body(self._inputs(items, slice(0, 1))).shape)
        if len(shape) != 2 or shape[0] != 1:
            raise BadInput(f"The body must give (B, E), here (1, E). Got {shape}: leave the last layer out.")
        head = torch.nn.Linear(shape[1], len(self.classes_)).to(self._device())
        return torch.nn.Sequential(body, head)

    def _network(self, member: int) -> Any:
        """Return a network as trained, on the device, ready to predict."""
        if not hasattr(self, "_built"):
            self._built = {}
        key = (member, str(self._device()))
        if key not in self._built:
            torch, weights = _torch(), self.members_[member]
            with _seeded(torch, 0):
                head = torch.nn.Linear(weights["1.weight"].shape[1], len(self.classes_))
                network = torch.nn.Sequential(self._body(), head)
            tensors = {name: torch.from_numpy(one.copy()) for name, one in weights.items()}
            try:
                network.load_state_dict(tensors)
            except RuntimeError as error:
                raise BadInput(f"The weights do not fit the network; train it anew. {error}") from error
            self._built[key] = network.to(self._device()).eval()
        return self._built[key]

    def _outputs(self, network: Callable[[Any], Any], items: Any, rows: Indices | None = None) -> Floats:
        """Return what a network makes of items, batch by batch, as float32 on the host: (..., N, C)."""
        torch, size = _torch(), len(items) if rows is None else len(rows)
        found = []
        with torch.inference_mode():
            for start in range(0, max(size, 1), AT_ONCE):
                piece = slice(start, start + AT_ONCE)
                with self._autocast():
                    output = network(self._inputs(items, piece if rows is None else rows[piece]))
                found.append(output.float().cpu().numpy())
        return np.concatenate(found, axis=-2)

    def _moved(self, tensor: Any) -> Any:
        """Return a tensor on the device, where a GPU copies it while it still works on the one before."""
        device = self._device()
        return (
            tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)
        )

    def _device(self) -> Any:
        torch = _torch()
        return torch.device(self.device or ("cuda" if torch.cuda.is_available() else "cpu"))

    def _autocast(self) -> Any:
        torch, device = _torch(), self._device()
        low = self.precision == "bfloat16" or (self.precision is None and device.type == "cuda")
        return torch.autocast(device.type, dtype=torch.bfloat16, enabled=low)

    def _count(self) -> int:
        return self.draws or (5 if self.posterior == "ensemble" else 20)

    def _check_options(self) -> None:
        sound = {
            "posterior": self.posterior in POSTERIORS,
            "precision": self.precision in PRECISIONS,
            "class_weight": self.class_weight in ("balanced", None),
            "dropout": 0 <= self.dropout < 1,
            "holdout": 0 <= self.holdout < 1,
            "draws": self.draws is None or self.draws >= 2,
            "epochs": self.epochs >= 1,
            "patience": self.patience >= 1,
            "batch_size": self.batch_size >= 2,
            "prior": self.prior == "auto" or self.prior > 0,
        }
        for name, fits in sound.items():
            if not fits:
                raise BadInput(f"{name}={getattr(self, name)!r} is not possible; {_EXPECTED[name]}.")


_EXPECTED = {
    "posterior": "it is 'dropout', 'ensemble', 'laplace' or None",
    "precision": "it is 'float32', 'bfloat16' or None",
    "class_weight": "it is 'balanced' or None",
    "dropout": "it is a share from 0 up and below 1",
    "holdout": "it is a share from 0 up and below 1",
    "draws": "it is 2 or more, or None",
    "epochs": "it is 1 or more",
    "patience": "it is 1 or more",
    "batch_size": "it is 2 or more, since batch normalisation cannot learn from one item",
    "prior": "it is a number above 0, or 'auto'",
}


def _torch() -> Any:
    return require("torch", "torch")


def _arrays(network: Any) -> Arrays:
    return {name: one.detach().cpu().numpy().copy() for name, one in network.state_dict().items()}


def _log_loss(logits_NC: Floats, codes: Indices, weight_N: Floats) -> float:
    proba_N = softmax(logits_NC)[np.arange(len(codes)), codes]
    return float(-(weight_N * np.log(np.maximum(proba_N, 1e-12))).sum() / weight_N.sum())


def _by_heads(embedded_NE: Floats, heads_KEC: Floats, biases_KC: Floats) -> Floats:
    pairs = zip(heads_KEC, biases_KC, strict=True)
    return np.stack([softmax(embedded_NE @ head_EC + bias_C) for head_EC, bias_C in pairs])


@contextmanager
def _seeded(torch: Any, seed: int) -> Iterator[None]:
    """Seed torch's generators, and leave them as they were."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


def _dropouts(torch: Any, network: Any) -> list[Any]:
    nn = torch.nn
    kinds = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)
    return [one for one in network.modules() if isinstance(one, kinds) and one.p > 0]


def _parts(torch: Any, network: Any) -> tuple[Any, Any]:
    """Return the network in two: what comes before any dropout, and has to be run but once, and the rest."""
    body, head = network
    if not isinstance(body, torch.nn.Sequential):
        return torch.nn.Identity(), network
    first = next((i for i, one in enumerate(body) if _dropouts(torch, one)), len(body))
    return body[:first], torch.nn.Sequential(*body[first:], head)


@contextmanager
def _thinned(torch: Any, network: Any, seed: tuple[int, int]) -> Iterator[None]:
    """Drop units by one mask per layer; every layer else stays as in prediction."""
    layers = enumerate(_dropouts(torch, network))
    hooks = [one.register_forward_hook(_dropping(torch, (*seed, place))) for place, one in layers]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _dropping(torch: Any, seed: tuple[int, ...]) -> Callable[..., Any]:
    def drop(layer: Any, given: tuple[Any, ...], _: Any) -> Any:
        values = given[0]
        shape = _mask_shape(torch, layer, tuple(values.shape))
        kept = np.random.default_rng(seed).random(shape) >= layer.p
        mask = torch.from_numpy(kept.astype(np.float32) / (1 - layer.p) if layer.p < 1 else kept)
        return values * mask.to(values.device, values.dtype)

    return drop


def _mask_shape(torch: Any, layer: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return what one item's mask is: channels, features of every step alike, or every unit."""
    if not isinstance(layer, torch.nn.Dropout):
        return (1, shape[1], *(1 for _ in shape[2:]))
    if len(shape) == 3:
        return (1, 1, shape[2])
    return (1, *shape[1:])
