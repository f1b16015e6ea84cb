"""What becomes of a pull under every fault of an upstream: the table.

test_fault_matrix.py holds larder to it; scripts/gen-docs.sh writes docs/faults.md from it
(`python3 fault_table.py`).
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

KINDS = {
    "ping": "`GET /v2/` with a password, by which larder learns whether a registry with Basic "
            "authentication takes it; before the first request that needs it.",
    "token": "A token from the registry's token service, before the first request to a "
             "repository.",
    "manifest HEAD": "Where does the tag point? Asked when the copy is due, and when there is "
                     "none.",
    "manifest GET by tag": "At registries that say no digest on HEAD, which makes this the way "
                           "to compare; elsewhere tags are fetched by digest.",
    "manifest GET by digest": "The manifest that a tag names. In the column *due* the tag has "
                              "moved since it was fetched: only then is it asked for.",
    "blob": "A layer that the registry itself serves (*expired signed URL*: it redirects). An "
            "image whose tag has not moved has all its layers here; of one whose tag has, the new "
            "layers are as in the column *cold* until the breaker opens, which takes five "
            "failures; from then on the tag leads to the image of before, marked stale.",
    "CDN": "A layer from the place that the registry redirects to.",
}

FAULTS = {
    "connection refused": "Nobody listens any more.",
    "hangs before headers": "The request is taken, and not a byte comes back.",
    "hangs in headers": "Half the header, then nothing.",
    "hangs in body": "Half the body, then nothing; of what is asked for next, nothing at all.",
    "reset": "The connection is reset in place of an answer.",
    "truncated": "The body ends early, though its length was given; of a layer, each answer "
                 "brings 20,000 bytes.",
    "slow": "The body takes eight seconds.",
    "too slow": "A byte now and then: of a layer 500 a second, of all else five.",
    "401 for ever": "\"Authentication required\", whatever is sent.",
    "403": "\"Denied\".",
    "404": "\"Not found\"; at the CDN as object stores say it.",
    "429": "\"Too many requests\", without a time.",
    "429, Retry-After": "\"Too many requests, come back in 6 s\".",
    "429, quota used up": "No pulls left in this window, as Docker Hub says it.",
    "500": "A registry's own error.",
    "502": "Of a front end, with a web page.",
    "503": "Of a front end, with a web page and `Retry-After`.",
    "HTML with 200": "A captive portal's page in place of the answer.",
    "bad JSON": "The body is half of what it should be, and its length says so too.",
    "wrong length": "One byte more is announced than comes.",
    "no length": "The length is not said; chunks instead.",
    "wrong digest header": "`Docker-Content-Digest` is another one.",
    "corrupt body": "One bit in the middle is the other way round.",
    "redirect loop": "A redirect to itself.",
    "redirect to a private address": "A public registry sends us to 127.0.0.1.",
    "expired signed URL": "The redirect's time is over when it is given.",
    "expired token": "The token is taken for expired, however new it is (once: in mid-pull).",
    "huge headers": "A header of a megabyte.",
    "endless body": "A body that never ends.",
}

STATES = {
    "fresh": "all of the image is here, and its tag was compared lately",
    "due": "all of it is here, the tag's age is over, larder has just been started",
    "cold": "nothing is here",
    "partly": "the manifest is here and due, half of a layer is",
    "once": "nothing is here, and the first such request alone meets the fault",
}

LEGEND = {
    "not asked": "The pull is whole, and no such request was made.",
    "served": "The pull is whole and current; where the fault was met, another attempt or "
              "another way helped.",
    "stale": "The pull is whole, from the store, its manifest marked stale (`Warning`, `Age`).",
    "refused N": "The answer is status N with an OCI error that says what is wrong (429, and 403 for a "
                 "longer wait: and `Retry-After`); of the content, not a byte.",
    "cut": "The header and right bytes were out already; the connection is closed before the "
           "last ones, so that nobody takes it for whole.",
    "–": "There is no such case; the reason is given.",
}

# Columns: due, cold, partly, once. What is fresh is "not asked" in every row.
# "!": there is no such case, because ...
_ROWS = {
    "ping": """
