"""The client of an Ollama server: what it holds, what it loads, pulls and answers.

It speaks to one address, a forwarded port or a Service, and ignores the environment's proxies, which know nothing of
either. Every method says what the server said when it fails.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Self

import httpx

from runbook.errors import OllamaError, OllamaUnreachable
from runbook.ollama.answer_causes import answer_failed
from runbook.ollama.answers import Answer, Collector
from runbook.ollama.progress import Account, PullProgress, follow
from runbook.ollama.pull_causes import pull_failed
from runbook.ollama.stored import LoadedModel, StoredModel, find_loaded
from runbook.ollama.stream import StreamFault, json_lines, words_of

CONNECT_TIMEOUT_S = 10.0
SHORT_TIMEOUT_S = 60.0


class Ollama:
    """An Ollama server at an address.

    Args:
        base_url: The address, such as http://127.0.0.1:11434.
        timeout_s: The longest silence of a stream, and the default deadline of an answer, in seconds.
    """

    def __init__(self, base_url: str, timeout_s: float = 600) -> None:
        self.base_url = base_url
        self.timeout_s = timeout_s
        self._http = httpx.Client(base_url=base_url, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def version(self) -> str:
        """The server's version, such as 0.15.6."""
        return str(self._object(self._ask("GET", "/api/version"), "version")["version"])

    def tags(self) -> tuple[StoredModel, ...]:
        """The models on the server's disk."""
        found = self._object(self._ask("GET", "/api/tags"), "models")
        return tuple(StoredModel.of(listed) for listed in found["models"] or ())

    def ps(self) -> tuple[LoadedModel, ...]:
        """The models in the server's memory."""
        response = self._ask("GET", "/api/ps")
        date = response.headers.get("Date")
        now = parsedate_to_datetime(date) if date else datetime.now(UTC)
        return tuple(LoadedModel.of(listed, now) for listed in self._object(response, "models")["models"] or ())

    def show(self, name: str, *, verbose: bool = False) -> dict[str, Any]:
        """What the server knows of a model: template, parameters, capabilities, metadata of its file.

        Args:
            name: The model.
            verbose: Whether lists are wanted too: the vocabulary, and what is stated for each layer.

        Raises:
            OllamaError: It does not have the model.
        """
        return self._object(self._ask("POST", "/api/show", {"model": name, "verbose": verbose}), "details")

    def copy(self, source: str, destination: str) -> None:
        """Give a model a second name; the layers are shared.

        Raises:
            OllamaError: The server does not have the source.
        """
        self._ask("POST", "/api/copy", {"source": source, "destination": destination})

    def delete(self, name: str) -> None:
        """Remove a name, and the layers that no other name uses.

        Raises:
            OllamaError: The server does not have the model.
        """
        self._ask("DELETE", "/api/delete", {"model": name})

    def create(self, name: str, **recipe: Any) -> None:
        """Make a model from another (`from_`) or from uploaded files, with a template or parameters of its own.

        Args:
            name: The name of the new model.
            recipe: The keys of `/api/create`; `from_` stands for `from`, which Python reserves.

        Raises:
            OllamaError: The server refused, or did not come to its end.
        """
        body = {"model": name, **{key.rstrip("_"): value for key, value in recipe.items()}}
        try:
            done = [event for event in self.stream("/api/create", body) if event.get("status") == "success"]
        except StreamFault as fault:
            raise OllamaError(f"{name} was not created.", why=fault.words) from fault
        if not done:
            raise OllamaError(f"{name} was not created.", why="the stream ended without success")

    def upload(self, path: Path) -> str:
        """Put a file among the server's blobs, unless it is there, and return its digest for `create`.

        Raises:
            OllamaError: The server refused.
        """
        with path.open("rb") as file:
            digest = "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
            blob = f"/api/blobs/{digest}"
            with self._reached(blob):
                if self._http.head(blob).status_code != httpx.codes.OK:
                    file.seek(0)
                    _accepted(self._http.post(blob, content=file, timeout=self.timeout_s))
        return digest

    def pull(self, name: str, insecure: bool = False) -> Iterator[PullProgress]:
        """Pull a model once, line by line; `runbook.ollama.pull_model` also tries again and looks first.

        Args:
            name: The model, with its registry where that is not Ollama's own.
            insecure: Whether the registry speaks plain HTTP.

        Raises:
            PullFailed: The server reports an error, or the stream ended without success.
        """
        account = Account()
        try:
            yield from follow(self.stream("/api/pull", {"model": name, "insecure": insecure}), account)
            if not account.succeeded:
                raise StreamFault("unfinished", "the stream ended without success")
        except StreamFault as fault:
            raise pull_failed(name, fault) from fault

    def generate(
        self,
        request: Mapping[str, Any],
        *,
        deadline_s: float | None = None,
        on_text: Callable[[str], None] | None = None,
    ) -> Answer:
        """Ask a model, and wait for its whole answer.

        Args:
            request: The body of `/api/generate`.
            deadline_s: The longest wait, in seconds; None takes the client's `timeout_s`. A server that falls silent
                is given up after the same time, so the wait can reach twice this.
            on_text: Called with each piece of the text as it comes.

        Raises:
            AnswerFailed: The server refused, its runner failed, the connection closed, the time was over, or the
                stream ended without the line that says it is whole.
        """
        limit_s = self.timeout_s if deadline_s is None else deadline_s
        collector = Collector()
        try:
            for event in self.stream("/api/generate", request, silence_s=limit_s):
                text = collector.add(event)
                if on_text and text:
                    on_text(text)
                if collector.elapsed_s > limit_s and not event.get("done"):
                    raise StreamFault("late", f"no end after {limit_s:g} s")
            return collector.whole()
        except StreamFault as fault:
            raise answer_failed(str(request.get("model")), fault, collector.received_characters) from fault

    def load(self, name: str, options: Mapping[str, Any] | None = None, keep_alive: str | int = "5m") -> float:
        """Load a model into memory, and return how long that took by our clock, in seconds.

        Args:
            name: The model.
            options: Those of the requests to come: another context would load it again.
            keep_alive: How long it stays without requests: a duration with a unit, or seconds as a number.

        Raises:
            AnswerFailed: It could not be loaded.
        """
        return self.generate({"model": name, "options": dict(options or {}), "keep_alive": keep_alive}).wall_s

    def unload(self, name: str, patience_s: float = 30.0) -> None:
        """Unload a model, and return when the server no longer lists it.

        Raises:
            OllamaError: It is still listed after `patience_s` seconds.
        """
        self.generate({"model": name, "keep_alive": 0})
        deadline = time.monotonic() + patience_s
        while find_loaded(name, self.ps()):
            if time.monotonic() > deadline:
                raise OllamaError(f"{name} is still loaded {patience_s:g} s after it was told to go.")
            time.sleep(0.1)

    def stream(
        self, path: str, body: Mapping[str, Any], *, silence_s: float | None = None
    ) -> Generator[dict[str, Any]]:
        """The lines of a streaming endpoint, each an object.

        Args:
            path: The endpoint.
            body: The request.
            silence_s: The longest wait for the next bytes, in seconds; None takes the client's `timeout_s`.

        Raises:
            OllamaUnreachable: Nobody answered at the address.
            StreamFault: The server refused, reported an error, fell silent or closed the connection.
        """
        silence_s = self.timeout_s if silence_s is None else silence_s
        timeout = httpx.Timeout(silence_s, connect=CONNECT_TIMEOUT_S)
        with self._reached(path):
            try:
                with self._http.stream("POST", path, json=dict(body), timeout=timeout) as response:
                    if response.status_code >= 400:
                        raise StreamFault("refused", words_of(response.read()), response.status_code)
                    yield from json_lines(response.iter_bytes())
            except (httpx.ReadTimeout, httpx.WriteTimeout) as error:
                raise StreamFault("silent", f"nothing came for {silence_s:g} s") from error
            except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError) as error:
                raise StreamFault("closed", f"the connection closed: {error}") from error

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        """One request with a short answer."""
        with self._reached(path):
            response = self._http.request(method, path, json=body, timeout=SHORT_TIMEOUT_S)
        return _accepted(response)

    def _object(self, response: httpx.Response, key: str) -> dict[str, Any]:
        """The object in a response, which has this key if it comes from Ollama."""
        try:
            found = response.json()
        except ValueError:
            found = None
        if not isinstance(found, dict) or key not in found:
            raise OllamaError(
                f"What answers at {self.base_url} is not Ollama.",
                why=f"{response.request.url.path} says: {response.text[:200]}",
                next="Check the address, and what the port is forwarded to.",
            )
        return found

    @contextmanager
    def _reached(self, path: str) -> Iterator[None]:
        """Turn a connection that failed into our own error."""
        try:
            yield
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise OllamaUnreachable(
                f"Ollama does not answer at {self.base_url}.",
                why=str(error),
                next="Check that the pod runs and the port is forwarded: `kubectl get pods`, or run 03_apply.",
            ) from error
        except httpx.TransportError as error:
            raise OllamaUnreachable(f"Ollama at {self.base_url} did not answer {path}.", why=str(error)) from error


def _accepted(response: httpx.Response) -> httpx.Response:
    """The response, unless it is a refusal.

    Raises:
        OllamaError: The status is 400 or more.
    """
    if response.status_code >= 400:
        raise OllamaError(
            f"Ollama refused {response.request.method} {response.request.url.path} ({response.status_code}).",
            why=words_of(response.content),
            next="Run 04_pull." if response.status_code == httpx.codes.NOT_FOUND else "",
        )
    return response
