"""How much memory a model takes: what we predict, what the real Ollama allocates, and what gguf-parser-go says.

The pinned Ollama runs as a child on a port and in a store of its own, in debug mode, where it logs each allocation:
to the byte in its own engine, to 0.01 MiB in llama.cpp. Twins are made in a folder that goes at the end. Resident
memory is what no file backs in all its processes, after a prompt of more than one batch. The public rows come last.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from gguf_parser import VERSION, PeerEstimate, PeerSetting, ask_peer, build_peer
from memory_models import Subject, subjects
from memory_rows import print_public_rows
from memory_server import FEW_WORDS, LETTERS, MIB, WORDS, Allocated, load
from ollama_child import Child, ollama_child, work_folder
from real_model import real_file
from this_machine import machine

from runbook.local import build
from runbook.models import Estimate, GgufHeader, estimate
from runbook.models.twin import write_twin
from runbook.ollama import Ollama

CONTEXTS = (2048, 4096, 16384)
# Ollama's settings: type of the cache, slots, flash attention. llama.cpp takes a quantised cache only if it is told on.
SERVERS: tuple[tuple[str, int, bool | None], ...] = (
    ("f16", 1, None),
    ("q8_0", 1, True),
    ("f16", 2, None),
    ("q8_0", 2, True),
    ("f16", 1, False),
)
# Where resident memory is measured too.
RESIDENT = frozenset(((4096, "f16", 1, None), (16384, "q8_0", 2, True)))
PART_GOAL, TOTAL_GOAL, RESIDENT_GOAL = (0.01, 8 * MIB), (0.01, 16 * MIB), (0.03, 48 * MIB)


@dataclass(frozen=True)
class Case:
    """One model at one setting: what was predicted and what happened, in bytes."""

    model: str
    architecture: str
    engine: str
    context: int
    kv_type: str
    parallel: int
    flash_attention: bool | None
    ours: dict[str, int]
    real: dict[str, int]
    peer: dict[str, int] | None
    lower_bound: bool

    def error(self, part: str) -> int:
        """How far off we are."""
        return self.ours[part] - self.real[part]

    def peer_error(self, part: str) -> int | None:
        """How far off the peer is."""
        return None if self.peer is None or part not in self.peer else self.peer[part] - self.real[part]

    def met(self, part: str) -> bool:
        """Whether we are within the goal."""
        return abs(self.error(part)) <= allowed(part, self.real[part])


def allowed(part: str, real: int) -> float:
    """What a prediction may be off by, in bytes."""
    share, least = {"total": TOTAL_GOAL, "resident": RESIDENT_GOAL, "structured": RESIDENT_GOAL}.get(part, PART_GOAL)
    return max(share * real, least)


PARTS = ("weights", "kv", "graph", "total")
# The projector where there is one, and what all processes hold: after a prompt, and after one for a schema as well.
FURTHER = ("projector", "resident", "structured")


def ours(found: Estimate) -> dict[str, int]:
    """Our figures."""
    parts = {"weights": found.weights_bytes, "kv": found.kv_bytes, "graph": found.graph_bytes}
    whole = {"total": found.total_bytes, "resident": found.resident_bytes, "reported": found.reported_bytes}
    whole["structured"] = found.resident_bytes
    whole["resident"] -= found.structured_bytes
    return {**parts, "projector": found.projector_bytes, **whole}


def theirs(found: Allocated) -> dict[str, int]:
    """The server's figures."""
    parts = {"weights": found.weights_bytes, "kv": found.kv_bytes, "graph": found.graph_bytes}
    parts |= {"projector": found.projector_bytes, "total": found.total_bytes, "reported": found.reported_bytes}
    parts |= {} if found.resident_bytes is None else {"resident": found.resident_bytes}
    return parts | ({} if found.structured_bytes is None else {"structured": found.structured_bytes})


def peers(found: PeerEstimate) -> dict[str, int]:
    """The peer's figures."""
    parts = {"weights": found.weights_bytes, "kv": found.kv_bytes, "graph": found.graph_bytes}
    return {
        **parts,
        "projector": found.projector_bytes,
        "total": found.total_bytes,
        "resident": found.total_bytes + found.footprint_bytes,
    }


@dataclass(frozen=True)
class Prepared:
    """A model in the store of the benchmark."""

    subject: Subject
    name: str
    files: tuple[Path, ...]


