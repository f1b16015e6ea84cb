"""A CI fleet's month, made of a seed, against a real larder and against what others would spend.

`trace` makes the month, `player` runs it on a larder in front of the scripted hub with both
clocks turned, `models` count what direct pulls and registry:2's rules come to for the same
month, `report` has the table and says what must hold.
"""

from .player import Played, play
from .report import broken, table
from .trace import Trace, generate

__all__ = ["Played", "Trace", "broken", "generate", "play", "table"]
