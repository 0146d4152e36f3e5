"""How ``make docs`` builds the pages: Markdown as it stands, and a reference made of the docstrings."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from pygments.lexers.special import TextLexer

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import make_reference  # noqa: E402

import asklearn  # noqa: E402

project, author, version = "asklearn", "The asklearn authors", asklearn.__version__
copyright = author
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"asklearn {version}"
html_theme_options = {"source_repository": "", "footer_icons": []}
html_copy_source = False

myst_heading_anchors = 4
suppress_warnings = ["ref.python"]  # "model" is an attribute of several classes

autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_default_options = {"members": True, "show-inheritance": False}
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_param = True
napoleon_use_ivar = True

nitpicky = True
nitpick_ignore_regex = [("py:(class|obj|exc|attr)", r".*")]  # types are prose here: "ndarray of shape (N, D)"


def _skip(app: Any, what: str, name: str, thing: Any, skip: bool, options: Any) -> bool | None:
    """Leave out what scikit-learn adds to every estimator."""
    return (
        True
        if name.endswith("_request") or str(getattr(thing, "__module__", "")).startswith("sklearn")
        else None
    )


def setup(app: Any) -> None:
    """Write the reference, take in the pages that lie above this folder, and read mermaid and csv as text."""
    make_reference.write(HERE / "reference")
    make_reference.take_in(HERE.parent, HERE / "project")
    app.connect(
        "source-read", lambda _, name, source: source.__setitem__(0, make_reference.linked(source[0]))
    )
    app.connect("autodoc-skip-member", _skip)
    for language in ("mermaid", "csv"):
        app.add_lexer(language, TextLexer)
