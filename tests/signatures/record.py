"""record.py TOOLS - write the fixtures beside this file anew.

TOOLS holds cosign2, cosign3 and notation. A larder is started, an image pushed, and signed by
them; what they have pushed is recorded. Signatures that need sigstore's services are forged
(forge.py), pushed, and shown to cosign with the same trust root: only what it accepts is
recorded. From the top of the sources: LARDER_BUILD=build python3 tests/signatures/record.py TOOLS
"""

from __future__ import annotations

import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from signatures import forge                     # noqa: E402
from cryptography import x509                   # noqa: E402
from cryptography.hazmat.primitives import hashes    # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec    # noqa: E402
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID    # noqa: E402
from signatures.fixtures import CONFIG, EMPTY, LAYER, OCI, Registry, digest    # noqa: E402
from harness.larder import Larder               # noqa: E402

CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"


class Recorder(Registry):
    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    def image(self, name: str) -> bytes:
        config = self.blob(name, CONFIG)
        layer = self.blob(name, LAYER)
        data = forge.compact({
            "schemaVersion": 2, "mediaType": OCI, "config": {"mediaType": CONFIG_TYPE, **config},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", **layer}]})
        self.manifest(name, "v1", data)
        return data

    def push_classic(self, name: str, image: bytes, payload: bytes, notes: dict) -> None:
        body = self.blob(name, payload)
        config = self.blob(name, EMPTY)
        self.manifest(name, digest(image).replace(":", "-") + ".sig", forge.compact({
            "schemaVersion": 2, "mediaType": OCI, "config": {"mediaType": CONFIG_TYPE, **config},
            "layers": [{"mediaType": "application/vnd.dev.cosign.simplesigning.v1+json", **body,
                        "annotations": notes}]}))

    def push_bundle(self, name: str, image: bytes, bundle: dict) -> None:
        body = self.blob(name, forge.compact(bundle))
        config = self.blob(name, EMPTY)
        data = forge.compact({
            "schemaVersion": 2, "mediaType": OCI, "artifactType": forge.BUNDLE,
            "config": {"mediaType": "application/vnd.oci.empty.v1+json", **config},
            "layers": [{"mediaType": forge.BUNDLE, **body}],
            "subject": {"mediaType": OCI, "digest": digest(image), "size": len(image)},
            "annotations": {"dev.sigstore.bundle.content": "dsse-envelope",
                            "dev.sigstore.bundle.predicateType": forge.SIGN}})
        self.manifest(name, digest(data), data)

    def record(self, name: str, image: bytes, classic: bool) -> None:
        """The one signature in the repository, as a fixture."""
        reference = digest(image).replace(":", "-") + ".sig"
        if not classic:
            found = json.loads(self.ask(f"/v2/{name}/referrers/{digest(image)}"))["manifests"]
            assert len(found) == 1, found
            reference = found[0]["digest"]
        manifest = self.ask(f"/v2/{name}/manifests/{reference}")
        layers = json.loads(manifest)["layers"]
        bodies = [self.ask(f"/v2/{name}/blobs/{layer['digest']}") for layer in layers]
        config = self.ask(f"/v2/{name}/blobs/{json.loads(manifest)['config']['digest']}")
        try:
            texts = [body.decode() for body in bodies]
        except UnicodeDecodeError:
            texts = ["" for body in bodies]     # COSE: refused by its type
        (HERE / f"{name}.json").write_text(json.dumps({
            "subject": {"digest": digest(image), "mediaType": OCI, "size": len(image)},
            "image": image.decode(), "tag": classic, "manifest": manifest.decode(),
            "config": config.decode(),
            "bodies": texts}, indent=1) + "\n")
        print("recorded", name)


class Tools:
    def __init__(self, where: Path, scratch: Path) -> None:
        self.where, self.scratch = where, scratch
        self.env = {**os.environ, "COSIGN_PASSWORD": "", "HOME": str(scratch),
                    "DOCKER_CONFIG": str(scratch), "XDG_CONFIG_HOME": str(scratch / "config")}

    def __call__(self, tool: str, *words: str) -> str:
        done = subprocess.run([str(self.where / tool), *words], cwd=self.scratch, env=self.env,
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{tool} {' '.join(words)}\n{done.stdout}{done.stderr}")
        return done.stdout


# --- by the tools alone ---

def by_cosign(registry: Recorder, tool: Tools) -> None:
    (tool.scratch / "none.json").write_text(
        '{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json"}')
    tool("cosign3", "generate-key-pair")
    shutil.copy(tool.scratch / "cosign.pub", HERE)
    image = registry.image("cosign2-key")
    tool("cosign2", "sign", "--key", "cosign.key", "--allow-http-registry", "--tlog-upload=false",
         "-y", f"{registry.host}/cosign2-key@{digest(image)}")
    registry.record("cosign2-key", image, True)
    image = registry.image("cosign3-key")
    tool("cosign3", "sign", "--key", "cosign.key", "--allow-http-registry", "--signing-config",
         "none.json", "-y", f"{registry.host}/cosign3-key@{digest(image)}")
    registry.record("cosign3-key", image, False)
    image = registry.image("cosign3-attest")
    (tool.scratch / "predicate.json").write_text('{"builder":"none"}')
    tool("cosign3", "attest", "--key", "cosign.key", "--allow-http-registry", "--signing-config",
         "none.json", "-y", "--predicate", "predicate.json", "--type",
         "https://example.test/report", f"{registry.host}/cosign3-attest@{digest(image)}")
    registry.record("cosign3-attest", image, False)


def notation_chain(tool: Tools, start, end) -> None:
    """An authority and its signer, as files that notation takes."""
    root_key, key = ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP384R1())
    root = forge.authority("notation root", root_key, None, root_key, start, end, None, 0)
    leaf = (x509.CertificateBuilder()
            .subject_name(x509.Name([
                x509.NameAttribute(NameOID.COUNTRY_NAME, "US"),
                x509.NameAttribute(NameOID.STATE_OR_PROVINCE_NAME, "WA"),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "acme"),
                x509.NameAttribute(NameOID.COMMON_NAME, "signer")]))
            .issuer_name(root.subject).public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start).not_valid_after(end)
            .add_extension(forge.key_usage(sign=True), True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(
                root_key.public_key()), False)
            .sign(root_key, hashes.SHA384()))
    (tool.scratch / "signer.key").write_bytes(forge.private_pem(key))
    (tool.scratch / "signer.crt").write_bytes(forge.pem(leaf) + forge.pem(root))
    (HERE / "notation-ca.pem").write_bytes(forge.pem(root))


