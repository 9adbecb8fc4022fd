"""A pump between a local connection and the stream of a port-forward, one thread for both directions.

The port-forward of the kubernetes package buffers without bound and drops what it still holds when the other
side ends; here each side is read only as fast as the other takes it, and an end waits for what is on its way.
"""

from __future__ import annotations

import selectors
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass, field

from runbook.kubernetes import frames

DATA, ERROR = 0, 1
CHUNK_BYTES = 64 << 10
# Read no further while the other side has this much to take.
HIGH_WATER_BYTES = 1 << 20
# Something between here and the pod may cut a stream on which nothing flows while a model thinks.
PING_EVERY_S = 20.0
# Status 1000 of RFC 6455.
NORMAL_END = b"\x03\xe8"


@dataclass
class Pump:
    """Moves bytes between a local connection and a stream until one of them ends.

    One thread serves both directions, since a TLS socket may not be read and written at the same time.

    Attributes:
        local: The local connection.
        stream: The stream to the pod.
        error: What the kubelet said on the channel of errors.
        answered: Whether the pod sent anything.
    """

    local: socket.socket
    stream: socket.socket
    error: str = ""
    answered: bool = False
    _reader: frames.FrameReader = field(default_factory=frames.FrameReader)
    _to_pod: bytearray = field(default_factory=bytearray)
    _to_local: bytearray = field(default_factory=bytearray)
    _greeted: set[int] = field(default_factory=set)
    _local_ended: bool = False
    _pod_ended: bool = False
    _last: float = 0.0

    def run(self) -> None:
        """Return when one side has ended and the other has taken what was still on the way."""
        self.local.setblocking(False)
        self.stream.setblocking(False)
        self._last = time.monotonic()
        with selectors.DefaultSelector() as selector:
            while not self._is_over():
                self._watch(selector)
                for key, events in selector.select(self._patience_s()):
                    self._serve(key.fileobj is self.local, events)
                # What TLS has decrypted already does not show on the socket.
                if self._decrypted():
                    self._read_stream()
                self._keep_alive()
        with suppress(OSError):
            self.stream.send(frames.frame(frames.CLOSE, NORMAL_END))
        self.local.setblocking(True)

    def _is_over(self) -> bool:
        return (self._pod_ended and not self._to_local) or (self._local_ended and not self._to_pod)

    def _watch(self, selector: selectors.BaseSelector) -> None:
        """Ask only for what can be used: reading stops while the other side has enough to take."""
        read_local = not self._local_ended and len(self._to_pod) < HIGH_WATER_BYTES
        _set(selector, self.local, read=read_local, write=bool(self._to_local))
        _set(selector, self.stream, read=self._wants_stream(), write=bool(self._to_pod))

    def _wants_stream(self) -> bool:
        return not self._pod_ended and len(self._to_local) < HIGH_WATER_BYTES

    def _decrypted(self) -> bool:
        return self._wants_stream() and isinstance(self.stream, ssl.SSLSocket) and self.stream.pending() > 0

    def _patience_s(self) -> float:
        return 0.0 if self._decrypted() else PING_EVERY_S

    def _serve(self, is_local: bool, events: int) -> None:
        if is_local:
            if events & selectors.EVENT_WRITE:
                self._write(self.local, self._to_local)
            if events & selectors.EVENT_READ:
                self._read_local()
            return
        if events & selectors.EVENT_WRITE:
            self._write(self.stream, self._to_pod)
        if events & selectors.EVENT_READ:
            self._read_stream()

    def _write(self, side: socket.socket, waiting: bytearray) -> None:
        try:
            with memoryview(waiting) as view, view[: 2 * CHUNK_BYTES] as chunk:
                sent = side.send(chunk)
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            return
        except OSError:
            # Whoever does not take it any more has ended, and nothing that waits for it is of use.
            waiting.clear()
            self._end(side)
            return
        del waiting[:sent]
        self._last = time.monotonic()

    def _read_local(self) -> None:
        if data := self._received(self.local):
            self._to_pod += frames.frame(frames.BINARY, bytes([DATA]), data)

    def _read_stream(self) -> None:
        if not (data := self._received(self.stream)):
            return
        self._reader.buffer += data
        for opcode, payload in self._reader.messages():
            if opcode == frames.CLOSE:
                self._pod_ended = True
            elif opcode == frames.PING:
                self._to_pod += frames.frame(frames.PONG, payload)
            elif opcode in (frames.BINARY, frames.TEXT) and payload:
                self._take(payload[0], memoryview(payload)[1:])

    def _take(self, channel: int, payload: memoryview) -> None:
        """Data for the local side, or an error of the kubelet's; each channel begins with the port's number."""
        if channel not in self._greeted:
            self._greeted.add(channel)
        elif channel == DATA:
            self.answered = True
            self._to_local += payload
        elif channel == ERROR:
            self.error += bytes(payload).decode(errors="replace")

    def _received(self, side: socket.socket) -> bytes:
        """What a side sent; nothing where there is nothing yet, and where it has ended, which is noted."""
        try:
            data = side.recv(CHUNK_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return b""
        except OSError:
            data = b""
        if not data:
            self._end(side)
        self._last = time.monotonic()
        return data

    def _end(self, side: socket.socket) -> None:
        if side is self.local:
            self._local_ended = True
        else:
            self._pod_ended = True

    def _keep_alive(self) -> None:
        if not self._to_pod and time.monotonic() - self._last >= PING_EVERY_S:
            self._to_pod += frames.frame(frames.PING)
            self._last = time.monotonic()


def _set(selector: selectors.BaseSelector, side: socket.socket, *, read: bool, write: bool) -> None:
    """Watch a socket for exactly this; a selector does not take nothing at all as an answer."""
    events = (selectors.EVENT_READ if read else 0) | (selectors.EVENT_WRITE if write else 0)
    watched = selector.get_map().get(side)
    if watched is None:
        if events:
            selector.register(side, events)
    elif not events:
        selector.unregister(side)
    elif watched.events != events:
        selector.modify(side, events)
