"""The table of a month, and what must hold of it."""

from __future__ import annotations

from .models import Spent
from .player import Played

LONGEST = 30            # real seconds that a client may wait
SAVED = 0.995           # of the counted pulls that direct ones cost, in a whole month

COLUMNS = (
    ("pulls", lambda s: s.pulls),
    ("manifest GETs counted", lambda s: s.gets),
    ("HEADs", lambda s: s.heads),
    ("blob GETs", lambda s: s.blobs),
    ("MB", lambda s: s.bytes / 1e6),
    ("GETs refused for the quota", lambda s: s.over),
    ("refused: cached", lambda s: s.refused_cached),
    ("refused: not cached", lambda s: s.refused_uncached),
    ("old answers", lambda s: s.old),
    ("of them not marked", lambda s: s.unmarked),
    ("mean wait of those refused (h)",
     lambda s: s.waited / 3600 / max(1, s.refused_cached + s.refused_uncached)),
    ("longest (h)", lambda s: s.longest / 3600),
)


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


def table(rows: dict[str, Spent]) -> str:
    """A row each; in Markdown."""
    lines = ["| what is counted | " + " | ".join(rows) + " |", "|---" * (len(rows) + 1) + "|"]
    lines += [f"| {name} | " + " | ".join(_number(value(s)) for s in rows.values()) + " |"
              for name, value in COLUMNS]
    return "\n".join(lines) + "\n"


def saved(played: Played, direct: Spent) -> float:
    """The share of direct pulls' counted GETs that were not made."""
    return 1 - played.spent.gets / direct.gets


def broken(played: Played, direct: Spent, share: float = SAVED) -> list[str]:
    """What does not hold; empty when all does."""
    found = list(played.wrong)
    if played.spent.refused_cached:
        found.append(f"{played.spent.refused_cached} pulls of cached images were refused")
    if played.spent.over > played.spells:
        found.append(f"{played.spent.over} GETs were made with the quota used up, where others "
                     f"had spent it {played.spells} times")
    if max(played.slowest, played.slowest_refusal) > LONGEST:
        found.append(f"a client waited {max(played.slowest, played.slowest_refusal):.0f} s")
    if saved(played, direct) < share:
        found.append(f"only {saved(played, direct):.3%} of the counted pulls were saved")
    if played.spent.pulls != direct.pulls:
        found.append(f"{played.spent.pulls} pulls of {direct.pulls} came to an end")
    return found