connection refused     : stale       : refused 502 : refused 502 : served
hangs before headers   : stale       : refused 502 : refused 502 : served
hangs in headers       : stale       : refused 502 : refused 502 : served
hangs in body          : served      : served      : served      : served
reset                  : stale       : refused 502 : refused 502 : served
truncated              : served      : served      : served      : served
slow                   : served      : served      : served      : served
too slow               ! its body has two bytes
401 for ever           : stale       : refused 403 : refused 403 : refused 403
403                    : served      : served      : served      : served
404                    : served      : served      : served      : served
429                    : stale       : refused 403 : refused 403 : refused 403
429, Retry-After       : stale       : refused 429 : refused 429 : refused 429
429, quota used up     ! it costs no quota
500                    : stale       : refused 502 : refused 502 : served
502                    : stale       : refused 502 : refused 502 : served
503                    : stale       : refused 502 : refused 502 : served
HTML with 200          : served      : served      : served      : served
bad JSON               : served      : served      : served      : served
wrong length           : served      : served      : served      : served
no length              : served      : served      : served      : served
wrong digest header    ! its answer has no digest
corrupt body           ! nothing in it is looked at
redirect loop          : stale       : refused 502 : refused 502 : served
redirect to a private address : stale : refused 502 : refused 502 : served
expired signed URL     ! it is not redirected to one
expired token          ! a password needs no token
huge headers           : stale       : refused 502 : refused 502 : served
endless body           : served      : served      : served      : served
""",
    "token": """
connection refused     : stale       : refused 502 : refused 502 : served
hangs before headers   : stale       : refused 502 : refused 502 : served
hangs in headers       : stale       : refused 502 : refused 502 : served
hangs in body          : stale       : refused 502 : refused 502 : served
reset                  : stale       : refused 502 : refused 502 : served
truncated              : stale       : refused 502 : refused 502 : served
slow                   : stale       : served      : stale       : served
too slow               : stale       : refused 502 : refused 502 : refused 502
401 for ever           : stale       : refused 403 : refused 403 : served
403                    : stale       : refused 403 : refused 403 : served
404                    : stale       : refused 502 : refused 502 : served
429                    : stale       : refused 403 : refused 403 : refused 403
429, Retry-After       : stale       : refused 429 : refused 429 : refused 429
429, quota used up     ! it costs no quota
500                    : stale       : refused 502 : refused 502 : served
502                    : stale       : refused 502 : refused 502 : served
503                    : stale       : refused 502 : refused 502 : served
HTML with 200          : stale       : refused 502 : refused 502 : served
bad JSON               : stale       : refused 502 : refused 502 : served
wrong length           : stale       : refused 502 : refused 502 : served
no length              : served      : served      : served      : served
wrong digest header    ! its answer has no digest
corrupt body           ! nothing proves it; nonsense is in the row "bad JSON"
redirect loop          : stale       : refused 502 : refused 502 : served
redirect to a private address : stale : refused 502 : refused 502 : served
expired signed URL     ! it is not redirected to one
expired token          : stale       : refused 403 : refused 403 : served
huge headers           : stale       : refused 502 : refused 502 : served
endless body           : stale       : refused 502 : refused 502 : served
""",
    "manifest HEAD": """
connection refused     : stale       : refused 502 : refused 502 : served
hangs before headers   : stale       : refused 502 : stale       : served
hangs in headers       : stale       : refused 502 : stale       : served
hangs in body          ! it has no body
reset                  : stale       : refused 502 : stale       : served
truncated              ! it has no body
slow                   ! it has no body
too slow               ! it has no body
401 for ever           : stale       : refused 403 : stale       : served
403                    : stale       : refused 403 : stale       : served
404                    : stale       : refused 404 : stale       : refused 404
429                    : stale       : refused 403 : refused 403 : refused 403
429, Retry-After       : stale       : refused 429 : refused 429 : refused 429
429, quota used up     ! it costs no quota
500                    : stale       : refused 502 : stale       : served
502                    : stale       : refused 502 : stale       : served
503                    : stale       : refused 502 : stale       : served
HTML with 200          : stale       : refused 502 : stale       : served
bad JSON               ! it has no body
wrong length           : served      : served      : served      : served
no length              : served      : served      : served      : served
wrong digest header    : stale       : refused 502 : stale       : served
corrupt body           ! it has no body
redirect loop          : stale       : refused 502 : stale       : served
redirect to a private address : stale : refused 502 : stale      : served
expired signed URL     : stale       : refused 502 : stale       : served
expired token          : stale       : refused 403 : stale       : served
huge headers           : stale       : refused 502 : stale       : served
endless body           ! it has no body
""",
    "manifest GET by tag": """
