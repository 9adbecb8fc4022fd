"""The signature of a record: `record.sig`, an Ed25519 signature in a DSSE envelope that holds the record itself.

A key is named by the path of its PEM file, never given as a value. The envelope carries the public key, so that a
damaged signature is found without it; whose key it is, only a public key from elsewhere can tell.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runbook.errors import RecordError, UsageError
from runbook.record.files import write_atomic
from runbook.record.folder import RunFolder
from runbook.record.strict import dumps, loads

if TYPE_CHECKING:  # most runs are not signed, and it takes long to import
    from securesystemslib.signer import CryptoSigner, SSlibKey

KEY_VARIABLE = "RUNBOOK_SIGNING_KEY"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
PUBLIC_KEY_FIELD = "publicKey"
LARGEST_KEY_BYTES = 16_384


def signer() -> str | None:
    """The id of the key that `RUNBOOK_SIGNING_KEY` names, which signs the runs of this process; None without it.

    Raises:
        UsageError: The variable is set, and does not name a file with an Ed25519 private key.
    """
    path = named_key()
    return private_key(path).public_key.keyid if path else None


def named_key() -> Path | None:
    """The file that `RUNBOOK_SIGNING_KEY` names; None without it."""
    named = os.environ.get(KEY_VARIABLE, "")
    return Path(named) if named else None


def sign(folder: RunFolder, key: Path) -> str:
    """Sign the record of a run, and return the id of the key.

    Args:
        folder: The run; its record is signed as it lies there, verified or not.
        key: File with an Ed25519 private key in PEM.

    Raises:
        UsageError: The file holds no such key.
        RecordError: The record cannot be read, or the signature not be written.
    """
    from securesystemslib.dsse import Envelope

    secret = private_key(key)
    try:
        envelope = Envelope(folder.record.read_bytes(), PAYLOAD_TYPE, {})
        signature = envelope.sign(secret)
        signature.unrecognized_fields[PUBLIC_KEY_FIELD] = secret.public_key.keyval["public"]
        write_atomic(folder.signature, dumps(envelope.to_dict(), indent=1) + "\n")
    except OSError as error:
        raise RecordError(f"The record of {folder.id} cannot be signed.", why=str(error)) from error
    return str(signature.keyid)


def check_signature(signature: bytes, record: bytes, key: SSlibKey | None) -> tuple[str, str]:
    """The id of the key that signed a record, and what is wrong with the signature; empty where it holds.

    Args:
        signature: What `record.sig` holds.
        record: What `record.json` holds.
        key: The public key it must be by; None checks it against the public key it carries.
    """
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import VerificationError

    try:
        envelope = Envelope.from_dict(loads(signature))
        [found] = envelope.signatures.values()
        carried = _carried_key(found.unrecognized_fields)
        canonical = dumps(envelope.to_dict(), indent=1).encode() + b"\n" == signature
    except Exception as error:  # noqa: BLE001 - a hostile envelope may break the library anywhere
        return "", f"it is no signature as this project writes one ({type(error).__name__})"
    if key is not None and found.keyid != key.keyid:
        return found.keyid, f"it is by the key {_short(found.keyid)}, not by {_short(key.keyid)}"
    if envelope.payload != record or envelope.payload_type != PAYLOAD_TYPE:
        return found.keyid, "it signs another record than the one beside it"
    if not canonical or carried.keyid != found.keyid:
        return found.keyid, "the envelope was changed"
    try:
        envelope.verify([key or carried], 1)
    except VerificationError:
        return found.keyid, "it is not by the key it names"
    return found.keyid, ""


def private_key(path: Path) -> CryptoSigner:
    """The private key in a file.

    Raises:
        UsageError: The file cannot be read or holds no Ed25519 private key in PEM; no message repeats what it holds.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from securesystemslib.signer import CryptoSigner

    data = _key_file(path)
    try:
        found = load_pem_private_key(data, None)
    except (ValueError, TypeError) as error:
        why = "it is locked by a passphrase" if isinstance(error, TypeError) else "it holds no private key in PEM"
        raise _no_key(path, why) from None
    if not isinstance(found, Ed25519PrivateKey):
        raise _no_key(path, "its key is of another kind than Ed25519")
    return CryptoSigner(found)


def public_key(path: Path) -> SSlibKey:
    """The public key in a file.

    Raises:
        UsageError: The file cannot be read or holds no Ed25519 public key in PEM.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
    from securesystemslib.signer import SSlibKey

    try:
        found = load_pem_public_key(_key_file(path))
    except ValueError:
        raise _no_key(path, "it holds no public key in PEM") from None
    if not isinstance(found, Ed25519PublicKey):
        raise _no_key(path, "its key is of another kind than Ed25519")
    return SSlibKey.from_crypto(found)


def _key_file(path: Path) -> bytes:
    if "PRIVATE KEY" in str(path):
        raise UsageError("A key is named by the path of its file, not given itself.", next=_MAKE_A_KEY)
    try:
        with path.open("rb") as file:
            return file.read(LARGEST_KEY_BYTES)
    except OSError as error:
        raise _no_key(path, error.strerror or "it cannot be read") from None


def _no_key(path: Path, why: str) -> UsageError:
    return UsageError(f"{path} holds no key for a record.", why=why, next=_MAKE_A_KEY)


def _carried_key(fields: dict[str, Any]) -> SSlibKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from securesystemslib.signer import SSlibKey

    [(name, value)] = fields.items()
    if name != PUBLIC_KEY_FIELD:
        raise ValueError(name)
    return SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(bytes.fromhex(value)))


def _short(key_id: str) -> str:
    return f"{key_id[:12]}..." if len(key_id) > 12 else key_id


_MAKE_A_KEY = "`openssl genpkey -algorithm ed25519 -out KEY` makes one, `openssl pkey -in KEY -pubout` its public half."
