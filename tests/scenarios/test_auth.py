"""Who may do what: passwords, tokens, rules, and those who guess."""

from __future__ import annotations

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from hub import build, client
from hub.push import Pusher, digest_of

from .helpers import assert_pulled, wait_until

# bcrypt of "secret" and "build", of the least cost that there is
USERS = {
    "ann": "$2b$05$Ya4z/SxNHlpvcd7YQQS3A.8flb9h6Yql6AWaDCezrAqlZO14tu5aq",
    "ci": "$2b$05$dNGL3GIVJFWNWrIFpk/5NON6J7M6GiBM02XeeFHJNRzigR2XfaK9i",
}


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


ANN, CI = basic("ann", "secret"), basic("ci", "build")


@pytest.fixture
def users(scratch):
    path = scratch / "htpasswd"
    path.write_text("# people\n\n" + "".join(f"{u}:{h}\n" for u, h in USERS.items()))
    return path


@pytest.fixture
def guarded(larders, users):
    """guarded(rules, **options): a registry that asks for passwords."""
    def make(*rules: str, upstreams=None, **options):
        options["config"] = (f"auth:\n  htpasswd:\n    realm: Bakery\n    path: {users}\n"
                             "storage:\n  delete:\n    enabled: true\n" + options.get("config", ""))
        if rules:
            options["settings"] = {**options.get("settings", {}), "access": list(rules)}
        return larders(upstreams, **options)
    return make


def ask(made, path: str, headers=None, method: str = "GET", body=None):
    with Pusher(made.url, headers=headers) as p:
        return p.request(method, path, body)


def token(made, headers=None) -> dict[str, str]:
    got = ask(made, "/token?service=x&scope=repository:a:pull&account=ann", headers)
    assert got.status == 200, got
    doc = json.loads(got.body)
    assert doc["token"] == doc["access_token"] and doc["expires_in"] == 300 and doc["issued_at"]
    return {"Authorization": "Bearer " + doc["token"]}


# --- passwords ------------------------------------------------------------------------------

def test_only_who_logs_in(guarded):
    """As registry:2: nothing without a password, everything with one."""
    made = guarded()
    for path in ("/v2/", "/v2/_catalog", "/v2/a/tags/list", "/v2/a/manifests/x",
                 "/v2/quay.io/a/manifests/x", "/v2/UPPER/manifests/x"):
        got = ask(made, path)
        assert (got.status, got.code) == (401, "UNAUTHORIZED"), path
        assert got.header("www-authenticate") == 'Basic realm="Bakery"'
        assert ask(made, path, ANN).status != 401
    for headers in (basic("ann", "wrong"), basic("bob", "secret"), basic("ann", ""),
                    basic("", "secret"), {"Authorization": "Basic !!!"},
                    {"Authorization": "Basic"}, {"Authorization": "Digest x"},
                    {"Authorization": "Bearer x"}, basic("ann\0", "secret"),
                    basic("ann", "secret\0x"), basic("a" * 300, "x"), basic("ann", "x" * 5000)):
        got = ask(made, "/v2/", headers)
        assert (got.status, got.code) == (401, "UNAUTHORIZED"), headers
    assert ask(made, "/healthz").status == 200
    Pusher(made.url, headers=CI).image("bakery/app", "1", build("x"))
    said = "\n".join(made.log + made.access)
    assert "secret" not in said and "uthorization" not in said


def test_one_comparison_for_a_whole_pull(guarded):
    made = guarded()
    image = build("x", layer_size=100_000)
    Pusher(made.url, headers=ANN).image("bakery/app", "1", image)
    for result in client.pull_many(8, made.url, "bakery/app", "1", user="ann", password="secret"):
        assert_pulled(result, image)


def test_the_file_is_read_again(guarded, users):
    made = guarded()
    assert ask(made, "/v2/", ANN).status == 200
    text = users.read_text()
    users.write_text(text.replace("ann:", "eve:"))
    wait_until(lambda: ask(made, "/v2/", ANN).status == 401, "ann is gone")
    assert ask(made, "/v2/", basic("eve", "secret")).status == 200
    users.write_text("ann:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n")
    wait_until(lambda: ask(made, "/v2/", CI).status == 200
               and any("auth.users_not_reread" in line for line in made.log), "the old stay")
    assert not any("W6ph5" in line for line in made.log)


@pytest.mark.parametrize("text", ["ann\n", "ann:plain\n", "ann:$apr1$x$y\n", ":$2b$05$x\n",
                                  "ann:" + "$2b$05$" + "x" * 53 + "\nann:$2b$05$" + "x" * 53 + "\n"])
