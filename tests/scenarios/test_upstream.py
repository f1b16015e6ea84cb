"""The upstream floor against every registry's ways: challenges, tokens, redirects, tags."""

from __future__ import annotations

import base64
import json

import pytest

from . import probe
from hub import Hub, build
from hub.config import PROFILES

REPO = "library/thing"
IMAGE = build("thing", layer_size=300_000)
BLOB = IMAGE.layers()[-1]


def hub_of(**settings: object) -> Hub:
    hub = Hub(**settings)
    hub.add(IMAGE, REPO, "1")
    return hub


def all_right(hub: Hub, **options: object) -> None:
    """Every operation, and that each says the truth."""
    head = probe.one("head-manifest", hub.url, REPO, "1", **options)
    length = len(IMAGE.root.data) if hub.config.head_length else -1
    assert head["ok"] and head["length"] == length, head
    assert head["digest"] == IMAGE.digest and head["media_type"] == IMAGE.root.media_type
    by_tag = probe.one("get-manifest", hub.url, REPO, "1", **options)
    assert by_tag["digest"] == IMAGE.digest, by_tag
    digest = IMAGE.manifest().digest
    assert probe.one("get-manifest", hub.url, REPO, digest, **options)["digest"] == digest
    size = probe.one("head-blob", hub.url, REPO, BLOB.digest, **options)
    assert size.get("size") == BLOB.size, size
    blob = probe.one("get-blob", hub.url, REPO, BLOB.digest, **options)
    assert (blob["ok"], blob["size"], blob["sha256"]) == (True, BLOB.size, BLOB.digest), blob
    assert probe.one("tags", hub.url, REPO, **options)["tags"] == ["1"]


# --- registries ---

@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_every_registry(profile):
    with hub_of(profile=profile) as hub:
        all_right(hub)


@pytest.mark.parametrize("settings", (
    {"token_field": "token"}, {"token_field": "access_token"}, {"expires_in": None},
    {"quirks": {"two_lines"}}, {"quirks": {"first_scope_only"}}, {"method_bound": True},
    {"redirect": 0}, {"head_length": False}, {"head_blob_401": True}, {"redirect": 302},
    {"ranges": False, "method_bound": True}), ids=str)
def test_every_way_to_answer(settings):
    with hub_of(**settings) as hub:
        all_right(hub)


def test_basic_registry():
    with hub_of(auth="basic", users={"u": "p"}) as hub:
        all_right(hub, user="u", password="p")
        missing = probe.failure("head-manifest", hub.url, REPO, "1")
        assert missing["kind"] == "denied" and "password" in missing["error"]


def test_basic_goes_first_once_it_is_known():
    with hub_of(auth="basic", users={"u": "p"}) as hub:
        done = probe.run("head-manifest", hub.url, REPO, "1", repeat=3, user="u",
                         password="p")
        assert all(r["ok"] for r in done.results)
        assert [e.status for e in hub.requests()] == [401, 200, 200, 200, 200]
        assert hub.requests()[1].path == "/v2/"     # is the password right? once


# --- what is not there ---

def test_missing_things():
    with hub_of(hide_missing=False) as hub:
        other = "sha256:" + "1" * 64
        for args in (("head-manifest", "2"), ("get-manifest", "2"), ("get-manifest", other),
                     ("head-blob", other), ("get-blob", other)):
            found = probe.failure(args[0], hub.url, REPO, args[1])
            assert found["kind"] == "not_found", (args, found)


def test_hidden_repository_is_denied():
    with hub_of() as hub:
        found = probe.failure("get-manifest", hub.url, "library/nothing", "1")
        assert found["kind"] == "denied" and "library/nothing:1" in found["error"]


def test_missing_manifest_behind_a_redirect_is_not_found():
    with hub_of(profile="registry.k8s.io") as hub:
        assert probe.failure("head-manifest", hub.url, REPO, "2")["kind"] == "not_found"


# --- tokens ---

def test_the_second_request_begins_with_the_token():
    with hub_of() as hub:
        done = probe.run("head-manifest", hub.url, REPO, "1", repeat=4)
        assert all(r["ok"] for r in done.results)
        assert [e.kind for e in hub.requests()] == ["manifest_head", "token"] + \
            ["manifest_head"] * 4
        assert hub.count(status=401) == 1


