"""A preview of the site on this machine."""

from __future__ import annotations

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cefrbench.cli.shared import echo
from cefrbench.errors import UserError
from cefrbench_leaderboard.output import MARKER

_HOST = "127.0.0.1"


class _Handler(SimpleHTTPRequestHandler):
    """Files of one folder, never from the browser's cache: a rebuilt page is seen at once."""

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def list_directory(self, path: object) -> None:
        """Show no listing: every folder with a page has an index."""
        self.send_error(404)


def make_server(out: Path, port: int) -> ThreadingHTTPServer:
    """Bind a server for a site; port 0 takes any free one.

    Raises
    ------
    UserError
        When there is no site, or the port is taken.
    """
    if not (out / MARKER).is_file():
        raise UserError(
            f"There is no site in {str(out)!r}: build one with `cefrbench leaderboard build`, or "
            "name its folder with --out."
        )
    try:
        return ThreadingHTTPServer((_HOST, port), partial(_Handler, directory=str(out)))
    except OSError as error:
        raise UserError(
            f"Port {port} can't be used ({error.strerror}): choose another with --port."
        ) from error


def serve(out: Path, port: int) -> None:
    """Serve a site until Ctrl-C."""
    with make_server(out, port) as server:
        echo(f"http://{_HOST}:{server.server_address[1]}/ (Ctrl-C ends it)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            echo("Ended.", err=True)
