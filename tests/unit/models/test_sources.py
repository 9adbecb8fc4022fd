"""Headers from shards, a store, a running server and a registry."""

import hashlib
import json

import pytest

from runbook.errors import ModelFileError, UsageError
from runbook.models import (
    estimate,
    find,
    header_from_show,
    read_artifact,
    read_gguf,
    read_model,
    read_store,
    shape_of,
    stored_names,
)
from runbook.models.names import reference

QWEN = {"general.architecture": "qwen3", "qwen3.block_count": 1, "qwen3.context_length": 40960}
TENSORS = [("token_embd.weight", (64, 100), 8), ("output.weight", (64, 100), 8)]
MEDIA = "application/vnd.ollama.image."


def shard(build, number, count, tensors, **metadata):
    return build(f"big-{number:05d}-of-{count:05d}.gguf", QWEN | {"split.count": ("u16", count)} | metadata, tensors)


def test_shards_are_read_as_one_whichever_is_named(build):
    first, second = shard(build, 1, 2, TENSORS[:1]), shard(build, 2, 2, TENSORS[1:])
    for path in (first, second):
        found = read_model(path)
        assert [one.name for one in found.tensors] == ["token_embd.weight", "output.weight"]
        assert found.file_bytes == first.stat().st_size + second.stat().st_size


def test_a_missing_shard_is_named(build):
    first = shard(build, 1, 3, TENSORS)
    with pytest.raises(ModelFileError, match=r"big-00002-of-00003\.gguf, big-00003-of-00003\.gguf"):
        read_model(first)


def test_shards_that_count_otherwise_are_refused(build):
    shard(build, 2, 2, TENSORS)
    with pytest.raises(ModelFileError, match="says that it has 5 shards"):
        read_model(build("big-00001-of-00002.gguf", QWEN | {"split.count": ("u16", 5)}, TENSORS))


def test_a_single_file_is_read_as_it_is(build):
    path = build("one.gguf", QWEN, TENSORS)
    assert read_model(path) == read_gguf(path)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("qwen3", ("registry.ollama.ai", "library", "qwen3", "latest")),
        ("qwen3:1.7b", ("registry.ollama.ai", "library", "qwen3", "1.7b")),
        ("me/mine:x", ("registry.ollama.ai", "me", "mine", "x")),
        ("mirror.lan:5000/library/qwen3:1.7b", ("mirror.lan:5000", "library", "qwen3", "1.7b")),
    ],
)
def test_short_names_mean_full_ones(name, parts):
    assert reference(name).parts == parts


@pytest.mark.parametrize("name", ["", "../../etc", "a/b/c/d", "a b", ":x", "..", "x/..", "model:../../up"])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(UsageError):
        reference(name)


def put(store, data):
    digest = hashlib.sha256(data).hexdigest()
    (store / "blobs").mkdir(parents=True, exist_ok=True)
    (store / "blobs" / f"sha256-{digest}").write_bytes(data)
    return {"digest": f"sha256:{digest}", "size": len(data)}


def make_store(store, build, *, projector=True):
    layers = [{"mediaType": f"{MEDIA}model", **put(store, build("m.gguf", QWEN, TENSORS).read_bytes())}]
    layers.append({"mediaType": f"{MEDIA}params", **put(store, b'{"num_ctx": 4096}')})
    if projector:
        clip = build("p.gguf", {"general.architecture": "clip"}, [("mm.0.weight", (64, 64), 1)]).read_bytes()
        layers.append({"mediaType": f"{MEDIA}projector", **put(store, clip)})
    path = store / "manifests/registry.ollama.ai/library/tiny/latest"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"layers": layers}))
    return layers


def test_a_store_gives_the_model_its_projector_and_its_parameters(tmp_path, build):
    layers = make_store(tmp_path / "store", build)
    found = read_store(tmp_path / "store", "tiny")
    assert found.digest == layers[0]["digest"]
    assert found.context_length == 4096
    assert found.header.projector.tensor_bytes == 8192
    assert shape_of(found.header).has_vision
    assert estimate(found.header).engine == "llama.cpp"
    assert found.bytes == sum(layer["size"] for layer in layers)
    assert stored_names(tmp_path / "store") == ("tiny:latest",)


