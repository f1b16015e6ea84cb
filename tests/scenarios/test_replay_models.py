"""What the replay counts, against months so short that one can count by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay import generate, models, table
from replay.catalogue import BASES, OTHERS, TWO, image, wants
from replay.models import Spent, direct, registry2
from replay.trace import (DAY, HOUR, Evicted, Jobs, Moved, Others, Pull, Restart, Trace,
                          Trouble)

TOP = Path(__file__).resolve().parents[2]
AMD, ARM = TWO
PYTHON, ALPINE, LEGACY = BASES[0], BASES[8], OTHERS[-1]
KANIKO = BASES[9]
PARTS = len(wants(PYTHON, 0, AMD).blobs)


def jobs(at: int, *pulls: Pull) -> Jobs:
    """A job each."""
    return Jobs(at, tuple((pull,) for pull in pulls))


def pull(line=PYTHON, platform=AMD) -> Pull:
    return Pull(line, platform)


def month(*events) -> Trace:
    return Trace(0, 30, [*BASES, *OTHERS], list(events))


def counted(spent: Spent) -> tuple[int, int, int]:
    return spent.gets, spent.heads, spent.blobs


def refused(spent: Spent) -> tuple[int, int]:
    return spent.refused_cached, spent.refused_uncached


# --- direct ----------------------------------------------------------------------------

def test_each_direct_pull_costs_all():
    spent = direct(month(jobs(0, pull(), pull()), jobs(60, pull())), None)
    assert spent.pulls == 3 and refused(spent) == (0, 0)
    assert counted(spent) == (6, 3, 3 * PARTS)
    want = wants(PYTHON, 0, AMD)
    assert spent.bytes == 3 * sum((*want.manifests.values(), *want.blobs.values()))
    assert counted(direct(month(jobs(0, pull(LEGACY))), None))[:2] == (1, 1)


def test_the_limit_is_of_any_six_hours():
    early = jobs(0, *[pull()] * 2)
    spent = direct(month(early, jobs(HOUR, pull()), jobs(HOUR + 60, pull()),
                         jobs(6 * HOUR, pull())), 5)
    assert spent.gets == 4 + 1 + 2      # the third pull's index was still given
    assert refused(spent) == (0, 2) and spent.over == 2
    assert spent.longest == 5 * HOUR and spent.waited == 10 * HOUR - 60


def test_others_spend_of_the_same_limit():
    spent = direct(month(Others(0, 100), jobs(60, pull()), jobs(60, pull(KANIKO)),
                         jobs(6 * HOUR, pull())), 100)
    assert refused(spent) == (0, 1) and spent.gets == 4     # gcr.io counts nothing
    assert direct(month(Others(0, 100), jobs(60, pull())), None).gets == 2


@pytest.mark.parametrize("kind, spends", [("down", 0), ("tokens", 0), ("abuse", 0),
                                          ("cdn", 2)])
def test_direct_pulls_fail_in_every_trouble(kind, spends):
    spent = direct(month(Trouble(0, HOUR, kind), jobs(60, pull()), jobs(HOUR, pull())), 100)
    assert refused(spent) == (0, 1) and spent.longest == HOUR - 60
    assert spent.gets == spends + 2


# --- registry:2 ------------------------------------------------------------------------

def test_registry2_asks_for_each_tag_and_keeps_seven_days():
    trace = month(jobs(0, pull()), jobs(HOUR, pull()), jobs(7 * DAY - 60, pull()),
                  jobs(7 * DAY, pull()))
    assert counted(registry2(trace, None)) == (4, 4, 2 * PARTS)


def test_registry2_fetches_for_each_who_misses():
    trace = month(jobs(0, pull(), pull(), pull()), jobs(60, pull(), pull(platform=ARM)))
    first, second = wants(PYTHON, 0, AMD), wants(PYTHON, 0, ARM)
    spent = registry2(trace, None)
    assert counted(spent) == (6 + 1, 5, 3 * PARTS + len(second.blobs.keys()
                                                        - first.blobs.keys()))
    assert spent.old == 0
    once = month(Jobs(0, ((pull(), pull()),)))      # one job is not two at once
    assert registry2(once, None).gets == 2


def test_registry2_falls_back_to_what_the_tag_named():
    trace = month(jobs(0, pull()), Trouble(60, HOUR, "down"), Moved(120, PYTHON, 1),
                  jobs(180, pull()), jobs(180, pull(ALPINE)), jobs(2 * HOUR, pull()))
    spent = registry2(trace, None)
    assert (spent.old, spent.unmarked) == (1, 1) and refused(spent) == (0, 1)
    assert spent.gets == 4 and spent.heads == 2


def test_registry2_refuses_with_an_older_copy_at_hand():
    """The tag's HEAD is free and says that it has moved; then there is no GET."""
    trace = month(jobs(0, pull()), Moved(60, PYTHON, 1), Others(60, 100), jobs(120, pull()),
                  jobs(7 * HOUR, pull()))
    spent = registry2(trace, 100)
    assert refused(spent) == (1, 0) and spent.over == 1
    assert spent.longest == 6 * HOUR - 120 and spent.gets == 4
    # and with a trouble after it, the tag names what is not here
    trace = month(*trace.events[:-1], Trouble(180, HOUR, "down"), jobs(240, pull()))
    assert refused(registry2(trace, 100)) == (2, 0)


