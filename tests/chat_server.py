"""A small local server that speaks chat completions with log-probabilities."""

import json
import math
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "sk-invented-key-0123456789"


class Service(ThreadingHTTPServer):
    """Answers ``refusals`` first, each a (status, headers) pair, then by ``answer(prompt)``.

    ``answer`` gives the likeliest tokens with their probabilities, or none for an answer without.
    """

    daemon_threads = True

    def __init__(self, answer, refusals=()):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer, self.refusals, self.asked = answer, list(refusals), []
        self.lock = threading.Lock()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.asked.append(body)
            refusal = self.server.refusals.pop(0) if self.server.refusals else None
        if self.headers.get("Authorization") != f"Bearer {KEY}" or self.path != (
            "/v1/chat/completions"
        ):
            self.give(401, {"error": "no such key"})
        elif refusal:
            self.give(refusal[0], {"error": f"come back later, {KEY}"}, refusal[1])
        else:
            self.give(200, {"choices": [self.choice(body["messages"][0]["content"])]})

    def choice(self, prompt):
        likely = self.server.answer(prompt)
        if likely is None:
            return {"message": {"content": "3"}, "logprobs": None}
        top = [{"token": token, "logprob": math.log(share)} for token, share in likely.items()]
        return {"message": {"content": "3"}, "logprobs": {"content": [{"top_logprobs": top}]}}

    def give(self, status, value, headers=()):
        text = json.dumps(value).encode()
        self.send_response(status)
        for name, content in dict(headers).items():
            self.send_header(name, content)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args):
        """Say nothing."""


@contextmanager
def serving(answer, refusals=()):
    """Run the service as long as the block."""
    service = Service(answer, refusals)
    thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield service
    finally:
        service.shutdown()
        thread.join()
        service.server_close()
