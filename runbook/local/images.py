"""Container images made from the cluster's own programs: OCI archives that containerd imports, no Docker needed."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import subprocess
import tarfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from runbook.local import interpreter
from runbook.local.cache import cache
from runbook.local.parts import Parts
from runbook.local.pins import OLLAMA_VERSION

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
CERTIFICATES = (Path("/etc/ssl/certs/ca-certificates.crt"), Path("/etc/pki/tls/certs/ca-bundle.crt"))
PASSWD = "root:x:0:0:root:/root:/bin/sh\nollama:x:1000:1000:ollama:/home/ollama:/bin/sh\n"  # noqa: S105 - the file of users, without any password
GROUP = "root:x:0:\nollama:x:1000:\n"


@dataclass(frozen=True)
class Image:
    """An image to make.

    Attributes:
        name: Its full name with tag.
        programs: Names of the cluster's programs that it holds, in /bin; the first is its entry point.
        with_shell: Whether it also holds busybox, for `exec` and for scripts.
        with_python: Whether it also holds the Python that runs this.
        arguments: What the entry point is called with.
        environment: Its environment.
    """

    name: str
    programs: tuple[str, ...]
    with_shell: bool = False
    with_python: bool = False
    arguments: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict, hash=False)

    @property
    def file(self) -> str:
        """File name of its archive."""
        return f"{self.name.rpartition('/')[2].partition(':')[0]}.tar"

    @property
    def entry_point(self) -> str:
        """What it runs."""
        return f"/bin/{self.programs[0]}" if self.programs else f"/{interpreter.HOME}/bin/python3"


OLLAMA_IMAGE = f"runbook.local/ollama:{OLLAMA_VERSION}"

IMAGES: tuple[Image, ...] = (
    Image("runbook.local/pause:1", ("pause",)),
    Image("runbook.local/coredns:1.12.4", ("coredns",)),
    Image("runbook.local/metrics-server:0.8.0", ("metrics-server",)),
    Image("runbook.local/local-path-provisioner:0.0.30", ("local-path-provisioner",), with_shell=True),
    Image(
        OLLAMA_IMAGE, ("ollama",), with_shell=True, arguments=("serve",), environment={"OLLAMA_HOST": "0.0.0.0:11434"}
    ),
    # Like the public python images, it is found by its name on the PATH.
    Image("runbook.local/python:3", (), with_python=True, environment={"PYTHONHOME": f"/{interpreter.HOME}"}),
)


def build_images(parts: Parts) -> Path:
    """The folder with an archive of each image, made anew only when a program in it changed."""
    key = _key(parts)
    folder = cache().part("images", key)
    if folder.exists():
        cache().touch("images", key)
        return folder

    def fill(target: Path) -> None:
        for image in IMAGES:
            write_archive(image, parts, target / image.file)

    return cache().publish("images", key, {"images": [image.name for image in IMAGES]}, fill)


def _key(parts: Parts) -> str:
    """Digest of the programs and of how images are made."""
    digest = hashlib.sha256(Path(__file__).read_bytes() + Path(interpreter.__file__).read_bytes())
    digest.update(interpreter.version().encode())
    for name in sorted({name for image in IMAGES for name in image.programs} | {"busybox"}):
        program = parts.programs[name].stat()
        digest.update(f"{name} {parts.origin.get(name, '')} {program.st_size} {program.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def write_archive(image: Image, parts: Parts, target: Path) -> None:
    """Write an image as an OCI layout in a tar, the same bytes for the same programs."""
    layer = _layer(image, parts)
    config = _json(_config(image, layer))
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": _descriptor("application/vnd.oci.image.config.v1+json", config),
            "layers": [_descriptor("application/vnd.oci.image.layer.v1.tar", layer)],
        }
    )
    entry = _descriptor("application/vnd.oci.image.manifest.v1+json", manifest)
    entry["annotations"] = {"io.containerd.image.name": image.name, "org.opencontainers.image.ref.name": image.name}
    index = _json({"schemaVersion": 2, "manifests": [entry]})
    with tarfile.open(target, "w") as archive:
        _add(archive, "oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
        _add(archive, "index.json", index)
        for blob in (config, manifest, layer):
            _add(archive, f"blobs/sha256/{hashlib.sha256(blob).hexdigest()}", blob)


def _config(image: Image, layer: bytes) -> dict[str, Any]:
    environment = {"PATH": "/usr/local/bin:/bin:/usr/bin:/sbin:/usr/sbin", **image.environment}
    return {
        "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "config": {
            "Env": [f"{name}={value}" for name, value in environment.items()],
            "Entrypoint": [image.entry_point],
            "Cmd": list(image.arguments),
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }


def _json(content: object) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _descriptor(media_type: str, content: bytes) -> dict[str, Any]:
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    return {"mediaType": media_type, "digest": digest, "size": len(content)}


def _layer(image: Image, parts: Parts) -> bytes:
    """The one layer: programs, the libraries they link, certificates, users, and busybox where wanted."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as layer:
        for folder in ("bin", "etc", "etc/ssl", "etc/ssl/certs", "home", "root", "usr", "usr/bin", "tmp"):
            _add_folder(layer, folder, 0o1777 if folder == "tmp" else 0o755)
        _add_folder(layer, "home/ollama", 0o755, owner=1000)
        _add(layer, "etc/passwd", PASSWD.encode())
        _add(layer, "etc/group", GROUP.encode())
        if bundle := next((path for path in CERTIFICATES if path.exists()), None):
            _add(layer, "etc/ssl/certs/ca-certificates.crt", bundle.read_bytes())
        for name in image.programs:
            _add(layer, f"bin/{name}", parts.programs[name].read_bytes(), mode=0o755)
        linked = {path for name in image.programs for path in interpreter.libraries(parts.programs[name])}
        for library in sorted(linked):
            _add(layer, str(library).lstrip("/"), library.read_bytes(), mode=0o755)
        if image.with_shell:
            _add_busybox(layer, parts.programs["busybox"])
        if "ollama" in image.programs and parts.ollama_libraries:
            _add_backends(layer, parts.ollama_libraries)
        if image.with_python:
            _add_python(layer)
    return buffer.getvalue()


