"""What must be in a store, by what has been acknowledged."""

from __future__ import annotations

from dataclasses import dataclass, field

from hub.push import Pusher, digest_of

Thing = tuple[str, str, str]            # "blobs" or "manifests", repository, digest
Tag = tuple[str, str]                   # repository, tag


@dataclass
class Changes:
    """What a step makes so: of things and of tags (None: there is none); gone: the manifest
    (repository, bytes) whose tags go with it.  firm: its acknowledgement is a promise."""

    there: dict[Thing, bool] = field(default_factory=dict)
    tags: dict[Tag, bytes | None] = field(default_factory=dict)
    gone: tuple[str, bytes] | None = None
    firm: bool = True

    def __or__(self, other: "Changes") -> "Changes":
        return Changes(self.there | other.there, self.tags | other.tags,
                       self.gone or other.gone, self.firm and other.firm)


class State:
    """What must be (True), must not be (False), or may be either way (None), as a client was
    told; and what each tag may name."""

    def __init__(self, there: dict[Thing, bool | None] | None = None,
                 tags: dict[Tag, set[bytes | None]] | None = None) -> None:
        self.there = dict(there or {})
        self.tags = {tag: set(may) for tag, may in (tags or {}).items()}

    def copy(self) -> "State":
        return State(self.there, self.tags)

    def _after(self, changes: Changes) -> dict[Tag, set[bytes | None]]:
        after = {tag: {data} for tag, data in changes.tags.items()}
        if changes.gone is not None:
            repo, gone = changes.gone
            after.update({tag: {None if one == gone else one for one in may}
                          for tag, may in self.tags.items() if tag[0] == repo})
        return after

    def know(self, changes: Changes) -> None:
        """It has been acknowledged."""
        if not changes.firm:
            self.doubt(changes)
            return
        self.there.update(changes.there)
        self.tags.update(self._after(changes))

    def doubt(self, changes: Changes) -> None:
        """It has been asked for, and may have been done, or a part of it."""
        for key, value in changes.there.items():
            if self.there.get(key, False) != value:
                self.there[key] = None
        for tag, may in self._after(changes).items():
            self.tags[tag] = self.tags.get(tag, {None}) | may

    def verify(self, url: str, content: dict[str, bytes]) -> dict[Tag, str | None]:
        """By asking the larder at url, which has no upstream: it is as somebody may have been
        told, and each thing is whole.  Where the tags are."""
        now = {}
        with Pusher(url) as p:
            for (kind, repo, digest), must in self.there.items():
                answer = p.get(f"/v2/{repo}/{kind}/{digest}")
                assert answer.status in (200, 404) or (must is None and answer.status == 502), \
                    (kind, repo, digest, answer)
                assert must in (None, answer.status == 200), \
                    f"{kind} {digest} of {repo}: {answer.status}, but must be there: {must}"
                if answer.status == 200:
                    assert answer.body == content[digest], f"wrong bytes for {digest}"
            for (repo, tag), may in self.tags.items():
                answer = p.get(f"/v2/{repo}/manifests/{tag}")
                assert answer.status in (200, 404) or (None in may and answer.status == 502), \
                    answer
                found = answer.body if answer.status == 200 else None
                assert found in may, f"{repo}:{tag} is at {found and digest_of(found)}, " \
                    f"not at {[one and digest_of(one) for one in may]}"
                now[repo, tag] = found and digest_of(found)
        return now
