"""How a hub behaves when nothing is wrong: the settings, and the known registries."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Config:
    """Any field may be given to Hub(...), and most be changed while it runs
    (not: addresses, ports, TLS, realm_path).  The defaults are Docker Hub's."""

    # where
    address: str = "127.0.0.1"
    cdn_address: str | None = None          # another 127.x.y.z makes another host
    token_address: str | None = None
    port: int = 0
    cdn_port: int = 0
    token_port: int = 0
    tls: bool = False
    cdn_tls: bool | None = None             # None: as tls.  False: https leads to http
    token_tls: bool | None = None

    # who may
    auth: str = "bearer"                    # bearer, basic, none
    users: dict[str, str] = field(default_factory=dict)
    private: dict[str, set[str]] = field(default_factory=dict)   # repository: users
    hide_missing: bool = True               # an unknown repository is a 401, as on Hub

    # tokens
    service: str = "registry.docker.io"
    realm_path: str = "/token"
    quirks: frozenset[str] = frozenset()    # see tokens.QUIRKS
    token_field: str = "both"               # token, access_token, both
    expires_in: int | None = 300            # as told; None: the field is absent
    token_lifetime: float | None = None     # as enforced; None: what was told
    oauth2: bool = False                    # POST works; else 404, as on Hub
    lockout_after: int | None = None        # failed logins of one user, then 429
    lockout_seconds: int = 600

    # answers
    redirect: int = 307                     # blobs: 307, 302, or 0 (served in place)
    redirect_manifests: bool = False        # manifests too (registry.k8s.io)
    url_ttl: int = 3000                     # seconds that a signed URL lives
    method_bound: bool = False              # URLs are signed for GET; HEAD is 403
    head_blob_401: bool = False             # HEAD blob is refused (public.ecr.aws)
    digest_header: bool = True              # Docker-Content-Digest
    head_digest: bool = True                # also on HEAD of a manifest
    head_length: bool = True                # Content-Length on HEAD
    ranges: bool = True                     # off: a Range is answered 200
    referrers: bool = False                 # the API; off: 404

    # quota
    quota: int | None = None                # None: unlimited, no headers
    quota_window: int = 21600
    quota_retry_after: int | None = None
    quota_users: dict[str, int | None] = field(default_factory=dict)
    quota_rolling: bool = False             # see quota.py
    quota_refused_count: bool = False

    def __post_init__(self) -> None:
        self.quirks = frozenset(self.quirks)


# What each registry does otherwise.  Hub(profile="quay.io") starts from these.
PROFILES: dict[str, dict[str, object]] = {
    "docker.io": {"quota": 100},
    "ghcr.io": {"service": "ghcr.io", "quirks": {"placeholder_scope"}},
    "quay.io": {"service": "quay.io", "realm_path": "/v2/auth", "redirect": 302,
                "quirks": {"basic_and_bearer"}, "url_ttl": 600},
    "gcr.io": {"service": "gcr.io", "realm_path": "/v2/token", "redirect": 302,
               "quirks": {"unquoted_service"}},
    "pkg.dev": {"realm_path": "/v2/token", "redirect": 302, "quirks": {"no_service"}},
    "registry.k8s.io": {"auth": "none", "redirect": 307, "redirect_manifests": True},
    "mcr.microsoft.com": {"auth": "none"},
    "public.ecr.aws": {"service": "public.ecr.aws", "realm_path": "/token/",
                       "quirks": {"aws"}, "head_blob_401": True},
    "lscr.io": {"service": "ghcr.io", "token_address": "127.0.0.2",
                "quirks": {"placeholder_scope"}},
    "registry.gitlab.com": {"service": "container_registry", "realm_path": "/jwt/auth",
                            "token_address": "127.0.0.2"},
}
