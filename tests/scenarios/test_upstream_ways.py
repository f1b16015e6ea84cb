"""Where the upstream floor goes and what it takes along: redirects, credentials, proxies,
TLS."""

from __future__ import annotations

import base64
import http.server
import select
import socket
import threading
import urllib.error
import urllib.request

import pytest

from . import probe
from hub import Hub, build

REPO = "library/thing"
IMAGE = build("thing", layer_size=300_000)
BLOB = IMAGE.layers()[-1]
USER, PASSWORD = "someone", "pass-word-secret"
BASIC = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
CREDENTIALS = {"user": USER, "password": PASSWORD}


def hub_of(**settings: object) -> Hub:
    hub = Hub(users={USER: PASSWORD}, **settings)
    hub.add(IMAGE, REPO, "1")
    return hub


def tokens_of(hub: Hub) -> set[str]:
    return set(hub.tokens._tokens)


# --- secrets ---

@pytest.mark.parametrize("settings", ({}, {"cdn_address": "127.0.0.2"},
                                      {"redirect_manifests": True}), ids=str)
def test_the_cdn_sees_no_credentials(settings):
    with hub_of(private={REPO: {USER}}, **settings) as hub:
        for operation, ref in (("get-blob", BLOB.digest), ("head-blob", BLOB.digest),
                               ("get-manifest", "1")):
            assert probe.one(operation, hub.url, REPO, ref, **CREDENTIALS)["ok"]
        seen = hub.requests(role="cdn")
        assert seen and all(e.authorization is None for e in seen)
        assert not any(USER in str(e.headers) or USER in str(e.query) for e in seen)


def test_a_foreign_realm_sees_no_credentials():
    with hub_of(token_address="127.0.0.2") as hub:
        assert probe.one("get-manifest", hub.url, REPO, "1", **CREDENTIALS)["ok"]
        asked = hub.requests(kind="token")
        assert asked and all(e.authorization is None for e in asked)
        assert not any("account" in e.query for e in asked)


def test_a_foreign_realm_that_the_settings_name_does():
    with hub_of(token_address="127.0.0.2", private={REPO: {USER}}) as hub:
        found = probe.failure("get-manifest", hub.url, REPO, "1", **CREDENTIALS)
        assert found["kind"] == "denied"
        assert probe.one("get-manifest", hub.url, REPO, "1", realm_host="127.0.0.2",
                         **CREDENTIALS)["ok"]


def test_a_foreign_realm_that_wants_credentials_is_explained():
    with hub_of(token_address="127.0.0.2") as hub:
        hub.fault("token", "status", code=401)
        found = probe.failure("get-manifest", hub.url, REPO, "1", **CREDENTIALS)
        assert found["kind"] == "denied" and "realm_host" in found["error"]


def test_secrets_are_in_no_message_log_or_metric():
    with hub_of(private={REPO: {USER}}) as hub:
        outputs = []
        for kind, fault, more in (("cdn", "status", {"code": 403}), ("cdn", "reset", {}),
                                  ("cdn", "redirect_loop", {}), ("cdn", "hang", {}),
                                  ("token", "status", {"code": 401}), (None, "", {})):
            if kind:
                hub.fault(kind, fault, **more)
            outputs.append(probe.run("get-blob", hub.url, REPO, BLOB.digest, debug=True,
                                     metrics=True, header_ms=300, **CREDENTIALS).everything)
            hub.clear_faults()
        text = "".join(outputs)
        assert "upstream.request" in text and "/data" in text
        signed = [e.query for e in hub.requests(role="cdn")]
        secrets = {PASSWORD, BASIC, *tokens_of(hub), "verify=",
                   *(v for q in signed for values in q.values() for v in values)}
        assert not [s for s in secrets if s in text]


def test_a_registry_that_repeats_the_token_is_not_quoted():
    with hub_of() as hub, probe.Stepping("head-manifest", hub.url, REPO, "1", n=1) as p:
        assert p.next()["ok"]
    with hub_of() as hub:
        gate = hub.hold("manifest_get", after=1)
        with probe.Stepping("get-manifest", hub.url, REPO, "1", n=1) as p:
            p.process.stdin.write("\n")
            p.process.stdin.flush()
            gate.wait_held(1)
            (token,) = tokens_of(hub)
            body = '{"errors":[{"code":"DENIED","message":"bad token %s"}]}' % token
            hub.fault("manifest_get", "status", code=403, body=body)
            gate.release()
            line = p.process.stdout.readline()
        assert '"denied"' in line and token not in line and "bad token" not in line