def all_at_once(hub: Hub, n: int) -> list[dict]:
    """n threads that have all been challenged before the first token arrives."""
    first = hub.hold("manifest_head", count=n)
    token = hub.hold("token")
    with probe.Stepping("head-manifest", hub.url, REPO, "1", n=1, threads=n) as p:
        p.process.stdin.write("\n" * n)
        p.process.stdin.flush()
        first.wait_held(n)
        first.release()
        token.wait_held(1)
        hub.wait_for(n, kind="manifest_head", done=True)
        token.release()
        return [json.loads(p.process.stdout.readline()) for _ in range(n)]


@pytest.mark.concurrent
def test_twenty_threads_fetch_one_token():
    with hub_of() as hub:
        assert all(r["ok"] for r in all_at_once(hub, 20))
        assert hub.count(kind="token") == 1
        assert hub.count(kind="manifest_head") == 40


@pytest.mark.concurrent
def test_a_failed_token_is_told_to_all_who_wait():
    with hub_of() as hub:
        hub.fault("token", "status", code=500)
        assert {r["kind"] for r in all_at_once(hub, 10)} == {"upstream"}
        assert hub.count(kind="token") < 5      # a late comer may have asked anew


def test_an_expired_token_is_replaced_once():
    with hub_of() as hub, probe.Stepping("head-manifest", hub.url, REPO, "1", n=3) as p:
        assert p.next()["ok"]
        hub.advance(400)
        assert p.next()["ok"] and p.next()["ok"]
        assert hub.count(kind="token") == 2


def test_a_revoked_token_is_replaced_once_then_denied():
    with hub_of() as hub, probe.Stepping("head-manifest", hub.url, REPO, "1", n=3) as p:
        assert p.next()["ok"]
        rule = hub.fault("manifest_head", "reject_token", count=1)
        assert p.next()["ok"] and rule.hits == 1
        assert hub.count(kind="token") == 2
        hub.fault("manifest_head", "reject_token")
        assert p.next()["kind"] == "denied"
        assert hub.count(kind="token") == 3


def test_placeholder_scope_is_not_used():
    with hub_of(profile="ghcr.io") as hub:
        text = 'Bearer realm="%s",service="ghcr.io",scope="repository:user/image:pull"'
        hub.fault("manifest_head", "headers", count=1,
                  **{"Www_Authenticate": text % hub.token_url})
        assert probe.one("head-manifest", hub.url, REPO, "1")["ok"]
        assert hub.requests(kind="token")[0].query["scope"] == [f"repository:{REPO}:pull"]


def test_service_as_given():
    with hub_of(profile="registry.gitlab.com") as hub:
        assert probe.one("head-manifest", hub.url, REPO, "1")["ok"]
        assert hub.requests(kind="token")[0].query["service"] == ["container_registry"]
    with hub_of(profile="pkg.dev") as hub:
        assert probe.one("head-manifest", hub.url, REPO, "1")["ok"]
        assert "service" not in hub.requests(kind="token")[0].query


@pytest.mark.parametrize("body", (
    "", "[]", "{}", '{"token":""}', '{"token":"a\\r\\nX: y"}', '{"token":"a b"}',
    '{"token":5}', '{"token":"é"}', "x" * 100_000))
def test_useless_tokens(body):
    with hub_of() as hub:
        hub.fault("token", "status", code=200, body=body)
        found = probe.failure("head-manifest", hub.url, REPO, "1")
        assert found["kind"] in ("upstream", "limit") and "token from" in found["error"]


def test_the_token_service_says_429():
    with hub_of() as hub:
        hub.fault("token", "status", code=429, retry_after=7)
        found = probe.failure("head-manifest", hub.url, REPO, "1")
        assert (found["kind"], found["retry_after_s"]) == ("busy", 7)