def test_a_file_that_is_none(larders, scratch, text):
    path = scratch / "bad"
    path.write_text(text)
    made = larders(start=False, config=f"auth:\n  htpasswd:\n    realm: x\n    path: {path}\n")
    with pytest.raises(AssertionError):
        made.start()
    assert any(str(path) in line and "serve.failed" in line for line in made.log)
    made.kill()


def test_a_file_that_is_missing_is_made(larders, scratch):
    path = scratch / "new"
    made = larders(config=f"auth:\n  htpasswd:\n    realm: x\n    path: {path}\n")
    line = made.wait_log("auth.user_made")
    password = line.split("password=")[1].split()[0]
    assert path.read_text().startswith("docker:$2") and path.stat().st_mode & 0o077 == 0
    assert ask(made, "/v2/", basic("docker", password)).status == 200


def test_guessing_takes_time(guarded):
    """Wrong ones are soon not even compared; who is known goes on as before."""
    made = guarded()
    assert ask(made, "/v2/", ANN).status == 200
    statuses = [ask(made, "/v2/", basic("ann", f"guess{n}")).status for n in range(10)]
    assert statuses[:4] == [401] * 4 and statuses[-1] == 429
    got = ask(made, "/v2/", basic("ann", "another"))
    assert got.status == 429 and got.code == "TOOMANYREQUESTS"
    assert int(got.header("retry-after")) >= 1
    began = time.monotonic()
    assert ask(made, "/v2/", ANN).status == 200 and time.monotonic() - began < 1
    assert ask(made, "/v2/", CI).status == 200, "another user, from the same address"
    assert made.metric("larder_login_failures_total") <= 6


@pytest.mark.concurrent
def test_a_crowd_of_guessers(guarded):
    """Bounded work, an answer for each, and good logins meanwhile."""
    made = guarded()
    assert ask(made, "/v2/", ANN).status == 200

    def guess(n: int) -> int:
        return ask(made, "/v2/", basic(f"user{n}", "x")).status

    with ThreadPoolExecutor(24) as pool:
        guesses = [pool.submit(guess, n) for n in range(120)]
        good = [pool.submit(lambda: ask(made, "/v2/", ANN).status) for _ in range(20)]
        assert {one.result() for one in guesses} <= {401, 429}
        assert {one.result() for one in good} == {200}


# --- tokens and rules -------------------------------------------------------------------------

PUBLIC = ("anonymous ** pull", "users ** all")


def test_anonymous_pulls_and_users_push(guarded):
    made = guarded(*PUBLIC)
    got = ask(made, "/v2/")
    assert got.status == 401 and got.header("www-authenticate") == \
        f'Bearer realm="{made.url}/token",service="{made.host}"'
    image = build("x")
    Pusher(made.url, headers=token(made, ANN)).image("bakery/app", "1", image)
    Pusher(made.url, headers=CI).image("bakery/app", "2", image)
    for headers in (None, token(made), token(made, CI), ANN):
        assert ask(made, "/v2/bakery/app/manifests/1", headers).status == 200
    assert ask(made, "/v2/", token(made)).status == 200
    for headers in (None, token(made)):
        got = ask(made, "/v2/bakery/app/blobs/uploads/", headers, "POST", b"")
        assert (got.status, got.code) == (401, "UNAUTHORIZED")
        # that the token is nobody's is said, too: Docker does not repeat the push then
        assert got.header("www-authenticate").endswith(
            ',scope="repository:bakery/app:pull,push"'
            + (',error="insufficient_scope"' if headers else ""))
        assert ask(made, "/v2/bakery/app/manifests/1", headers, "DELETE").status == 401
    got = ask(made, "/token", basic("ann", "wrong"))
    assert got.status == 401 and got.header("www-authenticate").startswith("Basic ")
    assert ask(made, "/token", token(made, ANN)).status == 401, "a token is not for a token"
    assert ask(made, "/token", ANN, "POST", b"").status == 405
    made.wait_log("serve.listening")
    proxied = ask(made, "/v2/", {"X-Forwarded-Proto": "https", "Host": "cache.example"})
    assert proxied.header("www-authenticate") == \
        'Bearer realm="https://cache.example/token",service="cache.example"'
    evil = ask(made, "/v2/", {"Host": 'x",realm="http://evil'})
    assert evil.header("www-authenticate") is None or "evil" not in evil.header("www-authenticate")


