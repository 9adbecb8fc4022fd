"""The state folder: names that do not collide, and files that are whole or absent."""

from __future__ import annotations

from pathlib import Path

from runbook.local.layout import Cluster, Layout
from runbook.local.network import Link


def test_two_checkouts_have_two_clusters_with_names_the_kernel_takes(tmp_path: Path) -> None:
    one, two = Layout(tmp_path / "one"), Layout(tmp_path / "two")
    assert one.name != two.name
    assert one.interface != two.interface
    assert len(one.interface) <= 15


def test_a_half_written_file_reads_as_nothing(tmp_path: Path) -> None:
    (tmp_path / "process.json").write_text('{"pid": 12')
    assert Layout(tmp_path).read("process.json") == {}
    assert Layout(tmp_path).read("absent.json") == {}


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    cluster = Cluster(Link("runbook-x", "198.18.0.1", "198.18.0.2"), "native")
    Layout(tmp_path).write("cluster.json", cluster.to_json())
    assert Cluster.from_json(Layout(tmp_path).read("cluster.json")) == cluster
