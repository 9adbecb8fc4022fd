from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from runbook.errors import Exit, ParameterError
from runbook.parameters import Parameters
from runbook.targets import TARGETS, load_target

GOOD = "context: home\n"


@pytest.mark.parametrize("path", sorted(TARGETS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_target_of_the_project_loads_by_name_and_by_path(path):
    assert load_target(path.stem) == load_target(path) == load_target(str(path))


def test_the_homelab_target_is_the_plan():
    homelab = load_target("homelab")
    assert homelab.models == ("qwen3:1.7b", "moondream", "gemma3:1b")
    assert (homelab.context, homelab.storage_class, homelab.storage_size) == ("homelab", "longhorn", "10Gi")
    assert (homelab.cpu_request, homelab.cpu_limit) == ("1", "4")
    assert (homelab.memory_request, homelab.memory_limit) == ("2Gi", "6Gi")


def test_what_the_file_leaves_out_takes_its_default(write):
    assert load_target(write(GOOD)) == Parameters(target="home", context="home")


def test_the_target_is_named_by_its_file(write):
    assert load_target(write(GOOD)).target == "home"
    assert load_target(write(GOOD + "target: home\n")).target == "home"


def test_a_target_named_differently_from_its_file_is_refused(refusal):
    message = refusal("target: away\n" + GOOD)
    assert "home.yaml:1: target is 'away', expected 'home'" in message


def test_a_file_name_that_is_no_target_name_is_refused(tmp_path):
    path = tmp_path / "My Home.yaml"
    path.write_text(GOOD)
    with pytest.raises(ParameterError, match=r"target is 'My Home', expected a name of lower-case letters"):
        load_target(path)


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("cpu_limit: 4", "cpu_limit", "4"),
        ("cpu_limit: 1.50", "cpu_limit", "1.50"),
        ("namespace: 08", "namespace", "08"),
        ("namespace: no", "namespace", "no"),
        ("description: 1_000", "description", "1_000"),
        ("description: '#1'", "description", "#1"),
        ("description: null and void", "description", "null and void"),
        ("text_model: 'null'", "text_model", "null"),
        ("vision_model: ~", "vision_model", None),
        ("vision_model:", "vision_model", None),
        ("registry_insecure: \"false\"", "registry_insecure", False),
        ("registry_insecure: True", "registry_insecure", True),
        ("context_length: '4096'", "context_length", 4096),
        ("job_timeout_s: 9e1", "job_timeout_s", 90.0),
        ("job_timeout_s: .5", "job_timeout_s", 0.5),
        ("fallback_models: [a, b]", "fallback_models", ("a", "b")),
        ("fallback_models: []", "fallback_models", ()),
        ("environment: {OLLAMA_DEBUG: 1, OLLAMA_KEEP_ALIVE: -1, A: true}", "environment",
         {"OLLAMA_DEBUG": "1", "OLLAMA_KEEP_ALIVE": "-1", "A": "true"}),
        ("node_selector: {kubernetes.io/arch: amd64, gpu: false}", "node_selector",
         {"kubernetes.io/arch": "amd64", "gpu": "false"}),
        ("memory_limit: &size 8Gi\nstorage_size: *size", "storage_size", "8Gi"),
    ],
)  # fmt: skip
def test_a_value_is_read_by_the_declared_type_and_not_by_yamls_guess(write, line, name, value):
    assert getattr(load_target(write(f"{GOOD}{line}\n")), name) == value


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("memory_limit: 6GB", ["memory_limit is '6GB'", "from 1Mi to 64Ti", "did you mean 6Gi"]),
        ("memory_limit: 512m", ["memory_limit is '512m'", "did you mean 512Mi"]),
        ("memory_limit: 6", ["memory_limit is '6'", "not from 1Mi to 64Ti"]),
        ("memory_limit: [6Gi]", ["memory_limit is a list", "a quantity of bytes"]),
        ("cpu_limit: 4000", ["cpu_limit is '4000'", "cores such as 500m"]),
        ("context_length: 2_048", ["context_length is '2_048'", "a whole number of tokens from 256 to 1048576"]),
        ("context_length: 08", ["context_length is '08'", "a whole number"]),
        ("context_length: 0x800", ["context_length is '0x800'", "a whole number"]),
        ("context_length: 2048.0", ["context_length is '2048.0'", "a whole number"]),
        ("context_length: true", ["context_length is 'true'", "a whole number"]),
        ("context_length: 255", ["context_length is '255'", "from 256"]),
        ("context_length: 99999999999999999999999", ["context_length is", "to 1048576"]),
        ("job_timeout_s: .nan", ["job_timeout_s is '.nan'", "a number of seconds above 0 and at most 86400"]),
        ("job_timeout_s: nan", ["job_timeout_s is 'nan'", "seconds"]),
        ("job_timeout_s: .inf", ["job_timeout_s is '.inf'", "at most 86400"]),
        ("job_timeout_s: 1e999", ["job_timeout_s is '1e999'", "at most 86400"]),
        ("job_timeout_s: 180s", ["job_timeout_s is '180s'", "a number of seconds"]),
        ("registry_insecure: yes", ["registry_insecure is 'yes'", "true or false", "did you mean true"]),
        ("registry_insecure: 0", ["registry_insecure is '0'", "true or false"]),
        ("output_schema: jsno", ["output_schema is 'jsno'", "structured, json or plain", "did you mean json"]),
        ("text_model: null", ["text_model is null", "a model name such as qwen3:1.7b"]),
        ("text_model: ''", ["text_model is ''", "a model name"]),
        ("vision_model: {name: moondream}", ["vision_model is a mapping", "or null"]),
        ("fallback_models: gemma3:1b", ["fallback_models is 'gemma3:1b'", "a list"]),
        ("fallback_models: [a, 'b c', [d]]", ["item 2 of fallback_models is 'b c'", "item 3 of fallback_models is a"]),
        ("environment: [A]", ["environment is a list", "a mapping"]),
        ("environment: {A: [1]}", ["environment.A is a list", "text"]),
        ("environment: {A: }", ["environment.A is null", "text"]),
        ("environment: {A: 1, A: 2}", ["environment.A is given twice"]),
        ("environment: {A-B: 1}", ["environment.A-B is not accepted", "letters, digits and '_'"]),
        ("environment: {? [A] : 1}", ["a key of environment is not a name"]),
        ("node_selector: {gpu: no thanks}", ["node_selector.gpu is 'no thanks'", "at most 63 characters"]),
        ("registry: http://mirror:5000/library", ["begins with a scheme", "host:port/folder"]),
        ("registry: mirror:99999/library", ["port", "1 to 65535"]),
        ("storage_class: ''", ["storage_class is ''", "or null"]),
        ("cluster_uid: mine", ["cluster_uid is 'mine'", "a UID such as"]),
        ("description: !secret x", ["YAML tag '!secret'"]),
        ("memroy_limit: 6Gi", ["'memroy_limit' is no parameter", "the nearest is memory_limit"]),
        ("memoryLimit: 6Gi", ["'memoryLimit' is no parameter", "the nearest is memory_limit"]),
        ("memory-limit: 6Gi", ["the nearest is memory_limit"]),
        ("xyzzy: 1", ["'xyzzy' is no parameter"]),
        ("<<: {namespace: ai}", ["'<<' is no parameter"]),
        ("[a]: b", ["a key is not a name"]),
    ],
)
def test_a_mistake_is_refused_with_file_and_line_value_and_what_is_expected(refusal, line, said):
    message = refusal(f"{GOOD}{line}\n")
    assert "home.yaml:2: " in message
    for words in said:
        assert words in message


