"""`larder status` and /larder/v1/status: of a store, of who serves it, of another larder."""

from __future__ import annotations

import fcntl
import json
import time

from hub import build, client
from hub.push import Pusher

from .asking import run, store_of
from .helpers import Download, ask, blob_path, wait_until
from .test_auth import ANN, guarded, users  # noqa: F401
from .test_tls import certificate, config_of  # noqa: F401


def status(*args: object, **options) -> dict:
    done = run("status", "--json", *args, **options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def of(made) -> dict:
    return status("--server", made.url)["server"]["status"]


def test_a_store_that_nobody_serves(hub, larder):
    image = hub.add(build("a"), "library/a", "1")
    made = larder()
    assert client.pull(made.url, "library/a", "1").ok
    Pusher(made.url)
    made.stop()
    (made.root / "larder/partial/sha256-x").write_bytes(b"12345")
    found = status(*store_of(made))
    assert found["server"] is None and found["version"]
    store = found["store"]
    assert store["root"] == str(made.root) and store["inUse"] is False
    assert store["images"] == 1 and store["uniqueBytes"] > len(image.root.data)
    assert store["partials"] == {"count": 1, "bytes": 5}
    assert store["uploads"] == {"count": 0, "bytes": 0}
    assert 0 < store["disk"]["freeBytes"] <= store["disk"]["sizeBytes"]
    text = run("status", *store_of(made)).stdout
    assert str(made.root) in text and "no larder has it open" in text and "images     1" in text
    assert status("--quick", *store_of(made))["store"]["images"] is None


def test_what_has_been_going_on(hub, larder, clock):
    hub.add(build("a"), "library/a", "1")
    made = larder(env=clock.env)
    began = of(made)
    assert began["hitRate"] is None and began["started"] and began["active"] == 1
    for _ in range(2):
        assert client.pull(made.url, "library/a", "1").ok
    ask(made, "/v2/library/none/manifests/1")
    found = of(made)
    asked = found["requests"]
    assert asked["miss"] > 0 and asked["hit"] > 0 and asked["error"] == 1
    assert asked["failed"] == 0 and 0.3 < found["hitRate"] < 1
    assert found["savedBytes"] > 0 and found["savedRequests"] > 0
    assert found["sentBytes"] > found["fetchedBytes"] / 2 > 0
    [site] = found["upstreams"]
    assert site["host"] == "docker.io" and site["url"] == hub.url and site["trouble"] is False
    assert site["quota"]["limit"] == 1_000_000 and site["requests"] > 0
    clock.advance(3600)
    hub.fault("any", "refused")
    assert ask(made, "/v2/library/a/manifests/1").status == 200
    found = of(made)
    assert found["upstreams"][0]["trouble"] is True and found["requests"]["stale"] == 1
    text = run("status", "--server", made.url).stdout
    assert "in trouble" in text and "pulls left" in text and "hit rate" in text


def test_of_the_larder_that_serves_the_store(hub, larder):
    made = larder()
    found = status(*store_of(made), "--addr", made.host)
    assert found["store"]["inUse"] is True
    assert found["server"]["url"] == made.url and found["server"]["status"]["version"]
    assert found["server"]["error"] is None
    assert "in use by a larder" in run("status", *store_of(made), "--addr", made.host).stdout
    # Behind a proxy that is for elsewhere.
    env = {"http_proxy": "http://127.0.0.1:1"}
    assert status(*store_of(made), "--addr", made.host, env=env)["server"]["status"]
    # A port that the kernel chose is not known.
    assert status(*store_of(made), "--addr", "127.0.0.1:0")["server"] is None


def test_somebody_else_has_it_open(hub, larder):
    made = larder()
    made.stop()
    with open(made.root / "larder/lock", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        found = status(*store_of(made), "--addr", "127.0.0.1:1")
        assert found["store"]["inUse"] is True and found["server"]["status"] is None
        assert "refused" in found["server"]["error"]
        assert "no answer" in run("status", *store_of(made), "--addr", "127.0.0.1:1").stdout


def test_under_way(hub, larder):
    image = hub.add(build("a", layer_size=200_000), "library/a", "1")
    layer = image.layers()[-1]
    made = larder()
    gate = hub.hold("cdn", layer.digest[7:], after_bytes=100_000)
    download = Download(made, blob_path("library/a", layer.digest))
    gate.wait()
    found = of(made)
    assert found["flights"] == 1 and found["partials"]["count"] == 1 and found["active"] == 2
    gate.release()
    download.wait_end()
    wait_until(lambda: of(made)["flights"] == 0, "the download has ended")


def test_ready(larders, hub, certificate):
    made = larders()
    done = run("status", "--ready", "--addr", made.host)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ready\n", "")
    assert run("status", "--ready", "--server", made.url).stdout == "ready\n"
    address = made.host
    made.stop()
    began = time.monotonic()
    done = run("status", "--ready", "--addr", address)
    assert done.returncode == 1 and done.stdout == "unready\n" and "refused" in done.stderr
    # One that takes the connection and says nothing.
    hub.fault("any", "hang")
    done = run("status", "--ready", "--server", hub.url)
    assert done.returncode == 1 and done.stdout == "unready\n"
    assert time.monotonic() - began < 10
    made = larders(config=config_of(certificate))
    url = made.url.replace("http:", "https:")
    assert run("status", "--ready", "--server", url).returncode == 1
    env = {"LARDER_CA": f"{certificate}/server.pem"}
    assert run("status", "--ready", "--server", url, env=env).stdout == "ready\n"


def test_who_may(guarded):
    made = guarded("ann team/** pull")
    assert ask(made, "/larder/v1/status").status == 401
    assert ask(made, "/larder/v1/status", headers=ANN).status == 200
    assert run("status", "--server", made.url).returncode == 1
    assert run("status", "--ready", "--server", made.url).returncode == 0


def test_wrong_use(scratch):
    for args in (["more"], ["--server", "x"], ["--ready", "--addr", "127.0.0.1:0"],
                 ["--nonsense"]):
        assert run("status", "--root", scratch / "none", *args).returncode == 100, args
    done = run("status", "--root", scratch / "none")
    assert done.returncode == 1 and "no store" in done.stderr and done.stdout == ""
