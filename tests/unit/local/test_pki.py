"""Certificates and kubeconfigs: valid under their authority, private, and made once."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from cryptography import x509

from runbook.local.pki import Identity, make_certificates, write_kubeconfig

SERVER = Identity("server", "kube-apiserver", hosts=("localhost", "198.18.0.2"))
CLIENT = Identity("admin", "admin", "system:masters")


def test_each_certificate_is_signed_by_the_authority_and_names_its_hosts(tmp_path: Path) -> None:
    make_certificates(tmp_path, (SERVER, CLIENT))
    authority = x509.load_pem_x509_certificate((tmp_path / "ca.crt").read_bytes())
    for name in ("server", "admin"):
        x509.load_pem_x509_certificate((tmp_path / f"{name}.crt").read_bytes()).verify_directly_issued_by(authority)
    server = x509.load_pem_x509_certificate((tmp_path / "server.crt").read_bytes())
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["198.18.0.2"]


def test_keys_and_kubeconfigs_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    make_certificates(tmp_path / "pki", (CLIENT,))
    write_kubeconfig(tmp_path / "kubeconfig", server="https://x", pki=tmp_path / "pki", identity="admin", context="c")
    private = [*(tmp_path / "pki").glob("*.key"), tmp_path / "kubeconfig"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}
    assert json.loads((tmp_path / "kubeconfig").read_text())["current-context"] == "c"


def test_a_second_time_keeps_what_is_there(tmp_path: Path) -> None:
    make_certificates(tmp_path, (CLIENT,))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    make_certificates(tmp_path, (CLIENT,))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
