"""Speed and memory of acquisition functions and selections, beside other libraries and the machine's limit.

Everything is measured in one run: the machine first (reading, logarithms, matrix products), then each
method and each library on the same arrays, every case in a process of its own, in processor seconds on one
thread. A peer may take 120 s and 16 GB; what does not finish in that is said. The peers are installed into
an environment of their own below benchmarks/results/cache. batchbald_redux draws 1,000 samples, fewer than
its examples do, since it would not finish otherwise.
"""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
import venv
from html import escape
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from arrays import DIMS
from arrays import SECONDS as ALLOWED
from harness import RESULTS, ROOT, Run, main
from peers import ALONE, REQUIREMENTS

BENCHMARKS = ROOT / "benchmarks"
ENVIRONMENT = RESULTS / "cache" / "peers"
PATIENCE = 900
UNFINISHED = f"did not finish in {ALLOWED} s"

# name: (case, yardstick, how many of it) and (case, peers)
LIMITS = {
    "margin": ("margin", "limit_read", 1, "<=6"),
    "least_confidence": ("least_confidence", "limit_read", 1, "<=6"),
    "entropy": ("entropy", "limit_logs", 1, "<=2"),
    "k_center": ("k_center", "limit_gemv", 1000, "<=0.333"),
    "badge": ("badge_200k", "limit_gemv_gradients", 1000, "<=2"),
    "epig": ("epig", "limit_epig", 1, "<=2"),
}
PEERS = {
    "margin": (["modAL", "scikit-activeml", "baal"], "<=1"),
    "entropy": (["modAL", "scikit-activeml", "baal"], "<=1"),
    "least_confidence": (["modAL", "scikit-activeml", "baal"], "<=1"),
    "k_center_10k": (["scikit-activeml"], "<=0.1"),
    "badge_10k": (["scikit-activeml"], "<=0.02"),
    "typiclust_10k": (["scikit-activeml"], "<=1"),
    "prob_cover_10k": (["scikit-activeml"], "<=1"),
    "max_herding_10k": (["scikit-activeml"], "<=1"),
    "batch_bald": (["batchbald_redux"], "<=0.1"),
    "epig": (["baal"], "<=1"),
}
SECONDS = {
    **dict.fromkeys([f"{name}_200k" for name in ("max_herding", "uherding", "typiclust", "prob_cover")], 60),
    "cluster_margin_200k": 60, "eer_log_loss": 60, "eer_zero_one": 60, "eer_newton": 60, "diverse_1m": 30,
}  # fmt: skip
INPUTS_MB = {"margin": 200, "badge_200k": 200_000 * (77 + DIMS) * 4 / 2**20}
MEGABYTES = {
    **dict.fromkeys([name for name in SECONDS if name.endswith("_200k")], 2_000),
    "margin": 0.5 * INPUTS_MB["margin"], "entropy": 100, "least_confidence": 100,
    "badge_200k": 0.2 * INPUTS_MB["badge_200k"], "epig": 1_000, "diverse_1m": 4_000, "margin_streamed": 500,
}  # fmt: skip
YARDSTICKS = (
    "limit_read",
    "limit_logs",
    "limit_gemm",
    "limit_gemv",
    "limit_gemv_gradients",
    "limit_epig",
    "limit_disk",
)


def ours(case: str) -> dict[str, Any]:
    """Run a case of kernels.py in a process of its own."""
    return _child([sys.executable, str(BENCHMARKS / "kernels.py"), case], {"PYTHONPATH": str(ROOT / "src")})


def theirs(case: str, library: str) -> dict[str, Any]:
    """Run a case of peers.py in the peers' environment."""
    return _child([str(ENVIRONMENT / "bin" / "python"), str(BENCHMARKS / "peers.py"), case, library], {})


def _child(command: list[str], extra: dict[str, str]) -> dict[str, Any]:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            env={**os.environ, **extra},
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"did not finish in {PATIENCE} s"}
    except OSError as error:
        return {"failed": f"could not be started: {error.strerror}"}
    if done.returncode == 0:
        found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return found
    if done.returncode in (-24, -9, 152):
        return {"failed": UNFINISHED}
    last = (done.stderr.strip().splitlines() or ["no word"])[-1]
    return {"failed": "over 16 GB" if "Memory" in last else last[:200]}


def install_peers() -> None:
    """Install the other libraries, once; what fails is seen where it is missing."""
    python = ENVIRONMENT / "bin" / "python"
    if (ENVIRONMENT / "installed").exists():
        return
    venv.create(ENVIRONMENT, with_pip=True, clear=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *REQUIREMENTS], check=False)
    subprocess.run([*pip, "--no-deps", *ALONE], check=False)
    (ENVIRONMENT / "installed").touch()


