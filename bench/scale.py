"""A store of a million blobs: bench/scale.sh [--short] [--record]

Makes a store of 100,000 tags and 1,000,000 blobs (real digests and links; layers of a few bytes, one of
each image a hole of up to 100 kB), then measures how long larder takes to start on it, what a collection, a
scrub and an eviction take there, and how long clients wait for what is stored while those run: the same
requests at a steady rate, idle and not, in turn. Each row says what it is held against. Needs about 20 GB and 6
million inodes in --dir (--short: a fiftieth); both are looked at before, and all of it goes afterwards.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import report
from bigstore import LAYERS, PER_REPO, make_store, note_uses, room_enough
from servers import LARDER, TOP, free_port

KINDS = ("by tag", "by digest", "small blob")
MB = 1_000_000
EVICT_TO = 80           # per cent


# --- larder on it ---

class Server:
    """A mirror whose upstream cannot be reached, with settings that may change while it runs."""

    def __init__(self, scratch: Path, store: Path) -> None:
        self.scratch, self.store, self.port = scratch, store, free_port()
        self.config = scratch / "config.yml"
        self.output = scratch / "output"
        self.process: subprocess.Popen | None = None

    def settings(self, **given: str) -> None:
        wanted = {"collect": "0", "scrub": "0", **given}
        pinned = wanted.pop("pinned", "yes")
        lines = ["version: 0.1", "log:", "  level: debug", "  accesslog:", "    disabled: true",
                 "larder:", "  upstreams:", '    "docker.io":', '      url: "http://127.0.0.1:9"',
                 "      default: true"]
        lines += [f"  {key}: {value}" for key, value in wanted.items()]
        if pinned == "yes":     # so that no question to the upstream is measured
            lines += ["  tags:", '    - "docker.io/**=pinned"']
        self.config.write_text("\n".join(lines) + "\n")
        if self.process is not None:
            self.process.send_signal(signal.SIGHUP)
            time.sleep(0.2)

    def command(self) -> list[str]:
        return [str(LARDER), "serve", "--addr", f"127.0.0.1:{self.port}", "--root",
                str(self.store), str(self.config)]

    def start(self) -> "Server":
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL,
                                            stdout=output, stderr=output)
        if not wait(lambda: b"listening" in self.output.read_bytes(), 20):
            sys.exit("bench: larder does not start: " + self.output.read_text()[-400:])
        return self

    def log(self, event: str) -> list[str]:
        return [line for line in self.output.read_text().splitlines() if event in line]

    def memory(self) -> dict[str, int]:
        found = {}
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            key, _, value = line.partition(":")
            if key in ("RssAnon", "VmRSS", "VmHWM"):
                found[key] = int(value.split()[0]) * 1024
        return found

    def stop(self) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def wait(done, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def field(line: str, name: str) -> int:
    found = re.search(rf'{name}[="]+:?(\d+)', line)
    return int(found[1]) if found else -1


def run_command(*words: str) -> dict:
    """How long a command takes and the most private memory it has."""
    began, peak = time.monotonic(), 0
    process = subprocess.Popen([str(LARDER), *words], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
    status = Path(f"/proc/{process.pid}/status")
    while process.poll() is None:
        try:
            found = re.search(r"RssAnon:\s+(\d+)", status.read_text())
            peak = max(peak, int(found[1]) * 1024 if found else 0)
        except OSError:
            pass
        time.sleep(0.02)
    return {"s": time.monotonic() - began, "bytes": peak, "status": process.returncode,
            "text": process.stdout.read().strip().splitlines()[-1:]}


def watch_memory(server: Server, done, seconds: float) -> int:
    """The most private memory until then."""
    peak, until = 0, time.monotonic() + seconds
    while not done() and time.monotonic() < until:
        peak = max(peak, server.memory()["RssAnon"])
        time.sleep(0.02)
    return peak


def forget_pages() -> bool:
    try:
        os.sync()
        Path("/proc/sys/vm/drop_caches").write_text("3\n")
        return True
    except OSError:
        return False


# --- what is measured ---

class Bench:
    def __init__(self, scratch: Path, o: argparse.Namespace) -> None:
        self.scratch, self.o, self.store = scratch, o, scratch / "store"
        self.rows: list[tuple[str, str, str, str]] = []
        self.failed = False

    def say(self, text: str) -> None:
        print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)

    def row(self, what: str, found: str, limit: str = "", ok: bool | None = None) -> None:
        verdict = "" if ok is None else "pass" if ok else "FAIL"
        self.failed = self.failed or ok is False
        self.rows.append((what, found, limit, verdict))
        self.say(f"{what}: {found} {verdict}")

    def tool(self, name: str) -> Path:
        made = self.scratch / name
        subprocess.run(["cc", "-O2", "-o", made, TOP / f"bench/{name}.c",
                        "-lpthread"], check=True)
        return made


def starts(b: Bench, server: Server) -> None:
    load = b.tool("load")

    def one() -> float:
        done = subprocess.run([load, "start", str(server.port), "/v2/", *server.command()],
                              capture_output=True, text=True, timeout=60)
        found = json.loads(done.stdout)
        if found["failed"]:
            sys.exit("bench: larder does not start: " + " ".join(server.command()))
        os.kill(found["pid"], signal.SIGTERM)
        wait(lambda: not Path(f"/proc/{found['pid']}").exists(), 20)
        return found["ms"]

    server.settings(size="50%")
    # The program itself is in memory: reading it does not depend on the store.
    cold = [one() for _ in range(b.o.rounds) if forget_pages() and run_command("--version")]
    warm = [one() for _ in range(2 * b.o.rounds)]
    for name, values in (("warm", warm), ("nothing of the store in the page cache", cold)):
        if values:
            b.row(f"start to first answer, {name} (ms)", spread(values), "50",
                  statistics.median(values) < 50)


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} [{min(values):.2f}-{max(values):.2f}] of {len(values)}"


class Phase:
    """Something that goes on beside the clients."""

    def __init__(self, name: str, hand: tuple[str, ...] = (), **settings: str) -> None:
        self.name, self.settings, self.hand = name, settings, hand
        self.process: subprocess.Popen | None = None

    def begin(self, b: Bench, server: Server) -> None:
        server.settings(**self.settings)
        if self.hand:
            self.process = subprocess.Popen(
                [str(LARDER), *self.hand, "--root", str(b.store), "--config",
                 str(server.config)],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(2 if self.settings else 0.5)

    def end(self) -> bool:
        """Was it going on all the time?"""
        if self.process is None:
            return True
        lived = self.process.poll() is None
        self.process.terminate()
        self.process.wait(60)
        return lived


PHASES = (
    Phase("idle"),
    Phase("while it collects", collect="1s"),
    Phase("while it scrubs", scrub="1s"),
    Phase("while it scrubs, and larder prune --dry-run runs", ("prune", "--dry-run"), scrub="1s"),
    Phase("while larder scrub runs", ("scrub", "--no-fetch")),
)


def waits(b: Bench, server: Server, images: list[list[str]]) -> None:
    """p99 of warm pulls, in each phase by turns."""
    pace = b.tool("pace")
    lines = []
    for repo, tag, root, config in images[-200:]:
        top = f"/v2/library/{repo}"
        lines += [f"by-tag {top}/manifests/{tag}", f"by-digest {top}/manifests/sha256:{root}",
                  f"small-blob {top}/blobs/sha256:{config}"]
    asked = "\n".join(lines) + "\n"

    def measure(seconds: float) -> dict:
        done = subprocess.run([pace, str(server.port), str(b.o.rate), str(seconds)], input=asked,
                              capture_output=True, text=True, timeout=120)
        return json.loads(done.stdout)

    found: dict[str, list[dict]] = {phase.name: [] for phase in PHASES}
    server.settings()
    server.start()
    try:
        measure(2)
        for turn in range(b.o.rounds):
            for phase in PHASES:
                b.say(f"pulls {phase.name}, round {turn + 1}")
                phase.begin(b, server)
                one = measure(b.o.seconds)
                if not phase.end():
                    b.say("  (it had ended before the clients)")
                found[phase.name].append(one)
                server.settings()
    finally:
        server.stop()
    for kind in KINDS:
        key = kind.replace(" ", "-")
        base = [one[key] for one in found["idle"]]
        b.row(f"{kind}, idle: p99 (µs)", spread([one["p99"] for one in base]))
        for phase in PHASES[1:]:
            there = [one[key] for one in found[phase.name]]
            ratio = statistics.median(t["p99"] / i["p99"] for t, i in zip(there, base))
            half = statistics.median(t["p50"] / i["p50"] for t, i in zip(there, base))
            b.row(f"{kind}, {phase.name}: p99 (µs)", spread([one["p99"] for one in there])
                  + f"; p99 {ratio:.2f}, p50 {half:.2f} of idle", "1.50", ratio < 1.5)
    lost = sum(one["failed"] for every in found.values() for one in every)
    b.row("requests that failed", str(lost), "0", lost == 0)


def by_hand(b: Bench, server: Server) -> None:
    server.settings()
    where = ("--root", str(b.store), "--config", str(server.config))
    for cold in (True, False):
        if cold and not forget_pages():
            continue
        done = run_command("prune", "--dry-run", *where)
        b.row(f"larder prune --dry-run{', nothing in the page cache' if cold else ''}",
              f"{done['s']:.1f} s, {done['bytes'] / MB:.0f} MB; {' '.join(done['text'])}",
              "600 s, 64 MB", done["s"] < 600 and done["bytes"] < 64 * MB and not done["status"])
    done = run_command("scrub", "--no-fetch", *where)
    b.row("larder scrub, without a rate",
          f"{done['s']:.1f} s, {done['bytes'] / MB:.0f} MB; {' '.join(done['text'])}", "64 MB",
          done["bytes"] < 64 * MB and not done["status"])


def collection(b: Bench, server: Server) -> None:
    """The server's own, with its rests; then as a command."""
    server.settings(collect="1s")
    server.start()
    try:
        began = time.monotonic()
        peak = watch_memory(server, lambda: server.log("collect.done"), 1200)
        done = server.log("collect.done")
        took = time.monotonic() - began
        text = f"{took:.1f} s, {peak / MB:.0f} MB"
        if done:
            text += f"; {field(done[0], 'blobs')} blobs went of {field(done[0], 'looked_at')}"
        b.row("a collection while it serves", text, "600 s, 64 MB",
              bool(done) and took < 600 and peak < 64 * MB)
    finally:
        server.stop()
    done = run_command("prune", "--root", str(b.store), "--config", str(server.config))
    b.row("larder prune", f"{done['s']:.1f} s, {done['bytes'] / MB:.0f} MB", "600 s, 64 MB",
          done["s"] < 600 and done["bytes"] < 64 * MB)


