"""What is cut: everything that changes a store, each as a table of steps with their promises.

A scenario settles a store once; every attempt begins with a copy of that.  Then its steps are
done by a larder, or by commands, in an environment that cuts them.  What must hold then is in
state.State, and asked of a larder without upstreams, for which all names are local: it answers
from the disk alone.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from harness import Command, Larder
from hub import Hub, build, client, images
from hub.push import Pusher, PushError, check, digest_of

from scenarios.carrying import layout_files
from scenarios.helpers import DELETES, check_store, leftovers
from scenarios.pushing import manifest_json

from .state import Changes, State

NOWHERE = "http://127.0.0.1:9"
Step = tuple[Changes, Callable[[], object]]


class Failed(Exception):
    """A step that was not acknowledged."""


BROKEN = (Failed, PushError, OSError, http.client.HTTPException)


def of_image(repo: str, tag: str | None, image: images.Image, platform: str | None = None,
             there: bool = True, firm: bool = True) -> Changes:
    """An image is there, all of it or one platform's; or it is not."""
    manifests = list(image.manifests.values())
    blobs = list(image.blobs.values())
    if platform is not None:
        manifests = [image.root, image.manifest(platform)]
        blobs = [image.config(platform), *image.layers(platform)]
    made = {("manifests", repo, one.digest): there for one in manifests}
    made.update({("blobs", repo, one.digest): there for one in blobs})
    return Changes(made, {} if tag is None else {(repo, tag): image.root.data if there else None},
                   firm=firm)


def content_of(*those: images.Image) -> dict[str, bytes]:
    found = {}
    for image in those:
        found.update({one.digest: one.data for one in image.manifests.values()})
        found.update({one.digest: one.read() for one in image.blobs.values()})
    return found


@dataclass
class Site:
    """Where an attempt happens, and what cuts it."""

    root: Path                  # the store
    hub: Hub
    env: dict[str, str] = field(default_factory=dict)

    @property
    def upstreams(self) -> dict[str, str]:
        return {"docker.io": self.hub.url}

    def beside(self, name: str) -> Path:
        return self.root.parent / name


class Scenario:
    """One row of the table."""

    name = ""
    serves = True               # a larder acts, which these steps ask; or commands do
    kept_files = False          # partials may be left by those who are cut
    aged = False                # all has to be old
    comes_back = False          # content that was taken away, when the power is cut: harmless

    @classmethod
    def is_there(cls) -> bool:
        """Is what it is about built in?"""
        return True

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}

    def settle(self, site: Site) -> None:
        """Make what is there before; site.root does not exist yet."""

    def before(self) -> Changes:
        return Changes()

    def larder(self, site: Site) -> Larder:
        """The one that acts, not started."""
        return Larder(site.root, config=DELETES, access_log=False, env=site.env)

    def steps(self, site: Site, url: str) -> Iterator[Step]:
        raise NotImplementedError

    def watched(self, site: Site) -> Path:
        """Whose operations are written down for power cuts."""
        return site.root

    def verify(self, site: Site, state: State) -> None:
        """Open the store, compare.  Raises AssertionError."""
        with Larder(site.root, config=DELETES, access_log=False) as looking:
            assert not list((site.root / "larder/tmp").glob("*")), "opening has swept them"
            state.verify(looking.url, self.content)
            self.look_more(looking.url, state)
        assert self.kept_files or not leftovers(site.root)
        self.scrub(site, state)

    def check_files(self, site: Site, state: State) -> None:
        """Every file, without larder's help.  Not after a power cut: links may be torn."""
        check_store(site.root)

    def scrub(self, site: Site, state: State) -> None:
        """Larder's own look at all of it finds no wrong bytes, and nothing lost that must be
        there."""
        if not has_setting("larder.scrub"):
            return
        done = Command(site.root)("scrub", "--no-fetch", "--json")
        assert done.status in (0, 2), done
        must = {digest for (_, _, digest), must in state.there.items() if must}
        for row in done.rows()[:-1]:
            if row["digest"] in must:
                assert row["kind"] not in ("missing", "corrupt"), row
            # What could not be read once may have been put aside: that is known then.
            assert row["kind"] != "corrupt" or row["known"], row
            assert row["kind"] not in ("empty", "unreadable", "manifest"), row

    def look_more(self, url: str, state: State) -> None:
        pass

    # -- for those that are commands ----------------------------------------------------

    def command(self, site: Site, *words: str, upstreams: dict[str, str] | None = None) -> None:
        run = Command(site.root, site.upstreams if upstreams is None else upstreams, site.env)
        done = run(*words)
        assert done.status in (0, 1, 2, -9), done
        assert done.status == -9 or "Sanitizer" not in done.err, done
        if done.status != 0:
            raise Failed(repr(done))


