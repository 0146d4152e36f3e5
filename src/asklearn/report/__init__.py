"""Self-contained HTML reports: one file, no network, no script."""

from __future__ import annotations

from asklearn.report.project import project_page
from asklearn.report.simulation import learning_curve_svg, simulation_page

__all__ = ["learning_curve_svg", "project_page", "simulation_page"]
