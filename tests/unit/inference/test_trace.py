from __future__ import annotations

from dataclasses import replace

from runbook.inference import Sample, Trace
from runbook.inference.trace import phases_of

FIRST = Sample(0.0, 100, 50, 40, 10, 120, None, None, None, None, None, None)
SAMPLES = tuple(replace(FIRST, at_s=at / 10, anon_bytes=50 + at % 37) for at in range(1000))


def test_each_phase_has_the_peaks_of_its_own_samples() -> None:
    samples = (FIRST, replace(FIRST, at_s=1.0, anon_bytes=70), replace(FIRST, at_s=2.0, anon_bytes=60))
    load, measure = phases_of(samples, [("load", 0.0), ("measure", 1.5)], 2.0)
    assert (load.name, load.anon_peak_bytes, load.until_s) == ("load", 70, 1.5)
    assert (measure.anon_peak_bytes, measure.working_set_peak_bytes) == (60, 90)


def test_a_trace_that_is_thinned_keeps_its_peak() -> None:
    trace = Trace(SAMPLES, ())
    thin = trace.thinned(100)
    assert len(thin.samples) == 100
    assert thin.anon_peak_bytes == trace.anon_peak_bytes == 86


def test_the_rate_is_that_of_the_samples() -> None:
    hertz = Trace(SAMPLES, ()).hertz
    assert hertz is not None
    assert round(hertz, 6) == 10


def test_an_empty_trace_says_nothing() -> None:
    empty = Trace((), ())
    assert (empty.anon_peak_bytes, empty.hertz, empty.kernel_peak_bytes) == (None, None, None)


def test_a_sample_at_the_border_belongs_to_what_begins_there() -> None:
    before, after = FIRST, replace(FIRST, at_s=1.0, anon_bytes=900)
    load, measure = phases_of((before, after), [("load", 0.0), ("measure", 1.0)], 1.0)
    assert (load.anon_peak_bytes, measure.anon_peak_bytes) == (50, 900)


def test_a_watch_without_a_mark_has_no_phases() -> None:
    assert phases_of(SAMPLES, [], 5.0) == ()
