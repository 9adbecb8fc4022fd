import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from runbook.errors import RecordError, UsageError
from runbook.record.folder import RunFolder, only_run

HOLDER = """
import sys, time
from pathlib import Path
from runbook.record.folder import only_run
with only_run(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


WITH_KERNEL = """
import os, signal, subprocess, sys
from pathlib import Path
from runbook.record.folder import only_run
with only_run(Path(sys.argv[1])) as lock:
    subprocess.Popen(["sleep", "1"], pass_fds=(lock,), stdout=subprocess.DEVNULL)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_run_is_named_by_its_time_and_four_digits(tmp_path: Path) -> None:
    assert re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{4}", RunFolder.create(tmp_path / "homelab").id)


def test_runs_that_start_at_once_have_folders_of_their_own(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda _: RunFolder.create(tmp_path).id, range(64)))
    assert len(set(made)) == 64


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "homelab").write_text("a file")
    with pytest.raises(RecordError, match="No run can be kept"):
        RunFolder.create(tmp_path / "homelab")


def test_a_second_run_of_a_target_names_the_first(tmp_path: Path) -> None:
    with only_run(tmp_path / "homelab"), pytest.raises(UsageError) as refused, only_run(tmp_path / "homelab"):
        pass
    assert refused.value.what == "Target homelab is being rebuilt already."
    assert re.fullmatch(rf"process {os.getpid()}, started 20.*Z", refused.value.why)


def test_different_targets_run_side_by_side(tmp_path: Path) -> None:
    with only_run(tmp_path / "a"), only_run(tmp_path / "b"):
        pass


def test_the_lock_of_a_killed_run_is_free(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    with holder.stdout:
        assert holder.stdout.readline() == b"held\n"
    with pytest.raises(UsageError, match="being rebuilt already"), only_run(tmp_path):
        pass
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with only_run(tmp_path):
        pass


def test_the_next_run_waits_for_the_kernels_of_a_killed_one(tmp_path: Path) -> None:
    begun = time.monotonic()
    killed = subprocess.run([sys.executable, "-c", WITH_KERNEL, str(tmp_path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    with only_run(tmp_path):
        assert time.monotonic() - begun > 1


def test_a_kernel_that_outlives_its_run_does_not_hold_the_target(tmp_path: Path) -> None:
    with only_run(tmp_path) as lock:
        kernel = subprocess.Popen(["sleep", "30"], pass_fds=(lock,))
    with only_run(tmp_path):
        assert kernel.poll() is None
    kernel.kill()
    kernel.wait()
