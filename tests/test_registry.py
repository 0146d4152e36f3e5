"""Names find their plug-ins, and a specification is never code."""

import subprocess
import sys
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asklearn import registry
from asklearn.errors import BadInput, MissingExtra, UnknownName
from asklearn.registry import GROUPS, lookup, names, parse, register, require, resolve, unregister


@pytest.fixture
def planted():
    @register("metrics", "planted")
    class Planted:
        def __init__(self, beta: float = 1.0, name: str = "") -> None:
            self.beta, self.name = beta, name

    yield Planted
    unregister("metrics", "planted")


def test_a_registered_name_is_found(planted):
    assert lookup("metrics", "planted") is planted
    assert "planted" in names("metrics")


def test_a_class_is_made_with_its_options(planted):
    made = resolve("metrics", "planted(beta=2, name='a, (b)=c')")
    assert (made.beta, made.name) == (2, "a, (b)=c")
    assert isinstance(resolve("metrics", "planted"), planted)
    assert isinstance(resolve("metrics", " planted() "), planted)


@pytest.mark.parametrize("typo", ["plantd", "plantedd", "palnted"])
def test_a_near_miss_is_told(planted, typo):
    with pytest.raises(UnknownName, match="Did you mean 'planted'"):
        lookup("metrics", typo)


def test_an_unknown_name_lists_the_known(planted):
    with pytest.raises(UnknownName, match=r"There is no metric 'zzz'\. Known: .*planted"):
        lookup("metrics", "zzz")


def test_a_name_is_not_taken_twice(planted):
    with pytest.raises(BadInput, match="already registered by"):

        @register("metrics", "planted")
        def another():
            """Not the same."""

    assert lookup("metrics", "planted") is planted


def test_registering_the_same_again_is_no_clash(planted):
    assert register("metrics", "planted")(planted) is planted


def test_a_group_is_one_of_ours():
    with pytest.raises(BadInput, match="The group must be one of"):
        register("nonsense", "x")


def test_every_group_loads():
    for group in GROUPS:
        assert names(group) == sorted(names(group))


def test_an_option_that_is_not_known_is_told(planted):
    with pytest.raises(BadInput, match=r"'planted' has no option 'gamma'\. It has: "):
        resolve("metrics", "planted(gamma=1)")
    for spec, words in {
        "power(bta=1)": "The selection 'power' has no option 'bta'. Did you mean 'beta'? It has: beta, zero.",
        "top(beta=1)": "The selection 'top' has no option 'beta'. It has none.",
    }.items():
        with pytest.raises(BadInput) as raised:
            resolve("selection", spec)
        assert str(raised.value) == words


def test_an_option_that_must_be_given_is_told():
    with pytest.raises(BadInput, match=r"'sklearn' needs an option: sklearn\(estimator=\.\.\.\)"):
        resolve("models", "sklearn")


HOSTILE = [
    "planted(beta=__import__('os').system('true'))",
    "planted(beta=open('/etc/passwd'))",
    "planted(beta=(lambda: 1)())",
    "planted(beta=[x for x in (1,)])",
    "planted(beta=f'{1}')",
    "planted(beta=1+1j*exit())",
    "planted(**{'beta': 1})",
    "planted(*[1])",
    "planted(1)",
    "planted(beta=1, beta=2)",
    "planted(beta=1)(beta=2)",
    "planted(beta=1); import os",
    "planted(beta=1) or 1",
    "os.system('true')",
    "(lambda: 1)()",
    "planted(",
    "planted(beta=",
    "planted)(",
    "planted(beta={[]: 1})",
    "planted(beta={{}})",
    "planted(beta=-'a')",
    "planted(beta=1)\nplanted(beta=2)",
    "planted(\0)",
    "(" * 10_000,
    "planted(beta=" + "[" * 10_000 + "]" * 10_000 + ")",
    "planted(beta=" + "-" * 100_000 + "1)",
    "planted(beta=" + "9" * 10_000 + ")",
]


@pytest.mark.parametrize("spec", HOSTILE, ids=lambda spec: spec[:40].encode("unicode_escape").decode())
def test_a_hostile_specification_is_refused_and_never_run(planted, spec, monkeypatch):
    def trip(*_, **__):
        raise AssertionError("a specification was run")

    monkeypatch.setattr("os.system", trip)
    with pytest.raises(BadInput):
        resolve("metrics", spec)


@given(st.text(alphabet="ab(=1,)'\"[]{}*.:- \n\0", max_size=30))
@settings(max_examples=500, deadline=None)
def test_any_text_parses_or_is_bad_input(spec):
    try:
        name, options = parse(spec)
    except BadInput:
        return
    assert isinstance(name, str)
    assert all(isinstance(key, str) for key in options)


@pytest.mark.parametrize(
    "name", ["os", "../x", "sys.path", "a b", "", "__init__", "importlib", "é", "x" * 10_000]
)
def test_a_name_from_outside_imports_nothing_else(name):
    before = set(sys.modules)
    with pytest.raises(UnknownName):
        lookup("acquisition", name)
    assert all(found.startswith("asklearn") for found in set(sys.modules) - before)


def test_a_missing_extra_is_told_with_its_install_line():
    with pytest.raises(MissingExtra, match=r"This needs nonesuch, .* pip install 'asklearn\[app\]'"):
        require("nonesuch.part", "app")


def test_without_an_extra_its_plugins_are_left_out_until_asked_for():
    program = """
        import sys
        sys.modules["sqlalchemy"] = None
        from asklearn.errors import MissingExtra
        from asklearn.registry import lookup, names
        assert names("journals") == ["memory"], names("journals")
        try:
            lookup("journals", "sql")
        except MissingExtra as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True
    )
    assert "pip install 'asklearn[app]'" in done.stdout


def test_a_plugin_that_cannot_be_imported_says_why(tmp_path, monkeypatch):
    (tmp_path / "broken_metric_of_a_third_party.py").write_text("import no_such_dependency_at_all\n")
    monkeypatch.setattr("asklearn.metrics.__path__", [str(tmp_path)], raising=False)
    with pytest.raises(ModuleNotFoundError, match="no_such_dependency_at_all"):
        registry._import_module_named("metrics", "broken_metric_of_a_third_party")
