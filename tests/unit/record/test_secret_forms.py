"""Two corpora: real formats of secrets, all of which are masked wherever they stand, and what only looks like one.

The secrets are made here, from a fixed seed and in pieces, so that no scanner takes this file for a leak.
"""

from __future__ import annotations

import base64
import json
import random
import string
import struct
import uuid
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbook.record.redaction import Redactor
from runbook.targets import PROJECT

CHANCE = random.Random(8)
ALNUM = string.ascii_letters + string.digits
UPPER = string.ascii_uppercase + string.digits
HEX = "0123456789abcdef"


def some(length: int, letters: str = ALNUM) -> str:
    made = "".join(CHANCE.choice(letters) for _ in range(length - 2))
    return f"{letters[0]}{made}{letters[-1]}"


def encoded(text: str | bytes) -> str:
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


def pem(label: str) -> str:
    lines = "\n".join(encoded(CHANCE.randbytes(48)) for _ in range(8))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----"


def jwt() -> str:
    parts = (json.dumps({"alg": "RS256", "kid": some(20)}), json.dumps({"iss": "kubernetes/serviceaccount"}))
    head, body = (base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)
    return f"{head}.{body}.{base64.urlsafe_b64encode(CHANCE.randbytes(256)).decode().rstrip('=')}"


# Secrets that are known by their form alone.
BY_FORM = {
    "AWS access key id": "AKIA" + some(16, UPPER),
    "AWS temporary key id": "ASIA" + some(16, UPPER),
    "GCP API key": "AIza" + some(35),
    "GCP OAuth token": "ya29." + some(60),
    "GCP client secret": "GOCSPX-" + some(28),
    "Azure client secret": some(3) + "8Q~" + some(34),
    "GitHub token": "ghp_" + some(36),
    "GitHub app token": "ghs_" + some(36),
    "GitHub fine-grained token": "github_pat_" + some(22) + "_" + some(59),
    "GitLab token": "glpat-" + some(20),
    "GitLab routable token": "glpat-" + some(27) + ".01." + some(9),
    "GitLab runner token": "glrt-" + some(20),
    "Slack bot token": "xoxb-" + some(12, string.digits) + "-" + some(12, string.digits) + "-" + some(24),
    "Slack user token": "xoxp-" + some(12, string.digits) + "-" + some(32, HEX),
    "Slack app token": "xapp-1-" + some(11, UPPER) + "-" + some(13, string.digits) + "-" + some(64, HEX),
    "OpenAI key": "sk-" + some(48),
    "OpenAI project key": "sk-proj-" + some(60) + "-" + some(40) + "_" + some(40),
    "Anthropic key": "sk-ant-api03-" + some(93) + "AA",
    "OpenRouter key": "sk-or-v1-" + some(64, HEX),
    "DeepSeek key": "sk-" + some(32, HEX),
    "Hugging Face token": "hf_" + some(34),
    "Groq key": "gsk_" + some(52),
    "NVIDIA key": "nvapi-" + some(64),
    "Stripe key": "sk_live_" + some(24),
    "SendGrid key": "SG." + some(22) + "." + some(43),
    "npm token": "npm_" + some(36),
    "PyPI token": "pypi-AgE" + some(80),
    "Docker Hub token": "dckr_pat_" + some(27),
    "DigitalOcean token": "dop_v1_" + some(64, HEX),
    "Grafana token": "glsa_" + some(32) + "_" + some(8, HEX),
    "Vault token": "hvs." + some(90),
    "Tailscale key": "tskey-auth-" + some(12) + "-" + some(24),
    "Telegram bot token": some(10, string.digits) + ":AA" + some(33),
    "Databricks token": "dapi" + some(32, HEX),
    "Shopify token": "shpat_" + some(32, HEX),
    "age key": "AGE-SECRET-KEY-1" + some(58, UPPER),
    "service account token": jwt(),
    "client key of a kubeconfig": encoded(pem("RSA PRIVATE KEY")),
    "certificate of a kubeconfig": encoded(pem("CERTIFICATE")),
}
CONTEXTS: dict[str, Callable[[str], str]] = {
    "alone": lambda secret: secret,
    "in a sentence": lambda secret: f"the key {secret} was refused.",
    "in JSON": lambda secret: json.dumps({"a": [secret, 1]}),
    "in JSON in JSON": lambda secret: json.dumps(json.dumps({"a": secret})),
    "in YAML": lambda secret: f"a:\n  value: {secret}\n  other: 1\n",
    "in a variable": lambda secret: f"export THIS={secret}; run",
    "in an escape": lambda secret: f"'a\\n{secret}\\n'",
    "in a traceback": lambda secret: f"\x1b[0;31mValueError\x1b[0m: bad value '{secret}'",
    "in HTML": lambda secret: f"<td>{secret}</td>",
    "in a query": lambda secret: f"https://example.org/v1?key={secret}&x=1",
    "in a list": lambda secret: f"({secret},{secret})",
}
# Secrets that their surroundings make secrets.
BY_PLACE = [
    ("aws_secret_access_key = {}", some(40)),
    ('"SecretAccessKey": "{}"', some(40)),
    ("AWS_SECRET_ACCESS_KEY={}", some(38) + "/+"),
    ("AWS_SESSION_TOKEN={}", encoded(CHANCE.randbytes(120))),
    ("DefaultEndpointsProtocol=https;AccountName=a;AccountKey={};EndpointSuffix=core", encoded(CHANCE.randbytes(64))),
    ("Endpoint=sb://a.example/;SharedAccessKey={}", encoded(CHANCE.randbytes(32))),
    ("https://a.blob.example/c?sv=2022&sig={}&se=1", some(43) + "%3D"),
    ("X-Amz-Signature={}", some(64, HEX)),
    ("OPENAI_API_KEY={}", some(20)),
    ("OPENAI_API_KEY='{}'", some(20)),
    ('os.environ["OPENAI_API_KEY"] = "{}"', some(20)),
    ("export HF_TOKEN={}", some(12)),
    ("KARAKEEP_API_KEY: {}", "ak1_" + some(20)),
    ("NEXTAUTH_SECRET={}", encoded(CHANCE.randbytes(36))),
    ("MEILI_MASTER_KEY_SECRET={}", some(30)),
    ("azure_client_secret: '{}'", some(34)),
    ("    token: {}", some(64, HEX)),
    ("    token: {}", "abcdef." + some(16, string.ascii_lowercase + string.digits)),
    ("kubeadm join 10.0.0.1:6443 --token {} --x", "abcdef." + some(16, string.ascii_lowercase + string.digits)),
    ("    client-key-data: {}", encoded(CHANCE.randbytes(300))),
    ("    certificate-authority-data: {}", encoded(CHANCE.randbytes(300))),
    ("    client-certificate-data: {}", encoded(CHANCE.randbytes(300))),
    ("    password: {}", "hunter2"),
    ("  db-password: {}", encoded("correct horse")),
    ('"password": "{}"', "correct horse battery"),
    ('{{"a": "{{\\"password\\": \\"{}\\"}}"}}', "geheim1"),
    ("PGPASSWORD={} psql", "letmein"),
    ("DB_PASS={}", "letmein"),
    ('{{"pass": "{}"}}', "letmein"),
    ("smtp_pwd: {}", "letmein"),
    ("mysql --password={} -h db", "letmein7"),
    ("docker login --password {} registry.lan", "letmein7"),
    ("<td>password</td><td>{}</td>", "letmein7"),
    ('{{"auths": {{"registry.lan:5000": {{"auth": "{}"}}}}}}', encoded("alex:" + some(20))),
    ('"identitytoken": "{}"', some(40)),
    (".dockerconfigjson: {}", encoded('{"auths": {"a": {"auth": "' + some(20) + '"}}}')),
    ("Authorization: Bearer {}", some(24)),
    ("authorization: bearer {}", some(24, string.ascii_lowercase)),
    ("'Authorization': 'Basic {}'", encoded("alex:letmein")),
    ("Authorization: token {}", some(40, HEX)),
    ("-H 'Authorization: {}'", some(30)),
    ("sent Bearer {} to it", some(24)),
    ("X-Api-Key: {}", some(32, HEX)),
    ("PRIVATE-TOKEN: {}", some(20)),
    ("Cookie: session={}", some(40)),
    ("Set-Cookie: sid={}; HttpOnly", some(40)),
    ("postgres://alex:{}@db.lan:5432/x", "p%40ss-word"),
    ("redis://:{}@cache:6379/0", some(12)),
    ("https://alex:{}@git.example.org/r.git", some(20)),
    ("https://{}@git.example.org/r.git", some(40)),
    ("curl -u alex:{} https://example.org", "letmein"),
    ("https://hooks.slack.com/{}", "services/T" + some(9, UPPER) + "/B" + some(9, UPPER) + "/" + some(24)),
    ("https://discord.com/api/webhooks/123456789012345678/{}", some(68)),
    ('"private_key": "{}"', pem("PRIVATE KEY").replace("\n", "\\n")),
    ("{}", pem("RSA PRIVATE KEY")),
    ("{}", pem("OPENSSH PRIVATE KEY")),
    ("{}", pem("EC PRIVATE KEY")),
    ("{}", pem("ENCRYPTED PRIVATE KEY")),
    ("{}", pem("PGP PRIVATE KEY BLOCK")),
    ("cut off: {}", pem("PRIVATE KEY")[:300]),
]


