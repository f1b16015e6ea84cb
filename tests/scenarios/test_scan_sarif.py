"""`larder scan --sarif`: the log, what GitHub reads of it, and what stays the same in it.

LARDER_SARIF_SCHEMA may name OASIS's sarif-schema-2.1.0.json: then, with python3-jsonschema,
every log here is held against it, too.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from hub import build
from hub.images import layer

from .scanning import (ALPINE_HAS, DEBIAN, DEBIAN_HAS, TRACKER, alpine_image, cvss,
                       debian_image, dpkg, found, osv, put_data, put_zip, scanner, since,
                       unknown_image, wheel, MEDIUM)

LEVELS = {"critical": "error", "high": "error", "medium": "warning", "unknown": "warning",
          "low": "note", "negligible": "note"}
AMD64 = ("--platform", "linux/amd64")


@pytest.fixture
def data(scratch):
    return put_data(scratch / "data")


@pytest.fixture
def command(scratch, hub, data):
    return scanner(scratch, hub, data)


@pytest.fixture
def app(hub):
    return hub.add(debian_image(), "library/app", "1")


def validate(log: dict) -> None:
    schema = os.environ.get("LARDER_SARIF_SCHEMA")
    if schema:
        import jsonschema
        jsonschema.validate(log, json.loads(Path(schema).read_text()))


def check_rule(rule: dict) -> None:
    """All that GitHub requires of one, and the lengths that it shows."""
    assert 0 < len(rule["shortDescription"]["text"]) <= 1024
    assert 0 < len(rule["fullDescription"]["text"]) <= 1024
    assert rule["help"]["text"] and rule["help"]["markdown"]
    assert rule["defaultConfiguration"]["level"] in ("error", "warning", "note")
    tags = rule["properties"]["tags"]
    assert tags[:2] == ["security", "vulnerability"] and len(tags) <= 10
    assert re.fullmatch(r"\d\d?\.\d", rule["properties"].get("security-severity", "0.0"))


def check_result(result: dict, rules: list[dict]) -> None:
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert result["level"] == LEVELS[result["properties"]["severity"]]
    assert result["message"]["text"]
    place, = result["locations"]
    assert place["physicalLocation"]["region"] == {
        "startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1}
    assert re.fullmatch(r"[a-z0-9._/-]+", place["physicalLocation"]["artifactLocation"]["uri"])
    package, = place["logicalLocations"]
    assert package["kind"] == "package"
    assert package["name"] == result["properties"]["package"]
    assert package["fullyQualifiedName"].endswith(f"@{result['properties']['installed']}")
    prints = result["partialFingerprints"]
    assert re.fullmatch("[0-9a-f]{32}:[1-9]", prints["primaryLocationLineHash"])
    assert prints["larderImagePackageId/v1"] == prints["primaryLocationLineHash"]


def check(log: dict) -> dict:
    """The only run of a log that is as it must be."""
    validate(log)
    assert log["version"] == "2.1.0" and "sarif-schema-2.1.0.json" in log["$schema"]
    run, = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "larder" and re.match(r"\d+\.\d+\.\d+", driver["semanticVersion"])
    rules = driver["rules"]
    assert [rule["id"] for rule in rules] == sorted({one["ruleId"] for one in run["results"]})
    for rule in rules:
        check_rule(rule)
    for result in run["results"]:
        check_result(result, rules)
    prints = fingerprints(run).values()
    assert len(set(prints)) == len(prints) == len(run["results"])
    assert len({"suppressions" in result for result in run["results"]}) <= 1
    invocation, = run["invocations"]
    told = invocation["toolExecutionNotifications"]
    for one in told:
        at = driver["notifications"][one["descriptor"]["index"]]
        assert at["id"] == one["descriptor"]["id"] and one["message"]["text"]
        assert at["defaultConfiguration"]["level"] == one["level"]
    # incomplete results are both (appendix on incomplete result sets)
    assert invocation["executionSuccessful"] == ("error" not in [one["level"] for one in told])
    assert run["properties"]["summary"]["status"] == invocation["exitCode"]
    return run


def scan(command, *words, status=0, env=None) -> dict:
    done = command("scan", "--sarif", *AMD64, *words, env=env)
    assert done.status == status, done
    run = check(json.loads(done.out))
    assert run["invocations"][0]["exitCode"] == status
    return run


def fingerprints(run: dict) -> dict[tuple, str]:
    return {(one["properties"]["image"], one["properties"]["platform"], one["ruleId"],
             one["properties"]["type"], one["properties"]["package"],
             one["properties"]["installed"]):
            one["partialFingerprints"]["primaryLocationLineHash"] for one in run["results"]}


def told(run: dict) -> list[tuple[str, str]]:
    return [(one["level"], one["descriptor"]["id"])
            for one in run["invocations"][0]["toolExecutionNotifications"]]


def rule(run: dict, id: str) -> dict:
    one, = [one for one in run["tool"]["driver"]["rules"] if one["id"] == id]
    return one


# --- what was found ---------------------------------------------------------------------

def test_it_has_what_json_has(hub, command, app):
    tiny = hub.add(alpine_image(), "library/tiny", "3.19")
    run = scan(command, "app:1", "docker.io/library/tiny:3.19")
    assert found({"vulnerabilities": [one["properties"] for one in run["results"]]}) \
        == DEBIAN_HAS + ALPINE_HAS
    rows = command("scan", "--json", *AMD64, "app:1", "docker.io/library/tiny:3.19").rows()
    for row, listed in zip(rows, run["properties"]["images"]):
        listed = {**listed, "vulnerabilities": [
            {key: value for key, value in one["properties"].items()
             if key not in ("image", "digest", "platform")}
            for one in run["results"] if one["properties"]["image"] == row["image"]]}
        assert listed == row
    first, last = run["results"][0], run["results"][-1]
    assert first["message"]["text"] == \
        "app:1 (linux/amd64): zlib 1:1.2.13.dfsg-1 has CVE-2023-45853 (critical), no fixed " \
        "version is known. Its distribution says: no DSA, ignored: contrib/minizip not built."
    assert last["message"]["text"] == \
        "docker.io/library/tiny:3.19 (linux/amd64): openssl 3.1.4-r5 has CVE-2024-2511 " \
        "(unknown severity), fixed in 3.1.4-r6."
    place = last["locations"][0]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "library/tiny"
    assert place["logicalLocations"][0]["fullyQualifiedName"] \
        == "docker.io/library/tiny:3.19/apk/openssl@3.1.4-r5"
    assert (first["properties"]["digest"], last["properties"]["digest"]) \
        == (app.digest, tiny.digest)
    assert told(run) == [] and run["invocations"][0]["executionSuccessful"]


def test_rules(hub, command, data, app):
    # the same one in both, with a score in one of them
    put_zip(data / "more.zip", [
        osv("ALPINE-CVE-2023-46218", "Alpine:v3.19", "busybox", since(),
            upstream=["CVE-2023-46218"], severity=cvss(MEDIUM)),
        osv("PYSEC-2099-1", "PyPI", "jinja2", since()),
        osv("X-2099-1", "PyPI", "jinja2", since())])
    hub.add(alpine_image(), "library/tiny", "3.19")
    run = scan(command, "app:1", "tiny:3.19")
    zlib = rule(run, "CVE-2023-45853")
    assert zlib["properties"] == {"tags": ["security", "vulnerability", "critical"],
                                  "security-severity": "9.8"}
    assert zlib["shortDescription"]["text"] == "CVE-2023-45853 in zlib"
    assert zlib["helpUri"] == "https://nvd.nist.gov/vuln/detail/CVE-2023-45853"
    assert "| `zlib` | deb | `1:1.2.13.dfsg-1` | none is known |\n" in zlib["help"]["markdown"]
    assert "zlib (deb) 1:1.2.13.dfsg-1: no fixed version is known\n" in zlib["help"]["text"]
    # a word is no number
    assert "security-severity" not in rule(run, "CVE-2023-6246")["properties"]
    assert rule(run, "CVE-2023-6246")["defaultConfiguration"]["level"] == "error"
    both = rule(run, "CVE-2023-46218")
    assert both["shortDescription"]["text"] == "CVE-2023-46218 in curl, busybox"
    assert both["properties"]["tags"][2] == "medium"
    assert both["properties"]["security-severity"] == "5.3"
    assert "curl (deb) 7.88.1-10+deb12u4: fixed in 7.88.1-10+deb12u5\n" \
           "busybox (apk) 1.36.1-r15: no fixed version is known\n" in both["help"]["text"]
    assert sorted(one["level"] for one in run["results"]
                  if one["ruleId"] == "CVE-2023-46218") == ["warning", "warning"]
    assert rule(run, "PYSEC-2099-1")["helpUri"] == "https://osv.dev/vulnerability/PYSEC-2099-1"
    assert "helpUri" not in rule(run, "X-2099-1")


def test_filters_and_exit_status_are_those_of_json(command, app):
    run = scan(command, "--severity", "high", "app:1")
    assert [one["ruleId"] for one in run["results"]] == ["CVE-2023-45853", "CVE-2023-6246"]
    run = scan(command, "--severity", "high", "--fixable", "app:1")
    assert [one["ruleId"] for one in run["results"]] == ["CVE-2023-6246"]
    done = command("scan", "--sarif", *AMD64, "--fail-on", "critical", "app:1")
    assert done.status == 1 and "failed by --fail-on critical: 1 in app:1" in done.err
    # what was found ends with 1; the log is whole for all that
    assert check(json.loads(done.out))["invocations"][0]["executionSuccessful"]


def test_nothing_found(hub, command):
    hub.add(build("library/clean", "1", platforms=("linux/amd64",), layers=[layer({
        "etc/os-release": DEBIAN,
        "var/lib/dpkg/status": dpkg(("bash", "5.2.15-2", ""))})]), "library/clean", "1")
    hub.add(build("library/empty", "1", platforms=("linux/amd64",), layers=[
        layer({"program": b"x"})]), "library/empty", "1")
    run = scan(command, "clean:1", "empty:1")
    assert run["results"] == [] and run["tool"]["driver"]["rules"] == []
    assert told(run) == [("warning", "no-packages")]
    assert [(one["image"], one["packages"]) for one in run["properties"]["images"]] \
        == [("clean:1", 1), ("empty:1", 0)]


def test_exceptions_are_suppressions(command, app, scratch):
    listed = scratch / "except"
    listed.write_text("CVE-2023-45853 zlib1g 2099-01-01 minizip is not in it\n"
                      "CVE-2023-6246 2020-01-01 long over\n")
    run = scan(command, "--except", str(listed), "--fail-on", "critical", "app:1")
    assert {one["ruleId"]: one["suppressions"] for one in run["results"]} \
        == {one[0]: [{"kind": "external", "status": "accepted",
                      "justification": "minizip is not in it"}]
            if one[0] == "CVE-2023-45853" else [] for one in DEBIAN_HAS}
    assert all("suppressions" not in one for one in scan(command, "app:1")["results"])


# --- what stays the same ----------------------------------------------------------------

def test_twice_is_the_same(hub, command, app):
    hub.add(alpine_image(), "library/tiny", "3.19")

    def once() -> str:
        done = command("scan", "--sarif", *AMD64, "app:1", "tiny:3.19",
                       env={"SOURCE_DATE_EPOCH": "1700000000"})
        assert '"endTimeUtc":"2023-11-14T22:13:20Z"' in done.out
        return re.sub(r'"dataAgeSeconds":\d+', "", done.out)

    assert once() == once()


def test_fingerprints_are_of_image_package_and_id(hub, command, app):
    both = build("library/both", "1", layers=[layer({
        "etc/os-release": DEBIAN, "var/lib/dpkg/status": dpkg(("glibc", "2.36-9", ""))})])
    hub.add(both, "library/both", "1")
    hub.add(debian_image(), "library/app", "2")
    was = fingerprints(scan(command, "app:1", "app:2", "both:1",
                            "--platform", "linux/amd64,linux/arm64", status=2))
    assert {key[:2] for key in was} >= {("app:1", "linux/amd64"), ("app:2", "linux/amd64"),
                                        ("both:1", "linux/amd64"), ("both:1", "linux/arm64")}
    # another build of it with a newer package, under another spelling of its name: the same
    hub.move_tag("library/app", "1", debian_image("3.0.12-1~deb12u1", extra="more"))
    command("update", "app:1")
    now = fingerprints(scan(command, "--severity", "medium", "docker.io/library/app:1"))
    assert {key[2:5]: one for key, one in now.items()} \
        == {key[2:5]: one for key, one in was.items()
            if key[0] == "app:1" and key[2:5] in {key[2:5] for key in now}}
    assert len(now) == 5 and {key[5] for key in now} - {key[5] for key in was} \
        == {"3.0.12-1~deb12u1"}


def test_two_of_one_package(hub, command):
    """Two versions in one image are two alerts, whatever is shown of them."""
    older = {path.replace("python3.11", "python3.9"): text
             for path, text in wheel("requests", "2.30.0").items()}
    hub.add(build("library/app", "1", platforms=("linux/amd64",), layers=[layer({
        "etc/os-release": DEBIAN, "var/lib/dpkg/status": dpkg(("bash", "5.2.15-2", "")),
        **wheel("requests", "2.31.0"), **older})]), "library/app", "1")
    prints = {key[5]: one for key, one in fingerprints(scan(command, "app:1")).items()
              if key[2] == "CVE-2024-35195"}
    assert set(prints) == {"2.30.0", "2.31.0"}
    assert prints["2.30.0"].endswith(":1") and prints["2.31.0"].endswith(":2")
    assert prints["2.30.0"][:-2] == prints["2.31.0"][:-2]


# --- what is not known ------------------------------------------------------------------

def test_what_is_not_known_is_in_it(hub, command, data, app):
    hub.add(unknown_image(), "library/other", "1")
    whole = (data / "Alpine/all.zip").read_bytes()
    (data / "Alpine/all.zip").write_bytes(whole[:-30])
    (data / "PyPI/bad.json").write_text('{"id": "X-1", "modified": "then"}')
    hub.add(build("library/rpm", "1", platforms=("linux/amd64",), layers=[layer({
        "etc/os-release": b"ID=rocky\nVERSION_ID=9.3\n",
        "var/lib/rpm/rpmdb.sqlite": b"SQLite format 3\0 and nothing else"})]),
        "library/rpm", "1")
    run = scan(command, "nothing:1", "Bad:::", "other:1", "rpm:1", "app:1", status=2,
               env={"LARDER_VULNERABILITIES_AGE": "7d"})
    assert len(run["results"]) == len(DEBIAN_HAS)
    assert told(run) == [
        ("error", "data-damaged"), ("warning", "data-unusable"), ("warning", "data-old"),
        ("error", "image-failed"), ("error", "image-failed"), ("error", "no-data"),
        ("warning", "no-packages"), ("error", "not-read")]
    said = [one["message"]["text"]
            for one in run["invocations"][0]["toolExecutionNotifications"]]
    assert "Alpine/all.zip: it is no zip, or cut" in said[0]
    assert "PyPI/*.json: 1 of 5 entries cannot be used" in said[1]
    assert "data are older than 7 d" in said[2]
    assert said[3].startswith("nothing:1 (linux/amd64): ") and "Bad:::" in said[4]
    assert said[5] == "other:1 (linux/amd64): NO DATA of its system (which is not known): " \
                      "1 package was not looked up"
    assert said[7].startswith("rpm:1 (linux/amd64): NOT READ: var/lib/rpm/rpmdb.sqlite: ")
    run = scan(command, "nothing:1", status=1, env={"LARDER_VULNERABILITIES_AGE": "7d"})
    assert run["results"] == [] and told(run) == [("error", "image-failed")]


def test_without_data_there_is_no_log(command, app, scratch):
    out = scratch / "log.sarif"
    done = command("scan", "--sarif", "-o", str(out), *AMD64, "app:1",
                   env={"LARDER_VULNERABILITIES": ""})
    assert done.status == 1 and "no data of vulnerabilities" in done.err
    assert not out.exists() and done.out == ""


def test_output(command, app, scratch):
    out = scratch / "log.sarif"
    done = command("scan", "--sarif", "-o", str(out), *AMD64, "app:1")
    assert done.status == 0 and done.out == "", done
    was = out.read_bytes()
    assert len(check(json.loads(was))["results"]) == len(DEBIAN_HAS)
    done = command("scan", "--sarif", "-o", str(out / "log"), *AMD64, "app:1")
    assert done.status == 1 and f"--output {out}/log: " in done.err and done.out == "", done
    os.mkfifo(scratch / "pipe")
    done = command("scan", "--sarif", "-o", str(scratch / "pipe"), *AMD64, "app:1")
    assert done.status == 100 and "no regular file" in done.err, done
    assert (scratch / "pipe").is_fifo()
    assert command("scan", "--sarif", "-o", "-", *AMD64, "--severity", "high",
                   "app:1").out.count('"ruleId"') == 2
    assert out.read_bytes() == was


@pytest.mark.faults
@pytest.mark.parametrize("fault", ["fs.create", "fs.write", "fs.fsync", "fs.rename"])
def test_output_is_whole_or_not_there(command, app, scratch, fault):
    command("pull", *AMD64, "app:1")
    out = scratch / "out/log.sarif"
    out.parent.mkdir()
    out.write_text("the last one")
    done = command("scan", "--sarif", "--offline", "-o", str(out), *AMD64, "app:1",
                   env={"LARDER_FAULTS": f"{fault}:1=ENOSPC"})
    assert done.status == 1 and f"--output {out}: " in done.err, done
    assert out.read_text() == "the last one" and os.listdir(out.parent) == ["log.sarif"]


# --- others' words ----------------------------------------------------------------------

def test_hostile_names(hub, command, data):
    """A package's name begins no link, no placeholder, no cell and no line."""
    name = "e](http://evil.example/){0}|`<b>"
    (data / "json").write_text(json.dumps({**TRACKER, name: {"CVE-2099-7": {"releases": {
        "bookworm": {"status": "open", "nodsa": "see [it](http://evil.example)"}}}}}))
    hub.add(build("library/evil", "1", platforms=("linux/amd64",), layers=[layer({
        "etc/os-release": DEBIAN, "var/lib/dpkg/status": dpkg((name, "1", ""))})]),
        "library/evil", "1")
    run = scan(command, "evil:1")
    result, = run["results"]
    assert "evil:1 (linux/amd64): e\\](http://evil.example/){{0}}|`<b> 1 has CVE-2099-7" \
        in result["message"]["text"]
    assert "see [it\\](http" in result["message"]["text"]
    row = run["tool"]["driver"]["rules"][0]["help"]["markdown"].splitlines()[4]
    assert row == "| `e](http://evil.example/){0}\\x7c\\x60<b>` | deb | `1` | none is known |"