class Bench:
    """The programs and the folder that everything happens in."""

    def __init__(self, work: Path, real: Path | None) -> None:
        self.work = work
        self.log = work / "ollama.log"
        self.ollama = build(lambda text: print(text, file=sys.stderr)).programs["ollama"]
        self.peer = build_peer()
        self.subjects = subjects(real)

    def prepare(self, wanted: Sequence[Subject]) -> list[Prepared]:
        """Every model written and in the store."""
        with ollama_child(self.ollama, self.work, {"OLLAMA_DEBUG": "1"}) as child:
            return [self._prepare(child.server, one) for one in wanted]

    def _prepare(self, server: Ollama, subject: Subject) -> Prepared:
        """A model in the store; its twin's files are only kept there, and are not made again if it has them."""
        name = "".join(letter if letter.isalnum() or letter in ".-" else "-" for letter in subject.name.lower())
        name = name if subject.file else f"twin-{name}"
        if not any(one.name == f"{name}:latest" for one in server.tags()):
            files = {"model.gguf": subject.file or self._twin(name, subject.header)}
            if subject.header.projector is not None:
                files["projector.gguf"] = self._twin(f"{name}-projector", subject.header.projector)
            print(f"{name}: {sum(path.stat().st_size for path in files.values()) / 1e6:.0f} MB", file=sys.stderr)
            server.create(name, files={file: server.upload(path) for file, path in files.items()})
            for path in files.values():
                if path != subject.file:
                    path.unlink()
        return Prepared(subject, name, tuple(self._blobs(name)))

    def _twin(self, name: str, header: GgufHeader) -> Path:
        return write_twin(header, self.work / f"{name}.gguf").path

    def _blobs(self, name: str) -> Iterator[Path]:
        """The model's file in the store, and its projector's."""
        manifest = self.work / "store/manifests/registry.ollama.ai/library" / name / "latest"
        layers = {
            one["mediaType"].rpartition(".")[2]: one["digest"] for one in json.loads(manifest.read_text())["layers"]
        }
        for kind in ("model", "projector"):
            if kind in layers:
                yield self.work / "store/blobs" / layers[kind].replace(":", "-")

    def cases(self, prepared: Sequence[Prepared], servers: Iterable[Any], contexts: Sequence[int]) -> Iterator[Case]:
        """Every model on every server at every context."""
        for kv_type, parallel, flash in servers:
            settings = {
                "OLLAMA_DEBUG": "1",
                "OLLAMA_KV_CACHE_TYPE": kv_type,
                "OLLAMA_NUM_PARALLEL": str(parallel),
                "OLLAMA_MAX_LOADED_MODELS": "1",
                "OLLAMA_KEEP_ALIVE": "-1",
            } | ({} if flash is None else {"OLLAMA_FLASH_ATTENTION": str(int(flash))})
            for one in prepared:
                with ollama_child(self.ollama, self.work, settings) as child:
                    yield from self._of_model(child, one, kv_type, parallel, flash, contexts)

    def _of_model(
        self, child: Child, one: Prepared, kv_type: str, parallel: int, flash: bool | None, contexts: Sequence[int]
    ) -> Iterator[Case]:
        header = one.subject.header
        # First in a fresh server: each further load leaves something of the vocabulary on the server's heap.
        contexts = sorted(contexts, key=lambda context: (context, kv_type, parallel, flash) not in RESIDENT)
        found = [
            estimate(
                header,
                context_length=context,
                kv_type=kv_type,
                flash_attention=flash,
                parallel=parallel,
                structured=True,
            )
            for context in contexts
        ]
        asked = [PeerSetting(two.context_length, two.parallel, two.kv_type, two.flash_attention) for two in found]
        answer = ask_peer(self.peer, one.files, asked)
        if isinstance(answer, str):
            print(f"gguf-parser: {one.name}: {answer}", file=sys.stderr)
        for place, (context, two) in enumerate(zip(contexts, found, strict=True)):
            embeds = header.own("pooling_type") is not None
            # Without flash attention a short prompt uses only some of the scores, a full context all of them.
            asked_for = (context, kv_type, parallel, flash) in RESIDENT and (embeds or two.flash_attention)
            text = WORDS if embeds else FEW_WORDS if one.subject.file else LETTERS
            real = load(child, self.log, one.name, header, context, prompt=text if asked_for else "")
            if isinstance(real, str):
                print(f"{one.name} at {context} with {kv_type} and {parallel} slots: {real}", file=sys.stderr)
                return
            if (real.engine, real.context_length) != (two.engine, two.context_length):
                print(f"{one.name}: {real.engine} at {real.context_length}, not as predicted", file=sys.stderr)
            theirs_said = None if isinstance(answer, str) else peers(answer[place])
            case = Case(
                one.subject.name, header.architecture, real.engine, context, kv_type, parallel, flash, ours(two),
                theirs(real), theirs_said, two.lower_bound,
            )  # fmt: skip
            if misses := [part for part in (*PARTS, *FURTHER) if part in case.real and not case.met(part)]:
                off = ", ".join(
                    f"{part} {case.error(part) / MIB:+.1f} of {case.real[part] / MIB:.1f} MiB" for part in misses
                )
                print(
                    f"missed: {one.name} at {context} with {kv_type}, {parallel} slots, flash {flash}: {off}",
                    file=sys.stderr,
                )
            yield case


def again(case: Case, header: GgufHeader) -> Case:
    """A saved case, predicted as we predict now."""
    found = estimate(
        header,
        context_length=case.context,
        kv_type=case.kv_type,
        flash_attention=case.flash_attention,
        parallel=case.parallel,
        structured=True,
    )
    return replace(case, ours=ours(found), lower_bound=found.lower_bound)


