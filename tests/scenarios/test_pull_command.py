"""`larder pull`: images into the store, and what is said of them."""

from __future__ import annotations

import json
import re
import signal
import socket

import pytest

from harness import Command
from hub import build, client, eleven

from .test_auth import guarded, users  # noqa: F401
from .test_list import docker_config
from .helpers import (MIB, assert_pulled, check_store, leftovers, stored_digests,
                      wait_until)


@pytest.fixture
def command(scratch, hub):
    """command(...) runs larder with the hub as docker.io and a store of its own."""
    return Command(scratch / "root", {"docker.io": hub.url})


def results(done) -> dict[str, str]:
    """What --json says became of each image."""
    return {row["image"]: row["result"] for row in done.rows() if "image" in row}


def total(done) -> dict:
    return done.rows()[-1]


@pytest.fixture
def image(hub):
    return hub.add(build("library/thing", "1"), "library/thing", "1")


# --- into the store -------------------------------------------------------------------

@pytest.mark.concurrent
def test_the_eleven_are_fetched_once(hub, hubs, larders, scratch):
    gcr = hubs()
    images = hub.add_all(eleven(host="docker.io"))
    kaniko = gcr.add_all(eleven(host="gcr.io"))
    command = Command(scratch / "root", {"docker.io": hub.url, "gcr.io": gcr.url})
    names = [f"{one.repository.removeprefix('library/')}:{one.tag}" for one in images]
    listed = scratch / "base-images.txt"
    listed.write_text("# ours\n" + "\n".join(names)
                      + "\ngcr.io/kaniko-project/executor:v1.23.0\n" + names[0] + "\n")
    done = command("pull", "--json", "--file", str(listed))
    assert done.status == 0, done
    assert set(results(done).values()) == {"new"} and len(results(done)) == 11
    gets = [entry.path for entry in hub.requests(kind="manifest_get", status=200)]
    assert len(gets) == len(set(gets)) == total(done)["pullsSpent"]
    blobs = [entry.path for entry in hub.requests(kind="cdn")]
    assert len(blobs) == len(set(blobs))
    assert {row["digest"] for row in done.rows() if "image" in row} \
        == {one.image.digest for one in [*images, *kaniko]}
    check_store(command.root)
    assert not leftovers(command.root)

    spent = hub.quota_spent
    again = command("pull", "--json", "--file", str(listed))
    assert again.status == 0 and set(results(again).values()) == {"current"}
    assert hub.quota_spent == spent and total(again)["pullsSpent"] == 0
    assert len(list(hub.requests(kind="cdn"))) == len(blobs)

    # whoever pulls them now has them from here, whatever the hub does
    hub.fault("any", "refused")
    made = larders({"docker.io": hub.url}, root=command.root)
    for one in images:
        assert_pulled(client.pull(made.url, one.repository, one.tag), one.image)


def test_the_list_here_is_the_default(command, scratch, image):
    (scratch / "base-images.txt").write_text("thing:${VERSION:-1}\n")
    assert results(command("pull", "--json")) == {"thing:1": "new"}
    done = command("pull", "--json", env={"VERSION": "2"})
    assert done.status == 1 and results(done) == {"thing:2": "failed"}


def test_a_list_from_standard_input(command, image):
    done = command("pull", "--json", "--file", "-", input="thing:1\n\nthing:1 # twice\n")
    assert done.status == 0 and results(done) == {"thing:1": "new"}


def test_the_table(command, image):
    done = command("pull", "thing:1", "nothing")
    assert done.status == 2
    lines = done.out.splitlines()
    assert lines[0].split() == ["IMAGE", "RESULT", "DIGEST"]
    assert lines[1].split()[:3] == ["thing:1", "new", image.digest[:19]]
    assert lines[2].startswith("nothing:latest") and "docker.io: HEAD manifest" in lines[2]
    assert lines[3].startswith("2 images: 1 new, 1 failed; ")
    assert "thing:1: new, " in done.err and "nothing:latest: failed: " in done.err
    assert not command("pull", "--quiet", "thing:1").err


