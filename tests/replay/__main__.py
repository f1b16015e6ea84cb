"""python3 -m replay [--days N] [--seed N] [--pipelines N] [--limit N] [--record]: see scripts/replay.sh."""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness import larder_binary

from . import models
from .player import play
from .report import SAVED, broken, saved, table
from .trace import generate

TOP = Path(__file__).resolve().parents[2]


def _first_line(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    return ((done.stdout + done.stderr).strip() or "?").splitlines()[0]


def _heading(arguments: argparse.Namespace) -> str:
    commit = _first_line("git", "-C", str(TOP), "rev-parse", "--short", "HEAD")
    dirty = subprocess.run(["git", "-C", TOP, "diff", "--quiet", "HEAD", "--", "src"])
    found = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    return (f"## {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC, {commit}"
            f"{' with changes' if dirty.returncode else ''}: a fleet's month\n\n"
            f"- machine: {os.cpu_count()} cores, {found[1] if found else platform.machine()}, "
            f"Linux {platform.release()}\n"
            f"- {_first_line(str(larder_binary()), '--version')}; command: `scripts/replay.sh "
            f"--days {arguments.days} --seed {arguments.seed}`\n")


def _notes(trace, played, direct) -> str:
    kinds = {kind: sum(type(e).__name__ == kind for e in trace.events)
             for kind in ("Moved", "Trouble")}
    return (f"- {trace.days} days, {sum(1 for _ in trace.jobs()):,} jobs, {trace.pulls:,} pulls "
            f"of {len(trace.lines)} tags; {kinds['Moved']} moves of tags, {kinds['Trouble']} "
            f"times of trouble at Docker Hub, {played.others} pulls by others behind the same "
            f"address, {played.restarts} restarts ({played.kills} of them kill -9), "
            f"{played.evictions} evictions; {played.seconds:.0f} s in real time\n"
            f"- larder is measured at the hub, the others are counted by their rules "
            f"(`tests/replay/models.py`); a refused pull is not tried again, and its wait is until "
            f"it could have been served\n"
            f"- larder spent {saved(played, direct):.2%} fewer counted pulls than direct ones; of "
            f"{len(played.gets)} manifests, {sum(n > 1 for n in played.gets.values())} were "
            f"fetched more than once, each after it had been removed from the store\n"
            f"- {played.marked:,} answers were marked stale; in real time the slowest pull took "
            f"{played.slowest:.2f} s, the slowest refusal {played.slowest_refusal:.2f} s; "
            f"{played.memory / 1e6:.1f} MB of private memory at the end\n")


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/replay.sh", description=(
        "Run a CI fleet's month on a real larder in front of the scripted hub, and print what "
        "it spent beside what direct pulls and registry:2's rules would have."))
    parser.add_argument("--days", type=int, default=30, help="simulated days (default: 30)")
    parser.add_argument("--seed", type=int, default=1, help="another month (default: 1)")
    parser.add_argument("--pipelines", type=int, default=200,
                        help="of a weekday, about 3.5 jobs each (default: 200)")
    parser.add_argument("--limit", type=int, default=100,
                        help="pulls in six hours that the hub allows (default: 100)")
    parser.add_argument("--dir", type=Path, help="where the store may be (default: $TMPDIR)")
    parser.add_argument("--record", action="store_true", help="append to bench/RESULTS.md")
    arguments = parser.parse_args()
    if min(arguments.days, arguments.pipelines, arguments.limit) < 1:
        parser.error("days, pipelines and limit are at least 1")
    trace = generate(arguments.seed, arguments.days, arguments.pipelines)
    direct = models.direct(trace, None)
    print(f"replay: {trace.pulls:,} pulls in {trace.days} days", file=sys.stderr)
    began = time.monotonic()
    rows = {"direct, no limit": direct,
            f"direct, {arguments.limit} in 6 h": models.direct(trace, arguments.limit),
            "registry:2's rules": models.registry2(trace, arguments.limit)}
    with tempfile.TemporaryDirectory(prefix="larder-replay-", dir=arguments.dir) as scratch:
        played = play(trace, Path(scratch), arguments.limit)
    rows["larder"] = played.spent
    text = table(rows) + "\n" + _notes(trace, played, direct)
    print(text)
    found = broken(played, direct, SAVED if arguments.days >= 30 else 0)
    for line in found:
        print(f"replay: {line}", file=sys.stderr)
    print(f"replay: {time.monotonic() - began:.0f} s, "
          f"{'all holds' if not found else f'{len(found)} findings'}", file=sys.stderr)
    if arguments.record and not found:
        with open(TOP / "bench/RESULTS.md", "a") as out:
            out.write("\n" + _heading(arguments) + "\n" + text)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
