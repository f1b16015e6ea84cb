"""Disks as a power cut may leave them, from what record.c wrote down.

A Disk is what was done to the files below a root, up to some event.  Of every file and every
name it knows what has been synced, and what came after.  layouts() makes states of it:

    kept    everything, as a crash of the process alone leaves it
    synced  what was synced, and nothing else
    ext4    names up to some moment after the last sync of anything, in their order; of content
            that was not synced the first so many bytes, or none
    posix   each name in each directory, and each page of content, for itself: the old or the
            new (or anything in between), without any order; the size without the bytes

A directory's fsync makes the names in it last, and nothing else: not its own name, not what
the files hold.
"""

from __future__ import annotations

import os
import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

HEAD = struct.Struct("=IIIIQQQ")
CREATE, MKDIR, WRITE, SIZE, RENAME, LINK, UNLINK, RMDIR, SYNC = range(1, 10)
MARK = 100              # of the test: something has been acknowledged
PAGE = 4096
WAYS = ("kept", "synced", "ext4", "posix")
Tree = dict[str, "Tree | bytes"]


@dataclass(frozen=True)
class Event:
    kind: int
    ino: int
    off: int
    path: str
    to: str
    data: bytes = field(repr=False)


def read_log(path: Path) -> Iterator[Event]:
    data, at = path.read_bytes(), 0
    while at < len(data):
        kind, path_n, to_n, _, ino, off, n = HEAD.unpack_from(data, at)
        at += HEAD.size
        parts = []
        for length in (path_n, to_n, n):
            parts.append(data[at:at + length])
            at += length
        yield Event(kind, ino, off, parts[0].decode(), parts[1].decode(), parts[2])


def mark(log: Path, text: str) -> None:
    """Write into the log of running processes what has been acknowledged by now."""
    with open(log, "ab", buffering=0) as file:
        file.write(HEAD.pack(MARK, len(text.encode()), 0, 0, 0, 0, 0) + text.encode())


def write_at(content: bytearray, off: int, data: bytes) -> None:
    if len(content) < off:
        content.extend(bytes(off - len(content)))
    content[off:off + len(data)] = data


def resize(content: bytearray, size: int) -> None:
    del content[size:]
    content.extend(bytes(size - len(content)))


class File:
    def __init__(self, content: bytes = b"") -> None:
        self.live, self.synced = bytearray(content), bytes(content)
        self.since: list[tuple[int, bytes | None]] = []    # (offset, data) or (size, None)

    def change(self, off: int, data: bytes | None) -> None:
        self.since.append((off, data))
        self._do(self.live, off, data)

    @staticmethod
    def _do(content: bytearray, off: int, data: bytes | None) -> None:
        resize(content, off) if data is None else write_at(content, off, data)

    def sync(self) -> None:
        self.synced, self.since = bytes(self.live), []

    def some(self, way: str, chance: random.Random) -> bytes:
        if way == "kept" or not self.since:
            return bytes(self.live)
        if way == "synced":
            return self.synced
        content = bytearray(self.synced)
        if way == "ext4":       # in order, the last of them cut
            n = chance.choice((0, 0, len(self.since), chance.randint(0, len(self.since))))
            for off, data in self.since[:n]:
                self._do(content, off, data)
            if n < len(self.since) and self.since[n][1] is not None:
                off, data = self.since[n]
                cut = chance.choice((0, chance.randint(0, len(data))))
                if cut > 0:
                    self._do(content, off, data[:cut])
            return bytes(content)
        likely = chance.random()
        for off, data in self.since:
            if data is None:
                if chance.random() < likely:
                    resize(content, off)
                continue
            if chance.random() < likely and len(content) < off + len(data):
                resize(content, off + len(data))        # the size alone
            for at in range(0, len(data), PAGE):
                if chance.random() < likely:
                    write_at(content, off + at, data[at:at + PAGE])
        return bytes(content)