def picture() -> str:
    """A real PNG of noise, 160 by 160, in base64 with line ends."""
    rows = b"".join(b"\0" + CHANCE.randbytes(480) for _ in range(160))
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", 160, 160, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    chunks = (struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in parts)
    return base64.encodebytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks)).decode()


INNOCENT = [
    "passed  The probes pass: ready, 0 restarts", "<td>The probes pass</td><td>ready, 0 restarts</td>",
    "PWD=/Home/Alex", '"client-key-data": _encoded(key)',
    f"sha256:{some(64, HEX)}", some(64, HEX), some(40, HEX), str(uuid.UUID(int=CHANCE.getrandbits(128))),
    "qwen3:1.7b", "gemma3:270m", "hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M",
    "llama3.2-vision:11b-instruct-q4_K_M", "ollama/ollama:0.15.6@sha256:" + some(64, HEX),
    "registry.lan:5000/library/gemma3", "oci://registry.lan:5000/a@sha256:" + some(64, HEX),
    "ollama-5d9c7b6f4d-x2k9q", "default-token-abc12", "kube-root-ca.crt", "persistentvolumeclaim/ollama-models",
    "500m", "6Gi", "2147483648", "41.9472000246314", "v1.36.3", "20261125T061500Z-3fa9", "tokens: 2048",
    "max_tokens=256", "token: 7", '"eval_count": 12, "prompt_token_count": 40', "tokens per second: 41.9",
    '"tokenizer.ggml.bos_token_id": 2', '"eos_token": "<|im_end|>"', '"bos_token": "<s>"',
    "tokenizer: gpt2-bpe-small", "secretName: ollama-tls", "secret: ollama-tls", "kind: Secret",
    "imagePullSecrets: [regcred]", "token: default-token-abc12", "automountServiceAccountToken: false",
    "serviceAccountToken:\n  path: token", "path: /var/run/secrets/kubernetes.io/serviceaccount/token",
    "token_file: /var/run/secrets/kubernetes.io/serviceaccount/token", "password: str = ''",
    "def f(password: str, token: str | None = None)", "token = self.token", "password=getpass.getpass()",
    "api_key = settings.api_key", "password: ${DB_PASSWORD}", "token: $TOKEN", "--authorization-mode=Node,RBAC",
    "authorization:\n  mode: Webhook", "rbac.authorization.k8s.io/v1", "Bearer authentication is used",
    "basic authentication", "http://127.0.0.1:11434/api/tags", "https://example.org:8443/a@b",
    "git@github.com:a/b.git", "user@example.org", "docker run -u 1000:1000 image", "-----BEGIN CERTIFICATE-----",
    "password: ", "the secret is to be patient", "no key is needed", "key=value", "sort(key=lambda x: x)",
    "primary_key: 12345678", "disk-pressure-threshold-a-long-name-0A1", "task-list", "OLLAMA_KEEP_ALIVE=5m",
    "OLLAMA_MAX_QUEUE_TOKENS=4096", "path=/usr/local/bin", "data: image/png", "author: Alex B. 12345678",
]  # fmt: skip


