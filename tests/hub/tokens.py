"""The token service and the challenges that lead to it, quirks of each registry included.

Not called token.py: run as a directory, this package would then hide Python's own
module of that name from the standard library.
"""

from __future__ import annotations

import base64
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs

from .config import Config
from .message import Body, Header, Request, Response

QUIRKS = {
    "unquoted_service": "service=gcr.io without quotes",
    "no_service": "no service parameter at all (pkg.dev)",
    "basic_and_bearer": 'Basic and Bearer challenges on one line (quay.io)',
    "two_lines": "Basic and Bearer challenges in two header lines",
    "aws": 'literal scope="aws", and a token only for that (public.ecr.aws)',
    "placeholder_scope": "/v2/ names scope repository:user/image:pull (ghcr.io)",
    "first_scope_only": "grants only the first scope asked for",
}


@dataclass(frozen=True)
class Token:
    user: str | None
    scopes: frozenset[tuple[str, str]]      # (repository, action); ("*", "pull") for all
    expires: float


def answer(status: int, value: object, *headers: Header) -> Response:
    return Response(status, [("Content-Type", "application/json"), *headers],
                    Body(json.dumps(value).encode()))


def basic(request: Request) -> tuple[str, str] | None:
    """Name and password of a Basic Authorization header."""
    scheme, _, value = (request.header("authorization") or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        return None
    return name, password


def _parse_scopes(texts: list[str]) -> list[tuple[str, list[str]]]:
    """[(repository, actions)] of "repository:library/redis:pull,push" and the like."""
    found = []
    for text in texts:
        for one in text.split():
            kind, _, rest = one.partition(":")
            name, _, actions = rest.rpartition(":")
            if kind.split("(")[0] == "repository" and name:
                found.append((name, actions.split(",")))
    return found


class TokenService:
    """Gives tokens and knows which it gave.  may_pull(user, repository) decides."""

    def __init__(self, config: Config, clock: Callable[[], float],
                 may_pull: Callable[[str | None, str], bool]) -> None:
        self.config = config
        self.clock = clock
        self.may_pull = may_pull
        self.realm = ""
        self._lock = threading.Lock()
        self._tokens: dict[str, Token] = {}
        self._refresh: dict[str, str] = {}
        self._failures: dict[str, tuple[int, float]] = {}

    # --- what the registry asks ---

    def challenge(self, scope: str | None = None,
                  error: str | None = None) -> list[Header]:
        """The WWW-Authenticate lines of a 401.  scope None: that of /v2/."""
        quirks, config = self.config.quirks, self.config
        basic_line = f'Basic realm="{config.service}"'
        if config.auth == "basic":
            return [("Www-Authenticate", basic_line)]
        parts = [f'realm="{self.realm}"']
        if "unquoted_service" in quirks:
            parts.append(f"service={config.service}")
        elif "no_service" not in quirks:
            parts.append(f'service="{config.service}"')
        if "aws" in quirks:
            scope = "aws"
        elif scope is None and "placeholder_scope" in quirks:
            scope = "repository:user/image:pull"
        if scope is not None:
            parts.append(f'scope="{scope}"')
        if error is not None:
            parts.append(f'error="{error}"')
        bearer = "Bearer " + ",".join(parts)
        if "basic_and_bearer" in quirks:
            return [("Www-Authenticate", f"{basic_line}, {bearer}")]
        if "two_lines" in quirks:
            return [("Www-Authenticate", basic_line), ("Www-Authenticate", bearer)]
        return [("Www-Authenticate", bearer)]

    def user_of(self, request: Request) -> str | None:
        """Who sent this, as far as its Authorization tells."""
        if (pair := basic(request)) is not None:
            return pair[0]
        token = self._tokens.get(self._bearer(request))
        return token.user if token else None

    @staticmethod
    def _bearer(request: Request) -> str:
        scheme, _, value = (request.header("authorization") or "").partition(" ")
        return value.strip() if scheme.lower() == "bearer" else ""

    def check(self, request: Request, repository: str | None) -> str | None:
        """None when the request may go on, else why not: "" or an error= value."""
        config = self.config
        if config.auth == "none":
            return None
        takes_basic = config.auth == "basic" or \
            config.quirks & {"basic_and_bearer", "two_lines"}
        if (pair := basic(request)) is not None and takes_basic:
            if config.users.get(pair[0]) != pair[1]:
                return ""
            allowed = repository is None or self.may_pull(pair[0], repository)
            return None if allowed else "insufficient_scope"
        if config.auth == "basic":
            return ""
        value = self._bearer(request)
        if not value:
            return ""
        with self._lock:
            token = self._tokens.get(value)
        if token is None or self.clock() >= token.expires:
            return "invalid_token"
        if repository is None:
            return None
        names = {name for name, action in token.scopes if action in ("pull", "*")}
        if names & {repository, "*"} and self.may_pull(token.user, repository):
            return None
        return "insufficient_scope"

    def revoke(self, request: Request) -> None:
        """Forget the token that came with request."""
        with self._lock:
            self._tokens.pop(self._bearer(request), None)

    def revoke_all(self) -> None:
        with self._lock:
            self._tokens.clear()

    # --- the service itself ---

    def serve(self, request: Request) -> Response:
        if request.path.rstrip("/") != self.config.realm_path.rstrip("/"):
            return answer(404, {"details": "not found"})
        if request.method == "GET":
            return self._get(request)
        if request.method == "POST" and self.config.oauth2:
            return self._post(request)
        return answer(404, {"details": "404 page not found"})

    def _get(self, request: Request) -> Response:
        pair = basic(request)
        if pair is not None and (refused := self._login(*pair)) is not None:
            return refused
        if request.header("authorization") and pair is None:
            return answer(401, {"details": "unsupported authorization"})
        offline = pair is not None and request.one("offline_token") == "true"
        return self._grant(pair[0] if pair else None, request.one("service"),
                           request.query.get("scope", []), offline)

    def _post(self, request: Request) -> Response:
        form = parse_qs(request.body.decode("latin-1"))

        def one(name: str) -> str:
            return form.get(name, [""])[0]

        if one("grant_type") == "password":
            user = one("username")
            if (refused := self._login(user, one("password"))) is not None:
                return refused
        elif one("grant_type") == "refresh_token":
            if (user := self._refresh.get(one("refresh_token"), "")) == "":
                return answer(401, {"error": "invalid_grant"})
        else:
            return answer(400, {"error": "unsupported_grant_type"})
        return self._grant(user, one("service"), form.get("scope", []),
                           one("access_type") == "offline", oauth2=True)

    def _login(self, user: str, password: str) -> Response | None:
        """None when the password is right, else the refusal: 401, or 429 when locked."""
        config = self.config
        with self._lock:
            failures, since = self._failures.get(user, (0, 0.0))
            if failures and self.clock() - since >= config.lockout_seconds:
                failures = 0
            locked = config.lockout_after is not None and failures >= config.lockout_after
            if not locked and config.users.get(user) == password:
                self._failures.pop(user, None)
                return None
            if not locked:
                self._failures[user] = (failures + 1, self.clock())
        if locked:
            return answer(429, {"errors": [{
                "code": "TOOMANYREQUESTS",
                "message": "too many failed login attempts for username or IP address"}]})
        return answer(401, {"details": "incorrect username or password"})

    def _scopes(self, service: str, texts: list[str],
                user: str | None) -> frozenset[tuple[str, str]]:
        """What a token grants.  Too little is no error: the registry says so later."""
        quirks = self.config.quirks
        if "aws" in quirks:
            return frozenset({("*", "pull")} if "aws" in texts else ())
        if "no_service" not in quirks and service != self.config.service:
            return frozenset()
        wanted = _parse_scopes(texts)
        if "first_scope_only" in quirks:
            wanted = wanted[:1]
        return frozenset((name, action) for name, actions in wanted for action in actions
                         if action == "pull" and self.may_pull(user, name))

    def _grant(self, user: str | None, service: str, texts: list[str], offline: bool,
               oauth2: bool = False) -> Response:
        config, now = self.config, self.clock()
        lifetime = config.token_lifetime
        if lifetime is None:
            lifetime = 60 if config.expires_in is None else config.expires_in
        scopes = self._scopes(service, texts, user)
        value = self._jwt(user, scopes, now, lifetime)
        with self._lock:
            self._tokens[value] = Token(user, scopes, now + lifetime)
        reply: dict[str, object] = {}
        if config.token_field in ("token", "both") and not oauth2:
            reply["token"] = value
        if config.token_field in ("access_token", "both") or oauth2:
            reply["access_token"] = value
        if config.expires_in is not None:
            reply["expires_in"] = config.expires_in
        reply["issued_at"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
        if offline and user:
            reply["refresh_token"] = secrets.token_urlsafe(32)
            self._refresh[str(reply["refresh_token"])] = user
        if oauth2:
            reply["scope"] = " ".join(texts)
        return answer(200, reply)

    def _jwt(self, user: str | None, scopes: frozenset[tuple[str, str]], now: float,
             lifetime: float) -> str:
        """Shaped as Hub's are.  Nothing may be trusted that a client reads in it."""
        def part(value: object) -> str:
            text = json.dumps(value).encode()
            return base64.urlsafe_b64encode(text).decode().rstrip("=")
        access = [{"type": "repository", "name": name, "actions": [action],
                   "parameters": {"pull_limit": "100", "pull_limit_interval": "21600"}}
                  for name, action in sorted(scopes)]
        claims = {"access": access, "aud": self.config.service, "iss": "auth.docker.io",
                  "sub": user or "", "iat": int(now), "exp": int(now + lifetime),
                  "jti": secrets.token_hex(12)}
        return ".".join((part({"alg": "RS256", "typ": "JWT"}), part(claims),
                         secrets.token_urlsafe(256)))
