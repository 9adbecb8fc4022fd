"""Images made without Docker: a valid OCI layout, the same bytes for the same programs."""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
from pathlib import Path

import pytest

from runbook.local.images import Image, write_archive
from runbook.local.parts import Parts


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    sleeper = shutil.which("sleep")
    assert sleeper is not None
    listing = tmp_path / "busybox"
    listing.write_text("#!/bin/sh\nprintf 'sh\\nsleep\\n'\n")
    listing.chmod(0o755)
    return Parts({"sleep": Path(sleeper), "busybox": listing}, {})


IMAGE = Image("example.test/sleep:1", ("sleep",), with_shell=True, arguments=("1",))


def test_every_blob_has_the_digest_that_names_it_and_the_index_leads_to_all(parts: Parts, tmp_path: Path) -> None:
    write_archive(IMAGE, parts, tmp_path / "image.tar")
    with tarfile.open(tmp_path / "image.tar") as archive:
        blobs = {name: archive.extractfile(name).read() for name in archive.getnames()}  # type: ignore[union-attr]
    for name, content in blobs.items():
        if name.startswith("blobs/"):
            assert hashlib.sha256(content).hexdigest() == name.rsplit("/", 1)[1]
    [entry] = json.loads(blobs["index.json"])["manifests"]
    manifest = json.loads(blobs["blobs/sha256/" + entry["digest"].removeprefix("sha256:")])
    for part in (manifest["config"], *manifest["layers"]):
        assert len(blobs["blobs/sha256/" + part["digest"].removeprefix("sha256:")]) == part["size"]


def test_the_layer_holds_the_program_its_loader_a_shell_and_users(parts: Parts, tmp_path: Path) -> None:
    write_archive(IMAGE, parts, tmp_path / "image.tar")
    with tarfile.open(tmp_path / "image.tar") as archive:
        biggest = max(archive.getmembers(), key=lambda member: member.size)
        with tarfile.open(fileobj=archive.extractfile(biggest)) as layer:
            names = layer.getnames()
    assert {"bin/sleep", "bin/busybox", "bin/sh", "etc/passwd", "tmp"} <= set(names)
    assert any("ld-linux" in name for name in names)
    assert len(names) == len(set(names)), "the shell's own sleep does not hide the program"


def test_the_same_programs_make_the_same_bytes(parts: Parts, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_archive(IMAGE, parts, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
