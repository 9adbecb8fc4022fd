"""A WebSocket to a pod through the API server: the way of exec and port-forward.

The connection is made here and handed to `websocket-client` only for the handshake: left to itself that
package takes the proxy of the environment, which leads away from a cluster at home. A proxy that the
kubeconfig names is used.
"""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

from runbook.errors import ClusterUnreachable
from runbook.kubernetes.api import CONNECT_TIMEOUT_S, Refusal
from runbook.kubernetes.cluster import Cluster

Query = Sequence[tuple[str, str]]


def open_channels(cluster: Cluster, path: str, query: Query, protocols: Sequence[str]) -> socket.socket:
    """A connected socket on which WebSocket frames flow, the handshake done; close it when done.

    Raises:
        Refusal: The server answered with an error status.
        ClusterUnreachable: Nobody answered.
    """
    import websocket

    settings = cluster.configuration
    where = urlsplit(settings.host + path)
    try:
        raw = _connected(settings, where.hostname or "", where.port or (443 if where.scheme == "https" else 80))
    except OSError as error:
        raise _silent(cluster, path, error) from error
    try:
        if where.scheme == "https":
            raw = _tls_context(settings).wrap_socket(raw, server_hostname=settings.tls_server_name or where.hostname)
        handshake = websocket.WebSocket()
        handshake.connect(  # type: ignore[no-untyped-call]
            f"ws{'s' if where.scheme == 'https' else ''}://{where.netloc}{where.path}?{urlencode(query)}",
            socket=raw,
            subprotocols=list(protocols),
            header=_login(cluster),
            suppress_origin=True,
        )
    except websocket.WebSocketBadStatusException as error:
        raw.close()
        raise Refusal(f"GET {path}", error.status_code, _status(error)) from error
    except (OSError, websocket.WebSocketException) as error:
        raw.close()
        raise _silent(cluster, path, error) from error
    return raw


def _connected(settings: Any, host: str, port: int) -> socket.socket:
    """A TCP connection to the API server, through the kubeconfig's proxy where it names one."""
    if not settings.proxy:
        connection = socket.create_connection((host, port), CONNECT_TIMEOUT_S)
    else:
        proxy = urlsplit(settings.proxy)
        connection = socket.create_connection((proxy.hostname or "", proxy.port or 80), CONNECT_TIMEOUT_S)
        _tunnel(connection, f"{host}:{port}", settings.proxy)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _tunnel(connection: socket.socket, target: str, proxy: str) -> None:
    """Ask an HTTP proxy for a tunnel to the target."""
    from urllib3.util import make_headers

    login = urlsplit(proxy)
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if login.username:
        basic = make_headers(proxy_basic_auth=f"{login.username}:{login.password or ''}")
        lines += [f"{name}: {value}" for name, value in basic.items()]
    connection.sendall("\r\n".join([*lines, "", ""]).encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        if not (byte := connection.recv(1)):
            break
        answer += byte
    first = answer.partition(b"\r\n")[0].decode(errors="replace")
    if " 200" not in first:
        connection.close()
        raise OSError(f"the proxy-url of the kubeconfig does not lead to {target}: {first or 'no answer'}")


def _tls_context(settings: Any) -> ssl.SSLContext:
    """The same rules for certificates as the other requests have."""
    from urllib3.util import create_urllib3_context

    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED if settings.verify_ssl else ssl.CERT_NONE)
    if not settings.verify_ssl:
        context.check_hostname = False
    elif settings.ssl_ca_cert:
        context.load_verify_locations(settings.ssl_ca_cert)
    else:
        context.load_default_certs()
    if settings.cert_file:
        context.load_cert_chain(settings.cert_file, settings.key_file)
    return context


def _login(cluster: Cluster) -> list[str]:
    """The header of the login, fresh where it has to be renewed; none where a certificate is the login."""
    token = cluster.configuration.get_api_key_with_prefix("BearerToken")
    return [f"Authorization: {token}"] if token else []


def _status(error: Any) -> dict[str, Any]:
    body = error.resp_body or b""
    try:
        parsed: dict[str, Any] = json.loads(body)
    except ValueError:
        text = body.decode(errors="replace") if isinstance(body, bytes) else str(body)
        return {"message": text.strip() or str(error)}
    return parsed


def _silent(cluster: Cluster, path: str, error: Exception) -> ClusterUnreachable:
    return ClusterUnreachable(
        f"The API server at {cluster.server} did not open a stream to {path}.",
        why=str(error),
        next="Try again in a minute; `kubectl get --raw /readyz` shows when it is back.",
    )