@pytest.fixture
def redactor() -> Redactor:
    return Redactor()


@pytest.mark.parametrize("name", BY_FORM, ids=str)
def test_a_secret_is_known_by_its_form_wherever_it_stands(redactor: Redactor, name: str) -> None:
    for context, place in CONTEXTS.items():
        masked = redactor.text(place(BY_FORM[name]))
        assert BY_FORM[name] not in masked, context
        assert "[secret]" in masked, context
        assert not any(part in masked for part in _pieces(BY_FORM[name])), context
        assert redactor.take().keys() - {"credential"}, context


@pytest.mark.parametrize(
    ("place", "secret"), BY_PLACE, ids=[f"{n}-{place[:30]}" for n, (place, _) in enumerate(BY_PLACE)]
)
def test_a_secret_is_known_by_where_it_stands(redactor: Redactor, place: str, secret: str) -> None:
    masked = redactor.text(place.format(secret))
    assert secret not in masked
    assert "[secret]" in masked
    assert not any(part in masked for part in _pieces(secret))


@pytest.mark.parametrize(
    ("place", "secret"), BY_PLACE, ids=[f"{n}-{place[:30]}" for n, (place, _) in enumerate(BY_PLACE)]
)
def test_what_is_masked_stays_as_it_is_when_it_is_masked_again(redactor: Redactor, place: str, secret: str) -> None:
    masked = redactor.text(f"first {place.format(secret)}\n{place.format(secret)}")
    redactor.take()
    assert redactor.text(masked) == masked
    assert redactor.take() == {}


