"""The order of versions is that of the tools, on thousands of made-up ones.

Texts are sorted by larder's order and the tool is asked of neighbours, which settles all
pairs, as its order is one; and of some at random.
"""

from __future__ import annotations

import functools
import random
import shutil
import subprocess
from collections.abc import Callable

import pytest

from .insides import VERSIONS

SIGN = {"<": -1, "=": 0, ">": 1}


class Probe:
    """compare(a, b) and valid(text) of one scheme."""

    def __init__(self, scheme: str) -> None:
        self.scheme = scheme
        self.process = subprocess.Popen([VERSIONS], stdin=subprocess.PIPE, bufsize=1,
                                        stdout=subprocess.PIPE, text=True)

    def ask(self, *words: str) -> str:
        self.process.stdin.write("\t".join((self.scheme, *words)) + "\n")
        return self.process.stdout.readline().strip()

    def compare(self, a: str, b: str) -> int:
        return SIGN[self.ask(a, b)]

    def valid(self, text: str) -> bool:
        return self.ask(text) == "valid"

    def sorted(self, texts: list[str]) -> list[str]:
        return sorted(texts, key=functools.cmp_to_key(self.compare))

    def close(self) -> None:
        self.process.stdin.close()
        assert self.process.wait(10) == 0
        self.process.stdout.close()


@pytest.fixture
def probe():
    made: list[Probe] = []

    def make(scheme: str) -> Probe:
        made.append(Probe(scheme))
        return made[-1]

    yield make
    for one in made:
        one.close()