def test_tokens_that_are_none(guarded, clock):
    made = guarded(*PUBLIC, env=clock.env)
    good = token(made, ANN)
    assert ask(made, "/v2/", good).status == 200
    text = good["Authorization"][7:]
    raw = base64.b64decode(text)
    for bad in (raw[:-1], raw[1:], bytes([raw[0] ^ 1]) + raw[1:], raw.replace(b"ann", b"bob"),
                raw + b"x", b"", raw[:32], raw.replace(b":", b";")):
        got = ask(made, "/v2/", {"Authorization": "Bearer " + base64.b64encode(bad).decode()})
        assert got.status == 401
    clock.advance(301)
    assert ask(made, "/v2/", good).status == 401
    other = token(made, ANN)
    made.stop()
    made = guarded(*PUBLIC, env=clock.env)
    assert ask(made, "/v2/", other).status == 401, "of another process"


def test_rules_by_user_and_name(guarded):
    made = guarded("anonymous pub/** pull", "ci bakery/** pull,push", "ann ** all")
    Pusher(made.url, headers=ANN).image("pub/app", "1", build("p"))
    Pusher(made.url, headers=CI).image("bakery/app", "1", build("b"))
    Pusher(made.url, headers=ANN).image("private/app", "1", build("s"))
    cases = {
        None: {"pub/app": 200, "bakery/app": 401, "private/app": 401},
        "ci": {"pub/app": 200, "bakery/app": 200, "private/app": 403},
        "ann": {"pub/app": 200, "bakery/app": 200, "private/app": 200}}
    for user, wanted in cases.items():
        headers = {"ci": CI, "ann": ANN}.get(user)
        for name, status in wanted.items():
            assert ask(made, f"/v2/{name}/manifests/1", headers).status == status, (user, name)
            assert ask(made, f"/v2/{name}/tags/list", headers).status == status
        names = json.loads(ask(made, "/v2/_catalog", headers or token(made)).body)["repositories"]
        assert names == sorted(n for n, status in wanted.items() if status == 200)
    got = ask(made, "/v2/bakery/app/manifests/1", CI, "DELETE")
    assert (got.status, got.code) == (403, "DENIED") and "larder.access" in got.message
    got = ask(made, "/v2/pub/app/manifests/new", CI, "PUT", b"x" * 100_000)
    assert (got.status, got.code) == (403, "DENIED")
    assert ask(made, "/v2/bakery/app/manifests/1", ANN, "DELETE").status == 202


def test_a_mount_needs_the_right_to_pull(guarded):
    made = guarded("ci bakery/** pull,push", "ann ** all")
    secret = b"secret" * 100
    Pusher(made.url, headers=ANN).blob("private/app", secret)
    for query in ("&from=private/app", ""):
        got = ask(made, f"/v2/bakery/app/blobs/uploads/?mount={digest_of(secret)}{query}", CI,
                  "POST", b"")
        assert got.status == 202
        got = ask(made, f"/v2/other/b/blobs/uploads/?mount={digest_of(secret)}{query}", ANN,
                  "POST", b"")
        assert got.status == 201


def test_rules_without_users(larders):
    """Nobody can log in: what is not granted to all is refused, and no password asked."""
    made = larders(settings={"access": ["anonymous pub/** pull"]})
    assert ask(made, "/v2/").status == 200
    assert ask(made, "/v2/pub/x/manifests/1").status == 404
    for method, path in (("GET", "/v2/other/manifests/1"), ("POST", "/v2/pub/x/blobs/uploads/")):
        got = ask(made, path, ANN, method)
        assert (got.status, got.code) == (403, "DENIED")
    assert ask(made, "/token").status == 404


def test_a_mirror_that_asks_says_what_that_means(guarded, hub):
    hub.add(build("thing"), "library/thing", "1")
    made = guarded(upstreams={"docker.io": hub.url})
    made.wait_log("Docker Hub credentials")
    asked = hub.count()
    assert ask(made, "/v2/library/thing/manifests/1").status == 401 and hub.count() == asked
    assert ask(made, "/v2/library/thing/manifests/1", ANN).status == 200
    for entry in hub.requests():
        assert "ann" not in str(entry.headers)


# --- what is asked before the body comes --------------------------------------------------------

def test_a_body_waits_for_the_password(guarded):
    """The first request of a client may be one with a body."""
    made = guarded()
    data = b"x" * 300_000
    got = ask(made, f"/v2/a/b/blobs/uploads/?digest={digest_of(data)}", ANN, "POST", data)
    assert got.status == 201
    got = ask(made, f"/v2/a/b/blobs/uploads/?digest={digest_of(data)}", basic("ann", "no"), "POST",
              data)
    assert got.status == 401
    got = ask(made, f"/v2/a/b/blobs/uploads/?digest={digest_of(data)}", CI, "POST", iter([data]))
    assert got.status == 201
