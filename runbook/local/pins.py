"""The parts of the local cluster: where each comes from, at which version, and what it costs to build.

A Go part is built from a module of its own under `modules/`, whose `go.mod` and `go.sum` pin every dependency.
A Debian part is unpacked, never installed: it starts no service and replaces nothing on the machine.
"""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import dataclass, field
from pathlib import Path

MODULES = Path(__file__).parent / "modules"

KUBERNETES_VERSION = "1.36.3"
OLLAMA_VERSION = "0.15.6"
GO_VERSION = (1, 26, 0)

_KUBERNETES_FLAGS = (
    f"-X k8s.io/component-base/version.gitVersion=v{KUBERNETES_VERSION}",
    "-X k8s.io/component-base/version.gitMajor=1",
    "-X k8s.io/component-base/version.gitMinor=36",
    "-X k8s.io/component-base/version.gitTreeState=clean",
)
# Without -march the quantised kernels are 3 to 20 times slower; v3 is AVX2, which every supported x86 CPU has.
_OLLAMA_C_FLAGS = {"x86_64": "-O3 -march=x86-64-v3", "aarch64": "-O3 -march=armv8.2-a+dotprod+fp16"}


@dataclass(frozen=True)
class GoPart:
    """A program built from pinned Go modules.

    Attributes:
        name: The name of the program, and of its file.
        version: What `version_command` must print somewhere.
        module: Folder under `modules/`.
        package: The main package to build; `.` is the module itself.
        build_s: Measured seconds on two cores with nothing in the compilers' caches, in the order of `GO_PARTS`.
        size_mb: What it keeps on disk, in MB.
        flags: Linker flags beyond `-s -w`.
        version_command: Arguments that print the version; empty where it has none.
        cgo_flags: Compiler flags; empty builds without cgo.
        headers: Debian packages whose headers it needs.
    """

    name: str
    version: str
    module: str
    package: str
    build_s: int
    size_mb: int
    flags: tuple[str, ...] = ()
    version_command: tuple[str, ...] = ("--version",)
    cgo_flags: str = ""
    headers: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Digest of everything that decides what is built, the toolchain aside."""
        digest = hashlib.sha256()
        settings = (self.name, self.package, self.flags, self.cgo_flags, self.headers, platform.machine())
        digest.update(json.dumps(settings).encode())
        for path in sorted((MODULES / self.module).iterdir()):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        return digest.hexdigest()[:16]


def _kubernetes(name: str, build_s: int, size_mb: int, version_command: tuple[str, ...] = ("--version",)) -> GoPart:
    return GoPart(
        name=name,
        version=f"v{KUBERNETES_VERSION}",
        module="kubernetes",
        package=f"k8s.io/kubernetes/cmd/{name}",
        build_s=build_s,
        size_mb=size_mb,
        flags=_KUBERNETES_FLAGS,
        version_command=version_command,
    )


GO_PARTS: tuple[GoPart, ...] = (
    GoPart("pause", "1", "pause", ".", 2, 2, version_command=()),
    GoPart("etcd", "3.6.16", "etcd", ".", 36, 25),
    _kubernetes("kube-apiserver", 241, 101),
    _kubernetes("kube-controller-manager", 55, 92),
    _kubernetes("kube-scheduler", 5, 70),
    _kubernetes("kubelet", 16, 81),
    _kubernetes("kube-proxy", 6, 68),
    _kubernetes("kubectl", 19, 57, ("version", "--client")),
    GoPart("coredns", "1.12.4", "coredns", ".", 120, 45, version_command=("-version",)),
    GoPart(
        "metrics-server",
        "v0.8.0",
        "metrics-server",
        "sigs.k8s.io/metrics-server/cmd/metrics-server",
        120,
        45,
        flags=("-X k8s.io/client-go/pkg/version.gitVersion=v0.8.0",),
    ),
    GoPart(
        "local-path-provisioner",
        "0.0.30",
        "local-path-provisioner",
        "github.com/rancher/local-path-provisioner",
        90,
        45,
        version_command=(),
    ),
    GoPart(
        "registry",
        "v3.1.1",
        "registry",
        "github.com/distribution/distribution/v3/cmd/registry",
        105,
        45,
        flags=("-X github.com/distribution/distribution/v3/version.version=v3.1.1",),
    ),
    GoPart(
        "ollama",
        OLLAMA_VERSION,
        "ollama",
        "github.com/ollama/ollama",
        900,
        40,
        flags=(f"-X github.com/ollama/ollama/version.Version={OLLAMA_VERSION}",),
        cgo_flags=_OLLAMA_C_FLAGS.get(platform.machine(), "-O3"),
        headers=("nlohmann-json3-dev", "libstb-dev"),
    ),
)


@dataclass(frozen=True)
class DebianPart:
    """Programs unpacked from Debian packages of this machine's own distribution.

    Attributes:
        name: The part.
        packages: What is downloaded and unpacked.
        programs: Files inside the packages that must be there, under the name the cluster calls them by.
        size_mb: What it keeps on disk, in MB.
    """

    name: str
    packages: tuple[str, ...]
    programs: dict[str, tuple[str, ...]] = field(hash=False)
    size_mb: int = 1

    @property
    def key(self) -> str:
        """Digest of what is unpacked. The version is the distribution's, which also brings its security fixes."""
        text = json.dumps([self.name, self.packages, self.programs, platform.machine(), _distribution()])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def _distribution() -> str:
    """The distribution and its release: unpacked programs link against its libraries."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return "unknown"
    return f"{release.get('ID', '')} {release.get('VERSION_ID', '')}"


_CNI = "usr/lib/cni"

DEBIAN_PARTS: tuple[DebianPart, ...] = (
    DebianPart(
        "containerd",
        ("containerd",),
        {
            "containerd": ("usr/bin/containerd",),
            "containerd-shim-runc-v2": ("usr/bin/containerd-shim-runc-v2",),
            "ctr": ("usr/bin/ctr",),
        },
        140,
    ),
    DebianPart("runc", ("runc",), {"runc": ("usr/sbin/runc", "usr/bin/runc")}, 14),
    DebianPart(
        "containernetworking-plugins",
        ("containernetworking-plugins",),
        {name: (f"{_CNI}/{name}",) for name in ("ptp", "host-local", "loopback", "portmap")},
        80,
    ),
    DebianPart("nginx", ("nginx",), {"nginx": ("usr/sbin/nginx",)}, 2),
    DebianPart("busybox", ("busybox-static",), {"busybox": ("bin/busybox", "usr/bin/busybox")}, 3),
)
