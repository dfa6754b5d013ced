"""A small local server that speaks the embeddings format, with the manners of a busy service."""

import hashlib
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "sk-invented-key-0123456789"
WIDTH = 24


class Service(ThreadingHTTPServer):
    """Counts what it was asked, and answers the given statuses first.

    ``refusals`` are (status, headers) pairs, each given once in front of the true answers.
    """

    daemon_threads = True

    def __init__(self, refusals=()):
        super().__init__(("127.0.0.1", 0), Handler)
        self.refusals = list(refusals)
        self.batches = []
        self.lock = threading.Lock()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/v1/embeddings"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            refusal = self.server.refusals.pop(0) if self.server.refusals else None
        if self.headers.get("Authorization") != f"Bearer {KEY}":
            self.answer(401, {"error": "no such key"})
        elif refusal:
            status, headers = refusal
            self.answer(status, {"error": f"come back later, {KEY}"}, headers)
        elif any(not text.strip() for text in body["input"]):
            self.answer(400, {"error": "input must not be empty"})
        else:
            with self.server.lock:
                self.server.batches.append(len(body["input"]))
            data = [{"index": i, "embedding": vector(text)} for i, text in enumerate(body["input"])]
            self.answer(200, {"model": body["model"], "data": data[::-1]})

    def answer(self, status, value, headers=()):
        text = json.dumps(value).encode()
        self.send_response(status)
        for name, content in dict(headers).items():
            self.send_header(name, content)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args):
        """Say nothing."""


def vector(text):
    """What the invented model makes of a text: its length, and the letters in it."""
    letters = [text.casefold().count(letter) for letter in "abcdefghijklmnopqrstuvw"]
    noise = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[0] / 2550
    return [len(text) / 100, *(count / (1 + len(text)) + noise for count in letters)]


@contextmanager
def serving(refusals=()):
    """Run the service as long as the block."""
    service = Service(refusals)
    thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield service
    finally:
        service.shutdown()
        thread.join()
        service.server_close()