def test_a_tag_that_moved(hub, command, image):
    command("pull", "thing:1")
    moved = build("library/thing", "1b")
    hub.move_tag("library/thing", "1", moved)
    done = command("pull", "--json", "thing:1")
    row = done.rows()[0]
    assert (row["result"], row["before"], row["digest"]) \
        == ("moved", image.digest, moved.digest)
    table = command("pull", "thing:1").out
    assert " current " in table


def test_by_digest(hub, command, image):
    name = f"thing@{image.digest}"
    assert results(command("pull", "--json", name)) == {name: "new"}
    hub.fault("any", "refused")
    assert results(command("pull", "--json", name)) == {name: "current"}


def test_what_was_lost_is_fetched_again(hub, command, image):
    command("pull", "thing:1")
    blob = image.layers()[0].digest
    path = command.root / f"docker/registry/v2/blobs/sha256/{blob[7:9]}/{blob[7:]}/data"
    path.unlink()
    assert results(command("pull", "--json", "--check", "thing:1")) == {"thing:1": "new"}
    assert not path.exists()
    assert results(command("pull", "--json", "thing:1")) == {"thing:1": "new"}
    assert path.exists() and hub.quota_spent == 2


# --- platforms ------------------------------------------------------------------------

def test_platforms(hub, command):
    image = hub.add(build("library/multi", "1", platforms=(
        "linux/amd64", "linux/arm64", "linux/arm/v7"), attestations=True),
        "library/multi", "1")

    def here() -> set[str]:
        return {platform for platform in image.platforms
                if {b.digest for b in image.layers(platform)} <= stored_digests(command.root)}

    def pull(*more: str):
        done = command("pull", "multi:1", *more)
        assert done.status == 0, done
        return here()

    assert pull("--platform", "linux/arm64") == {"linux/arm64"}
    assert pull("--platform=linux/arm/v7,linux/amd64") == set(image.platforms)
    attested = stored_digests(command.root)
    assert pull("--platform", "all") == set(image.platforms)
    assert stored_digests(command.root) == attested, "what is about them came with them"
    done = command("pull", "multi:1", "--platform", "linux/s390x")
    assert done.status == 1 and "linux/amd64, linux/arm64, linux/arm/v7" in done.out
    done = command("pull", "--json", "--file", "-",
                   input="--platform=linux/arm64 multi:1\n--platform=plan9/mips multi:1\n")
    assert done.status == 2, done


# --- looking only ---------------------------------------------------------------------

def test_check_costs_nothing_and_changes_nothing(hub, command, image):
    assert results(command("pull", "--json", "--check", "thing:1")) == {"thing:1": "new"}
    assert not stored_digests(command.root)
    command("pull", "thing:1")
    spent = hub.quota_spent
    assert results(command("pull", "--json", "--check", "thing:1")) == {"thing:1": "current"}
    hub.move_tag("library/thing", "1", build("library/thing", "1b"))
    assert results(command("pull", "--json", "--check", "thing:1")) == {"thing:1": "moved"}
    assert "nothing was changed" in command("pull", "--check", "thing:1").out
    assert hub.quota_spent == spent


# --- what goes wrong ------------------------------------------------------------------

def test_one_bad_among_good(hub, hubs, scratch, image):
    gone = hubs()
    gone.fault("any", "refused")
    command = Command(scratch / "root", {"docker.io": hub.url, "quay.io": gone.url})
    done = command("pull", "--json", "thing:1", "quay.io/a/b:1", "Thing:1", "un.known/a:1",
                   "library/thing:9")
    said = {row["image"]: row.get("error", "") for row in done.rows() if "image" in row}
    assert done.status == 2 and results(done)["thing:1"] == "new"
    assert "refused" in said["quay.io/a/b:1"], said
    assert '"Thing:1" is no image' in said["Thing:1"]
    assert "un.known is not configured; add it below larder.upstreams" in said["un.known/a:1"]
    assert "library/thing:9" in said["library/thing:9"]


