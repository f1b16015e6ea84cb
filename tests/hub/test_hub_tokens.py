"""Challenges, tokens and logins: Hub's way, and the ways of the others."""

from __future__ import annotations

import base64
import json
from urllib.parse import urlencode, urlsplit

import pytest

from hub import PROFILES, Hub, build, client

REPO = "library/thing"
SCOPE = f"repository:{REPO}:pull"
ALICE = {"Authorization": "Basic " + base64.b64encode(b"alice:secret").decode()}


def serving(**settings) -> Hub:
    hub = Hub(users={"alice": "secret"}, private={"alice/own": {"alice"}}, **settings)
    for repository in (REPO, "library/other", "alice/own"):
        hub.add(build("thing"), repository, "1")
    return hub


@pytest.fixture
def hub():
    with serving() as made:
        yield made


def manifest(hub: Hub, token: str | None = None, repo: str = REPO) -> client.RawAnswer:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return client.get(f"{hub.url}/v2/{repo}/manifests/1", headers=headers)


def token(hub: Hub, headers=None, **query) -> dict:
    query.setdefault("service", hub.config.service)
    answer = client.get(f"{hub.token_url}?{urlencode(query, doseq=True)}",
                        headers=headers)
    assert answer.status == 200, answer
    return json.loads(answer.body)


def test_the_challenges_of_docker_hub(hub):
    answer = client.get(f"{hub.url}/v2/")
    assert answer.status == 401
    assert answer.header("www-authenticate") == \
        f'Bearer realm="{hub.token_url}",service="registry.docker.io"'
    assert answer.header("docker-distribution-api-version") == "registry/2.0"
    assert json.loads(answer.body) == {"errors": [{
        "code": "UNAUTHORIZED", "message": "authentication required", "detail": None}]}
    assert manifest(hub).header("www-authenticate") == \
        f'Bearer realm="{hub.token_url}",service="registry.docker.io",scope="{SCOPE}"'
    assert 'error="insufficient_scope"' in manifest(
        hub, token(hub, scope=SCOPE)["token"], "library/other").header("www-authenticate")
    assert client.get(f"{hub.url}/v2/_catalog").status == 401


def test_a_token_is_for_its_scope_and_its_time(hub):
    reply = token(hub, scope=SCOPE)
    assert reply["token"] == reply["access_token"] and reply["expires_in"] == 300
    assert manifest(hub, reply["token"]).status == 200
    assert client.get(f"{hub.url}/v2/", headers={
        "Authorization": f"Bearer {reply['token']}"}).status == 200
    hub.advance(301)
    refused = manifest(hub, reply["token"])
    assert refused.status == 401
    assert 'error="invalid_token"' in refused.header("www-authenticate")


def test_what_a_reply_may_lack_and_how_it_may_lie(hub):
    hub.config.expires_in = None
    hub.config.token_field = "access_token"
    reply = token(hub, scope=SCOPE)
    assert "expires_in" not in reply and "token" not in reply
    hub.advance(61)                                     # absent means 60
    assert manifest(hub, reply["access_token"]).status == 401
    hub.config.expires_in, hub.config.token_lifetime = 300, 5
    value = token(hub, scope=SCOPE)["access_token"]
    hub.advance(6)
    assert manifest(hub, value).status == 401


def test_several_scopes_and_the_wrong_service(hub):
    both = [SCOPE, "repository:library/other:pull"]
    value = token(hub, scope=both)["token"]
    for repo in (REPO, "library/other"):
        assert manifest(hub, value, repo).status == 200
    useless = token(hub, scope=SCOPE, service="registry-1.docker.io")["token"]
    assert manifest(hub, useless).status == 401
    hub.config.quirks = frozenset({"first_scope_only"})
    value = token(hub, scope=both)["token"]
    assert manifest(hub, value, "library/other").status == 401


def test_private_repositories_and_what_does_not_exist(hub):
    assert client.pull(hub.url, "alice/own", "1").error_status == 401
    assert client.pull(hub.url, "no/such", "1").error_status == 401
    own = client.pull(hub.url, "alice/own", "1", user="alice", password="secret")
    assert own.ok, own.errors
    assert hub.requests(kind="manifest_get", status=200)[0].user == "alice"
    assert hub.count(kind="cdn", authorization="Bearer") == 0
    hub.config.hide_missing = False
    assert client.pull(hub.url, "no/such", "1").error_status == 404


def test_an_account_has_its_own_quota(hub):
    hub.set_quota(10)
    hub.set_quota(None, user="alice")
    value = token(hub, ALICE, scope=SCOPE)["token"]
    assert manifest(hub, value).header("ratelimit-limit") is None
    hub.set_quota(200, used=199, user="alice")
    answer = manifest(hub, value)
    assert answer.header("ratelimit-remaining") == "0;w=21600"
    assert len(answer.header("docker-ratelimit-source")) == 36
    assert manifest(hub, value).status == 429
    assert manifest(hub, token(hub, scope=SCOPE)["token"]).status == 200


