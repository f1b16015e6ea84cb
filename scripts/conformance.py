"""conformance.py SUITE [options] - run the built conformance suite; see conformance.sh.

What did not pass is read from the tree that the suite prints, the table of APIs from
results.yaml, and the totals from junit.xml: they are the suite's own, which counts some tests
more than once (for each API that they are about), so that they compare with what others
report.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "tests"))

NAME = "OCI Conformance Test"
RESULT = re.compile(rf"^( *)({NAME}(?:/.*)?): (Pass|FAIL|Error|Skip|Disabled|Unknown)$")
MINUTES = 10
REFUSED = "refused"     # what is wrong with a run itself

# Read-only data needs its filter: with pushes off the suite dies after its report (it writes
# neither results.yaml nor junit.xml), but what one filter selects comes out whole.
READ_ONLY = ("read-only", "missing-manifest", "invalid-digest-format")


@dataclass
class Run:
    """One run of the suite: (name, status, reasons) of each test, by order; counts is the
    suite's, where it left any, else that of the tests."""

    title: str
    tests: list[tuple[str, str, list[str]]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    apis: list[tuple[str, str]] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)

    @property
    def failed(self) -> int:
        return self.counts["FAIL"] + self.counts["Error"] + self.counts["Unknown"] \
            + len(self.trouble)

    def count_tests(self) -> Counter[str]:
        return Counter(status for _, status, _ in self.tests)


def leaves(text: str) -> list[tuple[str, str, list[str]]]:
    """The tests without tests under them: others say only the worst of theirs."""
    found: list[tuple[int, str, str, list[str]]] = []
    for line in text.partition("\nConfiguration:")[0].splitlines():
        match = RESULT.match(line)
        if match:
            found.append((len(match[1]), match[2], match[3], []))
        elif found and line.strip():
            found[-1][3].append(line.strip().removeprefix("- "))
    return [(name, status, why) for i, (depth, name, status, why) in enumerate(found)
            if i + 1 == len(found) or found[i + 1][0] <= depth]


def apis(path: Path) -> list[tuple[str, str]]:
    """The part `apis:` of results.yaml, as it is; the one in `config:` is indented."""
    part = re.search(r"(?m)^apis:\n((?:  .*\n)+)", path.read_text())
    return re.findall(r"(?m)^  ([^:\n]+): (\w+)$", part[1]) if part else []


def suite(program: Path, title: str, registry: str, results: Path,
          whole: bool = True, **env: str) -> Run:
    """Run it.  whole: it must end by itself and leave all of its files."""
    run = Run(title)
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir(parents=True)
    clean = {k: v for k, v in os.environ.items()
             if not k.startswith("OCI_") and not k.lower().endswith("_proxy")}
    clean.update(OCI_REGISTRY=registry, OCI_TLS="disabled", OCI_LOG="error",
                 OCI_RESULTS_DIR=str(results), **env)
    try:
        done = subprocess.run([program], env=clean, cwd=results, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=MINUTES * 60)
    except subprocess.TimeoutExpired:
        run.trouble.append(f"the suite did not end in {MINUTES} minutes")
        return run
    (results / "stdout.txt").write_text(done.stdout)
    (results / "stderr.txt").write_text(done.stderr)
    run.tests = leaves(done.stdout)
    if not run.tests:
        run.trouble.append(f"no results; it said: {(done.stderr or done.stdout)[-300:]}")
    elif whole:
        check(run, results)
        if done.returncode not in (0, 1):
            run.trouble.append(f"the suite ended with status {done.returncode}")
    return run


def check(run: Run, results: Path) -> None:
    """What was read from the tree must agree with the files."""
    try:
        counted = ET.parse(results / "junit.xml").getroot().find("testsuite")
        run.apis = apis(results / "results.yaml")
    except (OSError, ET.ParseError) as error:
        run.trouble.append(f"the suite did not write its results: {error}")
        return
    of = {status: int(counted.get(key, 0)) for key, status in (
        ("failures", "FAIL"), ("errors", "Error"), ("skipped", "Skip"),
        ("disabled", "Disabled"))}
    run.counts = Counter(of, Pass=int(counted.get("tests", 0)) - sum(of.values()))
    cases = Counter(case.get("status") for case in counted.iter("testcase"))
    told = run.count_tests()
    if (cases["passed"], cases["failure"], cases["skipped"]) != (
            told["Pass"], told["FAIL"], told["Skip"] + told["Disabled"]):
        run.trouble.append(f"junit.xml has {dict(cases)}, but it printed {dict(told)}")
    if not run.apis:
        run.trouble.append("no table of APIs in results.yaml")


