"""Tags: what columns say of an item's turn is read once, and a column that is not kept is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from apart import run

from asklearn.errors import BadInput
from asklearn.importing import create
from asklearn.project import Project
from asklearn.server.desk import Desk
from asklearn.server.options import Options
from asklearn.server.tags import Tags
from asklearn.settings import Settings


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Forty texts; every tenth is in Latin, and later ones are more urgent."""
    rows = [f"text {n},{'Latin' if n % 10 == 0 else ''},{n}" for n in range(40)]
    (tmp_path / "data.csv").write_text("\n".join(["text,needs,due", *rows]))
    settings = Settings(kind="text", columns=("text",), show=("needs", "due"), labels=("x", "y"))
    create(tmp_path / "project", tmp_path / "data.csv", settings)
    return Project(tmp_path / "project")


def test_an_item_is_read_once_and_its_shown_columns_alone(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[tuple[list[int], Any]] = []
    plain = Project.payload

    def noted(
        self: Project, rows: Sequence[int], columns: Sequence[str] | None = None
    ) -> list[dict[str, Any]]:
        read.append((list(rows), columns))
        return plain(self, rows, columns)

    monkeypatch.setattr(Project, "payload", noted)
    tags = Tags(project, project.learner.state, Options(skill="needs", priority="due", group="due"))
    run(tags.learn([0, 7]))
    run(tags.learn([7, 10, 0]))
    assert read == [([0, 7], ["due", "needs"]), ([10], ["due", "needs"])]
    assert [tags.priority(item) for item in (0, 7, 10, 11)] == [0.0, 7.0, 10.0, 0.0]
    assert [tags.group(item) for item in (0, 7, 11)] == ["0", "7", ""]
    assert [tags.skills(item) for item in (0, 7, 10, 20)] == [{"Latin"}, set(), {"Latin"}, set()]


@pytest.mark.parametrize("column", ["skill", "priority", "group"])
def test_a_column_that_is_not_kept_is_named_and_what_is(project: Project, column: str) -> None:
    with pytest.raises(BadInput, match=r"'deu', which .* keeps 'text', 'needs', 'due'; init --show"):
        Tags(project, project.learner.state, Options(**{column: "deu"}))


def test_a_desk_goes_by_the_columns_that_its_settings_name(project: Project) -> None:
    project.settings = replace(project.settings, server={"skill": "needs", "priority": "due", "gold": 0.0})
    project.learner.ask(40)
    audit = {item for item, ask in project.learner.state.asks.items() if ask.stream == "audit"}

    async def shown() -> list[Any]:
        desk = Desk(project)
        desk.skills = lambda: {"ann": {"Latin"}, "ben": set()}
        lent = [[card.item for card in await desk.hand_out(who, 40)] for who in ("ben", "ann")]
        desk.close()
        return lent

    ben, ann = run(shown())
    assert set(ann) == {item for item in project.learner.state.asks if item % 10 == 0}
    due = [item for item in ben if item not in audit]
    assert len(due) > 10
    assert due == sorted(due, reverse=True)
