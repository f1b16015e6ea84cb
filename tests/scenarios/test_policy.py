"""Policies while serving: what must be signed and is not goes out to nobody."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import Command, larder_binary
from hub import build, client
from hub.images import referrer
from hub.push import Pusher

from .helpers import answered, ask, assert_pulled, codes, message, wait_until
from .test_auth import ANN, CI, USERS
from .signing import Key, sign_at, signature_tag

REPO = "library/thing"
STYLES = ["docker", "containerd", "podman"]


@pytest.fixture
def key(scratch):
    return Key(scratch, "acme")


@pytest.fixture
def policy(scratch, key):
    """policy(*(images, mode)) writes the file; each policy accepts the key."""
    def write(*some: tuple[str, str], head: str = "") -> dict[str, str]:
        lines = [f"  - images: \"{images}\"\n    mode: {mode}\n" +
                 ("    keys: [acme.pub]\n" if mode != "off" else "") for images, mode in some]
        (scratch / "policy.yml").write_text(head + "policies:\n" + "".join(lines))
        return {"policy": str(scratch / "policy.yml")}
    return write


def get(made, image, tag="1", **more):
    return client.pull(made.url, REPO, tag, **more)


@pytest.mark.parametrize("style", STYLES)
def test_what_is_not_signed_is_refused(hub, larder, policy, key, style):
    good = hub.add(build("good"), REPO, "good")
    sign_at(hub, REPO, good, key)
    hub.add(build("bad"), REPO, "bad")
    made = larder(settings=policy(("docker.io/library/**", "require")))
    how = {"style": style, **({"ns": "docker.io"} if style == "containerd" else {})}
    assert_pulled(client.pull(made.url, REPO, "good", **how), good)
    refused = client.pull(made.url, REPO, "bad", **how)
    assert not refused.ok and refused.error_status == 403, refused.statuses
    answer = ask(made, f"/v2/{REPO}/manifests/bad")
    assert answer.status == 403 and codes(answer) == ["DENIED"]
    for word in ("thing:bad is not served", "docker.io/library/**", "acme.pub"):
        assert word in message(answer), message(answer)
    head = ask(made, f"/v2/{REPO}/manifests/bad", "HEAD")
    assert head.status == 403 and "is not served" in head.header("warning")
    bad = hub.registry.repositories[REPO].tags["bad"]
    assert ask(made, f"/v2/{REPO}/manifests/{bad}").status == 403
    assert made.metric("larder_policy_decisions_total", decision="refused") >= 3
    assert made.metric("larder_policy_decisions_total", decision="served") >= 1
    assert any("policy.refused" in line and "thing:bad" in line for line in made.log)


def test_other_signatures(hub, larder, policy, key, scratch):
    """By another key; over another image; and the right one for another image's tag."""
    images = {tag: hub.add(build(tag), REPO, tag) for tag in ("other", "copied", "none")}
    sign_at(hub, REPO, images["other"], Key(scratch, "somebody"))
    hub.add(key.sign(images["none"].digest), REPO, signature_tag(images["copied"].digest))
    made = larder(settings=policy(("**", "require")))
    for tag in images:
        assert get(made, None, tag).error_status == 403, tag
    said = message(ask(made, f"/v2/{REPO}/manifests/copied"))
    assert images["none"].digest[:20] in said or "another" in said, said


def test_a_warning(hub, larder, policy):
    image = hub.add(build("x"), REPO, "1")
    made = larder(settings=policy(("docker.io/**", "warn")))
    assert_pulled(get(made, image), image)
    answer = ask(made, f"/v2/{REPO}/manifests/1")
    assert answer.status == 200 and "acme.pub" in answer.header("warning")
    assert made.metric("larder_policy_decisions_total", decision="warned") >= 1
    assert sum("policy.warned" in line for line in made.log) <= 3      # not one a request


def test_the_first_that_matches(hub, larder, policy, clock):
    """By tag its own policy; by digest what some tag was let through with, or the
    strictest."""
    free, strict = (hub.add(build(v), REPO, v) for v in ("free", "strict"))
    made = larder(settings=policy(("docker.io/library/thing:free", "off"), ("**", "require")),
                  env=clock.env)
    assert ask(made, f"/v2/{REPO}/manifests/{free.digest}").status == 403
    assert_pulled(get(made, free, "free"), free)
    assert ask(made, f"/v2/{REPO}/manifests/{free.digest}").status == 200
    clock.advance(2 * 3600)
    assert ask(made, f"/v2/{REPO}/manifests/{free.digest}").status == 200
    assert get(made, strict, "strict").error_status == 403


