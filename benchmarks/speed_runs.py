"""Measuring speeds in portions: every repetition is one line of a file, and a run goes on where the last one stopped.

Models take turns, round by round, so that a slow hour falls on all of them. A repetition is an answer to a prompt that
is new from its first character; where others had the CPU it is tried again a few times, with the prompt in the cache.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from ollama_child import Child, ollama_child
from speed_models import Subject

from runbook.models import shape_of
from runbook.models.traffic import weights_per_token
from runbook.models.twin import write_twin
from runbook.ollama import Ollama, decode_rate, prompt_rate

CONTEXT = 4096
DEPTHS = (0, 512, 2048)
# Multiplications a prompt may cost: above it a depth is left out, for the time it would take.
MOST_WEIGHTS_READ = 1.4e12
TOKENS = 48
TRIES = 4
ENOUGH = 3
# So hot that random weights do not repeat one token until the server stops; few candidates, as sorting all costs time.
SAMPLING = {"temperature": 1e3, "top_k": 40}
WORDS = "a small cluster stands on a shelf and does the work of a household "
SETTINGS = {"OLLAMA_NUM_PARALLEL": "1", "OLLAMA_MAX_LOADED_MODELS": "1", "OLLAMA_KEEP_ALIVE": "-1"}


@dataclass(frozen=True)
class Repetition:
    """One answer.

    Attributes:
        subject: The model.
        threads: Threads of the runner; 0 where Ollama chose.
        round: Which round it belongs to.
        depth: Depth that was wanted: tokens of the prompt.
        prompt_tokens: Tokens of the prompt.
        output_tokens: Tokens of the answer.
        tokens_per_second: Speed of the answer, by the server's time.
        prompt_tokens_per_second: Speed of the prompt; None where it came from the cache or is too short to tell.
        others_share: Share of all CPUs that other programs had meanwhile.
        steal_share: Share that the hypervisor took.
        is_disturbed: Whether one of them was too large.
    """

    subject: str
    threads: int
    round: int
    depth: int
    prompt_tokens: int
    output_tokens: int
    tokens_per_second: float
    prompt_tokens_per_second: float | None
    others_share: float
    steal_share: float
    is_disturbed: bool


@dataclass(frozen=True)
class Figure:
    """A speed out of several repetitions.

    Attributes:
        median: The middle one of those that count, in tokens per second.
        noise: Their median distance from it, as a share.
        count: How many count.
        are_disturbed: Whether too few were undisturbed, so that the least disturbed ones stand in.
    """

    median: float
    noise: float
    count: int
    are_disturbed: bool


def depths_of(subject: Subject) -> tuple[int, ...]:
    """The depths that a model is measured at."""
    weights = weights_per_token(subject.header, shape_of(subject.header))
    return tuple(depth for depth in DEPTHS if depth * weights <= MOST_WEIGHTS_READ)


class Runs:
    """The repetitions so far, and those to come.

    Args:
        program: The Ollama binary.
        work: Folder of the twins' store and of the repetitions.
        subjects: The models.
        threads: Threads of the runner; 0 leaves them to Ollama.
        say: Called with a line after each repetition.
    """

    def __init__(
        self, program: Path, work: Path, subjects: Sequence[Subject], threads: int, say: Callable[[str], None]
    ) -> None:
        self.program, self.work, self.subjects, self.threads, self.say = program, work, subjects, threads, say
        cpus = os.cpu_count() or 1
        self.spare = (cpus - threads) / cpus if 0 < threads < cpus else 0.0
        self.file = work / "repetitions.jsonl"
        self.found = list(self._read())

    def go_on(self, rounds: int, until: float) -> bool:
        """Measure what is missing of so many rounds; False if the time was over before.

        Args:
            rounds: Rounds in all.
            until: When to stop, on the monotonic clock: a visit that has begun is finished.
        """
        missing = [visit for visit in self._visits(rounds) if not self._has(*visit)]
        if not missing:
            return True
        with ollama_child(self.program, self.work, SETTINGS) as child:
            for subject in self.subjects:
                self._install(child.server, subject)
            for number, subject in missing:
                if time.monotonic() > until:
                    return False
                self._visit(child, number, subject)
        return True

    def figure(self, subject: Subject, depth: int, *, prompt: bool = False) -> Figure | None:
        """The speed of a model at a depth; None where it was not measured."""
        mine = [
            one for one in self.found if (one.subject, one.depth, one.threads) == (*_key(subject, depth), self.threads)
        ]
        values = [(one, one.prompt_tokens_per_second if prompt else one.tokens_per_second) for one in mine]
        known = [(one, value) for one, value in values if value is not None]
        if not known:
            return None
        quiet = [value for one, value in known if not one.is_disturbed]
        if len(quiet) < ENOUGH:
            by_others = sorted(known, key=lambda pair: pair[0].others_share + pair[0].steal_share)
            counted = [value for _, value in by_others[:ENOUGH]]
        else:
            counted = quiet
        middle = median(counted)
        noise = median(abs(value / middle - 1) for value in counted)
        return Figure(middle, noise, len(counted), len(quiet) < ENOUGH)

    def prompt_tokens(self, subject: Subject, depth: int) -> int:
        """Tokens of its prompts at a depth."""
        mine = [one.prompt_tokens for one in self.found if (one.subject, one.depth) == _key(subject, depth)]
        return round(median(mine)) if mine else depth

    def _visits(self, rounds: int) -> Iterator[tuple[int, Subject]]:
        for number in range(rounds):
            # Every other round the other way round: a model's neighbours change.
            order = self.subjects if number % 2 == 0 else tuple(reversed(self.subjects))
            yield from ((number, subject) for subject in order)

    def _has(self, number: int, subject: Subject) -> bool:
        last = depths_of(subject)[-1]
        wanted = (*_key(subject, last), self.threads, number)
        return any((one.subject, one.depth, one.threads, one.round) == wanted for one in self.found)

    def _visit(self, child: Child, number: int, subject: Subject) -> None:
        options = {**SAMPLING, "num_ctx": CONTEXT} | ({"num_thread": self.threads} if self.threads else {})
        child.server.load(subject.name, options)
        answer = child.server.generate(
            {"model": subject.name, "prompt": WORDS, "raw": True, "options": {**options, "num_predict": 8}}
        )
        per_character = max(0.1, (answer.prompt_tokens or 1) / len(WORDS))
        for depth in depths_of(subject):
            prompt = _fresh(round(max(16, depth) / per_character))
            for _ in range(TRIES):
                one = self._repeat(child, number, subject, depth, prompt, options)
                if not one.is_disturbed:
                    break

    def _repeat(
        self, child: Child, number: int, subject: Subject, depth: int, prompt: str, options: dict[str, Any]
    ) -> Repetition:
        before = child.use()
        answer = child.server.generate(
            {"model": subject.name, "prompt": prompt, "raw": True, "options": {**options, "num_predict": TOKENS}}
        )
        after = child.use()
        one = Repetition(
            subject.name,
            self.threads,
            number,
            depth,
            answer.prompt_tokens or 0,
            answer.output_tokens or 0,
            decode_rate(answer).tokens_per_second or 0.0,
            prompt_rate(answer).tokens_per_second if depth else None,
            round(after.others_since(before), 4),
            round(after.steal_since(before), 4),
            after.is_disturbed_since(before, self.spare),
        )
        self._keep(one)
        return one

    def _keep(self, one: Repetition) -> None:
        self.found.append(one)
        with self.file.open("a") as file:
            file.write(json.dumps(asdict(one)) + "\n")
        read = f", prompt {one.prompt_tokens_per_second:.0f}" if one.prompt_tokens_per_second else ""
        others = f"others {one.others_share:.0%}" + (", disturbed" if one.is_disturbed else "")
        self.say(
            f"round {one.round + 1}: {one.subject} at {one.depth}: {one.tokens_per_second:.1f} tok/s{read}; {others}"
        )

    def _read(self) -> Iterator[Repetition]:
        if self.file.exists():
            for line in self.file.read_text().splitlines():
                yield Repetition(**json.loads(line))

    def _install(self, server: Ollama, subject: Subject) -> None:
        """Write a twin and put it into the store, unless it is there."""
        if any(one.name.removesuffix(":latest") == subject.name for one in server.tags()):
            return
        self.say(f"{subject.name}: writing it")
        path = subject.file or self.work / f"{subject.name}.gguf"
        if subject.file is None:
            write_twin(subject.header, path)
        server.create(subject.name, files={path.name: server.upload(path)})
        if subject.file is None:
            path.unlink()


def _key(subject: Subject, depth: int) -> tuple[str, int]:
    return subject.name, depth


def _fresh(characters: int) -> str:
    """A prompt that shares no beginning with any other."""
    return (f"{secrets.token_hex(8)} " + WORDS * (1 + characters // len(WORDS)))[: max(16, characters)]
