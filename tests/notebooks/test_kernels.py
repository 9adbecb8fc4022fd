"""The kernels themselves: private, quick to come, and gone when nobody wants them."""

from __future__ import annotations

import asyncio
import json
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from runbook.rebuild.kernels import Kernel, Kernels

FORKED = pytest.mark.parametrize("fork", [True], ids=["forked"])

pytestmark = pytest.mark.usefixtures("few_imports")


@pytest.fixture(params=[True, False], ids=["forked", "fresh"])
def fork(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


@pytest.fixture
def kernels(tmp_path: Path, fork: bool) -> Iterator[Kernels]:
    made = Kernels(tmp_path, {"FOR_KERNELS": "told"}, fork=fork)
    yield made
    made.close()


async def value(kernel: Kernel, code: str) -> str:
    """What a kernel prints."""
    said: list[str] = []
    hook = lambda message: said.append(message["content"].get("text", ""))  # noqa: E731
    await kernel.client.execute_interactive(code, output_hook=hook, timeout=30)
    return "".join(said).strip()


def process(kernel: Kernel) -> psutil.Process:
    return psutil.Process(kernel.manager.provisioner.pid)  # type: ignore[union-attr]


def gone(found: psutil.Process, seconds: float = 3) -> bool:
    deadline = time.monotonic() + seconds
    while found.is_running() and found.status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_a_kernel_works_in_the_folder_it_is_given_and_knows_its_step(
    kernels: Kernels, runner: asyncio.Runner, tmp_path: Path
) -> None:
    kernel = runner.run(kernels.take("03_apply"))
    code = "import os; print(os.getcwd(), os.environ['RUNBOOK_STEP'], os.environ['FOR_KERNELS'], __name__)"
    assert runner.run(value(kernel, code)) == f"{tmp_path} 03_apply told __main__"
    runner.run(kernel.end())


@FORKED
def test_a_kernel_is_reached_over_sockets_in_a_folder_that_nobody_else_can_enter(
    kernels: Kernels, runner: asyncio.Runner
) -> None:
    kernel = runner.run(kernels.take("03_apply"))
    described = json.loads(Path(kernel.manager.connection_file).read_bytes())
    folder = Path(kernel.manager.connection_file).parent
    sockets = {path for path in folder.iterdir() if path.is_socket()}
    assert described["transport"] == "ipc"
    assert {Path(f"{described['ip']}-{described[port]}") for port in described if port.endswith("_port")} == sockets
    assert stat.S_IMODE(folder.stat().st_mode) & 0o777 == 0o700
    runner.run(kernel.end())


def test_a_kernel_that_was_ended_is_gone_with_what_it_started(kernels: Kernels, runner: asyncio.Runner) -> None:
    kernel = runner.run(kernels.take("03_apply"))
    child = psutil.Process(
        int(runner.run(value(kernel, "import subprocess; print(subprocess.Popen(['sleep', '300']).pid)")))
    )
    mother = process(kernel)
    runner.run(kernel.end())
    assert gone(mother)
    assert gone(child)


@FORKED
def test_kernels_prepared_for_steps_are_the_ones_taken(kernels: Kernels, runner: asyncio.Runner) -> None:
    async def prepared() -> list[Kernel]:
        kernels.prepare([("04_pull", "python3"), ("05_verify", "python3")])
        await kernels.settle()
        return [await kernels.take("05_verify"), await kernels.take("04_pull")]

    verify, pull = runner.run(prepared())
    assert Path(pull.manager.connection_file).name == "k1.json"
    assert Path(verify.manager.connection_file).name == "k2.json"
    assert runner.run(value(pull, "import os; print(os.environ['RUNBOOK_STEP'])")) == "04_pull"
    runner.run(pull.end())
    runner.run(verify.end())


@FORKED
def test_prepared_kernels_that_are_not_wanted_are_ended(kernels: Kernels, runner: asyncio.Runner) -> None:
    async def unwanted() -> list[psutil.Process]:
        kernels.prepare([(f"0{number}_step", "python3") for number in range(9)])
        await kernels.settle()
        found = [process(spare.result()) for spare in kernels._spares.values()]
        kernels.prepare([("91_troubleshoot", "python3")])
        await asyncio.sleep(0)  # its start begins, and is cut off
        await kernels.end_spares()
        return found

    found = runner.run(unwanted())
    assert len(found) == 3
    assert all(gone(one) for one in found)


@FORKED
def test_a_nursery_that_was_killed_is_replaced(
    kernels: Kernels, runner: asyncio.Runner, kill: Callable[[Kernels], None]
) -> None:
    first = runner.run(kernels.take("03_apply"))
    kill(kernels)
    assert gone(process(first), 5)
    runner.run(first.end())
    second = runner.run(kernels.take("04_pull"))
    assert runner.run(value(second, "print(1)")) == "1"
    runner.run(second.end())


@pytest.fixture
def kill() -> Callable[[Kernels], None]:
    def nursery(kernels: Kernels) -> None:
        kernels._nursery._process.kill()
        kernels._nursery._process.wait()

    return nursery


@FORKED
def test_closing_ends_every_kernel_and_removes_the_folder(kernels: Kernels, runner: asyncio.Runner) -> None:
    kernel = runner.run(kernels.take("03_apply"))
    folder, found = Path(kernel.manager.connection_file).parent, process(kernel)
    kernels.close()
    assert gone(found)
    assert not folder.exists()
    kernel.client.stop_channels()
    runner.run(kernel.end())
