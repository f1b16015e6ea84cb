"""What a scenario is that can be cut: steps that change a store, with their promises.

A scenario settles a store once; every attempt begins with a copy of that.  Then its steps are
done by a larder, or by commands, in an environment that cuts them.  What must hold then is in
state.State, and asked of a larder without upstreams, for which all names are local: it answers
from the disk alone.
"""

from __future__ import annotations

import functools
import http.client
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from harness import Command, Larder
from hub import Hub, images
from hub.push import PushError

from scenarios.helpers import DELETES, check_store, leftovers

from .state import Changes, State, Tag

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
            now = state.verify(looking.url, self.content)
            self.look_more(looking.url, state)
        assert self.kept_files or not leftovers(site.root)
        self.look_back(site, state, now)
        self.scrub(site, state)

    def look_back(self, site: Site, state: State, now: dict[Tag, str | None]) -> None:
        """A tag's history ends where the tag is, and has only been where it can have been."""
        if not now:
            return
        done = Command(site.root)("history", "--json", *(f"{r}:{tag}" for r, tag in now))
        assert done.status in (0, 1, 2), done
        last = {}
        for row in done.rows():
            assert row["digest"] is None or row["digest"] in self.content, row
            last[row["repository"], row["tag"]] = row
        for tag, digest in now.items():
            if digest is not None:
                assert tag in last and last[tag]["digest"] == digest, (tag, digest, done)
            elif state.tags[tag] == {None} and tag in last:
                assert last[tag]["from"] != "push", (tag, done)

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
