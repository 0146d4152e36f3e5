"""What the command ``asklearn`` starts, as ``python -m asklearn`` does: quiet even if interrupted while it loads."""

from __future__ import annotations

import sys


def run() -> None:
    """Load the command line and run it; an interruption ends it with status 130."""
    try:
        from asklearn.cli import main

        main()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    run()
