"""examples/: every file is well formed, and says to larder only what larder understands."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import larder_binary
from harness.larder import TOP
from hub import eleven

from .helpers import ask

yaml = pytest.importorskip("yaml", reason="python3-yaml is not installed")

EXAMPLES = TOP / "examples"
FILES = sorted(path for path in EXAMPLES.rglob("*") if path.is_file())
YAMLS = [path for path in FILES if path.suffix in (".yml", ".yaml")]
UNITS = [path for path in FILES if path.parent.name == "systemd"]
# What names the file of settings is none itself.
NO_SETTINGS = {"LARDER_CONFIG"}


def named(path: Path) -> str:
    return str(path.relative_to(EXAMPLES))


def parsed(path: str) -> list[dict]:
    return [one for one in yaml.safe_load_all((EXAMPLES / path).read_text()) if one]


def larder(*words: str, **env: str) -> subprocess.CompletedProcess:
    return subprocess.run([larder_binary(), *words], capture_output=True, text=True, timeout=20,
                          stdin=subprocess.DEVNULL, env={"PATH": os.environ["PATH"], **env})


def dicts(value: object) -> Iterator[dict]:
    """value and all that is in it, as far as it is a map."""
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else \
            value if isinstance(value, list) else ():
        yield from dicts(one)


# --- every file ---------------------------------------------------------------------------

@pytest.mark.parametrize("path", FILES, ids=named)
def test_it_says_how_it_is_used(path):
    text = path.read_text()
    assert text.startswith("# ") and len(text.split("\n\n")[0].split("\n")) >= 2
    assert len(max(text.splitlines(), key=len)) <= 110


@pytest.mark.parametrize("path", YAMLS, ids=named)
def test_yaml_parses(path):
    found = [one for one in yaml.safe_load_all(path.read_text())]
    assert found and all(isinstance(one, dict) for one in found)


@functools.cache
def variables() -> list[re.Pattern]:
    """What `larder help settings` names, any registry's host allowed."""
    text = larder("help", "settings").stdout
    names = set(re.findall(r"\bLARDER_[A-Z_<>]+", text))
    assert len(names) > 20
    return [re.compile(re.escape(name).replace("<HOST>", "[A-Z0-9_]+")) for name in names]


def test_the_image_says_its_version():
    version = re.search(r"version: '(\S+)'", (TOP / "meson.build").read_text())[1]
    assert f'org.opencontainers.image.version="{version}"' in (TOP / "Dockerfile").read_text()


@pytest.mark.parametrize("path", FILES, ids=named)
def test_variables_are_settings(path):
    for name in set(re.findall(r"\bLARDER_[A-Z_0-9]+", path.read_text())) - NO_SETTINGS:
        if name != "LARDER_":
            assert any(one.fullmatch(name) for one in variables()), name
    for name in set(re.findall(r"\bREGISTRY_[A-Z_0-9]+", path.read_text())) - {"REGISTRY_"}:
        done = larder("serve", "--print-settings", **{name: "https://registry-1.docker.io"})
        assert done.returncode == 0 and "warning" not in done.stderr, done.stderr


COMMAND = re.compile(r"(?:/usr/local/bin/|[\s(\"'])larder "
                     r"((?:serve|update|pull|status|setup)\b[^\n|&;#<>]*)")


@pytest.mark.parametrize("path", [p for p in FILES if COMMAND.search(p.read_text())], ids=named)
def test_commands_and_flags_exist(path):
    for words in COMMAND.findall(path.read_text()):
        command, *rest = words.split()
        done = larder(command, "--help")
        assert done.returncode == 0, f"larder has no {command}"
        for flag in re.findall(r"--[a-z-]+", " ".join(rest)):
            assert flag == "--help" or re.search(rf"{flag}\b", done.stdout), f"{command} {flag}"


# --- config files -------------------------------------------------------------------------

def configs() -> Iterator[tuple[str, dict[str, str]]]:
    yield "docker/config.yml", {"config.yml": (EXAMPLES / "docker/config.yml").read_text()}
    for name in ("kubernetes/larder.yaml", "kubernetes/node-cache.yaml"):
        for one in parsed(name):
            if one["kind"] == "ConfigMap":
                yield name, one["data"]


