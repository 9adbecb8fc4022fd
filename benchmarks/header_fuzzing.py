"""Hostile headers by the hundred thousand: every one is read or refused, soon and in little memory.

atheris watches which branches of the reader an input reaches and changes those that reach new ones. What is read is
also computed, so that settings that make no sense are met there too. A child runs the inputs, since libFuzzer ends the
process that it runs in; a crash, an input that takes longer than a few seconds, or too much memory ends it as failed.
The peer is the same number of inputs changed at random, without looking at branches.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from this_machine import machine

from runbook.errors import ModelFileError
from runbook.models import GgufHeader, estimate, find, read_header
from runbook.models.twin import twin_metadata
from runbook.models.writing import header_bytes

INPUTS = 100_000
LONGEST_S, MOST_MIB, LONGEST_INPUT = 5, 200, 6000


def seeds() -> Iterator[bytes]:
    """Headers that are right, of several architectures and of few words, and one that is cut off."""
    for name in ("qwen3:0.6b", "gemma3:1b", "moondream", "phi4-mini"):
        header = _found(name)
        few = GgufHeader(3, header.metadata, (*header.tensors[:12], *header.tensors[-2:]), source=name)
        settings = {key: value for key, value in twin_metadata(few, name).items() if not key.startswith("tokenizer.")}
        yield header_bytes({**settings, "tokenizer.ggml.tokens": ["a", "b"]}, few.tensors)
    for architecture in ("bert", "deepseek2", "gemma3n", "gptoss", "lfm2", "mllama", "olmo3"):
        settings = {"general.architecture": architecture, f"{architecture}.block_count": 3}
        settings |= {f"{architecture}.attention.head_count_kv": [0, 2, 2], f"{architecture}.embedding_length": 64}
        settings |= {f"{architecture}.attention.head_count": 4, f"{architecture}.context_length": 512}
        settings |= {f"{architecture}.expert_count": 8, f"{architecture}.expert_used_count": 2}
        yield header_bytes(settings, ())
    yield b"GGUF\x03\0\0\0"


def _found(name: str) -> GgufHeader:
    entry = find(name)
    if entry is None:
        raise KeyError(name)
    return entry.header


def attempt(data: bytes) -> str:
    """Read and compute a header; what became of it."""
    try:
        header = read_header(lambda at, count: data[at : at + count], source="fuzzed", size_bytes=None)
        estimate(header, context_length=2048, kv_type="q8_0", parallel=2)
    except ModelFileError:
        return "refused"
    return "read"


def child(corpus: Path, inputs: int) -> None:
    """Run the coverage-guided fuzzer in this process, which it ends."""
    import atheris

    counts = {"read": 0, "refused": 0}
    worst = 0.0

    def one(data: bytes) -> None:
        nonlocal worst
        begun = time.perf_counter()
        counts[attempt(data)] += 1
        worst = max(worst, time.perf_counter() - begun)
        if sum(counts.values()) >= inputs:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(json.dumps({**counts, "longest_s": round(worst, 3), "peak_mib": round(peak, 1)}), flush=True)

    for module in ("reading", "window", "impostors", "gguf", "shape", "kv", "engine", "estimate", "weights"):
        _instrument(atheris, module)
    options = [f"-runs={inputs}", f"-timeout={LONGEST_S}", f"-max_len={LONGEST_INPUT}", "-rss_limit_mb=0", "-seed=1"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], one)
    atheris.Fuzz()


def _instrument(atheris: object, module: str) -> None:
    import importlib
    import types

    loaded = importlib.import_module(f"runbook.models.{module}")
    for name, value in vars(loaded).items():
        if isinstance(value, types.FunctionType) and value.__module__ == loaded.__name__:
            setattr(loaded, name, atheris.instrument_func(value))  # type: ignore[attr-defined]


def guided(inputs: int) -> dict[str, float]:
    """The figures of the coverage-guided fuzzer."""
    with tempfile.TemporaryDirectory() as folder:
        for number, data in enumerate(seeds()):
            (Path(folder) / f"seed-{number}").write_bytes(data)
        command = [sys.executable, __file__, "--child", folder, "--inputs", str(inputs)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
    coverage = re.findall(r"cov: (\d+) ft: (\d+)", ran.stderr)
    figures = next((json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")), {})
    if ran.returncode or not figures:
        print(ran.stderr[-3000:], file=sys.stderr)
    begun, ended = (int(pair[1]) for pair in (coverage[0], coverage[-1])) if coverage else (0, 0)
    return {**figures, "features_at_first": begun, "features_at_last": ended, "status": ran.returncode}


def blind(inputs: int) -> dict[str, float]:
    """The figures of changes at random."""
    chance, good = random.Random(1), list(seeds())  # noqa: S311 - no secret depends on it
    counts, worst = {"read": 0, "refused": 0}, 0.0
    for _ in range(inputs):
        data = bytearray(chance.choice(good))
        for _ in range(chance.randint(1, 6)):
            place = chance.randrange(len(data))
            data[place : place + chance.choice((1, 1, 8))] = chance.choice((b"\xff" * 8, bytes(8), chance.randbytes(1)))
        begun = time.perf_counter()
        counts[attempt(bytes(data))] += 1
        worst = max(worst, time.perf_counter() - begun)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {**counts, "longest_s": round(worst, 3), "peak_mib": round(peak, 1)}


def main() -> None:
    """Run, print a table for people, and one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="five thousand inputs")
    parser.add_argument("--inputs", type=int, default=INPUTS, help="inputs of each kind (default 100000)")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        child(chosen.child, chosen.inputs)
        return
    inputs = 5000 if chosen.quick else chosen.inputs
    found = {"guided": guided(inputs), "blind": blind(inputs)}
    print(machine())
    print(f"{'':10}{'read':>9}{'refused':>9}{'longest':>10}{'peak':>12}")
    for name, one in found.items():
        columns = f"{one.get('read', 0):>9}{one.get('refused', 0):>9}"
        print(f"{name:10}{columns}{one.get('longest_s', 0):>8.3f} s{one.get('peak_mib', 0):>8.1f} MiB")
    first, last = found["guided"]["features_at_first"], found["guided"]["features_at_last"]
    print(f"branches met by the guided one: {first:.0f} with the first inputs, {last:.0f} at the end")
    met = found["guided"]["status"] == 0 and all(
        one.get("read", 0) + one.get("refused", 0) >= inputs
        and one["longest_s"] < LONGEST_S
        and one["peak_mib"] < MOST_MIB
        for one in found.values()
    )
    goal = {"inputs": INPUTS, "crashes": 0, "longest_s": LONGEST_S, "peak_mib": MOST_MIB}
    figures = {f"{kind}_{name}": value for kind, one in found.items() for name, value in one.items()}
    print(
        json.dumps({"benchmark": "header_fuzzing", "figures": {"inputs": inputs, **figures}, "goal": goal, "met": met})
    )


if __name__ == "__main__":
    main()
