"""What notebooks, record and pages cost: a warm rebuild against a shell script that does the same cluster work.

Both act on the local cluster, in a namespace of the benchmark's own, which is removed at the end. The script applies
the same objects, waits for the rollout, pulls what is missing, lists what the notebooks list, starts the same probe
pod and sends the very requests that the notebooks send: they are recorded once, from the same functions, and replayed
with curl. Rebuild and script take turns; what chance makes a rebuild ask again, the script after it asks again too.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from runbook import inference, karakeep, kubernetes, ollama
from runbook.commands.local import state_folder
from runbook.inference.contract import PAGE
from runbook.kubernetes.probing import MOST_BYTES, Resources, survey_pod
from runbook.local import Layout
from runbook.parameters import Parameters
from runbook.record import Event, History, read_journal
from runbook.targets import PROJECT, load_target

GOAL_RATIO = 1.3
NAMESPACE = f"rebuild-overhead-{os.getpid()}"
RUNBOOK = PROJECT / ".venv" / "bin" / "runbook"

SCRIPT = """\
set -eu
kubectl apply --server-side --field-manager ollama-runbook -f "$WORK/objects.json"
kubectl rollout status deployment/ollama --timeout=180s
kubectl get nodes -o wide
kubectl get pods --all-namespaces
kubectl get storageclasses
kubectl top nodes || true
kubectl create namespace "$NAMESPACE-survey"
kubectl label namespace "$NAMESPACE-survey" pod-security.kubernetes.io/enforce=restricted
kubectl --namespace "$NAMESPACE-survey" apply -f "$WORK/survey.json"
kubectl --namespace "$NAMESPACE-survey" wait pod --all --for=jsonpath='{.status.phase}'=Succeeded --timeout=60s
kubectl --namespace "$NAMESPACE-survey" logs --selector app.kubernetes.io/component=survey
kubectl delete namespace "$NAMESPACE-survey" --wait=false
for model in $MODELS; do
    kubectl exec deployment/ollama -- ollama list | grep -q "^$model" || {
        kubectl exec deployment/ollama -- ollama pull --insecure "$REGISTRY/$model"
        kubectl exec deployment/ollama -- ollama cp "$REGISTRY/$model" "$model"
        kubectl exec deployment/ollama -- ollama rm "$REGISTRY/$model"
    }
done
kubectl exec deployment/ollama -- ollama list
kubectl port-forward service/ollama "$PORT:11434" &
forward=$!
trap 'kill $forward' EXIT
until curl -sf "http://127.0.0.1:$PORT/api/version"; do sleep 0.1; done
while read -r times method path body; do
    for _ in $(seq "$times"); do
        curl -sS -X "$method" --data "@$body" "http://127.0.0.1:$PORT$path"
    done
done <"$WORK/calls"
kubectl exec deployment/ollama -- cat /sys/fs/cgroup/memory.current 2>/dev/null ||
    kubectl exec deployment/ollama -- cat /sys/fs/cgroup/memory/memory.usage_in_bytes
