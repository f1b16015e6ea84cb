"""The table, and the entry in RESULTS.md."""

from __future__ import annotations

import datetime
import os
import platform
import re
import statistics
import subprocess
from pathlib import Path

from context import Bench, Row
from servers import LARDER, TOP


def _number(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def _cell(row: Row, target: str) -> tuple[str, str]:
    """Median [least-most], and the median of the rounds' comparisons with the reference."""
    values = [v for v in row.values[target] if v is not None]
    if not values:
        return "failed", ""
    text = _number(statistics.median(values))
    if len(values) > 1 and min(values) != max(values):
        text += f" [{_number(min(values))}–{_number(max(values))}]"
    if row.reference is None or target == row.reference:
        return text, ""
    pairs = [(v, r) for v, r in zip(row.values[target], row.values[row.reference])
             if v is not None and r]
    if not pairs:
        return text, ""
    if row.apart:
        late = statistics.median(v - r for v, r in pairs)
        return text, f"{late:+.2f} {row.unit} to {row.reference}"
    ratio = statistics.median(v / r for v, r in pairs)
    return text, f"{ratio:.{2 if ratio >= 0.1 else 4}f} of {row.reference}"


def table(bench: Bench) -> str:
    lines, section = [], None
    for row in bench.rows:
        if row.section != section:
            section = row.section
            lines += ["", f"### {section}", "",
                      "| what | target | median [least–most] | compared |",
                      "|---|---|---|---|"]
        for target in row.values:
            text, compared = _cell(row, target)
            what = row.what + (f" ({row.unit})" if row.unit else "")
            lines.append(f"| {what} | {target} | {text} | {compared} |")
    if bench.notes:
        lines += ["", *(f"- {note}" for note in bench.notes)]
    return "\n".join(lines) + "\n"


def _first_line(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    return ((done.stdout + done.stderr).strip() or "?").splitlines()[0]


def _cpu() -> str:
    found = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    return found[1] if found else platform.machine()


def heading(arguments: str, load: tuple[float, float], rounds: int = 0,
            script: str = "bench/run.sh") -> str:
    turns = f""", {rounds} rounds, targets in turn within each; ratios are
  medians of the rounds' own ratios""" if rounds else ""
    arguments = re.sub(r"--dir \S+", "--dir DIR", arguments)
    commit = _first_line("git", "-C", str(TOP), "rev-parse", "--short", "HEAD")
    dirty = subprocess.run(["git", "-C", TOP, "diff", "--quiet", "HEAD", "--", "src"])
    now = datetime.datetime.now(datetime.timezone.utc)
    return f"""## {now:%Y-%m-%d %H:%M} UTC, {commit}{' with changes' if dirty.returncode else ''}

- machine: {os.cpu_count()} cores, {_cpu()}, Linux {platform.release()}; servers, hub and
  clients all on it, over loopback
- load average (1 minute) before: {load[0]:.2f}, after: {load[1]:.2f}
- versions: {_first_line(str(LARDER), '--version')}; {_first_line('nginx', '-v')};
  {_first_line('docker-registry', '--version')}; {_first_line('wrk', '-v').split(' [')[0]}
- command: `{script} {arguments}`{turns}
"""


def limits(title: str, rows: list[list[str]]) -> str:
    """What was found beside the most that it may be."""
    lines = ["", f"### {title}", "", "| what | found | at most | |", "|---|---|---|---|"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows]) + "\n"


def append(entry: str) -> Path:
    path = TOP / "bench/RESULTS.md"
    new = not path.exists()
    with open(path, "a") as out:
        if new:
            out.write("# Measured\n\nWritten by `bench/run.sh`; newest last.\n")
        out.write("\n" + entry)
    return path
