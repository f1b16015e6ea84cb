"""python3 -m hub: the scripted hub on its own, for shell scripts and benches.

Prints HUB_URL=..., HUB_CONTROL=... and so on, one a line, once it takes connections;
ends on SIGTERM or SIGINT, or with --with-stdin when its standard input is closed.
"""

from __future__ import annotations

import argparse
import json
import select
import signal
import sys
import threading

from .catalogue import eleven
from .config import PROFILES
from .control import Control
from .images import build
from .pace import Latch
from .server import Hub


def _size(text: str) -> int:
    """100M, 256k, 1G: powers of 1024."""
    units = {"k": 10, "m": 20, "g": 30}
    unit = units.get(text[-1:].lower())
    return int(float(text[:-1]) * (1 << unit)) if unit else int(text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="hub", description="A scripted Docker Hub.")
    add = parser.add_argument
    add("--address", default="127.0.0.1")
    add("--port", type=int, default=0, help="of the registry; 0: the kernel's choice")
    add("--cdn-port", type=int, default=0)
    add("--token-port", type=int, default=0)
    add("--control-port", type=int, default=0)
    add("--images", choices=("eleven", "none"), default="eleven")
    add("--layer-bytes", type=_size, default=65536, help="weight of their top layers")
    add("--big", type=_size, action="append", default=[], metavar="SIZE",
        help="also library/big:SIZE, with one layer of that size (repeatable)")
    add("--bandwidth", type=_size, metavar="BYTES", help="a second, all connections")
    add("--latency", type=float, default=0, metavar="SECONDS", help="before each answer")
    add("--quota", type=int, help="manifest GETs per window and source")
    add("--profile", choices=sorted(PROFILES), help="behave as this registry does")
    add("--tls", action="store_true")
    add("--user", action="append", default=[], metavar="NAME:PASSWORD")
    add("--set", action="append", default=[], metavar="FIELD=JSON",
        help="any other setting, see config.py")
    add("--with-stdin", action="store_true", help="end when standard input closes")
    return parser.parse_args()


def main() -> int:
    given = _arguments()
    settings: dict[str, object] = {
        "address": given.address, "port": given.port, "cdn_port": given.cdn_port,
        "token_port": given.token_port, "tls": given.tls,
        "users": dict(user.split(":", 1) for user in given.user)}
    if given.quota is not None:
        settings["quota"] = given.quota
    for pair in given.set:
        name, _, value = pair.partition("=")
        settings[name] = json.loads(value)
    ending = Latch()        # a signal handler may open it; an Event could deadlock there
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.open())
    with Hub(profile=given.profile, **settings) as hub:
        if given.images == "eleven":
            hub.add_all(eleven(given.layer_bytes))
        for size in given.big:
            hub.add(build("library/big", str(size), platforms=("linux/amd64",),
                          layer_size=size), "library/big", str(size))
        hub.set_bandwidth(given.bandwidth)
        hub.latency = given.latency
        control = Control(hub, given.address, given.control_port).start()
        try:
            for name, value in (("URL", hub.url), ("CDN_URL", hub.cdn_url),
                                ("TOKEN_URL", hub.token_url), ("CONTROL", control.url),
                                ("CA_FILE", hub.ca_file)):
                if value is not None:
                    print(f"HUB_{name}={value}")
            sys.stdout.flush()
            if given.with_stdin:
                threading.Thread(target=lambda: (sys.stdin.read(), ending.open()),
                                 daemon=True).start()
            select.select([ending.fd], [], [])
        finally:
            control.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