def local(program: Path, results: Path) -> list[Run]:
    """A larder that takes pushes and deletes; a fresh one for each version."""
    from harness import Larder

    runs = []
    for version in ("1.1", "dev"):
        with tempfile.TemporaryDirectory(prefix="larder-conformance-") as place:
            with Larder(Path(place) / "root", access_log=False,
                        config="storage:\n  delete:\n    enabled: true\n") as larder:
                runs.append(suite(program, f"OCI_VERSION={version}", larder.host,
                                  results / version, OCI_VERSION=version))
    return runs


def mirror(program: Path, results: Path) -> Run:
    """An image of a scripted hub, read through larder.  The suite does not look at the bytes
    of what it has not made: a pull beside it does."""
    from harness import Larder
    from hub import Hub, build, client

    image, repo = build("thing"), "library/thing"
    own = image.manifest()
    blobs = [own.json["config"]["digest"], *(d["digest"] for d in own.json["layers"])]
    run = Run("read-only, through the mirror")
    with tempfile.TemporaryDirectory(prefix="larder-conformance-") as place, Hub() as hub:
        hub.add(image, repo, "1")
        with Larder(Path(place) / "root", {"docker.io": hub.url},
                    access_log=False) as larder:
            for test in READ_ONLY:
                part = suite(program, test, larder.host, results / f"mirror-{test}", False,
                             OCI_VERSION="1.1", OCI_REPO1=repo, OCI_REPO2="library/other",
                             OCI_API_PUSH="false", OCI_API_BLOBS_DELETE="false",
                             OCI_API_MANIFESTS_DELETE="false", OCI_API_TAGS_DELETE="false",
                             OCI_API_REFERRER="false", OCI_RO_DATA_TAGS="1",
                             OCI_RO_DATA_MANIFESTS=f"{image.digest} {own.digest}",
                             OCI_RO_DATA_BLOBS=" ".join(blobs),
                             OCI_FILTER_TEST=f"{NAME}/{test}")
                run.tests += [one for one in part.tests
                              if one[0].startswith(f"{NAME}/{test}")]
                run.trouble += part.trouble
                if not any(name.startswith(f"{NAME}/{test}") for name, _, _ in part.tests):
                    run.trouble.append(f"{test} did not run")
            pulled = client.pull(larder.url, repo, "1")
            if not pulled.ok or pulled.digest != image.digest:
                run.trouble.append(f"the image did not pull whole: {pulled.errors}")
    run.counts = run.count_tests()
    return run


def tell(run: Run) -> None:
    print(f"-- {run.title}")
    for name, status, why in run.tests:
        if status not in ("Pass", "Disabled"):
            print(f"{status}: {name.removeprefix(NAME + '/')}")
            for line in why if status != "Skip" else why[:1]:
                print(f"        {line[:300]}")
    for line in run.trouble:
        print(f"{REFUSED}: {line}")
    for name, status in run.apis:
        print(f"  {name:<28} {status}")
    count = run.counts
    print(f"{run.title}: {count['Pass']} Pass, {count['FAIL']} FAIL, {count['Error']} Error, "
          f"{count['Skip']} Skip, {count['Disabled']} Disabled", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="conformance.sh")
    parser.add_argument("suite", type=Path)
    parser.add_argument("--build", default=os.environ.get("LARDER_BUILD", "build"))
    parser.add_argument("--results", type=Path, default=Path("results/conformance"))
    parser.add_argument("--registry", metavar="HOST:PORT")
    options = parser.parse_args()
    os.environ["LARDER_BUILD"] = options.build
    results = options.results.resolve()
    if options.registry:
        runs = [suite(options.suite, f"OCI_VERSION={version}", options.registry,
                      results / version, OCI_VERSION=version,
                      OCI_REPO1=f"conformance/a{os.getpid()}-{version}",
                      OCI_REPO2=f"conformance/b{os.getpid()}-{version}")
                for version in ("1.1", "dev")]
    else:
        runs = [*local(options.suite, results), mirror(options.suite, results)]
    for run in runs:
        tell(run)
    failed = sum(run.failed for run in runs)
    passed = sum(run.counts["Pass"] for run in runs)
    print(f"{passed} passed, {failed} failed, {sum(run.counts['Skip'] for run in runs)} "
          "skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
