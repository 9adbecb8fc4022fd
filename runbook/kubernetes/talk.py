"""A command in a pod that is talked to for as long as it is needed: a line goes in, what it writes comes back.

One exec for many questions: each costs the pod a read, not a process, a login and a stream of its own. The command
ends when its standard input does, so nothing stays behind in the pod, whatever becomes of us.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from runbook.errors import ClusterError
from runbook.kubernetes import frames
from runbook.kubernetes.channels import open_channels
from runbook.kubernetes.cluster import Cluster
from runbook.kubernetes.kinds import KINDS
from runbook.kubernetes.pods import EXEC_PROTOCOLS, STDERR, STDOUT

STDIN = 0


class Talk:
    """A command that runs in a pod; made by `talk`.

    Args:
        stream: The connected socket.
        pod: Name of the pod, for errors.
    """

    def __init__(self, stream: socket.socket, pod: str) -> None:
        self._stream = stream
        self._pod = pod
        self._reader = frames.FrameReader()
        self._written = bytearray()
        self._complaints = bytearray()

    def ask(self, line: str, until: str, timeout_s: float = 10.0) -> str:
        """Send a line, and return what the command writes up to a line that is `until`.

        Raises:
            ClusterError: The command has ended, or does not answer in time.
        """
        self._send(frames.frame(frames.BINARY, bytes([STDIN]), line.encode() + b"\n"))
        end = f"{until}\n".encode()
        deadline = time.monotonic() + timeout_s
        while (found := self._written.find(end)) < 0:
            self._receive(deadline)
        answer = self._written[:found].decode(errors="replace")
        del self._written[: found + len(end)]
        return answer

    def _receive(self, deadline: float) -> None:
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise self._over("it did not answer in time")
        self._stream.settimeout(left_s)
        try:
            data = self._stream.recv(1 << 16)
        except TimeoutError:
            raise self._over("it did not answer in time") from None
        except OSError as error:
            raise self._over(str(error)) from error
        if not data:
            raise self._over("the stream was closed")
        self._reader.buffer += data
        for opcode, payload in self._reader.messages():
            if opcode == frames.CLOSE:
                raise self._over("the command has ended")
            if opcode == frames.PING:
                self._send(frames.frame(frames.PONG, payload))
            elif payload and payload[0] == STDOUT:
                self._written += payload[1:]
            elif payload and payload[0] == STDERR:
                self._complaints += payload[1:]

    def _send(self, data: bytes) -> None:
        try:
            self._stream.sendall(data)
        except OSError as error:
            raise self._over(str(error)) from error

    def _over(self, why: str) -> ClusterError:
        said = self._complaints.decode(errors="replace").strip()
        return ClusterError(f"The command in the pod {self._pod} cannot be asked.", why=f"{why}: {said}".rstrip(": "))


@contextmanager
def talk(cluster: Cluster, namespace: str, pod: str, command: Sequence[str]) -> Iterator[Talk]:
    """Start a command in a pod, to be asked line by line for as long as the block runs.

    Raises:
        ClusterError: The pod does not run.
    """
    query = [("command", part) for part in command] + [("stdin", "true"), ("stdout", "true"), ("stderr", "true")]
    path = KINDS["Pod"].path(pod, namespace) + "/exec"
    with open_channels(cluster, path, query, EXEC_PROTOCOLS) as stream:
        try:
            yield Talk(stream, pod)
        finally:
            with suppress(OSError):
                stream.sendall(frames.frame(frames.CLOSE, b"\x03\xe8"))
