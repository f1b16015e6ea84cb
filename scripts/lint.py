"""lint.py [build-directory] - the rules of the house that no compiler checks.

Prints each finding as file:line: what, and one line a check: "ok", "FAILED" or "skipped: why".
The last line is "N passed, N failed, N skipped". Run through scripts/lint.sh.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
LONGEST_FILE = 500

# The floors: what a file of src/<folder> may include besides its own folder
# (docs/ARCHITECTURE.md has the same table).
FLOORS: dict[str, set[str]] = {
    "base": set(),
    "codec": {"base"},
    "oci": {"base", "codec"},
    "discover": {"base", "codec", "oci"},
    "clients": {"base", "codec", "oci"},
    "settings": {"base", "codec", "oci"},
    "store": {"base", "codec", "oci"},
    "upstream": {"base", "codec", "oci"},
    "mirror": {"base", "codec", "oci", "store", "upstream"},
    "carry": {"base", "codec", "oci", "store", "mirror"},
    "trust": {"base", "codec", "oci", "store", "mirror"},
    "server": {"base", "codec", "oci", "discover", "store", "mirror", "trust"},
    "doctor": {"base", "codec", "oci", "store", "upstream", "mirror", "clients"},
    "app": {"base", "codec", "oci", "discover", "clients", "settings", "store", "upstream",
            "mirror", "carry", "trust", "server", "doctor"},
}

# Libraries, and the only places that may include their headers.
USERS: dict[str, str | tuple[str, ...]] = {
    r"curl/.*": "src/upstream/",
    r"microhttpd\.h": "src/server/",
    r"jansson\.h": "src/codec/json.c",
    r"yaml\.h": "src/codec/yaml.c",
    r"openssl/.*": "src/codec/",
    r"archive(_entry)?\.h": ("src/codec/tar.c", "src/codec/zip.c"),
    r"sqlite3\.h": ("src/store/usedb", "src/codec/sqlread.c"),
}

BANNED = "strcpy strcat sprintf vsprintf strtok atoi atol gets alloca system popen".split()
# Names of files are given and taken with care, in one place.
BANNED_ABOVE = ("open openat creat rename renameat renameat2 unlink unlinkat link linkat "
                "mkstemp remove").split()

# Exported names that say it better than the rule (see exports below).
EXPORTS_ALLOWED = {"main", "registry_host_parse", "registry_host_is_loopback"}

Finding = tuple[Path, int, str]


def sources(*folders: str, ends: tuple[str, ...] = (".c", ".h")) -> list[Path]:
    return sorted(p for f in folders for p in (TOP / f).rglob("*")
                  if p.suffix in ends and p.is_file())


def code_only(text: str) -> str:
    """text with comments and what is in quotes blanked out, line by line the same."""
    token = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)
    return token.sub(lambda m: m[0][0] + re.sub(r"[^\n]", " ", m[0][1:-1]) + m[0][-1]
                     if m[0][0] in "\"'" else re.sub(r"[^\n]", " ", m[0]), text)


def includes(path: Path) -> Iterator[tuple[int, str, str]]:
    """Line, the kind of quote, and the name of each #include."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        m = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if m:
            yield number, m[1], m[2]


def banned() -> Iterator[Finding]:
    for path in sources("src", "tests/unit", "tests/fuzz"):
        relative = path.relative_to(TOP)
        names = list(BANNED)
        if relative.parts[0] == "src" and relative.parts[1] not in ("base", "store"):
            names += BANNED_ABOVE
        call = re.compile(r"(?<![\w.>])(" + "|".join(names) + r")\s*\(")
        for number, line in enumerate(code_only(path.read_text()).splitlines(), 1):
            for m in call.finditer(line):
                yield path, number, f"{m[1]}() is not used here"


def floors() -> Iterator[Finding]:
    for path in sources("src"):
        folder = path.relative_to(TOP / "src").parts[0]
        if folder not in FLOORS:
            yield path, 1, f"src/{folder} is no floor of the house"
            continue
        for number, quote, name in includes(path):
            if quote == "<":
                continue
            other = name.split("/")[0]
            if "/" not in name or not (TOP / "src" / name).is_file():
                yield path, number, f'"{name}": write "folder/file.h"'
            elif other != folder and other not in FLOORS[folder]:
                yield path, number, f"{folder}/ may not include {other}/"