def test_a_key_given_twice_is_refused_with_both_lines(refusal):
    assert "home.yaml:3: namespace is given twice, first in line 2" in refusal(f"{GOOD}namespace: a\nnamespace: a\n")


def test_a_missing_context_is_refused_with_its_meaning(refusal):
    message = refusal("contxt: home\n")
    assert "home.yaml:1: 'contxt' is no parameter; the nearest is context" in message
    assert "context is missing" in message
    assert "kubeconfig context of the cluster" in message


def test_a_request_above_its_limit_is_refused_at_the_line_of_the_request(refusal):
    message = refusal(f"{GOOD}memory_limit: 1Gi\nmemory_request: 1025Mi\n")
    assert "home.yaml:3: memory_request is 1025Mi, which is above memory_limit, 1Gi" in message


def test_a_limit_below_the_default_request_is_refused_at_the_line_of_the_limit(refusal):
    assert "home.yaml:2: memory_request is 2Gi, which is above memory_limit, 1Gi" in refusal(f"{GOOD}memory_limit: 1Gi")


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_lines(refusal):
    message = refusal("memory_limit: 6GB\nnamspace: ai\ncpu_request: 9\ncpu_limit: 8\n", {"repetitions": "0"})
    order = ["home.yaml:1: ", "home.yaml:2: ", "home.yaml:3: ", "command line: ", "context is missing"]
    assert [message.index(words) for words in order] == sorted(message.index(words) for words in order)
    assert "5 mistakes" in message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "home.yaml:1: is empty"),
        ("# nothing\n", "home.yaml:1: is empty"),
        ("- a\n", "home.yaml:1: is a list, expected lines of the form `key: value`"),
        ("home\n", "home.yaml:1: is a single text"),
        ("context: home\n\tnamespace: ai\n", "home.yaml:2: is not YAML: there is a tab"),
        ("context: 'home\n", "is not YAML"),
        ("context: home\nnamespace: [\n", "is not YAML"),
        ("context: a: b\n", "home.yaml:1: is not YAML"),
        ("context: a\n---\ncontext: b\n", "there is a second document"),
        ("context: *nothing\n", "home.yaml:1: is not YAML"),
        ("[" * 5000, "nested too deeply"),
        ("context: a\0b\n", "is not YAML"),
        ("a" * 1_000_001, "is longer than"),
    ],
    ids=range(13),
)
def test_broken_yaml_is_refused_with_its_line(refusal, text, said):
    assert said in refusal(text)