kubectl create namespace "$NAMESPACE-consumer"
kubectl label namespace "$NAMESPACE-consumer" app.kubernetes.io/component=runbook-consumer
kubectl --namespace "$NAMESPACE-consumer" apply -f "$WORK/probe.json"
kubectl --namespace "$NAMESPACE-consumer" wait pod/probe --for=jsonpath='{.status.phase}'=Succeeded --timeout=60s
kubectl --namespace "$NAMESPACE-consumer" logs probe
kubectl delete namespace "$NAMESPACE-consumer" --wait=false
kubectl get deployments,replicasets,services,endpointslices,pods,persistentvolumeclaims,events
kubectl describe deployment/ollama
kubectl logs deployment/ollama --tail 10
"""


@dataclass(frozen=True)
class Bench:
    """What both sides work with."""

    parameters: Parameters
    work: Path
    environment: dict[str, str]

    def rebuild(self) -> float:
        """Seconds of a warm rebuild."""
        command = [RUNBOOK, "rebuild", "local", "-p", f"namespace={NAMESPACE}", "--outputs", self.work / "outputs"]
        return self._timed([str(part) for part in command], "rebuild.log")

    def script(self, calls: list[str]) -> float:
        """Seconds of the script, which sends these calls."""
        (self.work / "calls").write_text("".join(f"{call}\n" for call in calls))
        return self._timed(["bash", str(self.work / "script.sh")], "script.log")

    def same_calls(self, since: datetime) -> list[str]:
        """The recorded calls, as often as the rebuild since then sent them.

        Two numbers are a matter of chance: how often the consumer's request was tried, which a check of the run says,
        and how many measured runs did not count and were done again, which the server's log says.
        """
        tries = _consumer_tries(newest_run(self.work / "outputs"))
        recorded = (self.work / "calls.recorded").read_text().replace("consumer ", f"{tries} ").splitlines()
        generated = [index for index, call in enumerate(recorded) if " /api/generate " in call]
        missing = self._generated(since) - sum(int(recorded[index].split()[0]) for index in generated)
        begin, runs = generated[-2], missing // 2  # a measured run is two calls: load, then generate
        before, measured, after = recorded[:begin], recorded[begin : begin + 2], recorded[begin + 2 :]
        if runs < 0:
            return before[: 2 * runs] + measured + after
        return before + measured * (1 + runs) + after

    def _generated(self, since: datetime) -> int:
        """How many requests to generate the server answered since then, by its log."""
        command = ["kubectl", "logs", "deployment/ollama", f"--since-time={since.isoformat(timespec='seconds')}"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=self.environment)
        return len(re.findall(r'POST\s+"/api/generate"', done.stdout))

    def _timed(self, command: list[str], log: str) -> float:
        with (self.work / log).open("wb") as written:
            begun = time.perf_counter()
            done = subprocess.run(command, stdout=written, stderr=subprocess.STDOUT, env=self.environment, check=False)
            seconds = time.perf_counter() - begun
        if done.returncode:
            print((self.work / log).read_text(errors="replace")[-4000:], file=sys.stderr)
            sys.exit(f"{command[0]} ended with {done.returncode}")
        return seconds


def recorded_calls(parameters: Parameters, cluster: kubernetes.Cluster) -> Iterator[tuple[str, str, str, bytes]]:
    """Every request that the notebooks send to Ollama, in order: how often, method, path and body.

    This follows 04_pull, 05_verify and 06_measure; a call that is added there is added here. How often is 1, or
    `consumer` for the consumer's own request, which is tried until its answer will do.
    """
    sent: list[tuple[str, str, bytes]] = []
    with (
        kubernetes.port_forward(cluster, parameters.namespace, "ollama", 11434) as address,
        ollama.Ollama(address) as server,
    ):
        server._http.event_hooks["request"] = [lambda request: sent.append(_described(request))]
        server.version()
        server.tags()
        inference.verify_text(server, parameters)
        inference.verify_vision(server, parameters)
        inference.verify_loaded(server, parameters)
        options, tokens = karakeep.consumer_options(parameters), parameters.measured_tokens
        for model in reversed(parameters.models):
            inference.measure(server, model, options=options, repetitions=parameters.repetitions, tokens=tokens)
        server.version()
    consumers = json.dumps(karakeep.tagging_request(parameters, PAGE)["prompt"]).encode()
    for number, (method, path, body) in enumerate(sent):
        if consumers not in body:
            yield "1", method, path, body
        elif consumers not in sent[number - 1][2]:
            yield "consumer", method, path, body


def _described(request: httpx.Request) -> tuple[str, str, bytes]:
    return request.method, request.url.raw_path.decode(), request.read()


@contextmanager
def prepared() -> Iterator[Bench]:
    """The cluster up, the model pulled, the script and its inputs written; the namespace is removed at the end."""
    subprocess.run([str(RUNBOOK), "local", "up"], check=True, stdout=sys.stderr)
    layout = Layout(state_folder())
    parameters = load_target("local", {"namespace": NAMESPACE})
    kubectl = [str(layout.program("kubectl")), f"--kubeconfig={layout.kubeconfig}"]
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(parameters, Path(folder), _environment(layout, parameters, Path(folder)))
        try:
            print("preparing: a rebuild that applies and pulls", file=sys.stderr)
            bench.rebuild()
            _write_inputs(bench)
            yield bench
        finally:
            subprocess.run(
                [*kubectl, "delete", "namespace", NAMESPACE, f"{NAMESPACE}-consumer", "--ignore-not-found"],
                check=False,
                stdout=sys.stderr,
            )


def _environment(layout: Layout, parameters: Parameters, work: Path) -> dict[str, str]:
    """The script's variables; its kubectl acts on the benchmark's namespace."""
    programs = work / "bin"
    programs.mkdir()
    wrapper = programs / "kubectl"
    wrapper.write_text(
        f'#!/bin/sh\nexec {layout.program("kubectl")} --kubeconfig={layout.kubeconfig} --namespace={NAMESPACE} "$@"\n'
    )
    wrapper.chmod(0o755)
    return os.environ | {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "WORK": str(work),
        "NAMESPACE": NAMESPACE,
        "MODELS": " ".join(parameters.models),
        "REGISTRY": parameters.registry or "",
        "PORT": str(_free_port()),
    }


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _write_inputs(bench: Bench) -> None:
    cluster = kubernetes.connect(bench.parameters)
    objects = [manifest.body for manifest in kubernetes.load_manifests(bench.parameters)]
    (bench.work / "objects.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    (bench.work / "probe.json").write_text(json.dumps(_probe(bench.parameters)))
    (bench.work / "survey.json").write_text(json.dumps(_survey(bench.parameters, cluster)))
    (bench.work / "script.sh").write_text(SCRIPT)
    with (bench.work / "calls.recorded").open("w") as calls:
        for number, (times, method, path, body) in enumerate(recorded_calls(bench.parameters, cluster)):
            file = bench.work / f"call-{number}.json"
            file.write_bytes(body)
            calls.write(f"{times} {method} {path} {file}\n")


def _survey(parameters: Parameters, cluster: kubernetes.Cluster) -> dict[str, Any]:
    """The pod that measures the node, as 01_hardware starts it."""
    if parameters.probe_image is None:
        raise SystemExit("the target names no probe_image, so the two would not do the same")
    node = kubernetes.list_nodes(cluster)[0]["metadata"]["name"]
    return survey_pod(f"{NAMESPACE}-survey", parameters.probe_image, node, Resources(MOST_BYTES))


def _probe(parameters: Parameters) -> dict[str, Any]:
    """The pod that asks from another namespace, as `kubernetes.reachability_check` makes it."""
    address = f"http://ollama.{parameters.namespace}.svc.cluster.local:11434"
    rights = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    container = {
        "name": "probe",
        "image": parameters.image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["ollama", "list"],
        "env": [{"name": "OLLAMA_HOST", "value": address}, {"name": "HOME", "value": "/home"}],
        "securityContext": rights,
        "volumeMounts": [{"name": "home", "mountPath": "/home"}],
    }
    spec = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 0,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [{"name": "home", "emptyDir": {}}],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe"}, "spec": spec}


@dataclass(frozen=True)
class StepCost:
    """One notebook of a rebuild: its time, and how much of it its cells took."""

    name: str
    seconds: float
    in_cells_s: float


def newest_run(outputs: Path) -> History:
    """The journal of the newest run."""
    newest = max((path for path in (outputs / "local").iterdir() if path.is_dir()), key=lambda path: path.name)
    return read_journal(newest / "journal.jsonl")


def _consumer_tries(history: History) -> int:
    """How often a run tried the consumer's request."""
    evidence = [event.fields["check"]["evidence"] for event in history.events if event.name == "check"]
    return next((int(found[1]) for text in evidence if (found := re.search(r"after (\d+) tr(?:y|ies)\b", text))), 1)


