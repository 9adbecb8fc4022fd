import json
import subprocess
import sys
from pathlib import Path

from runbook.hardware import machine, node_program


def printed(seconds):
    program = Path(node_program.__file__).read_text()
    command = [sys.executable, "-I", "-c", program, str(32 << 20), str(seconds)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    return ran.stdout


def test_the_program_prints_one_line_that_describes_this_machine():
    text = printed(0.05)
    assert text.count("\n") == 1
    assert len(text) < 16 << 10, "the runtime cuts longer lines of a log"
    found = machine(json.loads(text))
    assert found.threads >= 1
    assert found.bandwidth.gb_per_s.median > 0
    assert found.bandwidth.buffer_bytes <= 32 << 20
    sizes = [one.buffer_bytes for one in found.bandwidth.one_core]
    assert sizes == sorted(sizes)


def test_without_time_nothing_is_measured():
    assert machine(json.loads(printed(0))).bandwidth is None


def test_the_half_is_copied_onto_the_other():
    memory = node_program.Memory(1 << 20, 1)
    (buffer,) = memory.maps
    buffer[memory.half :] = b"\1" * memory.half
    memory.copy(memory.starts[0])
    assert buffer[0] == 1
    assert buffer[memory.half - 1] == 1
