"""count.py meson|pytest FILE - results of a test run, from the file it left.

Prints "passed failed skipped" on the first line, then one line a test that failed or was
skipped. A file that is missing, cut short or empty is one failure.
"""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

Result = tuple[str, str, str]  # passed, failed or skipped; the test; why


def meson(path: Path) -> Iterator[Result]:
    """testlog.json: one JSON object a line."""
    for line in path.read_text().splitlines():
        test = json.loads(line)
        how = {"OK": "passed", "SKIP": "skipped", "EXPECTEDFAIL": "passed"}
        why = (test.get("stdout") or "").strip().splitlines()[-1:] if test["result"] == "SKIP" \
            else [test["result"].lower()]
        yield how.get(test["result"], "failed"), test["name"], " ".join(why)


def pytest(path: Path) -> Iterator[Result]:
    """JUnit XML."""
    for case in ET.parse(path).getroot().iter("testcase"):
        name = f"{case.get('classname', '')}.{case.get('name', '')}".strip(".")
        bad = case.find("failure") if case.find("failure") is not None else case.find("error")
        skipped = case.find("skipped")
        if bad is not None:
            yield "failed", name, (bad.get("message") or "").split("\n")[0][:200]
        elif skipped is not None:
            yield "skipped", name, skipped.get("message") or ""
        else:
            yield "passed", name, ""


def main() -> int:
    kind, path = sys.argv[1], Path(sys.argv[2])
    try:
        results = list({"meson": meson, "pytest": pytest}[kind](path))
        if not results:
            results = [("failed", path.name, "no test ran")]
    except (OSError, ValueError, KeyError, ET.ParseError) as error:
        results = [("failed", path.name, f"the run left no results: {error}")]
    print(*(sum(r[0] == how for r in results) for how in ("passed", "failed", "skipped")))
    for how, name, why in results:
        if how != "passed":
            print(f"{how}: {name}: {why}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
