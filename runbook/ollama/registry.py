"""A registry that holds models, read and never pulled: a manifest, and pieces of blobs by range requests.

Ollama's own and a private one answer alike: `/v2/NAMESPACE/MODEL/manifests/TAG` and `/v2/NAMESPACE/MODEL/blobs/DIGEST`,
the latter mostly with a redirect to where the bytes are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Self

import httpx

from runbook.errors import OllamaError, OllamaUnreachable
from runbook.ollama.names import ModelName

MANIFEST_TYPE: Final = "application/vnd.docker.distribution.manifest.v2+json"
MOST_MANIFEST_BYTES: Final = 4 << 20


class Registry:
    """A registry at a host.

    Args:
        host: The host, with its port where it has one.
        insecure: Whether it speaks plain HTTP; then the environment's proxies are not asked either.
        timeout_s: The longest silence, in seconds.
    """

    def __init__(self, host: str, *, insecure: bool = False, timeout_s: float = 30.0) -> None:
        self.host = host
        self._http = httpx.Client(
            base_url=f"{'http' if insecure else 'https'}://{host}",
            follow_redirects=True,
            timeout=timeout_s,
            trust_env=not insecure,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def manifest(self, name: ModelName) -> bytes:
        """The manifest of a model.

        Raises:
            OllamaUnreachable: Nobody answered.
            OllamaError: The registry does not have the model, wants a login, or answers with something else.
        """
        path = f"/v2/{name.namespace}/{name.model}/manifests/{name.tag}"
        with self._answer(path, {"Accept": MANIFEST_TYPE}) as response:
            self._accept(response, f"{name.namespace}/{name.model}:{name.tag}")
            return _bytes(response, MOST_MANIFEST_BYTES)

    def blob(self, name: ModelName, digest: str, offset: int, count: int) -> bytes:
        """Bytes of a blob from an offset, at most so many; fewer at its end.

        Raises:
            OllamaUnreachable: Nobody answered.
            OllamaError: The registry does not have the blob, or does not answer range requests.
        """
        path = f"/v2/{name.namespace}/{name.model}/blobs/{digest}"
        with self._answer(path, {"Range": f"bytes={offset}-{offset + count - 1}"}) as response:
            if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                return b""
            self._accept(response, f"the blob {digest[:19]} of {name.namespace}/{name.model}")
            if response.status_code != httpx.codes.PARTIAL_CONTENT and offset:
                raise OllamaError(
                    f"The registry {self.host} does not answer range requests.",
                    why=f"asked for a part of a blob, it sent all of it ({response.status_code})",
                    next="Pull the model, and name the store or the server that holds it.",
                )
            return _bytes(response, count)

    def _accept(self, response: httpx.Response, what: str) -> None:
        if response.is_success:
            return
        if response.status_code == httpx.codes.NOT_FOUND:
            raise OllamaError(
                f"The registry {self.host} does not have {what}.",
                why=f"{response.request.url} answers 404",
                next="Check the name and the tag.",
            )
        login = response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)
        raise OllamaError(
            f"The registry {self.host} refused to show {what} ({response.status_code}).",
            why="it wants a login" if login else str(response.request.url),
            next="Pull the model with Ollama, and name the store or the server that holds it." if login else "",
        )

    @contextmanager
    def _answer(self, path: str, headers: dict[str, str]) -> Iterator[httpx.Response]:
        """The response to a request, its body not read yet."""
        try:
            with self._http.stream("GET", path, headers=headers) as response:
                yield response
        except (httpx.TransportError, httpx.TooManyRedirects, httpx.InvalidURL) as error:
            raise OllamaUnreachable(
                f"The registry {self.host} could not be read.",
                why=f"{type(error).__name__}: {error}",
                next="Check the name, the network, and whether it speaks plain HTTP (--insecure).",
            ) from error


def _bytes(response: httpx.Response, most: int) -> bytes:
    """The first bytes of a body; the rest is never fetched."""
    found = bytearray()
    for piece in response.iter_bytes():
        found += piece
        if len(found) >= most:
            break
    return bytes(found[:most])