def under_way(server: Server) -> float:
    """The share of the pass that is done."""
    return json.loads(fetch(server, "/larder/v1/status"))["scrub"]["underWay"] or 0


def scrubbing(b: Bench, server: Server) -> None:
    """A whole pass, by a larder that is killed in between."""
    (b.store / "larder/scrub.state").unlink(missing_ok=True)
    server.settings(scrub="1s")
    server.start()
    try:
        began, peak = time.monotonic(), 0
        for share in (0.3, 0.9):
            peak = max(peak, watch_memory(
                server, lambda: server.log("scrub.done") or under_way(server) >= share, 7200))
            before = under_way(server)
            if server.log("scrub.done"):
                break
            server.process.kill()
            server.process.wait()
            server.start()
            b.row(f"of a pass, gone on with after a kill at {before:.3f}", f"{under_way(server):.3f}",
                  "", under_way(server) > before - 0.1)
        peak = max(peak, watch_memory(server, lambda: bool(server.log("scrub.done")), 7200))
        done = server.log("scrub.done")
        found = ", ".join(f"{field(done[0], key)} {key}" for key in (
            "blobs", "repositories", "manifests", "links", "findings")) if done else ""
        b.row("a scrub while it serves, at its default rate",
              f"{time.monotonic() - began:.1f} s, {peak / MB:.0f} MB; {found}", "64 MB",
              bool(done) and peak < 64 * MB)
    finally:
        server.stop()


