"""The programs of the local cluster: in which order they start, and with which arguments.

Each row of `daemons()` is a program as upstream ships it. What differs from its defaults is said beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from string import Template

from runbook.local.layout import NODE, Cluster, Layout
from runbook.local.network import API_SERVICE, DNS_SERVICE, POD_RANGE, SERVICE_RANGE, Link
from runbook.local.pki import Identity

CONFIG = Path(__file__).parent / "config"
ETCD_PORT = 2379
API_PORT = 6443
REGISTRY_PORT = 5000
BLOBS_PORT = 5001
DOMAIN = "cluster.local"
REGISTRY_HOST = "registry.runbook.local"
BLOBS_HOST = "blobs.runbook.local"


@dataclass(frozen=True)
class Daemon:
    """One program that the supervisor keeps running.

    Attributes:
        name: The program.
        arguments: What it is called with.
        needs_api: Whether it starts only once the API server is ready: it would exit without.
        stop_last: Whether it is stopped after all others, as etcd must be.
        environment: Its environment beyond PATH and HOME.
    """

    name: str
    arguments: tuple[str, ...]
    needs_api: bool = False
    stop_last: bool = False
    environment: tuple[tuple[str, str], ...] = ()


def identities(link: Link) -> tuple[Identity, ...]:
    """Who needs a certificate."""
    api_hosts = (
        "kubernetes", "kubernetes.default", "kubernetes.default.svc", f"kubernetes.default.svc.{DOMAIN}",
        "localhost", "127.0.0.1", API_SERVICE, link.node_address,
    )  # fmt: skip
    return (
        Identity("apiserver", "kube-apiserver", hosts=api_hosts),
        Identity("etcd", "etcd", hosts=("localhost", "127.0.0.1")),
        Identity("apiserver-etcd-client", "kube-apiserver"),
        Identity("apiserver-kubelet-client", "kube-apiserver-kubelet-client"),
        Identity("front-proxy-client", "front-proxy-client"),
        Identity("admin", "admin", "system:masters"),
        Identity("controller-manager", "system:kube-controller-manager"),
        Identity("scheduler", "system:kube-scheduler"),
        Identity("kube-proxy", "system:kube-proxy"),
        Identity("kubelet", f"system:node:{NODE}", "system:nodes", hosts=(NODE, link.node_address)),
    )


def write_configuration(layout: Layout, cluster: Cluster) -> None:
    """Write each program's configuration file from its template in `config/`."""
    values = {
        "state": str(layout.state),
        "bin": str(layout.path("bin")),
        "node": NODE,
        "node_address": cluster.link.node_address,
        "cgroup": layout.name,
        "snapshotter": cluster.snapshotter,
        "pod_range": POD_RANGE,
        "dns_service": DNS_SERVICE,
        "domain": DOMAIN,
        "registry_port": str(REGISTRY_PORT),
        "blobs_port": str(BLOBS_PORT),
        "blobs_host": BLOBS_HOST,
    }
    for template in sorted(CONFIG.iterdir()):
        target = layout.path("config", template.name)
        if template.name.endswith(".conflist"):
            target = layout.path("config", "cni", template.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(Template(template.read_text()).substitute(values))


def daemons(layout: Layout, cluster: Cluster) -> tuple[Daemon, ...]:
    """Every program of the cluster, in the order of its start."""
    node = cluster.link.node_address
    pki, config = layout.path("pki"), layout.path("config")

    def kubeconfig(user: str) -> str:
        return str(config / f"{user}.kubeconfig")

    return (
        Daemon("etcd", _etcd(layout, pki), stop_last=True),
        Daemon("containerd", (f"--config={config / 'containerd.toml'}", "--log-level=warn")),
        Daemon("nginx", ("-e", str(layout.log("nginx-error")), "-c", str(config / "nginx.conf"))),
        # Without the variable it sends traces to a collector that nobody runs.
        Daemon("registry", ("serve", str(config / "registry.yaml")), environment=(("OTEL_TRACES_EXPORTER", "none"),)),
        Daemon("kube-apiserver", _apiserver(pki, node), stop_last=True),
        Daemon(
            "kube-controller-manager",
            (
                f"--kubeconfig={kubeconfig('controller-manager')}",
                f"--authentication-kubeconfig={kubeconfig('controller-manager')}",
                f"--authorization-kubeconfig={kubeconfig('controller-manager')}",
                f"--client-ca-file={pki / 'ca.crt'}",
                f"--root-ca-file={pki / 'ca.crt'}",
                f"--cluster-signing-cert-file={pki / 'ca.crt'}",
                f"--cluster-signing-key-file={pki / 'ca.key'}",
                f"--service-account-private-key-file={pki / 'sa.key'}",
                "--use-service-account-credentials=true",
                "--leader-elect=false",  # there is only one
                "--bind-address=127.0.0.1",
            ),
            needs_api=True,
        ),
        Daemon(
            "kube-scheduler",
            (
                f"--kubeconfig={kubeconfig('scheduler')}",
                f"--authentication-kubeconfig={kubeconfig('scheduler')}",
                f"--authorization-kubeconfig={kubeconfig('scheduler')}",
                "--leader-elect=false",
                "--bind-address=127.0.0.1",
            ),
            needs_api=True,
        ),
        Daemon(
            "kubelet",
            (
                f"--config={config / 'kubelet.yaml'}",
                f"--kubeconfig={kubeconfig('kubelet')}",
                f"--root-dir={layout.path('kubelet')}",
                f"--hostname-override={NODE}",
                f"--node-ip={node}",
            ),
            needs_api=True,
        ),
        Daemon("kube-proxy", (f"--config={config / 'kube-proxy.yaml'}",), needs_api=True),
    )


def _etcd(layout: Layout, pki: Path) -> tuple[str, ...]:
    url = f"https://127.0.0.1:{ETCD_PORT}"
    return (
        "--name=local",
        f"--data-dir={layout.path('etcd')}",
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        "--listen-peer-urls=http://127.0.0.1:2380",
        "--client-cert-auth=true",
        f"--trusted-ca-file={pki / 'ca.crt'}",
        f"--cert-file={pki / 'etcd.crt'}",
        f"--key-file={pki / 'etcd.key'}",
        "--auto-compaction-retention=1",
        "--log-level=warn",
    )


def _apiserver(pki: Path, node: str) -> tuple[str, ...]:
    return (
        f"--advertise-address={node}",
        f"--secure-port={API_PORT}",
        f"--etcd-servers=https://127.0.0.1:{ETCD_PORT}",
        f"--etcd-cafile={pki / 'ca.crt'}",
        f"--etcd-certfile={pki / 'apiserver-etcd-client.crt'}",
        f"--etcd-keyfile={pki / 'apiserver-etcd-client.key'}",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        f"--client-ca-file={pki / 'ca.crt'}",
        f"--tls-cert-file={pki / 'apiserver.crt'}",
        f"--tls-private-key-file={pki / 'apiserver.key'}",
        f"--kubelet-certificate-authority={pki / 'ca.crt'}",
        f"--kubelet-client-certificate={pki / 'apiserver-kubelet-client.crt'}",
        f"--kubelet-client-key={pki / 'apiserver-kubelet-client.key'}",
        # The node's name is in no DNS, so exec and logs must go by its address.
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-account-issuer=https://kubernetes.default.svc.{DOMAIN}",
        f"--service-account-key-file={pki / 'sa.pub'}",
        f"--service-account-signing-key-file={pki / 'sa.key'}",
        f"--requestheader-client-ca-file={pki / 'ca.crt'}",
        # One authority signs both, so that only this name may speak for others.
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={pki / 'front-proxy-client.crt'}",
        f"--proxy-client-key-file={pki / 'front-proxy-client.key'}",
        "--allow-privileged=true",
    )
