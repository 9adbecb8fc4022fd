from __future__ import annotations

import json

from runbook.kubernetes.forward import bad_gateway


def test_the_answer_for_a_stream_that_failed_is_one_that_an_http_client_reads() -> None:
    head, _, body = bad_gateway("no pod is ready").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 502 ")
    assert f"Content-Length: {len(body)}".encode() in head
    assert json.loads(body) == {"error": "port-forward: no pod is ready"}
