"""Names, digests, tags, hosts, methods and headers that no client should send: each gets an
OCI error body, and none reaches an upstream."""

from __future__ import annotations

import re

import pytest

from hub import build, client

from .helpers import ask, blob_path, codes
from .hostile import larder, refused, send, trap  # noqa: F401 (fixtures)

REPO = "library/thing"
HEX = "0123456789abcdef" * 4
SHA = f"sha256:{HEX}"


# --- names and references -----------------------------------------------------------------

BAD_NAMES = [
    "UPPER", "a/UPPER", "-a", "a-", "a--/b-", "_a", "a_", "a___b", "a..b", ".", "..", "a/.",
    "./a", "../a", "a/..", "a/../b", "../../../../etc", "a/../../..", "a//b", "/a", "a/",
    "%2e%2e", "%2e%2e/%2e%2e/etc", "%2E%2e%2fa", "..%2f..%2fetc", "a%2f..%2fb", "a%2f%2fb",
    "%2fetc", "a%5cb", "%252e%252e", "a%20b", "a%0ab", "a%0d%0aX-Evil:%201", "a%09b", "a%7fb",
    "%c3%bc", "%ff%fe", "a:b/c:d:e", "a@b", "a;b", "a'b", "a%22b", "%24(id)", "a*b", "~a",
    "a" * 256, "a/" * 127 + "aa", "a." * 200 + "a", "a?b=c", "%", "%zz", "%2"]


@pytest.mark.parametrize("part", ["manifests/1", f"blobs/{SHA}", "tags/list",
                                  f"manifests/{SHA}"])
