import signal
import threading
from collections.abc import Iterator

import pytest

from runbook.rebuild.interrupts import interruptible, whole


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    assert [signal.getsignal(number) for number in numbers] == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_every_signal_that_ends_a_program_is_an_interrupt(number: signal.Signals) -> None:
    with pytest.raises(KeyboardInterrupt), interruptible():
        signal.raise_signal(number)


def test_a_block_that_must_be_whole_is_not_interrupted_until_its_end() -> None:
    reached = False
    with pytest.raises(KeyboardInterrupt), interruptible(), whole(then_interrupt=True):
        signal.raise_signal(signal.SIGTERM)
        reached = True
    assert reached


def test_what_ends_the_program_anyway_forgets_the_signal() -> None:
    with interruptible(), whole():
        signal.raise_signal(signal.SIGINT)


def test_a_thread_leaves_the_signals_alone() -> None:
    before = signal.getsignal(signal.SIGTERM)
    seen: list[object] = []

    def work() -> None:
        with interruptible(), whole():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]
