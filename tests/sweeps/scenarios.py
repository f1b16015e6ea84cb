"""The table: everything that changes a store, to be cut."""

from __future__ import annotations

from .commanded import Export, Import, Prune, PullCommand, Scrub, ScrubOn
from .served import Evict, Pull, PullMoved, PullOn, PullTogether, Push

SCENARIOS = tuple(one for one in (
    Push, Pull, PullOn, PullMoved, PullTogether, PullCommand, Prune, Evict, Scrub, ScrubOn, Import, Export)
    if one.is_there())
