"""The eleven base images into an empty store, beside the same bytes fetched by curl, all URLs
at once."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

from context import LINK, MIB, Bench, settle
from servers import LARDER, Hub

from hub import eleven  # the path to tests is set by context

PLATFORM = "linux/amd64"


def _urls(base: str, layer_bytes: int) -> list[str]:
    """All that larder asks for, each once."""
    found: dict[str, None] = {}
    for one in eleven(layer_bytes):
        manifest = one.image.manifest(PLATFORM)
        at = f"{base}/v2/{one.repository}"
        found[f"{at}/manifests/{one.image.digest}"] = None
        found[f"{at}/manifests/{manifest.digest}"] = None
        for blob in (one.image.config(PLATFORM), *one.image.layers(PLATFORM)):
            if not any(url.endswith(blob.digest) for url in found):
                found[f"{at}/blobs/{blob.digest}"] = None
    return list(found)


def _curl(urls: list[str], into: Path) -> float | None:
    """Into files, as a script that pre-pulls by hand would."""
    into.mkdir()
    config = into / "config"
    config.write_text("".join(f'url = "{url}"\noutput = "{into}/{n}"\n'
                              for n, url in enumerate(urls)))
    began = time.monotonic()
    done = subprocess.run(
        ["curl", "-sSfL", "--parallel", "--parallel-max", "16", "-H",
         "Accept: application/vnd.oci.image.index.v1+json, */*", "--config", str(config)],
        capture_output=True, text=True, timeout=300, check=False)
    took = (time.monotonic() - began) * 1000
    shutil.rmtree(into)
    return took if done.returncode == 0 else None


def _larder(hub: Hub, into: Path) -> float | None:
    env = {key: value for key, value in os.environ.items()
           if not key.startswith(("LARDER_", "REGISTRY_", "DOCKER_"))
           and not key.lower().endswith("_proxy")}
    env.update(LARDER_UPSTREAMS_DOCKER_IO_URL=hub.url, LARDER_UPSTREAMS_GCR_IO_URL=hub.url)
    began = time.monotonic()
    done = subprocess.run(
        [LARDER, "pull", "--quiet", "--root", str(into), "--file",
         str(Path(__file__).resolve().parents[1] / "base-images.txt")],
        capture_output=True, text=True, timeout=300, check=False, env=env)
    took = (time.monotonic() - began) * 1000
    shutil.rmtree(into)
    return took if done.returncode == 0 else None


def one(bench: Bench) -> None:
    layer_bytes = (1 if bench.quick else 8) * MIB
    hub = Hub([], bench.scratch / "layers", "--images", "eleven", "--layer-bytes",
              str(layer_bytes), "--set", 'auth="none"').start()
    urls = _urls(hub.url, layer_bytes)
    for link in (LINK, None):
        hub.bandwidth(link)
        named = "100 MB/s" if link else "unlimited"
        row = bench.row("prepull", f"eleven images, {layer_bytes >> 20} MiB layers, link "
                        f"{named}", "ms", "curl")
        settle()
        row.add("curl", _curl(urls, bench.place("curl")))
        settle()
        row.add("larder", _larder(hub, bench.place("store")))
    hub.stop()
