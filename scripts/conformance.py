#!/usr/bin/python3
"""Run the public OCI distribution conformance suite against larder.

conformance.py [MODE...]    modes: 1.1, dev (a local registry, deletes on), mirror (read-only,
                            through a cache of another larder); default: all three.

The suite is a Go program; it is built once, in a cache directory outside of this tree. Needs
`go` and its module proxy; without them the last line says that all was skipped, and why.
LARDER_BUILD names the build directory (default: build). Reports stay in results/conformance.
The last line is "N passed, N failed, N skipped"; the exit status is 1 if anything failed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "tests"))

from harness import Larder              # noqa: E402
from hub import build, images           # noqa: E402
from hub.push import Pusher             # noqa: E402

MODULE = "github.com/opencontainers/distribution-spec/conformance"
VERSION = "v0.0.0-20260831232431-97274622c111"
DELETES = "storage:\n  delete:\n    enabled: true\n"
TOTAL = re.compile(r"^  (Disabled|Skip|Pass|FAIL|Error)\.+: +(\d+)$", re.M)
LINE = re.compile(r"^ *(\S.*): (FAIL|Error|Skip)$", re.M)
# What the suite can do without pushing; see its README.
READ_ONLY = {f"OCI_API_{name}": "false" for name in (
    "PUSH", "BLOBS_DELETE", "MANIFESTS_DELETE", "TAGS_DELETE")}


def skip_all(why: str) -> None:
    print(f"conformance: skipped: {why}")
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(0)


def suite() -> Path:
    """The suite's program, built if need be."""
    go = shutil.which("go")
    if go is None:
        skip_all("go is not installed")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "larder-conformance" / VERSION
    program = folder / "conformance"
    if not program.exists():
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run([go, "install", f"{MODULE}@{VERSION}"], capture_output=True,
                              text=True, env={**os.environ, "GOBIN": str(folder),
                                              "GOFLAGS": "-buildvcs=false"}, timeout=600)
        if done.returncode != 0:
            skip_all("the suite cannot be had: " + done.stderr.strip().splitlines()[-1][:200])
    return program


def run_suite(program: Path, larder: Larder, results: Path, **settings: str) -> tuple[str, int]:
    """What it printed, and its exit status."""
    results.mkdir(parents=True, exist_ok=True)
    env = {k: v for k, v in os.environ.items() if not k.startswith("OCI_")}
    env.update(OCI_REGISTRY=larder.host, OCI_TLS="disabled", OCI_LOG="error",
               OCI_RESULTS_DIR=str(results), **settings)
    done = subprocess.run([str(program)], env=env, capture_output=True, text=True, timeout=600,
                          cwd=results)
    (results / "output.txt").write_text(done.stdout + done.stderr)
    return done.stdout, done.returncode


def judge(mode: str, text: str, status: int | None) -> tuple[int, int, int]:
    """Passed, failed and skipped of what it printed; FAIL, Error and Skip are shown."""
    for name, how in LINE.findall(text):
        print(f"  {how}: {name}")
    totals = {name: int(n) for name, n in TOTAL.findall(text)}
    if not totals:
        print(f"{mode}: no totals: the suite did not run to its end (exit status {status})")
        return 0, 1, 0
    passed, skipped = totals.get("Pass", 0), totals.get("Skip", 0)
    failed = totals.get("FAIL", 0) + totals.get("Error", 0)
    if status not in (0, None) and failed == 0:
        failed = 1
    print(f"{mode}: " + ", ".join(f"{name} {n}" for name, n in totals.items()))
    return passed, failed, skipped


def local(program: Path, mode: str, scratch: Path, results: Path) -> tuple[int, int, int]:
    with Larder(scratch / mode, config=DELETES, access_log=False) as made:
        text, status = run_suite(program, made, results / mode, OCI_VERSION=mode)
    api = re.search(r"^API conformance:\n((?:  .*\n)+)", text, re.M)
    print(api[1] if api else "", end="")
    return judge(mode, text, status)


def mirror(program: Path, scratch: Path, results: Path) -> tuple[int, int, int]:
    """Read-only, through a cache of a registry that has an image and a referrer."""
    image = build("conformance")
    sbom = images.referrer(image.root, "application/vnd.test.sbom", b"sbom")
    total = [0, 0, 0]
    with Larder(scratch / "origin", access_log=False) as origin:
        pusher = Pusher(origin.url)
        pusher.image("conformance/repo1", "v1", image)
        pusher.image("conformance/repo1", sbom.digest, sbom)
        data = {"OCI_RO_DATA_TAGS": "v1", "OCI_RO_DATA_MANIFESTS": " ".join(image.manifests),
                "OCI_RO_DATA_BLOBS": " ".join(image.blobs),
                "OCI_RO_DATA_REFERRERS": image.digest}
        with Larder(scratch / "mirror", {"origin.test": origin.url}, access_log=False) as made:
            # With pushes off, the suite's own report ends in a crash; a part at a time does not.
            for part in ("read-only", "missing-manifest", "invalid-digest-format"):
                text, _ = run_suite(program, made, results / f"mirror-{part}", **READ_ONLY,
                                    **data, OCI_FILTER_TEST=f"OCI Conformance Test/{part}")
                for i, n in enumerate(judge(f"mirror, {part}", text, None)):
                    total[i] += n
    return total[0], total[1], total[2]


def main() -> int:
    modes = sys.argv[1:] or ["1.1", "dev", "mirror"]
    if set(modes) - {"1.1", "dev", "mirror"}:
        print(__doc__, file=sys.stderr)
        return 100
    program = suite()
    results = TOP / "results/conformance"
    shutil.rmtree(results, ignore_errors=True)
    sums = [0, 0, 0]
    with tempfile.TemporaryDirectory(prefix="larder-conformance-") as scratch:
        for mode in modes:
            one = (mirror(program, Path(scratch), results) if mode == "mirror"
                   else local(program, mode, Path(scratch), results))
            for i, n in enumerate(one):
                sums[i] += n
    print(f"{sums[0]} passed, {sums[1]} failed, {sums[2]} skipped")
    return 1 if sums[1] or not sums[0] else 0


if __name__ == "__main__":
    sys.exit(main())