def test_bad_names(larder, part):
    for name in BAD_NAMES:
        for method in ("GET", "HEAD"):
            answer = client.raw_request(
                "127.0.0.1", larder.port,
                f"{method} /v2/{name}/{part} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            if method == "HEAD":
                assert answer.status in (400, 404), (name, answer.data)
                continue
            found = refused(answer, 400, 404)
            assert found in (["NAME_INVALID"], ["NAME_UNKNOWN"], ["UNSUPPORTED"]), name
            assert answer.header("x-evil") is None


@pytest.mark.parametrize("path", [
    "//v2/", "/v2//", "/v2/../v2/x", "/v2/..", "/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
    "/v2/../../../../etc/passwd", "/v2/%2e%2e/%2e%2e/larder/lock", "/v2/manifests/1",
    "/v2//manifests/1", "/v2/tags/list", f"/v2/blobs/{SHA}", "/v2/a/manifests/", "/v2/a/blobs/",
    "/v2/a/manifests", "/v2/a/tags", "/v2/a/tags/list/", "/v2/a", "/v1/", "/", "/.", "/v2/_x",
    "/V2/", "/healthz/", "/metrics/../v2", "//", "/v2/a/manifests/../../x",
    "http://169.254.169.254/latest/meta-data", "http://127.0.0.1/v2/"])
def test_paths_that_lead_nowhere(larder, path):
    answer = client.raw_request("127.0.0.1", larder.port,
                                f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert refused(answer, 400, 404)


def test_an_escaped_slash_is_a_slash(larder):
    """As for registry:2; what comes of it is a name like any other, or none."""
    assert ask(larder, "/v2%2f").body == b"{}"


@pytest.mark.parametrize("path", [
    "/v2/a%00b/manifests/1", "/v2/a/manifests/1%00", "/v2/%00/manifests/1", "/%00", "/v2/%00",
    f"/v2/a/blobs/{SHA}%00", "/v2/a/manifests/1?ns=docker.io%00.evil", "/v2/a/tags/list?n=1%00",
    "/v2/a/tags/list?last=%00", "/metrics%00", "/v2/a/manifests/1?%00=1"])
def test_nul(larder, path):
    assert refused(ask(larder, path), 400) == ["NAME_INVALID"]


BAD_DIGESTS = [
    "sha256:", f"sha256:{HEX[:-1]}", f"sha256:{HEX}0", f"sha256:{HEX.upper()}",
    "sha256:" + "z" * 64, "sha256:" + "0" * 63 + "%20", f"sha256:{HEX[:-2]}%2f",
    f"sha512:{HEX}", f"sha384:{HEX}", "md5:" + "0" * 32, "sha1:" + "0" * 40, f"SHA256:{HEX}",
    f"sha256::{HEX}", f"sha256:sha256:{HEX}", f":{HEX}", ":", "::", f"blake3:{HEX}",
    f"sha256+b64:{HEX}", f"sha256:..%2f..%2f{HEX}", f"sha256:{HEX}%0a", f"%20sha256:{HEX}",
    "sha256:" + "0" * 1000, "x:y", "a" * 2000 + ":b"]


def test_bad_digests(larder):
    for digest in BAD_DIGESTS:
        for kind in ("manifests", "blobs"):
            answer = ask(larder, f"/v2/a/{kind}/{digest}")
            found = refused(answer, 400, 404)
            if answer.status == 400 and "%2f" not in digest:
                assert found == ["DIGEST_INVALID"], digest
            assert answer.status == 400 or "%2f" in digest, digest
    for reference in (HEX, "latest", f"sha256-{HEX}", f"sha256_{HEX}", "..", "%2e%2e"):
        assert refused(ask(larder, f"/v2/a/blobs/{reference}"), 400) == ["DIGEST_INVALID"]


@pytest.mark.parametrize("tag", ["a" * 129, "a" * 8000, ".a", "-a", "..", "%2e", "a%20b", "a%0a",
                                 "%c3%bc", "a*", "a@b", "%24a", "a%7f", "a%5c", "a+b"])
def test_bad_tags(larder, tag):
    assert refused(ask(larder, f"/v2/a/manifests/{tag}"), 400) == ["TAG_INVALID"]


@pytest.mark.parametrize("query", ["n=-1", "n=abc", "n=", "n=1e3", "n=0x10", "n=%20%201x",
                                   "n=1;2", "n=--1"])
def test_bad_pages(larder, query):
    for path in ("/v2/_catalog", "/v2/a/tags/list"):
        assert refused(ask(larder, f"{path}?{query}"), 400)


def test_odd_pages_are_only_pages(larder):
    for query in ("n=99999999999999999999999", "n=0", "last=../../..", "last=%ff%0d%0a",
                  "last=" + "z" * 8000, "n=1&n=2", "&&&==&", "n=5&last=%2f%2f"):
        answer = ask(larder, f"/v2/_catalog?{query}")
        assert (answer.status, answer.body) == (200, b'{"repositories":[]}\n'), query


# --- ns and hosts -------------------------------------------------------------------------

def test_ns_that_is_no_host(larder):
    for ns in ("../../etc", "a;b", "$(id)", "`id`", "a|b", "a%26b", "a%22b", "a'b", "%3Cx%3E",
               "docker.io%0d%0aX-Evil:%201", "docker.io%0a", "docker.io%20", "docker.io/x",
               "docker.io/../evil", "docker.io%23", "docker.io%3f", "docker.io%40evil.example",
               "user:secret@docker.io", "http://docker.io", "https:%2f%2fdocker.io", "*", "%25",
               ":80", "docker.io:", "docker.io:x", "docker.io:99999", "docker.io:-1",
               "-docker.io", "docker..io", ".", "..", "%ff", "%c3%bc.example", "a" * 256,
               "a." * 4000, "x" * 16000, "[::1", "[zz]", "[::1]x", "docker.io,evil.example",
               "2130706433", "0x7f000001"):
        answer = ask(larder, f"/v2/{REPO}/manifests/1?ns={ns}")
        assert refused(answer, 400, 404) in (["NAME_INVALID"], ["NAME_UNKNOWN"]), ns
        assert answer.header("x-evil") is None and answer.header("oci-namespace") is None


def test_ns_that_is_not_configured(hub, larder, trap):
    """404, so that containerd goes on to the next host; nobody is asked."""
    for ns in (f"127.0.0.1:{trap.port}", f"localhost:{trap.port}", f"[::1]:{trap.port}",
               f"0.0.0.0:{trap.port}", "127.0.0.1", "169.254.169.254", "10.0.0.1:5000",
               "evil.example", "docker.io.evil.example", "quay.io", "xdocker.io", "docker.io:444",
               hub.host, "localhost"):
        for part in ("manifests/1", f"manifests/{SHA}", f"blobs/{SHA}", "tags/list"):
            found = refused(ask(larder, f"/v2/{REPO}/{part}?ns={ns}"), 404)
            assert found == ["NAME_UNKNOWN"], (ns, part)


def test_a_host_in_the_path_that_is_not_configured(larder, trap):
    for host in ("evil.example", "127.0.0.1", f"127.0.0.1:{trap.port}", "quay.io",
                 f"localhost:{trap.port}", "169.254.169.254"):
        for part in ("manifests/1", f"blobs/{SHA}", "tags/list"):
            answer = ask(larder, f"/v2/{host}/x/{part}")
            assert refused(answer, 400, 404)[0] in ("NAME_UNKNOWN", "NAME_INVALID"), host


def test_the_host_header_means_nothing(larder, trap):
    for host in (f"127.0.0.1:{trap.port}", "evil.example", "x" * 4000, "%00", "a b"):
        answer = send(larder, f"GET /v2/ HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-Host: {host}"
                              "\r\nConnection: close\r\n\r\n".encode())
        assert answer.status in (200, 400)


# --- methods ------------------------------------------------------------------------------

@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW",
                                    "get", "GETX", "PROPFIND", "PRI", "!#$"])
