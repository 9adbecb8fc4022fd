from __future__ import annotations

from runbook.kubernetes.diff import differences


def test_what_the_server_keeps_for_itself_is_no_difference() -> None:
    before = {"metadata": {"name": "x", "resourceVersion": "1", "generation": 1}, "status": {"a": 1}}
    after = {
        "metadata": {
            "name": "x",
            "resourceVersion": "2",
            "managedFields": [{}],
            "annotations": {"deployment.kubernetes.io/revision": "2"},
        }
    }
    assert differences(before, after) == ()


def test_an_annotation_of_somebody_else_is_a_difference() -> None:
    after = {"metadata": {"name": "x", "annotations": {"team.example/owner": "me"}}}
    assert differences({"metadata": {"name": "x"}}, after) == ('+ metadata.annotations."team.example/owner": "me"',)


def test_a_changed_field_shows_both_values() -> None:
    assert differences({"spec": {"replicas": 1}}, {"spec": {"replicas": 2}}) == ("spec.replicas: 1 -> 2",)


def test_items_of_a_list_are_told_apart_by_name_and_not_by_place() -> None:
    before = {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}
    after = {"env": [{"name": "B", "value": "3"}, {"name": "A", "value": "1"}]}
    assert differences(before, after) == ('env[name=B].value: "2" -> "3"',)


def test_items_that_share_their_names_are_told_apart_by_place() -> None:
    before = {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}
    after = {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "SCTP"}]}
    assert differences(before, after) == ('ports[1].protocol: "TCP" -> "SCTP"',)


def test_a_field_that_goes_is_marked() -> None:
    before = {"spec": {"replicas": 1, "paused": True}}
    assert differences(before, {"spec": {"replicas": 1}}) == ("- spec.paused: true",)


def test_a_new_object_shows_all_of_it() -> None:
    new = {"kind": "Service", "metadata": {"name": "x"}, "spec": {"type": "ClusterIP"}}
    assert differences(None, new) == (
        '+ kind: "Service"',
        '+ metadata.name: "x"',
        '+ spec.type: "ClusterIP"',
    )
