from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from runbook.kubernetes import frames
from runbook.kubernetes.frames import FrameReader, frame, masked


def from_server(opcode: int, payload: bytes, *, final: bool = True) -> bytes:
    """A frame as a server sends it: not masked."""
    head = bytes([(frames.FINAL if final else 0) | opcode])
    size = len(payload)
    if size < 126:
        return head + bytes([size]) + payload
    if size < 1 << 16:
        return head + bytes([126]) + struct.pack("!H", size) + payload
    return head + bytes([127]) + struct.pack("!Q", size) + payload


def read(*pieces: bytes) -> list[tuple[int, bytes]]:
    reader, found = FrameReader(), []
    for piece in pieces:
        reader.buffer += piece
        found += reader.messages()
    return found


@given(st.binary(max_size=300), st.binary(min_size=4, max_size=4))
def test_a_mask_laid_over_twice_gives_the_payload_back(payload: bytes, key: bytes) -> None:
    assert masked(masked(payload, key), key) == payload


@given(st.lists(st.binary(max_size=200), max_size=5), st.integers(1, 40))
def test_messages_are_whole_however_they_arrive(payloads: list[bytes], step: int) -> None:
    stream = b"".join(from_server(frames.BINARY, payload) for payload in payloads)
    pieces = [stream[at : at + step] for at in range(0, len(stream), step)]
    assert read(*pieces) == [(frames.BINARY, payload) for payload in payloads]


def test_every_form_of_length_is_read() -> None:
    for size in (0, 125, 126, 65535, 65536):
        assert read(from_server(frames.BINARY, b"x" * size)) == [(frames.BINARY, b"x" * size)]


def test_a_client_frame_is_masked_and_states_its_length() -> None:
    for size, head in ((5, 6), (300, 8), (70000, 14)):
        data = frame(frames.BINARY, b"\0", b"y" * (size - 1))
        key = data[head - 4 : head]
        assert data[1] & frames.MASKED
        assert masked(data[head:], key) == b"\0" + b"y" * (size - 1)


def test_a_message_in_parts_is_put_together_though_a_ping_comes_between() -> None:
    stream = (
        from_server(frames.BINARY, b"ab", final=False)
        + from_server(frames.PING, b"?")
        + from_server(frames.CONTINUATION, b"cd")
    )
    assert read(stream) == [(frames.PING, b"?"), (frames.BINARY, b"abcd")]
