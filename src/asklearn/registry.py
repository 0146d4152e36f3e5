"""Names to plug-ins, and foreign objects to contracts, looked up late.

A group is a package of asklearn (``acquisition``, ``models``, ...); a plug-in is a function or class in
one of its modules that carries ``@register(group, name)``. Third parties register the same way and
announce their module by the entry point ``asklearn.<group>``. A name may carry options as it would in
Python: ``"logistic(C=1.0)"``.
"""

from __future__ import annotations

import ast
import difflib
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any, TypeVar

from asklearn.errors import BadInput, MissingExtra, UnknownName

T = TypeVar("T")

GROUPS = {
    "acquisition": "acquisition function",
    "selection": "selection",
    "strategies": "strategy",
    "metrics": "metric",
    "models": "model",
    "encoders": "encoder",
    "sources": "source",
    "tasks": "task",
    "journals": "journal",
}

_ADAPTERS = {"models": "sklearn"}

_plugins: dict[str, dict[str, Any]] = {group: {} for group in GROUPS}
_loaded: set[str] = set()


def register(group: str, name: str) -> Callable[[T], T]:
    """Decorate a function or class so that it is found as `name` in `group`.

    Raises
    ------
    BadInput
        If the group is unknown, or the name is taken by something else.

    Examples
    --------
    >>> @register("metrics", "always_half")
    ... def always_half(proba_NC, truth_N):
    ...     return 0.5
    >>> lookup("metrics", "always_half")(None, None)
    0.5
    >>> unregister("metrics", "always_half")
    """
    if group not in GROUPS:
        raise BadInput(f"The group must be one of {', '.join(GROUPS)}. Got {group!r}.")

    def keep(plugin: T) -> T:
        held = _plugins[group].get(name)
        if held is not None and _origin(held) != _origin(plugin):
            raise BadInput(f"The {GROUPS[group]} {name!r} is already registered by {_origin(held)}.")
        _plugins[group][name] = plugin
        return plugin

    return keep


def unregister(group: str, name: str) -> None:
    """Forget a name; for tests that plant a plug-in."""
    _plugins[group].pop(name, None)


def lookup(group: str, name: str) -> Any:
    """Return the plug-in that is registered as `name` in `group`.

    Raises
    ------
    UnknownName
        If there is none; the message suggests the nearest names.

    Examples
    --------
    >>> lookup("acquisition", "margn")
    Traceback (most recent call last):
        ...
    asklearn.errors.UnknownName: There is no acquisition function 'margn'. Did you mean 'margin'? ...
    """
    if name not in _plugins[group]:
        _import_module_named(group, name)
    if name not in _plugins[group]:
        _load(group)
    if name not in _plugins[group]:
        known = sorted(_plugins[group])
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise UnknownName(f"There is no {GROUPS[group]} {name!r}.{hint} Known: {', '.join(known)}.")
    return _plugins[group][name]


def names(group: str) -> list[str]:
    """Return every registered name of `group`, sorted.

    Examples
    --------
    >>> "margin" in names("acquisition")
    True
    """
    _load(group)
    return sorted(_plugins[group])


def resolve(group: str, spec: str) -> Any:
    """Return the plug-in of a specification such as ``"margin"`` or ``"power(beta=2.0)"``.

    A name alone gives the plug-in itself when it is a function, or an instance with its default
    options when it is a class; options are passed as keyword arguments.

    Raises
    ------
    UnknownName
        If no plug-in has that name.
    BadInput
        If the specification cannot be read, or an option is not known.

    Examples
    --------
    >>> resolve("selection", "power(beta=2.0)").beta
    2.0
    >>> resolve("selection", "power(bta=2.0)")
    Traceback (most recent call last):
        ...
    asklearn.errors.BadInput: The selection 'power' has no option 'bta'. Did you mean 'beta'? It has: beta, zero.
    """
    name, options = parse(spec)
    plugin = lookup(group, name)
    if not options and not isinstance(plugin, type):
        return plugin
    check_options(group, name, plugin, options)
    try:
        return plugin(**options)
    except TypeError as error:
        raise BadInput(f"The {GROUPS[group]} {spec!r} cannot be made: {error}.") from error