@pytest.mark.parametrize("restart", [False, True])
def test_a_warning_beside_what_is_required(hub, larder, policy, restart):
    """What goes out by its tag, with a warning, goes out whole: platforms' manifests are
    asked for by digest."""
    image = hub.add(build("x"), REPO, "dev")
    evil = hub.add(build("evil"), REPO, "1")
    made = larder(settings=policy(("docker.io/library/thing:dev", "warn"), ("**", "require")))
    assert_pulled(get(made, image, "dev"), image)
    if restart:
        made.stop()
        made.start()
    for digest in (image.digest, image.manifest().digest):
        assert ask(made, f"/v2/{REPO}/manifests/{digest}").status == 200
    for what in ("1", evil.digest, evil.manifest().digest):
        assert ask(made, f"/v2/{REPO}/manifests/{what}").status == 403


def test_signed_later(hub, larder, policy, key, clock):
    image = hub.add(build("x"), REPO, "1")
    made = larder(settings=policy(("**", "require")), env=clock.env)
    assert get(made, image).error_status == 403
    hub.reset()
    with ThreadPoolExecutor(20) as pool:
        assert {r.error_status for r in pool.map(lambda _: get(made, image), range(60))} == {403}
    assert answered(hub) == 0                      # from memory
    sign_at(hub, REPO, image, key)
    assert get(made, image).error_status == 403    # still
    clock.advance(11)
    wait_until(lambda: get(made, image).ok, "the signature is seen")


def test_a_crowd_asks_once(hub, larder, policy, key):
    image = hub.add(build("x"), REPO, "1")
    sign_at(hub, REPO, image, key)
    made = larder(settings=policy(("**", "require")))
    assert all(r.ok for r in client.pull_many(32, made.url, REPO, "1"))
    assert answered(hub, kind="manifest_get_digest") == 3       # two, and the signature's
    assert answered(hub, path=signature_tag(image.digest), kind="manifest_head") == 1


def test_without_the_upstream(hub, larder, policy, key, clock):
    """What is here and was signed goes out, after a restart and hours, and its platform's
    manifest by digest alone, too."""
    image = hub.add(build("x"), REPO, "1")
    sign_at(hub, REPO, image, key)
    made = larder(settings=policy(("**", "require")), env=clock.env)
    assert_pulled(get(made, image), image)
    made.stop()
    with hub.fault("any", "refused"):
        made.start()
        platform = image.manifest().digest
        assert ask(made, f"/v2/{REPO}/manifests/{platform}").status == 200
        assert_pulled(get(made, image), image)
        clock.advance(3 * 3600)
        assert_pulled(get(made, image), image)


def test_signatures_that_cannot_be_had(hub, larder, policy, key, clock):
    """Closed: nobody knows whether it is signed."""
    image = hub.add(build("x"), REPO, "1")
    sign_at(hub, REPO, image, key)
    made = larder(settings=policy(("**", "require")), env=clock.env)
    with hub.fault("manifest_head", "status", path=".sig"):
        refused = get(made, image)
        assert refused.error_status == 403
        assert "503" in message(ask(made, f"/v2/{REPO}/manifests/1"))
    clock.advance(11)
    wait_until(lambda: get(made, image).ok, "it is looked for again", 20)


def test_what_is_about_images_is_served(hub, larder, policy, key):
    """Signatures and bills of materials: tools look at them through larder."""
    image = hub.add(build("x"), REPO, "1")
    signature = sign_at(hub, REPO, image, key)
    sbom = hub.add(referrer(image.root, "application/spdx+json", b"{}"), REPO, None)
    made = larder(settings=policy(("**", "require")))
    assert ask(made, f"/v2/{REPO}/manifests/{signature_tag(image.digest)}").status == 200
    assert ask(made, f"/v2/{REPO}/manifests/{sbom.digest}").status == 200
    hub.add(signature, REPO, "not-a-signatures-tag")
    assert ask(made, f"/v2/{REPO}/manifests/not-a-signatures-tag").status == 403


def test_moved_to_what_is_not_signed(hub, larder, policy, key):
    good = hub.add(build("good"), REPO, "1")
    sign_at(hub, REPO, good, key)
    made = larder(settings={"freshness": "0", **policy(("**", "require"))})
    assert_pulled(get(made, good), good)
    hub.move_tag(REPO, "1", build("evil"))
    assert get(made, good).error_status == 403
    assert ask(made, f"/v2/{REPO}/manifests/{good.digest}").status == 200


