"""Looking into a large image: bench/inside.py --size 1GB

Two images, each of --size bytes unpacked, with a database of packages on top; one pair packed
with gzip, one with zstd.  Times a bill of materials of one, `larder diff` of the two, and of
images that share all but their last layer, beside the programs that do nothing but unpack the
same layers, one after the other; and the most memory that each took.  Files are below --dir
(default: /dev/shm) and go afterwards.  Exit status 1: something was over its limit.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "tests"))
from size import size_of                # noqa: E402

LAYERS = 4
MOST_MB = 32            # of memory, whatever the size
PACKERS = {"gzip": (["gzip", "-6"], ["gzip", "-dc"]),
           "zstd": (["zstd", "-q", "-3"], ["zstd", "-q", "-dc"])}


def write_tar(path: Path, size: int, seed: int) -> None:
    """Files of 20 kB to 2 MB that pack about as programs do: to a good third."""
    rng = random.Random(seed)
    words = [rng.randbytes(rng.randint(4, 24)) for _ in range(4000)]
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        written = i = 0
        while written < size:
            data = b"".join(rng.choices(words, k=rng.randint(1000, 100_000)))
            info = tarfile.TarInfo(f"usr/lib/pack{i % 97}/file-{seed}-{i}.so")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
            written += len(data)
            i += 1


def packed_layer(place: Path, size: int, seed: int, packer: str):
    from hub.images import Blob, Layer
    tar, out = place / f"{seed}.tar", place / f"{seed}.{packer}"
    if not tar.exists():
        write_tar(tar, size, seed)
    with open(tar, "rb") as source, open(out, "wb") as to:
        subprocess.run(PACKERS[packer][0], stdin=source, stdout=to, check=True)
    with open(tar, "rb") as file:
        diff_id = hashlib.file_digest(file, "sha256").hexdigest()
    with open(out, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Layer(Blob("sha256:" + digest, out.stat().st_size, path=str(out)),
                 "sha256:" + diff_id, packer == "gzip")


def database(version: int):
    from hub.images import layer
    from scenarios.two_versions import dpkg
    return layer({"var/lib/dpkg/status": dpkg(
        {f"package-{i}": f"1.{i}-{version if i % 50 == 0 else 1}" for i in range(400)})})


# A process begins with the memory of the one that starts it: a small one here.
MEASURED = """
import json, resource, subprocess, sys, time
began = time.monotonic()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
took = time.monotonic() - began
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([took, used.ru_utime + used.ru_stime, used.ru_maxrss / 1000]))
"""


def timed(words: list[str], env: dict | None = None) -> list[float]:
    """Seconds by the clock and of processors, MB at most."""
    done = subprocess.run([sys.executable, "-S", "-c", MEASURED, *words], env=env,
                          stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def measure(rounds: int, words: list[str], env: dict | None = None):
    rows = [timed(words, env) for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*rows)]


def run(packer: str, o: argparse.Namespace, place: Path) -> list[list[str]]:
    """The table's rows of one way to pack."""
    from harness import Command, larder_binary
    from hub import Hub, build
    part = o.size // LAYERS
    lower = [[packed_layer(place, part, 10 * k + i, packer) for i in range(LAYERS)]
             for k in (1, 2)]
    with Hub(quota=1_000_000) as hub:
        for tag, layers in (("a", [*lower[0], database(1)]), ("b", [*lower[1], database(2)]),
                            ("a2", [*lower[0], database(2)])):
            hub.add(build("large", tag, layers=layers, platforms=("linux/amd64",)),
                    "library/large", tag)
        command = Command(place / f"root-{packer}", {"docker.io": hub.url})
        done = command("pull", "--quiet", "large:a", "large:b", "large:a2", timeout=900)
        assert done.status == 0, done
    files = [[one.blob.path for one in layers] for layers in lower]
    weight = sum(os.path.getsize(f) for f in files[0])
    larder = str(larder_binary())
    unpack = " ".join(PACKERS[packer][1])
    one = measure(o.rounds, [*PACKERS[packer][1], *files[0]])
    two = measure(o.rounds, [*PACKERS[packer][1], *files[0], *files[1]])
    rows = [[f"{packer}, {weight / 1e6:.0f} MB packed: `{unpack}`, {what}",
             f"{took[0]:.2f} s, of processors {took[1]:.2f} s", "", ""]
            for what, took in (("one image", one), ("both", two))]
    bill = ["scan", "--offline", "--quiet", "--sbom", "spdx", "--from", "layers"]
    for words, what, beside in (
            ([*bill, "large:a"], "`larder scan --sbom` of one", one),
            (["diff", "--offline", "large:a", "large:b"], "`larder diff`, nothing shared", two),
            (["diff", "--offline", "large:a", "large:a2"], "`larder diff`, lower layers shared",
             two)):
        took = measure(o.rounds, [larder, *words], command.env)
        ratio = took[0] / beside[0]
        rows += [[f"{packer}: {what}",
                  f"{took[0]:.2f} s, of processors {took[1]:.2f} s: {ratio:.2f} and "
                  f"{took[1] / beside[1]:.2f} of unpacking", "1.00 by the clock",
                  "pass" if ratio <= 1 else "FAIL"],
                 [f"{packer}: {what}: memory", f"{took[2]:.0f} MB", f"{MOST_MB} MB",
                  "pass" if took[2] <= MOST_MB else "FAIL"]]
    return rows


def main() -> int:
    import report

    parse = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parse.add_argument("--size", type=size_of, default=size_of("1GB"))
    parse.add_argument("--rounds", type=int, default=3)
    parse.add_argument("--packers", default="gzip,zstd")
    parse.add_argument("--dir", default="/dev/shm")
    parse.add_argument("--record", action="store_true", help="append to RESULTS.md")
    o = parse.parse_args()
    place = Path(tempfile.mkdtemp(prefix="larder-inside-", dir=o.dir))
    before = os.getloadavg()[0]
    rows: list[list[str]] = []
    try:
        for packer in o.packers.split(","):
            if shutil.which(PACKERS[packer][0][0]) is None:
                print(f"{packer}: not installed")
                continue
            rows += run(packer, o, place)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    entry = report.heading(" ".join(sys.argv[1:]), (before, os.getloadavg()[0]),
                           script="bench/inside.py") + report.limits(
        f"images of {o.size / 1e6:.0f} MB in {LAYERS} layers, medians of {o.rounds}", rows)
    print(entry)
    if o.record:
        report.append(entry)
    return 1 if any(row[3] == "FAIL" for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
