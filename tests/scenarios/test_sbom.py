"""Bills of materials of images: what is in them, and that the published schemas take them.

The schemas come with Python packages (cyclonedx-python-lib with its extra json-validation,
spdx-tools; packageurl-python reads package URLs); where a package is not installed, its
test is skipped.  They are looked for in this Python and in that of SBOM_PYTHON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from harness import Command
from hub import build
from hub.images import layer

from .two_versions import apk, first, hostile
from .probe import PROBE

PROGRAM = PROBE.with_name("sbom_probe")
PYTHON = os.environ.get("SBOM_PYTHON", sys.executable)
EPOCH = {"SOURCE_DATE_EPOCH": "1704164645"}


@pytest.fixture
def command(scratch, hub):
    return Command(scratch / "root", {"docker.io": hub.url})


def sbom(command, repository: str, digest: str, form: str, env: dict | None = None) -> str:
    done = subprocess.run(
        [PROGRAM, command.root, f"library/{repository}", digest, "linux/amd64", form,
         f"docker.io/library/{repository}", "1"],
        capture_output=True, text=True, env={**os.environ, **(env or EPOCH)}, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def images(hub, command):
    """Debian with Python, Alpine, nothing at all, and one that means harm: name, digest."""
    alpine = layer({"etc/os-release": b'ID=alpine\nVERSION_ID=3.19.1\n',
                    "lib/apk/db/installed": apk({"musl": "1.2.4-r2", "zlib": "1.3.1-r0"})})
    made = {"thing": first(), "alpine": build("alpine", "1", layers=[alpine]),
            "empty": build("empty", "1", layers=[layer({"x": b""})]),
            "evil": hostile("1")}
    for name, image in made.items():
        hub.add(image, f"library/{name}", "1")
    assert command("pull", *(f"{name}:1" for name in made)).status == 0
    return {name: image.digest for name, image in made.items()}


def names(document: dict) -> dict[str, str]:
    """Packages with their package URLs."""
    if "components" in document:
        return {c["name"]: c["purl"] for c in document["components"] if "purl" in c}
    return {p["name"]: p["externalRefs"][0]["referenceLocator"]
            for p in document["packages"][1:] if "externalRefs" in p}


@pytest.mark.parametrize("form", ["spdx", "cyclonedx"])
def test_what_is_in_it(command, images, form):
    found = names(json.loads(sbom(command, "thing", images["thing"], form)))
    assert found == {
        "base-files": "pkg:deb/debian/base-files@12.4%2Bdeb12u5?arch=amd64&distro=debian-12",
        "libc6": "pkg:deb/debian/libc6@2.36-9%2Bdeb12u4?arch=amd64&distro=debian-12"
                 "&upstream=glibc",
        "openssl": "pkg:deb/debian/openssl@3.0.11-1~deb12u2?arch=amd64&distro=debian-12",
        "perl-base": "pkg:deb/debian/perl-base@5.36.0-7%2Bdeb12u1?arch=amd64"
                     "&distro=debian-12&upstream=perl",
        "tzdata": "pkg:deb/debian/tzdata@2024a-0%2Bdeb12u1?arch=amd64&distro=debian-12",
        "pip": "pkg:pypi/pip@24.0", "PyYAML": "pkg:pypi/pyyaml@6.0.1"}
    found = names(json.loads(sbom(command, "alpine", images["alpine"], form)))
    assert found["musl"] == "pkg:apk/alpine/musl@1.2.4-r2?arch=x86_64&distro=alpine-3.19.1"


@pytest.mark.parametrize("form", ["spdx", "cyclonedx"])
def test_the_same_every_time(command, images, form):
    first, second = (sbom(command, "thing", images["thing"], form) for _ in range(2))
    assert first == second and "2024-01-02T03:04:05Z" in first
    later = sbom(command, "thing", images["thing"], form, {"SOURCE_DATE_EPOCH": "1704164646"})
    unlike = [a for a, b in zip(first.split(","), later.split(",")) if a != b]
    assert len(unlike) == 2, unlike         # the time, and the document's own number


# --- what others make of it -----------------------------------------------------------------

def ask(script: str, needs: str, *texts: str) -> None:
    """Runs a script of Python where these packages may be; texts as a JSON list on stdin."""
    have = subprocess.run([PYTHON, "-c", f"import {needs}"], capture_output=True, check=False)
    if have.returncode != 0:
        pytest.skip(f"no Python package for: import {needs} (SBOM_PYTHON names another "
                    "Python)")
    done = subprocess.run([PYTHON, "-c", script], input=json.dumps(texts), text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_cyclonedx_schema(command, images):
    ask("""
import json, sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
for text in json.load(sys.stdin):
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    assert error is None, error
""", "cyclonedx.validation.json, jsonschema",
        *(sbom(command, name, digest, "cyclonedx") for name, digest in images.items()))


def test_spdx_tools(command, images):
    ask("""
import json, os, sys, tempfile
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
for text in json.load(sys.stdin):
    with tempfile.NamedTemporaryFile("w", suffix=".spdx.json", delete=False) as file:
        file.write(text)
    try:
        said = validate_full_spdx_document(parse_file(file.name))
    finally:
        os.unlink(file.name)
    assert not said, [one.validation_message for one in said]
""", "spdx_tools.spdx.parser.parse_anything",
        *(sbom(command, name, digest, "spdx") for name, digest in images.items()))


def test_package_urls(command, images):
    """Each reads as a package URL, and means the same when it is written again."""
    ask("""
import json, sys
from packageurl import PackageURL
for text in json.load(sys.stdin):
    for c in json.loads(text)["components"]:
        if "purl" in c:
            one = PackageURL.from_string(c["purl"])
            assert one == PackageURL.from_string(one.to_string()), c
            assert one.version and one.name, c
""", "packageurl",
        # a name with a "/", which no package manager allows, the package writes otherwise
        *(sbom(command, name, digest, "cyclonedx") for name, digest in images.items()
          if name != "evil"))