def test_registry2_a_new_image_is_not_a_cached_one():
    """Of another platform that has pulled it: for this one nothing of it is here."""
    trace = month(jobs(0, pull(), pull(platform=ARM)), Moved(60, PYTHON, 1),
                  jobs(120, pull()), Trouble(180, HOUR, "down"), jobs(240, pull(platform=ARM)))
    assert refused(registry2(trace, None)) == (0, 1)
    trace = month(jobs(0, pull()), Moved(60, PYTHON, 1), Trouble(60, HOUR, "cdn"),
                  jobs(120, pull()), jobs(180, pull(ALPINE)))
    spent = registry2(trace, None)
    assert refused(spent) == (0, 2) and spent.gets == 6 and spent.blobs == PARTS


def test_registry2_loses_what_is_evicted():
    bottom = wants(PYTHON, 0, AMD).blobs.keys() & wants(OTHERS[1], 0, AMD).blobs.keys()
    trace = month(jobs(0, pull(), pull(OTHERS[1])), Evicted(60, (PYTHON,)),
                  jobs(120, pull()), jobs(180, pull(OTHERS[1])))
    spent = registry2(trace, None)
    assert bottom and spent.gets == 6
    # the layer that both have came back with the first, for whoever links to it
    assert spent.blobs == 3 * PARTS


# --- the month -------------------------------------------------------------------------

def test_the_same_seed_is_the_same_month():
    one, same, other = (generate(seed, 7, 10) for seed in (1, 1, 2))
    assert one.events == same.events and one.events != other.events
    times = [event.at for event in one.events]
    assert times == sorted(times) and 0 <= times[0] and times[-1] < 7 * DAY


def test_a_month_has_everything():
    trace = generate(days=30)
    kinds = {type(event) for event in trace.events}
    assert kinds == {Jobs, Moved, Trouble, Others, Restart, Evicted}
    assert {e.kind for e in trace.events if isinstance(e, Trouble)} == set(models.TROUBLES)
    assert {e.how for e in trace.events if isinstance(e, Restart)} == \
        {"stop", "kill", "midway"}
    per_day = [0] * 30
    for event in trace.events:
        if isinstance(event, Jobs):
            per_day[event.at // DAY] += len(event.jobs)
    assert min(per_day[:5]) > 3 * max(per_day[5:7])
    troubles = [e for e in trace.events if isinstance(e, Trouble)]
    for first, second in zip(troubles, troubles[1:]):
        assert first.at + first.seconds < second.at
    versions: dict = {}
    for event in trace.events:
        if isinstance(event, Moved):
            assert event.version == versions.get(event.line, 0) + 1
            versions[event.line] = event.version


def test_the_fleet_uses_the_listed_base_images():
    listed = {line for line in (TOP / "base-images.txt").read_text().splitlines()
              if line and not line.startswith("#")}
    def short(line) -> str:
        name = line.repository.removeprefix("library/")
        return f"{name if line.host == 'docker.io' else f'{line.host}/{name}'}:{line.tag}"
    assert {short(line) for line in BASES} == listed


def test_images_differ_by_version_and_share_their_base():
    old, new = wants(PYTHON, 0, AMD), wants(PYTHON, 1, AMD)
    assert old.root != new.root and old.blobs.keys() & new.blobs.keys()
    alias = next(line for line in OTHERS if line.alias)
    assert image(alias, 1).digest == image(PYTHON, 1).digest
    assert not set(wants(LEGACY, 0, AMD).manifests) - {image(LEGACY, 0).digest}


def test_the_table_is_markdown():
    lines = table({"a": Spent(pulls=1234), "b": Spent()}).splitlines()
    assert lines[0] == "| what is counted | a | b |" and lines[1] == "|---|---|---|"
    assert lines[2] == "| pulls | 1,234 | 0 |"
    assert {line.count("|") for line in lines} == {4}
