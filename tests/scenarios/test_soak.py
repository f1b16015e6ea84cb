"""Everything at once, for some seconds; scripts/soak.sh does so for longer."""

from __future__ import annotations

import pytest

from soak.soak import Soak


@pytest.mark.concurrent
def test_everything_at_once(hub, scratch):
    Soak(scratch, hub, seed=20, kill_every=4).run(8)
