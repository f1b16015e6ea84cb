"""Every scenario of the store, cut at operations on the disk: some of them here, and each with
LARDER_SWEEP=all (scripts/sweep.sh)."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

import pytest

from harness import Larder
from hub.push import Pusher, check
from sweeps.faults import Sweep, how_many, points
from sweeps.scenarios import SCENARIOS
from sweeps.served import Push
from sweeps.state import State

from .helpers import DELETES, check_store, leftovers, wait_until
from .pushing import sessions

pytestmark = pytest.mark.faults
SOME = 6                # plans of each scenario, without LARDER_SWEEP
SLOW = {"pull-on": 2}   # wrong bytes are asked for again after a while
ELSEWHERE = {"fs.link",         # of files of others (larder setup)
             "export.write",    # of tars
             "gate.look"}       # no operation: a place to wait (test_policy_threads.py)


@pytest.fixture
def place():
    """In memory, if there is such a place: thousands of fsyncs."""
    shm = Path("/dev/shm")
    made = Path(tempfile.mkdtemp(prefix="larder-sweep-", dir=shm if shm.is_dir() else None))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.mark.plain
@pytest.mark.parametrize("kind", SCENARIOS, ids=lambda one: one.name)
def test_cut(place, hub, kind):
    sweep = Sweep(kind(), place, hub)
    plans = sweep.plans(how_many(SLOW.get(kind.name, SOME)))
    assert plans, "it comes to the disk"
    cut = sum(sweep.attempt(plan) for plan in plans)
    print(f"{kind.name}: {len(plans)} plans, {cut} cut something")
    # a copy that is here outlives most of what may happen to one that is to come
    assert cut or len(plans) < SOME or kind.name == "pull-moved", "none was"


def test_no_point_is_forgotten(place, hub):
    """Each that the source has is come to by some scenario."""
    met = set()
    for i, kind in enumerate(SCENARIOS):
        met |= set(Sweep(kind(), place / str(i), hub).places())
    assert met >= points() - ELSEWHERE, points() - met


def test_leftovers_expire(place, hub):
    """Sessions of pushes that were killed go when they are old enough."""
    sweep = Sweep(Push(), place, hub)
    site = sweep.site(LARDER_FAULTS="store.upload:2=kill")
    root = site.root
    assert sweep.run(site, State(), stop=True) == 1
    with Larder(root, config=DELETES) as made, Pusher(made.url) as p:
        check(p.patch(p.session("team/other"), b"never ended"), 202)
        made.kill()
    assert sessions(root)
    for path in sessions(root):
        os.utime(path, (time.time() - 169 * 3600,) * 2)
    config = "storage:\n  maintenance:\n    uploadpurging:\n      interval: 1s\n"
    with Larder(root, config=config):
        wait_until(lambda: not sessions(root), "they go")
        assert not leftovers(root)
        check_store(root)