def test_a_model_that_the_store_lacks_is_refused_with_what_it_has(tmp_path, build):
    make_store(tmp_path / "store", build)
    with pytest.raises(ModelFileError) as caught:
        read_store(tmp_path / "store", "qwen3:1.7b")
    assert "tiny:latest" in caught.value.why
    assert caught.value.next == "ollama pull qwen3:1.7b"


def test_a_missing_blob_is_named(tmp_path, build):
    layers = make_store(tmp_path / "store", build)
    (tmp_path / "store/blobs" / layers[0]["digest"].replace(":", "-")).unlink()
    with pytest.raises(ModelFileError, match=layers[0]["digest"]):
        read_store(tmp_path / "store", "tiny")


def test_a_digest_that_leads_out_of_the_store_is_refused(tmp_path, build):
    layers = make_store(tmp_path / "store", build)
    layers[0]["digest"] = "sha256:../../secret"
    with pytest.raises(ModelFileError, match="names a blob that is none"):
        read_artifact("tiny", {"layers": layers}, lambda *_: b"")


@pytest.mark.parametrize("manifest", [b"<html>", b"{}", b"[]", b'{"layers": 3}', b'{"layers": [{}]}', b"null"])
def test_a_manifest_that_is_none_is_refused(manifest):
    with pytest.raises(ModelFileError, match="manifest of x"):
        read_artifact("x", manifest, lambda *_: b"")


def test_a_model_in_another_format_is_refused_with_its_layers():
    layer = {"mediaType": f"{MEDIA}tensor", "digest": f"sha256:{'0' * 64}"}
    with pytest.raises(ModelFileError, match="its layers are: tensor"):
        read_artifact("x", {"layers": [layer]}, lambda *_: b"")


def test_a_registry_is_asked_for_ranges_of_blobs(tmp_path, build):
    data = build("m.gguf", QWEN, TENSORS).read_bytes()
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    asked = []

    def fetch(name, at, count):
        asked.append((name, at))
        return data[at : at + count]

    manifest = {"layers": [{"mediaType": f"{MEDIA}model", "digest": digest, "size": len(data)}]}
    found = read_artifact("far", manifest, fetch)
    assert found.header.tensor_bytes == 13600
    assert asked == [(digest, 0)]
    assert found.context_length is None


def test_an_error_page_in_place_of_a_blob_is_named():
    layer = {"mediaType": f"{MEDIA}model", "digest": f"sha256:{'0' * 64}", "size": 10}
    with pytest.raises(ModelFileError, match="a web page"):
        read_artifact("x", {"layers": [layer]}, lambda *_: b"<html>502</html>")


def shown(entry, **changes):
    tensors = [{"name": one.name, "type": one.type_name, "shape": list(one.shape)} for one in entry.header.tensors]
    info = {key: list(value) if isinstance(value, tuple) else value for key, value in entry.header.metadata.items()}
    return {"model_info": info | {"tokenizer.ggml.tokens": None} | changes, "tensors": tensors}


def test_what_a_server_shows_gives_the_same_estimate_as_the_file():
    entry = find("qwen3:1.7b")
    found = estimate(header_from_show(shown(entry), "qwen3:1.7b"), context_length=2048)
    assert found == estimate(entry, context_length=2048)


def test_a_type_that_the_server_does_not_name_has_no_size():
    answer = shown(find("qwen3:1.7b"))
    answer["tensors"][0]["type"] = "unknown"
    found = estimate(header_from_show(answer))
    assert found.lower_bound


def test_a_list_per_layer_that_the_server_leaves_out_is_asked_for_again():
    answer = shown(find("qwen3:1.7b"), **{"qwen3.attention.head_count_kv": None})
    with pytest.raises(ModelFileError, match="verbose"):
        header_from_show(answer)


def test_an_answer_without_tensors_is_refused():
    with pytest.raises(ModelFileError, match="does not describe the tensors"):
        header_from_show({"model_info": {}})


def test_a_projector_is_counted_from_its_number_of_weights():
    answer = shown(find("moondream")) | {"projector_info": {"general.parameter_count": 454_000_000}}
    header = header_from_show(answer)
    assert header.projector.tensor_bytes == 908_000_000
    assert estimate(header).engine == "llama.cpp"