def step_costs(history: History) -> list[StepCost]:
    """The steps of a run."""
    events = history.events
    return [
        StepCost(event.fields["step"], event.fields["seconds"], _in_cells(events, event.fields["step"]))
        for event in events
        if event.name == "stepFinished"
    ]


def _in_cells(events: tuple[Event, ...], step: str) -> float:
    finished = (event.fields for event in events if event.name == "cellFinished")
    return sum(float(fields["seconds"]) for fields in finished if fields["step"] == step)


def interleaved(bench: Bench, pairs: int) -> tuple[list[float], list[float]]:
    """Seconds of each rebuild and of each script, measured in turn."""
    rebuilds: list[float] = []
    scripts: list[float] = []
    for number in range(pairs):
        begun = datetime.now(UTC)
        rebuilds.append(bench.rebuild())
        calls = bench.same_calls(begun)
        scripts.append(bench.script(calls))
        pair = f"rebuild {rebuilds[-1]:.1f} s, script {scripts[-1]:.1f} s, with {len(calls)} calls"
        print(f"pair {number + 1} of {pairs}: {pair}", file=sys.stderr)
    return rebuilds, scripts


def machine() -> str:
    """CPU, cores and versions."""
    names = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}"


def _lines(file: str) -> list[str]:
    path = Path(file)
    return path.read_text().splitlines() if path.exists() else []


def main() -> None:
    """Measure, print a table for people, and one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one pair only")
    parser.add_argument("--pairs", type=int, default=5, help="pairs to measure (default 5)")
    chosen = parser.parse_args()
    with prepared() as bench:
        rebuilds, scripts = interleaved(bench, 1 if chosen.quick else chosen.pairs)
        costs = step_costs(newest_run(bench.work / "outputs"))
    report(rebuilds, scripts, costs)


def report(rebuilds: list[float], scripts: list[float], costs: list[StepCost]) -> None:
    """Print the figures."""
    ours, theirs = statistics.median(rebuilds), statistics.median(scripts)
    ratio = statistics.median(one / other for one, other in zip(rebuilds, scripts, strict=True))
    print(machine())
    print(f"{'':24}{'median':>10}{'low':>10}{'high':>10}")
    for name, seconds in (("rebuild", rebuilds), ("shell script", scripts)):
        print(f"{name:24}{statistics.median(seconds):>8.1f} s{min(seconds):>8.1f} s{max(seconds):>8.1f} s")
    print(f"ratio {ratio:.2f} (median of the pairs), at most {GOAL_RATIO} wanted\n")
    print(f"{'step of the last rebuild':24}{'time':>10}{'in cells':>10}{'around':>10}")
    for cost in costs:
        around = cost.seconds - cost.in_cells_s
        print(f"{cost.name:24}{cost.seconds:>8.2f} s{cost.in_cells_s:>8.2f} s{around:>8.2f} s")
    around_s = statistics.median(cost.seconds - cost.in_cells_s for cost in costs)
    figures = {
        "rebuild_s": round(ours, 2),
        "script_s": round(theirs, 2),
        "ratio": round(ratio, 3),
        "around_a_notebook_s": round(around_s, 3),
        "pairs": len(rebuilds),
    }
    goal = {"ratio": GOAL_RATIO}
    print(json.dumps({"benchmark": "rebuild_overhead", "figures": figures, "goal": goal, "met": ratio <= GOAL_RATIO}))


if __name__ == "__main__":
    main()
