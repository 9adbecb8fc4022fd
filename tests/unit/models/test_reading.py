import struct
import tracemalloc

import pytest

from runbook.errors import ModelFileError
from runbook.models import LongArray, read_gguf, read_header
from runbook.models.window import MOST_BYTES

LLAMA = {"general.architecture": "llama", "llama.block_count": 2, "general.name": "Größe"}
TENSORS = [("token_embd.weight", (64, 100), 8), ("output_norm.weight", (64,), 0)]


def test_metadata_and_tensors_are_read(build):
    header = read_gguf(build("a.gguf", LLAMA, TENSORS))
    assert header.version == 3
    assert header.architecture == "llama"
    assert header.own("block_count") == 2
    assert header.metadata["general.name"] == "Größe"
    assert [(one.name, one.shape, one.type_name, one.bytes) for one in header.tensors] == [
        ("token_embd.weight", (64, 100), "Q8_0", 6800),
        ("output_norm.weight", (64,), "F32", 256),
    ]


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("magic", [b"GGUF", b"FUGG"])
def test_versions_and_byte_orders_read_the_same(build, version, order, magic):
    header = read_gguf(build("a.gguf", LLAMA, TENSORS, version=version, order=order, magic=magic))
    assert header.version == version
    assert header.big_endian == (order == ">")
    assert header.tensor_bytes == 6800 + 256


@pytest.mark.parametrize("version", [0, 1, 4, 77])
def test_another_version_is_refused_with_its_number(build, version):
    with pytest.raises(ModelFileError, match=f"version {version}"):
        read_gguf(build("a.gguf", LLAMA, version=version))


def test_every_scalar_type_is_read(tmp_path):
    values = [("B", 0, 200), ("b", 1, -5), ("H", 2, 60000), ("h", 3, -7), ("I", 4, 1 << 31), ("i", 5, -9)]
    values += [("f", 6, 0.5), ("?", 7, True), ("Q", 10, 1 << 63), ("q", 11, -11), ("d", 12, 0.25)]
    body = b"".join(
        struct.pack("<Q", 3) + f"k{number:02}".encode() + struct.pack("<I", number) + struct.pack("<" + code, value)
        for code, number, value in values
    )
    path = tmp_path / "scalars.gguf"
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, len(values)) + body)
    header = read_gguf(path)
    assert header.metadata["k10"] == 1 << 63
    assert header.metadata["k05"] == -9
    assert header.metadata["k06"] == 0.5
    assert header.metadata["k07"] is True


def test_a_short_list_is_kept_and_a_long_one_is_counted(build):
    header = read_gguf(build("a.gguf", {"short": [0, 0, 8], "flags": [True, False], "long": list(range(5000))}))
    assert header.metadata["short"] == (0, 0, 8)
    assert header.metadata["flags"] == (True, False)
    assert header.metadata["long"] == LongArray("i32", 5000)


def test_a_key_after_a_long_vocabulary_is_still_read(build):
    words = [f"word{number}" for number in range(200_000)]
    header = read_gguf(build("a.gguf", {"tokenizer.ggml.tokens": words, "after": 7}, TENSORS))
    assert header.metadata["after"] == 7
    assert len(header.tensors) == 2


def test_an_unknown_tensor_type_is_named_and_has_no_size(build):
    header = read_gguf(build("a.gguf", LLAMA, [("blk.0.odd", (64, 2), 77), *TENSORS]))
    assert header.tensors[0].type_name == "unknown type 77"
    assert header.tensors[0].bytes is None
    assert header.unknown_types == ("unknown type 77",)
    assert header.tensor_bytes == 6800 + 256


IMPOSTORS = {
    "a Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
    "a web page": b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>",
    "JSON": b'{"error":"model not found"}',
    "a ZIP archive": b"PK\x03\x04rest",
    "a gzip archive": b"\x1f\x8b\x08\0",
    "a safetensors file": struct.pack("<Q", 1000) + b'{"weight":{}}',
    "a ggjt file": b"tjgg\x03\0\0\0",
    "an empty file": b"",
    "zero bytes": bytes(4096),
    "text": b"hello there, this is text\n",
    "data that begins with de ad be ef": b"\xde\xad\xbe\xef" * 4,
}


@pytest.mark.parametrize("what", IMPOSTORS)
def test_what_is_no_model_is_refused_and_named(tmp_path, what):
    path = tmp_path / "model.gguf"
    path.write_bytes(IMPOSTORS[what])
    with pytest.raises(ModelFileError) as caught:
        read_gguf(path)
    assert what in caught.value.why
    assert caught.value.next


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ModelFileError, match="cannot be read"):
        read_gguf(tmp_path / "none.gguf")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(ModelFileError):
        read_gguf(tmp_path)


