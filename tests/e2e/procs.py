"""Programs the tests start: bounded in time, ended by process id, nothing left behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest


def need(*programs: str, root: bool = True) -> None:
    """Skip the test, saying what is missing."""
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    if root and os.geteuid() != 0:
        pytest.skip(f"{programs[0]} needs root here")


def need_cgroups() -> None:
    """Skip where no engine can start at all, as in a bare chroot."""
    kinds = {line.split()[2] for line in Path("/proc/mounts").read_text().splitlines()}
    if not kinds & {"cgroup", "cgroup2"}:
        pytest.skip("no cgroups are mounted here: a Docker Engine cannot start")


def need_root_mount() -> None:
    """Skip where layers cannot be unpacked by root: that makes "/" a private mount, and in a
    bare chroot it is none."""
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    if "/" not in points:
        pytest.skip("the root directory is no mount point: layers cannot be unpacked here")


def environment(home: Path, proxy: str, **more: str) -> dict[str, str]:
    """For a client: nothing of the caller's settings, and `proxy` for all that is not
    on loopback."""
    found = {"PATH": os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin",
             "HOME": str(home), "LANG": "C.UTF-8", "TMPDIR": str(home),
             "HTTP_PROXY": proxy, "HTTPS_PROXY": proxy,
             "NO_PROXY": "127.0.0.1,127.0.0.0/8,localhost"}
    found.update({name.lower(): found[name]
                  for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")})
    found.update(more)
    return found


@dataclass(frozen=True)
class Done:
    """A program that has ended."""

    command: str
    status: int
    out: str
    err: str
    seconds: float

    @property
    def text(self) -> str:
        return self.out + self.err

    def __str__(self) -> str:
        return (f"{self.command}\nstatus {self.status} after {self.seconds:.1f} s\n"
                f"{self.out[-1500:]}\n{self.err[-1500:]}")


def run(command: list[str], env: dict[str, str], *, cwd: Path | None = None,
        timeout: float = 60, check: bool = True) -> Done:
    """Run to its end.  check: a failure fails the test, with what was printed."""
    done = start(command, env, cwd=cwd).finish(timeout)
    print(done)
    if check:
        assert done.status == 0, str(done)
    return done


class Running:
    """A program under way, in a process group of its own; finish() waits for it."""

    def __init__(self, command: list[str], env: dict[str, str], cwd: Path | None) -> None:
        self.command = " ".join(command)
        self._began = time.monotonic()
        self._process = subprocess.Popen(
            command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True)

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def finish(self, timeout: float = 60) -> Done:
        try:
            out, err = self._process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            out, err = self._process.communicate(timeout=10)
            raise AssertionError(f"{self.command} did not end in {timeout} s:\n{out}\n{err}")
        return Done(self.command, self._process.returncode, out, err,
                    time.monotonic() - self._began)

    def kill(self) -> None:
        """End it and what it started (its process group)."""
        if not self.ended:
            os.killpg(self._process.pid, signal.SIGKILL)


def start(command: list[str], env: dict[str, str], *, cwd: Path | None = None) -> Running:
    return Running(command, env, cwd)


class Daemon:
    """A service in the foreground: its log is read, and it ends when told."""

    def __init__(self, command: list[str], env: dict[str, str]) -> None:
        self.name = Path(command[0]).name
        self.log: list[str] = []
        self._moved = threading.Condition()
        self._process = subprocess.Popen(
            command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self._process.stderr:
            with self._moved:
                self.log.append(line.rstrip("\n"))
                self._moved.notify_all()
        with self._moved:
            self._moved.notify_all()

    def count_log(self, text: str) -> int:
        with self._moved:
            return sum(text in line for line in self.log)

    def wait_log(self, text: str, timeout: float = 30, n: int = 1) -> bool:
        """Whether n lines with the text have come before the end (of its log, or of the
        time)."""
        until = time.monotonic() + timeout
        with self._moved:
            while sum(text in line for line in self.log) < n:
                left = until - time.monotonic()
                if left <= 0 or not self._reader.is_alive():
                    return False
                self._moved.wait(min(left, 0.1))
            return True

    def stop(self, timeout: float = 20, leftovers: list[Path] | None = None) -> None:
        """SIGTERM, or SIGKILL when that is not enough; then for what it started itself,
        by the process ids in the files named as leftovers."""
        children = [pid for path in leftovers or [] if (pid := _pid_in(path))]
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        for pid in children:
            _end(pid)
        self._reader.join(5)

    def tail(self, n: int = 40) -> str:
        return f"--- {self.name}\n" + "\n".join(self.log[-n:])


def _pid_in(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _end(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


@contextmanager
def scratch_directory() -> Iterator[Path]:
    """A short path (sockets go there); all that is mounted below is unmounted after."""
    made = Path(tempfile.mkdtemp(prefix="larder-e2e-"))
    try:
        yield made
    finally:
        unmount_below(made)
        shutil.rmtree(made, ignore_errors=True)


def unmount_below(directory: Path) -> None:
    mounts = [line.split()[4] for line in
              Path("/proc/self/mountinfo").read_text().splitlines()]
    for place in sorted(mounts, reverse=True):
        if place.startswith(f"{directory}/"):
            subprocess.run(["umount", "--lazy", place], stdin=subprocess.DEVNULL,
                           capture_output=True, timeout=20, check=False)
