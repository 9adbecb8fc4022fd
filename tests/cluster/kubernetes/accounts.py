"""The cluster as a ServiceAccount sees it: a connection with its token."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from runbook.kubernetes import Cluster, Refusal


@contextmanager
def as_account(cluster: Cluster, namespace: str, name: str) -> Iterator[Cluster]:
    """A connection with the token of a ServiceAccount, which is made where it is missing."""
    with suppress(Refusal):
        body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}}
        cluster.create(body)
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
    token = cluster.request("POST", path, body=asked).body["status"]["token"]
    configuration = copy.deepcopy(cluster.configuration)
    configuration.cert_file = configuration.key_file = None
    configuration.api_key = {"BearerToken": token}
    configuration.api_key_prefix = {"BearerToken": "Bearer"}
    account = replace(cluster, configuration=configuration)
    try:
        yield account
    finally:
        account.close()
