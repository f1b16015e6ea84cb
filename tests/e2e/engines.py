"""The two engines that are services: dockerd and containerd, each on its own directory."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

from .procs import Daemon, Done, Running, environment, need, need_cgroups, run, start


FACTS = ('{"Id":{{json .Id}},"RepoDigests":{{json .RepoDigests}},"Os":{{json .Os}},'
         '"Architecture":{{json .Architecture}},"Layers":{{json .RootFS.Layers}},'
         '"Labels":{{json .Config.Labels}}}')


class Dockerd:
    """dockerd with one registry mirror ("": none), and its client.  Containers have no
    network, or that of the bridge that is named.

        with Dockerd(directory, larder.url, outside.url) as docker:
            docker("pull", "python:3.11-slim")
    """

    def __init__(self, directory: Path, mirror: str, proxy: str, *, bridge: str = "none",
                 by_file: bool = False) -> None:
        """by_file: the mirror stands in daemon.json, and not in a flag."""
        self.by_file = by_file
        need("dockerd", "docker")
        need_cgroups()
        self.directory = directory
        self.mirror = mirror
        self._bridge = bridge
        self.env = environment(directory, proxy, DOCKER_BUILDKIT="0",
                               DOCKER_HOST=f"unix://{directory}/sock",
                               DOCKER_CONFIG=str(directory / "client"))
        # the client of the same package, where there are several
        self._client = shutil.which("docker", path="/usr/bin") or "docker"
        self._daemon: Daemon | None = None

    def _start(self, driver: str) -> bool:
        place = self.directory
        self._daemon = Daemon(
            ["dockerd", "--data-root", f"{place}/data", "--exec-root", f"{place}/exec",
             "--host", f"unix://{place}/sock", "--pidfile", f"{place}/pid",
             "--config-file", f"{place}/daemon.json", "--storage-driver", driver,
             f"--bridge={self._bridge}", "--iptables=false",
             *(["--registry-mirror", self.mirror] if self.mirror and not self.by_file else [])],
            self.env)
        return self._daemon.wait_log("API listen on")

    def __enter__(self) -> "Dockerd":
        self.directory.mkdir(parents=True)
        self.configure(*([self.mirror] if self.by_file else []))
        if not self._start("overlay2"):
            self.stop()
            if not self._start("vfs"):
                self.stop()
                raise AssertionError(self._daemon.tail())
        return self

    def configure(self, *mirrors: str) -> None:
        """Write daemon.json; the daemon reads it when it starts, and at reload()."""
        settings = {"registry-mirrors": list(mirrors)} if mirrors else {}
        (self.directory / "daemon.json").write_text(json.dumps(settings) + "\n")

    def reload(self) -> None:
        """As `systemctl reload docker` does, and until it is done."""
        seen = self._daemon.count_log("Got signal to reload")
        os.kill(int((self.directory / "pid").read_text()), signal.SIGHUP)
        assert self._daemon.wait_log("Reloaded configuration", n=seen + 1)

    def stop(self) -> None:
        self._daemon.stop(leftovers=[self.directory / "exec/containerd/containerd.pid"])

    def __exit__(self, *failure: object) -> None:
        self.stop()
        print("--- dockerd", *(line for line in self._daemon.log
                               if "level=info" not in line or "after error" in line
                               or "retrying" in line), sep="\n")

    def __call__(self, *words: str, check: bool = True, timeout: float = 60,
                 cwd: Path | None = None) -> Done:
        return run([self._client, *words], self.env, check=check, timeout=timeout, cwd=cwd)

    def start(self, *words: str) -> Running:
        """A command that goes on while the test does something else."""
        return start([self._client, *words], self.env)

    def image(self, name: str) -> dict:
        """What `docker image inspect` says of it (FACTS)."""
        return json.loads(self("image", "inspect", "--format", FACTS, name).out)

    def forget(self, *names: str) -> None:
        """Remove images, so that the next pull starts from nothing."""
        self("image", "rm", "--force", *names)

    def logs(self, text: str) -> bool:
        """In time: it writes on its own."""
        return self._daemon.wait_log(text, 10)


class Containerd:
    """containerd, with a hosts.toml for each name space that shall go through a mirror.

        with Containerd(directory, outside.url) as ctr:
            ctr.mirror("docker.io", larder.url)
            ctr.pull("docker.io/library/python:3.11-slim")
    """

    def __init__(self, directory: Path, proxy: str) -> None:
        need("containerd", "ctr")
        self.directory = directory
        self.hosts = directory / "hosts"
        self.env = environment(directory, proxy)
        self._daemon: Daemon | None = None

    def __enter__(self) -> "Containerd":
        place = self.directory
        self.hosts.mkdir(parents=True)
        config = place / "config.toml"
        config.write_text(
            f'version = 2\nroot = "{place}/root"\nstate = "{place}/state"\n'
            'disabled_plugins = ["io.containerd.grpc.v1.cri", '
            '"io.containerd.internal.v1.opt"]\n'
            f'[grpc]\naddress = "{place}/sock"\n')
        self._daemon = Daemon(["containerd", "--config", str(config)], self.env)
        if not self._daemon.wait_log("containerd successfully booted"):
            self._daemon.stop()
            raise AssertionError(self._daemon.tail())
        return self

    def __exit__(self, *failure: object) -> None:
        self._daemon.stop()
        print(self._daemon.tail())

    def mirror(self, namespace: str, url: str, *, server: str | None = None) -> None:
        """From now on, names of this registry are asked of url.  server: where containerd
        goes when that fails (default: the mirror is the only one)."""
        directory = self.hosts / namespace
        directory.mkdir(exist_ok=True)
        (directory / "hosts.toml").write_text(
            f'server = "{server or url}"\n[host."{url}"]\n'
            'capabilities = ["pull", "resolve"]\n')

    def _command(self, words: tuple[str, ...]) -> list[str]:
        return ["ctr", "--address", f"{self.directory}/sock", "--namespace", "e2e", *words]

    def __call__(self, *words: str, check: bool = True, timeout: float = 60) -> Done:
        return run(self._command(words), self.env, check=check, timeout=timeout)

    def start_pull(self, name: str) -> Running:
        """A pull that goes on while the test does something else."""
        return start(self._command(("images", "pull", "--hosts-dir", str(self.hosts), name)),
                     self.env)

    def pull(self, name: str, *more: str, check: bool = True) -> Done:
        return self("images", "pull", "--hosts-dir", str(self.hosts), *more, name,
                    check=check)

    def images(self) -> dict[str, str]:
        """Name to digest, of all images."""
        lines = self("images", "list").out.splitlines()[1:]
        return {fields[0]: fields[2] for fields in map(str.split, lines)}

    def content(self, digest: str) -> bytes:
        """An object of its content store."""
        return self("content", "get", digest).out.encode()

    def has(self, digest: str) -> bool:
        return digest in self("content", "list", "--quiet").out

    def forget(self, *names: str) -> None:
        """Remove images, and their content with them."""
        self("images", "remove", "--sync", *names)
