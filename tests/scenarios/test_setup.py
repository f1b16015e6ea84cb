"""larder setup: a client's files, merged, copied, shown first, taken back."""

from __future__ import annotations

import json
import os
import pty
import signal
import stat
import subprocess
import tomllib
from pathlib import Path

import pytest

from harness import larder_binary

OURS = "http://127.0.0.1:5000"
NOBODY = 65534
FILE_CLIENTS = ("docker", "containerd", "podman", "buildkit", "k3s")


def environment(**more: str) -> dict[str, str]:
    return {key: value for key, value in os.environ.items()
            if not key.startswith("LARDER_")} | more


def run_setup(*words: object, status: int = 0, **env: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([larder_binary(), "setup", *map(str, words)], text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=30,
                          env=environment(**env))
    print(done.stdout[:5000], done.stderr[:5000], sep="\n--\n")
    assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr
    assert done.returncode == status
    return done


def as_user(*words: object, home: Path) -> subprocess.CompletedProcess[str]:
    """The command by somebody who is not root."""
    user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    try:
        return subprocess.run([larder_binary(), "setup", *map(str, words)], text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=30,
                              env={"HOME": str(home)}, **user)
    except PermissionError:
        pytest.skip("the program is where another user cannot run it")


def names(directory: Path) -> list[str]:
    return sorted(str(one.relative_to(directory)) for one in directory.rglob("*"))


def mirrors(path: Path) -> list[str]:
    return json.loads(path.read_text())["registry-mirrors"]


@pytest.fixture
def daemon(scratch):
    """Somebody's daemon.json."""
    path = scratch / "daemon.json"
    path.write_text('{\n    "debug": true,\n    "registry-mirrors": ["https://a.example"]\n}\n')
    return path


def parse(client: str, text: str) -> dict:
    """With another parser than ours."""
    if client == "docker":
        return json.loads(text)
    return {} if client == "k3s" else tomllib.loads(text)


# --- the whole way ------------------------------------------------------------------------

@pytest.mark.parametrize("client", FILE_CLIENTS)
def test_there_and_back_from_nothing(scratch, client):
    """Written, the second time nothing to do, and gone again."""
    path = scratch / "etc" / ("certs.d" if client == "containerd" else "file")
    done = run_setup(client, "--path", path, "--yes")
    assert ": written\n" in done.stdout and "+++ " in done.stdout
    files = [one for one in path.parent.rglob("*") if one.is_file()]
    assert len(files) == (9 if client == "containerd" else 1)
    assert all("127.0.0.1:5000" in one.read_text() for one in files)
    for one in files:
        parse(client, one.read_text())
    before = {one: one.stat().st_mtime_ns for one in files}
    again = run_setup(client, "--path", path, "--yes")
    assert again.stdout.count("is so already") == len(files) and again.stderr == ""
    assert before == {one: one.stat().st_mtime_ns for one in files}
    assert "removed" in run_setup(client, "--path", path, "--undo", "--yes").stdout
    assert not [one for one in path.parent.rglob("*") if one.is_file()]
    run_setup(client, "--path", path, "--undo", "--yes")


def test_what_was_there_stays_and_comes_back(daemon):
    old = daemon.read_bytes()
    done = run_setup("docker", "--path", daemon, "--yes")
    copy = daemon.with_name("daemon.json.before-larder")
    assert mirrors(daemon) == [OURS, "https://a.example"]
    assert copy.read_bytes() == old and str(copy) in done.stdout
    assert "systemctl reload docker" in done.stderr
    done = run_setup("docker", "--path", daemon, "--undo", "--yes")
    assert "as it was before larder" in done.stdout
    assert daemon.read_bytes() == old and names(daemon.parent) == ["daemon.json"]


def test_undo_after_others_have_changed_it(daemon):
    run_setup("docker", "--path", daemon, "--yes")
    text = daemon.read_text().replace('"debug": true', '"debug": false')
    daemon.write_text(text)
    done = run_setup("docker", "--path", daemon, "--undo", "--yes")
    copy = daemon.with_name("daemon.json.before-larder")
    assert json.loads(daemon.read_text()) == {"debug": False,
                                              "registry-mirrors": ["https://a.example"]}
    assert json.loads(copy.read_text())["debug"] is True and "stays" in done.stdout
    # the copy is not written again, and not taken for the way back to what is newer
    run_setup("docker", "--path", daemon, "--yes")
    assert json.loads(copy.read_text())["debug"] is True
    run_setup("docker", "--path", daemon, "--undo", "--yes")
    assert json.loads(daemon.read_text())["debug"] is False


def test_another_mirror_later(scratch):
    """A block is replaced, and no copy is made of a file that has one."""
    path = scratch / "50-larder.conf"
    run_setup("podman", "--path", path, "--yes")
    run_setup("podman", "--path", path, "--yes", "--mirror", "cache.lan:5000")
    text = path.read_text()
    assert 'location = "cache.lan:5000/ghcr.io"' in text and "127.0.0.1" not in text
    assert names(scratch) == ["50-larder.conf"]
    run_setup("podman", "--path", path, "--undo", "--yes")
    assert names(scratch) == []


def test_undo_of_another_mirror(daemon):
    run_setup("docker", "--path", daemon, "--yes", "--mirror", "http://cache.lan:5000")
    done = run_setup("docker", "--path", daemon, "--undo", "--yes")
    assert f"{OURS} is not in it" in done.stdout and "--mirror" in done.stdout
    run_setup("docker", "--path", daemon, "--undo", "--yes", "-m", "http://cache.lan:5000")
    assert mirrors(daemon) == ["https://a.example"]


def test_containerd_by_registry(scratch):
    certs = scratch / "certs.d"
    theirs = certs / "ghcr.io/hosts.toml"
    theirs.parent.mkdir(parents=True)
    theirs.write_text('server = "https://ghcr.io"\n\n[host."https://b.example"]\n')
    old = theirs.read_text()
    run_setup("containerd", "--path", certs, "--yes", "-r", "docker.io", "-r", "ghcr.io")
    assert theirs.read_text().index(OURS) < theirs.read_text().index("https://b.example")
    run_setup("containerd", "--path", certs, "--yes", "-r", "ghcr.io", "--undo")
    assert theirs.read_text() == old
    assert names(certs) == ["docker.io", "docker.io/hosts.toml", "ghcr.io",
                            "ghcr.io/hosts.toml"]
    run_setup("containerd", "--path", certs, "--yes", "--undo")
    assert names(certs) == ["docker.io", "ghcr.io", "ghcr.io/hosts.toml"]


# --- asking -------------------------------------------------------------------------------

def test_without_a_terminal_nothing_is_written(daemon):
    old = daemon.read_bytes()
    done = run_setup("docker", "--path", daemon, status=1)
    assert f'+    "registry-mirrors": ["{OURS}", "https://a.example"]' in done.stdout
    assert "nothing was written" in done.stderr and "--yes" in done.stderr
    done = run_setup("docker", "--path", daemon, "--dry-run")
    assert f"--- {daemon}" in done.stdout and done.stderr == ""
    assert daemon.read_bytes() == old and names(daemon.parent) == ["daemon.json"]


class Asked:
    """larder setup docker on a terminal, waiting for an answer."""

    def __init__(self, path: Path) -> None:
        self._ours, its = pty.openpty()
        self.process = subprocess.Popen([larder_binary(), "setup", "docker", "--path", path],
                                        stdin=its, stdout=its, stderr=its,
                                        env=environment())
        os.close(its)
        self.seen = b""
        self.wait(b"[y/N]")

    def wait(self, text: bytes) -> None:
        while text not in self.seen:
            self.seen += os.read(self._ours, 4096)

    def answer(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def status(self) -> int:
        found = self.process.wait(20)
        os.close(self._ours)
        return found


@pytest.mark.parametrize(("answer", "status"), (("y\n", 0), ("yes\n", 0), ("n\n", 1),
                                                ("\n", 1), ("\x04", 1)))
def test_on_a_terminal_it_asks(daemon, answer, status):
    asked = Asked(daemon)
    assert b"https://a.example" in asked.seen and OURS not in mirrors(daemon)
    asked.answer(answer)
    assert asked.status() == status
    assert (OURS in mirrors(daemon)) == (status == 0)


def test_changed_while_it_asks(daemon):
    asked = Asked(daemon)
    daemon.write_text('{"debug": false}\n')
    asked.answer("y\n")
    asked.wait(b"changed meanwhile")
    assert asked.status() == 1
    assert daemon.read_text() == '{"debug": false}\n'
    assert names(daemon.parent) == ["daemon.json"]


def test_interrupted_while_it_asks(daemon):
    asked = Asked(daemon)
    asked.process.send_signal(signal.SIGINT)
    assert asked.status() == -signal.SIGINT
    assert mirrors(daemon) == ["https://a.example"]


# --- files of all kinds -------------------------------------------------------------------

def test_mode_and_owner_are_kept(daemon):
    daemon.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(daemon, 1234, 4321)
    old = daemon.stat()
    run_setup("docker", "--path", daemon, "--yes")
    for one in (daemon, daemon.with_name("daemon.json.before-larder")):
        found = one.stat()
        assert stat.S_IMODE(found.st_mode) == 0o640
        assert (found.st_uid, found.st_gid) == (old.st_uid, old.st_gid)
    run_setup("docker", "--path", daemon, "--yes", "--undo")
    found = daemon.stat()
    assert (found.st_mode, found.st_uid, found.st_gid) == (old.st_mode, old.st_uid, old.st_gid)


def test_a_link_is_followed(scratch, daemon):
    link = scratch / "etc/daemon.json"
    link.parent.mkdir()
    link.symlink_to("../daemon.json")
    run_setup("docker", "--path", link, "--yes")
    assert link.is_symlink() and mirrors(daemon)[0] == OURS
    assert (scratch / "daemon.json.before-larder").is_file()
    daemon.unlink()
    done = run_setup("docker", "--path", link, "--yes", status=1)
    assert "link to a file that is not there" in done.stderr


def test_a_directory_given_for_a_file(scratch):
    run_setup("docker", "--path", scratch, "--yes")
    run_setup("docker", "--path", f"{scratch}/new//", "--yes")
    assert mirrors(scratch / "daemon.json") == mirrors(scratch / "new/daemon.json") == [OURS]


@pytest.mark.parametrize(("client", "text", "where"), (
    ("docker", '{\n "debug": true,\n}\n', "line 3, column 1"),
    ("docker", '{"registry-mirrors": "x"}', "no list of texts"),
    ("k3s", "mirrors:\n  a: [\n", "(column"),
    ("k3s", "mirrors:\n  docker.io:\n", "line 2"),
    ("buildkit", 'debug = "\n', "line 1, column 9"),
    ("podman", '[[registry]]\nlocation = "docker.io"\n', "line 1"),
))
def test_what_cannot_be_merged(scratch, client, text, where):
    """Named with its place, with what to add, and left as it is."""
    path = scratch / "file"
    path.write_text(text)
    done = run_setup(client, "--path", path, "--yes", status=1)
    assert str(path) in done.stderr and where in done.stderr
    assert "What larder would have put there:" in done.stderr
    assert "127.0.0.1:5000" in done.stderr.partition("put there:")[2]
    assert path.read_text() == text and names(scratch) == ["file"]


def test_one_of_several_cannot_be_merged(scratch):
    bad = scratch / "ghcr.io/hosts.toml"
    bad.parent.mkdir()
    bad.write_text("host = {}\n")
    done = run_setup("containerd", "--path", scratch, "--yes", "-r", "ghcr.io", "-r", "quay.io",
                 status=2)
    assert "ghcr.io/hosts.toml" in done.stderr
    assert OURS in (scratch / "quay.io/hosts.toml").read_text()
    assert bad.read_text() == "host = {}\n"


@pytest.mark.parametrize(("client", "theirs"), (
    ("containerd", 'server = "https://x"\n[host."https://a"] # one\n[host."https://a".header]\n'
                   '  x = ["""\n[no]\n"""]\n'),
    ("buildkit", 'debug = true\n[worker.oci]\n  labels = { "a.b" = "[c]" }\n'
                 '[registry."a.example"]\n  mirrors = [\n"b",\n]'),
    ("podman", '[[registry]]\nprefix = "a.example/b"\nlocation = "c"\n'
               '[[registry.mirror]]\nlocation = "d"\n'),
))
def test_merged_toml_is_toml(scratch, client, theirs):
    """Read by another parser: theirs is all there, ours came to it."""
    path = scratch / "docker.io/hosts.toml" if client == "containerd" else scratch / "file"
    path.parent.mkdir(exist_ok=True)
    path.write_text(theirs)
    run_setup(client, "--path", scratch if client == "containerd" else path, "--yes",
              *(("-r", "docker.io") if client != "docker" else ()))
    before, after = tomllib.loads(theirs), tomllib.loads(path.read_text())
    if client == "containerd":
        assert list(after["host"]) == [OURS, "https://a"]
        del after["host"][OURS]
    elif client == "buildkit":
        assert after["registry"].pop("docker.io") == {"mirrors": ["127.0.0.1:5000"]}
        assert after["registry"].pop("127.0.0.1:5000") == {"http": True}
    else:
        assert after["registry"].pop()["mirror"] == [
            {"location": "127.0.0.1:5000/docker.io", "insecure": True}]
    assert before == after
    run_setup(client, "--path", scratch if client == "containerd" else path, "--undo", "-y")
    assert path.read_text() == theirs


@pytest.mark.parametrize("where", ("registries.conf", "registries.conf.d/99-theirs.conf"))
def test_podman_has_it_elsewhere(scratch, where):
    """Of two tables for one registry podman would silently drop one."""
    place = scratch / "registries.conf.d"
    place.mkdir()
    (scratch / where).write_text('[[registry]]\nprefix = "ghcr.io"\nlocation = "x.example"\n')
    done = run_setup("podman", "--path", place, "--yes", status=1)
    assert f"{scratch / where}: line 1" in done.stderr
    run_setup("podman", "--path", place, "--yes", "-r", "docker.io")
    assert 'location = "docker.io"' in (place / "50-larder.conf").read_text()


def test_large_and_odd_files(scratch):
    path = scratch / "file"
    path.write_text("{" + " " * (1 << 20) + "}")
    assert "larger than" in run_setup("docker", "--path", path, "--yes", status=1).stderr
    path.write_text('{"a": "' + "x" * ((1 << 20) - 9) + '"}')      # room for nothing more
    done = run_setup("docker", "--path", path, "--yes", status=1)
    assert "would be larger than" in done.stderr and done.stdout == ""
    path.unlink()
    os.mkfifo(path)
    assert "no regular file" in run_setup("docker", "--path", path, "--yes", status=1).stderr
    assert "no regular file" not in run_setup("docker", "--path", "/proc/larder/x", "--yes",
                                          status=1).stderr


def test_a_directory_that_cannot_be_written(scratch, daemon):
    scratch.chmod(0o555 if os.geteuid() != 0 else 0o755)
    done = as_user("docker", "--path", daemon, "--yes", home=scratch)
    assert done.returncode == 1
    assert "Permission denied" in done.stderr and "sudo" in done.stderr
    scratch.chmod(0o755)
    assert mirrors(daemon) == ["https://a.example"] and names(scratch) == ["daemon.json"]


def test_a_file_system_that_is_read_only(scratch):
    done = run_setup("docker", "--path", "/proc/daemon.json", "--yes", status=1)
    assert "/proc" in done.stderr and "cannot" in done.stderr


@pytest.mark.faults
@pytest.mark.parametrize("fault", ("fs.create", "fs.write", "fs.fsync", "fs.rename", "fs.link"))
@pytest.mark.parametrize("nth", (1, 2))
def test_a_full_disk(daemon, fault, nth):
    """Whatever fails, the file is the old one or the new one, whole, and nothing else lies
    about but the copy."""
    old = daemon.read_text()
    new = old.replace('["', f'["{OURS}", "')
    faults = f"{fault}:{nth}=ENOSPC"
    done = subprocess.run([larder_binary(), "setup", "docker", "--path", daemon, "--yes"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          env=environment(LARDER_FAULTS=faults), timeout=30)
    assert daemon.read_text() in (old, new)
    if done.returncode != 0:
        assert done.returncode == 1 and "No space left on device" in done.stderr
        assert set(names(daemon.parent)) <= {"daemon.json", "daemon.json.before-larder"}
    else:
        assert nth == 2 and daemon.read_text() == new
    run_setup("docker", "--path", daemon, "--yes")
    assert daemon.read_text() == new
    run_setup("docker", "--path", daemon, "--yes", "--undo")
    assert daemon.read_text() == old and names(daemon.parent) == ["daemon.json"]


# --- printing -----------------------------------------------------------------------------

def test_print_writes_nothing(scratch, daemon):
    done = run_setup("docker", "--path", daemon, "--print")
    assert json.loads(done.stdout)["registry-mirrors"] == [OURS, "https://a.example"]
    assert f"# {daemon}\n" in done.stderr
    done = run_setup("containerd", "--path", scratch / "certs.d", "--print", "-r", "quay.io",
                 "-r", "gcr.io")
    assert done.stdout.count("# begin larder") == 2
    assert f"# {scratch}/certs.d/quay.io/hosts.toml\n" in done.stdout
    assert names(scratch) == ["daemon.json"]


def test_kaniko_and_kind_are_printed(scratch):
    done = run_setup("kaniko", "-m", "http://cache:5000", "-r", "docker.io")
    assert "--registry-map=index.docker.io=cache:5000/docker.io\n" in done.stdout
    assert "inside kaniko's container" in run_setup("kaniko").stderr
    done = run_setup("kind", "-m", "http://172.18.0.1:5000", "-r", "docker.io", "-r", "ghcr.io")
    script = scratch / "kind.sh"
    script.write_text(done.stdout)
    programs = scratch / "bin"
    programs.mkdir()
    (programs / "kind").write_text('#!/bin/sh\n[ "$1 $2" = "get nodes" ] && echo one two\n'
                                   'exit 0\n')
    # what docker exec -i NODE sh -c '...' would do in the node, done below ./NODE
    (programs / "docker").write_text(
        '#!/bin/sh\n[ "$1 $2" = "exec -i" ] || exit 9\n'
        'exec sh -c "$(echo "$6" | sed "s,/etc/,$3/etc/,g")"\n')
    for one in programs.iterdir():
        one.chmod(0o755)
    subprocess.run(["sh", script], cwd=scratch, check=True, timeout=30,
                   env=environment(PATH=f"{programs}:{os.environ['PATH']}"))
    for node in ("one", "two"):
        text = (scratch / node / "etc/containerd/certs.d/ghcr.io/hosts.toml").read_text()
        assert 'server = "https://ghcr.io"' in text and "172.18.0.1:5000" in text
    assert "containerdConfigPatches:" in (scratch / "kind-larder.yaml").read_text()


# --- use ----------------------------------------------------------------------------------

@pytest.mark.parametrize(("words", "has"), (
    ((), "name one client"),
    (("docker", "podman"), "name one client"),
    (("rkt",), '"rkt" is no client'),
    (("docker", "--mirror", "http://a/b"), "without a path"),
    (("docker", "--mirror", "http://me:hunter2@a"), "user or password"),
    (("docker", "--registry", "ghcr.io"), "Docker Hub only"),
    (("podman", "--registry", "a/b"), "--registry"),
    (("podman", "--ca", "/dev/null"), "TLS"),
    (("podman", "--mirror", "https://a", "--ca", "/no/such"), "/no/such"),
    (("docker", "--print", "--undo"), "--print"),
    (("kaniko", "--undo"), "no file"),
    (("kind", "--path", "/x"), "no file"),
    (("docker", "--yess"), "did you mean --yes"),
))
def test_wrong_use(words, has):
    done = run_setup(*words, status=100)
    assert has in done.stderr and "hunter2" not in done.stderr and done.stdout == ""


def test_help():
    done = run_setup("--help")
    for word in ("usage: larder setup [options] docker|", "--mirror URL", "--undo", "--dry-run"):
        assert word in done.stdout


def test_a_secret_beside_is_not_shown(scratch):
    path = scratch / "registries.yaml"
    path.write_text("mirrors:\n  a.example:\nconfigs:\n  a.example:\n    auth:\n"
                    "      password: hunter2\n")
    done = run_setup("k3s", "--path", path, "--yes", "-m", "https://cache.lan")
    assert "hunter2" not in done.stdout + done.stderr
    assert "hunter2" in path.read_text()


def test_a_user_has_files_of_his_own(scratch):
    scratch.chmod(0o755)
    home = scratch / "home"
    home.mkdir()
    if os.geteuid() == 0:
        os.chown(home, NOBODY, NOBODY)
    done = as_user("docker", "--yes", home=home)
    assert done.returncode == 0, done.stderr
    assert "run it as root" in done.stderr and "systemctl --user reload" in done.stderr
    assert mirrors(home / ".config/docker/daemon.json") == [OURS]


@pytest.mark.parametrize("flag", ("--registry-mirror=http://x", "--registry-mirror http://x",
                                  "--registry-mirrors", ""))
def test_a_docker_that_has_it_as_a_flag(scratch, flag):
    """It would not start again: both places at once are an error to dockerd."""
    scratch.chmod(0o755)
    if os.geteuid() == 0:
        os.chown(scratch, NOBODY, NOBODY)
    program = scratch / "dockerd"
    program.write_text("#!/bin/sh\necho up\nread line\n")
    program.chmod(0o755)
    with subprocess.Popen([program, *flag.split()], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"up\n"
        done = as_user("docker", "--yes", home=scratch)
        process.communicate(b"\n", timeout=20)
    assert done.returncode == 0
    warned = f"(process {process.pid}) was started with --registry-mirror;" in done.stderr
    assert warned == (flag not in ("", "--registry-mirrors"))
