"""Causes in the container: it does not start, it dies, it is killed, or it is never ready."""

from __future__ import annotations

from dataclasses import dataclass

from runbook.kubernetes.api import Json
from runbook.kubernetes.known import Diagnosis, Known, recognise
from runbook.kubernetes.workload import Event, Workload, container_statuses, parse_time

CONFIG_WAITING = frozenset(
    {"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "PostStartHookError"}
)
# One death may be bad luck; a server that dies again within this time will go on dying.
DYING_PATIENCE_S = 20.0
LOG_LINES = 5

START: tuple[Known, ...] = (
    Known(
        "D40",
        "Configuration",
        r"image will run as root|non-numeric user|breaks non-root policy",
        "The pod may not run as root, and the image {image} would.",
        "Set `runAsUser: 1000` and a HOME it may write, as manifests/ai/ollama-deployment.yaml has them.",
    ),
    Known(
        "D41",
        "Configuration",
        r"couldn't find key (?P<key>\S+) in (?P<kind>\w+) (?P<ref>\S+)",
        "The {kind} {ref} has no key {key}, which an environment variable is taken from.",
        "Correct the key; `kubectl describe` of the {kind} lists the keys there are.",
    ),
    Known(
        "D41",
        "Configuration",
        r'(?P<kind>configmap|secret) "(?P<name>[^"]+)" not found',
        "The {kind} {name}, which an environment variable is taken from, does not exist.",
        "Create it in the namespace {namespace}; the pod goes on by itself.",
    ),
    Known(
        "D42",
        "Configuration",
        r'exec: "(?P<command>[^"]+)": .*(?:executable file not found|no such file or directory|permission denied)',
        "The container's command {command} is not in the image {image}.",
        "Correct `command` in the manifest; without one the image starts its own server.",
    ),
    Known(
        "D42",
        "Configuration",
        r"executable file not found|no such file or directory|permission denied",
        "The container's command cannot be run in the image {image}.",
        "Correct `command` in the manifest; without one the image starts its own server.",
    ),
)

LOG: tuple[Known, ...] = (
    Known(
        "D45",
        "Crash",
        r"exec format error",
        "The image {image} is built for another CPU than the node's.",
        "Choose an image that is built for it.",
    ),
    Known(
        "D46",
        "Crash",
        r"(?P<why>permission denied|[Rr]ead-only file system|could not create directory)",
        "The server cannot write where it has to: {why}.",
        "HOME and OLLAMA_MODELS have to lie on a mount that the pod's user may write (fsGroup); "
        "manifests/ai/ollama-deployment.yaml has both. No chmod 777.",
        DYING_PATIENCE_S,
    ),
    Known(
        "D49",
        "Crash",
        r"bind: address already in use|listen tcp[^\n]*: (?P<why>[^\n]+)",
        "The server cannot listen on its address.",
        "Correct OLLAMA_HOST in the target: 0.0.0.0 is every address of the pod.",
        DYING_PATIENCE_S,
    ),
)


@dataclass(frozen=True)
class Death:
    """The last time a container ended.

    Attributes:
        container: Its name.
        image: Its image.
        restarts: How often it has been started again.
        terminated: The state the kubelet recorded.
        runs_again: Whether it has been started again since.
    """

    container: str
    image: str
    restarts: int
    terminated: Json
    runs_again: bool

    @property
    def words(self) -> str:
        """How it ended."""
        reason, code = self.terminated.get("reason", ""), self.terminated.get("exitCode")
        return f"container {self.container} ended with exit code {code}, {reason}, {self.restarts} restarts"


def does_not_start(workload: Workload) -> Diagnosis | None:
    """D40 to D43: the container is not even begun."""
    for status in container_statuses(workload.pod):
        waiting = (status.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") in CONFIG_WAITING:
            text = f"{waiting['reason']}: {waiting.get('message', '')}"
            return _start(workload, status, text)
        ended = (status.get("lastState") or {}).get("terminated") or {}
        if ended.get("reason") in ("StartError", "ContainerCannotRun"):
            return _start(workload, status, f"{ended['reason']}: {ended.get('message', '')}")
    return None


def exceeds_its_memory(workload: Workload) -> Diagnosis | None:
    """D44: the container went over its memory limit and was killed."""
    for death in _deaths(workload):
        if death.terminated.get("reason") == "OOMKilled":
            limit = _limit(workload, death.container)
            return Diagnosis(
                "D44",
                "Memory",
                f"The container {death.container} needed more memory than its limit of {limit} and was killed.",
                _with_log(workload, death, f"{death.words}, OOMKilled"),
                "Raise `memory_limit` in the target, or choose a smaller model or context: 02_model_selection "
                "shows what each needs.",
                DYING_PATIENCE_S,
            )
    return None


def is_killed_by_a_probe(workload: Workload) -> Diagnosis | None:
    """D48: the kubelet restarts the container because a probe failed too often."""
    kills = [event for event in workload.events(workload.pod, "Killing") if "probe" in event.message]
    restarted = any(status.get("restartCount") for status in container_statuses(workload.pod))
    if not kills or not restarted or not _unready(workload):
        return None
    failures = workload.events(workload.pod, "Unhealthy")
    return Diagnosis(
        "D48",
        "Probes",
        f"A probe fails until the container is killed and started again: {_words(kills[0])}.",
        "; ".join(map(str, (kills[0], *failures[:1]))),
        "Compare the probe's path and port with what the log says it listens on; its time budget is "
        "failureThreshold times periodSeconds.",
    )


def keeps_dying(workload: Workload) -> Diagnosis | None:
    """D45 to D47: the container ends by itself, again and again; the log of the last try says why."""
    if not _unready(workload):
        return None
    for death in _deaths(workload):
        lines = _last_lines(workload, death)
        evidence = f"{death.words}; its last lines: {' | '.join(lines) or 'none'}"
        found = recognise(LOG, "\n".join(lines), evidence=evidence, image=death.image)
        return found or _ended(death, evidence)
    return None


def is_never_ready(workload: Workload) -> Diagnosis | None:
    """D49: the container runs, and its probes do not let it count as ready."""
    for status in container_statuses(workload.pod):
        running = (status.get("state") or {}).get("running") or {}
        if status.get("ready") or not running:
            continue
        since = parse_time(running["startedAt"]) if running.get("startedAt") else None
        failures = workload.events(workload.pod, "Unhealthy", since=since)
        if failures:
            return _unhealthy(status["name"], failures[0])
    return None


def _start(workload: Workload, status: Json, text: str) -> Diagnosis:
    facts = {"image": status.get("image", "?"), "namespace": workload.namespace}
    found = recognise(START, text, **facts)
    if found is None and text.startswith("PostStartHookError"):
        return Diagnosis(
            "D43",
            "Configuration",
            "The container's postStart hook failed, which kills the container.",
            "waiting: PostStartHookError",
            "Take the hook out: models are pulled by 04_pull, not by a hook.",
        )
    return found or Diagnosis(
        "D42", "Configuration", "The container cannot be started.", text, "Mend what the message names.", 30.0
    )


def _unhealthy(container: str, failure: Event) -> Diagnosis:
    wrong = "statuscode" in failure.message
    return Diagnosis(
        "D49",
        "Probes",
        f"The container {container} runs, but is not ready: {_words(failure)}.",
        str(failure),
        "Refused means a wrong port, or OLLAMA_HOST on loopback; a status code a wrong path; a deadline a busy or "
        "throttled CPU. The log says where it listens.",
        # A path that answers with an error status goes on doing so; a server that does not listen yet may.
        patience_s=30.0 if wrong else None,
    )


def _ended(death: Death, evidence: str) -> Diagnosis:
    if death.terminated.get("exitCode") == 0:
        return Diagnosis(
            "D47",
            "Crash",
            f"The container {death.container} does its work and ends, where a server is expected to stay.",
            evidence,
            "Correct `command` in the manifest: without one the image starts its server.",
            DYING_PATIENCE_S,
        )
    killed = death.terminated.get("exitCode") == 137
    return Diagnosis(
        "D44" if killed else "D46",
        "Memory" if killed else "Crash",
        f"The container {death.container} "
        + ("was killed, most likely for its memory." if killed else "starts and crashes, again and again."),
        evidence,
        "Raise `memory_limit` in the target." if killed else "Mend what its log names, then apply again.",
        DYING_PATIENCE_S,
    )


def _deaths(workload: Workload) -> list[Death]:
    """The last end of each container that has ended."""
    deaths = []
    for status in container_statuses(workload.pod):
        now = status.get("state") or {}
        ended = now.get("terminated") or (status.get("lastState") or {}).get("terminated")
        if ended and not (ended.get("exitCode") == 0 and _is_init(workload, status["name"])):
            image, restarts = status.get("image", "?"), status.get("restartCount", 0)
            deaths.append(Death(status["name"], image, restarts, ended, "running" in now))
    return deaths


def _with_log(workload: Workload, death: Death, words: str) -> str:
    lines = _last_lines(workload, death)
    return words + (f"; its last lines: {' | '.join(lines)}" if lines else "")


def _last_lines(workload: Workload, death: Death) -> list[str]:
    """What the container wrote before it ended; while it pauses, that is the present log and not the previous.

    It may have been started again since the state was read, so the other log is asked for where one is empty.
    """
    logs = (
        workload.log(death.container, previous=previous, lines=LOG_LINES)
        for previous in (death.runs_again, not death.runs_again)
    )
    return next((lines for lines in logs if lines), [])


def _is_init(workload: Workload, container: str) -> bool:
    spec = (workload.pod or {}).get("spec") or {}
    return any(one["name"] == container for one in spec.get("initContainers") or ())


def _unready(workload: Workload) -> bool:
    return any(not status.get("ready") for status in container_statuses(workload.pod))


def _limit(workload: Workload, container: str) -> str:
    spec = (workload.pod or {}).get("spec") or {}
    containers = [*(spec.get("initContainers") or ()), *spec["containers"]]
    own: Json = next((one for one in containers if one["name"] == container), {})
    limit: str = ((own.get("resources") or {}).get("limits") or {}).get("memory", "that of the node")
    return limit


def _words(event: Event) -> str:
    """An event's text as part of a sentence."""
    return event.message.strip().rstrip(".").split("\n")[0]