def worst(values: Iterable[int | None]) -> str:
    """The largest error in MiB, with its sign; a dash where there is none."""
    known = [value for value in values if value is not None]
    return f"{max(known, key=abs) / MIB:+.1f}" if known else "-"


def print_models(cases: Sequence[Case]) -> None:
    """A line for each model: the largest error of each part, ours and the peer's, in MiB."""
    columns = (*PARTS, *FURTHER)
    print(f"largest error in MiB: ours, then gguf-parser-go {VERSION}'s")
    print(f"{'model':26}{'architecture':13}{'engine':10}{'runs':>5}" + "".join(f"{name:>21}" for name in columns))
    for name in dict.fromkeys(case.model for case in cases):
        mine = [case for case in cases if case.model == name]
        cells = [
            f"{worst(case.error(part) for case in mine if part in case.real):>10}"
            f"{worst(case.peer_error(part) for case in mine if part in case.real):>11}"
            for part in columns
        ]
        print(f"{name:26}{mine[0].architecture:13}{mine[0].engine:10}{len(mine):>5}{''.join(cells)}")


def summary(cases: Sequence[Case]) -> dict[str, Any]:
    """The figures over all cases."""
    figures: dict[str, Any] = {
        "models": len({case.model for case in cases}),
        "architectures": len({case.architecture for case in cases}),
        "settings": len(cases),
    }
    for part in (*PARTS, *FURTHER):
        mine = [case for case in cases if part in case.real]
        figures[f"{part}_within"] = f"{sum(case.met(part) for case in mine)}/{len(mine)}"
        figures[f"{part}_median_error_percent"] = _percent(
            abs(case.error(part)) / max(1, case.real[part]) for case in mine
        )
        figures[f"{part}_peer_median_error_percent"] = _percent(
            abs(error) / max(1, case.real[part]) for case in mine if (error := case.peer_error(part)) is not None
        )
    figures["reported_within_1_MiB"] = sum(abs(case.error("reported")) < MIB for case in cases)
    return figures


def _percent(shares: Iterable[float]) -> float | None:
    known = list(shares)
    return round(100 * statistics.median(known), 3) if known else None


def main() -> None:
    """Run, print a table for people, and one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three models on one server")
    parser.add_argument("--only", default="", help="models FROM:TO by their number, or names with commas")
    parser.add_argument("--servers", default="", help="numbers of the servers to use, with commas; all without it")
    parser.add_argument("--folder", type=Path, help="keep the twins and the store here, for the next run")
    parser.add_argument("--prepare", action="store_true", help="only make the twins, in --folder")
    parser.add_argument("--save", type=Path, help="append each case to this file")
    parser.add_argument("--merge", type=Path, help="run nothing: judge the cases of this file, predicted anew")
    chosen = parser.parse_args()
    if chosen.merge:
        headers = {one.name: one.header for one in subjects(Path())}
        saved = [Case(**json.loads(line)) for line in chosen.merge.read_text().splitlines()]
        report([again(case, headers[case.model]) for case in saved if case.model in headers])
        return
    with work_folder(chosen.folder) as work:
        bench = Bench(work, real_file(work))
        if chosen.prepare:
            bench.prepare(_chosen(bench.subjects, chosen.only))
            return
        wanted = bench.subjects[:3] if chosen.quick else _chosen(bench.subjects, chosen.only)
        cases = []
        servers = [SERVERS[int(one)] for one in chosen.servers.split(",") if one] or SERVERS
        for case in bench.cases(bench.prepare(wanted), SERVERS[:1] if chosen.quick else servers, CONTEXTS):
            cases.append(case)
            if chosen.save:
                with chosen.save.open("a") as kept:
                    kept.write(json.dumps(asdict(case)) + "\n")
    report(cases)


def _chosen(all_of_them: Sequence[Subject], only: str) -> Sequence[Subject]:
    begin, colon, end = only.partition(":")
    if colon and (begin + end).isdecimal():
        return all_of_them[int(begin or 0) : int(end) if end else None]
    names = {name for name in only.split(",") if name}
    return [one for one in all_of_them if not names or one.name in names]


def report(cases: Sequence[Case]) -> None:
    """Print the figures."""
    print(machine())
    print_models(cases)
    figures = summary(cases)
    for part in (*PARTS, *FURTHER):
        median, peer = figures[f"{part}_median_error_percent"], figures[f"{part}_peer_median_error_percent"]
        print(f"{part}: {figures[f'{part}_within']} within the goal; median error {median} %, gguf-parser-go {peer} %")
    figures |= print_public_rows()
    goal = {"models": 12, "architectures": 10, "all_within": True, "public_rows_unexplained": 0}
    all_within = all(case.met(part) for case in cases for part in (*PARTS, *FURTHER) if part in case.real)
    met = (
        all_within
        and figures["models"] >= 12
        and figures["architectures"] >= 10
        and not figures["public_rows_unexplained"]
    )
    print(json.dumps({"benchmark": "memory_prediction", "figures": figures, "goal": goal, "met": met}))


if __name__ == "__main__":
    main()
