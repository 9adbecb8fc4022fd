"""The cluster's link to this machine: one veth pair between the host and the cluster's network namespace.

Pods, services, iptables rules and DNS stay inside the namespace. The host gets one interface and one route,
both gone with the namespace.
"""

from __future__ import annotations

import ipaddress
import re
import subprocess
from dataclasses import dataclass

from runbook.errors import LocalError

RANGE = ipaddress.ip_network("198.18.0.0/16")
"""Set aside for tests between hosts (RFC 2544), so no home network uses it."""

POD_RANGE = "10.244.0.0/24"
SERVICE_RANGE = "10.96.0.0/16"
API_SERVICE = "10.96.0.1"
DNS_SERVICE = "10.96.0.10"


@dataclass(frozen=True)
class Link:
    """The veth pair: its host end and the two addresses of its /30 network."""

    interface: str
    host_address: str
    node_address: str


def choose_link(name: str, preferred: int) -> Link:
    """A link whose /30 network nobody uses on this machine.

    Args:
        name: Name of the host's interface, at most 15 characters.
        preferred: Which /30 network to try first, so that a cluster keeps its address.

    Raises:
        LocalError: Every network of the range is taken.
    """
    taken = _addresses_in_use()
    networks = 2 ** (30 - RANGE.prefixlen)
    for step in range(networks):
        base = int(RANGE.network_address) + 4 * ((preferred + step) % networks)
        host, node = str(ipaddress.ip_address(base + 1)), str(ipaddress.ip_address(base + 2))
        if host not in taken and node not in taken:
            return Link(name, host, node)
    raise LocalError(
        "the local cluster finds no free network for its link to this machine",
        why=f"every /30 network of {RANGE} is in use",
        next="remove links of old clusters: ip link show type veth",
    )


def _addresses_in_use() -> set[str]:
    """Every address of this machine, and the other ends of its /30 links."""
    shown = _ip("-4", "-oneline", "address", "show")
    found: set[str] = set()
    for address in re.findall(r"inet (\d+\.\d+\.\d+\.\d+)/\d+", shown):
        number = int(ipaddress.ip_address(address))
        found |= {str(ipaddress.ip_address(number + step)) for step in (-1, 0, 1)}
    return found


def connect(link: Link, pid: int) -> None:
    """Make the pair, with one end in the namespace of the process, and give the host's end its address.

    Raises:
        LocalError: The kernel refused.
    """
    disconnect(link.interface)
    _ip("link", "add", "name", link.interface, "type", "veth", "peer", "name", "eth0", "netns", str(pid))
    _ip("address", "add", f"{link.host_address}/30", "dev", link.interface)
    _ip("link", "set", link.interface, "up")


def set_up_inside(link: Link) -> None:
    """The namespace's side: loopback, address, forwarding, and routes that reach services but nothing outside.

    A route to the service range must exist, or a connection of the node itself to a service address would fail
    before kube-proxy's rules could send it to a pod.
    """
    _ip("link", "set", "lo", "up")
    _ip("address", "add", f"{link.node_address}/30", "dev", "eth0")
    _ip("link", "set", "eth0", "up")
    _ip("route", "add", SERVICE_RANGE, "via", link.host_address)
    _ip("route", "add", "unreachable", "default")
    with open("/proc/sys/net/ipv4/ip_forward", "w") as setting:  # noqa: PTH123 - a kernel setting, not a file
        setting.write("1")


def disconnect(interface: str) -> None:
    """Remove the host's end, and with it the pair; harmless when it is gone."""
    if exists(interface):
        _ip("link", "delete", interface)


def exists(interface: str) -> bool:
    """Whether this machine has an interface of that name."""
    command = ["ip", "link", "show", interface]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _ip(*arguments: str) -> str:
    try:
        return subprocess.run(["ip", *arguments], capture_output=True, text=True, check=True).stdout
    except FileNotFoundError as error:
        raise LocalError("the program `ip` is missing", next="sudo apt-get install iproute2") from error
    except subprocess.CalledProcessError as error:
        raise LocalError(
            f"the link to the local cluster could not be made: ip {' '.join(arguments)}", why=error.stderr.strip()
        ) from error
