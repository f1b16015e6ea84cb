"""`larder list` and /larder/v1/images: what is there, who may see it, page by page."""

from __future__ import annotations

import base64
import http.server
import json
import sqlite3
import subprocess
import threading
import time

import pytest

from harness import larder_binary
from hub import build, client, images
from hub.push import Pusher

from .asking import blob_file, both, rows, run, store_of, tag_file
from .helpers import MIB, SANITIZED, ask, codes
from .test_auth import ANN, CI, basic, guarded, users  # noqa: F401

COMMON = images.layer({"common": b"c" * 5000}, gzip=False)


def pulled(made, *repos: str, tag: str = "1", style: str = "docker") -> None:
    for repo in repos:
        assert client.pull(made.url, repo, tag, style=style).ok


def size_here(image, platform: str = "linux/amd64") -> int:
    """Bytes of the index, one platform's manifest, and its blobs."""
    blobs = {image.config(platform).digest: image.config(platform).size,
             **{one.digest: one.size for one in image.layers(platform)}}
    return len(image.root.data) + len(image.manifest(platform).data) + sum(blobs.values())


def test_what_has_been_pulled(hub, larder):
    own = images.layer({"own": b"x" * 100})
    a = hub.add(build("a", layers=[COMMON, own]), "library/python", "3.11-slim")
    b = hub.add(build("b", layers=[COMMON]), "grafana/grafana", "1")
    made = larder()
    pulled(made, "library/python", tag="3.11-slim")
    pulled(made, "grafana/grafana")
    found = both(made)
    assert list(found) == ["grafana/grafana:1", "python:3.11-slim"]
    row = found["python:3.11-slim"]
    assert row["digest"] == a.digest and row["kind"] == "index" and row["state"] == "fresh"
    assert row["repository"] == "library/python" and row["reason"] == ""
    assert row["size"] == size_here(a) and row["shared"] == COMMON.blob.size
    assert row["platforms"] == [{"platform": "linux/amd64", "complete": True},
                                {"platform": "linux/arm64/v8", "complete": False}]
    assert row["platformCount"] == 2 and row["complete"] is False
    assert row["used"] and row["uses"] == 1 and row["stored"] and row["checked"]
    assert client.pull(made.url, "library/python", "3.11-slim", platform="linux/arm64/v8").ok
    assert both(made)["python:3.11-slim"]["complete"] is True
    table = run("list", *store_of(made), "--digests").stdout
    assert a.digest in table and "amd64,arm64/v8" in table and "amd64 (1/2)" in table
    assert table.splitlines()[0].split() == ["IMAGE", "DIGEST", "PLATFORMS", "SIZE", "SHARED",
                                             "USED", "STATE"]
    assert table.splitlines()[-1].startswith("2 images, ") and "on disk" in table
    assert b.digest in table


def test_patterns_and_order(hub, larder):
    for name, size in (("library/a", 5000), ("library/b", 60_000), ("team/c", 100)):
        hub.add(build(name, layer_size=size), name, "1")
    made = larder()
    pulled(made, "library/a", "library/b", "team/c")
    time.sleep(1.1)     # times are in seconds
    pulled(made, "team/c")
    for where in (store_of(made), ["--server", made.url]):
        def names(*args):
            done = run("list", *where, *args)
            assert done.returncode == 0, done.stderr
            return [line.split()[0] for line in done.stdout.splitlines()[1:-1]]
        assert names() == ["a:1", "b:1", "team/c:1"]
        assert names("--sort", "size") == ["b:1", "a:1", "team/c:1"]
        if where[0] == "--server":
            assert names("--sort", "used")[0] == "team/c:1"
        assert names("a*") == ["a:1"]
        assert names("docker.io/library/a", "team/*:1") == ["a:1", "team/c:1"]
        assert names("a:2") == []
        one = run("list", *where, "--json", "--sort", "size", "**").stdout.splitlines()
        assert [json.loads(line)["name"] for line in one] == ["b", "a", "team/c"]
    # Shared bytes are with all images, also those that are not shown.
    assert rows(*store_of(made), "a")["a:1"]["shared"] == both(made)["a:1"]["shared"]