def test_a_header_that_is_cut_off_anywhere_is_refused(build):
    whole = build("a.gguf", LLAMA, TENSORS).read_bytes()
    end = read_gguf(build("a.gguf", LLAMA, TENSORS)).header_bytes
    for length in range(4, end - 40):
        with pytest.raises(ModelFileError):
            read_header(lambda at, count, cut=whole[:length]: cut[at : at + count], source="cut")


def test_a_file_without_its_last_tensor_bytes_is_refused(build):
    path = build("a.gguf", LLAMA, TENSORS)
    size = path.stat().st_size
    with path.open("r+b") as opened:
        opened.truncate(size - 100)
    with pytest.raises(ModelFileError, match="lacks 100 bytes"):
        read_gguf(path)


def header(tensors: int = 0, keys: int = 0, body: bytes = b"") -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, keys) + body


def key(name: bytes, kind: int, body: bytes) -> bytes:
    return struct.pack("<Q", len(name)) + name + struct.pack("<I", kind) + body


HUGE = (1 << 64) - 1
NESTED = key(b"a", 9, struct.pack("<IQ", 9, 1) + struct.pack("<IQ", 9, 1) * 1000)
HOSTILE = {
    "claims 18446744073709551615 key-value pairs": header(keys=HUGE),
    "claims 18446744073709551615 tensors": header(tensors=HUGE),
    "is said to have 18446744073709551615 bytes": header(keys=1, body=struct.pack("<Q", HUGE)),
    "claims 18446744073709551615 elements": header(keys=1, body=key(b"a", 9, struct.pack("<IQ", 4, HUGE))),
    "array of arrays": header(keys=1, body=NESTED),
    "types end at 12": header(keys=1, body=key(b"a", 99, b"")),
    "array of type 50": header(keys=1, body=key(b"a", 9, struct.pack("<IQ", 50, 1))),
    "has 4294967295 dimensions": header(tensors=1, body=struct.pack("<Q", 1) + b"t" + struct.pack("<I", 0xFFFFFFFF)),
    "has 0 dimensions": header(tensors=1, body=struct.pack("<Q", 1) + b"t" + struct.pack("<I", 0)),
    "has the shape": header(tensors=1, body=struct.pack("<Q", 1) + b"t" + struct.pack("<IQQIQ", 2, HUGE, HUGE, 0, 0)),
    "rows of 33 weights": header(tensors=1, body=struct.pack("<Q", 1) + b"t" + struct.pack("<IQIQ", 1, 33, 2, 0)),
    "general.alignment": header(keys=1, body=key(b"general.alignment", 4, struct.pack("<I", 3))),
}


@pytest.mark.parametrize("why", HOSTILE)
def test_a_hostile_header_is_refused_with_what_is_wrong(why):
    data = HOSTILE[why] + bytes(64)
    with pytest.raises(ModelFileError) as caught:
        read_header(lambda at, count: data[at : at + count], source="hostile")
    assert why in caught.value.why


def test_endless_strings_end_at_the_bound():
    count = 2_000_000
    body = key(b"a", 9, struct.pack("<IQ", 8, count))
    string = struct.pack("<Q", 100) + bytes(100)

    def endless(at: int, wanted: int) -> bytes:
        if at == 0:
            return header(keys=1, body=body)
        assert at < MOST_BYTES + (2 << 20)
        return (string * (wanted // 108 + 2))[:wanted]

    with pytest.raises(ModelFileError, match="more than 128 MiB"):
        read_header(endless, source="endless")


def test_many_settings_end_at_the_bound():
    one = key(b"k", 8, struct.pack("<Q", 1 << 20) + bytes(1 << 20))
    data = header(keys=60_000, body=one * 40)
    with pytest.raises(ModelFileError, match="MiB of settings"):
        read_header(lambda at, count: data[at : at + count], source="many")


def test_ten_gigabytes_with_a_large_vocabulary_are_read_in_little_memory(build):
    vocabulary = {"general.architecture": "gemma3", "tokenizer.ggml.tokens": [f"tok{n:06}" for n in range(262_144)]}
    vocabulary["tokenizer.ggml.merges"] = [f"a{n:06} b" for n in range(262_144)]
    large = [(f"blk.{n}.ffn_up.weight", (4096, 14336), 12) for n in range(300)]
    path = build("large.gguf", vocabulary, large)
    assert path.stat().st_size > 9 << 30
    tracemalloc.start()
    read_gguf(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 << 20


def test_a_source_far_away_is_asked_only_for_the_header(build):
    path = build("a.gguf", LLAMA, [("blk.0.big", (256, 1 << 20), 12), *TENSORS])
    asked = []

    def fetch(at: int, count: int) -> bytes:
        asked.append((at, count))
        with path.open("rb") as opened:
            opened.seek(at)
            return opened.read(count)

    found = read_header(fetch, source="far", size_bytes=path.stat().st_size, piece_bytes=4096)
    assert found.tensors[0].bytes == 144 << 20
    assert asked == [(0, 4096)]
