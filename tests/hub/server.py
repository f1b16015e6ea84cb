"""The hub itself: three servers over one content, with quota, faults, gates and a log."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from . import faults, tls
from .config import PROFILES, Config
from .faults import Context, Rule
from .images import Image, Named
from .message import Gone, Request, Response, Stop
from .pace import Bucket
from .quota import Quota
from .record import Entry, Log
from .registry import Registry, kind_of
from .tokens import TokenService
from .wire import Conn, Server

ROLES = ("registry", "cdn", "token")


class Hub:
    """A registry to pull from: Hub(**Config fields), or Hub(profile="ghcr.io").

        with Hub(quota=100) as hub:
            hub.add(images.build(), "library/thing", "1")
            ...
            assert hub.count(kind="manifest_get") == 2
    """

    def __init__(self, *, profile: str | None = None, **settings: object) -> None:
        self.config = Config(**{**PROFILES.get(profile or "", {}), **settings})
        if profile is not None and profile not in PROFILES:
            raise ValueError(f"no profile {profile!r}; there are {', '.join(PROFILES)}")
        config = self.config
        self._skew = 0.0
        self.quota = Quota(self.now, config.quota, config.quota_window,
                           config.quota_retry_after, config.quota_users,
                           config.quota_rolling, config.quota_refused_count)
        self.registry = Registry(config, self.now, self.quota)
        self.tokens = TokenService(config, self.now, self.registry.may_pull)
        self.registry.tokens = self.tokens
        self.log = Log()
        self.latency = 0.0                  # seconds before every answer
        self.ca_file: str | None = None
        self._servers: dict[str, Server] = {}
        self._lock = threading.Lock()       # _rules, _gates, _timers
        self._rules: list[Rule] = []
        self._gates: list[Rule] = []
        self._refusals: dict[str, set[Rule]] = {role: set() for role in ROLES}
        self._timers: set[threading.Timer] = set()
        self._refusing = threading.Lock()   # held across a whole change of listeners
        self._scratch: tempfile.TemporaryDirectory | None = None

    # --- life ---

    def start(self) -> "Hub":
        config = self.config
        wanted = {"registry": config.tls,
                  "cdn": config.tls if config.cdn_tls is None else config.cdn_tls,
                  "token": config.tls if config.token_tls is None else config.token_tls}
        context = None
        if any(wanted.values()):
            self._scratch = tempfile.TemporaryDirectory(prefix="hub-tls-")
            ca, context = tls.make(Path(self._scratch.name))
            self.ca_file = str(ca)
        places = {"registry": (config.address, config.port),
                  "cdn": (config.cdn_address or config.address, config.cdn_port),
                  "token": (config.token_address or config.address, config.token_port)}
        try:
            for role in ROLES:
                self._servers[role] = Server(role, *places[role], self._serve,
                                             context if wanted[role] else None)
            self.registry.cdn_url = self.cdn_url
            self.tokens.realm = self.token_url
            for server in self._servers.values():
                server.listen()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End every listener, connection, thread and timer."""
        self.clear_faults()
        self.release_all()
        for server in self._servers.values():
            server.stop()
        if self._scratch is not None:
            self._scratch.cleanup()

    def __enter__(self) -> "Hub":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # --- where and when ---

    @property
    def url(self) -> str:
        """Of the registry, http://127.0.0.1:PORT."""
        return self._servers["registry"].url

    @property
    def cdn_url(self) -> str:
        return self._servers["cdn"].url

    @property
    def token_url(self) -> str:
        """The realm that challenges name."""
        return self._servers["token"].url + self.config.realm_path

    @property
    def host(self) -> str:
        """The registry's host:port."""
        return self.url.split("//", 1)[1]

    def server(self, role: str) -> Server:
        """registry, cdn or token: .accepted, .open_connections, .drop()."""
        return self._servers[role]

    def now(self) -> float:
        """The hub's clock: tokens, signed URLs and the quota's window go by it."""
        return time.time() + self._skew

    def advance(self, seconds: float) -> None:
        """Let time pass for the hub, without waiting."""
        self._skew += seconds

    # --- content ---

    def add(self, image: Image | Named, repository: str | None = None,
            tag: str | None = "latest") -> Image:
        """Publish an image.  A Named one brings its place; tag None: by digest only."""
        if isinstance(image, Named):
            repository, tag, image = image.repository, image.tag, image.image
        if repository is None:
            raise ValueError("which repository?")
        self.registry.add(repository, tag, image)
        return image

    def add_all(self, images: Iterable[Named]) -> list[Named]:
        """As add(), for many: hub.add_all(eleven())."""
        made = list(images)
        for one in made:
            self.add(one)
        return made

    def move_tag(self, repository: str, tag: str, image: Image) -> None:
        """The tag names another image from now on; what it named stays, by digest."""
        self.registry.add(repository, tag, image)

    def delete_tag(self, repository: str, tag: str) -> None:
        with self.registry.lock:
            del self.registry.repositories[repository].tags[tag]

    def delete_digest(self, repository: str, digest: str) -> None:
        """A manifest (with its tags) or a blob is gone, from the CDN too."""
        with self.registry.lock:
            repo = self.registry.repositories[repository]
            repo.blobs.pop(digest, None)
            repo.manifests.pop(digest, None)
            repo.tags = {t: d for t, d in repo.tags.items() if d != digest}
            if not any(digest in r.blobs or digest in r.manifests
                       for r in self.registry.repositories.values()):
                self.registry.by_digest.pop(digest, None)

    def delete_repository(self, repository: str) -> None:
        with self.registry.lock:
            del self.registry.repositories[repository]

    # --- faults and gates ---

    def fault(self, kind: str, fault: str, *, count: int | None = None,
              for_seconds: float | None = None, after: int = 0,
              path: str | None = None, method: str | None = None,
              probability: float = 1.0, seed: int = 0, when_met: bool = False,
              **params: object) -> Rule:
        """From now on, requests of kind meet fault (see faults.FAULTS).

        The first `after` matching ones are spared, then `count` of them (None: all) are
        hit, for at most `for_seconds`.  path: a substring.  Of several rules the first
        that applies wins.  "refused" closes the listener of the host that kind belongs
        to, and every connection to it, until the rule is cleared or its time is over:
        at once, or (after, when_met) from the first matching request on."""
        faults.check(fault, params)
        if fault == "refused" and (count is not None or probability != 1.0):
            raise ValueError("what is refused is never seen: use for_seconds or clear()")
        rule = Rule(kind, fault, params, count=count, for_seconds=for_seconds,
                    after=after, path=path, method=method, probability=probability,
                    seed=seed)
        with self._lock:
            self._rules.append(rule)
        if fault == "refused":
            rule.on_clear = lambda: self._accept_again(rule)
            if after == 0 and not when_met:
                self._refuse(rule)
            if for_seconds is not None:
                timer = threading.Timer(for_seconds, rule.clear)
                timer.daemon = True
                with self._lock:
                    self._timers.add(timer)
                timer.start()
        return rule

    def clear_faults(self) -> None:
        """End all faults; what hangs goes on, what was refused is taken again."""
        with self._lock:
            rules, self._rules = self._rules, []
            timers, self._timers = self._timers, set()
        for timer in timers:
            timer.cancel()
        for rule in rules:
            rule.clear()

    def hold(self, kind: str, path: str | None = None, *, after_bytes: int | None = None,
             method: str | None = None, count: int | None = None, after: int = 0) -> Rule:
        """A gate: matching requests wait, before their answer or after that many bytes
        of body, until .release().  .wait_held(n) tells that n are there."""
        gate = Rule(kind, "hold", {"after_bytes": after_bytes}, path=path, method=method,
                    count=count, after=after)
        with self._lock:
            self._gates.append(gate)
        return gate

    def release_all(self) -> None:
        with self._lock:
            gates, self._gates = self._gates, []
        for gate in gates:
            gate.clear()

    @staticmethod
    def _roles_of(kind: str) -> tuple[str, ...]:
        if kind == "any":
            return ROLES
        return (kind,) if kind in ROLES else ("registry",)

    def _refuse(self, rule: Rule) -> None:
        with self._refusing:
            if rule.latch.is_open:
                return                      # cleared before it came to this
            for role in self._roles_of(rule.kind):
                self._refusals[role].add(rule)
                self._servers[role].refuse()

    def _accept_again(self, rule: Rule) -> None:
        with self._refusing:
            for role in self._roles_of(rule.kind):
                self._refusals[role].discard(rule)
                if not self._refusals[role]:
                    self._servers[role].listen()

    def set_bandwidth(self, bytes_per_second: float | None) -> None:
        """One limit for all that the hub sends; None: none."""
        bucket = Bucket(bytes_per_second) if bytes_per_second else None
        for server in self._servers.values():
            server.limit = bucket

    # --- what happened ---

    def requests(self, **want: object) -> list[Entry]:
        """Of the log, those with kind= (or a prefix: "manifest"), path= (substring),
        role=, method=, status=, user=, authorization=, range=, fault=, done=, ..."""
        return self.log.find(**want)

    def count(self, **want: object) -> int:
        return len(self.log.find(**want))

    def wait_for(self, n: int = 1, timeout: float = 30, **want: object) -> list[Entry]:
        """Until n such requests have arrived; done=True: have been dealt with."""
        return self.log.wait(n, timeout, **want)

    @property
    def bytes_sent(self) -> int:
        """Of bodies, from all three hosts."""
        return self.log.bytes_sent

    @property
    def quota_spent(self) -> int:
        """Manifest GETs that counted, from all sources."""
        return self.quota.spent_total

    def set_quota(self, limit: int | None, *, used: int = 0,
                  user: str | None = None) -> None:
        """Another limit, with so much of it used by user (None: anonymous)."""
        if user is None:
            self.quota.limit = limit
        else:
            self.quota.users[user] = limit
        self.quota.set_used(used, user)

    def reset(self) -> None:
        """Faults, gates, log and quota as at the start; content and tokens stay."""
        self.clear_faults()
        self.release_all()
        self.log.reset()
        self.quota.reset()

    # --- serving ---

    def serve_as(self, role: str, conn: Conn, request: Request) -> bool:
        """A request for one of the three that came in by another listener: a proxy's."""
        return self._serve(conn, request, self._servers[role])

    def _pick(self, kind: str, request: Request) -> Rule | None:
        if not self._rules:
            return None
        with self._lock:
            rules = list(self._rules)
        return next((rule for rule in rules if rule.meets(kind, request)), None)

    def _answer(self, request: Request, entry: Entry) -> Response:
        if entry.role == "cdn":
            return self.registry.serve_cdn(request)
        if entry.role == "token":
            return self.tokens.serve(request)
        return self.registry.serve(request, entry, entry.address)

    def _serve(self, conn: Conn, request: Request, server: Server) -> bool:
        kind = kind_of(server.role, request)
        scheme = (request.header("authorization") or "").partition(" ")[0] or None
        entry = self.log.open(Entry(
            time.monotonic(), server.role, request.method, request.path, request.query,
            kind, request.headers, request.body, connection=conn.number,
            address=conn.peer, authorization=scheme,
            user=self.tokens.user_of(request) if scheme else None,
            range=request.header("range")))
        try:
            return self._respond(conn, request, server, entry)
        except (Gone, OSError):
            entry.aborted = True
            raise
        finally:
            self.log.close(entry)

    def _respond(self, conn: Conn, request: Request, server: Server,
                 entry: Entry) -> bool:
        if self.latency:
            conn.wait(self.latency)
        gates = []
        if self._gates:
            with self._lock:
                gates = list(self._gates)
            gates = [gate for gate in gates if gate.meets(entry.kind, request)]
        for gate in gates:
            if gate.params["after_bytes"] is None:
                gate.park(conn)
        rule = self._pick(entry.kind, request)
        if rule is None:
            response = self._answer(request, entry)
        else:
            entry.fault = rule.fault
            context = Context(conn, request, entry.kind, rule,
                              lambda: self._answer(request, entry), self.tokens.revoke,
                              server.url + request.target)
            try:
                response = faults.FAULTS[rule.fault](context, **rule.params)
            finally:
                if rule.fault == "refused":
                    # this connection has had its RST; the listener goes from another
                    # thread, so that none ever waits for itself
                    threading.Thread(target=self._refuse, args=(rule,),
                                     daemon=True).start()
        for gate in gates:
            if gate.params["after_bytes"] is not None:
                response.stops.append(Stop(gate.params["after_bytes"],
                                           lambda gate=gate: gate.park(conn)))
        return conn.send(request, response, entry)