def _add_busybox(layer: tarfile.TarFile, busybox: Path) -> None:
    """Add busybox, and a link for each of its programs that the image does not have already."""
    _add(layer, "bin/busybox", busybox.read_bytes(), mode=0o755)
    present = set(layer.getnames())
    listed = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
    for name in listed:
        if (link := f"bin/{name}") not in present:
            entry = tarfile.TarInfo(link)
            entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
            layer.addfile(entry)


def _add_python(layer: tarfile.TarFile) -> None:
    """Add the interpreter, with every folder on the way to its files, so that any user may enter them."""
    present = set(layer.getnames())
    for name, path, mode in interpreter.files():
        for folder in reversed([one.as_posix() for one in PurePosixPath(name).parents][:-1]):
            if folder not in present:
                _add_folder(layer, folder, 0o755)
                present.add(folder)
        _add(layer, name, path.read_bytes(), mode=mode)


def _add_backends(layer: tarfile.TarFile, folder: Path) -> None:
    """Add the CPU backends of a release archive of Ollama; those for accelerators would only cost space."""
    for path in sorted(folder.glob("libggml-*.so*")):
        _add(layer, f"lib/ollama/{path.name}", path.read_bytes(), mode=0o755)


def _add_folder(archive: tarfile.TarFile, name: str, mode: int, owner: int = 0) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.uid, entry.gid = tarfile.DIRTYPE, mode, owner, owner
    archive.addfile(entry)


def _add(archive: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))


def import_command(archives: Iterable[Path], run_inside: Callable[[list[str]], None]) -> None:
    """Import archives into the containerd of the cluster, one call each."""
    for archive in archives:
        run_inside(["--namespace", "k8s.io", "images", "import", os.fspath(archive)])
