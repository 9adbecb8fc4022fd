"""The pump between a local connection and a stream, with the kubelet's side played by the test."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from runbook.kubernetes import frames, pump
from runbook.kubernetes.pump import HIGH_WATER_BYTES, Pump

from .test_frames import from_server

GREETINGS = from_server(frames.BINARY, b"\x00\xca\x2c") + from_server(frames.BINARY, b"\x01\xca\x2c")


@dataclass
class Both:
    """The far ends of a pump that runs: an HTTP client's, and the kubelet's."""

    client: socket.socket
    kubelet: socket.socket
    pump: Pump
    thread: threading.Thread
    reader: frames.FrameReader = field(default_factory=frames.FrameReader)

    def send(self, data: bytes, channel: int = 0) -> None:
        self.kubelet.sendall(from_server(frames.BINARY, bytes([channel]) + data))

    def end(self) -> None:
        self.kubelet.sendall(from_server(frames.CLOSE, b""))
        self.thread.join(5)

    def unmasked(self, wanted: int) -> list[tuple[int, bytes]]:
        """So many messages as the kubelet receives them."""
        found: list[tuple[int, bytes]] = []
        while len(found) < wanted:
            raw = self.kubelet.recv(1 << 16)
            assert raw, "the stream ended"
            self.reader.buffer += raw
            found += _client_messages(self.reader.buffer)
        return found


def _client_messages(buffer: bytearray) -> list[tuple[int, bytes]]:
    """Whole client frames that are short; they are taken off the buffer."""
    found = []
    while len(buffer) >= 6 and len(buffer) >= 6 + (buffer[1] & 0x7F):
        size = buffer[1] & 0x7F
        found.append((buffer[0] & 0x0F, frames.masked(bytes(buffer[6 : 6 + size]), bytes(buffer[2:6]))))
        del buffer[: 6 + size]
    return found


@pytest.fixture
def both() -> Iterator[Both]:
    client, local = socket.socketpair()
    kubelet, stream = socket.socketpair()
    for side in (client, kubelet):
        side.settimeout(5)
    pump = Pump(local, stream)
    thread = threading.Thread(target=pump.run)
    thread.start()
    with client, kubelet, local, stream:
        kubelet.sendall(GREETINGS)
        yield Both(client, kubelet, pump, thread)
        client.close()
        kubelet.close()
        thread.join(5)
        assert not thread.is_alive()


def test_what_the_client_sends_arrives_on_the_channel_of_data(both: Both) -> None:
    both.client.sendall(b"GET / HTTP/1.1")
    assert both.unmasked(1) == [(frames.BINARY, b"\x00GET / HTTP/1.1")]


def test_the_port_numbers_that_open_the_channels_do_not_reach_the_client(both: Both) -> None:
    both.send(b"hello")
    assert both.client.recv(100) == b"hello"


def test_what_the_pod_sent_before_it_ended_is_not_lost(both: Both) -> None:
    size = HIGH_WATER_BYTES // 2
    both.kubelet.sendall(from_server(frames.BINARY, b"\x00" + b"z" * size) + from_server(frames.CLOSE, b""))
    received = 0
    while received < size:
        received += len(both.client.recv(1 << 16))
    both.thread.join(5)
    assert received == size


def test_what_the_client_sent_before_it_ended_is_not_lost(both: Both) -> None:
    both.client.sendall(b"bye")
    both.client.close()
    assert both.unmasked(2) == [(frames.BINARY, b"\x00bye"), (frames.CLOSE, b"\x03\xe8")]


def test_an_error_of_the_kubelet_is_kept(both: Both) -> None:
    both.send(b"connection refused", channel=1)
    both.end()
    assert (both.pump.error, both.pump.answered) == ("connection refused", False)


def test_a_ping_is_answered(both: Both) -> None:
    both.kubelet.sendall(from_server(frames.PING, b"there?"))
    assert both.unmasked(1) == [(frames.PONG, b"there?")]


def test_a_silent_stream_is_kept_alive(monkeypatch: pytest.MonkeyPatch, both: Both) -> None:
    monkeypatch.setattr(pump, "PING_EVERY_S", 0.05)
    both.send(b"wake up")
    assert both.unmasked(1)[0][0] == frames.PING


def test_no_more_is_read_than_the_other_side_takes(both: Both) -> None:
    both.kubelet.settimeout(0.5)
    sent = 0
    with pytest.raises(TimeoutError):
        for _ in range(400):
            both.send(b"z" * 60_000)
            sent += 60_000
    assert sent < 10 * HIGH_WATER_BYTES