def test_a_copy_whose_upstream_is_down(hub, command, image):
    command("pull", "thing:1")
    hub.fault("any", "refused")
    done = command("pull", "--json", "thing:1")
    assert done.status == 0 and results(done) == {"thing:1": "stale"}
    assert "refused" in done.rows()[0]["error"]
    done = command("update", "--json", "thing:1")
    assert done.status == 1 and results(done) == {"thing:1": "stale"}


def test_the_quota_is_gone(hub, command, image):
    other = hub.add(build("library/other", "1"), "library/other", "1")
    command("pull", "thing:1")
    hub.set_quota(100, used=100)
    done = command("pull", "--json", "thing:1", "other:1")
    assert done.status == 2 and total(done)["pullsLeft"] == 0
    assert results(done) == {"thing:1": "current", "other:1": "failed"}
    for said in ("the pull quota is used up", "100 pulls in 6 h", "log in for a larger one",
                 "or wait; what is cached is not affected"):
        assert said in done.rows()[1]["error"], done
    assert hub.count(kind="manifest_get", status=429) == 0
    assert other.digest not in stored_digests(command.root)


@pytest.mark.faults
def test_the_disk_is_full(command, hub):
    big = hub.add(build("library/big", "1", layer_size=12 * MIB, platforms=("linux/amd64",)),
                  "library/big", "1")
    done = command("pull", "--json", "big:1", timeout=20,
                   env={"LARDER_FAULTS": "store.partial:1+=ENOSPC"})
    assert done.status == 1 and "disk of the store is full" in done.rows()[0]["error"], done
    assert not stored_digests(command.root) & {b.digest for b in big.layers()}
    assert command("pull", "big:1").status == 0
    check_store(command.root)


@pytest.mark.concurrent
def test_interrupted_and_run_again(command, hub):
    big = hub.add(build("library/big", "1", layer_size=8 * MIB, platforms=("linux/amd64",)),
                  "library/big", "1")
    layer = max(big.layers(), key=lambda blob: blob.size)
    gate = hub.hold("cdn", path=layer.digest[7:], after_bytes=5 * MIB)
    process = command.start("pull", "--json", "big:1")
    gate.wait_held()
    part = command.root / f"larder/partial/sha256-{layer.digest[7:]}"
    wait_until(lambda: part.exists() and part.stat().st_size >= 4 * MIB, "a part on disk")
    process.send_signal(signal.SIGINT)
    done = command.end(process, timeout=10)
    assert done.status == 1 and results(done) == {"big:1": "failed"}, done
    assert "the next run goes on with it" in done.err
    assert layer.digest not in stored_digests(command.root)
    gate.release()
    sent = hub.bytes_sent
    done = command("pull", "--json", "big:1")
    assert done.status == 0 and results(done) == {"big:1": "new"}
    assert hub.bytes_sent - sent < 5 * MIB
    assert any("bytes=" in (entry.header("range") or "") for entry in hub.requests(kind="cdn"))
    check_store(command.root)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_while_an_engine_says_nothing(command, scratch, number):
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(scratch / "engine.sock"))
        silent.listen()
        silent.settimeout(10)
        process = command.start("pull", "--to", f"docker:{scratch}/engine.sock", "thing:1")
        with silent.accept()[0] as asks:
            assert asks.recv(100).startswith(b"GET /version")
            process.send_signal(number)
            assert command.end(process, timeout=10).status == -number


@pytest.mark.faults
def test_no_thread_to_be_had(command, image):
    done = command("pull", "--json", "thing:1", env={"LARDER_FAULTS": "pool.thread:1+=EMFILE"},
                   timeout=20)
    assert done.status == 1 and "cannot start a thread" in done.rows()[0]["error"], done


def test_a_long_list_that_is_all_wrong(command, scratch):
    (scratch / "list").write_text("not an image at all, but one of the many words\n" * 900)
    done = command("pull", "--file", str(scratch / "list"))
    assert done.status == 1 and done.err.count("failed") == 900
    assert "900 images: 900 failed" in done.out


def test_no_text_steers_the_terminal(command, hub, image, scratch):
    evil = "\x1b[2J\x9b31m\x07"
    (scratch / "list").write_text(f"bad{evil}image\n")
    hub.fault("manifest_head", "wrong_digest_header", value="sha256:\x1b[2J")
    done = command("pull", "thing:1", "x" + evil, "--file", str(scratch / "list"))
    assert done.status != 0 and "?[2J" in done.out, done
    assert not set(done.out + done.err) & set("\x1b\x9b\x07"), done