def by_notation(registry: Recorder, tool: Tools, start, end) -> None:
    notation_chain(tool, start, end)
    tool("notation", "cert", "generate-test", "--bits", "3072", "wabbit")
    keys = tool.scratch / "config/notation/signingkeys.json"
    known = json.loads(keys.read_text())
    known["keys"].append({"name": "acme", "keyPath": str(tool.scratch / "signer.key"),
                          "certPath": str(tool.scratch / "signer.crt")})
    keys.write_text(json.dumps(known))
    shutil.copy(tool.scratch / "config/notation/localkeys/wabbit.crt", HERE / "notation-self.pem")
    for name, key, more in (("notation-rsa", "wabbit", ()), ("notation-ec", "acme", ()),
                            ("notation-expiry", "acme", ("--expiry", "1h")),
                            ("notation-cose", "acme", ("--signature-format", "cose"))):
        image = registry.image(name)
        tool("notation", "sign", "--insecure-registry", "--key", key, *more,
             f"{registry.host}/{name}@{digest(image)}")
        registry.record(name, image, False)


# --- forged, and shown to cosign ---

class World:
    """Sigstore's services. keep: what they are known by is recorded."""

    def __init__(self, scratch: Path, now: datetime.datetime, keep: bool = True) -> None:
        self.now = now
        start, end = now - datetime.timedelta(days=1), now + datetime.timedelta(days=3650)
        self.fulcio = forge.Fulcio(start, end, forge.CtLog())
        self.log, self.second = forge.Rekor(), forge.Rekor("second.larder.test", second=True)
        self.clock = forge.Clock(scratch, start, end)
        root = forge.trusted_root(start, fulcio=self.fulcio, logs=(self.log, self.second),
                                  clock=self.clock)
        self.root = scratch / "root.json"
        self.root.write_text(json.dumps(root, indent=1) + "\n")
        if not keep:
            return
        shutil.copy(self.root, HERE / "trusted_root.json")
        (HERE / "ca.pem").write_bytes(forge.pem(self.fulcio.between) + forge.pem(self.fulcio.root))
        (HERE / "log.pem").write_bytes(forge.public_pem(self.log.key))

    def signer(self) -> tuple:
        key = ec.generate_private_key(ec.SECP256R1())
        return key, self.fulcio.certify(key, self.now)


def show_bundle(registry: Recorder, tool: Tools, world: World, name: str, tlog: bool = True) -> None:
    tool("cosign3", "verify", "--allow-http-registry", "--trusted-root", str(world.root),
         "--certificate-identity", forge.SUBJECT, "--certificate-oidc-issuer", forge.ISSUER,
         "--use-signed-timestamps=true" if not tlog else "--offline",
         f"{registry.host}/{name}:v1")