@functools.cache
def has_setting(name: str) -> bool:
    """Does the larder that is built know it?"""
    with tempfile.TemporaryDirectory() as home:
        return f"\n{name}\n" in Command(Path(home) / "root")("help", "settings").out


def age(root: Path, seconds: float = 3 * 24 * 3600) -> None:
    """All content as if it had come so long ago."""
    then = time.time() - seconds
    for path in (root / "docker").rglob("*"):
        if path.is_file():
            os.utime(path, (then, then))


# --- pushing --------------------------------------------------------------------------

class Push(Scenario):
    """Blobs by every way, mounts, manifests with several tags, deletes."""

    name = "push"
    repo, other = "team/thing", "team/other"

    def __init__(self) -> None:
        super().__init__()
        self.config, self.layer, self.shared = b'{"a":1}', bytes(range(256)) * 900, b"shared" * 50
        self.one = manifest_json(self.config, self.layer, self.shared)
        self.two = manifest_json(self.config, self.layer, annotations={"two": "2"})
        self.signed = manifest_json(
            self.config, self.shared, artifactType="application/x",
            subject={"mediaType": images.OCI_MANIFEST, "digest": digest_of(self.one),
                     "size": len(self.one)})
        self.content = {digest_of(data): data for data in (
            self.config, self.layer, self.shared, self.one, self.two, self.signed)}
        self.strong = digest_of(self.layer, "sha512")
        self.content[self.strong] = self.layer

    def steps(self, site: Site, url: str) -> Iterator[Step]:
        repo, other, layer, shared = self.repo, self.other, self.layer, self.shared
        p = Pusher(url)

        def blob(repo: str, digest: str, there: bool = True) -> Changes:
            return Changes({("blobs", repo, digest): there})

        def manifest(data: bytes, *tags: str) -> Changes:
            return Changes({("manifests", repo, digest_of(data)): True},
                           {(repo, tag): data for tag in tags})

        def put(ref: str, data: bytes, *tags: str):
            return check(p.manifest(repo, ref, data, tags=tags), 201)

        def gone(target: str):
            return check(p.delete(f"/v2/{repo}/{target}"), 202)

        with contextlib.closing(p):
            yield blob(repo, digest_of(self.config)), lambda: check(
                p.single(repo, self.config), 201)
            yield blob(repo, digest_of(layer)), lambda: check(
                p.chunked(repo, layer, size=80_000), 201)
            yield blob(repo, self.strong), lambda: check(
                p.streamed(repo, layer, self.strong), 201)
            yield blob(other, digest_of(shared)), lambda: check(p.monolithic(other, shared), 201)
            yield blob(repo, digest_of(shared)), lambda: check(
                p.mount(repo, digest_of(shared), other), 201)
            yield manifest(self.one, "v1"), lambda: put("v1", self.one)
            yield manifest(self.signed), lambda: put(digest_of(self.signed), self.signed)
            yield manifest(self.two, "v2", "v3"), lambda: put(
                digest_of(self.two), self.two, "v2", "v3")
            yield manifest(self.two, "v1"), lambda: put("v1", self.two)
            yield Changes(tags={(repo, "v3"): None}), lambda: gone("manifests/v3")
            yield Changes({("manifests", repo, digest_of(self.two)): False},
                          gone=(repo, self.two)), lambda: gone(
                f"manifests/{digest_of(self.two)}")
            yield blob(repo, self.strong, False), lambda: gone(f"blobs/{self.strong}")

    def look_more(self, url: str, state: State) -> None:
        """What a manifest names is there with it, and what refers to it is found."""
        repo = self.repo
        with Pusher(url) as p:
            if state.there.get(("manifests", repo, digest_of(self.signed))):
                listed = p.get(f"/v2/{repo}/referrers/{digest_of(self.one)}").body
                assert digest_of(self.signed).encode() in listed
            for data, names in ((self.one, (self.config, self.layer, self.shared)),
                                (self.two, (self.config, self.layer))):
                if p.head(f"/v2/{repo}/manifests/{digest_of(data)}").status == 200:
                    for one in names:
                        assert p.get(f"/v2/{repo}/blobs/{digest_of(one)}").body == one


# --- pulling through --------------------------------------------------------------------