connection refused     : stale       : refused 502 : refused 502 : served
hangs before headers   : stale       : refused 502 : stale       : served
hangs in headers       : stale       : refused 502 : stale       : served
hangs in body          : stale       : refused 502 : stale       : served
reset                  : stale       : refused 502 : stale       : served
truncated              : stale       : refused 502 : stale       : served
slow                   : stale       : served      : stale       : served
too slow               : stale       : refused 502 : stale       : refused 502
401 for ever           : stale       : refused 403 : stale       : served
403                    : stale       : refused 403 : stale       : served
404                    : stale       : refused 404 : stale       : refused 404
429                    : stale       : refused 403 : refused 403 : refused 403
429, Retry-After       : stale       : refused 429 : refused 429 : refused 429
429, quota used up     : stale       : refused 403 : stale       : refused 403
500                    : stale       : refused 502 : stale       : served
502                    : stale       : refused 502 : stale       : served
503                    : stale       : refused 502 : stale       : served
HTML with 200          : stale       : refused 502 : stale       : served
bad JSON               : stale       : refused 502 : stale       : served
wrong length           : stale       : refused 502 : stale       : served
no length              : served      : served      : served      : served
wrong digest header    : stale       : refused 502 : stale       : served
corrupt body           : stale       : refused 502 : stale       : served
redirect loop          : stale       : refused 502 : stale       : served
redirect to a private address : stale : refused 502 : stale      : served
expired signed URL     : stale       : refused 502 : stale       : served
expired token          : stale       : refused 403 : stale       : served
huge headers           : stale       : refused 502 : stale       : served
endless body           : stale       : refused 502 : stale       : served
""",
    "manifest GET by digest": """
connection refused     : stale       : refused 502 : not asked   : served
hangs before headers   : stale       : refused 502 : not asked   : served
hangs in headers       : stale       : refused 502 : not asked   : served
hangs in body          : stale       : refused 502 : not asked   : served
reset                  : stale       : refused 502 : not asked   : served
truncated              : stale       : refused 502 : not asked   : served
slow                   : stale       : served      : not asked   : served
too slow               : stale       : refused 502 : not asked   : refused 502
401 for ever           : stale       : refused 403 : not asked   : served
403                    : stale       : refused 403 : not asked   : served
404                    : stale       : refused 502 : not asked   : served
429                    : stale       : refused 403 : not asked   : refused 403
429, Retry-After       : stale       : refused 429 : not asked   : refused 429
429, quota used up     : stale       : refused 403 : not asked   : refused 403
500                    : stale       : refused 502 : not asked   : served
502                    : stale       : refused 502 : not asked   : served
503                    : stale       : refused 502 : not asked   : served
HTML with 200          : stale       : refused 502 : not asked   : served
bad JSON               : stale       : refused 502 : not asked   : served
wrong length           : stale       : refused 502 : not asked   : served
no length              : served      : served      : not asked   : served
wrong digest header    : served      : served      : not asked   : served
corrupt body           : stale       : refused 502 : not asked   : served
redirect loop          : stale       : refused 502 : not asked   : served
redirect to a private address : stale : refused 502 : not asked  : served
expired signed URL     : stale       : refused 502 : not asked   : served
expired token          : stale       : refused 403 : not asked   : served
huge headers           : stale       : refused 502 : not asked   : served
endless body           : stale       : refused 502 : not asked   : served
""",
    "blob": """
connection refused     : not asked   : refused 502 : refused 502 : served
hangs before headers   : not asked   : refused 502 : refused 502 : served
hangs in headers       : not asked   : refused 502 : refused 502 : served
hangs in body          : not asked   : cut         : cut         : served
reset                  : not asked   : refused 502 : refused 502 : served
truncated              : not asked   : served      : served      : served
slow                   : not asked   : served      : served      : served
too slow               : not asked   : refused 502 : refused 502 : refused 502
401 for ever           : not asked   : refused 403 : refused 403 : served
403                    : not asked   : refused 403 : refused 403 : served
404                    : not asked   : refused 404 : refused 404 : refused 404
429                    : not asked   : refused 403 : refused 403 : refused 403
429, Retry-After       : not asked   : refused 429 : refused 429 : refused 429
429, quota used up     ! it costs no quota
500                    : not asked   : refused 502 : refused 502 : served
502                    : not asked   : refused 502 : refused 502 : served
503                    : not asked   : refused 502 : refused 502 : served
HTML with 200          : not asked   : refused 502 : refused 502 : served
bad JSON               ! a layer is no JSON
wrong length           : not asked   : refused 502 : refused 502 : served
no length              : not asked   : served      : served      : served
wrong digest header    : not asked   : served      : served      : served
corrupt body           : not asked   : refused 502 : refused 502 : served
redirect loop          : not asked   : refused 502 : refused 502 : served
redirect to a private address : not asked : refused 502 : refused 502 : served
expired signed URL     : not asked   : refused 502 : refused 502 : served
expired token          : not asked   : refused 403 : refused 403 : served
huge headers           : not asked   : refused 502 : refused 502 : served
endless body           : not asked   : refused 502 : refused 502 : served
""",
    "CDN": """