def test_what_github_would_not_take(hub, command, data):
    """6 and 26 vulnerabilities of each of 1000 packages: over what it shows, and over what
    it takes. All are in the log."""
    hub.add(build("library/big", "1", platforms=("linux/amd64",), layers=[layer({
        "etc/os-release": DEBIAN,
        "var/lib/dpkg/status": dpkg(*((f"p{at}", "1", "") for at in range(1000)))})]),
        "library/big", "1")

    def put(count: int) -> None:
        (data / "json").write_text(json.dumps({f"p{at}": {
            f"CVE-2099-{id}": {"releases": {"bookworm": {"status": "open"}}}
            for id in range(1000, 1000 + count)} for at in range(1000)}))

    put(6)
    done = command("scan", "--sarif", *AMD64, "big:1")
    assert done.status == 0
    assert "GitHub shows 5000 results of a log, and this one has 6000: --severity" in done.err
    run = check(json.loads(done.out))
    assert len(run["results"]) == 6000
    first = run["tool"]["driver"]["rules"][0]
    assert first["shortDescription"]["text"] \
        == "CVE-2099-1000 in p0, p1, p10, p100 and 996 more"
    assert first["help"]["markdown"].count("| deb |") == 50
    assert "\nand 950 more\n" in first["help"]["markdown"]
    put(26)
    done = command("scan", "--sarif", *AMD64, "big:1")
    assert "GitHub refuses logs of more than 25000 results, and this one has 26000" in done.err
    assert len(json.loads(done.out)["runs"][0]["results"]) == 26000
    put(5)
    assert "GitHub" not in command("scan", "--sarif", *AMD64, "big:1").err
