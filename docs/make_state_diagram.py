"""Draw the transition table of items into docs/architecture.md, between its two marks.

python docs/make_state_diagram.py
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from asklearn.state import TRANSITIONS, Status

PAGE = Path(__file__).parent / "architecture.md"
BEGIN, END = "<!-- state diagram: begin -->", "<!-- state diagram: end -->"


def diagram() -> str:
    """Return the transitions as a Mermaid diagram, an arrow for each pair of different statuses."""
    events: dict[tuple[Status, Status], list[str]] = defaultdict(list)
    for before, row in TRANSITIONS.items():
        for event, possible in row.items():
            for after in possible - {before}:
                events[before, after].append(event.__name__)
    place = list(Status).index
    arrows = [
        f"    {before.value} --> {after.value}: {', '.join(sorted(names))}"
        for (before, after), names in sorted(
            events.items(), key=lambda one: (place(one[0][0]), place(one[0][1]))
        )
    ]
    return "\n".join(["```mermaid", "stateDiagram-v2", f"    [*] --> {Status.WAITING.value}", *arrows, "```"])


def drawn(page: str) -> str:
    """Return `page` with the present diagram between its marks."""
    head, _, rest = page.partition(BEGIN)
    _, mark, tail = rest.partition(END)
    if not mark:
        raise SystemExit(f"Expected the marks {BEGIN} and {END} in the page, in this order. Put them back.")
    return f"{head}{BEGIN}\n\n{diagram()}\n\n{END}{tail}"


def main() -> None:
    """Write the diagram into the page."""
    PAGE.write_text(drawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
