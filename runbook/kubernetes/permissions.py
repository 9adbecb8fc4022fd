"""Which rights a rebuild needs, and which of them the login lacks, asked of the API server before anything begins.

The table is what manifests/rebuild/rbac.yaml grants, no more and no less; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from runbook.checks import Check
from runbook.kubernetes.api import Json
from runbook.kubernetes.cluster import Cluster
from runbook.parameters import Parameters

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
RBAC = "manifests/rebuild/rbac.yaml"

LOOK, APPLY, WAIT, REACH, MEASURE, UNDO, AUDIT = (
    "01_hardware",
    "03_apply",
    "03_apply (diagnosis)",
    "05_verify",
    "06_measure",
    "90_rollback",
    "03_apply (audit)",
)


@dataclass(frozen=True)
class Need:
    """One right.

    Attributes:
        verb: Verb of the API, such as `create`.
        group: API group; empty for the core group.
        resource: Collection, with its subresource: `pods/log`.
        namespace: Where; None for the whole cluster.
        step: The notebook that needs it.
        name: The only object that it is needed for; empty for all.
        optional: Whether a rebuild goes on without it: something is then not known, not checked or not taken back.
    """

    verb: str
    group: str
    resource: str
    namespace: str | None
    step: str
    name: str = ""
    optional: bool = False

    def __str__(self) -> str:
        resource = f"{self.resource}.{self.group}" if self.group else self.resource
        where = f"in the namespace {self.namespace}" if self.namespace else "in the whole cluster"
        return f"{self.verb} {resource}{f' {self.name}' if self.name else ''} {where}, for {self.step}"


# Group, resources, verbs, and the step that needs them first.
CLUSTER = (
    ("", ("nodes", "persistentvolumes"), ("get", "list"), LOOK),
    ("", ("pods",), ("list",), LOOK),
    ("", ("namespaces",), ("get", "list"), APPLY),
    ("storage.k8s.io", ("storageclasses",), ("list",), LOOK),
    ("metrics.k8s.io", ("nodes",), ("list",), LOOK),
)
WHOLE = ("get", "list", "create", "patch", "delete")
OURS = (
    ("", ("services", "persistentvolumeclaims", "resourcequotas"), WHOLE, APPLY),
    ("networking.k8s.io", ("networkpolicies",), WHOLE, APPLY),
    ("apps", ("deployments",), WHOLE, APPLY),
    ("", ("limitranges", "serviceaccounts", "configmaps"), ("list",), UNDO),
    ("networking.k8s.io", ("ingresses",), ("list",), AUDIT),
    ("rbac.authorization.k8s.io", ("rolebindings",), ("list",), AUDIT),
    ("", ("events",), ("list",), WAIT),
    ("apps", ("replicasets",), ("list",), WAIT),
    ("discovery.k8s.io", ("endpointslices",), ("list",), REACH),
    # Listing pods is granted in the whole cluster.
    ("", ("pods",), ("get", "create", "delete"), WAIT),
    ("", ("pods/log",), ("get",), WAIT),
    ("", ("pods/exec", "pods/portforward"), ("get", "create"), MEASURE),
    ("metrics.k8s.io", ("pods",), ("list",), MEASURE),
)
CONSUMERS = (
    ("", ("pods",), ("get", "create", "delete"), REACH),
    ("", ("pods/log",), ("get",), REACH),
)


# What is done without a right of these steps is said to be unknown, or skipped.
OPTIONAL_STEPS = frozenset({LOOK, UNDO, AUDIT})
OPTIONAL = frozenset({("list", "namespaces"), ("list", "events"), ("get", "pods/log"), ("list", "pods")})


def needs(parameters: Parameters) -> tuple[Need, ...]:
    """Every right that a rebuild of a target needs, each once."""
    table = (
        (None, CLUSTER),
        (parameters.namespace, OURS),
        (parameters.consumer_namespace, CONSUMERS),
    )
    found = (
        replace(need, optional=_is_optional(need, parameters)) for where, rows in table for need in _needs(where, rows)
    )
    labels = Need("patch", "", "namespaces", None, APPLY, parameters.namespace)
    return (*found, labels)


def missing_permissions(cluster: Cluster, parameters: Parameters) -> tuple[Need, ...]:
    """The rights that the login lacks, as the API server answers for each of them."""
    return tuple(need for need in needs(parameters) if not _has(cluster, need))


def permission_check(cluster: Cluster, parameters: Parameters) -> Check:
    """Whether the login may do what a rebuild cannot do without; what is missing is named with its step."""
    missing = missing_permissions(cluster, parameters)
    lacking = [need for need in missing if not need.optional]
    left = [need for need in missing if need.optional]
    evidence = "; ".join(map(str, lacking)) or f"{len(needs(parameters)) - len(missing)} rights are there"
    if left:
        evidence += f"; it goes on without: {'; '.join(map(str, left))}"
    hint = f"Ask the owner of the cluster for them: {RBAC} has exactly what is needed."
    return Check.that("The login has the rights that a rebuild needs", not lacking, evidence, hint)


def _is_optional(need: Need, parameters: Parameters) -> bool:
    return (
        need.step in OPTIONAL_STEPS
        or need.namespace == parameters.consumer_namespace
        or (need.verb, need.resource) in OPTIONAL
    )


def _needs(namespace: str | None, rows: Iterable[tuple[str, tuple[str, ...], tuple[str, ...], str]]) -> Iterator[Need]:
    for group, resources, verbs, step in rows:
        for resource in resources:
            for verb in verbs:
                yield Need(verb, group, resource, namespace, UNDO if verb == "delete" else step)


def _has(cluster: Cluster, need: Need) -> bool:
    resource, _, subresource = need.resource.partition("/")
    asked = {"verb": need.verb, "group": need.group, "resource": resource, "subresource": subresource}
    asked |= {"namespace": need.namespace or "", "name": need.name}
    body: Json = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {key: value for key, value in asked.items() if value}},
    }
    reply = cluster.request("POST", REVIEWS, body=body).body
    return bool((reply.get("status") or {}).get("allowed"))
