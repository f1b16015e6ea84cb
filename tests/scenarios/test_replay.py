"""A CI fleet's days in short: the month itself is scripts/replay.sh."""

from __future__ import annotations

from collections import Counter

import pytest

import replay
from replay import models


@pytest.mark.plain
def test_a_fleet_in_three_days(scratch):
    """Jobs, moves, every trouble, a used-up quota, restarts and losses, by a real larder."""
    trace = replay.generate(seed=1, days=3, pipelines=25)
    events = Counter(type(event).__name__ for event in trace.events)
    assert events["Trouble"] >= len(replay.trace.TROUBLES), events
    direct = models.direct(trace, None)
    played = replay.play(trace, scratch)
    print(replay.table({"direct": direct, "direct, limited": models.direct(trace, 100),
                        "registry:2": models.registry2(trace, 100),
                        "larder": played.spent}))
    assert replay.broken(played, direct, share=0.9) == []
    # it was no idle walk: all that the trace has came to larder
    assert played.troubled and played.marked and played.others
    assert played.restarts == events["Restart"] == 3 and played.kills == 2
    assert played.evictions == events["Evicted"] >= 2
    assert played.spent.refused_uncached
    assert any(n > 1 for n in played.gets.values()), "nothing that was lost was needed again"
