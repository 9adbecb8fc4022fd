"""What a file is that is not the GGUF it should be, by its first bytes."""

from __future__ import annotations

import re
from typing import Final

MAGIC: Final = b"GGUF"
# The magic read as one big-endian number and stored so; Ollama accepts it.
SWAPPED_MAGIC: Final = b"FUGG"
SEEN_BYTES: Final = 512

_BEGINS: Final = (
    (
        b"version https://git-lfs",
        "a Git LFS pointer: the repository was cloned without its large files",
        "git lfs pull",
    ),
    (b"PK\x03\x04", "a ZIP archive or a PyTorch checkpoint", "convert it to GGUF first"),
    (b"\x80\x02", "a Python pickle, perhaps a PyTorch checkpoint", "convert it to GGUF first"),
    (b"\x80\x04", "a Python pickle, perhaps a PyTorch checkpoint", "convert it to GGUF first"),
    (b"\x1f\x8b", "a gzip archive", "unpack it first"),
    (b"BZh", "a bzip2 archive", "unpack it first"),
    (b"\xfd7zXZ", "an xz archive", "unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "unpack it first"),
    (b"\x89HDF", "an HDF5 file", "convert it to GGUF first"),
    (b"lmgg", "a ggml file from before GGUF (2023)", "fetch the model in GGUF"),
    (b"fmgg", "a ggmf file from before GGUF (2023)", "fetch the model in GGUF"),
    (b"tjgg", "a ggjt file from before GGUF (2023)", "fetch the model in GGUF"),
    (b"algg", "a LoRA adapter in an old format", "fetch the model in GGUF"),
    (b"\x7fELF", "a program", "check the path"),
)
_MARKUP: Final = re.compile(rb"\s*<(!doctype|html|\?xml|head|body)", re.IGNORECASE)
_SAFETENSORS: Final = re.compile(rb".{8}\{\"", re.DOTALL)


def describe_impostor(first: bytes) -> tuple[str, str]:
    """What the first bytes belong to, and what to do about it."""
    if not first:
        return "an empty file", "fetch it again"
    for begin, meaning, remedy in _BEGINS:
        if first.startswith(begin):
            return meaning, remedy
    if _MARKUP.match(first):
        return "a web page, perhaps the error page of a proxy or a login", "fetch it again and look at the answer"
    if first.lstrip()[:1] in (b"{", b"["):
        return f"JSON, perhaps an error or a manifest: {_excerpt(first)}", "fetch the blob, not its manifest"
    if _SAFETENSORS.match(first):
        return "a safetensors file", "convert it to GGUF first"
    if not any(first):
        return "zero bytes: a download that was allocated and never written", "fetch it again"
    if all(32 <= byte < 127 or byte in b"\t\r\n" for byte in first):
        return f"text: {_excerpt(first)}", "check the path"
    return f"data that begins with {first[:4].hex(' ')}", "check the path"


def _excerpt(first: bytes) -> str:
    return repr(first[:60].decode("ascii", "replace"))
