"""seeds.py - the corpora of signatures, from tests/signatures; run after record.py."""

import base64
import json
import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
FROM = HERE.parent / "signatures"
NOTES = ("dev.cosignproject.cosign/signature", "dev.sigstore.cosign/certificate",
         "dev.sigstore.cosign/chain", "dev.sigstore.cosign/bundle",
         "dev.sigstore.cosign/rfc3161timestamp")


def put(target: str, name: str, data: bytes) -> None:
    (HERE / "corpus" / target).mkdir(parents=True, exist_ok=True)
    (HERE / "corpus" / target / name).write_bytes(data)


def main() -> None:
    for path in sorted(FROM.glob("*.json")):
        known = json.loads(path.read_text())
        if path.stem == "trusted_root":
            put("trustroot", "json", path.read_bytes())
            continue
        if path.stem == "certs":
            for name, text in known["certs"].items():
                put("cert", name.replace(" ", "-"), base64.b64decode(text))
            continue
        body = known["bodies"][0].encode()
        if known["tag"]:
            notes = json.loads(known["manifest"])["layers"][0]["annotations"]
            put("cosign", path.stem, b"\0".join(
                [body] + [notes.get(note, "").encode() for note in NOTES]))
        elif path.stem.startswith("notation"):
            put("jws", path.stem, body)
        else:
            put("sigbundle", path.stem, body)
        for i, text in enumerate(re.findall(r'"rawBytes":"([^"]+)"', body.decode())):
            put("cert", f"{path.stem}-{i}", base64.b64decode(text))
        for text in re.findall(r'"signedTimestamp":"([^"]+)"', body.decode()):
            put("tsa", path.stem, base64.b64decode(text))
        found = re.search(r'"envelope":("[^"]+")', body.decode())
        if found:
            put("checkpoint", path.stem, json.loads(found[1]).encode())
    for name in ("ca.pem", "log.pem"):
        put("trustroot", name, (FROM / name).read_bytes())


if __name__ == "__main__":
    main()