def test_wrong_password_is_sent_once():
    """Docker Hub locks an account out after a few."""
    with hub_of(users={"u": "right"}, lockout_after=3) as hub:
        done = probe.run("head-manifest", hub.url, REPO, "1", repeat=6, user="u",
                         password="wrong", host="docker.io")
        assert {r["kind"] for r in done.results} == {"denied"}
        assert "docker.io refused the login of user u: check" in done.results[5]["error"]
        assert "wrong" not in done.everything
        assert hub.count(kind="token") == 1
        assert hub.count() == 2         # what follows is answered from memory


def test_private_repository_with_credentials():
    with hub_of(users={"u": "p"}, private={REPO: {"u"}}) as hub:
        assert probe.one("get-manifest", hub.url, REPO, "1", user="u", password="p")["ok"]
        asked = hub.requests(kind="token")[0]
        assert asked.authorization == "Basic" and asked.query["account"] == ["u"]
        assert probe.failure("get-manifest", hub.url, REPO, "1")["kind"] == "denied"


def test_credentials_from_a_docker_config(tmp_path):
    config = tmp_path / "config.json"
    auth = base64.b64encode(b"u:p").decode()
    config.write_text(json.dumps({"auths": {"probe.example": {"auth": auth}}}))
    with hub_of(users={"u": "p"}, private={REPO: {"u"}}) as hub:
        assert probe.one("get-manifest", hub.url, REPO, "1", docker_config=config)["ok"]


def test_identity_token_is_posted(tmp_path):
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"auths": {"probe.example": {"identitytoken": "r1"}}}))
    with hub_of(users={"u": "p"}, private={REPO: {"u"}}, oauth2=True) as hub:
        hub.tokens._refresh["r1"] = "u"
        assert probe.one("get-manifest", hub.url, REPO, "1", docker_config=config)["ok"]
        assert [e.method for e in hub.requests(kind="token")] == ["POST"]


# --- quota ---

def test_the_quota_is_remembered_and_a_head_costs_none():
    with hub_of(quota=100) as hub:
        done = probe.run("head-manifest", hub.url, REPO, "1", repeat=3, metrics=True)
        assert hub.quota_spent == 0
        assert done.metric("larder_upstream_pull_quota_limit") == 100
        done = probe.run("get-manifest", hub.url, REPO, "1", repeat=3, metrics=True)
        assert hub.quota_spent == 3
        assert done.metric("larder_upstream_pull_quota_remaining") == 97
        assert done.metric("larder_upstream_requests_total", kind="manifest_get",
                           status="200") == 3


def test_the_quota_is_read_as_it_was_said():
    with hub_of(quota=100) as hub:
        done = probe.run("get-manifest", hub.url, REPO, "1", repeat=3)
        assert done.results[2]["quota"] == {"limit": 100, "remaining": 97,
                                            "window_s": 21600, "source": "127.0.0.1"}


def test_the_quota_of_an_account_is_its_own():
    with hub_of(quota=100, users={"u": "p"}, quota_users={"u": 200}) as hub:
        found = probe.one("head-manifest", hub.url, REPO, "1", user="u", password="p")
        assert found["quota"]["limit"] == 200 and "127" not in found["quota"]["source"]


def test_no_quota_is_not_known():
    with hub_of() as hub:
        assert "quota" not in probe.one("head-manifest", hub.url, REPO, "1")


@pytest.mark.parametrize("value", ["-1;w=60", "lots", "9" * 30, "", "1x;w=5"])
def test_a_quota_that_is_no_number_is_not_known(value):
    with hub_of() as hub:
        hub.fault("manifest_head", "headers",
                  **{"ratelimit-remaining": value, "ratelimit-limit": "7;w=60"})
        found = probe.one("head-manifest", hub.url, REPO, "1")
        assert found["quota"] == {"limit": 7, "remaining": -1, "window_s": 60, "source": ""}


def test_asking_for_the_quota_costs_none():
    with Hub(quota=100) as hub:
        hub.add(IMAGE, "ratelimitpreview/test", "latest")
        hub.quota.set_used(24)
        found = probe.one("check-quota", hub.url, REPO, host="docker.io")
        assert found["ok"] and found["quota"]["remaining"] == 76
        assert hub.quota_spent == 0
        (asked,) = hub.requests(kind="token")
        assert asked.query["scope"] == ["repository:ratelimitpreview/test:pull"]
        assert probe.failure("check-quota", hub.url, REPO)["kind"] == "not_found"


