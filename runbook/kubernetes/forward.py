"""Port-forward: a local address that leads to a Service's pod through the API server.

Every local connection gets a stream of its own, to a pod that is ready at that moment, so a pod that is
replaced costs the connections it held and no later ones. What one side does not take is not read from the
other. A stream that cannot be opened, or that the pod ends before it answered, is answered with a status 502
whose body says why, as an HTTP client understands.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from runbook.errors import RunbookError
from runbook.kubernetes.channels import open_channels
from runbook.kubernetes.cluster import Cluster
from runbook.kubernetes.kinds import KINDS
from runbook.kubernetes.pump import Pump
from runbook.kubernetes.service import ready_pod

# What every kubelet speaks: a channel of data and one of errors for each port.
PROTOCOL = "v4.channel.k8s.io"


@contextmanager
def port_forward(cluster: Cluster, namespace: str, service: str, port: int) -> Iterator[str]:
    """A local base URL that leads to a port of a Service, for as long as the block runs.

    Args:
        cluster: The cluster.
        namespace: Namespace of the Service.
        service: Its name.
        port: The Service's port.

    Yields:
        `http://127.0.0.1:NNNN`.

    Raises:
        ClusterError: The Service does not exist, has no such port, or no pod that is ready.
    """
    ready_pod(cluster, namespace, service, port)
    forwarder = _Forwarder(cluster, namespace, service, port)
    forwarder.start()
    try:
        yield f"http://127.0.0.1:{forwarder.local_port}"
    finally:
        forwarder.stop()


class _Forwarder:
    """Accepts local connections and gives each a thread with its own stream."""

    def __init__(self, cluster: Cluster, namespace: str, service: str, port: int) -> None:
        self._target = (namespace, service, port)
        self._cluster = cluster
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._open: dict[threading.Thread, socket.socket] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._acceptor = threading.Thread(target=self._accept, name="port-forward", daemon=True)
        self.local_port: int = self._listener.getsockname()[1]

    def start(self) -> None:
        self._acceptor.start()

    def stop(self) -> None:
        """Close the listener and every connection, and wait for the threads to end."""
        self._stopping.set()
        # A connection of our own wakes the acceptor: closing a listener does not, on every system.
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.local_port), 1.0).close()
        self._acceptor.join(5.0)
        self._listener.close()
        with self._lock:
            still_open = dict(self._open)
        for local in still_open.values():
            with suppress(OSError):
                local.shutdown(socket.SHUT_RDWR)
        for thread in still_open:
            thread.join(5.0)

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                local, _ = self._listener.accept()
            except OSError:
                return
            if self._stopping.is_set():
                local.close()
                return
            thread = threading.Thread(target=self._serve, args=(local,), name="port-forward stream", daemon=True)
            with self._lock:
                self._open[thread] = local
            thread.start()

    def _serve(self, local: socket.socket) -> None:
        try:
            with local:
                local.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._pump(local)
        except OSError:
            pass  # the local side went away, and with it whoever could be told
        finally:
            with self._lock:
                self._open.pop(threading.current_thread(), None)

    def _pump(self, local: socket.socket) -> None:
        namespace, service, port = self._target
        try:
            target = ready_pod(self._cluster, namespace, service, port)
            path = KINDS["Pod"].path(target.pod, namespace) + "/portforward"
            stream = open_channels(self._cluster, path, [("ports", str(target.port))], [PROTOCOL])
        except RunbookError as error:
            local.sendall(bad_gateway(str(error)))
            return
        with stream:
            pump = Pump(local, stream)
            pump.run()
        if pump.error and not pump.answered:
            local.sendall(bad_gateway(f"pod {target.pod}: {pump.error}"))


def bad_gateway(why: str) -> bytes:
    """An HTTP answer that says why there is no other, in the form in which Ollama states its errors."""
    body = json.dumps({"error": f"port-forward: {why}"}).encode()
    head = f"HTTP/1.1 502 Bad Gateway\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"Connection: close\r\n\r\n" + body