# --- redirects ---

def test_redirects_that_do_not_end():
    with hub_of() as hub:
        hub.fault("blob", "redirect_loop")
        found = probe.failure("get-blob", hub.url, REPO, BLOB.digest)
        assert found["kind"] == "limit" and "5 redirects" in found["error"]
        assert hub.count(kind="blob") == 6


@pytest.mark.parametrize("url", ("file:///etc/passwd", "gopher://127.0.0.1/", "", "http://",
                                 "http://u:p@127.0.0.1/", "//", "http://[::1", "\x7f"))
def test_redirects_to_nowhere(url):
    with hub_of() as hub:
        hub.fault("blob", "redirect", url=url)
        found = probe.failure("get-blob", hub.url, REPO, BLOB.digest)
        assert found["kind"] == "upstream" and found["begun"] == 0


def test_https_does_not_lead_to_http():
    with hub_of(tls=True, cdn_tls=False) as hub:
        found = probe.failure("get-blob", hub.url, REPO, BLOB.digest, ca=hub.ca_file)
        assert "plain http" in found["error"] and hub.count(role="cdn") == 0


def test_https_does_not_lead_to_a_plain_realm():
    with hub_of(tls=True, token_tls=False) as hub:
        found = probe.failure("get-manifest", hub.url, REPO, "1", ca=hub.ca_file,
                              **CREDENTIALS)
        assert "plain http" in found["error"] and hub.count(kind="token") == 0


def test_http_may_lead_to_https():
    with hub_of(cdn_tls=True) as hub:
        assert probe.one("get-blob", hub.url, REPO, BLOB.digest, ca=hub.ca_file)["ok"]


# --- TLS ---

def test_tls_with_an_authority_of_its_own():
    with hub_of(tls=True) as hub:
        done = probe.run("get-blob", hub.url, REPO, BLOB.digest, ca=hub.ca_file, repeat=5)
        assert all(r["sha256"] == BLOB.digest for r in done.results)
        assert hub.server("registry").accepted == 1


def test_tls_without_it():
    with hub_of(tls=True) as hub:
        found = probe.failure("get-manifest", hub.url, REPO, "1")
        assert found["kind"] == "upstream" and "certificate" in found["error"]
        assert "`ca`" in found["error"] and hub.count() == 0
        done = probe.run("get-manifest", hub.url, REPO, "1", metrics=True)
        assert done.metric("larder_upstream_requests_total", status="certificate") == 1


def test_tls_to_another_name():
    with hub_of(tls=True, address="127.0.0.9") as hub:
        assert "certificate" in probe.failure("get-manifest", hub.url, REPO, "1",
                                              ca=hub.ca_file)["error"]


def test_tls_where_there_is_none():
    with hub_of() as hub:
        found = probe.failure("get-manifest", hub.url.replace("http", "https"), REPO, "1",
                              connect_ms=400)
        assert found["kind"] == "upstream" and "TLS" in found["error"]


@pytest.mark.parametrize("text", (None, "", "no certificate"))
def test_an_authority_that_is_none(tmp_path, text):
    path = tmp_path / "ca.pem"
    if text is not None:
        path.write_text(text)
    done = probe.run("get-manifest", "https://127.0.0.1:1", REPO, "1", ca=path)
    assert done.code == 100 and "ca" in done.log


# --- proxies ---

