"""A cluster that answered: which one it is, and its objects as the JSON it speaks.

Objects go in and come out as plain dicts, so that a long list costs one parse and a diagnosis sees every
field. The typed clients of the `kubernetes` package are there too; a stream takes an `ApiClient` of its own,
because the package swaps a method of it while the stream is open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from runbook.kubernetes.api import Json, Refusal, Reply, Request, send
from runbook.kubernetes.kinds import KINDS

if TYPE_CHECKING:
    from kubernetes.client import ApiClient, AppsV1Api, CoreV1Api

FIELD_MANAGER = "ollama-runbook"
MANAGED_BY = {"app.kubernetes.io/managed-by": "ollama-runbook"}


@dataclass(frozen=True)
class Cluster:
    """A cluster whose API answered.

    Attributes:
        context: Name of the kubeconfig context.
        server: Address of the API server.
        uid: UID of the namespace kube-system, the identity of a cluster; empty where it may not be read.
        version: Version of the API server, such as `v1.36.3`.
        configuration: Settings of the `kubernetes` package; it holds credentials, so it is never shown.
    """

    context: str
    server: str
    uid: str
    version: str
    configuration: Any = field(repr=False, compare=False)

    @property
    def title(self) -> str:
        """The one line that says which cluster this is."""
        return f"context {self.context}, server {self.server}, Kubernetes {self.version}, UID {self.uid or 'unknown'}"

    def api_client(self) -> ApiClient:
        """A client of its own; close it when done."""
        from kubernetes.client.api_client import ApiClient

        return ApiClient(self.configuration)

    @cached_property
    def core(self) -> CoreV1Api:
        """The typed core API."""
        from kubernetes.client import CoreV1Api

        return CoreV1Api(self._client)

    @cached_property
    def apps(self) -> AppsV1Api:
        """The typed apps API."""
        from kubernetes.client import AppsV1Api

        return AppsV1Api(self._client)

    @cached_property
    def _client(self) -> ApiClient:
        return self.api_client()

    def close(self) -> None:
        """Close the connections that are kept open; a later request opens new ones."""
        self._client.rest_client.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Json | None = None,
        content_type: str = "application/json",
        timeout_s: float = 30.0,
        accept: str = "application/json, */*",
    ) -> Reply:
        """One request and its answer.

        Raises:
            Refusal: The server answered with an error status.
            ClusterUnreachable: Nobody answered, or not in time.
        """
        return send(self._client, Request(method, path, query or {}, body, content_type, timeout_s, accept))

    def get(self, kind: str, name: str, namespace: str | None = None) -> Json | None:
        """One object, or None where there is none of that name."""
        try:
            return self.request("GET", KINDS[kind].path(name, namespace)).body
        except Refusal as refusal:
            if refusal.code == 404:
                return None
            raise

    def list(self, kind: str, namespace: str | None = None, *, labels: str = "", fields: str = "") -> list[Json]:
        """Objects of one kind, in one namespace or everywhere, by label and field selector."""
        query = {key: text for key, text in (("labelSelector", labels), ("fieldSelector", fields)) if text}
        found = self.request("GET", KINDS[kind].path(None, namespace), query=query).body
        # The items of a list carry neither apiVersion nor kind.
        return [{"apiVersion": KINDS[kind].api_version, "kind": kind, **item} for item in found.get("items") or ()]

    def log(self, namespace: str, pod: str, container: str, *, previous: bool = False, lines: int = 20) -> str:
        """The last lines a container wrote, or wrote before its last restart; empty where there are none."""
        query = {"container": container, "tailLines": str(lines), "previous": str(previous).lower()}
        path = KINDS["Pod"].path(pod, namespace) + "/log"
        try:
            return self.request("GET", path, query=query).data.decode(errors="replace")
        except Refusal:
            return ""

    def create(self, body: Json) -> Json:
        """Create an object as given, and return it as stored."""
        path = KINDS[body["kind"]].path(None, body["metadata"].get("namespace"))
        return self.request("POST", path, query={"fieldManager": FIELD_MANAGER}, body=body).body

    def apply(self, body: Json, *, dry_run: bool = False, force: bool = False) -> Reply:
        """Server-side apply with our field manager; only with `force` is a field taken that another manager owns."""
        query = {"fieldManager": FIELD_MANAGER, "force": str(force).lower(), "fieldValidation": "Strict"}
        if dry_run:
            query["dryRun"] = "All"
        meta = body["metadata"]
        path = KINDS[body["kind"]].path(meta["name"], meta.get("namespace"))
        return self.request("PATCH", path, query=query, body=body, content_type="application/apply-patch+yaml")

    def delete(
        self, kind: str, name: str, namespace: str | None = None, *, uid: str = "", grace_s: int | None = None
    ) -> bool:
        """Delete one object, what it owns first; False where it was gone already.

        Args:
            kind: Kind of the object.
            name: Its name.
            namespace: Its namespace.
            uid: When given, an object of the same name that is not this one stays.
            grace_s: Seconds a pod is given to end; without it, what the pod asks for.
        """
        options: Json = {"propagationPolicy": "Foreground" if kind == "Deployment" else "Background"}
        if uid:
            options["preconditions"] = {"uid": uid}
        if grace_s is not None:
            options["gracePeriodSeconds"] = grace_s
        try:
            self.request("DELETE", KINDS[kind].path(name, namespace), body=options)
        except Refusal as refusal:
            if refusal.code == 404:
                return False
            raise
        return True