def check_options(group: str, name: str, plugin: Any, given: Iterable[str]) -> None:
    """Refuse an option that a plug-in does not have, or the lack of one that it needs.

    Raises
    ------
    BadInput
        With the nearest option, and those that there are.
    """
    there = inspect.signature(plugin).parameters if callable(plugin) else {}
    if any(one.kind is one.VAR_KEYWORD for one in there.values()):
        return
    needed = [one for one, way in there.items() if way.default is way.empty]
    known = list(there) if isinstance(plugin, type) else [one for one in there if one not in needed]
    for option in given:
        if option not in known:
            folded = {one.casefold(): one for one in known}
            near = difflib.get_close_matches(option.casefold(), folded, n=1, cutoff=0.5)
            hint = f" Did you mean {folded[near[0]]!r}?" if near else ""
            which = f"It has: {', '.join(known)}." if known else "It has none."
            raise BadInput(f"The {GROUPS[group]} {name!r} has no option {option!r}.{hint} {which}")
    if missing := [one for one in needed if one in known and one not in given]:
        raise BadInput(f"The {GROUPS[group]} {name!r} needs an option: {name}({missing[0]}=...).")


def adapt(group: str, thing: Any) -> Any:
    """Return `thing` as a plug-in of `group`: by name, as it is, or wrapped where it comes from elsewhere.

    A plain scikit-learn classifier becomes a model, say. What is wrapped, and how, is decided by the
    adapter of the group.

    Raises
    ------
    UnknownName
        If `thing` is a name that nobody registered.
    BadInput
        If the adapter cannot take it.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> adapt("models", DummyClassifier()).fit([[0.0], [1.0], [2.0]], ["a", "b", "b"]).classes
    ['a', 'b']
    """
    if isinstance(thing, str):
        thing = resolve(group, thing)
    adapter = _ADAPTERS.get(group)
    return lookup(group, adapter)(thing) if adapter else thing


def parse(spec: str) -> tuple[str, dict[str, Any]]:
    """Split ``"name(option=value)"`` into the name and its options; values are Python literals.

    Raises
    ------
    BadInput
        If it is not of that form.

    Examples
    --------
    >>> parse("logistic(C=1.0, folds=3)")
    ('logistic', {'C': 1.0, 'folds': 3})
    """
    problem = f"A specification looks like name or name(option=value, ...). Got {spec[:200]!r}."
    if "(" not in spec:
        return spec.strip(), {}
    try:
        call = ast.parse(spec.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BadInput(problem) from error
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.args:
        raise BadInput(problem)
    options = [str(one.arg or "**") for one in call.keywords]
    if "**" in options or len(set(options)) < len(options):
        raise BadInput(problem)
    try:
        return call.func.id, {str(one.arg): ast.literal_eval(one.value) for one in call.keywords}
    except (ValueError, TypeError, RecursionError, MemoryError) as error:
        raise BadInput(problem) from error


def require(module: str, extra: str) -> ModuleType:
    """Import an optional dependency, or answer with its install line.

    Raises
    ------
    MissingExtra
        If it is not installed.

    Examples
    --------
    >>> require("no_such_module", "app")
    Traceback (most recent call last):
        ...
    asklearn.errors.MissingExtra: This needs no_such_module, which is not installed. Run: pip install 'asklearn[app]'
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        missing = module.partition(".")[0]
        raise MissingExtra(
            f"This needs {missing}, which is not installed. Run: pip install 'asklearn[{extra}]'"
        ) from error


def _load(group: str) -> None:
    if group in _loaded:
        return
    _loaded.add(group)
    package = importlib.import_module(f"asklearn.{group}")
    for found in pkgutil.iter_modules(getattr(package, "__path__", [])):
        with suppress(MissingExtra):  # asked for by name, it says what to install
            _import_module_named(group, found.name)
    for point in entry_points(group=f"asklearn.{group}"):
        point.load()


def _import_module_named(group: str, name: str) -> None:
    full = f"asklearn.{group}.{name}"
    if not name.isidentifier():
        return
    try:
        importlib.import_module(full)
    except MissingExtra:
        raise
    except ModuleNotFoundError as error:
        if error.name not in (full, f"asklearn.{group}"):
            raise


def _origin(plugin: Any) -> str:
    return f"{getattr(plugin, '__module__', '?')}.{getattr(plugin, '__qualname__', type(plugin).__name__)}"
