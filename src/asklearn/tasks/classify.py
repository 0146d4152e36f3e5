"""Single-label classification: each item belongs to exactly one class."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence

import numpy as np

from asklearn.errors import BadInput, UnknownLabel
from asklearn.registry import register
from asklearn.types import Json, Label


@register("tasks", "classify")
class Classify:
    """One class per item.

    Parameters
    ----------
    labels : sequence of str or int
        The declared classes; empty if none are known beforehand.
    open_labels : bool
        Whether an answer may name a class that was not declared.

    Examples
    --------
    >>> Classify(["cat", "dog"], open_labels=False).check("cta")
    Traceback (most recent call last):
        ...
    asklearn.errors.UnknownLabel: A label must be one of 'cat', 'dog'. Got 'cta'. Did you mean 'cat'?
    """

    name = "classify"

    def __init__(self, labels: Sequence[Label] = (), open_labels: bool = True) -> None:
        if isinstance(labels, str):
            raise BadInput(f"labels must be a list of classes. Got {labels!r}.")
        self.labels = tuple(plain(one) for one in labels)
        self.open_labels = open_labels
        if len(set(self.labels)) < len(self.labels):
            raise BadInput(f"The declared classes must differ. Got {list(self.labels)}.")
        if len({isinstance(one, str) for one in self.labels}) > 1:
            raise BadInput(f"The classes must be all texts or all whole numbers. Got {list(self.labels)}.")
        if not self.labels and not open_labels:
            raise BadInput(
                "Without declared classes no answer could be right: give labels, or open_labels=True."
            )

    def check(self, raw: Json) -> Label:
        """Return the label in its normal form, or say what is wrong with it.

        Raises
        ------
        BadInput
            If it is not a label at all.
        UnknownLabel
            If only declared classes are allowed and it is none of them.
        """
        label = plain(raw)
        if self.open_labels or label in self.labels:
            return label
        near = difflib.get_close_matches(str(label), [str(one) for one in self.labels], n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        shown = ", ".join(repr(one) for one in self.labels[:20])
        more = f" and {len(self.labels) - 20} more" if len(self.labels) > 20 else ""
        raise UnknownLabel(f"A label must be one of {shown}{more}. Got {label!r}.{hint}")

    def resolve(self, answers: Sequence[Label]) -> Label | None:
        """Return the label that most annotators gave; None where two lead together.

        Examples
        --------
        >>> Classify().resolve(["cat", "dog", "cat"])
        'cat'
        """
        counts = Counter(answers).most_common(2)
        if len(counts) == 2 and counts[0][1] == counts[1][1]:
            return None
        return counts[0][0]


def plain(raw: Json) -> Label:
    """Return a label as str or int: NumPy scalars unwrapped, whole floats and truth values as int.

    Raises
    ------
    BadInput
        If it is none of these.

    Examples
    --------
    >>> import numpy as np
    >>> plain(np.float32(3.0))
    3
    """
    value = raw.item() if isinstance(raw, np.generic) else raw
    if isinstance(value, bool) or (isinstance(value, float) and value.is_integer()):
        value = int(value)
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return value
    if isinstance(value, str) and value and "\0" not in value and _encodes(value):
        return value
    raise BadInput(
        "A label must be a whole number of 64 bits or a text that is not empty, without null characters. "
        f"Got {raw!r:.200}."
    )


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
