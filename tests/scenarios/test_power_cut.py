"""Every scenario of the store, and the power cut in it: some of the moments here, and each with
LARDER_SWEEP=all (scripts/sweep.sh)."""

from __future__ import annotations

from pathlib import Path

import pytest

from powercut import disk
from sweeps.faults import Sweep, how_many
from sweeps.powercut import RECORDER, Cut, PowerCuts
from sweeps.commanded import Import, PullCommand
from sweeps.scenarios import SCENARIOS
from sweeps.served import Push

from .test_sweeps import place  # noqa: F401 - a fixture

pytestmark = pytest.mark.skipif(not RECORDER.exists(), reason="built without the recorder")
SOME = 10               # of each scenario, without LARDER_SWEEP


@pytest.mark.parametrize("kind", SCENARIOS, ids=lambda one: one.name)
def test_power_cut(place, hub, kind):  # noqa: F811
    power = PowerCuts(Sweep(kind(), place, hub))
    power.record()
    cuts = power.cuts(how_many(SOME))
    n, wrong = power.try_cuts(cuts, again=max(5, len(cuts) // 50))
    print(f"{kind.name}: {len(power.events)} events, {len(cuts)} cuts, {n} different disks")
    assert not wrong, f"{len(wrong)} of {n}:\n" + "\n".join(wrong[:20])


@pytest.mark.parametrize("kind", [Push, PullCommand, Import], ids=lambda one: one.name)
def test_it_finds_what_is_not_synced(place, hub, kind):  # noqa: F811
    """A larder that did not sync would be found out."""
    power = PowerCuts(Sweep(kind(), place, hub))
    power.record()
    power.events = [event for event in power.events if event.kind != disk.SYNC]
    n, wrong = power.try_cuts([Cut(len(power.events), way, 0) for way in ("kept", "synced")])
    assert n == 2 and len(wrong) == 1 and "way='synced'" in wrong[0], wrong


# --- the model itself -----------------------------------------------------------------

def states(made: disk.Disk, way: str) -> list[disk.Tree]:
    found: list[disk.Tree] = []
    for seed in range(200):
        tree = made.tree(way, seed)
        if tree not in found:
            found.append(tree)
    return found


def played(*events: disk.Event) -> disk.Disk:
    made = disk.Disk(Path("/nowhere"))
    for event in (disk.Event(disk.MKDIR, 1, 0, "", "", b""), *events):
        made.do(event)
    return made


def event(kind: int, ino: int = 0, path: str = "", to: str = "", off: int = 0,
          data: bytes = b"") -> disk.Event:
    return disk.Event(kind, ino, off, path, to, data)


WRITTEN = (event(disk.CREATE, 2, "a"), event(disk.WRITE, 2, data=b"x" * 5000))


def test_model_content():
    """A name without its bytes, until they are synced; and bytes without a name."""
    made = played(*WRITTEN, event(disk.SYNC, 1))
    assert made.tree("synced") == {"a": b""} and made.tree("kept") == {"a": b"x" * 5000}
    ext4, posix = states(made, "ext4"), states(made, "posix")
    assert all(one["a"] == b"x" * len(one["a"]) for one in ext4) and {"a": b""} in ext4
    assert {"a": bytes(5000)} in posix and {"a": bytes(4096) + b"x" * 904} in posix
    made = played(*WRITTEN, event(disk.SYNC, 2))
    assert made.tree("synced") == {}
    assert states(made, "posix") == [{}, {"a": b"x" * 5000}] or \
        states(made, "posix") == [{"a": b"x" * 5000}, {}]


def test_model_names():
    """A name given anew is at the old or the new; a move to another folder is two things."""
    before = (*WRITTEN, event(disk.SYNC, 2), event(disk.MKDIR, 3, "d"), event(disk.SYNC, 1))
    made = played(*before, event(disk.CREATE, 4, "t"), event(disk.RENAME, path="t", to="a"))
    assert {frozenset(one) for one in states(made, "posix")} == {
        frozenset({"a", "d"}), frozenset({"a", "d", "t"})}
    made = played(*before, event(disk.RENAME, path="a", to="d/a"))
    assert {("a" in one, "a" in one["d"]) for one in states(made, "posix")} == {
        (True, True), (True, False), (False, True), (False, False)}
    assert {("a" in one, "a" in one["d"]) for one in states(made, "ext4")} <= {
        (True, False), (True, True), (False, True)}
    made = played(*before, event(disk.RENAME, path="a", to="d/a"), event(disk.SYNC, 3))
    assert made.tree("synced")["d"] == {"a": b"x" * 5000}
    made = played(*before, event(disk.UNLINK, path="a"))
    assert "a" in made.tree("synced") and "a" not in made.tree("kept")


def test_model_folder_without_its_name():
    """What is synced in a folder goes with it, when its own name was not."""
    made = played(event(disk.MKDIR, 2, "d"), event(disk.CREATE, 3, "d/a"), event(disk.SYNC, 3),
                  event(disk.SYNC, 2))
    assert made.tree("synced") == {} and made.tree("kept") == {"d": {"a": b""}}
    made.do(event(disk.SYNC, 1))
    assert made.tree("synced") == {"d": {"a": b""}}
