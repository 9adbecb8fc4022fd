"""One request to an API server: JSON in, JSON out, asked again where the server was only busy.

Errors of the connection become `ClusterUnreachable` with the innermost cause as evidence; an answer with an
error status becomes a `Refusal`, which keeps the server's own words.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runbook.errors import ClusterError, ClusterUnreachable

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

Json = dict[str, Any]

CONNECT_TIMEOUT_S = 5.0
# A server that restarts or sheds load is back within seconds; any other refusal is final and not asked again.
RETRY_AFTER_S = (0.3, 1.0, 2.0)
BUSY = frozenset({429, 503})


LOGIN = {
    401: "The login has expired: log in again, then `kubectl auth whoami` with the target's context.",
    403: "Ask the cluster's owner for the right that is named; manifests/rebuild/rbac.yaml lists all that are needed.",
}


class Refusal(ClusterError):
    """The API server answered a request with an error status.

    Args:
        request: Method and path of the request.
        code: HTTP status.
        status: The `Status` object the server sent, or an empty dict where it sent none.
    """

    def __init__(self, request: str, code: int, status: Json) -> None:
        self.request = request
        self.code = code
        self.status = status
        self.reason: str = status.get("reason") or ""
        self.message: str = status.get("message") or ""
        what = f"The API server answered {code} {self.reason}".rstrip() + f" to {request}."
        super().__init__(what, why=self.message, next=LOGIN.get(code, ""))

    @property
    def causes(self) -> list[Json]:
        """The fields and managers that the server names as causes; empty where it names none."""
        return (self.status.get("details") or {}).get("causes") or []

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.request, self.code, self.status)


@dataclass(frozen=True)
class Request:
    """One request.

    Attributes:
        method: HTTP method.
        path: Path below the server's address.
        query: Query parameters.
        body: Object to send, if any.
        content_type: What the body is.
        timeout_s: Longest wait for the answer, in seconds.
    """

    method: str
    path: str
    query: Mapping[str, str]
    body: Json | None = None
    content_type: str = "application/json"
    timeout_s: float = 30.0
    accept: str = "application/json, */*"

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Reply:
    """What the server answered: the bytes, and the warnings it sent along."""

    data: bytes
    warnings: tuple[str, ...] = ()

    @property
    def body(self) -> Json:
        """The answer as an object."""
        parsed: Json = json.loads(self.data)
        return parsed


def send(client: ApiClient, request: Request) -> Reply:
    """Send a request; a busy server is asked again, and so is one that does not answer, but for a POST.

    Raises:
        Refusal: The server answered with an error status.
        ClusterUnreachable: Nobody answered, or not in time.
    """
    import urllib3

    for pause_s in (*RETRY_AFTER_S, None):
        try:
            response = once(client, request)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            # What a POST created before the connection broke cannot be known, so it is not sent twice.
            if pause_s is None or request.method == "POST":
                raise _silent(client, request, error) from error
        else:
            if pause_s is None or response.status not in BUSY:
                break
        time.sleep(pause_s)
    if response.status >= 300:
        raise Refusal(str(request), response.status, _status(response.data))
    return Reply(response.data, tuple(_warnings(response.headers.getlist("Warning"))))


def once(client: ApiClient, request: Request) -> Any:
    """The raw response to a request sent a single time, whatever its status."""
    import urllib3

    _, url, headers, body, _ = client.param_serialize(
        method=request.method,
        resource_path=request.path,
        query_params=list(request.query.items()),
        header_params={"Accept": request.accept, "Content-Type": request.content_type},
        body=request.body,
        auth_settings=["BearerToken"],
    )
    return client.rest_client.pool_manager.request(
        request.method,
        url,
        headers=headers,
        body=None if body is None else json.dumps(body),
        timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=request.timeout_s),
    )


def innermost(error: BaseException) -> BaseException:
    """The first cause of an error: what the operating system or TLS said, below the layers of the client."""
    for deeper in (getattr(error, "reason", None), error.__cause__, error.__context__):
        if isinstance(deeper, BaseException) and deeper is not error:
            return innermost(deeper)
    return error


def _silent(client: ApiClient, request: Request, error: BaseException) -> ClusterUnreachable:
    return ClusterUnreachable(
        f"The API server at {client.configuration.host} did not answer {request}.",
        why=str(innermost(error)),
        next="Try again in a minute; `kubectl get --raw /readyz` shows when it is back.",
    )


def _status(data: bytes) -> Json:
    """The Status object of an error answer; of any other text, its beginning as the message."""
    try:
        parsed = json.loads(data)
    except ValueError:
        return {"message": data[:300].decode(errors="replace").strip()}
    return parsed if isinstance(parsed, dict) else {}


def _warnings(headers: list[str]) -> Iterator[str]:
    """The texts of Warning headers: `299 - "text"`, several of which may share a line."""
    for header in headers:
        for text in re.findall(r'\d{3} \S+ "((?:[^"\\]|\\.)*)"', header):
            yield re.sub(r"\\(.)", r"\1", text)