class Proxy(http.server.ThreadingHTTPServer):
    """CONNECT, and GET and HEAD of whole URLs.  names: answers to look-ups, name to port."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ProxyHandler)
        self.seen: list[tuple[str, str]] = []
        self.headers: list[str] = []
        self.refuse = 0
        self.names: dict[str, str] = {}
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> "Proxy":
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


class ProxyHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_CONNECT(self) -> None:
        self.server.seen.append(("CONNECT", self.path))
        self.server.headers.append(str(self.headers))
        if self.server.refuse:
            self.send_error(self.server.refuse)
            return
        target = self.server.names.get(self.path, self.path)
        host, _, port = target.rpartition(":")
        with socket.create_connection((host, int(port)), 10) as there:
            self.send_response(200)
            self.end_headers()
            pair = {self.connection: there, there: self.connection}
            while True:
                for sock in select.select(list(pair), [], [], 10)[0]:
                    data = sock.recv(65536)
                    if not data:
                        self.close_connection = True
                        return
                    pair[sock].sendall(data)

    def forward(self) -> None:
        self.server.seen.append((self.command, self.path))
        url = self.path
        for name, target in self.server.names.items():
            url = url.replace("//" + name, "//" + target)
        request = urllib.request.Request(url, method=self.command, headers={
            k: v for k, v in self.headers.items() if k.lower() != "host"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect)
        try:
            answer = opener.open(request, timeout=10)
        except urllib.error.HTTPError as error:
            answer = error
        body = answer.read()
        self.send_response_only(answer.status)
        for key, value in answer.headers.items():
            if key.lower() not in ("connection", "transfer-encoding", "content-length"):
                self.send_header(key, value)
        self.send_header("Content-Length", answer.headers.get("Content-Length", len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_HEAD = forward


def test_plain_requests_through_a_proxy():
    with hub_of() as hub, Proxy() as proxy:
        found = probe.one("get-blob", hub.url, REPO, BLOB.digest,
                          env={"http_proxy": proxy.url})
        assert found["sha256"] == BLOB.digest
        assert [hub.url in url for _, url in proxy.seen] == [True, False, True, False]


def test_tls_through_a_proxy():
    with hub_of(tls=True) as hub, Proxy() as proxy:
        found = probe.one("get-blob", hub.url, REPO, BLOB.digest, ca=hub.ca_file,
                          env={"HTTPS_PROXY": proxy.url}, **CREDENTIALS)
        assert found["ok"] and found["sha256"] == BLOB.digest, found
        assert {method for method, _ in proxy.seen} == {"CONNECT"}
        assert len(proxy.seen) == 3, proxy.seen
        assert "uthorization" not in "".join(proxy.headers)


def test_no_proxy():
    with hub_of() as hub, Proxy() as proxy:
        for value in ("127.0.0.1", "*", "127.0.0.0/8"):
            assert probe.one("get-manifest", hub.url, REPO, "1", env={
                "http_proxy": proxy.url, "no_proxy": value})["ok"]
        assert proxy.seen == []


def test_a_proxy_that_refuses():
    with hub_of(tls=True) as hub, Proxy() as proxy:
        proxy.refuse = 407
        found = probe.failure("get-manifest", hub.url, REPO, "1", ca=hub.ca_file,
                              env={"HTTPS_PROXY": proxy.url})
        assert found["kind"] == "upstream" and "proxy" in found["error"]
        assert "407" in found["error"]


def test_a_proxy_that_is_not_there():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        found = probe.failure("get-manifest", "https://registry.invalid", REPO, "1", env={
            "HTTPS_PROXY": f"http://name:topsecret@127.0.0.1:{bound.getsockname()[1]}"})
        assert "the proxy: connection refused" in found["error"]
        assert "topsecret" not in found["error"]


# --- where a public registry may send us ---

def through_a_proxy(hub: Hub, proxy: Proxy, operation: str, ref: str,
                    **options: object) -> probe.Done:
    """The registry is public as far as can be told: a name that only the proxy knows.
    Its CDN and token service are on 127.0.0.1, which is reached directly."""
    proxy.names["registry.example"] = hub.host
    return probe.run(operation, "http://registry.example", REPO, ref, metrics=True,
                     env={"http_proxy": proxy.url, "no_proxy": "127.0.0.1"}, **options)


def test_a_public_registry_may_not_send_us_to_ourselves():
    with hub_of(auth="none") as hub, Proxy() as proxy:
        assert through_a_proxy(hub, proxy, "get-manifest", "1").results[0]["ok"]
        done = through_a_proxy(hub, proxy, "get-blob", BLOB.digest, repeat=8)
        for found in done.results:
            assert found["kind"] == "upstream" and "private address" in found["error"]
        assert done.metric("larder_upstream_requests_total", status="private") == 8
        # Says nothing of whether the CDN works.
        assert done.metric("larder_upstream_refused_total") == 0
        assert hub.count(role="cdn") == 0
        assert hub.server("cdn").accepted == 0


def test_a_public_registry_may_not_name_a_private_realm():
    with hub_of() as hub, Proxy() as proxy:
        (found,) = through_a_proxy(hub, proxy, "get-manifest", "1").results
        assert found["kind"] == "upstream" and "private address" in found["error"]
        assert hub.server("token").accepted == 0