@pytest.mark.concurrent
def test_two_at_once_beside_a_server(command, hub, larder):
    images = [hub.add(build(f"library/t{n}", "1"), f"library/t{n}", "1") for n in range(6)]
    made = larder(root=command.root)
    running = [command.start("pull", "--quiet", "--json", *(f"t{n}:1" for n in range(6)))
               for _ in range(2)]
    for n in range(6):
        assert_pulled(client.pull(made.url, f"library/t{n}", "1"), images[n])
    assert [command.end(one).status for one in running] == [0, 0]
    check_store(command.root)


@pytest.mark.parametrize("fate", ["ends", "dies"])
def test_two_processes_share_a_download(command, hub, fate):
    """The second waits for the first as long as that gets on; of what it leaves behind
    nothing is fetched again."""
    big = hub.add(build("library/big", "1", layer_size=8 * MIB, platforms=("linux/amd64",)),
                  "library/big", "1")
    layer = max(big.layers(), key=lambda blob: blob.size)
    gate = hub.hold("cdn", path=layer.digest[7:], after_bytes=5 * MIB, count=1)
    first = command.start("pull", "--json", "big:1")
    gate.wait_held()
    part = command.root / f"larder/partial/sha256-{layer.digest[7:]}"
    wait_until(lambda: part.exists() and part.stat().st_size >= 4 * MIB, "a part on disk")
    second = command.start("pull", "--json", "big:1")
    wait_until(lambda: hub.count(kind="manifest_head") == 2, "the second has begun")
    sent = hub.bytes_sent
    if fate == "dies":
        first.kill()
        first.wait()
    gate.release()
    done = command.end(second)
    assert done.status == 0 and results(done)["big:1"] in ("new", "current"), done
    if fate == "ends":
        assert command.end(first).status == 0
    assert hub.count(kind="cdn", path=layer.digest[7:]) == (1 if fate == "ends" else 2)
    assert hub.bytes_sent - sent < 5 * MIB
    check_store(command.root)
    assert not leftovers(command.root)


@pytest.mark.parametrize("words, said", [
    (["--fiel", "x"], "did you mean --file"),
    (["--to", "store", "--via", "http://127.0.0.1:1", "a"], "one of them"),
    (["--at-once", "0", "a"], "no number from 1 to 32"),
    (["--platform", "linux", "a"], "--platform: 'linux' is no platform"),
    (["--username", "me", "a"], "--username needs --password-stdin or --password-file"),
    (["--password-stdin", "a"], "needs a user name"),
    ([], "no images"),
])
def test_wrong_use(command, words, said):
    done = command("pull", *words)
    assert done.status == 100 and said in done.err, done
    assert not done.out


def test_a_list_that_is_not_there(command):
    done = command("pull", "--file", "/nowhere/list")
    assert done.status == 1 and "/nowhere/list" in done.err and "No such file" in done.err


def test_help(command):
    done = command("help", "pul")
    assert done.status == 100 and 'did you mean "pull"' in done.err, done
    done = command("nonsense")
    assert done.status == 100 and "`larder help` lists them" in done.err, done
    for word in ("pull", "update", "list", "status", "doctor", "setup", "serve"):
        done = command(word, "--help")
        assert done.status == 0 and not re.search(r"^ .{2,24}[A-Z]{3}[A-Z][a-z]", done.out, re.M)
    done = command("help", "pull")
    assert done.status == 0 and "usage: larder pull" in done.out and "--root" in done.out


# --- credentials ----------------------------------------------------------------------

