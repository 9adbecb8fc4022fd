import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from runbook.errors import UsageError
from runbook.record import RunFolder, seal, sign, signer, verify
from runbook.record.sign import KEY_VARIABLE, private_key, public_key
from tests.unit.record.making import make_run, rewrite, write_key_pair


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    return write_key_pair(tmp_path)


@pytest.fixture
def signed(tmp_path: Path, keys: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    monkeypatch.setenv(KEY_VARIABLE, str(keys[0]))
    run = make_run(tmp_path / "box", signer=signer())
    monkeypatch.delenv(KEY_VARIABLE)
    return run


def what(run: RunFolder, key: Path | None = None) -> list[tuple[str, str]]:
    return [(one.where, one.what) for one in verify(run.path, key).findings]


def test_a_run_is_signed_when_it_is_sealed_and_verifies_with_the_public_key(
    signed: RunFolder, keys: tuple[Path, Path]
) -> None:
    found = verify(signed.path, keys[1])
    assert (found.verdict, found.signed_by) == ("good", private_key(keys[0]).public_key.keyid)
    assert not any("signature" in one for one in found.unproved)


def test_without_the_public_key_it_is_said_that_anyone_may_have_signed(signed: RunFolder) -> None:
    found = verify(signed.path)
    assert found.verdict == "good"
    assert any("Whose key signed it" in one for one in found.unproved)


def test_the_key_of_another_does_not_verify_it(signed: RunFolder, tmp_path: Path) -> None:
    _, other = write_key_pair(tmp_path, "other")
    [(where, why)] = what(signed, other)
    assert where == "record.sig"
    assert why.startswith("it is by the key ")


def test_a_signature_that_was_promised_and_is_gone_is_missed(signed: RunFolder) -> None:
    signed.signature.unlink()
    assert what(signed) == [("record.sig", "it is missing: the run was to be signed")]


def test_a_run_that_must_be_signed_and_is_not_is_not_good(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    assert what(make_run(tmp_path / "box"), keys[1]) == [("record.sig", "it is missing")]


def test_one_who_rewrites_the_whole_folder_is_found_by_the_signature(
    signed: RunFolder, keys: tuple[Path, Path]
) -> None:
    signed.index.write_text("<p>another page</p>")
    seal(signed)
    assert what(signed) == [("record.sig", "it signs another record than the one beside it")]


def test_one_who_signs_with_a_key_of_his_own_is_found_by_what_was_promised_and_by_the_key(
    signed: RunFolder, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    private, _ = write_key_pair(tmp_path, "other")
    seal(signed)
    sign(signed, private)
    assert what(signed) == [("record.sig", "it is by another key than the journal's first event names")]
    rewrite(signed, lambda events: events[0].update(signer=private_key(private).public_key.keyid))
    sign(signed, private)
    assert verify(signed.path).verdict == "good"
    assert verify(signed.path, keys[1]).verdict == "tampered"


@pytest.mark.parametrize("name", ["sig", "keyid", "publicKey"])
def test_a_part_of_the_envelope_cannot_be_another(signed: RunFolder, name: str) -> None:
    envelope = json.loads(signed.signature.read_text())
    value = envelope["signatures"][0][name]
    swapped = base64.b64encode(b"\0" * 64).decode() if name == "sig" else "0" * len(value)
    envelope["signatures"][0][name] = swapped
    signed.signature.write_text(json.dumps(envelope, sort_keys=True, indent=1) + "\n")
    assert what(signed)[0][0] == "record.sig"


def test_no_message_repeats_what_a_file_or_a_variable_holds(
    tmp_path: Path, keys: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    value = keys[0].read_text()
    monkeypatch.setenv(KEY_VARIABLE, value)
    with pytest.raises(UsageError, match="named by the path") as refused:
        signer()
    assert value.splitlines()[1] not in str(refused.value)
    public_only = tmp_path / "public"
    public_only.write_text(value.replace("PRIVATE", "PRIVATE "))
    with pytest.raises(UsageError) as refused:
        private_key(public_only)
    assert value.splitlines()[1] not in str(refused.value)


def test_a_key_of_another_kind_or_behind_a_passphrase_is_refused(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    path = tmp_path / "other.pem"
    curve = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(UsageError, match="another kind"):
        private_key(path)
    locked = Ed25519PrivateKey.generate()
    path.write_bytes(locked.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"long enough")))
    with pytest.raises(UsageError, match="passphrase"):
        private_key(path)
    with pytest.raises(UsageError, match="no public key"):
        public_key(keys[0])
    with pytest.raises(UsageError, match="No such file"):
        public_key(tmp_path / "nowhere")


def test_without_the_variable_no_run_is_signed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    assert signer() is None
    assert not make_run(tmp_path / "box").signature.exists()