def test_wrong_passwords_and_the_lock_out(hub):
    hub.config.lockout_after = 2
    wrong = {"Authorization": "Basic " + base64.b64encode(b"alice:wrong").decode()}
    url = f"{hub.token_url}?service=registry.docker.io&scope={SCOPE}"
    assert [client.get(url, headers=wrong).status for _ in range(3)] == [401, 401, 429]
    locked = client.get(url, headers=ALICE)
    assert locked.status == 429 and b"too many failed login attempts" in locked.body
    hub.advance(600)
    assert client.get(url, headers=ALICE).status == 200
    assert client.get(url).status == 200                # anonymous is not locked out


def post(hub: Hub, **form) -> client.RawAnswer:
    parts, body = urlsplit(hub.token_url), urlencode(form).encode()
    return client.raw_request(
        parts.hostname, parts.port,
        b"POST %b HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (parts.path.encode(), len(body), body))


def test_oauth2_where_it_is_and_where_it_is_not(hub):
    form = {"grant_type": "password", "username": "alice", "password": "secret",
            "service": "registry.docker.io", "access_type": "offline",
            "scope": f"{SCOPE} repository:alice/own:pull"}
    assert post(hub, **form).status == 404
    hub.config.oauth2 = True
    reply = json.loads(post(hub, **form).body)
    assert "token" not in reply
    assert manifest(hub, reply["access_token"], "alice/own").status == 200
    again = json.loads(post(hub, grant_type="refresh_token", scope=SCOPE,
                            refresh_token=reply["refresh_token"],
                            service="registry.docker.io").body)
    assert manifest(hub, again["access_token"]).status == 200
    assert post(hub, **{**form, "password": "wrong"}).status == 401


def test_basic_alone():
    with serving(auth="basic") as hub:
        answer = client.get(f"{hub.url}/v2/")
        assert answer.header("www-authenticate") == 'Basic realm="registry.docker.io"'
        assert client.pull(hub.url, REPO, "1", user="alice", password="secret").ok
        assert client.pull(hub.url, REPO, "1", user="alice", password="x").error_status \
            == 401
        assert hub.count(kind="token") == 0


@pytest.mark.parametrize("quirk, shown", (
    ("unquoted_service", ',service=registry.docker.io,scope="'),
    ("no_service", f'/token",scope="{SCOPE}"'),
    ("basic_and_bearer", 'Basic realm="registry.docker.io", Bearer realm="'),
    ("two_lines", 'Basic realm="registry.docker.io"'),
    ("aws", 'scope="aws"'),
    ("placeholder_scope", f'scope="{SCOPE}"')))
def test_quirks_are_shown_and_can_be_lived_with(quirk, shown):
    with serving(quirks={quirk}) as hub:
        lines = manifest(hub).headers("www-authenticate")
        assert shown in lines[0] and len(lines) == (2 if quirk == "two_lines" else 1)
        if quirk == "placeholder_scope":
            ping = client.get(f"{hub.url}/v2/").header("www-authenticate")
            assert 'scope="repository:user/image:pull"' in ping
        if quirk == "aws":
            assert manifest(hub, token(hub, scope=SCOPE)["token"]).status == 401
        result = client.pull(hub.url, REPO, "1")
        assert result.ok, result.errors


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_every_profile_can_be_pulled_from(profile):
    with serving(profile=profile) as hub:
        result = client.pull(hub.url, REPO, "1")
        assert result.ok, result.errors
        if profile == "lscr.io":
            assert "127.0.0.2" in manifest(hub).header("www-authenticate")


def test_a_token_rejected_in_mid_pull(hub):
    rule = hub.fault("blob", "reject_token", count=1)
    assert client.pull(hub.url, REPO, "1").ok           # it asks for another
    assert rule.hits == 1
    assert 'error="invalid_token"' in hub.requests(kind="blob", status=401)[0].answer(
        "www-authenticate")
    value = token(hub, scope=SCOPE)["token"]
    hub.tokens.revoke_all()
    assert manifest(hub, value).status == 401


def test_faults_meet_the_token_service_too(hub):
    with hub.fault("token", "status", code=500, count=1):
        assert client.pull(hub.url, REPO, "1").error_status == 500
    with hub.fault("token", "html"):
        assert not client.pull(hub.url, REPO, "1").ok
    with hub.fault("token", "refused"):
        assert "Refused" in client.pull(hub.url, REPO, "1").errors[0]
    assert client.pull(hub.url, REPO, "1").ok
