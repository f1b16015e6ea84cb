"""Every scenario of the store, and the power cut in it: some of the moments here, and each with
LARDER_SWEEP=all (scripts/sweep.sh)."""

from __future__ import annotations

import pytest

from sweeps.faults import Sweep, how_many
from sweeps.powercut import RECORDER, PowerCuts
from sweeps.scenarios import SCENARIOS

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
