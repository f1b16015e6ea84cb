"""A certificate authority for one hub, made by the openssl command."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

_NAMES = "IP:127.0.0.1,IP:127.0.0.2,IP:127.0.0.3,IP:::1,DNS:localhost"


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, timeout=30, capture_output=True)


def make(directory: Path, extra_names: str = "") -> tuple[Path, ssl.SSLContext]:
    """The CA's certificate for clients to trust, and the context for servers to use."""
    ca, key = directory / "ca.pem", directory / "ca.key"
    own, own_key, request = (directory / f"hub.{end}" for end in ("pem", "key", "csr"))
    ext = directory / "hub.ext"
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    _openssl("req", "-x509", *curve, "-keyout", str(key), "-out", str(ca),
             "-subj", "/CN=scripted hub CA", "-days", "30",
             "-addext", "basicConstraints=critical,CA:TRUE",
             "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    _openssl("req", *curve, "-keyout", str(own_key), "-out", str(request),
             "-subj", "/CN=scripted hub")
    names = _NAMES + ("," + extra_names if extra_names else "")
    ext.write_text(f"subjectAltName={names}\nextendedKeyUsage=serverAuth\n")
    _openssl("x509", "-req", "-in", str(request), "-CA", str(ca), "-CAkey", str(key),
             "-CAcreateserial", "-out", str(own), "-days", "30", "-extfile", str(ext))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own, own_key)
    return ca, context
