"""larder verify: copies, lock, upstream and signatures (tests/signatures), through a larder
that plays the upstream, and without it."""

from __future__ import annotations

import json

import pytest
from harness.command import Command
from hub import build

from signatures import fixtures
from signatures.fixtures import HERE, Registry, digest

KEY = ("--key", str(HERE / "cosign.pub"))
KEYLESS = ("--trusted-root", str(HERE / "trusted_root.json"),
           "--certificate-identity", "https://github.example.test/acme/**",
           "--certificate-oidc-issuer", "https://token.actions.example.test")
NOTATION = ("--notation-ca", str(HERE / "notation-ca.pem"),
            "--notation-identity", "x509.subject: C=US, ST=WA, O=acme")


@pytest.fixture
def origin(larders):
    """A registry that is an upstream."""
    return larders()


@pytest.fixture
def verify(origin, scratch):
    """verify("app:v1", ...): with a store of its own that mirrors the origin."""
    return Command(scratch / "store", {"docker.io": origin.url})


def push(origin, name: str, *recorded: str, tag: str = "v1") -> str:
    pushed = {Registry(origin.url).push(f"library/{name}", one, tag) for one in recorded}
    assert len(pushed) == 1
    return pushed.pop()


def one(done) -> dict:
    rows = done.rows()
    assert len(rows) == 1, done
    return rows[0]


@pytest.mark.parametrize(("recorded", "flags", "kind", "signer"), (
    ("cosign2-key", KEY, "cosign", "key sha256:"),
    ("cosign3-key", KEY, "bundle", "key sha256:"),
    ("keyless-classic", KEYLESS, "cosign", "https://github.example.test/acme/app/"),
    ("keyless-dsse", KEYLESS, "bundle", "https://github.example.test/acme/app/"),
    ("keyless-second", KEYLESS, "bundle", "https://github.example.test/acme/app/"),
    ("notation-ec", NOTATION, "notation", "CN=signer,O=acme,ST=WA,C=US")))
def test_each_kind_also_without_the_network(origin, verify, recorded, flags, kind, signer):
    at = push(origin, "app", recorded)
    assert verify("pull", "--signatures", "app:v1").status == 0
    found = one(verify("verify", "app:v1", "--json", *flags))
    assert found["verdict"] == "good" and found["digest"] == at
    assert (found["copy"], found["upstream"]) == ("whole", "same")
    [signature] = found["signatures"]
    assert (signature["kind"], signature["verdict"]) == (kind, "good")
    assert signature["signer"].startswith(signer)
    assert signature["logged"] == recorded.startswith("keyless")
    origin.stop()
    again = one(verify("verify", "--offline", "app:v1", "--json", *flags))
    assert again["verdict"] == "good" and again["signatures"] == found["signatures"]
    assert "upstream" not in again and "gap" not in again


def test_kept_and_carried(origin, verify, scratch, clock):
    """Signatures stay as long as their image, and go with it to where no network leads."""
    push(origin, "app", "cosign2-key", "cosign3-key")
    assert verify("pull", "--signatures", "app:v1").status == 0
    clock.advance(400 * 86400)
    assert verify("prune", env=clock.env).status == 0
    found = one(verify("verify", "--offline", "--json", *KEY))
    assert [s["verdict"] for s in found["signatures"]] == ["good", "good"]
    archive = scratch / "out.tar"
    done = verify("export", "--with-referrers", "-o", str(archive), "app:v1")
    assert done.status == 0, done
    far = Command(scratch / "far")
    assert far("import", str(archive)).status == 0
    there = one(far("verify", "--offline", "--json", *KEY))
    assert there["verdict"] == "good" and there["digest"] == found["digest"]
    assert {s["kind"] for s in there["signatures"]} == {"cosign", "bundle"}


def test_upstream_asked_in_vain(origin, verify):
    """What is here counts as well."""
    push(origin, "app", "cosign3-key")
    assert verify("pull", "--signatures", "app:v1").status == 0
    origin.stop()
    asked = one(verify("verify", "app:v1", "--json", *KEY))
    assert asked["verdict"] == "good" and asked["upstream"] == "no answer"
    assert asked["upstreamWhy"]


