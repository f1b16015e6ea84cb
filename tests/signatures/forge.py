"""A sigstore of one's own: a certificate authority with Fulcio's extensions, transparency logs
with real proofs, a timestamp authority; and signatures of images by them in each form.

Needs the `cryptography` package and openssl. Keys are made anew each time. record.py uses it
to write the fixtures beside it; what it makes has been compared with cosign (see there).
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import struct
import subprocess
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

UTC = datetime.timezone.utc
ISSUER = "https://token.actions.example.test"
SUBJECT = "https://github.example.test/acme/app/.github/workflows/release.yml@refs/tags/v1"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
SIGN = "https://sigstore.dev/cosign/sign/v1"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
SHA256 = ec.ECDSA(hashes.SHA256())


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def spki(key) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def public_pem(key) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def private_pem(key) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


def der(cert: x509.Certificate) -> bytes:
    return cert.public_bytes(serialization.Encoding.DER)


def pem(cert: x509.Certificate) -> bytes:
    return cert.public_bytes(serialization.Encoding.PEM)


def rfc3339(when: datetime.datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def key_usage(*, sign: bool = False, certs: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(sign, False, False, False, False, certs, certs, False, False)


def authority(name: str, key, issuer: x509.Certificate | None, issuer_key, start, end,
              usage: list | None, length: int | None) -> x509.Certificate:
    """A certificate that may give out others."""
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "larder.test"),
                         x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (x509.CertificateBuilder()
               .subject_name(subject)
               .issuer_name(issuer.subject if issuer else subject)
               .public_key(key.public_key())
               .serial_number(x509.random_serial_number())
               .not_valid_before(start).not_valid_after(end)
               .add_extension(key_usage(certs=True), True)
               .add_extension(x509.BasicConstraints(True, length), True)
               .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False))
    if usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usage), False)
    if issuer:
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False)
    return builder.sign(issuer_key, hashes.SHA256())


class CtLog:
    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())

    def promise(self, tbs: bytes, issuer_key, when: datetime.datetime) -> bytes:
        """A signed certificate timestamp (RFC 6962 section 3.2)."""
        ms = int(when.timestamp() * 1000)
        text = (struct.pack(">BBQH", 0, 0, ms, 1) + sha(spki(issuer_key)) +
                struct.pack(">I", len(tbs))[1:] + tbs + struct.pack(">H", 0))
        signature = self.key.sign(text, SHA256)
        return (b"\0" + sha(spki(self.key)) + struct.pack(">Q", ms) + struct.pack(">H", 0) +
                b"\4\3" + struct.pack(">H", len(signature)) + signature)


class Fulcio:
    def __init__(self, start, end, ctlog: CtLog | None) -> None:
        self.ctlog = ctlog
        self.root_key = ec.generate_private_key(ec.SECP384R1())
        self.key = ec.generate_private_key(ec.SECP384R1())
        self.root = authority("root", self.root_key, None, self.root_key, start, end, None, 1)
        self.between = authority("intermediate", self.key, self.root, self.root_key, start, end,
                                 [ExtendedKeyUsageOID.CODE_SIGNING], 0)

    def certify(self, key, start, *, subject: str = SUBJECT, issuer: str = ISSUER,
                old_issuer: str | None = None, usage=ExtendedKeyUsageOID.CODE_SIGNING,
                names: list | None = None, may: x509.KeyUsage | None = None,
                length: int | None = -1, log: "CtLog | None" = None) -> x509.Certificate:
        """Ten minutes for a workflow or, with an "@" and no scheme, an e-mail address. The
        rest is for certificates that should not be."""
        names = names or [x509.UniformResourceIdentifier(subject) if "://" in subject
                          else x509.RFC822Name(subject)]
        utf8 = b"\x0c" + (bytes([len(issuer)]) if len(issuer) < 128 else b"") + issuer.encode()
        builder = (x509.CertificateBuilder()
                   .subject_name(x509.Name([]))
                   .issuer_name(self.between.subject)
                   .public_key(key.public_key())
                   .serial_number(x509.random_serial_number())
                   .not_valid_before(start)
                   .not_valid_after(start + datetime.timedelta(minutes=10))
                   .add_extension(may or key_usage(sign=True), True)
                   .add_extension(x509.ExtendedKeyUsage([usage]), False)
                   .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
                                  False)
                   .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(
                       self.key.public_key()), False)
                   .add_extension(x509.SubjectAlternativeName(names), True)
                   .add_extension(x509.UnrecognizedExtension(
                       x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1"),
                       (old_issuer or issuer).encode()), False)
                   .add_extension(x509.UnrecognizedExtension(
                       x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8"), utf8), False))
        if length != -1:
            builder = builder.add_extension(x509.BasicConstraints(True, length), True)
        cert = builder.sign(self.key, hashes.SHA256())
        if self.ctlog is None:
            return cert
        sct = (log or self.ctlog).promise(cert.tbs_certificate_bytes, self.key, start)
        item = struct.pack(">H", len(sct)) + sct
        scts = struct.pack(">H", len(item)) + item
        octets = b"\x04" + (bytes([len(scts)]) if len(scts) < 128 else
                            b"\x81" + bytes([len(scts)])) + scts
        return builder.add_extension(x509.UnrecognizedExtension(
            x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2"), octets), False).sign(
                self.key, hashes.SHA256())


def split(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def tree_root(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1."""
    if len(leaves) == 1:
        return sha(b"\0" + leaves[0])
    k = split(len(leaves))
    return sha(b"\1" + tree_root(leaves[:k]) + tree_root(leaves[k:]))