def libraries() -> Iterator[Finding]:
    for path in sources("src"):
        relative = str(path.relative_to(TOP))
        for number, quote, name in includes(path):
            for pattern, place in USERS.items():
                if (quote == "<" and re.fullmatch(pattern, name)
                        and not relative.startswith(place)):
                    yield path, number, f"<{name}> is for {place} only"


def length() -> Iterator[Finding]:
    for path in sources("src", "tests", "scripts", ends=(".c", ".h", ".py", ".sh")):
        lines = len(path.read_text().splitlines())
        if lines > LONGEST_FILE:
            yield path, lines, f"{lines} lines: over {LONGEST_FILE}, so it has more than one job"


def left_over() -> Iterator[Finding]:
    mark = re.compile(r"\b(" + "TO" + "DO|FIX" + r"ME|XX" + r"X)\b")
    for path in sources("src", "tests", "scripts", "docs",
                        ends=(".c", ".h", ".py", ".sh", ".md", ".build")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if mark.search(line):
                yield path, number, f"{mark.search(line)[1]}: do it, or file it"


def python() -> Iterator[Finding]:
    for path in sources("tests", "scripts", "bench", ends=(".py",)):
        try:
            compile(path.read_text(), str(path), "exec")
        except SyntaxError as error:
            yield path, error.lineno or 1, error.msg


def may_export(path: Path) -> set[str]:
    """Beginnings of names that path may export: its own, its folder's, and its types',
    each also in the plural."""
    header = path.with_suffix(".h")
    words = {path.stem, path.parent.name}
    if header.is_file():
        words |= set(re.findall(r"^(?:struct|enum|union) (\w+)",
                                code_only(header.read_text()), re.M))
    return {w + s for w in words for s in ("", "s")}


def exports(build: Path) -> Iterator[Finding]:
    for path in sources("src", ends=(".c",)):
        inside = "_".join(path.relative_to(TOP).parts)[len("src_"):]
        alone = "_".join(path.relative_to(TOP).parts[2:])
        found = [o for o in build.rglob("*.c.o")
                 if o.name in (f"{inside}.o", f"{alone}.o", f"src_{inside}.o")
                 and f"/src/{path.parent.name}/" in f"/{o.parent}/" .replace(
                     "/src/libbase.a.p/", "/src/base/").replace("larder.p/", "src/app/")]
        for o in found[:1]:
            out = subprocess.run(["nm", "-g", "--defined-only", str(o)], check=True,
                                 capture_output=True, text=True).stdout
            for name in (line.split()[-1] for line in out.splitlines()):
                if name not in EXPORTS_ALLOWED and not any(
                        name == w or name.startswith(w + "_") for w in may_export(path)):
                    yield path, 1, f"exports {name}, which is not named after it"


def metrics() -> Iterator[Finding]:
    """Each family of metrics is in docs/metrics.md, and nothing else is."""
    page = TOP / "docs/metrics.md"
    told = set(re.findall(r"^\| `(larder_\w+)`", page.read_text(), re.M))
    found = set()
    for path in sources("src", ends=(".c",)):
        text = path.read_text()
        if "metrics_" not in text:
            continue
        prefix = re.search(r'#define NAME\(what\) "(larder_\w+)" what', text)
        names = {prefix[1] + m for m in re.findall(r'NAME\("(\w+)"\)', text)} if prefix else \
            set(re.findall(r'"(larder_[a-z_]+)"', text))
        found |= names
        for name in sorted(names - told):
            yield path, 1, f"{name} is not in docs/metrics.md"
    for name in sorted(told - found):
        yield page, 1, f"there is no {name}"


def report(name: str, check: Callable[[], Iterator[Finding]]) -> bool:
    findings = list(check())
    for path, line, what in findings:
        print(f"{path.relative_to(TOP)}:{line}: {what}")
    print(f"lint {name}: {'FAILED' if findings else 'ok'}")
    return not findings


def main() -> int:
    build = TOP / (sys.argv[1] if len(sys.argv) > 1 else "build")
    results = [report(check.__name__, check)
               for check in (banned, floors, libraries, length, left_over, metrics, python)]
    skipped = 0
    if (build / "larder").is_file():
        results.append(report("exports", lambda: exports(build)))
    else:
        print(f"lint exports: skipped: nothing is built in {build.name}/")
        skipped += 1
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed, {skipped} skipped")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
