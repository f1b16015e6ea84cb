"""Archives of `larder export` in real engines and tools, and theirs in `larder import`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from harness import Command, Larder
from hub import build, client
from scenarios import targets

from .containers import Containers
from .engines import Containerd, Dockerd

IMAGE = build("thing", attestations=True)
SCHEMA2 = build("schema2", docker=True)
NAME, SECOND = "docker.io/library/thing:1", "docker.io/library/schema2:1"
NOWHERE = {"docker.io": "http://127.0.0.1:9"}


@pytest.fixture
def here(scratch: Path) -> Command:
    """A store with two images."""
    with Larder(scratch / "from") as made:
        targets.fill(made, ("library/thing", "1", IMAGE), ("library/schema2", "1", SCHEMA2))
    return Command(scratch / "from", NOWHERE)


@pytest.fixture
def there(scratch: Path) -> Command:
    return Command(scratch / "site/to", NOWHERE)


@pytest.fixture
def tools(scratch: Path, outside) -> Containers:
    return Containers(scratch / "containers", "127.0.0.1:9", [], outside.url)


def export(here: Command, output: Path, *words: str) -> Path:
    done = here("export", "-o", str(output), *words)
    assert done.status == 0, done
    return output


def bring(there: Command, source: Path, *words: str) -> dict[str, dict]:
    done = there("import", "--json", str(source), *words)
    assert done.status == 0, done
    return {row["image"]: row for row in done.rows() if "image" in row}


def pull(there: Command, name: str, tag: str = "1") -> client.PullResult:
    with Larder(there.root, NOWHERE) as made:
        pulled = client.pull(made.url, name, tag)
    assert pulled.ok, pulled.errors
    return pulled


# --- engines ---

@pytest.mark.parametrize("words", [(), ("--format", "docker")], ids=["oci", "docker"])
def test_docker_loads(here, docker: Dockerd, scratch, words):
    """Several images, of all platforms: this machine's is what runs."""
    archive = export(here, scratch / "x.tar", "thing:1", "schema2:1", *words)
    said = docker("load", "-i", str(archive)).out
    assert "Loaded image: thing:1" in said and "schema2:1" in said, said
    assert docker.image("thing:1")["Id"] == IMAGE.config().digest
    assert docker.image("schema2:1")["Id"] == SCHEMA2.config().digest


@pytest.mark.parametrize("names", [("thing:1",), ("thing:1", "schema2:1")],
                         ids=["one", "two"])
def test_podman_loads(here, tools, scratch, names):
    archive = export(here, scratch / "x.tar", "--platform", "linux/amd64", *names)
    tools.podman("load", "-i", str(archive))
    assert "sha256:" + tools.image(NAME)["Id"] == IMAGE.config().digest
    if len(names) > 1:
        assert "sha256:" + tools.image(SECOND)["Id"] == SCHEMA2.config().digest


def test_containerd_imports(here, ctr: Containerd, scratch):
    """All platforms, and the index's digest."""
    archive = export(here, scratch / "x.tar", "thing:1", "schema2:1")
    ctr("image", "import", "--all-platforms", "--no-unpack", str(archive))
    assert ctr.images()[NAME] == IMAGE.digest and ctr.images()[SECOND] == SCHEMA2.digest


def test_containerd_imports_one_platform(here, ctr: Containerd, scratch):
    """Of an index that is not all there."""
    archive = export(here, scratch / "x.tar", "--platform", "linux/amd64", "thing:1")
    ctr("image", "import", "--no-unpack", str(archive))
    assert ctr.images()[NAME] == IMAGE.digest


def test_docker_saves(docker: Dockerd, here, there, scratch):
    """What comes back by a pull is the image that was saved."""
    docker("load", "-i", str(export(here, scratch / "x.tar", "thing:1", "schema2:1")))
    saved = scratch / "saved.tar"
    docker("save", "-o", str(saved), "thing:1", "schema2:1")
    rows = bring(there, saved)
    assert set(rows) == {"thing:1", "schema2:1"}
    pulled = pull(there, "library/thing")
    assert pulled.digest == rows["thing:1"]["digest"]
    docker("rmi", "thing:1")
    docker("load", "-i", str(export(there, scratch / "y.tar", "thing:1")))
    assert docker.image("thing:1")["Id"] == IMAGE.config().digest


@pytest.mark.parametrize("form", ["docker-archive", "oci-archive", "oci-dir"])
def test_podman_saves(here, there, tools, scratch, form):
    tools.podman("load", "-i", str(export(here, scratch / "x.tar", "--platform",
                                          "linux/amd64", "thing:1")))
    saved = scratch / "saved"
    tools.podman("save", "--format", form, "-o", str(saved), NAME)
    rows = bring(there, saved, "--name", "thing:1")
    assert set(rows) == {"thing:1"}
    manifest = json.loads(_manifest(there, rows["thing:1"]["digest"]))
    assert manifest["config"]["digest"] == IMAGE.config().digest
    assert pull(there, "library/thing").ok


def _manifest(there: Command, digest: str) -> bytes:
    return (there.root / "docker/registry/v2/blobs/sha256" / digest[7:9] / digest[7:]
            / "data").read_bytes()


# --- skopeo ---

def test_skopeo_reads(here, tools, scratch):
    """A folder and an archive; digests are kept."""
    layout = export(here, scratch / "layout", "thing:1")
    archive = export(here, scratch / "x.tar", "thing:1")
    for kind, place in (("oci", layout), ("oci-archive", archive)):
        target = scratch / f"out-{kind}"
        tools.skopeo("copy", "--all", "--preserve-digests", f"{kind}:{place}:1",
                     f"dir:{target}")
        assert (target / "manifest.json").read_bytes() == IMAGE.root.data


def test_skopeo_writes(here, there, tools, scratch):
    """Its layouts have a tag, or any text, for a name."""
    layout = export(here, scratch / "layout", "thing:1")
    for i, (target, words, name) in enumerate((
            (f"oci:{scratch}/a:7", ("--name", "quay.io/x/y"), "quay.io/x/y:7"),
            (f"oci-archive:{scratch}/b.tar:docker.io/library/thing:2", (), "thing:2"),
            (f"docker-archive:{scratch}/c.tar:library/thing:3", (), "thing:3"))):
        whole = () if target.startswith("docker") else ("--all",)
        tools.skopeo("copy", *whole, f"oci:{layout}:1", target)
        source = Path(target.split(":")[1])
        command = Command(there.root, {**NOWHERE, "quay.io": "http://127.0.0.1:9"})
        rows = bring(command, source, *words)
        assert set(rows) == {name}
        if whole:
            assert rows[name]["digest"] == IMAGE.digest


def test_tar_packs_a_folder(here, there, scratch):
    """GNU tar, with ./ before each name, compressed."""
    layout = export(here, scratch / "layout", "thing:1")
    subprocess.run(["tar", "-C", str(layout), "-czf", str(scratch / "x.tgz"), "."], check=True)
    assert bring(there, scratch / "x.tgz")["thing:1"]["digest"] == IMAGE.digest
