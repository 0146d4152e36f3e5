"""Labels as people type them, matched to the classes that there are."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from asklearn.errors import UnknownLabel

SHOWN = 12


def match(raw: str, classes: Sequence[str]) -> str | None:
    """Return the class that a typed label means: the same but for case and spaces, or None.

    Where several classes differ by no more than that, only the exact one is meant.

    Examples
    --------
    >>> match(" Very  good", ["bad", "very good"])
    'very good'
    >>> match("POS", ["pos", "Pos"]) is None
    True
    """
    if raw in classes:
        return raw
    stripped = raw.strip()
    if stripped in classes:
        return stripped
    near = [one for one in classes if _loose(one) == _loose(raw)]
    return near[0] if len(near) == 1 else None


def no_label(raw: str, classes: Sequence[str], where: str, mend: str = "") -> UnknownLabel:
    """Return the error for a label that is none of the classes, with the nearest one.

    Examples
    --------
    >>> print(no_label("postive", ["negative", "positive"], "row 7 of a.csv"))
    'postive' in row 7 of a.csv is none of the labels 'negative', 'positive'. Did you mean 'positive'?
    """
    loose = {_loose(one): one for one in classes}
    near = difflib.get_close_matches(_loose(raw), list(loose), n=1, cutoff=0.4)
    hint = f" Did you mean {loose[near[0]]!r:.80}?" if near else ""
    shown = ", ".join(map(repr, classes[:SHOWN]))
    more = f" and {len(classes) - SHOWN} more" if len(classes) > SHOWN else ""
    return UnknownLabel(f"{raw[:60]!r} in {where} is none of the labels {shown}{more}.{hint}{mend}")


def _loose(label: str) -> str:
    return " ".join(label.split()).casefold()
