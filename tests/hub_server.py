"""A small local server that speaks the Hugging Face hub's protocol, for tests without a network.

It serves a folder::

    <root>/datasets/ORG/NAME/<commit>/files...
    <root>/models/ORG/NAME/<commit>/files...

A commit is the name of its folder (40 hexadecimal digits, as the clients expect). ``main`` is the
commit named in the file ``NAME/main``, else the last folder by name. A repository with a file
``NAME/gated`` answers 401 to everyone who doesn't send the server's token.

``huggingface_hub``, ``datasets`` and ``transformers`` read ``HF_ENDPOINT`` once, when they are
imported: run what is tested in a process of its own, with :meth:`HubServer.env`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

API = re.compile(r"/api/(models|datasets)/([^/]+/[^/]+)(?:/(revision|tree|paths-info|refs)/?(.*))?")
RESOLVE = re.compile(r"/(datasets/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)")
LISTING = re.compile(r"/api/(models|datasets)")


class HubError(Exception):
    """An answer that is not 200, with the code that the hub's clients look for."""

    def __init__(self, status: int, code: str, message: str, commit: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.commit = status, code, commit


@dataclass(frozen=True)
class Fault:
    """What a request gets in place of its answer, or of a part of it.

    Attributes
    ----------
    status : int
        With ``headers`` and ``body``; 0: the answer itself, spoilt.
    keep : float
        Part of the body that is sent before the connection is closed.
    wait : float
        Seconds before anything is sent.
    """

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    keep: float = 1.0
    wait: float = 0.0


class HubServer:
    """The server: ``with HubServer(root) as hub: ...``, or ``start`` and ``stop``.

    Attributes
    ----------
    requests : list of str
        ``METHOD path`` of everything asked for so far.
    token : str
        The one that opens gated repositories.
    """

    def __init__(self, root: Path, token: str = "hf_invented") -> None:
        self.root = root
        self.token = token
        self.requests: list[str] = []
        #: By a part of ``METHOD path``: what goes wrong at each request in turn, none when nothing.
        self.faults: dict[str, list[Fault | None]] = {}
        self._server: ThreadingHTTPServer | None = None

    # -- life ------------------------------------------------------------------------------------

    def start(self) -> HubServer:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        return self

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> HubServer:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def count(self) -> int:
        """How many requests came in so far."""
        return len(self.requests)

    def env(self, cache: Path, token: str | None = None) -> dict[str, str]:
        """Environment of a process whose hub is this one and whose caches lie under ``cache``."""
        kept = {k: v for k, v in os.environ.items() if not k.upper().endswith("_PROXY")}
        for name in ("HF_TOKEN", "HF_HUB_OFFLINE", "HF_DATASETS_CACHE", "HF_HUB_CACHE"):
            kept.pop(name, None)
        kept |= {
            "HF_ENDPOINT": self.endpoint,
            "HF_HOME": str(cache),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "NO_PROXY": "127.0.0.1",
        }
        return kept | ({"HF_TOKEN": token} if token else {})

    # -- content ---------------------------------------------------------------------------------

    def add(
        self,
        kind: str,
        repo: str,
        files: dict[str, str | bytes],
        *,
        commit: str | None = None,
        gated: bool = False,
    ) -> str:
        """Write a commit of a ``"models"`` or ``"datasets"`` repository and make it ``main``."""
        content = {k: v.encode() if isinstance(v, str) else v for k, v in files.items()}
        if commit is None:
            seed = b"".join(k.encode() + b"\0" + v for k, v in sorted(content.items()))
            commit = hashlib.sha1(repo.encode() + seed).hexdigest()
        home = self.root / kind / repo
        for name, data in content.items():
            path = home / commit / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        (home / "main").write_text(commit)
        if gated:
            (home / "gated").touch()
        return commit

    def _commit(self, kind: str, repo: str, revision: str) -> tuple[str, Path]:
        home = self.root / kind / repo
        commits = sorted(p.name for p in home.glob("*") if p.is_dir())
        if not commits:
            raise HubError(404, "RepoNotFound", "Repository not found")
        named = home / "main"
        main = named.read_text().strip() if named.exists() else commits[-1]
        commit = main if revision == "main" else revision
        if commit not in commits:
            raise HubError(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return commit, home / commit

    def _check_gate(self, kind: str, repo: str, authorization: str | None) -> None:
        gated = (self.root / kind / repo / "gated").exists()
        if gated and authorization != f"Bearer {self.token}":
            raise HubError(401, "GatedRepo", f"Access to {repo} is restricted. Please log in.")

    # -- answers ---------------------------------------------------------------------------------

    def listing(self, kind: str, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        author = query.get("author", ["*"])[0]
        homes = sorted((self.root / kind).glob(f"{author}/*"))
        return [{"id": f"{home.parent.name}/{home.name}", "tags": []} for home in homes]

    def info(self, kind: str, repo: str, revision: str) -> dict[str, Any]:
        commit, folder = self._commit(kind, repo, revision)
        gated = (self.root / kind / repo / "gated").exists()
        return {
            "_id": hashlib.sha1(repo.encode()).hexdigest()[:24],
            "id": repo,
            "author": repo.partition("/")[0],
            "sha": commit,
            "private": False,
            "gated": "manual" if gated else False,
            "disabled": False,
            "tags": [],
            "downloads": 0,
            "likes": 0,
            "siblings": [
                {"rfilename": item["path"]} for item in _tree(folder, "") if "size" in item
            ],
        }

    def tree(self, kind: str, repo: str, revision: str, under: str, deep: bool) -> list[Any]:
        commit, folder = self._commit(kind, repo, revision)
        found = _tree(folder, under)
        if not found:
            raise HubError(404, "EntryNotFound", f"{under} does not exist on {commit}", commit)
        depth = under.count("/") + bool(under)
        return [item for item in found if deep or item["path"].count("/") == depth]

    def paths_info(self, kind: str, repo: str, revision: str, paths: list[str]) -> list[Any]:
        _, folder = self._commit(kind, repo, revision)
        return [item for item in _tree(folder, "") if item["path"] in paths]

    def file(self, kind: str, repo: str, revision: str, name: str) -> tuple[str, Path]:
        commit, folder = self._commit(kind, repo, revision)
        path = folder / name
        if folder not in path.resolve().parents or not path.is_file():
            raise HubError(404, "EntryNotFound", "Entry not found", commit)
        return commit, path


def _tree(folder: Path, under: str) -> list[dict[str, Any]]:
    """Everything below a folder of a commit, as the hub's tree lists it."""
    items: list[dict[str, Any]] = []
    for path in sorted((folder / under).rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir():
            oid = hashlib.sha1(name.encode()).hexdigest()
            items.append({"type": "directory", "path": name, "oid": oid})
        else:
            size = path.stat().st_size
            items.append({"type": "file", "path": name, "oid": _etag(path), "size": size})
    return items


def _etag(path: Path) -> str:
    """Name a file as git does, and the hub with it."""
    data = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def _handler(hub: HubServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """One request. HTTP/1.0: a stopped server leaves no connection that still answers."""

        fault: Fault | None = None

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

        def do_GET(self) -> None:
            self._answer()

        def do_HEAD(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            asked = f"{self.command} {self.path}"
            hub.requests.append(asked)
            self.fault = next(
                (left.pop(0) for part, left in hub.faults.items() if left and part in asked), None
            )
            if self.fault is not None:
                time.sleep(self.fault.wait)
                if self.fault.status:
                    self._send(self.fault.status, self.fault.body, self.fault.headers)
                    return
            try:
                self._route()
            except HubError as error:
                body = json.dumps({"error": str(error)}).encode()
                headers = {"X-Error-Code": error.code, "X-Error-Message": str(error)}
                if error.commit:
                    headers["X-Repo-Commit"] = error.commit
                self._send(error.status, body, headers)

        def _route(self) -> None:
            url = urlsplit(self.path)
            query = parse_qs(url.query)
            if match := API.fullmatch(url.path):
                kind, repo, verb, rest = match.groups()
                self._json(self._api(kind, repo, verb, rest or "", query))
            elif match := RESOLVE.fullmatch(url.path):
                dataset, repo, revision, name = match.groups()
                kind = "datasets" if dataset else "models"
                hub._check_gate(kind, repo, self.headers["Authorization"])
                self._file(*hub.file(kind, repo, unquote(revision), unquote(name)))
            elif match := LISTING.fullmatch(url.path):
                self._json(hub.listing(match[1], query))
            else:
                raise HubError(404, "", f"Cannot {self.command} {url.path}")

        def _api(
            self, kind: str, repo: str, verb: str | None, rest: str, query: dict[str, list[str]]
        ) -> object:
            revision, _, path = rest.partition("/")
            revision = unquote(revision) or "main"
            if verb == "tree":
                deep = query.get("recursive", ["false"])[0].lower() in {"true", "1"}
                return hub.tree(kind, repo, revision, unquote(path), deep)
            if verb == "paths-info":
                return hub.paths_info(kind, repo, revision, self._paths())
            if verb == "refs":
                commit, _ = hub._commit(kind, repo, "main")
                main = {"name": "main", "ref": "refs/heads/main", "targetCommit": commit}
                return {"branches": [main], "tags": [], "converts": [], "pullRequests": []}
            return hub.info(kind, repo, revision)

        def _paths(self) -> list[str]:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
            if "json" in (self.headers["Content-Type"] or ""):
                paths = json.loads(body)["paths"]
                return [paths] if isinstance(paths, str) else list(paths)
            return parse_qs(body).get("paths", [])

        def _json(self, value: object) -> None:
            self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

        def _file(self, commit: str, path: Path) -> None:
            data = path.read_bytes()
            headers = {
                "ETag": f'"{_etag(path)}"',
                "X-Repo-Commit": commit,
                "Accept-Ranges": "bytes",
                "Content-Type": "application/octet-stream",
            }
            if match := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers["Range"] or ""):
                first, last = int(match[1]), min(int(match[2] or len(data)), len(data) - 1)
                headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
                self._send(206, data[first : last + 1], headers)
            else:
                self._send(200, data, headers)

        def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            if self.fault and not self.fault.status:
                headers = headers | self.fault.headers
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                keep = self.fault.keep if self.fault else 1.0
                self.wfile.write(body[: int(len(body) * keep)])

    return Handler