def test_a_secret_in_the_environment_is_refused_and_not_repeated(refusal):
    message = refusal(f"{GOOD}environment:\n  HF_TOKEN: hunter2\n  PROXY: http://me:hunter2@proxy\n")
    assert "home.yaml:3: environment.HF_TOKEN is a secret by its name" in message
    assert "home.yaml:4: environment.PROXY looks like a key or an address with a password" in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    "text",
    [
        "environment: hunter2",
        "environment: {A B: hunter2}",
        "api_token: hunter2",
        "registry: http://me:hunter2@mirror:5000/library",
        "environment: {A: 'hunter2",
    ],
)
def test_a_mistake_near_a_secret_does_not_repeat_it(refusal, text):
    assert "hunter2" not in refusal(f"{GOOD}{text}\n")


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("memory_limit", "8Gi", "8Gi"),
        ("cpu_limit", 8, "8"),
        ("context_length", "4096", 4096),
        ("context_length", 4096, 4096),
        ("job_timeout_s", 20, 20.0),
        ("registry_insecure", "true", True),
        ("registry_insecure", True, True),
        ("vision_model", "", None),
        ("vision_model", "null", None),
        ("vision_model", None, None),
        ("description", "", ""),
        ("description", "a: b # c", "a: b # c"),
        ("fallback_models", "a, b", ("a", "b")),
        ("fallback_models", "[a, b]", ("a", "b")),
        ("fallback_models", "", ()),
        ("fallback_models", ["a", "b"], ("a", "b")),
        ("environment", "A=1,B=x=y", {"A": "1", "B": "x=y"}),
        ("environment", '{A: "1,2"}', {"A": "1,2"}),
        ("environment", {"A": 1}, {"A": "1"}),
        ("environment", "", {}),
    ],
)
def test_an_override_is_converted_by_the_declared_type(write, name, given, value):
    assert getattr(load_target(write(GOOD), {name: given}), name) == value


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("memory_limit", "8GB", "memory_limit is '8GB'"),
        ("memroy_limit", "8Gi", "'memroy_limit' is no parameter; the nearest is memory_limit"),
        ("context_length", "", "context_length is ''"),
        ("context_length", None, "context_length is null"),
        ("context_length", True, "context_length is 'true'"),
        ("job_timeout_s", float("nan"), "job_timeout_s is 'nan'"),
        ("context", "", "context is ''"),
        ("target", "other", "target is 'other', expected 'home'"),
        ("fallback_models", "[a", "fallback_models is not YAML"),
        ("fallback_models", "a,,b", "item 2 of fallback_models is ''"),
        ("environment", "A", "environment.A is null"),
        ("environment", "API_KEY=x", "environment.API_KEY is a secret"),
        ("memory_limit", "1Gi", "memory_request is 2Gi, which is above memory_limit, 1Gi"),
    ],
)
def test_a_wrong_override_is_refused_naming_the_command_line(refusal, name, given, said):
    message = refusal(GOOD, {name: given})
    assert message.startswith(f"command line: {said}")


