"""The preview: this machine alone, pages as they are, no listings."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from site_factory import Site

from cefrbench.errors import UserError
from cefrbench_leaderboard.serve import make_server


@pytest.fixture
def address(site: Site) -> Iterator[str]:
    with make_server(site.out, 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        host, port = server.server_address[:2]
        yield f"http://{host!s}:{port}"
        server.shutdown()
        thread.join()


def test_it_listens_on_this_machine_alone(address: str) -> None:
    assert address.startswith("http://127.0.0.1:")


def test_it_serves_pages_that_no_browser_keeps(address: str, site: Site) -> None:
    with urllib.request.urlopen(f"{address}/") as response:
        assert response.read().decode() == site.read("index.html")
        assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["/static/", "/encoders/", "/../index.htm", "/%2e%2e/.site.store/index.json"]
)
def test_it_lists_no_folder_and_leaves_none(address: str, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404") as error:
        urllib.request.urlopen(f"{address}{path}")
    error.value.close()


def test_a_folder_without_a_site_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="leaderboard build"):
        make_server(tmp_path, 0)


def test_a_port_in_use_is_an_error_with_a_next_step(site: Site) -> None:
    with make_server(site.out, 0) as first:
        port = first.server_address[1]
        with pytest.raises(UserError, match="--port"):
            make_server(site.out, port)