class Folder:
    def __init__(self) -> None:
        self.live: dict[str, File | Folder] = {}
        self.synced: dict[str, File | Folder] = {}
        self.since: list[tuple[int, str, File | Folder | None]] = []    # (when, name, what)

    def set(self, when: int, name: str, what: "File | Folder | None") -> None:
        self.since.append((when, name, what))
        self._do(self.live, name, what)

    @staticmethod
    def _do(names: dict, name: str, what: "File | Folder | None") -> None:
        if what is None:
            names.pop(name, None)
        else:
            names[name] = what

    def sync(self) -> None:
        self.synced, self.since = dict(self.live), []

    def some(self, way: str, chance: random.Random, until: int) -> "dict[str, File | Folder]":
        if way == "kept" or not self.since:
            return self.live
        names = dict(self.synced)
        if way == "ext4":
            for when, name, what in self.since:
                if when <= until:
                    self._do(names, name, what)
        elif way == "posix":
            likely = chance.random()
            for name in sorted({name for _, name, _ in self.since}):
                after = [what for _, one, what in self.since if one == name]
                if chance.random() < likely:
                    self._do(names, name, chance.choice((after[-1], chance.choice(after))))
        return names


class Disk:
    def __init__(self, root: Path) -> None:
        """As it is below root now, all of it synced; no root is nothing."""
        self._by_ino: dict[int, File | Folder] = {}
        self.root = self._read(root) if root.is_dir() else Folder()
        self.events = 0
        self.last_sync = 0

    def _read(self, path: Path) -> Folder:
        made = Folder()
        self._by_ino[path.stat().st_ino] = made
        for entry in os.scandir(path):
            if entry.is_dir(follow_symlinks=False):
                made.live[entry.name] = self._read(path / entry.name)
            else:
                known = self._by_ino.get(entry.inode())     # a second name of it
                made.live[entry.name] = known or File(Path(entry.path).read_bytes())
                self._by_ino[entry.inode()] = made.live[entry.name]
        made.sync()
        return made

    def _where(self, path: str) -> tuple[Folder, str]:
        at = self.root
        *above, name = path.split("/")
        for one in above:
            at = at.live[one]
        return at, name

    def _get(self, path: str) -> "File | Folder":
        folder, name = self._where(path)
        return folder.live[name]

    def do(self, event: Event) -> None:
        self.events += 1
        when = self.events
        if event.kind in (CREATE, MKDIR):
            made = Folder() if event.kind == MKDIR else File()
            self._by_ino[event.ino] = made
            if event.path == "":
                self.root = made
                return
            folder, name = self._where(event.path)
            folder.set(when, name, made)
        elif event.kind in (WRITE, SIZE):
            self._by_ino[event.ino].change(event.off, event.data if event.kind == WRITE else None)
        elif event.kind in (RENAME, LINK):
            what = self._get(event.path)
            folder, name = self._where(event.to)
            folder.set(when, name, what)
            if event.kind == RENAME:
                folder, name = self._where(event.path)
                folder.set(when, name, None)
        elif event.kind in (UNLINK, RMDIR):
            folder, name = self._where(event.path)
            folder.set(when, name, None)
        elif event.kind == SYNC:
            self._by_ino[event.ino].sync()
            self.last_sync = when

    def tree(self, way: str = "kept", seed: object = 0) -> Tree:
        """One state that the cut may leave, now."""
        chance = random.Random(f"{seed}")
        until = chance.randint(self.last_sync, self.events)
        contents: dict[int, bytes] = {}     # a file with two names is one file

        def below(folder: Folder) -> Tree:
            made: Tree = {}
            for name, what in sorted(folder.some(way, chance, until).items()):
                if isinstance(what, Folder):
                    made[name] = below(what)
                else:
                    if id(what) not in contents:
                        contents[id(what)] = what.some(way, chance)
                    made[name] = contents[id(what)]
            return made
        return below(self.root)


def lay_out(tree: Tree, root: Path) -> None:
    root.mkdir(parents=True)
    for name, what in tree.items():
        if isinstance(what, dict):
            lay_out(what, root / name)
        else:
            (root / name).write_bytes(what)


def read_tree(root: Path) -> Tree:
    return {entry.name: read_tree(root / entry.name) if entry.is_dir(follow_symlinks=False)
            else Path(entry.path).read_bytes() for entry in os.scandir(root)}
