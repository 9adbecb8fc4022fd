"""What a program of the cluster complained of, read from its log."""

from __future__ import annotations

from pathlib import Path

from runbook.local.inside import last_complaint


def test_the_last_error_is_told_with_the_reason_on_the_line_after_it(tmp_path: Path) -> None:
    log = tmp_path / "kube-proxy.log"
    log.write_text(
        'E1125 10:22:00.1 51 proxier.go:701] "An older one"\n'
        'E1125 10:23:02.6 51 proxier.go:701] "Failed to ensure chain exists" err=<\n'
        "\terror creating chain: exit status 4: TABLE_ADD failed (Operation not supported): table filter\n"
        " >\n"
        'I1125 10:23:02.6 51 proxier.go:673] "Sync failed"\n'
    )
    told = last_complaint(log)
    assert told.startswith('"Failed to ensure chain exists" err=< error creating chain')
    assert "An older one" not in told


def test_a_log_without_errors_or_without_a_file_tells_nothing(tmp_path: Path) -> None:
    (tmp_path / "kubelet.log").write_text('I1125 10:23:02.6 51 kubelet.go:1] "Errors: none"\n')
    assert last_complaint(tmp_path / "kubelet.log") == ""
    assert last_complaint(tmp_path / "none.log") == ""