def tree_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 6962 section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return tree_path(index, leaves[:k]) + [tree_root(leaves[k:])]
    return tree_path(index - k, leaves[k:]) + [tree_root(leaves[:k])]


class Rekor:
    """A log of 11 entries, of which ours is the 6th; its first tree had 1000 before it."""

    def __init__(self, name: str = "rekor.larder.test", second: bool = False) -> None:
        self.name, self.second = name, second
        self.origin = name if second else f"{name} - 2605736670972794746"
        if second:
            self.key = ed25519.Ed25519PrivateKey.generate()
            bare = self.key.public_key().public_bytes(serialization.Encoding.Raw,
                                                      serialization.PublicFormat.Raw)
            self.id = sha(name.encode() + b"\n\1" + bare)
        else:
            self.key = ec.generate_private_key(ec.SECP256R1())
            self.id = sha(spki(self.key))

    def sign(self, text: bytes) -> bytes:
        return self.key.sign(text) if self.second else self.key.sign(text, SHA256)

    def checkpoint(self, size: int, root: bytes) -> str:
        text = f"{self.origin}\n{size}\n{b64(root)}\n"
        return text + f"\n\u2014 {self.name} {b64(self.id[:4] + self.sign(text.encode()))}\n"

    def entry(self, body: bytes, when: datetime.datetime, kind: str, version: str) -> dict:
        leaves = [b"entry %d" % i for i in range(11)]
        leaves[5] = body
        first = 0 if self.second else 1000
        entry = {
            "logIndex": str(first + 5),
            "logId": {"keyId": b64(self.id)},
            "kindVersion": {"kind": kind, "version": version},
            "inclusionProof": {
                "logIndex": "5",
                "rootHash": b64(tree_root(leaves)),
                "treeSize": "11",
                "hashes": [b64(h) for h in tree_path(5, leaves)],
                "checkpoint": {"envelope": self.checkpoint(11, tree_root(leaves))},
            },
            "canonicalizedBody": b64(body),
        }
        if not self.second:
            entry["integratedTime"] = str(int(when.timestamp()))
            entry["inclusionPromise"] = {
                "signedEntryTimestamp": b64(self.sign(self.promised(body, when)))}
        return entry

    def promised(self, body: bytes, when: datetime.datetime) -> bytes:
        return compact({"body": b64(body), "integratedTime": int(when.timestamp()),
                        "logID": self.id.hex(), "logIndex": 1005})

    def annotation(self, body: bytes, when: datetime.datetime) -> str:
        """What cosign's classic signatures carry."""
        return compact({"SignedEntryTimestamp": b64(self.sign(self.promised(body, when))),
                        "Payload": {"body": b64(body), "logID": self.id.hex(),
                                    "integratedTime": int(when.timestamp()),
                                    "logIndex": 1005}}).decode()


class Clock:
    """A timestamp authority, by openssl's `ts`."""

    def __init__(self, scratch: Path, start, end) -> None:
        self.scratch = scratch
        root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        self.root = authority("clock root", root_key, None, root_key, start, end, None, 0)
        self.leaf = (x509.CertificateBuilder()
                     .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "clock")]))
                     .issuer_name(self.root.subject)
                     .public_key(key.public_key())
                     .serial_number(x509.random_serial_number())
                     .not_valid_before(start).not_valid_after(end)
                     .add_extension(key_usage(sign=True), True)
                     .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]),
                                    True)
                     .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
                                    False)
                     .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(
                         root_key.public_key()), False)
                     .sign(root_key, hashes.SHA256()))
        (scratch / "tsa.pem").write_bytes(pem(self.leaf))
        (scratch / "tsa.key").write_bytes(private_pem(key))
        (scratch / "serial").write_text("01\n")
        (scratch / "tsa.conf").write_text(
            f"[tsa]\ndefault_tsa=c\n[c]\nserial={scratch}/serial\nsigner_cert={scratch}/tsa.pem\n"
            f"signer_key={scratch}/tsa.key\nsigner_digest=sha256\ndefault_policy=1.2.3.4\n"
            "digests=sha256\nordering=no\ness_cert_id_alg=sha256\n")

    def stamp(self, data: bytes) -> bytes:
        """A TimeStampResp over data, at this moment."""
        (self.scratch / "data").write_bytes(data)
        for command in (
                ["-query", "-data", "data", "-sha256", "-cert", "-out", "query"],
                ["-reply", "-config", "tsa.conf", "-queryfile", "query", "-out", "reply"]):
            subprocess.run(["openssl", "ts", *command], cwd=self.scratch, check=True,
                           capture_output=True)
        return (self.scratch / "reply").read_bytes()