@pytest.mark.parametrize("text", INNOCENT)
def test_what_only_looks_like_a_secret_is_left_alone(redactor: Redactor, text: str) -> None:
    for context in CONTEXTS.values():
        assert redactor.text(context(text)) == context(text)


def test_pictures_are_left_alone(redactor: Redactor) -> None:
    for _ in range(10):
        lines = picture()
        assert len(lines) > 50_000
        one = lines.replace("\n", "")
        assert redactor.text(lines) == lines
        assert redactor.value({"image/png": one}) == {"image/png": one}
        assert redactor.text(f'<img src="data:image/png;base64,{one}">') == f'<img src="data:image/png;base64,{one}">'


@pytest.mark.parametrize(
    "pattern", ["notebooks/*.ipynb", "manifests/**/*.yaml", "targets/*.yaml", "requirements*.txt", "README.md"]
)
def test_nothing_of_the_project_itself_is_masked(redactor: Redactor, pattern: str) -> None:
    files = sorted(PROJECT.glob(pattern))
    assert files
    for path in files:
        text = path.read_text()
        assert redactor.text(text) == text, path.name
        if path.suffix == ".ipynb":
            assert redactor.value(json.loads(text)) == json.loads(text)


def test_a_member_that_is_named_as_a_secret_is_masked_in_an_object(redactor: Redactor) -> None:
    value = {
        "db_password": "hunter2", "clientSecret": "Zx81QqLm90", "token": 5, "tokens": "many", "secretName": "a-b",
        "env": [{"name": "OPENAI_API_KEY", "value": "abcd1234efgh"}, {"name": "OLLAMA_DEBUG", "value": "abcd1234efgh"}],
    }  # fmt: skip
    assert redactor.value(value) == {
        "db_password": "[secret]", "clientSecret": "[secret]", "token": 5, "tokens": "many", "secretName": "a-b",
        "env": [{"name": "OPENAI_API_KEY", "value": "[secret]"}, {"name": "OLLAMA_DEBUG", "value": "abcd1234efgh"}],
    }  # fmt: skip
    assert redactor.take() == {"credential": 3}


def test_a_private_key_that_runs_over_the_lines_of_a_traceback_is_masked_whole(redactor: Redactor) -> None:
    key = pem("PRIVATE KEY").splitlines()
    assert redactor.value(["before", *key, "after"]) == ["before", "[secret]", "after"]
    assert redactor.value(key[:5]) == ["[secret]"]


def test_the_kinds_are_counted(redactor: Redactor) -> None:
    redactor.text(f"{BY_FORM['GitHub token']} {BY_FORM['AWS access key id']} https://a:{some(9)}@b/")
    assert redactor.take() == {"token": 1, "cloudKey": 1, "password": 1}


@pytest.mark.timeout(120)  # searched again from each beginning to its end, each would take many minutes
@pytest.mark.parametrize("beginning", ["-eyJ", "-sk-", "curl ", "cookie:", "authorization:", "bearer ", "pass:", "://"])
def test_a_text_of_nothing_but_beginnings_is_gone_through_once(redactor: Redactor, beginning: str) -> None:
    text = beginning * (200_000 // len(beginning))
    assert redactor.text(text) == text


@given(
    st.lists(
        st.one_of(
            st.text(), st.sampled_from([*(place.format(secret) for place, secret in BY_PLACE), *BY_FORM.values()])
        ),
        max_size=6,
    )
)
def test_masking_twice_is_masking_once(parts: list[str]) -> None:
    redactor = Redactor(["FAKE-tok-8f31c0de-000"], home="/home/alex", user="alex")
    once = redactor.text(" ".join(parts))
    assert redactor.text(once) == once


@pytest.mark.parametrize("form", [json.dumps, repr, lambda text: text.replace("&", "&amp;").replace("<", "&lt;")])
def test_a_known_secret_is_masked_in_the_forms_it_is_written_in(form: Callable[[str], str]) -> None:
    secret = 'pass&word<"9'
    assert "word" not in Redactor([secret]).text(f"it is {form(secret)}")


def _pieces(secret: str) -> list[str]:
    """Long parts of a secret: what is left over must not be enough to use it."""
    return [secret[at : at + 16] for at in range(0, len(secret) - 16, 8)] if len(secret) >= 32 else []