connection refused     : not asked   : refused 502 : refused 502 : served
hangs before headers   : not asked   : refused 502 : refused 502 : served
hangs in headers       : not asked   : refused 502 : refused 502 : served
hangs in body          : not asked   : cut         : cut         : served
reset                  : not asked   : refused 502 : refused 502 : served
truncated              : not asked   : served      : served      : served
slow                   : not asked   : served      : served      : served
too slow               : not asked   : refused 502 : refused 502 : refused 502
401 for ever           : not asked   : refused 502 : refused 502 : served
403                    : not asked   : refused 502 : refused 502 : served
404                    : not asked   : refused 502 : refused 502 : served
429                    : not asked   : refused 403 : refused 403 : refused 403
429, Retry-After       : not asked   : refused 429 : refused 429 : refused 429
429, quota used up     ! it costs no quota
500                    : not asked   : refused 502 : refused 502 : served
502                    : not asked   : refused 502 : refused 502 : served
503                    : not asked   : refused 502 : refused 502 : served
HTML with 200          : not asked   : refused 502 : refused 502 : served
bad JSON               ! a layer is no JSON
wrong length           : not asked   : refused 502 : refused 502 : served
no length              : not asked   : served      : served      : served
wrong digest header    : not asked   : served      : served      : served
corrupt body           : not asked   : refused 502 : refused 502 : served
redirect loop          : not asked   : refused 502 : refused 502 : served
redirect to a private address : not asked : refused 502 : refused 502 : served
expired signed URL     : not asked   : refused 502 : refused 502 : served
expired token          ! no token is sent there
huge headers           : not asked   : refused 502 : refused 502 : served
endless body           : not asked   : refused 502 : refused 502 : served
""",
}


@dataclass(frozen=True)
class Row:
    """One fault of one kind of request: a word for each state, or why there is none."""

    kind: str
    fault: str
    words: dict[str, str]
    never: str = ""


def _row(kind: str, line: str) -> Row:
    fault, found, why = line.partition("!")
    if found:
        return Row(kind, fault.strip(), {}, why.strip())
    fault, *words = (part.strip() for part in line.split(":"))
    return Row(kind, fault, dict(zip(STATES, ["not asked", *words], strict=True)))


ROWS = [_row(kind, line) for kind, text in _ROWS.items()
        for line in text.strip().splitlines()]


def _section(kind: str) -> list[str]:
    rows = [row for row in ROWS if row.kind == kind]
    lines = [f"## {kind[0].upper()}{kind[1:]}", "", textwrap.fill(KINDS[kind], 100), "",
             "| fault | " + " | ".join(STATES) + " |", "|---" * (len(STATES) + 1) + "|"]
    for row in rows:
        words = [row.words.get(state, "–") for state in STATES]
        lines.append(f"| {row.fault}{f' ({row.never})' if row.never else ''} | "
                     + " | ".join(words) + " |")
    return [*lines, ""]


def markdown() -> str:
    """docs/faults.md."""
    cells = len(ROWS) * len(STATES)
    never = sum(bool(row.never) for row in ROWS) * len(STATES)
    lines = ["# What a pull meets when its upstream is in trouble", ""]
    for paragraph in (
            "<!-- Made by scripts/gen-docs.sh from tests/scenarios/fault_table.py. -->",
            f"{len(KINDS)} kinds of requests, {len(FAULTS)} faults, {len(STATES)} states: "
            f"{cells} cells, {never} of which cannot exist. A test makes every other one and "
            "compares (`tests/scenarios/test_fault_matrix.py`). Whatever a cell says, the test "
            "also sees that no wrong byte completes, that what is cached pulls, that no client "
            "waits 30 seconds for an answer to begin, that larder's memory does not grow, and "
            "that the pull is whole within 15 seconds after the fault has gone. (After a 429: "
            "when its time is over, which is at most a quarter of an hour where it was not said; "
            "after a used-up quota: when a look shows that it is back, every five minutes; a "
            "password that was refused is sent again when it is another one.)",
            "The outcome is that of a whole pull: manifest by tag, configuration, layer. The "
            "layer has 50,000 bytes, in the rows *hangs in body* 200,000: of up to 64 KiB not a "
            "byte goes out before all are proved, of more some may after a second. Where this "
            "table says that a layer is refused, a larger one may be *cut*."):
        lines += [textwrap.fill(paragraph, 100), ""]
    lines += [
        "| word | outcome |", "|---|---|",
        *(f"| {word} | {text} |" for word, text in LEGEND.items()), "",
        "| state | before the pull |", "|---|---|",
        *(f"| {word} | {text} |" for word, text in STATES.items()), "",
        "| fault | what the upstream does, for ever (*once*: one time) |", "|---|---|",
        *(f"| {word} | {text} |" for word, text in FAULTS.items()), ""]
    for kind in KINDS:
        lines += _section(kind)
    return "\n".join(lines)


if __name__ == "__main__":
    print(markdown(), end="")
