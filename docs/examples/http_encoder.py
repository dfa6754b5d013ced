"""Models behind an HTTP endpoint: `--encoder http-embedding:MODEL`.

The endpoint is asked in the format that most services speak::

    POST $EMBEDDING_URL  {"model": "MODEL", "input": ["first text", "second text"]}
    200                  {"data": [{"index": 0, "embedding": [0.1, ...]}, {"index": 1, ...}]}

A service gives the final layer only. Its key comes from the environment, goes into the header of
requests and nowhere else: not into the identity, an error, a log or a repr.
"""

from __future__ import annotations

import email.utils
import json
import logging
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cefrbench import (
    Encoder,
    EncoderCard,
    EncoderError,
    EncoderIdentity,
    EncoderOptions,
    EncoderSpec,
    Register,
    hookimpl,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SCHEME = "http-embedding:"
URL_VARIABLE = "EMBEDDING_URL"
KEY_VARIABLE = "EMBEDDING_API_KEY"

#: Texts in one request.
BATCH = 64
#: Tries of one request, the first one included.
ATTEMPTS = 6
#: Seconds to wait after the first failure; twice as many after each further one.
FIRST_WAIT = 1.0
#: Most seconds to wait, whatever the service says.
LONGEST_WAIT = 120.0
#: Seconds until a request is given up.
TIMEOUT = 60.0
#: Answers that may be other ones a little later.
PASSING = frozenset({408, 429, 500, 502, 503, 504})

CARD = EncoderCard(
    name=SCHEME,
    description=f"A model behind the HTTP endpoint in {URL_VARIABLE}; its final layer",
)

log = logging.getLogger(__name__)


class Endpoint:
    """One model of one service.

    Parameters
    ----------
    url, model : str
    key : str
        Sent as a bearer token; empty for services without one.
    sleep : callable
        Waits so many seconds.
    """

    def __init__(
        self, url: str, model: str, key: str = "", sleep: Callable[[float], None] = time.sleep
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
            raise EncoderError(
                f"{URL_VARIABLE} must begin with https:// so that the key is sent in secret; "
                f"it begins with {parts.scheme or 'no scheme'!r}."
            )
        self.model = model
        self.place = f"{parts.scheme}://{parts.hostname}{parts.path}"
        self._url = url
        self._key = key
        self._sleep = sleep
        self._opener = urllib.request.build_opener(_NoRedirect)

    def __repr__(self) -> str:
        return f"Endpoint({self.place!r}, {self.model!r})"

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Embed up to ``BATCH`` texts, trying again where that may help.

        Raises
        ------
        EncoderError
            When the service refuses, stays away, or answers in another format.
        """
        body = json.dumps({"model": self.model, "input": list(texts)}).encode()
        wait = FIRST_WAIT
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return _vectors(self._post(body), len(texts))
            except urllib.error.HTTPError as error:
                if error.code not in PASSING or attempt == ATTEMPTS:
                    raise self._refused(error) from None
                pause, reason = _retry_after(error), f"answer {error.code}"
            except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
                if attempt == ATTEMPTS:
                    raise EncoderError(
                        f"{self.place} can't be reached ({getattr(error, 'reason', error)}): check "
                        f"{URL_VARIABLE} and the network, then start again; what is done is kept."
                    ) from None
                pause, reason = None, "no connection"
            seconds = min(LONGEST_WAIT, wait if pause is None else pause)
            log.info("%s from %s: waiting %.1f s", reason, self.place, seconds)
            self._sleep(seconds)
            wait *= 2
        raise AssertionError("the last attempt returns or raises")

    def _post(self, body: bytes) -> Any:
        headers = {"Content-Type": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        request = urllib.request.Request(self._url, data=body, headers=headers, method="POST")
        with self._opener.open(request, timeout=TIMEOUT) as response:
            return json.load(response)

    def _refused(self, error: urllib.error.HTTPError) -> EncoderError:
        if error.code in (401, 403):
            return EncoderError(
                f"{self.place} refuses the key ({error.code}): set {KEY_VARIABLE} to one that is "
                f"valid for {self.model!r}."
            )
        said = " ".join(error.read(500).decode("utf-8", "replace").split())
        if self._key:
            said = said.replace(self._key, "…")
        return EncoderError(
            f"{self.place} answered {error.code} for {self.model!r} ({said or error.reason}): see "
            "the service's documentation for this answer."
        )


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follow no redirect: it would carry the key to another host."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class HttpEncoder(Encoder):
    """The final layer of a model behind an endpoint."""

    def __init__(self, name: str, endpoint: Endpoint, instruction: str) -> None:
        self._endpoint = endpoint
        self.identity = EncoderIdentity(
            name=name,
            model=endpoint.model,
            pooling=None,
            instruction=instruction,
            max_length=None,
            dtype="float32",
            layers=(1,),
            width=len(endpoint.embed(["width"])[0]),
            # Where the model runs can change a value; the address has neither key nor query.
            details={"endpoint": endpoint.place},
        )

    def encode(self, batch: Sequence[object]) -> NDArray[np.float32]:
        """Encode texts, ``[text, 1, dim]``; a blank one, which services refuse, has zeros."""
        import numpy as np

        features = np.zeros((len(batch), 1, self.identity.width), dtype=np.float32)
        prompted = [f"{self.identity.instruction}{text}" for text in batch]
        filled = [row for row, text in enumerate(prompted) if text.strip()]
        for rows in _chunks(filled):
            features[rows, 0] = self._endpoint.embed([prompted[row] for row in rows])
        return features


def load(name: str, options: EncoderOptions) -> HttpEncoder:
    """Open ``http-embedding:MODEL``."""
    model = name.removeprefix(SCHEME)
    url = os.environ.get(URL_VARIABLE)
    if options.offline:
        raise EncoderError(f"{name!r} is asked over the network, and --offline forbids that.")
    if not model or not url:
        raise EncoderError(
            f"{name!r} needs a model and an endpoint: write {SCHEME}MODEL and set {URL_VARIABLE}."
        )
    endpoint = Endpoint(url, model, os.environ.get(KEY_VARIABLE, ""))
    return HttpEncoder(name, endpoint, options.instruction or "")


def _chunks(rows: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]


def _vectors(answer: Any, count: int) -> list[list[float]]:
    """Take the vectors out of an answer, in the order of the texts."""
    try:
        found = {
            int(item["index"]): [float(v) for v in item["embedding"]] for item in answer["data"]
        }
        vectors = [found[index] for index in range(count)]
    except (KeyError, TypeError, ValueError):
        raise EncoderError(
            'The endpoint answered in another format: {"data": [{"index": 0, "embedding": [...]}]} '
            "was expected; adapt `_vectors` to your service."
        ) from None
    if len(set(map(len, vectors))) != 1:
        raise EncoderError("The endpoint gave vectors of unequal length: ask one model at a time.")
    return vectors


def _retry_after(error: urllib.error.HTTPError) -> float | None:
    """Seconds that the service asks to wait: a number, or a date (RFC 9110, 10.2.3)."""
    value = error.headers.get("Retry-After", "")
    if value.strip().isdigit():
        return float(value)
    date = email.utils.parsedate_tz(value)
    return None if date is None else max(0.0, email.utils.mktime_tz(date) - time.time())


@hookimpl
def register_encoders(register: Register) -> None:
    register(EncoderSpec(CARD, load))