def test_uses(hub, larder):
    """A pull of what one has already is a HEAD; a child's digest is not the tag's use."""
    image = hub.add(build("a"), "library/a", "1")
    hub.add(image, "library/a", "never")
    made = larder()
    path = "/v2/library/a/manifests/"
    assert ask(made, path + "1", "HEAD").status == 200
    assert ask(made, path + "1", "GET").status == 200
    assert ask(made, path + image.digest, "HEAD").status == 200
    assert ask(made, path + "never2", "HEAD").status == 404
    assert both(made)["a:1"]["uses"] == 2
    assert ask(made, path + "1", "HEAD").status == 200
    made.stop()
    assert rows(*store_of(made))["a:1"]["uses"] == 3
    made.start()
    ask(made, path + "1", "HEAD")
    assert both(made)["a:1"]["uses"] == 4


def test_a_damaged_database_is_begun_anew(hub, larder):
    hub.add(build("a"), "library/a", "1")
    made = larder()
    pulled(made, "library/a")
    made.stop()
    database = made.root / "larder/usage.db"
    database.write_bytes(b"junk" * 5000)
    made.start()
    pulled(made, "library/a")
    assert both(made)["a:1"]["uses"] == 1
    made.wait_log("usage.damaged")
    assert database.with_name("usage.db.damaged").exists()
    database.unlink()
    (database / "folder").mkdir(parents=True)
    for _ in range(2):
        pulled(made, "library/a")
        assert both(made)["a:1"]["used"] is None
    assert sum("usage.not_kept" in line for line in made.log) == 1


def test_states(hub, larders, clock):
    for name in ("library/a", "library/b", "library/pinned"):
        hub.add(build(name), name, "1")
    made = larders({"docker.io": hub.url}, env=clock.env, settings={
        "freshness": "10m", "local": ["team/**"],
        "tags": {"docker.io/library/pinned:*": "pinned"}})
    pulled(made, "library/a", "library/pinned")
    Pusher(made.url).image("team/x", "1", build("x"))

    def states():
        return {name: row["state"] for name, row in
                rows("--server", made.url, env=clock.env).items()}

    assert states() == {"a:1": "fresh", "pinned:1": "pinned", "team/x:1": "local"}
    clock.advance(3600)
    assert states()["a:1"] == "due"
    assert rows(*store_of(made), env=clock.env)["a:1"]["state"] == "due"
    with hub.fault("any", "refused"):
        pulled(made, "library/a")
        assert states() == {"a:1": "stale", "pinned:1": "pinned", "team/x:1": "local"}


def test_damage_is_a_row(registry_with, larders):
    made, images_ = registry_with
    root = made.root
    tag_file(root, "team/a", "1").write_text("")
    blob_file(root, images_["team/b"].layers()[1].digest).unlink()
    found = both(made)
    assert found["team/a:1"]["state"] == "damaged" and "torn" in found["team/a:1"]["reason"]
    assert found["team/b:1"]["state"] == "damaged"
    assert found["team/c:1"]["state"] == "local"
    done = run("list", *store_of(made))
    assert done.returncode == 0
    assert "team/a:1 is damaged: " in done.stdout and "team/b:1 is damaged" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("3 images")


@pytest.fixture
def registry_with(larders):
    """A local registry with three images, which share one layer."""
    made = larders()
    sent = {}
    for name in ("team/a", "team/b", "team/c"):
        sent[name] = build(name, layers=[COMMON, images.layer({name: name.encode() * 50})],
                           index=False)
        Pusher(made.url).image(name, "1", sent[name])
    return made, sent


# --- pages --------------------------------------------------------------------------------

def page(made, query: str = "", **options):
    answer = ask(made, "/larder/v1/images" + query, **options)
    assert answer.status == 200, answer.body
    return answer, [json.loads(line) for line in bytes(answer.body).decode().splitlines()]


def test_pages(registry_with):
    made, sent = registry_with
    for name in sent:
        Pusher(made.url).image(name, "2", sent[name])
    answer, whole = page(made)
    assert answer.header("content-type") == "application/x-ndjson"
    assert answer.header("link") is None and len(whole) == 6
    assert answer.header("larder-images") == "3"
    unique = {b.digest: b.size for i in sent.values() for b in i.blobs.values()}
    unique |= {i.digest: len(i.root.data) for i in sent.values()}
    assert int(answer.header("larder-unique-bytes")) == sum(unique.values())
    for n in (1, 2, 5):
        got, path = [], f"?n={n}"
        while path:
            answer, part = page(made, path)
            assert 0 < len(part) <= n
            got += part
            link = answer.header("link")
            path = link and link[link.index("?"):link.index(">")]
            assert not link or link.endswith('>; rel="next"')
        assert got == whole
    assert page(made, "?last=zzz:1")[1] == []
    assert len(page(made, "?last=team/b")[1]) == 2
    head = ask(made, "/larder/v1/images", "HEAD")
    assert head.status == 200 and not head.body