def test_asking_for_the_quota_where_there_is_none():
    with Hub() as hub:
        hub.add(IMAGE, "ratelimitpreview/test", "latest")
        found = probe.one("check-quota", hub.url, REPO, host="docker.io")
        assert found["ok"] and "quota" not in found


def test_quota_used_up():
    with hub_of(quota=1) as hub:
        done = probe.run("get-manifest", hub.url, REPO, "1", repeat=2)
        assert done.results[0]["ok"]
        assert done.results[1]["kind"] == "busy" and "used up" in done.results[1]["error"]
        assert 21600 <= done.results[1]["retry_after_s"] < 21700
        assert hub.count(kind="manifest_get", status=429) == 0, "it is known"


def test_a_refusal_that_no_number_announced():
    with hub_of() as hub:
        hub.fault("manifest_get", "status", code=429, retry_after=90,
                  body='{"errors":[{"code":"TOOMANYREQUESTS","message":"no more"}]}')
        done = probe.run("get-manifest", hub.url, REPO, "1", repeat=2, host="docker.io")
        for result in done.results:
            assert (result["kind"], result["retry_after_s"]) == ("busy", 90), result
        assert hub.count(kind="manifest_get") == 1


# --- connections ---

def test_connections_are_used_again():
    with hub_of() as hub:
        done = probe.run("get-blob", hub.url, REPO, BLOB.digest, repeat=10)
        assert all(r["ok"] for r in done.results)
        for role in ("registry", "cdn", "token"):
            assert hub.server(role).accepted == 1, role


@pytest.mark.concurrent
def test_many_threads():
    with hub_of() as hub:
        done = probe.run("get-blob", hub.url, REPO, BLOB.digest, repeat=10, threads=16)
        assert len(done.results) == 160
        assert all(r["sha256"] == BLOB.digest for r in done.results)
        assert hub.server("cdn").accepted <= 16


def test_a_connection_that_died_while_idle_is_replaced():
    with hub_of() as hub, probe.Stepping("head-manifest", hub.url, REPO, "1", n=2) as p:
        assert p.next()["ok"]
        hub.server("registry").drop()
        assert p.next()["ok"]


# --- tags ---

def test_tags_page_by_page():
    with hub_of(auth="none") as hub:
        for i in range(20):
            hub.add(IMAGE, REPO, f"t{i:02}")
        found = f"</v2/{REPO}/tags/list?n=5&last=t03>; rel=\"next\""
        hub.fault("tags", "headers", count=1, Link=found)
        tags = probe.one("tags", hub.url, REPO)["tags"]
        assert set(tags) == {"1", *(f"t{i:02}" for i in range(20))}


def test_next_page_elsewhere_is_refused():
    with hub_of() as hub:
        hub.fault("tags", "headers", Link=f'<{hub.cdn_url}/x>; rel="next"')
        assert probe.failure("tags", hub.url, REPO)["kind"] == "upstream"
        assert hub.count(role="cdn") == 0


def test_endless_pages_end():
    with hub_of(auth="none") as hub:
        hub.fault("tags", "headers", Link=f'</v2/{REPO}/tags/list>; rel="next"')
        assert probe.failure("tags", hub.url, REPO)["kind"] == "limit"
        assert hub.count(kind="tags") == 200


def test_too_many_tags():
    with hub_of() as hub:
        for i in range(20):
            hub.add(IMAGE, REPO, f"t{i:02}")
        assert probe.failure("tags", hub.url, REPO, limit=50)["kind"] == "limit"


def test_tags_that_are_no_tags():
    with hub_of() as hub:
        hub.fault("tags", "status", code=200, count=1,
                  body=json.dumps({"tags": ["a", "../x", "", 5, None, "b" * 200, "c"]}))
        assert probe.one("tags", hub.url, REPO)["tags"] == ["a", "c"]
        for body in ("", "[]", "<html>"):
            hub.fault("tags", "status", code=200, count=1, body=body)
            assert probe.failure("tags", hub.url, REPO)["kind"] == "upstream"
        hub.fault("tags", "status", code=200, count=1, body='{"tags":null}')
        assert probe.one("tags", hub.url, REPO)["tags"] == []