@pytest.mark.parametrize("name, files", configs(), ids=[name for name, _ in configs()])
def test_config_files_are_taken(name, files, scratch):
    """With the files where they look for them; without a warning."""
    secret = next(one for one in parsed("kubernetes/hub-credentials.yaml")
                  if one["kind"] == "Secret")
    (scratch / ".dockerconfigjson").write_text(secret["stringData"][".dockerconfigjson"])
    for file, text in files.items():
        for place in ("/run/secrets/hub", "/etc/docker/registry"):
            text = text.replace(place, str(scratch))
        (scratch / file).write_text(text)
    done = larder("serve", "--print-settings", str(scratch / "config.yml"))
    assert done.returncode == 0 and not done.stderr, done.stderr
    assert 'addr: ":5000"' in done.stdout
    assert 'rootdirectory: "/var/lib/registry"' in done.stdout


# --- systemd ------------------------------------------------------------------------------

def here(directory: Path) -> list[str]:
    """The units, as if larder were installed where it was built."""
    for path in UNITS:
        text = path.read_text().replace("/usr/local/bin/larder", str(larder_binary()))
        (directory / path.name).write_text(text)
    return [str(directory / path.name) for path in UNITS if path.suffix != ".conf"]


@pytest.fixture
def analyze():
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")

    def run(*words: str) -> subprocess.CompletedProcess:
        return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True,
                              timeout=60, stdin=subprocess.DEVNULL)
    return run


def test_units_verify(analyze, scratch):
    units = here(scratch)
    dropin = scratch / "larder.service.d"
    dropin.mkdir()
    (scratch / "hub.conf").rename(dropin / "hub.conf")
    done = analyze("verify", "--man=no", *units)
    if "Failed to initialize manager" in done.stderr:
        pytest.skip("systemd-analyze cannot work here: " + done.stderr.strip())
    assert done.returncode == 0 and str(scratch) not in done.stderr, done.stderr


@pytest.mark.parametrize("unit", ["larder.service", "larder-update.service"])
def test_units_are_confined(analyze, scratch, unit):
    here(scratch)
    done = analyze("security", "--offline=true", "--threshold=20", str(scratch / unit))
    assert done.returncode == 0 and "exposure level" in done.stdout, done.stdout[-300:]


def test_the_timer_has_a_time(analyze):
    text = (EXAMPLES / "systemd/larder-update.timer").read_text()
    when = re.search(r"^OnCalendar=(.*)$", text, re.M)[1]
    assert analyze("calendar", when).returncode == 0


def test_units_set_what_larder_takes():
    """Both services the same store; what is set is understood."""
    found = []
    for name in ("larder.service", "larder-update.service"):
        words = re.findall(r"^Environment=(.*)$", (EXAMPLES / "systemd" / name).read_text(), re.M)
        env = dict(one.split("=", 1) for one in " ".join(words).replace("%S", "/var/lib").split())
        done = larder("serve", "--print-settings", **env)
        assert done.returncode == 0 and 'rootdirectory: "/var/lib/larder"' in done.stdout
        found.append(env)
    assert found[0] == found[1]


def test_cron_line():
    lines = [line for line in (EXAMPLES / "cron.d/larder-update").read_text().splitlines()
             if line and not line.startswith("#")]
    *settings, line = lines
    assert larder("serve", "--print-settings",
                  **dict(one.split("=", 1) for one in settings)).returncode == 0
    fields = line.split(None, 6)
    assert all(re.fullmatch(r"[0-9*,/-]+", one) for one in fields[:5]) and fields[5] == "larder"
    assert fields[6].startswith("/usr/local/bin/larder update ") and "%" not in fields[6]


# --- compose ------------------------------------------------------------------------------

def test_compose():
    service = parsed("compose/compose.yml")[0]["services"]["larder"]
    assert service["ports"] == ["127.0.0.1:5000:5000"]
    volume, place = service["volumes"][0].split(":")
    assert volume in parsed("compose/compose.yml")[0]["volumes"] and place == "/var/lib/registry"
    for user, password in (("", ""), ("me", "secret")):
        values = {"DOCKER_USERNAME": user, "DOCKER_PASSWORD": password}
        env = {name: re.sub(r"\$\{(\w+):-\}", lambda m: values[m[1]], value)
               for name, value in service["environment"].items()}
        done = larder("serve", "--print-settings", **env)
        assert done.returncode == 0 and not done.stderr, done.stderr
        assert ("username" in done.stdout) == bool(user)


