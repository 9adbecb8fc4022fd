from __future__ import annotations

from secrets import token_hex

from runbook.ollama import Ollama, find_stored, mirror_model, pull_model
from runbook.parameters import Parameters


def test_what_a_cluster_has_is_mirrored_and_pulled_again_from_there_with_the_same_digest(
    ollama: Ollama, local: Parameters, mirror: str
) -> None:
    folder = f"{mirror.partition('/')[0]}/mirror-{token_hex(3)}"
    before = find_stored(local.text_model, ollama.tags())
    assert before is not None
    mirrored = mirror_model(ollama, local.text_model, folder, insecure=local.registry_insecure)
    assert mirrored.digest == before.digest
    assert [model.name for model in ollama.tags() if folder in model.name] == []
    ollama.delete(local.text_model)
    pulled = pull_model(ollama, local.text_model, registry=folder, insecure=local.registry_insecure)
    assert (pulled.name, pulled.digest) == (before.name, before.digest)
    assert pulled.bytes_transferred > 0