def test_an_override_may_come_from_a_notebook(write):
    with pytest.raises(ParameterError, match=r"^03_apply: cpu_limit"):
        load_target(write(GOOD), {"cpu_limit": "many"}, overrides_from="03_apply")


def test_an_override_does_not_hide_a_mistake_in_the_file(refusal):
    assert "home.yaml:2: memory_limit is '6GB'" in refusal(f"{GOOD}memory_limit: 6GB\n", {"memory_limit": "6Gi"})


def test_a_wrong_target_is_a_mistake_of_usage(refusal):
    assert ParameterError("").exit_status == Exit.USAGE
    assert "Next: `runbook parameters`" in refusal("")


FRAGMENTS = st.sampled_from([
    GOOD, "a", ": ", "\n", "  ", "- ", "[", "]", "{", "}", ",", "&a ", "*a", "!x ", "!!str ", "!!map ", "%YAML 1.1\n",
    "---\n", "...\n", "|\n", ">-\n", "'", '"', "\\", "\t", "#", "? ", "<<: ", "null", "~", "=", "@", "`", "\ufeff",
    "\x85", "\u2028", "\\x00", "\\ud800", "08", "1e999", ".inf", "\r\n", "|2\n", "\x7f", "🦙",
    *(f"{name}: " for name in Parameters.model_fields),
])  # fmt: skip
ONE_FOLDER = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)


def either(path: Path, text: bytes, overrides: dict[str, object] | None = None) -> None:
    path.write_bytes(text)
    try:
        loaded = load_target(path, overrides)
    except ParameterError as error:
        str(error).encode()
    else:
        assert Parameters.model_validate(loaded.model_dump()) == loaded


@given(st.one_of(st.binary(max_size=80), st.text(max_size=80).map(lambda text: text.encode("utf-8", "replace"))))
@example(b"context: *a\n&a b: c")
@ONE_FOLDER
def test_any_text_loads_or_is_refused_as_a_wrong_parameter(tmp_path, text):
    either(tmp_path / "home.yaml", text)


@given(st.lists(FRAGMENTS, max_size=20).map("".join))
@example("context: &a [*a]\n")
@example("fallback_models: &a [*a]\n")
@example('context: "\\ud800"\n')
@ONE_FOLDER
def test_any_yaml_loads_or_is_refused_as_a_wrong_parameter(tmp_path, text):
    either(tmp_path / "home.yaml", GOOD.encode() + text.encode("utf-8"))


VALUES = st.recursive(
    st.one_of(st.text(max_size=12), st.integers(), st.floats(), st.none(), st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=4,
)


@given(
    st.dictionaries(st.one_of(st.sampled_from(tuple(Parameters.model_fields)), st.text(max_size=6)), VALUES, max_size=4)
)
@ONE_FOLDER
def test_any_overrides_are_taken_or_refused_as_wrong_parameters(tmp_path, overrides):
    either(tmp_path / "home.yaml", GOOD.encode(), overrides)


@given(st.integers(256, 1_048_576), st.floats(0.001, 86_400), st.booleans())
@ONE_FOLDER
def test_what_was_written_is_what_is_loaded(tmp_path, tokens, seconds, insecure):
    path = tmp_path / "home.yaml"
    path.write_text(f"{GOOD}context_length: {tokens}\njob_timeout_s: {seconds!r}\nregistry_insecure: {insecure}\n")
    loaded = load_target(path)
    assert (loaded.context_length, loaded.job_timeout_s, loaded.registry_insecure) == (tokens, seconds, insecure)
