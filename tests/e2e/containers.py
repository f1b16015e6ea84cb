"""The clients without a daemon: podman, buildah and skopeo, on storage of their own."""

from __future__ import annotations

import json
from pathlib import Path

from .procs import Done, Running, environment, need, need_root_mount, run, start


class Containers:
    """All three read one registries.conf: every registry in `mirrored` is asked of larder,
    under its host name as a path prefix, before itself."""

    def __init__(self, directory: Path, larder: str, mirrored: list[str],
                 proxy: str) -> None:
        self.directory = directory
        settings = directory / ".config/containers"
        settings.mkdir(parents=True)
        (directory / "xdg").mkdir(mode=0o700)
        (settings / "policy.json").write_text(
            json.dumps({"default": [{"type": "insecureAcceptAnything"}]}))
        (settings / "storage.conf").write_text(
            f'[storage]\ndriver = "overlay"\ngraphroot = "{directory}/storage"\n'
            f'runroot = "{directory}/run"\n')
        registries = settings / "registries.conf"
        registries.write_text("unqualified-search-registries = []\n" + "".join(
            f'[[registry]]\nprefix = "{host}"\nlocation = "{host}"\n'
            f'[[registry.mirror]]\nlocation = "{larder}/{host}"\ninsecure = true\n'
            for host in mirrored))
        self.env = environment(
            directory, proxy, CONTAINERS_REGISTRIES_CONF=str(registries),
            CONTAINERS_STORAGE_CONF=str(settings / "storage.conf"),
            XDG_RUNTIME_DIR=str(directory / "xdg"))

    def podman(self, *words: str, check: bool = True, timeout: float = 60) -> Done:
        return run(self._podman(words), self.env, check=check, timeout=timeout)

    def _podman(self, words: tuple[str, ...]) -> list[str]:
        need("podman")
        need_root_mount()
        return ["podman", "--tmpdir", f"{self.directory}/libpod", "--cgroup-manager",
                "cgroupfs", "--events-backend", "none", *words]

    def start_podman(self, *words: str) -> Running:
        """A command that goes on while the test does something else."""
        return start(self._podman(words), self.env)

    def buildah(self, *words: str, cwd: Path | None = None, check: bool = True,
                timeout: float = 60) -> Done:
        need("buildah")
        need_root_mount()
        return run(["buildah", *words], self.env, cwd=cwd, check=check, timeout=timeout)

    def skopeo(self, *words: str, check: bool = True, timeout: float = 60) -> Done:
        need("skopeo", root=False)
        return run(["skopeo", *words], self.env, check=check, timeout=timeout)

    def start_skopeo(self, *words: str) -> Running:
        need("skopeo", root=False)
        return start(["skopeo", *words], self.env)

    def image(self, name: str) -> dict:
        """What `podman image inspect` says of it."""
        return json.loads(self.podman("image", "inspect", name).out)[0]

    def forget(self, *names: str) -> None:
        """Remove images, so that the next pull starts from nothing."""
        self.podman("image", "rm", "--force", *names)
