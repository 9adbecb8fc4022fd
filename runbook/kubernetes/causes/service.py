"""D55: the pod is ready, and its Service leads nowhere."""

from __future__ import annotations

from runbook.kubernetes.api import Json
from runbook.kubernetes.known import Diagnosis
from runbook.kubernetes.workload import Source

SLICE_LABEL = "kubernetes.io/service-name"


def diagnose_service(source: Source, namespace: str, service: str) -> Diagnosis | None:
    """Why nobody reaches a ready pod through a Service; None where the Service leads to one."""
    found = source.get("Service", service, namespace)
    if found is None:
        return _leads_nowhere(
            f"The Service {service} does not exist.",
            f"404 for Service {service} in the namespace {namespace}",
            "Apply the manifests with 03_apply.",
        )
    slices = [
        one
        for one in source.list("EndpointSlice", namespace)
        if (one["metadata"].get("labels") or {}).get(SLICE_LABEL) == service
    ]
    endpoints = [endpoint for one in slices for endpoint in one.get("endpoints") or ()]
    if not endpoints:
        return _no_endpoint(source, namespace, found)
    if not any((one.get("conditions") or {}).get("ready") is not False for one in endpoints):
        return _leads_nowhere(
            f"No pod behind the Service {service} is ready.",
            f"{len(endpoints)} endpoints, none of them ready",
            "See why with the diagnosis of 91_troubleshoot: probes, crash or image.",
        )
    if not any(one.get("ports") for one in slices):
        return _no_port(found)
    return None


def _no_endpoint(source: Source, namespace: str, service: Json) -> Diagnosis:
    selector = service["spec"].get("selector") or {}
    labels = [
        _words({key: value for key, value in (pod["metadata"].get("labels") or {}).items() if key in selector})
        for pod in source.list("Pod", namespace)
    ]
    there = "; ".join(sorted(set(filter(None, labels)))) or "no pod has any of these labels"
    return _leads_nowhere(
        f"The Service {service['metadata']['name']} selects {_words(selector) or 'nothing'}, and no pod has that.",
        f"its EndpointSlices are empty; labels of the pods: {there}",
        "Correct the selector of the Service, or the labels of the pod's template.",
    )


def _no_port(service: Json) -> Diagnosis:
    wanted = ", ".join(str(port.get("targetPort", port["port"])) for port in service["spec"].get("ports") or ())
    return _leads_nowhere(
        f"The Service {service['metadata']['name']} leads to the port {wanted}, which no container of the pod has.",
        "its EndpointSlices have endpoints and no ports",
        "Correct `targetPort`, or the name of the container's port.",
    )


def _leads_nowhere(cause: str, evidence: str, remedy: str) -> Diagnosis:
    return Diagnosis("D55", "Service", cause, evidence, remedy)


def _words(labels: dict[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in labels.items())
