"""The error tree is what its docstring draws."""

import inspect
import pickle
import re

import pytest

from asklearn import errors

CLASSES = {name: kind for name, kind in vars(errors).items() if inspect.isclass(kind)}


def drawn():
    """Each name of the drawing, with the name it hangs from."""
    parents, stack = {}, []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"    ([│├└─ ]*)([A-Z]\w+)", line)
        if found:
            depth = len(found[1]) // 4
            stack[depth:] = [found[2]]
            parents[found[2]] = stack[depth - 1] if depth else None
    return parents


def test_the_drawing_is_the_tree():
    tree = {name: kind.__bases__[0].__name__ for name, kind in CLASSES.items()}
    assert {name: parent or "Exception" for name, parent in drawn().items()} == tree


def test_errors_are_also_the_nearest_builtin():
    assert issubclass(errors.BadInput, ValueError)
    assert issubclass(errors.MissingExtra, ImportError)


@pytest.mark.parametrize("kind", CLASSES.values(), ids=CLASSES)
def test_every_error_says_what_it_means(kind):
    assert inspect.getdoc(kind)


def test_damage_counts_what_is_intact():
    error = errors.JournalDamaged("torn", good=7)
    assert (str(error), error.good) == ("torn", 7)


@pytest.mark.parametrize("kind", CLASSES.values(), ids=CLASSES)
def test_errors_cross_processes(kind):
    error = kind("what", 3) if kind is errors.JournalDamaged else kind("what")
    copied = pickle.loads(pickle.dumps(error))
    assert type(copied) is kind
    assert str(copied) == "what"
    assert getattr(copied, "good", None) == getattr(error, "good", None)
