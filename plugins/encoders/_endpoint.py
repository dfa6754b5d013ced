"""A generative model behind an endpoint that speaks OpenAI's chat completions.

The key comes from the environment, goes into the header of requests and nowhere else: not into the
identity, an error, a log or a repr.
"""

from __future__ import annotations

import json
import math
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from cefrbench import Encoder, EncoderError, EncoderOptions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KEY_VARIABLE = "RATER_API_KEY"
#: Tries of one request, the first one included, and seconds before the second; then twice as many.
ATTEMPTS, FIRST_WAIT, LONGEST_WAIT = 6, 1.0, 120.0
TIMEOUT = 120.0
#: Answers that may be other ones a little later.
PASSING = frozenset({408, 429, 500, 502, 503, 504})
#: Requests under way at once.
AT_ONCE = 8
#: Alternatives to the first token that are asked for: the most that OpenAI gives.
ALTERNATIVES = 20


class Endpoint:
    """One model of one service.

    Parameters
    ----------
    url : str
        Up to ``/v1``.
    model : str
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
                f"The rater's address must begin with https:// so that texts and key are sent in "
                f"secret; {parts.hostname!r} is not this machine."
            )
        self.model = model
        self.place = f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")
        self._key = key
        self._sleep = sleep
        self._opener = urllib.request.build_opener(_NoRedirect)

    def __repr__(self) -> str:
        return f"Endpoint({self.place!r}, {self.model!r})"

    def ask(self, prompt: str) -> dict[str, float]:
        """Give log-probabilities of the first token of the answer: the likeliest ones.

        Raises
        ------
        EncoderError
            When the service refuses, stays away, or gives no log-probabilities.
        """
        body = {
            "model": self.model,
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": 1,
            "temperature": 0,
            "logprobs": True,
            "top_logprobs": ALTERNATIVES,
        }
        return self._likeliest(self._answer(json.dumps(body).encode()))

    def _answer(self, body: bytes) -> Any:
        for attempt in range(ATTEMPTS):
            pause = FIRST_WAIT * 2**attempt
            try:
                return self._post(body)
            except urllib.error.HTTPError as error:
                if error.code not in PASSING or attempt == ATTEMPTS - 1:
                    raise self._refused(error) from None
                asked = error.headers.get("Retry-After", "").strip()
                pause = float(asked) if asked.isdigit() else pause
            except (urllib.error.URLError, TimeoutError, ConnectionError, ValueError) as error:
                if attempt == ATTEMPTS - 1:
                    raise EncoderError(
                        f"{self.place} can't be reached ({getattr(error, 'reason', error)}): check "
                        "the address and the network, then start again; what is done is kept."
                    ) from None
            self._sleep(min(LONGEST_WAIT, pause))
        raise AssertionError("the last attempt returns or raises")

    def _post(self, body: bytes) -> Any:
        headers = {"Content-Type": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        request = urllib.request.Request(f"{self.place}/chat/completions", body, headers)
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

    def _likeliest(self, answer: Any) -> dict[str, float]:
        try:
            first = answer["choices"][0]["logprobs"]["content"][0]
            found = [(str(one["token"]), float(one["logprob"])) for one in first["top_logprobs"]]
        except (KeyError, IndexError, TypeError, ValueError):
            found = []
        if not found:
            raise EncoderError(
                f"{self.place} gives no log-probabilities for {self.model!r} (`logprobs` and "
                "`top_logprobs` of chat completions), and a rater is made of them: choose a model "
                "or a service that gives them."
            )
        # " 3" and "3" are the same answer.
        logs: dict[str, float] = {}
        for token, log in found:
            known = logs.get(token.strip(), -math.inf)
            high, low = max(known, log), min(known, log)
            logs[token.strip()] = high + math.log1p(math.exp(low - high))
        return logs


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follow no redirect: it would carry the key to another host."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class EndpointRater(Encoder):
    """What an endpoint's model says of each text.

    Parameters
    ----------
    name : str
        As the user wrote it; without a key, since none may stand in an address.
    endpoint : Endpoint
    options : EncoderOptions
    """

    def __init__(self, name: str, endpoint: Endpoint, options: EncoderOptions) -> None:
        from cefrbench.engines.transformer.rating import rater_identity

        self._endpoint = endpoint
        self.identity = rater_identity(
            name, endpoint.model, options, details={"endpoint": endpoint.place}
        )

    def encode(self, batch: Sequence[object]) -> NDArray[np.float32]:
        """Ask for each text; see :meth:`cefrbench.Encoder.encode`.

        Raises
        ------
        EncoderError
            When the endpoint can't be asked, or none of the numbers is among its likeliest tokens.
        """
        import numpy as np

        from cefrbench.engines.transformer.rating import ANSWERS, by_class

        with ThreadPoolExecutor(AT_ONCE, "rater") as pool:
            found = list(pool.map(self._of, cast("Sequence[str]", batch)))
        logs = np.array([[one.get(answer, -np.inf) for answer in ANSWERS] for one in found])
        if not np.isfinite(logs).any(axis=1).all():
            raise EncoderError(
                f"{self.identity.name!r} answers a text with none of the numbers 1 to 6 among its "
                f"{ALTERNATIVES} likeliest tokens: choose a model that follows instructions, or "
                "change --instruction."
            )
        return by_class(logs)

    def _of(self, text: str) -> dict[str, float]:
        from cefrbench.engines.transformer.rating import ENDING

        return self._endpoint.ask(f"{self.identity.instruction}{text}{ENDING}")


def open_endpoint(name: str, asked: str, options: EncoderOptions) -> EndpointRater:
    """Open ``URL@MODEL``.

    Raises
    ------
    EncoderError
        When the model is missing, the address holds more than a place, or nothing may be fetched.
    """
    url, _, model = asked.rpartition("@")
    parts = urlsplit(url or asked)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise EncoderError(
            f"The address of a rater stands in its results, so it may hold no user, password or "
            f"query: set {KEY_VARIABLE} instead."
        )
    if options.offline:
        raise EncoderError(f"{name!r} is asked over the network, and --offline forbids that.")
    if not url or not model:
        raise EncoderError(f"{name!r} names no model: write rater:https://HOST/v1@MODEL.")
    return EndpointRater(name, Endpoint(url, model, os.environ.get(KEY_VARIABLE, "")), options)