def used_bytes(server: Server) -> int:
    return int(re.search(r"\nlarder_store_bytes (\d+)", metrics(server))[1])


def cpu_seconds(server: Server) -> float:
    times = Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")


def eviction(b: Bench, server: Server) -> None:
    """The size is set to what is there: the eviction that follows takes a fifth out."""
    (b.store / "larder/room").unlink(missing_ok=True)   # so that it is counted
    server.settings(size="100TB", pinned="no")
    server.start()
    try:
        began = time.monotonic()
        if not wait(lambda: server.log("store.counted"), 1200):
            sys.exit("bench: what the store has is not counted")
        b.row("counting what the store has", f"{time.monotonic() - began:.1f} s, "
              f"{server.memory()['RssAnon'] / MB:.0f} MB")
        used = used_bytes(server)
        # Then there are notes of uses.
        fetch(server, f"/v2/library/r{b.o.tags // PER_REPO - 1}/manifests/t{PER_REPO - 1}")
        if not wait(lambda: note_uses(b.store, b.o.tags), 30):
            sys.exit("bench: no use was noted")
        worked, began, first = cpu_seconds(server), time.monotonic(), []
        server.settings(size=str(used), **{"size-low": f"{EVICT_TO}%"}, pinned="no")

        def is_down() -> bool:
            now = used_bytes(server)
            if now < used and not first:
                first.append(time.monotonic() - began)
            return now <= used * EVICT_TO // 100

        peak = watch_memory(server, is_down, 1800)
        took, worked = time.monotonic() - began, cpu_seconds(server) - worked
        wait(lambda: field((server.log("evict.done") or [""])[-1], "used") <= used * EVICT_TO // 100, 60)
        rounds = server.log("evict.done")
        images = sum(field(line, "images") for line in rounds)
        down = is_down()
        b.row(f"evictions, from the size to {EVICT_TO}% of it",
              f"{took:.1f} s, {worked:.1f} s of CPU, in {len(rounds)} rounds, {images} images; "
              f"{peak / MB:.0f} MB", "600 s, 64 MB", down and took < 600 and peak < 64 * MB)
        b.row("until the first room", f"{first[0]:.1f} s" if first else "never", "120 s",
              bool(first) and first[0] < 120)
    finally:
        server.stop()


def fetch(server: Server, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=30) as answer:
        return answer.read().decode()


def metrics(server: Server) -> str:
    return fetch(server, "/metrics")


SECTIONS = {"start": starts, "waits": waits, "hand": by_hand, "collect": collection,
            "scrub": scrubbing, "evict": eviction}


def arguments() -> argparse.Namespace:
    parse = argparse.ArgumentParser(prog="bench/scale.sh")
    parse.add_argument("--short", action="store_true",
                       help="a fiftieth of it: about two minutes, and nothing is recorded")
    parse.add_argument("--tags", type=int, default=100_000)
    parse.add_argument("--rounds", type=int, default=5)
    parse.add_argument("--seconds", type=float, default=6, help="of clients in each phase")
    parse.add_argument("--rate", type=int, default=1500, help="requests a second")
    parse.add_argument("--only", help="sections, with commas: " + ", ".join(SECTIONS))
    parse.add_argument("--record", action="store_true", help="append to RESULTS.md")
    parse.add_argument("--dir", help="where to make the store (default: the temporary directory)")
    parse.add_argument("--keep", action="store_true", help="the store stays, and is used again")
    o = parse.parse_args()
    if o.short:
        o.tags, o.rounds, o.seconds = 2000, 3, 2
    return o


def table(b: Bench) -> str:
    return report.limits(f"a store of {b.o.tags:,} tags and {b.o.tags * (LAYERS + 2):,} blobs",
                         b.rows)


def prepare(b: Bench) -> list[list[str]]:
    listed = b.scratch / "images.json"
    if listed.exists():
        return json.loads(listed.read_text())
    if (short := room_enough(b.scratch, b.o.tags)) is not None:
        sys.exit(f"bench: {short}")
    began = time.monotonic()
    b.store.mkdir()
    images = make_store(b.store, b.o.tags)
    listed.write_text(json.dumps(images))
    b.say(f"made in {time.monotonic() - began:.0f} s")
    return images


def main() -> int:
    o = arguments()
    for name in [name for name in os.environ if name.startswith("LARDER_")]:
        del os.environ[name]
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    if o.keep and o.dir:
        scratch = Path(o.dir)
        scratch.mkdir(exist_ok=True)
    else:
        scratch = Path(tempfile.mkdtemp(prefix="larder-scale-", dir=o.dir))
    before = os.getloadavg()[0]
    b = Bench(scratch, o)
    try:
        images = prepare(b)
        server = Server(scratch, b.store)
        for name in o.only.split(",") if o.only else SECTIONS:
            b.say(name)
            if name == "waits":
                waits(b, server, images)
            else:
                SECTIONS[name](b, server)
    finally:
        if not o.keep:
            shutil.rmtree(scratch, ignore_errors=True)
    entry = report.heading(" ".join(sys.argv[1:]), (before, os.getloadavg()[0]), o.rounds,
                           script="bench/scale.sh") + table(b)
    print(entry)
    if o.record:
        report.append(entry)
    return 1 if b.failed else 0


if __name__ == "__main__":
    sys.exit(main())