def measure(run: Run) -> None:
    """Measure the machine, every method and every peer, and state the ratios."""
    chosen = str(run.options["cases"]).split(",") if run.options["cases"] else None

    def wanted(case: str) -> bool:
        return chosen is None or case in chosen

    cases = [c for c in {**dict.fromkeys(v[0] for v in LIMITS.values()), **PEERS, **SECONDS} if wanted(c)]
    cases += [c for c in ("margin_streamed", "margin_10m") if wanted("margin_streamed")]
    needed = {LIMITS[name][1] for name in LIMITS if wanted(LIMITS[name][0])}
    yards = [
        c
        for c in YARDSTICKS
        if chosen is None or c in needed or (c == "limit_disk" and wanted("margin_streamed"))
    ]
    pairs = [(case, library) for case in PEERS if wanted(case) for library in PEERS[case][0]]
    if pairs:
        install_peers()
    found = dict(
        zip([*yards, *cases], run.map(ours, [{"case": case} for case in [*yards, *cases]]), strict=True)
    )
    peers = dict(zip(pairs, run.map(theirs, [{"case": c, "library": p} for c, p in pairs]), strict=True))
    run.details.update(ours=found, peers={f"{case} {library}": one for (case, library), one in peers.items()})
    for name, (case, yard, count, target) in LIMITS.items():
        if wanted(case):
            _ratio(
                run,
                f"speed.{name}_over_limit",
                found[case],
                found[yard],
                count,
                target,
                f"limit: {count} x {yard}",
            )
    for case, (libraries, target) in PEERS.items():
        if wanted(case):
            _against(run, case, found[case], {one: peers[case, one] for one in libraries}, target)
    _absolutes(run, found, wanted)
    if wanted("k_center"):
        error = found["k_center"].get("worst_relative_radius_error", math.nan)
        run.claim(
            "speed.k_center_radius_error", error, None, None, "<=0.00001", "against plain greedy, relative"
        )
    if wanted("margin_streamed"):
        slower = max((found["limit_disk"], found["margin_10m"]), key=_seconds)
        _ratio(
            run,
            "speed.margin_streamed_over_limit",
            found["margin_streamed"],
            slower,
            1,
            "<=1.5",
            "the slower of disk and memory",
        )
    if not run.partial:
        _write_page(run, found, peers)


def _absolutes(run: Run, found: dict[str, dict[str, Any]], wanted: Any) -> None:
    for case, most in SECONDS.items():
        if wanted(case):
            each = found[case].get("seconds", [math.nan])
            run.claim(
                f"speed.{case}_seconds",
                statistics.median(each),
                min(each),
                max(each),
                f"<={most}",
                _failed(found[case]),
            )
    for case, most in MEGABYTES.items():
        if case in found:
            peak = found[case].get("peak_mb", math.nan)
            run.claim(f"speed.{case}_megabytes", peak, None, None, f"<={most:.0f}", "beyond the inputs")


def _against(run: Run, case: str, us: dict[str, Any], others: dict[str, dict[str, Any]], target: str) -> None:
    """State the ratio to the best peer.

    One that did not finish is taken to need just the time it was given, and that is said; where none could
    be run, the claim is short.
    """
    finished = {name: one for name, one in others.items() if "seconds" in one}
    if not finished:
        finished = {n: {"seconds": [ALLOWED]} for n, one in others.items() if one["failed"] == UNFINISHED}
    missing = "; ".join(f"{name} {one['failed']}" for name, one in others.items() if "failed" in one)
    name = f"speed.{case}_over_best_peer"
    if not finished:
        run.claim(name, math.nan, None, None, target, missing)
        return
    best = min(finished, key=lambda one: _seconds(finished[one]))
    note = f"best: {best}" + (f"; {missing}" if missing else "")
    _ratio(run, name, us, finished[best], 1, target, note)


def _ratio(
    run: Run, name: str, us: dict[str, Any], yard: dict[str, Any], count: int, target: str, note: str
) -> None:
    if "failed" in us or "failed" in yard:
        run.claim(name, math.nan, None, None, target, _failed(us) or _failed(yard))
        return
    least, most = min(us["seconds"]) / max(yard["seconds"]), max(us["seconds"]) / min(yard["seconds"])
    run.claim(name, _seconds(us) / _seconds(yard) / count, least / count, most / count, target, note)


def _seconds(one: dict[str, Any]) -> float:
    return statistics.median(one["seconds"]) if "seconds" in one else math.inf


