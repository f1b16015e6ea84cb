"""`larder doctor` and what the larder that serves knows of its upstreams."""

from __future__ import annotations

from hub import client

from .test_doctor import IMAGE, doctor, hub         # noqa: F401 (fixtures)


def test_the_larder_has_no_pulls_left(hub, larder, doctor):
    hub.set_quota(1)
    hub.add(IMAGE, "library/a", "1")
    made = larder()
    for ref in ("1", "2"):
        client.get(f"{made.url}/v2/library/a/manifests/{ref}")
    report = doctor(made)
    report.says("served docker.io", "of its address is used up", "there again in",
                state="warn")
    report.says("quota docker.io", "0 of 1 pulls", state="fail")


def test_the_larder_is_told_to_go_slow(hub, larder, doctor):
    made = larder()
    hub.fault("manifest_head", "status", code=429, retry_after=600, body="slow down", count=1)
    client.get(f"{made.url}/v2/library/a/manifests/1")
    doctor(made).says("served docker.io", "has trouble with it since 20", "asks again in",
                      state="warn")