@pytest.mark.parametrize("how", ["stdin", "file", "variables", "config.json"])
def test_credentials(hubs, scratch, how):
    hub = hubs(users={"baker": "s3cret"}, private={"library/dough": {"baker"}})
    image = hub.add(build("library/dough", "1"), "library/dough", "1")
    command = Command(scratch / "root", {"docker.io": hub.url})
    words, env, given = [], {}, ""
    if how == "stdin":
        words, given = ["--username", "baker", "--password-stdin"], "s3cret\n"
    elif how == "file":
        (scratch / "token").write_text("s3cret\n")
        words = ["--username=baker", "--password-file", str(scratch / "token")]
    elif how == "variables":
        env = {"DOCKER_USERNAME": "baker", "DOCKER_PASSWORD": "s3cret"}
    else:
        (scratch / "home/.docker").mkdir()
        (scratch / "home/.docker/config.json").write_text(json.dumps({"auths": {
            "https://index.docker.io/v1/": {"username": "baker", "password": "s3cret"}}}))
        env = {"HOME": str(scratch / "home")}
    assert command("pull", "dough:1", env={"HOME": "/nonexistent"}).status == 1
    done = command("pull", "--json", *words, "dough:1", env=env, input=given)
    assert done.status == 0 and results(done) == {"dough:1": "new"}, done
    assert "s3cret" not in done.out + done.err
    assert image.digest in stored_digests(command.root)


def test_wrong_credentials_are_sent_once(hubs, scratch):
    """Docker Hub locks an account for ten minutes after some wrong passwords."""
    hub = hubs(users={"baker": "s3cret"}, lockout_after=2,
               private={f"library/dough{n}": {"baker"} for n in range(6)})
    for n in range(6):
        hub.add(build(f"library/dough{n}", "1"), f"library/dough{n}", "1")
    command = Command(scratch / "root", {"docker.io": hub.url})
    names = [f"dough{n}:1" for n in range(6)]
    done = command("pull", "--json", "--username", "baker", "--password-stdin", *names,
                   input="wr0ng\n")
    assert done.status == 1 and set(results(done).values()) == {"failed"}
    for row in done.rows()[:-1]:
        assert "refused the login of user baker: check the password" in row["error"], row
    assert "wr0ng" not in done.out + done.err
    assert sum(entry.header("authorization") is not None
               for entry in hub.requests(kind="token")) == 1
    assert command("pull", *names, env={"DOCKER_USERNAME": "baker",
                                        "DOCKER_PASSWORD": "s3cret"}).status == 0


# --- another larder -------------------------------------------------------------------

@pytest.mark.concurrent
def test_via_another_larder(hub, larder, command):
    image = hub.add(build("library/big", "1", layer_size=6 * MIB, attestations=True),
                    "library/big", "1")
    made = larder(root=command.root.parent / "site")
    done = command("pull", "--json", "--via", made.url, "big:1")
    assert done.status == 0 and results(done) == {"big:1": "done"}, done
    platform = "linux/amd64"
    wanted = {b.digest for b in image.layers(platform)} | {image.config(platform).digest}
    wait_until(lambda: wanted <= stored_digests(made.root), "the last is stored")
    assert not command.root.exists() or not stored_digests(command.root)
    assert made.metric("larder_http_sent_bytes_total") < MIB
    hub.fault("any", "refused")
    assert_pulled(client.pull(made.url, "library/big", "1"), image)
    done = command("pull", "--json", "--via", "127.0.0.1:1", "big:1")
    assert done.status == 1 and "127.0.0.1:1: " in done.rows()[0]["error"]


def test_via_one_that_asks_who_is_there(hub, guarded, command, image):
    made = guarded("ann ** pull", upstreams={"docker.io": hub.url})
    done = command("pull", "--json", "--via", made.url, "thing:1")
    assert done.status == 1 and "wants a user name" in done.rows()[0]["error"], done
    folder = command.root.parent / "docker"
    folder.mkdir()
    auth = docker_config(folder, made, "ann", "secret")
    done = command("pull", "--json", "--via", made.url, "thing:1", env=auth)
    assert done.status == 0 and results(done) == {"thing:1": "done"}, done
    wait_until(lambda: stored_digests(made.root), "it is there")
    for url in ("http://ann:secret@" + made.host, "ftp://x", "x y"):
        done = command("pull", "--via", url, "thing:1")
        assert done.status == 100 and "--via" in done.err and not done.out, done
