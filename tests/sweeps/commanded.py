"""What commands do to a store: pulling, pruning, scrubbing, carrying in and out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from harness import Command, Larder
from hub import build, client, images
from hub.push import Pusher, check, digest_of
from scenarios.carrying import layout_files

from .base import NOWHERE, Scenario, Site, Step, age, content_of, has_setting, of_image
from .state import Changes, State


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


class ScrubOn(Scrub):
    """The same, where each scrub goes on in the pass of the one that was cut."""

    name = "scrub-on"

    def _scrub(self, site: Site) -> None:
        site.env.setdefault("LARDER_LOCAL", "own/**")
        self.command(site, "scrub", "--continue")

    def verify(self, site: Site, state: State) -> None:
        """However it was cut: the pass that goes on comes to its end, and nothing is left of what an
        upstream has."""
        if not all(state.there.values()):
            done = Command(site.root, site.upstreams, {"LARDER_LOCAL": "own/**"})(
                "scrub", "--continue", "--json")
            assert done.status == 0 and done.rows()[-1]["complete"], done
            for key in state.there:
                state.there[key] = True
        super().verify(site, state)


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