@pytest.mark.parametrize("query", ["?n=0", "?n=x", "?n=-1", "?n=", "?last=" + "x" * 2000])
def test_bad_pages(registry_with, query):
    made, _ = registry_with
    answer = ask(made, "/larder/v1/images" + query)
    assert answer.status == 400 and codes(answer) == ["UNSUPPORTED"]


def test_only_reading(registry_with):
    made, _ = registry_with
    for path in ("/larder/v1/images", "/larder/v1/status"):
        for method in ("POST", "PUT", "DELETE"):
            answer = ask(made, path, method)
            assert answer.status == 405 and answer.header("allow") == "GET, HEAD"
    assert ask(made, "/larder/v1/other").status == 404


def test_all(registry_with):
    made, sent = registry_with
    Pusher(made.url).image("team/a", None, build("lone", index=False))
    Pusher(made.url).image("team/b", "index", build("indexed"))
    assert len(both(made)) == 4
    found = both(made, "--all")
    assert len(found) == 5 and sum("@" in name for name in found) == 1


# --- who may --------------------------------------------------------------------------------

RULES = ("ann team/** pull", "ci ** all")


def docker_config(scratch, made, user: str, password: str) -> dict[str, str]:
    auth = base64.b64encode(f"{user}:{password}".encode()).decode()
    (scratch / "config.json").write_text(json.dumps({"auths": {made.host: {"auth": auth}}}))
    return {"DOCKER_CONFIG": str(scratch)}


def fill(made) -> None:
    for name in ("team/a", "secret/b"):
        Pusher(made.url, headers=CI).image(name, "1", build(
            name, layers=[COMMON, images.layer({name: b"x"})], index=False))


def test_only_what_one_may_pull(guarded, scratch):
    made = guarded(*RULES)
    fill(made)
    for path in ("/larder/v1/images", "/larder/v1/status"):
        assert ask(made, path).status == 401
        assert ask(made, path, headers=basic("ann", "wrong")).status == 401
    _, all_rows = page(made, headers=CI)
    answer, anns = page(made, headers=ANN)
    assert {row["name"] for row in all_rows} == {"secret/b", "team/a"}
    assert [row["name"] for row in anns] == ["team/a"]
    # Nor by what they share with the others, nor by counting.
    assert anns[0]["shared"] == 0 and answer.header("larder-images") == "1"
    assert all(row["shared"] == COMMON.blob.size for row in all_rows)
    assert page(made, "?n=1", headers=ANN)[0].header("link") is None
    assert page(made, "?last=secret/b:1&n=1", headers=CI)[1][0]["name"] == "team/a"


def test_the_command_logs_in(guarded, scratch):
    made = guarded(*RULES)
    fill(made)
    assert list(rows("--server", made.url, env=docker_config(scratch, made, "ann", "secret"))) \
        == ["team/a:1"]
    assert len(rows("--server", made.url, env=docker_config(scratch, made, "ci", "build"))) == 2
    for env in (None, docker_config(scratch, made, "ann", "wrong")):
        done = run("list", "--server", made.url, env=env)
        assert done.returncode == 1 and "larder list: " in done.stderr
        assert "secret" not in done.stderr and "wrong" not in done.stderr.replace("wrong user", "")


def test_who_has_a_name_sees_more(guarded, scratch):
    """Everybody may list; still the command says who it is."""
    made = guarded("anonymous team/** pull", "ci ** all")
    fill(made)
    assert list(rows("--server", made.url)) == ["team/a:1"]
    env = docker_config(scratch, made, "ci", "build")
    assert len(rows("--server", made.url, env=env)) == 2


# --- what goes wrong -----------------------------------------------------------------------

def test_wrong_use(scratch, hub):
    for args, says in ((["--sort", "age"], "none of name, size, used"), (["a b"], "pattern"),
                       (["--server", "127.0.0.1:5000"], "http"), (["--nonsense"], "unknown"),
                       (["--server", "ftp://x"], "http"),
                       (["--server", "http://u:p@x"], "docker login")):
        done = run("list", "--root", scratch / "none", *args)
        assert done.returncode == 100 and says in done.stderr, done.stderr
        assert done.stdout == ""
    done = run("list", "--root", scratch / "none")
    assert done.returncode == 1 and f"no store at {scratch}/none" in done.stderr
    assert not (scratch / "none").exists()
    done = run("list", "--root", scratch)
    assert done.returncode == 1 and "no store" in done.stderr
    assert not (scratch / "larder").exists()
    assert run("list", "--help").returncode == 0
    done = run("list", "--server", hub.url)
    assert done.returncode == 1 and hub.url in done.stderr
    done = run("list", "--server", "http://127.0.0.1:1")
    assert done.returncode == 1 and "refused" in done.stderr