def test_verify_brings_what_it_needs(origin, verify):
    push(origin, "app", "cosign2-key", "cosign3-key", "notation-ec")
    assert verify("pull", "app:v1").status == 0
    before = one(verify("verify", "--offline", "app:v1", "--json", *KEY))
    assert before["verdict"] == "bad" and before["signatures"] == []
    after = one(verify("verify", "app:v1", "--json", *KEY, *NOTATION))
    assert {s["kind"] for s in after["signatures"]} == {"cosign", "bundle", "notation"}
    assert all(s["verdict"] == "good" for s in after["signatures"])
    origin.stop()
    assert one(verify("verify", "--offline", "--json", *KEY))["verdict"] == "good"


def test_who_signed_it(origin, verify):
    """Without a key nothing is proved, and all is listed; with a wrong one it says why."""
    push(origin, "app", "cosign2-key", "keyless-dsse")
    push(origin, "plain", "cosign3-attest")
    assert verify("pull", "app:v1", "plain:v1").status == 0
    done = verify("verify")
    assert done.status == 0, done
    assert "unproved" in done.out and "release.yml@refs/tags/v1 by https://token" in done.out
    assert "by a key, and none is given" in done.out and "2 images, 2 good" in done.out
    done = verify("verify", "--key", str(HERE / "log.pem"))
    assert done.status == 1 and "not made by the key given" in done.out
    done = verify("verify", *KEY)
    assert done.status == 2, done
    assert "an attestation (https://example.test/report)" in done.out
    assert "plain:v1: no signature by key cosign.pub" in done.out
    assert "\033" not in done.out


def test_moved_and_locked(origin, verify, tmp_path):
    at = push(origin, "app", "cosign2-key")
    assert verify("pull", "app:v1").status == 0
    lock = tmp_path / "larder.lock"
    entry = "larder-lock 1\n\ndocker.io/library/app:v1\n  digest     {}\n"
    lock.write_text(entry.format(at))
    found = one(verify("verify", "--lock", str(lock), "--json"))
    assert (found["verdict"], found["lock"], found["upstream"]) == ("good", "locked", "same")
    other = b'{"schemaVersion":2,"mediaType":"' + fixtures.OCI.encode() + b'","config":' + (
        json.dumps({"mediaType": "application/vnd.oci.image.config.v1+json",
                    "digest": digest(fixtures.CONFIG),
                    "size": len(fixtures.CONFIG)}).encode()) + b',"layers":[]}'
    Registry(origin.url).manifest("library/app", "v1", other)
    found = one(verify("verify", "--json"))
    assert (found["verdict"], found["upstream"]) == ("bad", "moved")
    assert digest(other) in found["why"]
    found = one(verify("verify", "--lock", str(lock), "--json"))
    assert (found["verdict"], found["lock"], found["upstream"]) == ("good", "locked", "moved")
    lock.write_text(entry.format(digest(other)))
    found = one(verify("verify", "--offline", "--lock", str(lock), "--json"))
    assert (found["verdict"], found["lock"]) == ("bad", "differs")
    assert found["locked"] == digest(other) and digest(other) in found["why"]


def test_by_policies(origin, verify, scratch):
    """Those of a file, each for its images; what is only warned of is no failure."""
    push(origin, "app", "cosign2-key")
    push(origin, "base", "notation-ec")
    push(origin, "plain", "cosign3-attest")
    assert verify("pull", "app:v1", "base:v1", "plain:v1").status == 0
    policy = scratch / "policy.yml"

    def write(mode: str) -> None:
        policy.write_text(f"""policies:
  - images: docker.io/library/app
    mode: require
    keys: [{HERE}/cosign.pub]
  - images: docker.io/library/base
    mode: require
    notation-ca: [{HERE}/notation-ca.pem]
    notation-identities: ["x509.subject: C=US, O=acme"]
  - images: "docker.io/**"
    mode: {mode}
    keys: [{HERE}/log.pem]
""")

    write("warn")
    done = verify("verify", "--policy", str(policy))
    assert done.status == 0 and "plain:v1: warning: no signature by key log.pem" in done.out
    write("require")
    rows = {row["image"]: row for row in verify("verify", "--policy", str(policy),
                                                "--json").rows()}
    assert {name: row["verdict"] for name, row in rows.items()} == {
        "app:v1": "good", "base:v1": "good", "plain:v1": "bad"}
    assert rows["base:v1"]["policy"]["images"] == "docker.io/library/base"
    policy.write_text(f"""policies:
  - keys: [{HERE}/cosign.pub]
    attestations: ["https://example.test/**"]
    mode: require
""")
    found = one(verify("verify", "plain:v1", "--policy", str(policy), "--json"))
    assert found["verdict"] == "good" and found["signatures"][0]["kind"] == "bundle"
    done = verify("verify", "--policy", str(policy), *KEY)
    assert "base:v1: no signature by key cosign.pub" in done.out, "what is said here wins"


