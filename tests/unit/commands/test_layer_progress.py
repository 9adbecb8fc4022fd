import io
import re

from runbook.commands.layer_progress import LayerProgress
from runbook.commands.progress import Pulse
from runbook.ollama import PullProgress

DIGEST = "sha256:" + "ab" * 32
SIZE = 8 << 20


def written(*lines: PullProgress, every_s: float = 60.0) -> str:
    stream = io.StringIO()
    with Pulse(stream, every_s=every_s) as pulse:
        show = LayerProgress(pulse, "m:1b")
        for line in lines:
            show(line)
    return stream.getvalue()


def test_a_layer_leaves_one_line_however_many_the_server_sends():
    moving = [PullProgress("pulling abababababab", DIGEST, SIZE, at * SIZE // 1000) for at in range(1001)]
    lines = written(PullProgress("pulling manifest"), *moving, PullProgress("success")).splitlines()
    assert len(lines) == 1
    assert re.match(r"m:1b  abababababab  8\.0 MiB  ", lines[0])


def test_a_wait_for_another_attempt_is_said_with_its_cause():
    said = written(PullProgress("waiting 2 s after: connection refused"))
    assert said == "m:1b  waiting 2 s after: connection refused\n"
