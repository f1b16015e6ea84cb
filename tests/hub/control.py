"""The hub by HTTP and JSON, on a port of its own, for scripts and other processes.

GET  /_hub/                    urls, counters, quota
GET  /_hub/requests?kind=...   the log (matching as Hub.requests), without secrets
GET  /_hub/count?kind=...      {"count": n}
GET  /_hub/rule?id=N           hits, held, over
POST /_hub/wait                {"n", "timeout", kind, path, ...}: until so many came
POST /_hub/fault               the arguments of Hub.fault -> {"id"}
POST /_hub/hold                those of Hub.hold -> {"id"}
POST /_hub/wait_held           {"id", "n", "timeout"}
POST /_hub/clear               {"id"}: one rule or gate; {}: all of them
POST /_hub/reset               faults, log and quota as at the start
POST /_hub/advance             {"seconds"}: of the hub's clock
POST /_hub/bandwidth           {"bytes_per_second"} or null
POST /_hub/latency             {"seconds"}
POST /_hub/quota               {"limit", "used", "user"}
POST /_hub/add                 {"repository", "tag", "version", and build()'s options}
POST /_hub/delete              {"repository", and "tag" or "digest" or neither}
POST /_hub/config              any fields of Config that may change
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from . import images
from .faults import Rule
from .server import Hub

_NUMBERS = ("status", "connection", "bytes_sent")
_TRUTHS = ("done", "aborted")
_FIXED = ("address", "cdn_address", "token_address", "port", "cdn_port", "token_port",
          "tls", "cdn_tls", "token_tls", "realm_path")


def _want(query: str) -> dict[str, object]:
    found: dict[str, object] = {k: v[0] for k, v in parse_qs(query).items()}
    for name in set(found) & set(_NUMBERS):
        found[name] = int(str(found[name]))
    for name in set(found) & set(_TRUTHS):
        found[name] = str(found[name]).lower() in ("1", "true", "yes")
    return found


class Control:
    """start() and stop(); .url is where it listens."""

    def __init__(self, hub: Hub, address: str = "127.0.0.1", port: int = 0) -> None:
        self.hub = hub
        self._rules: dict[int, Rule] = {}
        self._server = ThreadingHTTPServer((address, port), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever,
                                        kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        return "http://%s:%d" % self._server.server_address[:2]

    def start(self) -> "Control":
        self._thread.start()
        return self

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    # --- what can be asked ---

    def state(self) -> dict:
        hub = self.hub
        return {"url": hub.url, "cdn_url": hub.cdn_url, "token_url": hub.token_url,
                "control_url": self.url, "ca_file": hub.ca_file,
                "requests": dict(hub.log.totals), "bytes_sent": hub.bytes_sent,
                "quota_spent": hub.quota_spent, "quota_limit": hub.quota.limit,
                "connections": {role: hub.server(role).accepted
                                for role in ("registry", "cdn", "token")},
                "tags": {name: dict(repo.tags)
                         for name, repo in hub.registry.repositories.items()}}

    def get(self, what: str, query: str) -> object:
        if what == "":
            return self.state()
        if what == "requests":
            return [entry.public() for entry in self.hub.requests(**_want(query))]
        if what == "count":
            return {"count": self.hub.count(**_want(query))}
        if what == "rule":
            rule = self._rules[int(parse_qs(query)["id"][0])]
            return {"hits": rule.hits, "held": rule.held, "over": rule.over}
        raise KeyError(what)

    def _remember(self, rule: Rule) -> dict:
        number = len(self._rules) + 1
        self._rules[number] = rule
        return {"id": number}

    def do_wait(self, given: dict) -> object:
        return {"count": len(self.hub.wait_for(**given))}

    def do_fault(self, given: dict) -> object:
        return self._remember(self.hub.fault(**given))

    def do_hold(self, given: dict) -> object:
        return self._remember(self.hub.hold(**given))

    def do_wait_held(self, given: dict) -> object:
        rule = self._rules[int(given.pop("id"))]
        rule.wait_held(**given)
        return {"held": rule.held}

    def do_clear(self, given: dict) -> object:
        if "id" in given:
            self._rules[int(given["id"])].clear()
        else:
            self.hub.clear_faults()
            self.hub.release_all()
        return {}

    def do_reset(self, given: dict) -> object:
        self.hub.reset()
        return {}

    def do_advance(self, given: dict) -> object:
        self.hub.advance(float(given["seconds"]))
        return {"now": self.hub.now()}

    def do_bandwidth(self, given: dict) -> object:
        self.hub.set_bandwidth(given["bytes_per_second"])
        return {}

    def do_latency(self, given: dict) -> object:
        self.hub.latency = float(given["seconds"])
        return {}

    def do_quota(self, given: dict) -> object:
        self.hub.set_quota(**given)
        return {}

    def do_add(self, given: dict) -> object:
        repository, tag = given.pop("repository"), given.pop("tag", "latest")
        image = self.hub.add(images.build(repository, given.pop("version", "1"), **given),
                             repository, tag)
        return {"digest": image.digest, "platforms": image.platforms}

    def do_delete(self, given: dict) -> object:
        if "tag" in given:
            self.hub.delete_tag(given["repository"], given["tag"])
        elif "digest" in given:
            self.hub.delete_digest(given["repository"], given["digest"])
        else:
            self.hub.delete_repository(given["repository"])
        return {}

    def do_config(self, given: dict) -> object:
        for name, value in given.items():
            if name in _FIXED or name.startswith("quota") \
                    or not hasattr(self.hub.config, name):
                raise ValueError(f"{name} cannot be changed here")
            kept = {"quirks": frozenset, "private": lambda private: {
                repository: set(users) for repository, users in private.items()}}
            setattr(self.hub.config, name, kept.get(name, lambda same: same)(value))
        return {}


def _handler(control: Control) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def _reply(self, made: Callable[[], object]) -> None:
            try:
                status, value = 200, made()
            except TimeoutError as error:
                status, value = 408, {"error": str(error)}
            except KeyError as error:
                status, value = 404, {"error": f"no {error}"}
            except (ValueError, TypeError, AttributeError) as error:
                status, value = 400, {"error": str(error)}
            data = json.dumps(value, indent=1).encode() + b"\n"
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            self._reply(lambda: control.get(
                parts.path.removeprefix("/_hub").strip("/"), parts.query))

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers.get("Content-Length") or 0))

            def made() -> object:
                name = urlsplit(self.path).path.removeprefix("/_hub").strip("/")
                act = getattr(control, f"do_{name}", None)
                if act is None:
                    raise KeyError(name)
                return act(json.loads(text or b"{}"))
            self._reply(made)

        def log_message(self, *_: object) -> None:
            """Nothing: the output is for the URLs."""

    return Handler
