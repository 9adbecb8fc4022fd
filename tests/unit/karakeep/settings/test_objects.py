from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbook.errors import UsageError
from runbook.karakeep.settings import read_object
from runbook.karakeep.settings.objects import read_yaml

FILE = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: books}
data:
  INFERENCE_TEXT_MODEL: gemma3:1b
  INFERENCE_NUM_WORKERS: "2"
---
apiVersion: v1
kind: Secret
metadata: {name: keys}
data:
  NEXTAUTH_SECRET: aGVsbG8=
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: karakeep, namespace: books}
spec:
  template:
    spec:
      containers:
        - name: search
          image: getmeili/meilisearch:v1
        - name: web
          image: ghcr.io/karakeep-app/karakeep:0.30.0
          envFrom:
            - configMapRef: {name: settings}
            - secretRef: {name: keys}
            - configMapRef: {name: absent}
          env:
            - name: INFERENCE_NUM_WORKERS
              value: "1"
            - name: INFERENCE_LANG
              valueFrom: {configMapKeyRef: {name: settings, key: INFERENCE_TEXT_MODEL}}
            - name: OPENAI_API_KEY
              valueFrom: {secretKeyRef: {name: keys, key: x}}
            - name: EMPTY
"""


def test_a_workload_has_its_own_variables_and_those_of_its_maps_each_with_its_line() -> None:
    environment = read_yaml(FILE, "karakeep.yaml")
    assert [(one.name, one.value, one.line) for one in environment.settings] == [
        ("INFERENCE_TEXT_MODEL", "gemma3:1b", 5),
        ("NEXTAUTH_SECRET", None, 12),
        ("INFERENCE_NUM_WORKERS", "1", 30),
        ("INFERENCE_LANG", "gemma3:1b", 32),
        ("OPENAI_API_KEY", None, 34),
        ("EMPTY", "", 36),
    ]
    assert environment.unread == ("ConfigMap absent",)
    assert (environment.image, environment.namespace) == ("ghcr.io/karakeep-app/karakeep:0.30.0", "books")


def test_a_containers_own_variable_beats_that_of_a_map_and_is_not_called_set_twice() -> None:
    environment = read_yaml(FILE, "karakeep.yaml")
    assert environment.text("INFERENCE_NUM_WORKERS") == "1"
    assert environment.twice() == ()


def test_a_configmap_alone_is_an_environment() -> None:
    environment = read_yaml(FILE.split("---")[0], "settings.yaml")
    assert environment.text("INFERENCE_TEXT_MODEL") == "gemma3:1b"


def test_an_object_of_a_cluster_has_no_lines_and_names_itself() -> None:
    body = {"kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"INFERENCE_LANG": "english"}}
    (one,) = read_object(body, "configmap/settings", lambda *_: None).settings
    assert one.place == "configmap/settings"


def test_a_list_of_objects_is_read() -> None:
    text = '{"kind": "List", "items": [{"kind": "ConfigMap", "data": {"A": "b"}}]}'
    assert read_yaml(text, "all.json").text("A") == "b"


@pytest.mark.parametrize("text", ["kind: Service", "", "a: [", "- a", "kind: Deployment\nspec: 3", "\x00", "&a [*a]"])
def test_what_holds_no_environment_is_refused_in_words(text: str) -> None:
    with pytest.raises(UsageError):
        read_yaml(text, "x.yaml")


def test_a_file_of_aliases_costs_no_more_than_its_length() -> None:
    levels = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))
    with pytest.raises(UsageError):
        read_yaml(f"a0: &a0 [x]\n{levels}", "x.yaml")


@given(st.text(alphabet="a:-[]{}&*!|>'\"#%@`,?\n \t0\x85é", max_size=40))
def test_any_text_at_all_is_refused_in_words(text: str) -> None:
    with pytest.raises(UsageError):
        read_yaml(text, "x.yaml")


@given(st.recursive(st.none() | st.text(max_size=5) | st.integers(), lambda inner: st.lists(inner, max_size=3)))
def test_an_object_of_any_shape_is_read_or_refused_in_words(odd: object) -> None:
    containers = {"kind": "Deployment", "spec": {"template": {"spec": {"containers": [{"env": odd, "envFrom": odd}]}}}}
    for body in ({"kind": "ConfigMap", "data": odd, "metadata": odd}, {"kind": "Pod", "spec": odd}, containers):
        with suppress(UsageError):
            read_object(body, "x", lambda *_: None)