def test_damaged(origin, verify):
    at = push(origin, "app", "cosign2-key")
    assert verify("pull", "app:v1").status == 0
    blobs = verify.root / "docker/registry/v2/blobs/sha256"

    def file(d: str):
        return blobs / d[7:9] / d[7:] / "data"

    layer = file(digest(fixtures.LAYER))
    layer.write_bytes(b"A layer")
    assert one(verify("verify", "--json"))["copy"] == "whole", "left to scrub"
    done = verify("verify", "--read", "--json")
    assert done.status == 1 and one(done)["copy"] == "damaged"
    assert digest(fixtures.LAYER) in one(done)["why"]
    layer.write_bytes(b"A longer layer")
    assert one(verify("verify", "--json"))["copy"] == "damaged"
    layer.unlink()
    found = one(verify("verify", "--json"))
    assert (found["copy"], found["verdict"]) == ("partly", "good")
    file(at).write_bytes(file(at).read_bytes().replace(b"amd64", b"arm64") + b" ")
    found = one(verify("verify", "--json"))
    assert (found["copy"], found["verdict"]) == ("damaged", "bad")


def test_wrong_use(verify, origin, tmp_path):
    done = verify("verify")
    assert done.status == 1 and "no store" in done.err
    push(origin, "app", "cosign2-key")
    assert verify("pull", "app:v1").status == 0
    for flags, words in (
            (("--key", "nosuch"), "nosuch"),
            (("--certificate-identity", "x"), "an identity without issuer"),
            (("--certificate-oidc-issuer", "x"), "an identity without subject"),
            ((*KEYLESS[2:],), "no trust root"),
            (("--notation-ca", str(HERE / "notation-ca.pem")), '"*" means anyone'),
            (("--notation-identity", "acme", *NOTATION[:2]), "x509.subject"),
            (("--trusted-root", str(HERE / "cosign.pub"), *KEYLESS[2:]), "cosign.pub"),
            (("--require-log", *KEY), "no transparency log")):
        done = verify("verify", *flags)
        assert done.status in (1, 100) and words in done.err, done
    done = verify("verify", "nosuch:v1")
    assert done.status == 1 and "nosuch" in done.out
    done = verify("pull", "--signatures", "--check", "app:v1")
    assert done.status == 100


def test_what_could_not_be_looked_for(hub, scratch):
    """A registry that does not say what refers to the image: told, and never good under a
    key; nothing is taken for unsigned that was not looked at."""
    hub.add(build("thing"), "library/thing", "1")
    hub.config.referrers = True
    command = Command(scratch / "store", {"docker.io": hub.url})
    assert command("pull", "thing:1").status == 0
    hub.fault("referrers", "status", code=403)
    found = one(command("verify", "thing:1", "--json", *KEY))
    assert found["verdict"] == "bad" and found["copy"] == "whole"
    assert "403" in found["gap"] and "there may be more" in found["why"]
    done = command("pull", "--signatures", "thing:1")
    assert done.status == 1 and "its signatures: " in done.out, done
    hub.clear_faults()
    found = one(command("verify", "thing:1", "--json", *KEY))
    assert found["verdict"] == "bad" and "gap" not in found
    assert "it has none at all" in found["why"]