def test_methods_that_do_nothing(larder, method):
    for path in ("/v2/", f"/v2/{REPO}/manifests/1", f"/v2/{REPO}/manifests/{SHA}",
                 f"/v2/{REPO}/blobs/{SHA}", f"/v2/{REPO}/tags/list", "/v2/_catalog", "/healthz",
                 "/readyz", "/metrics", f"/v2/{REPO}/blobs/uploads/",
                 f"/v2/{REPO}/blobs/uploads/123?digest={SHA}"):
        answer = ask(larder, path, method)
        assert refused(answer, 405) == ["UNSUPPORTED"], (method, path)
        assert answer.header("allow") is not None
    assert larder.root.exists() and not list(larder.root.glob("docker/**/*")), "nothing stored"


@pytest.mark.parametrize("line", ["OPTIONS * HTTP/1.1", "CONNECT 127.0.0.1:{port} HTTP/1.1",
                                  "GET http://127.0.0.1:{port}/v2/ HTTP/1.1",
                                  "GET //127.0.0.1:{port}/v2/ HTTP/1.1"])
def test_larder_is_no_proxy(larder, trap, line):
    answer = client.raw_request("127.0.0.1", larder.port, (
        line.format(port=trap.port) + "\r\nHost: x\r\n\r\n").encode())
    assert refused(answer, 404, 405)


# --- headers with a meaning ---------------------------------------------------------------

@pytest.fixture
def warm(hub, larders):
    """(larder, image) of which everything is cached; nothing more may be asked upstream."""
    image = hub.add(build("thing"), REPO, "1")
    made = larders({"docker.io": hub.url})
    assert client.pull(made.url, REPO, "1").ok
    before = len(hub.requests())
    yield made, image
    assert ask(made, "/healthz").status == 200
    assert len(hub.requests()) == before


def test_absurd_ranges(warm):
    made, image = warm
    blob = image.layers()[-1]
    whole, path = blob.read(), blob_path(REPO, blob.digest)
    for text in ("bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=--1", "bytes=1--2", "x=0-1",
                 "bytes=0-1,2-3", "bytes=0-0," * 1000 + "1-1", "bytes=,,,,", "0-1", "bytes 0-1",
                 "bytes=+1-2", "bytes=0x0-0x1", "bytes=-1-", "bytes=1 - 2", "bytes=\t", "=", "-",
                 "bytes=18446744073709551616-", "bytes=-18446744073709551616",
                 "bytes=9223372036854775807-9223372036854775808", "bytes=0-" + "9" * 4000,
                 "bytes=" + "9" * 4000 + "-", "bytes=5-4", "bytes=-0", "bytes=\xff-\xfe",
                 "bytes=0-18446744073709551615", "bytes=4294967296-", "x" * 8000):
        answer = ask(made, path, headers={"Range": text})
        if answer.status == 416:
            assert codes(answer) and answer.header("content-range") == f"bytes */{len(whole)}"
        elif answer.status == 206:
            first, last, size = map(int, re.fullmatch(
                r"bytes (\d+)-(\d+)/(\d+)", answer.header("content-range") or "").groups())
            assert size == len(whole) and answer.body == whole[first:last + 1], text
        else:
            assert answer.status == 200 and answer.body == whole, (text, answer.head)


def test_absurd_conditions(warm):
    made, image = warm
    blob = image.layers()[-1]
    good = f'"{image.digest}"'
    for text in (",", "," * 2000, '"', '""', "W/", "W/W/W/", '"' * 2000, 'W/"', "\xff\xfe",
                 f"{good[:-1]}", f"{good},", f",,,{good}", f"w/{good}", "* *", "**", "x" * 2000,
                 f"{good}x", f'"{image.digest.upper()}"', '"sha256:"', "\t,\t", '"a,b"',
                 '"%s"' % ("z" * 2000)):
        answer = ask(made, f"/v2/{REPO}/manifests/1", headers={"If-None-Match": text})
        assert (answer.status, answer.body) in ((200, image.root.data), (304, b"")), text
        answer = ask(made, blob_path(REPO, blob.digest), headers={
            "If-None-Match": text, "If-Range": text, "Range": "bytes=0-0",
            "If-Modified-Since": text, "If-Match": text, "Accept": text})
        assert answer.status in (200, 206, 304), text
        assert answer.body in (blob.read(), blob.read()[:1], b""), text
