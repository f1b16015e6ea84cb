"""Wrong credentials: one login, and then an answer from memory that says what to do."""

from __future__ import annotations

import base64
import json
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from hub import Hub, build, client

from . import probe
from .helpers import ask, assert_pulled, codes, message

NAMES = [f"library/thing{i}" for i in range(24)]


def credentials(password: str) -> dict:
    return {"credentials": {"username": "ann", "password": password}}


def fill(hub: Hub):
    image = build("thing", layer_size=2000)
    for name in NAMES:
        hub.add(image, name, "1")
    return image


def ask_all(larder) -> list:
    with ThreadPoolExecutor(len(NAMES)) as pool:
        return list(pool.map(lambda name: ask(larder, f"/v2/{name}/manifests/1"), NAMES))


def logins(hub: Hub) -> int:
    """Requests that carried the password."""
    return sum(entry.authorization == "Basic" for entry in hub.requests())


@pytest.mark.concurrent
@pytest.mark.parametrize("auth", ["bearer", "basic"])
def test_a_crowd_with_a_wrong_password_is_one_login(hubs, larders, auth):
    """Each asks for a repository of its own, so each needs a token of its own."""
    hub = hubs(users={"ann": "right"}, lockout_after=2, auth=auth)
    fill(hub)
    larder = larders({"docker.io": {"url": hub.url, **credentials("wr0ng")}})
    for answer in ask_all(larder) + ask_all(larder):
        assert answer.status == 403 and codes(answer) == ["DENIED"]
        assert "docker.io refused the login of user ann: check the password or token " \
            "(larder.upstreams.docker.io.credentials, DOCKER_USERNAME/DOCKER_PASSWORD, " \
            "docker login)" in message(answer)
    assert logins(hub) == 1
    assert "wr0ng" not in larder.tail(1000)
    assert base64.b64encode(b"ann:wr0ng").decode() not in larder.tail(1000)


@pytest.mark.concurrent
@pytest.mark.parametrize("auth", ["bearer", "basic"])
def test_a_crowd_with_the_right_password_gets_all(hubs, larders, auth):
    hub = hubs(users={"ann": "right"}, private={name: {"ann"} for name in NAMES}, auth=auth)
    fill(hub)
    larder = larders({"docker.io": {"url": hub.url, **credentials("right")}})
    assert {answer.status for answer in ask_all(larder)} == {200}


def test_new_settings_are_another_try(hubs, larders):
    hub = hubs(users={"ann": "right"})
    image = fill(hub)
    larder = larders({"docker.io": {"url": hub.url, **credentials("wrong")}},
                     settings={"negative": "0s"})
    assert ask(larder, f"/v2/{NAMES[0]}/manifests/1").status == 403
    larder.upstreams = {"docker.io": {"url": hub.url, **credentials("right")}}
    config = larder.root.parent / (larder.root.name + ".config.yml")
    config.write_text(larder.config_text())
    larder.signal(signal.SIGHUP)
    larder.wait_log("settings.reloaded")
    assert_pulled(client.pull(larder.url, NAMES[1], "1"), image)


def test_a_new_docker_config_is_another_try(tmp_path):
    config = tmp_path / "config.json"

    def log_in(password: str) -> None:
        auth = base64.b64encode(b"ann:" + password.encode()).decode()
        config.write_text(json.dumps({"auths": {"probe.example": {"auth": auth}}}))

    log_in("wrong")
    with Hub(users={"ann": "right again"}) as hub:
        fill(hub)
        with probe.Stepping("head-manifest", hub.url, NAMES[0], "1", n=4,
                            docker_config=config) as p:
            assert [p.next()["kind"] for _ in range(3)] == ["denied"] * 3
            assert logins(hub) == 1
            log_in("right again")
            assert p.next()["ok"]


def test_a_refused_login_is_not_tried_again_by_one_request(hub):
    """Nor is it waited for: there is nothing to wait for."""
    hub.config.users = {"ann": "right"}
    fill(hub)
    found = probe.failure("head-manifest", hub.url, NAMES[0], "1", user="ann",
                          password="wrong", retry=True)
    assert found["attempts"] == 1 and logins(hub) == 1
    assert "probe.example refused the login of user ann" in found["error"]
    assert "DOCKER_USERNAME" not in found["error"]      # is for Docker Hub alone


def test_a_locked_account_is_left_alone():
    with Hub(users={"ann": "right"}, lockout_after=0) as hub:
        fill(hub)
        done = probe.run("head-manifest", hub.url, NAMES[0], "1", repeat=5, user="ann",
                         password="right", host="docker.io")
        assert {r["kind"] for r in done.results} == {"busy"}
        assert all(590 < r["retry_after_s"] <= 600 for r in done.results)
        assert "locked the login of user ann" in done.results[0]["error"]
        assert logins(hub) == 1


def test_a_lock_lasts_as_long_as_it_says():
    with Hub(users={"ann": "right"}) as hub:
        fill(hub)
        hub.fault("token", "status", code=429, retry_after=1, count=1, body=json.dumps(
            {"errors": [{"code": "TOOMANYREQUESTS", "message":
                         "too many failed login attempts for username or IP address"}]}))
        done = probe.run("head-manifest", hub.url, NAMES[0], "1", user="ann", retry=True,
                         password="right")
        assert done.results[0]["ok"] and done.results[0]["attempts"] == 2
        assert done.results[0]["ms"] >= 1000


def test_a_429_that_is_no_lock_is_not_remembered():
    with Hub(users={"ann": "right"}) as hub:
        fill(hub)
        hub.fault("token", "status", code=429, retry_after=1, count=1)
        found = probe.one("head-manifest", hub.url, NAMES[0], "1", retry=True, user="ann",
                          password="right")
        assert found["ok"] and found["attempts"] in (2, 3)    # the pause has a random part


def test_trouble_at_a_login_says_nothing_of_the_password():
    with Hub(users={"ann": "right"}) as hub:
        fill(hub)
        hub.fault("token", "status", code=503, count=1)
        done = probe.run("head-manifest", hub.url, NAMES[0], "1", repeat=2, user="ann",
                         password="right")
        assert [r.get("kind") for r in done.results] == ["upstream", None]


@pytest.mark.parametrize("auth", ["bearer", "basic"])
def test_a_good_login_that_may_not_see_one_repository(hubs, larders, auth):
    hub = hubs(users={"ann": "right", "bob": "x"}, private={NAMES[0]: {"bob"}}, auth=auth)
    image = fill(hub)
    larder = larders({"docker.io": {"url": hub.url, **credentials("right")}})
    answer = ask(larder, f"/v2/{NAMES[0]}/manifests/1")
    assert answer.status == 403 and "refused the login" not in message(answer)
    assert_pulled(client.pull(larder.url, NAMES[1], "1"), image)


def test_what_is_cached_pulls_with_a_wrong_password(hubs, larders, clock):
    hub = hubs(users={"ann": "right"})
    image = fill(hub)
    larder = larders({"docker.io": {"url": hub.url, **credentials("right")}}, env=clock.env)
    assert_pulled(client.pull(larder.url, NAMES[0], "1"), image)
    larder.stop()
    clock.advance(3600)
    before = logins(hub)
    larder = larders({"docker.io": {"url": hub.url, **credentials("wrong")}}, env=clock.env)
    for _ in range(3):
        assert_pulled(client.pull(larder.url, NAMES[0], "1"), image)
        clock.advance(3600)
    assert logins(hub) == before + 1
