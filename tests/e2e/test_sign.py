"""cosign and notation sign images in a larder, and larder verifies them; what is forged for
larder's own tests verifies with cosign, too, and both refuse the same."""

from __future__ import annotations

import datetime
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from harness import Larder
from harness.command import Command
from signatures.fixtures import CONFIG, LAYER, Registry, digest

from .procs import scratch_directory

COSIGN, NOTATION = shutil.which("cosign"), shutil.which("notation")
needs_cosign = pytest.mark.skipif(COSIGN is None, reason="no cosign here")
needs_notation = pytest.mark.skipif(NOTATION is None, reason="no notation here")
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
OCI = "application/vnd.oci.image.manifest.v1+json"


class Place:
    """A registry, a mirror's store with larder's commands, and the tools."""

    def __init__(self, scratch: Path, larder: Larder) -> None:
        self.scratch, self.larder = scratch, larder
        self.registry = Registry(larder.url)
        self.host = f"127.0.0.1:{larder.port}"
        self.verify = Command(scratch / "store", {"docker.io": larder.url})
        self.env = {**os.environ, "COSIGN_PASSWORD": "", "HOME": str(scratch),
                    "DOCKER_CONFIG": str(scratch), "XDG_CONFIG_HOME": str(scratch / "config")}

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(words, cwd=self.scratch, env=self.env, capture_output=True,
                              text=True, timeout=120)

    def __call__(self, *words: str) -> str:
        done = self.run(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def image(self, name: str, label: str = "") -> str:
        blobs = [self.registry.blob(f"library/{name}", data) for data in (CONFIG, LAYER)]
        data = json.dumps({"schemaVersion": 2, "mediaType": OCI,
                           "config": {"mediaType": CONFIG_TYPE, **blobs[0]},
                      "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar",
                                  **blobs[1]}],
                      "annotations": {"label": label}}).encode()
        self.registry.manifest(f"library/{name}", "v1", data)
        return f"{self.host}/library/{name}@{digest(data)}"


@pytest.fixture
def place():
    with scratch_directory() as scratch, Larder(scratch / "origin") as larder:
        yield Place(Path(scratch), larder)


def cosign_sign(place: Place, image: str, *flags: str) -> None:
    place(COSIGN, "sign", "--key", "cosign.key", "--allow-http-registry", "-y", *flags, image)


@needs_cosign
def test_cosign_with_a_key(place):
    place(COSIGN, "generate-key-pair")
    key = str(place.scratch / "cosign.pub")
    (place.scratch / "none.json").write_text(
        '{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json"}')
    classic, other = place.image("classic", "1"), place.image("other", "2")
    third = "v3." in place(COSIGN, "version")
    flags = ("--use-signing-config=false", "--new-bundle-format=false") if third else ()
    cosign_sign(place, classic, "--tlog-upload=false", *flags)
    done = place.verify("verify", "classic:v1", "--key", key, "--json")
    assert done.status == 0 and done.rows()[0]["signatures"][0]["kind"] == "cosign", done
    if third:
        bundle = place.image("bundle", "3")
        cosign_sign(place, bundle, "--signing-config", "none.json")
        done = place.verify("verify", "bundle:v1", "--key", key, "--json")
        assert done.status == 0 and done.rows()[0]["signatures"][0]["kind"] == "bundle", done
    # The signature of one image put beside another.
    at, elsewhere = (i.split("@")[1].replace(":", "-") + ".sig" for i in (classic, other))
    manifest = place.registry.ask(f"/v2/library/classic/manifests/{at}")
    known = json.loads(manifest)
    for blob in (known["config"], *known["layers"]):
        place.registry.blob("library/other", place.registry.ask(
            f"/v2/library/classic/blobs/{blob['digest']}"))
    place.registry.manifest("library/other", elsewhere, manifest)
    done = place.verify("verify", "other:v1", "--key", key)
    assert done.status == 1 and "over another image" in done.out, done


@needs_notation
def test_notation(place):
    image = place.image("noted")
    place(NOTATION, "cert", "generate-test", "--default", "acme.test")
    place(NOTATION, "sign", "--insecure-registry", image)
    ca = str(place.scratch / "config/notation/localkeys/acme.test.crt")
    done = place.verify("verify", "noted:v1", "--notation-ca", ca, "--notation-identity", "*",
                        "--json")
    assert done.status == 0, done
    [signature] = done.rows()[0]["signatures"]
    assert signature["kind"] == "notation" and "CN=acme.test" in signature["signer"]
    done = place.verify("verify", "noted:v1", "--notation-ca", ca, "--notation-identity",
                        "x509.subject: C=DE, O=Notary")
    assert done.status == 1 and "not one whom the policy accepts" in done.out, done


@needs_cosign
def test_both_say_the_same_of_certificates(place):
    """One that is right, and some that are wrong in a way that needs a key to make."""
    pytest.importorskip("cryptography")
    from signatures import forge, record
    now = datetime.datetime.now(forge.UTC).replace(microsecond=0)
    world = record.World(place.scratch, now, keep=False)
    foreign = forge.Fulcio(now - datetime.timedelta(days=1), now + datetime.timedelta(days=1),
                           world.fulcio.ctlog)
    strange = forge.Rekor()
    flags = ("--certificate-identity", forge.SUBJECT, "--certificate-oidc-issuer",
             forge.ISSUER, "--trusted-root", str(world.root))
    later = now + datetime.timedelta(hours=1)
    cases = {
        "right": (True, world.fulcio, {}, world.log, now),
        "foreign": (False, foreign, {}, world.log, now),
        "strange": (False, world.fulcio, {}, strange, now),
        "late": (False, world.fulcio, {}, world.log, later),
        "somebody": (False, world.fulcio, {"subject": "https://elsewhere.test/x"}, world.log,
                     now),
        "vouched": (False, world.fulcio, {"issuer": "https://elsewhere.test"}, world.log, now),
    }
    for name, (good, fulcio, who, log, when) in cases.items():
        at = place.image(name, name).split("@")[1]
        recorder = record.Recorder(place.larder.url)
        key = record.ec.generate_private_key(record.ec.SECP256R1())
        cert = fulcio.certify(key, now, **who)
        payload = forge.simple(at, name)
        signature = key.sign(payload, forge.SHA256)
        body = forge.body_hashedrekord(payload, signature, forge.pem(cert))
        image = recorder.ask(f"/v2/library/{name}/manifests/v1")
        recorder.push_classic(f"library/{name}", image, payload, {
            "dev.cosignproject.cosign/signature": forge.b64(signature),
            "dev.sigstore.cosign/certificate": forge.pem(cert).decode(),
            "dev.sigstore.cosign/chain": (forge.pem(fulcio.between) +
                                          forge.pem(fulcio.root)).decode(),
            "dev.sigstore.cosign/bundle": log.annotation(body, when)})
        theirs = place.run(COSIGN, "verify", "--allow-http-registry", "--offline", *flags,
                           f"{place.host}/library/{name}:v1")
        ours = place.verify("verify", f"{name}:v1", *flags)
        assert (theirs.returncode == 0, ours.status == 0) == (good, good), (
            name, theirs.stderr, ours)
