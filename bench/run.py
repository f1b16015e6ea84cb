"""The benchmark: see README.md beside this file. Started by run.sh, which builds first."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import cold
import memory
import prepull
import push
import report
import warm
from context import Bench

SECTIONS = ("warm", "blobs", "cold", "client", "crowd", "push", "prepull", "memory",
            "start")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/run.sh")
    parser.add_argument("--quick", action="store_true",
                        help="one round, small sizes, under a minute; nothing is recorded")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", help="sections, with commas: " + ", ".join(SECTIONS))
    parser.add_argument("--record", action=argparse.BooleanOptionalAction,
                        help="append to RESULTS.md (default: unless --quick or --only)")
    parser.add_argument("--dir", help="where to keep the stores meanwhile")
    return parser.parse_args()


def _say(text: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def _rounds(bench: Bench, sections: list[str]) -> None:
    servers, sparse = [], None
    try:
        if {"warm", "blobs"} & set(sections):
            _say("filling the servers")
            servers = warm.start(bench)
        for turn in range(bench.rounds):
            _say(f"warm, round {turn + 1}")
            if "warm" in sections:
                warm.manifests(bench, servers)
            if "blobs" in sections:
                warm.blobs(bench, servers)
        for server in servers:
            server.clean()
        if "start" in sections:
            _say("making a sparse store")
            sparse = memory.sparse_store(bench)
        for turn in range(bench.rounds):
            _say(f"cold, round {turn + 1}")
            if "cold" in sections:
                cold.one(bench)
            if "client" in sections:
                cold.client(bench)
            if "crowd" in sections:
                cold.crowd(bench, turn)
            if "push" in sections:
                push.one(bench)
                push.crowd(bench)
            if "prepull" in sections:
                prepull.one(bench)
            if "start" in sections:
                memory.first_answer(bench, sparse)
        for turn in range(2 if bench.rounds > 1 else 1):
            if "memory" in sections:
                _say(f"memory, round {turn + 1}")
                memory.at_rest(bench)
                memory.in_flight(bench)
                memory.filling(bench)
    finally:
        for server in servers:
            server.clean()


def main() -> int:
    given = _arguments()
    sections = given.only.split(",") if given.only else list(SECTIONS)
    if unknown := set(sections) - set(SECTIONS):
        print(f"bench: no section {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    before = os.getloadavg()[0]
    scratch = Path(tempfile.mkdtemp(prefix="larder-bench-", dir=given.dir))
    bench = None
    try:
        bench = Bench(scratch, 1 if given.quick else given.rounds, given.quick)
        _say("making images")
        bench.hub.start()
        _rounds(bench, sections)
    finally:
        if bench is not None:
            bench.hub.stop()
        shutil.rmtree(scratch, ignore_errors=True)
    shown = " ".join(sys.argv[1:])
    entry = report.heading(shown, (before, os.getloadavg()[0]), bench.rounds) \
        + report.table(bench)
    print(entry)
    record = given.record
    if record is None:
        record = not given.quick and given.only is None
    if record:
        _say(f"appended to {report.append(entry)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