def test_images_that_live_here(larders, policy, key, clock):
    """Pushed unsigned, refused; signed, served."""
    made = larders(settings=policy(("team/**", "require")), env=clock.env)
    image = build("x")
    with Pusher(made.url) as pusher:
        pusher.image("team/app", "1", image)
        assert client.pull(made.url, "team/app", "1").error_status == 403
        pusher.image("team/app", signature_tag(image.digest), key.sign(image.digest))
    clock.advance(11)
    wait_until(lambda: client.pull(made.url, "team/app", "1").ok, "it is signed", 15)


def test_read_again(hub, larder, policy, scratch):
    """With SIGHUP; a file that is wrong changes nothing, and at the start it is said."""
    image = hub.add(build("x"), REPO, "1")
    made = larder(settings=policy(("**", "require")))
    assert get(made, image).error_status == 403
    (scratch / "policy.yml").write_text("policies:\n  - images: '**'\n    mode: of\n")
    made.signal(signal.SIGHUP)
    line = made.wait_log("settings.not_reloaded")
    assert "policy.yml" in line and "line 3" in line and "none of require, warn, off" in line, line
    assert get(made, image).error_status == 403
    policy(("**", "off"))
    made.signal(signal.SIGHUP)
    made.wait_log("settings.reloaded")
    assert_pulled(get(made, image), image)


@pytest.mark.parametrize("text, said", [
    ("policies: []\nkey: 1\n", ["line 2", "key"]),
    ("policies:\n  - images: x\n", ["line 2", "mode"]),
    ("policies:\n  - mode: require\n", ["accepts nothing"]),
    ("policies:\n  - mode: require\n    keys: [none.pub]\n", ["none.pub"]),
    ("signers: [a]\n", ["policies"]),
    ("policies: [{mode: warn, identities: [{issuer: x}]}]\n", ["line 1", "subject"]),
])
def test_a_file_that_is_wrong(scratch, text, said):
    """larder does not start; it says what and where."""
    (scratch / "policy.yml").write_text(text)
    done = subprocess.run([larder_binary(), "serve", "--root", scratch / "root", "--addr",
                           "127.0.0.1:0", "--policy", scratch / "policy.yml"],
                          capture_output=True, text=True, timeout=20,
                          env={"PATH": os.environ["PATH"]})
    assert done.returncode == 1
    for word in ("policy.yml", *said):
        assert word in done.stderr, done.stderr


def test_who_signs(larders, policy, key, scratch):
    """Named users get unsigned images of repositories that live here, for signing them."""
    (scratch / "htpasswd").write_text("".join(f"{u}:{h}\n" for u, h in USERS.items()))
    made = larders(config=f"auth:\n  htpasswd:\n    realm: x\n    path: {scratch}/htpasswd\n",
                   settings=policy(("team/**", "require"), head="signers: [ann]\n"))
    image = build("x")
    with Pusher(made.url, headers=CI) as pusher:
        pusher.image("team/app", "1", image)
    assert ask(made, "/v2/team/app/manifests/1", headers=CI).status == 403
    assert ask(made, f"/v2/team/app/manifests/{image.digest}", headers=ANN).status == 200


def test_what_commands_hand_on(hub, larders, policy, key, scratch):
    """larder pull --to: to another registry goes what would be served, and nothing else."""
    signed, unsigned = (hub.add(build(v), REPO, v) for v in ("signed", "unsigned"))
    sign_at(hub, REPO, signed, key)
    target = larders(root=scratch / "target")
    command = Command(scratch / "root", {"docker.io": hub.url},
                      {"LARDER_POLICY": policy(("docker.io/**", "require"))["policy"]})
    done = command("pull", "--to", f"registry://{target.host}/base", "thing:signed",
                   "thing:unsigned", "--json")
    assert done.status == 2, done
    rows = {row["image"]: row for row in done.rows() if "image" in row}
    assert rows["thing:signed"]["result"] == "new", rows
    assert rows["thing:unsigned"]["result"] == "failed"
    assert "is not served, by the policy for docker.io/**" in rows["thing:unsigned"]["error"]
    names = json.loads(ask(target, "/v2/_catalog").body)["repositories"]
    tags = [json.loads(ask(target, f"/v2/{name}/tags/list").body)["tags"] for name in names]
    assert tags == [["signed"]], (names, tags)
