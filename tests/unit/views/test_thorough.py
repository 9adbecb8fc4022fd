from types import SimpleNamespace
from typing import Any

from runbook.inference import Phase, Sample, Statistic, Thorough, Trace, Workload
from runbook.record import to_json
from runbook.views import memory_over_time, thorough

MIB = 2**20
SAMPLE = Sample(0.0, 900 * MIB, 500 * MIB, 400 * MIB, 0, 900 * MIB, None, None, None, None, None, None)
TRACE = Trace(
    (SAMPLE, Sample(1.0, 950 * MIB, 540 * MIB, 400 * MIB, 0, 950 * MIB, None, None, None, None, None, None)),
    (Phase("load <b>m</b>", 0.0, 1.0, 540 * MIB, 400 * MIB, 950 * MIB, 950 * MIB),),
    limit_bytes=2048 * MIB,
)


def work(concurrency: int, items: float, wait_s: float, memory: int | None) -> Workload:
    values = (Statistic.of([items]), Statistic.of([2 * items]), Statistic.of([wait_s]))
    return Workload(concurrency, *values, asked=4, unanswered=0, anon_peak_bytes=memory)


def test_what_several_at_once_bring_and_cost_is_said_in_words() -> None:
    found = Thorough("m", work=[work(1, 10, 6.0, 500 * MIB), work(4, 12, 18.0, 560 * MIB)])
    said = (
        "4 at once: 1.20 times the bookmarks a minute, and each waits 3.00 times as long, and takes +60 MiB of memory."
    )
    assert said in thorough(found).text


def test_what_was_not_measured_is_not_shown(measured: Any) -> None:
    assert thorough(Thorough("m")).text == ""
    assert "42.0 (40.0 to 44.0) tok/s" in thorough(SimpleNamespace(speed=measured)).text


def test_what_a_run_kept_of_it_shows_the_same() -> None:
    found = Thorough("m", work=[work(1, 10, 6.0, None), work(2, 12, 9.0, None)])
    assert thorough(to_json(found)[0]).text == thorough(found).text


def test_memory_over_time_names_each_phase_with_its_peaks() -> None:
    picture = memory_over_time(TRACE)
    assert picture.text == "load <b>m</b>: 540.0 MiB in the processes, 950.0 MiB in all, 1 s"
    assert "<b>" not in picture.svg
    assert "processes (anon)" in picture.svg
    assert "limit 2.00 GiB" in picture.svg


def test_memory_over_time_reads_what_a_run_kept() -> None:
    assert memory_over_time(to_json(TRACE)[0]).text == memory_over_time(TRACE).text


def test_a_watch_that_saw_nothing_says_so() -> None:
    assert memory_over_time(Trace((), ())).text == "nothing was seen"
    assert "ended early: the pod went" in memory_over_time(Trace((), (), ended_because="the pod went")).text