@pytest.fixture
def server_of():
    """server_of({path: body}, link): the URL of one that answers so."""
    running = []

    def make(bodies: dict[str, bytes], link: str | None = None) -> str:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                if self.path != "/v2/" and link:
                    self.send_header("Link", link + '; rel="next"')
                body = bodies.get(self.path.partition("?")[0], b"{}")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        running.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield make
    for server in running:
        server.shutdown()
        server.server_close()


HUGE = 2 ** 63 - 1
STATUS = {"uptimeSeconds": HUGE, "version": "1", "savedBytes": HUGE, "sentBytes": -HUGE,
          "requests": {"hit": HUGE, "joined": HUGE, "stale": HUGE, "miss": HUGE}}
ROWS = 3 * (json.dumps({"name": "a", "state": "fresh", "size": HUGE}) + "\n")


def test_numbers_without_sense(server_of):
    url = server_of({"/larder/v1/status": json.dumps(STATUS).encode(),
                     "/larder/v1/images": ROWS.encode()})
    for word in ("list", "status"):
        done = run(word, "--server", url)
        assert done.returncode == 0 and "Sanitizer" not in done.stderr \
            and "runtime error" not in done.stderr, done


@pytest.mark.parametrize("body, link, says", [
    (b"no json\n", None, "no row"),
    (b"{}\n", None, "no row"),
    (b"x" * (5 * MIB), None, "more than"),
    (b"", "</larder/v1/images?last=x>", "empty page"),
    (b'{"name":"a","state":"fresh"}\n', "<http://elsewhere/>", "same host"),
], ids=["text", "other JSON", "much", "empty", "elsewhere"])
def test_a_server_that_is_none(server_of, body, link, says):
    done = run("list", "--server", server_of({"/larder/v1/images": body}, link))
    assert done.returncode == 1 and says in done.stderr, done.stderr


# --- large stores --------------------------------------------------------------------------

TAGS = 3_000


def test_many_tags(registry_with):
    """Thousands of tags and a year of uses: bounded memory, no wait at the start."""
    made, sent = registry_with
    ask(made, "/v2/team/a/manifests/1")
    made.stop()
    tags = tag_file(made.root, "team/a", "1").parents[2]
    for i in range(TAGS):
        (tags / f"t{i}").symlink_to("1")    # the cheapest way to have so many
    with sqlite3.connect(made.root / "larder/usage.db") as database:
        database.executemany("INSERT OR REPLACE INTO used VALUES('team/a', ?, 3, ?)",
                             ((f"t{i}", int(time.time() * 1000)) for i in range(TAGS)))
    database.close()
    made.start()
    assert made.ready_seconds < 1
    began = time.monotonic()
    bound = [] if SANITIZED else ["prlimit", f"--data={3 * MIB}"]
    local = rows(*store_of(made), prefix=bound)
    print(f"store: {time.monotonic() - began:.1f} s")
    answer, remote = page(made, "?n=500&last=team/a:t2")
    print(f"{TAGS} tags, store and a page: {time.monotonic() - began:.1f} s; "
          f"larder {made.memory()['RssAnon'] / MIB:.1f} MiB")
    assert len(local) == TAGS + 3 and len(remote) == 500 and answer.header("link")
    assert all(local[f"{row['name']}:{row['tag']}"] == row for row in remote)
    assert local["team/a:t2"]["uses"] == 3


@pytest.mark.concurrent
def test_many_ask_at_once_while_others_pull(hub, larder):
    hub.add(build("a"), "library/a", "1")
    made = larder()
    pulled(made, "library/a")
    asked = [subprocess.Popen([str(larder_binary()), "list", "--server", made.url, "--json"],
                              env={"HOME": "/nonexistent"}, stdout=subprocess.PIPE, text=True)
             for _ in range(8)]
    for result in client.pull_many(8, made.url, "library/a", "1"):
        assert result.ok
    for one in asked:
        out, _ = one.communicate(timeout=30)
        assert one.returncode == 0 and len(out.splitlines()) == 1
