"""The hub as it is: busy, slow, half, another's page. What passes is waited for, the rest told."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hub_server import Fault, HubServer

#: Fetches repositories in a process of its own, with waits of no time but what the hub asks for.
FETCH = """
import json, sys, time
from pathlib import Path
from huggingface_hub import constants

constants.HF_HUB_ETAG_TIMEOUT = constants.HF_HUB_DOWNLOAD_TIMEOUT = 0.4

from cefrbench.contracts.corpus import Access
from cefrbench.errors import UserError
from cefrbench.hub import DATASET, Repository

for name in json.loads(sys.argv[1]):
    begun = time.monotonic()
    print(f"{name}:", file=sys.stderr, flush=True)
    access = Access(cache_dir=Path(sys.argv[2]))
    try:
        folder = Repository(DATASET, f"org/{name}", None, access).snapshot(["*"], waits=(0, 0, 0))
    except UserError as error:
        got = {"error": str(error), "kind": type(error).__name__}
    else:
        got = {"files": {p.name: p.read_text() for p in sorted(folder.iterdir())}}
    print(json.dumps(got | {"name": name, "seconds": time.monotonic() - begun}))
"""
API, HEAD, FILE = "GET /api/datasets/org/", "HEAD /datasets/org/", "GET /datasets/org/"
HTML = Fault(200, {"Content-Type": "text/html"}, b"<!doctype html><html>Log in to the hotel</html>")
CONTENT = json.dumps([{"text": "x" * 3000}])
OTHER = Fault(200, {}, CONTENT.replace("x", "y").encode())
CIRCLE = Fault(302, {"Location": "/api/datasets/org/circle/revision/main"})
EVER = 99
DATE = format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True)
FAULTS = {
    # name: (request, what goes wrong at each in turn, what the sentence says; none: it passes)
    "busy": (API, [Fault(429)] * 3, None),
    "asks": (API, [Fault(429, {"Retry-After": "1"})], None),
    "asks-by-date": (API, [Fault(429, {"Retry-After": DATE})], r"answered 429 .* in \d{4} seconds"),
    "asks-by-limit": (API, [Fault(429, {"RateLimit": '"api";r=0;t=1'})], None),
    "asks-long": (API, [Fault(429, {"Retry-After": "4000"})], "answered 429 .* in 4000 seconds"),
    "always-busy": (API, [Fault(429)] * EVER, "answered 429"),
    "asks-oddly": (API, [Fault(429, {"Retry-After": "soon"})], None),
    "down": (API, [Fault(500), Fault(502), Fault(503)], None),
    "always-down": (API, [Fault(503)] * EVER, "answered 503"),
    "teapot": (API, [Fault(418)] * EVER, "answered 418"),
    "head-down": (HEAD, [Fault(504)] * 2, None),
    "slow": (API, [Fault(wait=0.8)], None),
    "slow-file": (FILE, [Fault(wait=0.6)], None),
    "always-slow": (API, [Fault(wait=0.7)] * EVER, "gave no answer in time"),
    "page": (API, [HTML] * EVER, "something else than a hub does"),
    "head-page": (HEAD, [HTML] * EVER, "something else than a hub does"),
    "file-page": (FILE, [HTML] * EVER, "a file that is not what it says"),
    "list": (API, [Fault(200, {}, b"[]")] * EVER, "something else than a hub does"),
    "half-answer": (API, [Fault(keep=0.5)], None),
    "half-file": (FILE, [Fault(keep=0.5)], None),
    "short-file": (FILE, [Fault(200, {}, b"[")], None),
    "long-file": (FILE, [Fault(200, {}, CONTENT.encode() + b" ")], None),
    "other-file": (FILE, [OTHER], None),
    "always-other": (FILE, [OTHER] * EVER, "a file that is not what it says"),
    "moved": (API, [Fault(307, {"Location": "/api/datasets/org/moved/revision/main"})], None),
    "circle": (
        API,
        [Fault(302, {"Location": "/api/datasets/org/circle/revision/main"})] * EVER,
        "in a circle",
    ),
    "away": (API, [Fault(302, {"Location": "http://127.0.0.1:9/"})] * EVER, "can't be reached"),
}


@pytest.fixture(scope="module")
def fetched(tmp_path_factory):
    home = tmp_path_factory.mktemp("patience")
    with HubServer(home / "root") as hub:
        for name, (request, faults, _) in FAULTS.items():
            hub.add("datasets", f"org/{name}", {"a.json": CONTENT})
            hub.faults[f"{request}{name}/"] = list(faults)
        command = [sys.executable, "-c", FETCH, json.dumps(list(FAULTS)), str(home / "cache")]
        env = hub.env(home / "cache") | {"HF_HUB_VERBOSITY": "error"}
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return {
        "told": done.stderr,
        "home": home,
        "asked": hub.requests,
        **{one["name"]: one for one in map(json.loads, done.stdout.splitlines())},
    }


@pytest.mark.parametrize("name", [name for name, (*_, sentence) in FAULTS.items() if not sentence])
def test_what_passes_is_waited_for(fetched, name):
    assert fetched[name]["files"] == {"a.json": CONTENT}
    if "asks" in name and name != "asks-oddly":
        assert fetched[name]["seconds"] >= 1.0


@pytest.mark.parametrize("name", [name for name, (*_, sentence) in FAULTS.items() if sentence])
def test_what_does_not_pass_is_told_for_what_it_is(fetched, name):
    told = fetched[name]
    assert told["kind"] == "CorpusError"
    assert re.search(FAULTS[name][2], told["error"])
    assert "\n" not in told["error"]
    if name != "away":
        assert "can't be reached" not in told["error"]
    assert told["seconds"] < 8


def test_each_wait_is_told(fetched):
    parts = re.split(r"^([a-z-]+):\n", fetched["told"], flags=re.MULTILINE)[1:]
    told = dict(zip(parts[::2], parts[1::2], strict=True))
    assert told["down"] == (
        "The hub answered 500: trying again in 0 s (1 of 3).\n"
        "The hub answered 502: trying again in 0 s (2 of 3).\n"
        "The hub answered 503: trying again in 0 s (3 of 3).\n"
    )
    assert told["asks"] == "The hub answered 429: trying again in 1 s (1 of 3).\n"
    assert told["asks-long"] == told["page"] == told["teapot"] == ""
    assert "gave no answer in time" in told["slow"]


def test_nothing_half_or_other_is_left_in_the_cache(fetched):
    for name in ("always-other", "file-page", "short-file", "long-file", "other-file"):
        (home,) = (fetched["home"] / "cache" / "hub").glob(f"datasets--org--{name}")
        blobs = [path for path in home.glob("blobs/*") if path.suffix != ".incomplete"]
        assert {path.read_text() for path in blobs} <= {CONTENT}