def forge_bundles(registry: Recorder, tool: Tools, world: World) -> None:
    for name in ("keyless-dsse", "keyless-intoto", "keyless-hashedrekord", "keyless-second"):
        image = registry.image(name)
        key, cert = world.signer()
        payload = forge.statement(digest(image))
        signature = key.sign(forge.pae(payload), forge.SHA256)
        who, stamps = forge.pem(cert), ()
        if name == "keyless-dsse":
            entry = world.log.entry(forge.body_dsse(payload, signature, who), world.now, "dsse",
                                    "0.0.1")
        elif name == "keyless-intoto":
            entry = world.log.entry(forge.body_intoto(payload, signature, who), world.now,
                                    "intoto", "0.0.2")
        elif name == "keyless-hashedrekord":
            entry = world.log.entry(forge.body_hashedrekord(forge.pae(payload), signature, who),
                                    world.now, "hashedrekord", "0.0.1")
        else:
            entry = world.second.entry(forge.body_second(forge.pae(payload), signature, cert,
                                                         key), world.now, "hashedrekord", "0.0.2")
            stamps = (world.clock.stamp(signature),)
        registry.push_bundle(name, image, forge.bundle(payload, signature, cert=cert,
                                                       entries=(entry,), stamps=stamps))
        if name != "keyless-hashedrekord":      # cosign expects dsse or intoto there
            show_bundle(registry, tool, world, name, tlog=not stamps)
        registry.record(name, image, False)


def forge_classic(registry: Recorder, tool: Tools, world: World) -> None:
    image = registry.image("keyless-classic")
    key, cert = world.signer()
    payload = forge.simple(digest(image), f"{registry.host}/keyless-classic")
    signature = key.sign(payload, forge.SHA256)
    body = forge.body_hashedrekord(payload, signature, forge.pem(cert))
    chain = forge.pem(world.fulcio.between) + forge.pem(world.fulcio.root)
    registry.push_classic("keyless-classic", image, payload, {
        "dev.cosignproject.cosign/signature": forge.b64(signature),
        "dev.sigstore.cosign/certificate": forge.pem(cert).decode(),
        "dev.sigstore.cosign/chain": chain.decode(),
        "dev.sigstore.cosign/bundle": world.log.annotation(body, world.now)})
    for version in ("cosign2", "cosign3"):
        tool(version, "verify", "--allow-http-registry", "--trusted-root", str(world.root),
             "--certificate-identity", forge.SUBJECT, "--certificate-oidc-issuer", forge.ISSUER,
             "--offline", f"{registry.host}/keyless-classic:v1")
    registry.record("keyless-classic", image, True)


def hostile_certs(world: World) -> None:
    """Certificates that must not count, and one that must (tests/unit/test_codec_cert.c)."""
    key, now = ec.generate_private_key(ec.SECP256R1()), world.now
    start, end = now - datetime.timedelta(days=1), now + datetime.timedelta(days=3650)
    uri = x509.UniformResourceIdentifier
    good = world.fulcio
    without = forge.Fulcio(start, end, None)
    without.key, without.between = good.key, good.between
    foreign = forge.Fulcio(start, end, good.ctlog)
    certs = {
        "good": good.certify(key, now),
        "mail": good.certify(key, now, subject="dev@larder.test"),
        "unpromised": without.certify(key, now),
        "promised elsewhere": good.certify(key, now, log=forge.CtLog()),
        "foreign": foreign.certify(key, now),
        "for servers": good.certify(key, now, usage=ExtendedKeyUsageOID.SERVER_AUTH),
        "for certificates": good.certify(key, now, may=forge.key_usage(certs=True)),
        "authority": good.certify(key, now, length=None),
        "early": good.certify(key, now + datetime.timedelta(hours=1)),
        "late": good.certify(key, now - datetime.timedelta(hours=1)),
        "two issuers": good.certify(key, now, old_issuer="https://elsewhere.test"),
        "two names": good.certify(key, now, names=[uri("https://a.test"), uri("https://b.test")]),
        "control": good.certify(key, now, names=[uri("https://a.test/\x00.evil")]),
        "address": good.certify(key, now, names=[x509.DirectoryName(x509.Name([]))]),
        "many names": good.certify(key, now, names=[uri(f"https://{i}.test") for i in range(9)]),
        "long name": good.certify(key, now, names=[uri("https://" + "a" * 504)]),
    }
    (HERE / "certs.json").write_text(json.dumps(
        {"at": int(now.timestamp()) + 60,
         "certs": {name: forge.b64(forge.der(cert)) for name, cert in certs.items()}},
        indent=1) + "\n")


def main() -> None:
    now = datetime.datetime.now(forge.UTC).replace(microsecond=0)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        tool = Tools(Path(sys.argv[1]).resolve(), scratch)
        world = World(scratch, now)
        hostile_certs(world)
        with Larder(scratch / "store") as larder:
            registry = Recorder(larder.url)
            by_cosign(registry, tool)
            by_notation(registry, tool, now - datetime.timedelta(days=1),
                        now + datetime.timedelta(days=3650))
            forge_classic(registry, tool, world)
            forge_bundles(registry, tool, world)
    after = datetime.datetime.now(forge.UTC) + datetime.timedelta(seconds=1)
    (HERE / "now").write_text(f"{int(after.timestamp())}\n")


if __name__ == "__main__":
    main()
