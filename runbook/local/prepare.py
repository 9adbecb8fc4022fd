"""Everything the programs read, written before they start: link, certificates, kubeconfigs, configuration."""

from __future__ import annotations

import os
import shutil
import subprocess

from runbook.local import network, pki
from runbook.local.daemons import API_PORT, identities, write_configuration
from runbook.local.layout import CONTEXT, DATA, Cluster, Layout
from runbook.local.parts import Parts

USERS = ("controller-manager", "scheduler", "kube-proxy", "kubelet")
PRIVATE = ("pki", "etcd")


def prepare(layout: Layout, parts: Parts) -> Cluster:
    """Write the state folder, keeping what an earlier start of the same cluster left there."""
    for name in DATA:
        layout.path(name).mkdir(exist_ok=True, mode=0o700 if name in PRIVATE else 0o755)
    known = layout.read("cluster.json").get("link", {}).get("host_address", "")
    link = network.choose_link(layout.interface, layout.preferred_network)
    if link.host_address != known:
        # The address is in these certificates.
        for name in ("apiserver", "kubelet"):
            layout.path("pki", f"{name}.crt").unlink(missing_ok=True)
    cluster = Cluster(link, _snapshotter(layout))
    layout.write("cluster.json", {**cluster.to_json(), "parts": parts.origin})
    _link_programs(layout, parts)
    pki.make_certificates(layout.path("pki"), identities(link))
    write_configuration(layout, cluster)
    _write_kubeconfigs(layout, cluster)
    return cluster


def _link_programs(layout: Layout, parts: Parts) -> None:
    """Put a link to each program into `bin/`, where the programs find each other."""
    for name, program in parts.programs.items():
        target = layout.program(name)
        target.unlink(missing_ok=True)
        target.symlink_to(program)


def _write_kubeconfigs(layout: Layout, cluster: Cluster) -> None:
    """Write the administrator's kubeconfig and one for each program that speaks to the API server."""
    server = f"https://{cluster.link.node_address}:{API_PORT}"
    wanted = {user: layout.path("config", f"{user}.kubeconfig") for user in USERS} | {"admin": layout.kubeconfig}
    for user, path in wanted.items():
        pki.write_kubeconfig(path, server=server, pki=layout.path("pki"), identity=user, context=CONTEXT)
    if "SUDO_UID" in os.environ:
        os.chown(layout.kubeconfig, int(os.environ["SUDO_UID"]), int(os.environ.get("SUDO_GID", "-1")))


def _snapshotter(layout: Layout) -> str:
    """`overlayfs` where the state folder's file system can carry it, else `native`: a container's own cannot."""
    scratch = layout.path("overlay-test")
    folders = [scratch / name for name in ("lower", "upper", "work", "merged")]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    options = f"lowerdir={folders[0]},upperdir={folders[1]},workdir={folders[2]}"
    command = ["unshare", "--mount", "mount", "-t", "overlay", "-o", options, "overlay", str(folders[3])]
    works = subprocess.run(command, capture_output=True, check=False).returncode == 0
    shutil.rmtree(scratch, ignore_errors=True)
    return "overlayfs" if works else "native"
