"""What clients ask of a larder that serves: pushes, deletes, pulls, and pulls into a store that is full."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from harness import Larder
from hub import build, client, images
from hub.push import Pusher, check, digest_of
from scenarios.pushing import manifest_json

from .base import Failed, Scenario, Site, Step, age, content_of, has_setting, of_image
from .state import Changes, State

PATIENCE_S = 20     # on a machine that does much else


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


class PullTogether(Pull):
    """Two repositories have a layer in common, and pull it at the same time: one download, and
    when that is stored it stays visible in both."""

    name = "pull-together"
    repos = ("library/one", "library/two")

    def __init__(self) -> None:
        super().__init__()
        common = images.layer({"common": bytes(range(256)) * 500}, gzip=False)
        self.layer = common.blob
        self.images = {repo: build(repo[8:], index=False, layers=[common]) for repo in self.repos}
        self.content = content_of(*self.images.values())
        self.made: Larder | None = None

    def settle(self, site: Site) -> None:
        for repo, image in self.images.items():
            site.hub.add(image, repo, "1")

    def larder(self, site: Site) -> Larder:
        self.made = Larder(site.root, site.upstreams, access_log=False,
                           env={**site.env, "REGISTRY_LOG_LEVEL": "debug"})
        return self.made

    def _linked(self, site: Site) -> bool:
        return all((site.root / "docker/registry/v2/repositories" / repo / "_layers/sha256"
                    / self.layer.digest[7:] / "link").exists() for repo in self.repos)

    def _pull_all(self, site: Site, url: str) -> None:
        with site.hub.hold("cdn", path=self.layer.digest[7:]) as gate, \
                ThreadPoolExecutor(2) as pool:
            pulls = [pool.submit(client.pull, url, repo, "1") for repo in self.repos]
            until = time.monotonic() + PATIENCE_S
            while not self._linked(site) and time.monotonic() < until and \
                    not all(pull.done() for pull in pulls):
                time.sleep(0.005)
            gate.release()
            for pull in pulls:
                if not pull.result().ok:
                    raise Failed(repr(pull.result().errors))

    def _stored(self, site: Site, had: bool) -> None:
        if not self._linked(site):      # on a full disk a manifest, and its links, are not stored
            raise Failed("nobody has linked it")
        if had:
            return
        text = f"digest={self.layer.digest}"
        try:
            line = self.made.wait_log(text, timeout=PATIENCE_S)
        except AssertionError as error:
            raise Failed(str(error)) from error
        said = [line for line in self.made.log if text in line]
        if not any("flight.stored" in line for line in said) or \
                any("may_not_last" in line for line in said):
            raise Failed(line)

    def steps(self, site: Site, url: str) -> Iterator[Step]:
        changes = Changes()
        for repo, image in self.images.items():
            changes |= of_image(repo, "1", image)
        loose = Changes(changes.there, changes.tags, firm=False)
        digest = self.layer.digest[7:]
        had = (site.root / "docker/registry/v2/blobs/sha256" / digest[:2] / digest / "data").exists()
        yield loose, lambda: self._pull_all(site, url)
        yield Changes({("blobs", repo, self.layer.digest): True for repo in self.repos}), \
            lambda: self._stored(site, had)


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
        self.made: Larder | None = None
        self.heard = 0
        self.images = {f"library/e{i}": build(f"e{i}", index=False, layers=[
            common, images.layer({str(i): bytes([i]) * 240_000}, gzip=False)]) for i in range(6)}
        self.content = content_of(self.local, *self.images.values())

    def larder(self, site: Site) -> Larder:
        self.made = Larder(site.root, site.upstreams, access_log=False, env=site.env,
                           settings={"local": ["own/**"], "size": "1MB", "collect": "1h"})
        return self.made

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

    def _rest(self) -> None:
        """Until it has made room, so that each step comes to the same operations; or until that
        has failed, which no client hears of."""
        until = time.monotonic() + 8
        while True:
            said = [line for line in self.made.log[self.heard:] if any(
                word in line for word in ("evict.failed", "flight.not_stored", "flight.disk_full",
                                          "collect.failed"))]
            if said:
                self.heard = len(self.made.log)
                raise Failed(said[0])
            metric = self.made.metric       # OSError: it is dead
            if metric("larder_flights") == 0 and metric("larder_store_reserved_bytes") == 0 and \
                    metric("larder_store_bytes") <= 950_000:
                return
            if time.monotonic() > until:
                raise Failed("it does not come to rest")
            time.sleep(0.02)

    def steps(self, site: Site, url: str) -> Iterator[Step]:
        self.heard = 0
        for name in list(self.images)[3:] + list(self.images)[:2]:
            yield of_image(name, "1", self.images[name], firm=False), lambda: self._pull(
                url, name)
            yield Changes(), self._rest