def made_up(count: int, one: Callable[[random.Random], str], seed: int) -> list[str]:
    rng = random.Random(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        found[one(rng)] = None
    return list(found)


def mutated(rng: random.Random, text: str, alphabet: str) -> str:
    """With up to two characters more, fewer or others."""
    for _ in range(rng.randrange(3)):
        at = rng.randrange(len(text) + 1)
        text = text[:at] + rng.choice([rng.choice(alphabet), ""]) + text[at + rng.randrange(2):]
    return text


def one_deb(rng: random.Random) -> str:
    part = "".join(rng.choice("0019az.+~-:AZ") for _ in range(rng.randrange(1, 7)))
    base = rng.choice(["1", "0", "1.2", "2.36", "1.0~rc1", "20240101", "10", "1.2.3+dfsg"])
    text = base + part.replace("-", rng.choice(["", "-"])).replace(":", "")
    if rng.random() < 0.6:
        text += "-" + rng.choice(["0", "1", "2", "9+deb12u9", "9+deb12u10", "1~bpo12+1", "1+b2",
                                  "0ubuntu1.2", "1.1", "00"])
    return rng.choice(["", "", "", "0:", "1:", "2:", "00:"]) + text


def test_deb_as_dpkg(probe):
    if not shutil.which("dpkg"):
        pytest.skip("dpkg is not here")
    ours = probe("deb")
    texts = [one for one in made_up(1600, one_deb, 1) if ours.valid(one)]
    assert len(texts) > 1400
    texts = ours.sorted(texts)
    rng = random.Random(2)
    pairs = [*zip(texts, texts[1:]), *(rng.sample(texts, 2) for _ in range(300))]
    words = {-1: "lt", 0: "eq", 1: "gt"}
    script = "".join(f"dpkg --compare-versions '{a}' {words[ours.compare(a, b)]} '{b}' "
                     f"2>&1 || echo '{a} {b}'\n" for a, b in pairs)
    assert "'" not in "".join(texts)
    done = subprocess.run(["sh"], input=script, capture_output=True, text=True, timeout=120,
                          check=True)
    assert done.stdout == ""


def one_python(rng: random.Random) -> str:
    def number() -> str:
        return rng.choice(["", "0", "1", "2", "10", "01", "456"])

    text = rng.choice(["", "", "", "v", "1!", "0!"])
    text += ".".join(rng.choice("00123") + rng.choice(["", "", "0"])
                     for _ in range(rng.randrange(1, 4)))
    if rng.random() < 0.5:
        text += (rng.choice(["", "-", "_", "."])
                 + rng.choice(["a", "b", "c", "rc", "alpha", "BETA", "pre", "preview"])
                 + rng.choice(["", "", ".", "-"]) + number())
    if rng.random() < 0.4:
        text += rng.choice([".post", "-", "-r", "_rev.", "post", ".POST-"]) + number()
    if rng.random() < 0.4:
        text += rng.choice([".dev", "dev", "-DEV", "_dev."]) + number()
    if rng.random() < 0.3:
        text += "+" + rng.choice(["", "."]).join(
            rng.choice(["1", "05", "abc", "ubuntu", "2.3", "A-1", "x_y"])
            for _ in range(rng.randrange(1, 3)))
    return mutated(rng, text, "0a.-_+!xdev")


def test_python_as_packaging(probe):
    version = pytest.importorskip("packaging.version")
    ours = probe("pep440")
    texts = made_up(4000, one_python, 3)
    good = []
    for one in texts:
        try:
            version.Version(one)
            good.append(one)
        except version.InvalidVersion:
            assert not ours.valid(one), one
    assert len(good) > 2000 and all(map(ours.valid, good))
    good = ours.sorted(good)
    theirs = [version.Version(one) for one in good]
    for i in range(len(good) - 1):
        rank = (theirs[i] > theirs[i + 1]) - (theirs[i] < theirs[i + 1])
        assert ours.compare(good[i], good[i + 1]) == rank, good[i:i + 2]


def one_apk(rng: random.Random) -> str:
    text = ".".join(rng.choice(["0", "1", "2", "10", "01", "012", "2024"])
                    for _ in range(rng.randrange(1, 4))) + rng.choice(["", "", "", "a", "b"])
    for _ in range(rng.randrange(3)):
        text += "_" + rng.choice(["alpha", "beta", "pre", "rc", "cvs", "svn", "git", "hg", "p"])
        text += rng.choice(["", "1", "02", "20240101"])
    text += rng.choice(["", "", "", "~ab12", "~0"])
    return mutated(rng, text + rng.choice(["", "-r0", "-r1", "-r10"]), "01a.-_~r")


def test_apk_as_apk(probe):
    if not shutil.which("apk"):
        pytest.skip("apk is not here")
    ours = probe("apk")
    texts = [one for one in made_up(1500, one_apk, 6) if one]
    checked = subprocess.run(["apk", "version", "--check", "--", *texts], capture_output=True,
                             text=True, check=False).stdout.split()
    assert checked == [one for one in texts if not ours.valid(one)]
    texts = ours.sorted([one for one in texts if ours.valid(one)])
    assert len(texts) > 700
    rng = random.Random(7)
    pairs = [*zip(texts, texts[1:]), *(rng.sample(texts, 2) for _ in range(300))]
    script = "".join(f"apk version -t '{a}' '{b}'\n" for a, b in pairs)
    done = subprocess.run(["sh"], input=script, capture_output=True, text=True, timeout=120,
                          check=True)
    assert [SIGN[one] for one in done.stdout.split()] == [ours.compare(*one) for one in pairs]


def one_rpm(rng: random.Random) -> str:
    text = "".join(rng.choice(["0", "1", "10", "02", "a", "rc", "Z", ".", "_", "+", "~", "^"])
                   for _ in range(rng.randrange(1, 7)))
    return text + rng.choice(["", "", "-1", "-2.el9", "-1~x", "-1^git"])


def test_rpm_as_rpm(probe):
    """Through its macro language: %{lua: ...}, thousands in one process."""
    if not shutil.which("rpm"):
        pytest.skip("rpm is not here")
    ours = probe("rpm")
    texts = [("", "", "0:", "1:")[i % 4] + one
             for i, one in enumerate(made_up(3000, one_rpm, 4))]
    rng = random.Random(5)
    pairs = [rng.sample(texts, 2) for _ in range(6000)]
    pairs += [(mutated(rng, a, "01a.~^").replace(":", "") or "0", a) for a, _ in pairs[:2000]
              if ":" not in a]
    pairs = [(a, b) for a, b in pairs if ours.valid(a) and ours.valid(b)]
    assert len(pairs) > 4000
    # A macro call has a limit; several calls in one process.
    step = 200
    asks = []
    for i in range(0, len(pairs), step):
        rows = ",".join('{"%s","%s"}' % pair for pair in pairs[i:i + step])
        asks += ["--eval", "%{lua: for _, p in ipairs({" + rows + "}) do "
                 "print(rpm.vercmp(p[1], p[2]) .. ' ') end}"]
    done = subprocess.run(["rpm", *asks], capture_output=True, text=True, check=True, timeout=60)
    theirs = list(map(int, done.stdout.split()))
    assert len(theirs) == len(pairs), done.stderr[:500]
    for (a, b), rank in zip(pairs, theirs):
        assert ours.compare(a, b) == rank, (a, b, rank)