def trusted_root(start, *, fulcio: Fulcio | None = None, logs: tuple[Rekor, ...] = (),
                 clock: Clock | None = None) -> dict:
    window = {"start": rfc3339(start)}

    def chain(*certs: x509.Certificate) -> dict:
        return {"uri": "https://larder.test", "validFor": window, "certChain": {
            "certificates": [{"rawBytes": b64(der(c))} for c in certs]}}

    def log(key, ident: bytes, host: str, details: str) -> dict:
        return {"baseUrl": f"https://{host}", "hashAlgorithm": "SHA2_256",
                "publicKey": {"rawBytes": b64(spki(key)), "keyDetails": details,
                              "validFor": window},
                "logId": {"keyId": b64(ident)}}

    root: dict = {"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1"}
    root["tlogs"] = [log(r.key, r.id, r.name, "PKIX_ED25519" if r.second else
                         "PKIX_ECDSA_P256_SHA_256") for r in logs]
    if fulcio:
        root["certificateAuthorities"] = [chain(fulcio.between, fulcio.root)]
    if fulcio and fulcio.ctlog:
        key = fulcio.ctlog.key
        root["ctlogs"] = [log(key, sha(spki(key)), "ct.larder.test", "PKIX_ECDSA_P256_SHA_256")]
    if clock:
        root["timestampAuthorities"] = [chain(clock.leaf, clock.root)]
    return root


# --- signatures ---

def pae(payload: bytes) -> bytes:
    return b"DSSEv1 %d %s %d " % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(),
                                  len(payload)) + payload


def statement(digest: str, predicate: str = SIGN) -> bytes:
    algorithm, value = digest.split(":")
    return compact({"_type": "https://in-toto.io/Statement/v1",
                    "subject": [{"digest": {algorithm: value}}],
                    "predicateType": predicate, "predicate": {}})


def holder(cert: x509.Certificate | None, key) -> bytes:
    return pem(cert) if cert else public_pem(key)


def body_hashedrekord(text: bytes, signature: bytes, who: bytes) -> bytes:
    return compact({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {
        "data": {"hash": {"algorithm": "sha256", "value": sha(text).hex()}},
        "signature": {"content": b64(signature), "publicKey": {"content": b64(who)}}}})


def body_dsse(payload: bytes, signature: bytes, who: bytes) -> bytes:
    envelope = compact({"payload": b64(payload), "payloadType": PAYLOAD_TYPE,
                        "signatures": [{"sig": b64(signature)}]})
    return compact({"apiVersion": "0.0.1", "kind": "dsse", "spec": {
        "envelopeHash": {"algorithm": "sha256", "value": sha(envelope).hex()},
        "payloadHash": {"algorithm": "sha256", "value": sha(payload).hex()},
        "signatures": [{"signature": b64(signature), "verifier": b64(who)}]}})


def body_intoto(payload: bytes, signature: bytes, who: bytes) -> bytes:
    return compact({"apiVersion": "0.0.2", "kind": "intoto", "spec": {"content": {
        "envelope": {"payloadType": PAYLOAD_TYPE, "signatures": [
            {"publicKey": b64(who), "sig": b64(b64(signature).encode())}]},
        "hash": {"algorithm": "sha256", "value": sha(payload + signature).hex()},
        "payloadHash": {"algorithm": "sha256", "value": sha(payload).hex()}}}})


def body_second(text: bytes, signature: bytes, cert: x509.Certificate | None, key) -> bytes:
    """hashedrekord 0.0.2, of the second Rekor."""
    who = ({"x509Certificate": {"rawBytes": b64(der(cert))}} if cert else
           {"publicKey": {"rawBytes": b64(spki(key))}})
    return compact({"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": {"hashedRekordV002": {
        "data": {"algorithm": "SHA2_256", "digest": b64(sha(text))},
        "signature": {"content": b64(signature), "verifier": {
            **who, "keyDetails": "PKIX_ECDSA_P256_SHA_256"}}}}})


def bundle(payload: bytes, signature: bytes, *, cert: x509.Certificate | None = None, key=None,
           entries: tuple[dict, ...] = (), stamps: tuple[bytes, ...] = ()) -> dict:
    material: dict = {"tlogEntries": list(entries)}
    if cert:
        material["certificate"] = {"rawBytes": b64(der(cert))}
    else:
        material["publicKey"] = {"hint": b64(sha(spki(key)))}
    if stamps:
        material["timestampVerificationData"] = {
            "rfc3161Timestamps": [{"signedTimestamp": b64(s)} for s in stamps]}
    return {"mediaType": BUNDLE, "verificationMaterial": material,
            "dsseEnvelope": {"payload": b64(payload), "payloadType": PAYLOAD_TYPE,
                             "signatures": [{"sig": b64(signature)}]}}


def simple(digest: str, name: str) -> bytes:
    return compact({"critical": {"identity": {"docker-reference": name},
                                 "image": {"docker-manifest-digest": digest},
                                 "type": "cosign container image signature"}, "optional": None})
