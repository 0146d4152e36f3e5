"""Hugging Face text classifiers as models, fine-tuned from a local folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from asklearn.errors import BadInput
from asklearn.models.torch import TorchClassifier
from asklearn.registry import register, require
from asklearn.types import Floats, Indices

WEIGHTS = ("model.safetensors", "model.safetensors.index.json")


@register("models", "transformers")
class TransformersClassifier(TorchClassifier):
    """A transformer and a linear layer on the mean of its last states, fine-tuned on texts at each fit.

    Nothing is downloaded, no code of the folder is run, and weights are read as safetensors only.

    Parameters
    ----------
    folder : str or path
        A folder as ``save_pretrained`` writes it: ``config.json``, the tokenizer's files, and
        ``model.safetensors``. Without weights the network begins from random ones.
    items : sequence of str, optional
        Texts that references point to: then features of shape (N, 1) are taken as places in it, as a pool
        of an :class:`~asklearn.ActiveLearner` holds them. Without, a model takes the texts themselves.
    max_length : int
        Tokens of a text that are looked at.
    posterior, draws, epochs, patience, holdout, batch_size, learning_rate, weight_decay
        As for :class:`~asklearn.models.torch.TorchClassifier`.
    class_weight, prior, precision, device, random_state
        As there.

    Notes
    -----
    With ``dropout``, the dropout layers of the network are thinned; the dropout of attention weights, which
    is no layer, stays off. Strategies that look at features see references, not texts: use those that look
    at scores, probabilities or draws alone (margin, BALD, BatchBALD, power, ...).

    Examples
    --------
    >>> TransformersClassifier("no/such/folder").fit(["a text", "another"], [0, 1])
    Traceback (most recent call last):
        ...
    asklearn.errors.BadInput: folder must be that of a saved transformer, with a config.json. Got 'no/such/folder'.
    """

    def __init__(
        self,
        folder: str | Path = "",
        items: Sequence[str] | None = None,
        max_length: int = 128,
        posterior: Literal["dropout", "ensemble", "laplace"] | None = "dropout",
        draws: int | None = None,
        epochs: int = 20,
        patience: int = 3,
        holdout: float = 0.2,
        batch_size: int = 16,
        learning_rate: float = 5e-5,
        weight_decay: float = 1e-2,
        class_weight: Literal["balanced"] | None = None,
        prior: float | Literal["auto"] = "auto",
        precision: Literal["float32", "bfloat16"] | None = None,
        device: str | None = None,
        random_state: int | None = None,
    ) -> None:
        super().__init__(
            posterior=posterior, draws=draws, epochs=epochs, patience=patience, holdout=holdout,
            batch_size=batch_size, learning_rate=learning_rate, weight_decay=weight_decay,
            class_weight=class_weight, prior=prior, precision=precision, device=device,
            random_state=random_state,
        )  # fmt: skip
        self.folder = folder
        self.items = items
        self.max_length = max_length

    def fit(self, X: Any, y: Any, sample_weight: Floats | None = None) -> Self:
        """Train on texts, or references to them, with at least two classes in `y`.

        Raises
        ------
        MissingExtra
            If torch or transformers is not installed.
        BadInput
            If the folder holds no transformer, or there are no texts.
        """
        if not (Path(self.folder) / "config.json").is_file() or not str(self.folder):
            raise BadInput(
                f"folder must be that of a saved transformer, with a config.json. Got {str(self.folder)!r}."
            )
        self._tokens()
        return super().fit(X, y, sample_weight)

    def __getstate__(self) -> dict[str, Any]:
        """Return what was set and learnt, without the tokenizer, which is in the folder."""
        return {name: value for name, value in super().__getstate__().items() if name != "_tokenizer"}

    def _items(self, X: Any) -> Any:
        given = np.asarray(X)
        if given.dtype.kind in "fiu":
            given = self._referred(given)
        if given.ndim != 1 or not all(isinstance(one, str) for one in given):
            raise BadInput(f"A text model takes texts, shape (N,). Got {given.dtype} of shape {given.shape}.")
        return given

    def _referred(self, places: Any) -> Any:
        if self.items is None:
            raise BadInput("A text model takes texts, or places in items. Got numbers, and items is None.")
        place_N = places.reshape(len(places), -1)
        if (
            place_N.shape[1] != 1
            or not ((place_N >= 0) & (place_N < len(self.items)) & (place_N % 1 == 0)).all()
        ):
            raise BadInput(f"References must be places from 0 to {len(self.items) - 1}, shape (N, 1).")
        found = np.empty(len(places), object)
        found[:] = [self.items[place] for place in place_N[:, 0].astype(np.int64)]
        return found

    def _measure(self, items: Any) -> None:
        """Nothing is learnt before training."""

    def _inputs(self, items: Any, rows: Indices | slice) -> Any:
        texts = [str(one) for one in items[rows]]
        tokens = self._tokens()(
            texts, truncation=True, max_length=self.max_length, padding=True, return_tensors="pt"
        )
        return {name: self._moved(tokens[name]) for name in ("input_ids", "attention_mask")}

    def _tokens(self) -> Any:
        if not hasattr(self, "_tokenizer"):
            self._tokenizer = self._read("AutoTokenizer")
        return self._tokenizer

    def _read(self, kind: str, **options: Any) -> Any:
        hub = require("transformers", "transformers")
        try:
            return getattr(hub, kind).from_pretrained(
                self.folder, local_files_only=True, trust_remote_code=False, **options
            )
        except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
            raise BadInput(f"The transformer in {str(self.folder)!r} cannot be read: {error}") from error

    def _body(self) -> Any:
        nn, hub = require("torch", "torch").nn, require("transformers", "transformers")

        class MeanOfStates(nn.Module):  # type: ignore[misc, name-defined]
            def __init__(self, network: Any) -> None:
                super().__init__()
                self.network = network

            def forward(self, tokens: Any) -> Any:
                states = self.network(**tokens).last_hidden_state
                mask = tokens["attention_mask"][..., None].to(states.dtype)
                return (states * mask).sum(1) / mask.sum(1).clamp(min=1)

        if any((Path(self.folder) / name).is_file() for name in WEIGHTS):
            return MeanOfStates(self._read("AutoModel", use_safetensors=True))
        return MeanOfStates(hub.AutoModel.from_config(self._read("AutoConfig"), trust_remote_code=False))