class Pull(Scenario):
    """A cold image, twice: an answer is no promise that it is stored, but it is right."""

    name = "pull"
    kept_files = True
    repo = "library/thing"

    def __init__(self) -> None:
        super().__init__()
        self.first = build("thing", "1", layer_size=150_000)
        self.second = build("thing", "2", layer_size=150_000)
        self.content = content_of(self.first, self.second)

    def settle(self, site: Site) -> None:
        site.hub.add(self.first, self.repo, "1")

    def larder(self, site: Site) -> Larder:
        return Larder(site.root, site.upstreams, settings={"freshness": "0"}, access_log=False,
                      env=site.env)

    def _pull(self, url: str, tag: str, *may: images.Image) -> None:
        result = client.pull(url, self.repo, tag)
        assert not any("its bytes" in one for one in result.errors), result.errors
        if not result.ok:
            raise Failed(repr(result.errors))
        assert result.digest in {one.digest for one in may}

    def steps(self, site: Site, url: str) -> Iterator[Step]:
        changes = of_image(self.repo, "1", self.first, "linux/amd64", firm=False)
        yield changes, lambda: self._pull(url, "1", self.first)
        yield changes, lambda: self._pull(url, "1", self.first)


class PullOn(Pull):
    """Two downloads that have begun before: one has the right bytes, the other wrong ones."""

    name = "pull-on"
    repo = "library/going-on"

    def settle(self, site: Site) -> None:
        super().settle(site)
        folder = site.root / "larder/partial"
        folder.mkdir(parents=True)
        *_, right, = self.first.layers()
        wrong = self.first.layers()[0]
        (folder / right.digest.replace(":", "-")).write_bytes(right.read(0, 100_000))
        (folder / wrong.digest.replace(":", "-")).write_bytes(b"x" * (wrong.size // 2))


class PullMoved(Pull):
    """The tag has moved: it is at the old image or at the new one, never at none."""

    name = "pull-moved"
    repo = "library/moved"

    def settle(self, site: Site) -> None:
        super().settle(site)
        with self.larder(site) as made:
            self._pull(made.url, "1", self.first)
        site.hub.move_tag(self.repo, "1", self.second)

    def before(self) -> Changes:
        return of_image(self.repo, "1", self.first, "linux/amd64")

    def steps(self, site: Site, url: str) -> Iterator[Step]:
        changes = of_image(self.repo, "1", self.second, "linux/amd64", firm=False)
        yield changes, lambda: self._pull(url, "1", self.first, self.second)


class PullCommand(Scenario):
    """`larder pull` says that it is done: then it is there without the upstream."""

    name = "pull-command"
    serves = False
    kept_files = True

    def __init__(self) -> None:
        super().__init__()
        self.images = {name: build(name, layer_size=100_000, attestations=name == "two")
                       for name in ("one", "two")}
        self.content = content_of(*self.images.values())

    def settle(self, site: Site) -> None:
        for name, image in self.images.items():
            site.hub.add(image, f"library/{name}", "1")

    def steps(self, site: Site, url: str) -> Iterator[Step]:
        for name, image in self.images.items():
            yield of_image(f"library/{name}", "1", image), lambda: self.command(
                site, "pull", "--platform", "all", f"{name}:1")


# --- taking away ------------------------------------------------------------------------

class Prune(Scenario):
    """Beside what stays: an image whose tag has moved, one that is not used, garbage."""

    name = "prune"
    serves = False
    aged = True
    comes_back = True

    def __init__(self) -> None:
        super().__init__()
        common = images.layer({"common": b"c" * 5000}, gzip=False)
        self.old, self.new = (build(n, layers=[common, images.layer({n: n.encode() * 9000})])
                              for n in ("old", "new"))
        self.unused = build("unused", layers=[common, images.layer({"u": b"u" * 9000})])
        self.own = build("own", layers=[common])
        self.content = content_of(self.old, self.new, self.unused, self.own)

    def settle(self, site: Site) -> None:
        hub = site.hub
        hub.add(self.old, "library/pruned", "3")
        hub.add(self.unused, "library/unused", "1")
        settings = {"freshness": "0", "local": ["own/**"]}
        with Larder(site.root, site.upstreams, settings=settings, access_log=False) as made:
            assert client.pull(made.url, "library/pruned", "3").ok
            assert client.pull(made.url, "library/unused", "1").ok
            hub.move_tag("library/pruned", "3", self.new)
            assert client.pull(made.url, "library/pruned", "3").ok
            with Pusher(made.url) as p:
                p.image("own/thing", "1", self.own)
                check(p.monolithic("own/thing", b"nobody names it"), 201)
        self.content[digest_of(b"nobody names it")] = b"nobody names it"
        age(site.root)

    def before(self) -> Changes:
        made = of_image("library/pruned", "3", self.new, "linux/amd64")
        made |= of_image("own/thing", "1", self.own)
        made |= of_image("library/unused", "1", self.unused, "linux/amd64")
        for key in of_image("library/pruned", None, self.old, "linux/amd64").there:
            made.there.setdefault(key, True)
        made.there["blobs", "own/thing", digest_of(b"nobody names it")] = True
        return made

    def steps(self, site: Site, url: str) -> Iterator[Step]:
        stays = of_image("library/pruned", "3", self.new, "linux/amd64").there
        gone = Changes({key: False for key in of_image(
            "library/pruned", None, self.old, "linux/amd64").there if key not in stays})
        gone.there["blobs", "own/thing", digest_of(b"nobody names it")] = False
        yield gone, lambda: self._prune(site)
        # The layer that all share stays as content, and in repositories that name it.
        yield of_image("library/unused", "1", self.unused, "linux/amd64",
                       there=False), lambda: self._prune(site, "--all", "--force", "unused")

    def _prune(self, site: Site, *words: str) -> None:
        site.env.setdefault("LARDER_LOCAL", "own/**")
        self.command(site, "prune", "--filter", "until=0", *words)


class Evict(Scenario):
    """Pulls into a store that is too small for them all: what lives here stays, the rest may
    go, and each pull gets what it asked for."""

    name = "evict"
    kept_files = True
    aged = True
    own = "own/thing"

    @classmethod
    def is_there(cls) -> bool:
        return has_setting("larder.size")

    def __init__(self) -> None:
        super().__init__()
        common = images.layer({"common": b"c" * 5000}, gzip=False)
        self.local = build("local", layers=[common], index=False)
        self.images = {f"library/e{i}": build(f"e{i}", index=False, layers=[
            common, images.layer({str(i): bytes([i]) * 240_000}, gzip=False)]) for i in range(6)}
        self.content = content_of(self.local, *self.images.values())

    def larder(self, site: Site) -> Larder:
        return Larder(site.root, site.upstreams, access_log=False, env=site.env,
                      settings={"local": ["own/**"], "size": "1MB", "collect": "1h"})

    def settle(self, site: Site) -> None:
        for name, image in self.images.items():
            site.hub.add(image, name, "1")
        with self.larder(site) as made:
            with Pusher(made.url) as p:
                p.image(self.own, "1", self.local)
            for name in list(self.images)[:3]:
                self._pull(made.url, name)
        age(site.root)

    def before(self) -> Changes:
        return of_image(self.own, "1", self.local)

    def _pull(self, url: str, name: str) -> None:
        result = client.pull(url, name, "1")
        assert not any("its bytes" in one for one in result.errors), result.errors
        if not result.ok:
            raise Failed(repr(result.errors))

    def steps(self, site: Site, url: str) -> Iterator[Step]:
        for name in list(self.images)[3:] + list(self.images)[:2]:
            yield of_image(name, "1", self.images[name], firm=False), lambda: self._pull(
                url, name)


# --- mending ----------------------------------------------------------------------------

class Scrub(Scenario):
    """Wrong bytes and torn links: what an upstream has comes back, nothing wrong is served."""

    name = "scrub"
    serves = False
    kept_files = True

    @classmethod
    def is_there(cls) -> bool:
        return has_setting("larder.scrub")

    def __init__(self) -> None:
        super().__init__()
        self.image = build("scrubbed", layers=[
            images.layer({n: n.encode() * 900}, gzip=False) for n in ("one", "two", "three")])
        self.second, self.own = (build(name, index=False) for name in ("second", "own"))
        self.content = content_of(self.image, self.second, self.own)
        self.harmed = {one.digest for one in self.image.layers()[:2]} | {self.second.digest}
        self.torn = self.image.layers()[2].digest

    def settle(self, site: Site) -> None:
        site.hub.add(self.image, "library/scrubbed", "1")
        site.hub.add(self.second, "library/second", "1")
        with Larder(site.root, site.upstreams, settings={"local": ["own/**"]},
                    access_log=False) as made:
            assert client.pull(made.url, "library/scrubbed", "1").ok
            assert client.pull(made.url, "library/second", "1").ok
            with Pusher(made.url) as p:
                p.image("own/thing", "1", self.own)
        cut = min(self.harmed)
        for digest in self.harmed:
            path = site.root / f"docker/registry/v2/blobs/sha256/{digest[7:9]}/{digest[7:]}/data"
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 4
            path.write_bytes(data[:-1] if digest == cut else data)
        kept = site.root / "docker/registry/v2/repositories/library/scrubbed/_layers/sha256"
        (kept / self.torn[7:] / "link").write_bytes(b"")

    def before(self) -> Changes:
        made = of_image("own/thing", "1", self.own)
        mirrored = self._mirrored()
        for key, there in mirrored.there.items():
            if key[2] not in self.harmed and key[2] != self.torn:
                made.there[key] = there
        made.tags["library/scrubbed", "1"] = self.image.root.data
        return made

    def _mirrored(self) -> Changes:
        return of_image("library/scrubbed", "1", self.image, "linux/amd64") | of_image(
            "library/second", "1", self.second)

    def steps(self, site: Site, url: str) -> Iterator[Step]:
        yield self._mirrored(), lambda: self._scrub(site)

    def _scrub(self, site: Site) -> None:
        site.env.setdefault("LARDER_LOCAL", "own/**")
        self.command(site, "scrub")

    def check_files(self, site: Site, state: State) -> None:
        if all(state.there.values()):
            super().check_files(site, state)

    def scrub(self, site: Site, state: State) -> None:
        """It finds nothing else that is wrong."""
        copy = site.beside("looked-at")
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(site.root, copy)
        done = Command(copy)("scrub", "--no-fetch", "--json", "--dry-run")
        assert done.status in (0, 2), done
        wrong = {row["digest"] for row in done.rows()[:-1] if row["kind"] == "corrupt"}
        assert wrong <= self.harmed, wrong


# --- carrying ---------------------------------------------------------------------------

class Import(Scenario):
    """Two images from a folder, one of which is there in part."""

    name = "import"
    serves = False
    kept_files = True

    def __init__(self) -> None:
        super().__init__()
        self.images = {name: build(name, layer_size=60_000, attestations=name == "b")
                       for name in ("a", "b")}
        self.content = content_of(*self.images.values())

    def settle(self, site: Site) -> None:
        named = [(f"docker.io/library/{name}:1", image) for name, image in self.images.items()]
        folder = site.beside("layout")
        for path, data in layout_files(*named).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
        site.hub.add(self.images["a"], "library/a", "1")
        self.command(site, "pull", "a:1")

    def before(self) -> Changes:
        return of_image("library/a", "1", self.images["a"], "linux/amd64")

    def steps(self, site: Site, url: str) -> Iterator[Step]:
        made = Changes()
        for name, image in self.images.items():
            made |= of_image(f"library/{name}", "1", image)
        yield made, lambda: self.command(
            site, "import", str(site.beside("layout")), upstreams={"docker.io": NOWHERE})


class Export(Scenario):
    """A folder that has an image gets another: whatever cuts it, the folder is a layout, and
    what it names is in it."""

    name = "export"
    serves = False

    def __init__(self) -> None:
        super().__init__()
        self.images = {name: build(name, layer_size=60_000) for name in ("x", "y")}
        self.content = content_of(*self.images.values())

    def settle(self, site: Site) -> None:
        for name, image in self.images.items():
            site.hub.add(image, f"library/{name}", "1")
        self.command(site, "pull", "--platform", "all", "x:1", "y:1")
        self.command(site, "export", "-o", str(site.beside("out")), "x:1")

    def watched(self, site: Site) -> Path:
        return site.beside("out")

    def before(self) -> Changes:
        return Changes(tags={("", "x"): self.images["x"].root.data})

    def steps(self, site: Site, url: str) -> Iterator[Step]:
        yield Changes(tags={("", "y"): self.images["y"].root.data}), lambda: self.command(
            site, "export", "-o", str(site.beside("out")), "x:1", "y:1")

    def verify(self, site: Site, state: State) -> None:
        out = site.beside("out")
        assert json.loads((out / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
        listed = {one["digest"] for one in json.loads((out / "index.json").read_text())["manifests"]}
        for (_, name), may in state.tags.items():
            image = self.images[name]
            found = image.root.data if image.digest in listed else None
            assert found in may, f"{name} is {'' if found else 'not '}in the index"
            for digest in content_of(image) if found else ():
                data = (out / "blobs" / digest.replace(":", "/")).read_bytes()
                assert data == self.content[digest], f"wrong bytes for {digest}"


SCENARIOS = tuple(one for one in (
    Push, Pull, PullOn, PullMoved, PullCommand, Prune, Evict, Scrub, Import, Export)
    if one.is_there())
