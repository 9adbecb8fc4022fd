from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from runbook.models.allocator import Arena, peak_bytes
from runbook.models.tape import Tape, external, new, over, view
from runbook.models.tape import given as carried


def test_the_smallest_gap_that_fits_is_taken():
    arena = Arena()
    places = [arena.take(size) for size in (64, 32, 128, 32, 96, 32)]
    arena.give(places[0], 64)
    arena.give(places[2], 128)
    arena.give(places[4], 96)
    assert arena.take(96) == places[4]
    assert arena.peak_bytes == 384


def test_gaps_that_touch_become_one():
    arena = Arena()
    first, second, _ = arena.take(32), arena.take(32), arena.take(32)
    arena.give(first, 32)
    arena.give(second, 32)
    assert arena.take(64) == first


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 1000)), max_size=60))
def test_places_never_overlap_and_everything_given_back_is_one_gap_again(moves):
    arena, held = Arena(), []
    for takes, number in moves:
        if takes or not held:
            held.append((arena.take(number), number))
        else:
            arena.give(*held.pop(number % len(held)))
        spans = sorted((at, at + size) for at, size in held)
        assert all(before[1] <= after[0] for before, after in pairwise(spans))
    for place in held:
        arena.give(*place)
    assert arena.take(1 << 20) == 0


def test_an_operation_in_place_needs_nothing_and_one_with_a_second_reader_does():
    tape = Tape()
    first = new((256,), external(1))
    tape.run(over(over(first)))
    assert peak_bytes(tape) == 1024
    tape = Tape()
    first = new((256,), external(1))
    tape.run(new((1,), over(first), first))
    assert peak_bytes(tape) == 2048 + 32


def test_memory_is_free_again_when_the_last_view_of_it_is_done():
    tape = Tape()
    first = new((256,), external(1))
    small = new((8,), view(first, 16, 16))
    tape.run(new((256,), small))
    assert peak_bytes(tape) == 1024 + 32
    assert len(tape.leaves) == 1


def test_what_carries_the_batch_in_is_freed_after_its_last_use():
    tape = Tape()
    tape.run(new((256,), new((8,), carried(256))))
    assert peak_bytes(tape) == 1024 + 32