def test_compose_itself_takes_it():
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True,
                                        timeout=20, check=False).returncode != 0:
        pytest.skip("docker compose is not installed")
    done = subprocess.run([docker, "compose", "-f", EXAMPLES / "compose/compose.yml", "config"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


# --- Kubernetes ---------------------------------------------------------------------------

API = {"Namespace": "v1", "ConfigMap": "v1", "Secret": "v1", "Service": "v1",
       "PersistentVolumeClaim": "v1", "Deployment": "apps/v1", "DaemonSet": "apps/v1"}


@functools.cache
def cluster() -> dict[tuple[str, str], dict]:
    """All that is applied, by kind and name."""
    found = {}
    for path in sorted((EXAMPLES / "kubernetes").glob("*.yaml")):
        for one in parsed(str(path.relative_to(EXAMPLES))):
            assert one["apiVersion"] == API[one["kind"]]
            name = one["metadata"]["name"]
            assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", name)
            if one["kind"] != "Namespace":
                assert one["metadata"]["namespace"] == "larder"
            found[one["kind"], name] = one
    return found


def workloads() -> list[dict]:
    return [one for (kind, _), one in cluster().items() if kind in ("Deployment", "DaemonSet")]


@pytest.mark.parametrize("index", range(2), ids=["Deployment", "DaemonSet"])
def test_workload(index, larders):
    """What it names is there; it is confined; what its probes ask, larder answers."""
    made = larders()
    spec = sorted(workloads(), key=lambda one: one["kind"], reverse=True)[index]["spec"]
    labels = spec["template"]["metadata"]["labels"]
    assert spec["selector"]["matchLabels"].items() <= labels.items()
    pod = spec["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] > 30, "longer than it drains"
    sources = {"configMap": ("ConfigMap", "name"), "secret": ("Secret", "secretName"),
               "persistentVolumeClaim": ("PersistentVolumeClaim", "claimName")}
    for volume in pod["volumes"]:
        for key, (kind, field) in sources.items():
            if key in volume:
                assert (kind, volume[key][field]) in cluster()
    volumes = {one["name"] for one in pod["volumes"]}
    for container in pod.get("initContainers", []) + pod["containers"]:
        assert {one["name"] for one in container["volumeMounts"]} <= volumes
        guard = container["securityContext"]
        assert guard["readOnlyRootFilesystem"] and not guard["allowPrivilegeEscalation"]
        assert guard["capabilities"]["drop"] == ["ALL"]
    container, = pod["containers"]
    assert {**pod["securityContext"], **container["securityContext"]}["runAsNonRoot"]
    ports = {one["name"]: one for one in container["ports"]}
    for probe in ("livenessProbe", "readinessProbe"):
        asked = container[probe]["httpGet"]
        assert asked["port"] in ports and ask(made, asked["path"]).status == 200
    assert ports["http"]["containerPort"] == 5000
    command, file = container["args"]
    mount = next(one for one in container["volumeMounts"] if one["name"] == "config")
    assert command == "serve" and file == mount["mountPath"] + "/config.yml"


def test_service_finds_the_deployment():
    service = cluster()["Service", "larder"]["spec"]
    template = cluster()["Deployment", "larder"]["spec"]["template"]
    assert service["selector"].items() <= template["metadata"]["labels"].items()
    names = {one["name"] for one in template["spec"]["containers"][0]["ports"]}
    assert {one["targetPort"] for one in service["ports"]} <= names
    text = (EXAMPLES / "kubernetes/node-cache.yaml").read_text()
    assert f"http://larder.larder.svc.cluster.local:{service['ports'][0]['port']}" in text


def test_the_secret_is_a_docker_config():
    secret = cluster()["Secret", "larder-hub"]
    assert json.loads(secret["stringData"][".dockerconfigjson"]) == {"auths": {}}
    assert secret["type"] == "kubernetes.io/dockerconfigjson"


# --- CI -----------------------------------------------------------------------------------

def scripts() -> Iterator[tuple[str, str]]:
    for job in parsed("github-actions/build.yml")[0]["jobs"].values():
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step)
            if "run" in step:
                yield f"github: {step.get('name', '?')}", step["run"]
    job = parsed("gitlab-ci/.gitlab-ci.yml")[0]["build"]
    for part in ("before_script", "script", "after_script"):
        yield f"gitlab: {part}", "\n".join(job[part])


SCRIPTS = dict(scripts())


@pytest.mark.parametrize("name", SCRIPTS)
def test_shell_parses(name):
    # ${{ }} is replaced before a shell sees it
    text = re.sub(r"\$\{\{.*?\}\}", "x", SCRIPTS[name])
    for shell in ("dash", "bash", "sh"):
        if shutil.which(shell):
            done = subprocess.run([shell, "-n"], input=text, capture_output=True, text=True,
                                  timeout=10)
            assert done.returncode == 0, done.stderr


def step(name: str, scratch: Path, **programs: str) -> tuple[subprocess.CompletedProcess, list[str]]:
    """Run a step of the workflow with stand-ins for programs (sh text each), and what the
    stand-ins were called with."""
    fakes = scratch / "fakes"
    fakes.mkdir(exist_ok=True)
    for program, text in programs.items():
        (fakes / program).write_text(
            f'#!/bin/sh\necho "{program} $*" >>{scratch}/calls\n{text}\n')
        (fakes / program).chmod(0o755)
    text = SCRIPTS[f"github: {name}"].replace("/etc/docker", str(scratch))
    done = subprocess.run(["bash", "-e", "-c", text], capture_output=True, text=True, timeout=20,
                          cwd=scratch, env={"PATH": f"{fakes}:{os.environ['PATH']}",
                                            "RUNNER_TEMP": str(scratch / "fakes"),
                                            "MIRROR_IMAGE": "the-image", "GITHUB_TOKEN": "t",
                                            "GITHUB_ACTOR": "a"})
    calls = scratch / "calls"
    return done, calls.read_text().splitlines() if calls.exists() else []


@pytest.mark.parametrize("before", [None, {}, {"exec-opts": ["a"], "registry-mirrors": ["http://b"]}])
def test_the_workflow_sets_the_mirror(scratch, before):
    if shutil.which("jq") is None:
        pytest.skip("jq is not installed")
    config = scratch / "daemon.json"
    if before is not None:
        config.write_text(json.dumps(before))
    done, calls = step("Docker's mirror", scratch, sudo='exec "$@"', systemctl="")
    assert done.returncode == 0, done.stderr
    after = {"registry-mirrors": ["http://127.0.0.1:5000"]}
    assert json.loads(config.read_text()) == {**(before or {}), **after}
    assert calls[-1] == "systemctl restart docker"


def test_the_workflow_fills_the_store(hub, larders, scratch):
    """With the list of this project, as far as the hub has it."""
    hub.add_all(eleven(host="docker.io"))
    made = larders({"docker.io": hub.url})
    text = (TOP / "base-images.txt").read_text()
    (scratch / "base-images.txt").write_text(text.replace("gcr.io/", "# "))
    config = made.root.parent / (made.root.name + ".config.yml")
    words = f"shift 4; {larder_binary()} \"$@\" --root {made.root} --config {config} --quiet"
    done, calls = step("Base images", scratch, docker=words)
    assert done.returncode == 0, done.stderr
    assert calls == ["docker exec -i larder larder pull --file -"]
    assert ask(made, "/v2/library/python/manifests/3.11-slim").status == 200


def test_the_workflow_starts_larder(scratch):
    done, calls = step("larder", scratch, docker="cat >/dev/null 2>&1 </dev/null", curl="")
    assert done.returncode == 0 and (scratch / "larder-store").is_dir(), done.stderr
    run = next(one for one in calls if one.startswith("docker run"))
    assert run.endswith(" the-image") and "-e LARDER_MIRROR " in run
    done, calls = step("larder", scratch, docker="", curl="exit 22")
    assert done.returncode == 1 and calls[-1] == "docker logs larder"


def test_gitlab_services():
    job = parsed("gitlab-ci/.gitlab-ci.yml")[0]
    larder_one, dind = job["build"]["services"]
    assert job["variables"]["FF_NETWORK_PER_BUILD"] == "true"
    assert dind["command"] == [f"--registry-mirror=http://{larder_one['alias']}:5000",
                               f"--insecure-registry={larder_one['alias']}:5000"]
    assert job["variables"]["DOCKER_HOST"] == f"tcp://{dind['alias']}:2375"
    assert job["build"]["stage"] in job["stages"]


def test_tekton():
    task, = parsed("tekton/build.yaml")
    assert (task["apiVersion"], task["kind"]) == ("tekton.dev/v1", "Task")
    spec = task["spec"]
    known = {f"params.{one['name']}" for one in spec["params"]}
    known |= {f"workspaces.{one['name']}.path" for one in spec["workspaces"]}
    known |= {f"results.{one['name']}.path" for one in spec["results"]}
    text = (EXAMPLES / "tekton/build.yaml").read_text()
    assert set(re.findall(r"\$\(([^)]+)\)", text)) <= known
    args = spec["steps"][0]["args"]
    for flag in ("registry-mirror", "insecure-registry"):
        assert f"--{flag}=$(params.MIRROR)" in args
    service = cluster()["Service", "larder"]["metadata"]
    mirror = next(one for one in spec["params"] if one["name"] == "MIRROR")["default"]
    assert mirror.startswith(f"{service['name']}.{service['namespace']}.svc.")
