"""What is made of the commands' tables: help, manual pages, completion, what is installed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from harness import larder_binary
from harness.larder import TOP, build_dir

from .helpers import SANITIZED

SHELLS = ("bash", "zsh", "fish")
COMMANDS = re.findall(r'^\t\{ "(\w+)"', (TOP / "src/app/command.c").read_text(), re.M)
PAGES = ["", *COMMANDS, "settings"]
ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith("LARDER_")}


def larder(*words: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([larder_binary(), *words], text=True, capture_output=True, timeout=30,
                          stdin=subprocess.DEVNULL, env=ENVIRONMENT)
    assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr
    assert done.returncode == status, done.stderr
    return done


def program(name: str) -> str:
    return shutil.which(name) or pytest.skip(f"{name} is not installed")


def run(*words: str, input: str = "", cwd: Path | None = None) -> str:
    """What a shell or a linter says; it must be content, and silent on standard error."""
    done = subprocess.run(words, text=True, capture_output=True, timeout=60, input=input, cwd=cwd)
    assert done.returncode == 0 and done.stderr == "", done.stdout + done.stderr
    return done.stdout



def man(name: str) -> str:
    return larder("help", "--man", *([name] if name else [])).stdout


# --- help ---------------------------------------------------------------------------------

def test_the_commands():
    assert re.findall(r"^  (\w+) ", larder().stdout, re.M) == COMMANDS and "serve" in COMMANDS
    assert larder().stdout == larder("--help").stdout == larder("help").stdout
    assert larder("--version").stdout == larder("version").stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_has_the_same_shape(command):
    done = larder(command, "--help")
    assert done.stdout == larder("help", command).stdout == larder(command, "-h").stdout
    assert done.stderr == "" and done.stdout.startswith(f"usage: larder {command}")
    assert max(map(len, done.stdout.splitlines())) <= 80 and "  -h, --help  " in done.stdout
    ends = done.stdout.split("\nExit status:\n\n")[1]
    assert re.findall(r"^  (\d+)", ends, re.M) in (["0", "1", "100"], ["0", "1", "2", "100"])


def test_a_flag_that_a_command_has_itself_is_listed_once():
    text = larder("doctor", "--help").stdout
    assert text.count(" --mirror ") == 1 and "--mirror URL" in text


def test_settings_are_printed_for_any_command(scratch):
    done = larder("pull", "--root", str(scratch), "--print-settings", "alpine")
    assert f'rootdirectory: "{scratch}"' in done.stdout and not list(scratch.iterdir())


def test_a_file_of_serve_can_be_named_either_way(scratch):
    path = scratch / "some.yml"
    path.write_text("version: 0.1\nhttp:\n  addr: 127.0.0.1:1234\n")
    ways = ([str(path)], ["serve", str(path)], ["serve", "--config", str(path)],
            ["serve", "--", str(path)])
    for words in ways:
        if words[-2:-1] == ["--"]:
            words[-2:-2] = ["--print-settings"]
        else:
            words.append("--print-settings")
        assert "127.0.0.1:1234" in larder(*words).stdout, words


@pytest.mark.parametrize("words, has", [
    (["help", "pul"], 'did you mean "pull"'),
    (["help", "pull", "list"], "one too many"),
    (["help", "--man", "--markdown"], "one of them"),
    (["completion", "tcsh"], 'unknown shell "tcsh"; there are bash, zsh, fish'),
    (["completion"], "there are bash, zsh, fish"),
    (["version", "now"], 'takes no arguments: "now"'),
    (["status", "now"], 'takes no arguments: "now"'),
    (["doctor", "now"], 'takes no arguments: "now"'),
    (["serve", "--adr", "x"], "unknown option --adr; did you mean --addr?"),
    (["serve", "a.yml", "b.yml"], '"b.yml" is one too many'),
    (["serve", "--config"], "--config needs a value"),
])
def test_wrong_use(words, has):
    done = larder(*words, status=100)
    assert has in done.stderr and done.stdout == ""


def test_standard_output_that_cannot_be_written():
    for words in (["help"], ["pull", "--help"], ["help", "--man"], ["completion", "fish"],
                  ["version"], ["serve", "--print-settings"]):
        with Path("/dev/full").open("w") as full:
            done = subprocess.run([larder_binary(), *words], stdout=full, text=True,
                                  stderr=subprocess.PIPE, timeout=30, env=ENVIRONMENT)
        assert done.returncode == 1 and "No space left" in done.stderr, words


def test_version_as_json():
    said = json.loads(larder("version", "--json").stdout)
    assert larder("version").stdout == f"larder {said['version']}\n"


def test_markdown_is_about_all_of_them():
    text = larder("help", "--markdown").stdout
    assert re.findall(r"^## larder (\w+)$", text, re.M) == COMMANDS
    assert larder("help", "--markdown", "pull").stdout in text


# --- manual pages -------------------------------------------------------------------------

def test_man_pages_for_mandoc():
    lint = program("mandoc")
    for name in PAGES:
        done = subprocess.run([lint, "-Tlint", "-Wwarning"], text=True, capture_output=True,
                              input=man(name), timeout=30)
        # A date would make no two builds the same.
        said = [line for line in done.stdout.splitlines() if "missing date" not in line]
        assert said == [], name


def test_man_pages_for_groff():
    """Nothing to complain of, no roff left over, and every option of --help."""
    groff = program("groff")
    for name in PAGES:
        shown = run(groff, "-man", "-ww", "-Tascii", "-P-cbou", input=man(name))
        assert "larder" in shown and "\\" not in shown, name
        if name not in COMMANDS:
            continue
        flags = set(re.findall(r"^ .{5}--([a-z-]+)", larder(name, "--help").stdout, re.M))
        assert {"help"} <= flags and all(f"--{flag}" in shown for flag in flags)


# --- completion ---------------------------------------------------------------------------

def script(shell: str, scratch: Path) -> Path:
    path = scratch / ("_larder" if shell == "zsh" else f"larder.{shell}")
    path.write_text(larder("completion", shell).stdout)
    return path


@pytest.mark.parametrize("shell", SHELLS)
def test_shells_can_read_it(shell, scratch):
    run(program(shell), "-n", str(script(shell, scratch)))


CLIENTS = {"docker", "containerd", "podman", "buildkit", "kaniko", "k3s", "kind"}
CASES = [
    (["larder", "pu"], {"pull"}),
    (["larder", "pull", "--to", ""], {"docker", "podman"}),
    (["larder", "pull", "-t", "p"], {"podman"}),
    (["larder", "pull", "--at-once", ""], set()),
    (["larder", "pull", "--pl"], {"--platform"}),
    (["larder", "pull", "--file", "li"], {"list of images"}),
    (["larder", "list", "--sort", ""], {"name", "size", "used"}),
    (["larder", "serve", "--log-level", "w"], {"warn"}),
    (["larder", "serve", "li"], {"list of images"}),
    (["larder", "setup", ""], CLIENTS),
    (["larder", "completion", ""], set(SHELLS)),
    (["larder", "help", ""], {*COMMANDS, "settings"}),
    (["larder", "status", ""], set()),
]


@pytest.mark.parametrize("words, offers", CASES, ids=[" ".join(words) for words, _ in CASES])
def test_bash(words, offers, scratch):
    (scratch / "list of images").touch()
    source = script("bash", scratch)
    line = " ".join(f"'{word}'" for word in words)
    said = run(program("bash"), "--norc", "-c",
               f"source {source}; complete -p larder; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1};"
               " _larder; printf '%s\\n' \"${COMPREPLY[@]}\"", cwd=scratch)
    known, *offered = said.splitlines()
    assert known == "complete -F _larder larder" and set(filter(None, offered)) == offers


def test_clients_of_setup():
    known = larder("setup", status=100).stderr
    assert set(re.findall(r"^  (\w+) ", known, re.M)) == CLIENTS


def test_bash_with_an_equals_sign(scratch):
    """bash makes three words of --sort=u."""
    source = script("bash", scratch)
    for words, offers in (("= ", "name size used"), ("= u", "used")):
        line = ("larder list --sort " + words).split()
        said = run(program("bash"), "--norc", "-c", f"source {source}; COMP_WORDS=({' '.join(line)});"
                   f" COMP_CWORD={len(line) - 1}; _larder; echo ${{COMPREPLY[@]}}")
        assert said.split() == offers.split()


def test_fish(scratch):
    (scratch / "list of images").touch()
    fish = program("fish")
    source = script("fish", scratch)
    for words, offers in CASES:
        said = run(fish, "--no-config", "-c", f"source {source}; complete -C '{' '.join(words)}'",
                   cwd=scratch)
        assert {line.split("\t")[0].replace("\\ ", " ") for line in said.splitlines()} == offers, words


@pytest.mark.parametrize("how", ["sourced", "installed"])
def test_zsh_knows_it(how, scratch):
    zsh = program("zsh")
    source = script("zsh", scratch)
    begin = f"fpath=({scratch} $fpath); " if how == "installed" else ""
    end = f"; source {source}" if how == "sourced" else ""
    said = run(zsh, "-f", "-c", f"{begin}autoload -Uz compinit; compinit -u -d {scratch}/dump{end};"
                                " print $_comps[larder]")
    assert said == "_larder\n"


# --- installed ----------------------------------------------------------------------------

@pytest.mark.skipif(SANITIZED, reason="a build with a sanitizer has no pages")
def test_install(scratch):
    """All pages and scripts, as the program prints them."""
    build, meson = build_dir(), program("meson")
    subprocess.run([meson, "install", "-C", str(build), "--no-rebuild", "--destdir", str(scratch)],
                   check=True, capture_output=True, timeout=60)
    pages = {path.name: path.read_text() for path in scratch.rglob("man*/larder*")}
    assert pages == {"larder.1": man(""), "larder-settings.5": man("settings"),
                     **{f"larder-{one}.1": man(one) for one in COMMANDS}}
    for shell, place in zip(SHELLS, ("bash-completion/completions/larder",
                                     "zsh/site-functions/_larder",
                                     "fish/vendor_completions.d/larder.fish")):
        found, = scratch.rglob(f"share/{place}")
        assert found.read_text() == larder("completion", shell).stdout
