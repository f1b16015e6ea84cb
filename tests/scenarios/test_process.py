"""The process: starting, stopping, reading its settings again, and what it says about itself."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time

import pytest

from harness import larder_binary
from hub import build, client

from .helpers import MIB, Download, ask, blob_path, codes, wait_until

REPO = "library/thing"
SIZE = 6 * MIB


@pytest.fixture
def image(hub):
    return hub.add(build("thing", layer_size=SIZE), REPO, "1")


@pytest.fixture
def big(image):
    return image.layers()[-1]


@pytest.fixture
def held(hub, big):
    """start(larder): a download that has got 2 MiB and waits; .gate lets the rest go."""
    gate = hub.hold("cdn", big.digest[7:], after_bytes=2 * MIB)

    def start(larder) -> Download:
        made = Download(larder, blob_path(REPO, big.digest))
        made.wait_bytes(2 * MIB - 4096)
        made.gate = gate
        return made

    yield start
    gate.release()


def refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return False
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:            # it was in the queue of what was just closed
        return False


# --- stopping -----------------------------------------------------------------------------

@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_drains(larder, held, big, number):
    """What is in flight gets all of its bytes; nobody new comes in; the status is 0."""
    made = larder()
    download = held(made)
    made.signal(number)
    made.wait_log("serve.stopping")
    wait_until(lambda: refuses(made.port), "new connections are refused")
    assert made.process.poll() is None
    download.gate.release()
    assert download.wait_end().end == "complete" and download.digest == big.digest
    assert made.process.wait(10) == 0
    made.wait_log("serve.stopped")


def test_a_second_signal_ends_at_once(larder, held):
    made = larder()
    download = held(made)
    made.signal(signal.SIGTERM)
    made.wait_log("serve.stopping")
    wait_until(lambda: refuses(made.port), "it drains")
    began = time.monotonic()
    made.signal(signal.SIGTERM)
    assert made.process.wait(5) == 1 and time.monotonic() - began < 1
    assert download.wait_end().end in ("eof", "reset") and len(download.body) < SIZE
    made.kill()                             # only so that the fixture need not judge it
    again = larder()                        # what had come is still there
    download.gate.release()
    assert ask(again, "/healthz").status == 200


def test_draining_has_an_end(larder, held):
    made = larder(config="http:\n  draintimeout: 300ms\n")
    download = held(made)
    began = time.monotonic()
    made.signal(signal.SIGTERM)
    assert made.process.wait(10) == 0
    assert 0.3 <= time.monotonic() - began < 3
    made.wait_log("serve.drain_ended")
    assert download.wait_end().end in ("eof", "reset") and len(download.body) < SIZE


def test_idle_connections_do_not_hold_up_a_stop(larder):
    made = larder()
    idle = [socket.create_connection(("127.0.0.1", made.port)) for _ in range(50)]
    idle[0].sendall(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n")
    began = time.monotonic()
    assert made.stop() == 0 and time.monotonic() - began < 2
    for one in idle:
        one.close()


# --- reading the settings again -----------------------------------------------------------

def reread(made, **changes) -> None:
    """Write the config file with these fields of the harness changed, and SIGHUP."""
    for name, value in changes.items():
        setattr(made, name, value)
    path = made.root.parent / (made.root.name + ".config.yml")
    path.write_text(made.config_text())
    said = sum("settings.reloaded" in line for line in made.log)
    made.signal(signal.SIGHUP)
    made.wait_log("settings.reloaded", n=said + 1)


def test_sighup_rereads(hub, hubs, larder, image):
    """Freshness, upstreams and the log level, while a connection stays open."""
    other = hubs()
    other.add(build("elsewhere"), "team/elsewhere", "1")
    made = larder()
    assert ask(made, f"/v2/{REPO}/manifests/1").status == 200
    heads = hub.count(kind="manifest_head", status=200)
    assert ask(made, f"/v2/{REPO}/manifests/1").status == 200
    assert hub.count(kind="manifest_head", status=200) == heads, "fresh for ten minutes"
    path = "/v2/team/elsewhere/manifests/1?ns=new.example"
    assert ask(made, path).status == 404
    reread(made, settings={"freshness": "always"},
           upstreams={**made.upstreams, "new.example": other.url},
           config="log:\n  level: debug\n")
    made.wait_log("settings.reloaded upstreams=2")
    assert ask(made, f"/v2/{REPO}/manifests/1").status == 200
    assert hub.count(kind="manifest_head", status=200) == heads + 1
    assert ask(made, path).status == 200 and other.requests()
    wait_until(lambda: any(" debug " in line for line in made.log), "it logs more")
    reread(made, upstreams={"docker.io": hub.url}, config="log:\n  level: info\n")
    made.wait_log("settings.reloaded upstreams=1")
    assert ask(made, path).status == 404


@pytest.mark.parametrize("broken", ["larder:\n  freshnes: 1m\n", "log:\n  level: loud\n",
                                    "\tno yaml", "version: [\n"])
def test_sighup_with_a_broken_config_keeps_the_old(larder, image, broken):
    made = larder()
    path = made.root.parent / (made.root.name + ".config.yml")
    whole = path.read_text()
    path.write_text(broken if "larder" in broken else whole + broken)
    made.signal(signal.SIGHUP)
    line = made.wait_log("settings.not_reloaded")
    assert path.name in line and "the old settings stay" in line
    assert ask(made, f"/v2/{REPO}/manifests/1").status == 200
    path.unlink()
    made.signal(signal.SIGHUP)
    made.wait_log("settings.not_reloaded", n=2)
    path.write_text(whole)
    made.signal(signal.SIGHUP)
    made.wait_log("settings.reloaded")


def test_sighup_says_what_needs_a_restart(larder):
    made = larder()
    reread(made, settings={"flights": 3}, config="http:\n  addr: 127.0.0.1:1\n")
    made.wait_log("larder.flights")


# --- not starting -------------------------------------------------------------------------

def run(*args: str, **env: str) -> subprocess.CompletedProcess:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LARDER_", "REGISTRY_"))}
    return subprocess.run([larder_binary(), "serve", *args], capture_output=True, text=True,
                          timeout=10, env={**kept, **env}, stdin=subprocess.DEVNULL)


def test_port_in_use(larder, scratch):
    made = larder()
    done = run("--addr", made.host, "--root", str(scratch / "other"))
    assert done.returncode == 1
    assert f"{made.host} is in use by another process" in done.stderr
    assert "--addr" in done.stderr and ask(made, "/healthz").status == 200


@pytest.mark.parametrize("args, env, words", [
    (["--no-such-flag"], {}, "no-such-flag"), (["--addr", "nonsense"], {}, "addr"),
    (["--addr", "127.0.0.1:99999"], {}, "99999"), ([], {"LARDER_FRESHNES": "1m"}, "LARDER_FRESHNES"),
    ([], {"LARDER_FRESHNESS": "soon"}, "soon"), (["--log-level", "loud"], {}, "loud"),
    ([], {"REGISTRY_PROXY_REMOTEURL": "ftp://x"}, "ftp"), (["a.yml", "b.yml"], {}, "b.yml")])
def test_wrong_settings(args, env, words, scratch):
    done = run("--root", str(scratch / "root"), *args, **env)
    assert done.returncode == 100, done
    assert done.stderr.startswith("larder serve: ") and words in done.stderr
    assert not (scratch / "root").exists() and not done.stdout


def test_habits_of_registry_2(scratch):
    """The entry point of its image: `serve FILE`, or a file alone; and its clean-up."""
    path = scratch / "config.yml"
    path.write_text("version: 0.1\nhttp:\n  addr: 127.0.0.1:0\nstorage:\n  filesystem:\n"
                    f"    rootdirectory: {scratch}/volume\nhealth:\n  storagedriver:\n"
                    "    enabled: true\nlog:\n  fields:\n    service: registry\n")
    env = {k: v for k, v in os.environ.items() if not k.startswith(("LARDER_", "REGISTRY_"))}
    for words in (["serve", str(path)], [str(path)]):
        process = subprocess.Popen([larder_binary(), *words], env=env, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        lines = []
        while not lines or "serve.listening" not in lines[-1]:
            lines.append(process.stderr.readline())
            assert lines[-1], lines
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0 and f"root={scratch}/volume" in lines[-1]
        assert not any(" warn " in line for line in lines), lines
    done = subprocess.run([larder_binary(), "garbage-collect", str(path)], capture_output=True,
                          text=True, timeout=10, env=env)
    assert done.returncode == 100 and "garbage-collect" in done.stderr
    done = subprocess.run([larder_binary(), str(scratch / "none.yml")], capture_output=True,
                          text=True, timeout=10, env=env)
    assert done.returncode in (1, 100) and "none.yml" in done.stderr


def test_a_config_file_that_is_not_there(scratch):
    done = run(str(scratch / "none.yml"))
    assert done.returncode == 1 and "none.yml" in done.stderr


def test_a_root_that_cannot_be(scratch):
    (scratch / "file").write_text("x")
    for root in (scratch / "file", scratch / "file/below", "/proc/nowhere/root"):
        done = run("--addr", "127.0.0.1:0", "--root", str(root))
        assert done.returncode == 1 and str(root) in done.stderr, done


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("mine", ["", "docker/registry/v2/blobs"])
def test_a_volume_of_another_user(scratch, mine):
    """As a container that is not root meets it: what to do is said, at the start."""
    scratch.chmod(0o755)
    root = scratch / "root"
    (root / mine).mkdir(parents=True)
    if mine:                                # chown without -R
        os.chown(root, 65534, 65534)
    try:
        done = subprocess.run([larder_binary(), "serve", "--addr", "127.0.0.1:0", "--root", root],
                              capture_output=True, text=True, timeout=10, user=65534, group=65534,
                              extra_groups=[], stdin=subprocess.DEVNULL,
                              env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"})
    except PermissionError:
        pytest.skip("another user cannot run the program here")
    assert done.returncode == 1 and "chown -R 65534:65534" in done.stderr, done
    assert f"store {root}" in done.stderr and mine in done.stderr
    assert not (root / "larder").exists()


# --- starting -----------------------------------------------------------------------------

@pytest.mark.parametrize("repositories", [0, pytest.param(20_000, marks=pytest.mark.waits)])
def test_first_answer(hub, larder, larders, scratch, repositories):
    """Whatever the store holds, and with the upstream gone."""
    for i in range(repositories):
        tag = scratch / f"root/docker/registry/v2/repositories/team{i % 100}/r{i}/_manifests" \
            / "tags/1/current"
        tag.mkdir(parents=True)
        (tag / "link").write_text("sha256:" + f"{i:064x}")
    url, figures = hub.url, []
    hub.fault("any", "refused")
    for _ in range(5):
        with socket.create_server(("127.0.0.1", 0)) as found:
            port = found.getsockname()[1]
        made = larders({"docker.io": url}, start=False, addr=f"127.0.0.1:{port}")
        began = time.monotonic()
        made.start()
        assert ask(made, "/v2/").status == 200
        figures.append(time.monotonic() - began)
        assert made.stop() == 0
    print(f"first answer with {repositories} repositories: "
          f"{min(figures) * 1000:.0f}-{max(figures) * 1000:.0f} ms")
    assert max(figures) <= 1


# --- what it says -------------------------------------------------------------------------

PASSWORD, TOKEN = "hunter2-secret", "bearer-secret"


@pytest.mark.parametrize("form", ["text", "json"])
def test_access_log(larder, image, big, form):
    """A line a request on standard output, without what authorises anybody."""
    made = larder(args=["--log-format", form, "--log-level", "debug"])
    secret = {"Authorization": f"Basic {PASSWORD}", "User-Agent": 'a "b"\\ \tc\x7f\xff'}
    pulled = 0
    for _ in range(2):
        result = client.pull(made.url, REPO, "1", user="u", password=PASSWORD)
        assert result.ok
        pulled += len(result.steps)
    wait_until(lambda: len(made.access) >= pulled, "the pulls' lines")
    paths = ["/v2/", f"/v2/{REPO}/manifests/1", f"/v2/{REPO}/manifests/none", "/nothing?a=%22b",
             f"/v2/{REPO}/blobs/x", "/v2/%0a/manifests/1", "/healthz", "/metrics", "/v2/a%00"]
    for path in paths:
        ask(made, path, headers=secret)
    ask(made, "/v2/", "PUT", headers={"Authorization": f"Bearer {TOKEN}", "Content-Length": "5"})
    wait_until(lambda: len(made.access) >= pulled + len(paths) + 1, "a line each")
    lines = made.access[pulled:]
    assert len(lines) == len(paths) + 1
    if form == "json":                      # the order is that of the connections' ends
        every = [json.loads(line) for line in lines]
        assert sorted(one["uri"] for one in every) == sorted([*paths, "/v2/"])
        assert sum(one["method"] == "GET" for one in every) == len(paths)
        assert all(isinstance(one["status"], int) and one["complete"] == "yes" for one in every)
    else:
        for path in paths:
            assert any(path in line or json.dumps(path)[1:-1] in line for line in lines), path
        assert all(" status=" in line and " outcome=" in line for line in lines)
    everything = "\n".join(made.access + made.log)
    for word in (PASSWORD, TOKEN, "Authorization", "authorization"):
        assert word not in everything
    if form == "json":
        for line in made.access + made.log:
            assert isinstance(json.loads(line), dict)


def test_metrics_parse(larder, image):
    """Every line is a comment or a sample; every family has its HELP and TYPE before."""
    made = larder()
    assert client.pull(made.url, REPO, "1").ok
    answer = ask(made, "/metrics")
    assert answer.header("content-type").startswith("text/plain; version=0.0.4")
    known = set()
    for line in answer.body.decode().splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert kind in ("counter", "gauge") and name not in known
            known.add(name)
        elif not line.startswith("# HELP "):
            assert line.split("{")[0].split(" ")[0] in known, line
            float(line.rsplit(" ", 1)[1])
    assert {name for name, _ in made.metrics()} == known, "the harness can read them all"
    assert {"larder_http_requests_total", "larder_upstream_received_bytes_total",
            "larder_disk_free_bytes"} <= known


def test_health(hub, larder):
    made = larder()
    assert (ask(made, "/healthz").body, ask(made, "/readyz").body) == (b"ok\n", b"ready\n")
    for path in ("/healthz", "/readyz", "/metrics"):
        assert ask(made, path, "HEAD").status == 200
        assert codes(ask(made, path, "POST")) == ["UNSUPPORTED"]
    assert not hub.requests()