def _failed(one: dict[str, Any]) -> str:
    return str(one.get("failed", ""))


def _write_page(run: Run, found: dict[str, Any], peers: dict[tuple[str, str], Any]) -> None:
    """Write docs/speed.md and its picture."""
    read, products, logs = (_seconds(found[f"limit_{name}"]) for name in ("read", "gemm", "logs"))
    lines = [
        "# Speed of acquisition functions and selections",
        "",
        "Made by `make claim NAME=acquisition_speed`; not edited by hand.",
        "",
        *str(__doc__).strip().splitlines()[2:],
        "",
        f"This machine, per core: {0.2 / read:.1f} GB/s read, {16 / products:.0f} GFLOP/s in float32 products,",
        f"{50 / logs:.0f} million float32 logarithms a second.",
        "",
        "![Seconds of each method and of the best peer](images/speed.svg)",
        "",
        "| method | CPU s (least to most) | extra memory, MB | to the limit | best peer, CPU s | ratio to it |",
        "|-|-|-|-|-|-|",
    ]
    rows = []
    for case in (one for one in found if not one.startswith("limit_")):
        others = {name: made for (which, name), made in peers.items() if which == case}
        lines.append(_line(case, found, others))
        best = min(map(_seconds, others.values()), default=math.inf)
        if "seconds" in found[case]:
            rows.append((case, _seconds(found[case]), best if math.isfinite(best) else None))
    (ROOT / "docs" / "speed.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (ROOT / "docs" / "images" / "speed.svg").write_text(_picture(rows), encoding="utf-8")


def _line(case: str, found: dict[str, Any], others: dict[str, Any]) -> str:
    one = found[case]
    if "failed" in one:
        return f"| {case} | {one['failed']} | | | | |"
    us, to_limit = _seconds(one), ""
    for measured, yard, count, _ in LIMITS.values():
        if measured == case:
            to_limit = f"{us / _seconds(found[yard]) / count:.2f} x {count} {yard}"
    best = min(others, key=lambda name: _seconds(others[name]), default="")
    finished = bool(best) and "seconds" in others[best]
    said = "; ".join(
        f"{name} {made['failed'] if 'failed' in made else format(_seconds(made), '.3g')}"
        for name, made in others.items()
        if name == best or "failed" in made
    )
    ratio = f"{us / _seconds(others[best]):.3g}" if finished else ""
    spread = f"{us:.3g} ({min(one['seconds']):.3g} to {max(one['seconds']):.3g})"
    return f"| {case} | {spread} | {one['peak_mb']:.0f} | {to_limit} | {said} | {ratio} |"


def _picture(rows: list[tuple[str, float, float | None]]) -> str:
    """Draw seconds on a logarithmic axis: a filled dot for asklearn, an open one for the best peer."""
    left, width, step = 190, 420, 20
    low, high = -3.0, 2.5

    def x(seconds: float) -> float:
        return left + width * (min(max(math.log10(max(seconds, 1e-9)), low), high) - low) / (high - low)

    height = step * (len(rows) + 3)
    size = f"0 0 {left + width + 30} {height}"
    title = "CPU seconds: filled asklearn, open the best other library"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}" font-family="sans-serif" font-size="11">',
        f'<rect width="100%" height="100%" fill="#fff"/><text x="{left}" y="14">{title}</text>',
    ]
    for power in range(int(low), int(high) + 1):
        parts.append(f'<path d="M{x(10.0**power):.1f} 22V{height - 18}" stroke="#ddd"/>')
        parts.append(
            f'<text x="{x(10.0**power):.1f}" y="{height - 6}" text-anchor="middle">{10.0**power:g}</text>'
        )
    for place, (name, us, peer) in enumerate(rows):
        y = step * (place + 2)
        parts.append(f'<text x="{left - 8}" y="{y + 4}" text-anchor="end">{escape(name)}</text>')
        if peer is not None:
            parts.append(f'<path d="M{x(us):.1f} {y}H{x(peer):.1f}" stroke="#999"/>')
            parts.append(
                f'<circle cx="{x(peer):.1f}" cy="{y}" r="4" fill="#fff" stroke="#b45309" stroke-width="2"/>'
            )
        parts.append(f'<circle cx="{x(us):.1f}" cy="{y}" r="4" fill="#1d4ed8"/>')
    return "\n".join([*parts, "</svg>"]) + "\n"


if __name__ == "__main__":
    quick = {"cases": "margin"}
    sys.exit(main("acquisition_speed", measure, cpu_hours=0.7, quick=quick, cases=""))
