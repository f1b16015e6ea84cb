"""How a refusal is answered: what makes clients wait, what makes them stop, and that the
message is there even where an answer has no body (docs/refusals.md)."""

from __future__ import annotations

import re

import pytest

from hub import build, client

from .helpers import ask, codes, message

REPO = "library/thing"
PATH = f"/v2/{REPO}/manifests/1"


@pytest.fixture
def cold(hub, larders):
    """A larder before a hub whose image nobody has pulled."""
    hub.add(build("thing"), REPO, "1")
    return larders({"docker.io": hub.url}, settings={"freshness": "0"})


def warning(answer) -> str:
    """The text of the header that says what a body would."""
    found = re.fullmatch(r'299 - "(.*)"', answer.header("warning") or "")
    return re.sub(r"\\(.)", r"\1", found[1]) if found else ""


@pytest.mark.parametrize(("wait", "status"), ((9, 429), (11, 403), (3600, 403)))
def test_a_long_wait_is_a_refusal(hub, cold, wait, status):
    hub.fault("manifest", "status", code=429, retry_after=wait)
    got = ask(cold, PATH)
    assert (got.status, codes(got)) == (status, ["TOOMANYREQUESTS"])
    assert wait - 2 <= int(got.header("retry-after")) <= wait
    assert got.header("warning") is None
    head = ask(cold, PATH, "HEAD")
    assert head.status == status and not head.body
    assert "docker.io" in warning(head) and len(head.header("retry-after"))


@pytest.mark.parametrize(("fault", "status"), (({"fault": "refused"}, 502),
                                               ({"fault": "status", "code": 403}, 403)))
def test_a_head_says_why(hub, cold, fault, status):
    hub.fault("manifest", **fault)
    got, head = ask(cold, PATH), ask(cold, PATH, "HEAD")
    assert got.status == head.status == status
    assert warning(head) and warning(head).split(":")[0] == message(got).split(":")[0]


def test_what_clients_ask_for_has_no_warning(cold):
    """They look for what is not there before each push."""
    for path in (f"/v2/{REPO}/manifests/no", f"/v2/{REPO}/blobs/sha256:" + "0" * 64):
        got = ask(cold, path, "HEAD")
        assert got.status == 404 and got.header("warning") is None


def test_a_larder_behind_a_larder(hub, cold, larders):
    """Both refuse alike, and what the first has it serves."""
    front = larders({"docker.io": cold.url}, settings={"freshness": "0"})
    other = build("other")
    hub.add(other, "library/other", "1")
    assert client.pull(front.url, "library/other", "1").ok
    hub.fault("manifest", "status", code=429, retry_after=3600)
    for method in ("GET", "HEAD"):
        got = ask(front, PATH, method)
        assert got.status == 403 and int(got.header("retry-after")) > 3000
    assert codes(ask(front, PATH)) == ["TOOMANYREQUESTS"]
    assert client.pull(front.url, "library/other", "1").ok
