"""Rules about where Karakeep sends its requests."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from urllib.parse import SplitResult, urlsplit

from runbook.karakeep.settings.environment import Setting
from runbook.karakeep.settings.rule import Found, Rule, Severity, Situation, missing

URL = "OLLAMA_BASE_URL"
KEY = "OPENAI_API_KEY"
PORT = 11434
SERVICE = "ollama"
ITSELF = ("localhost", "host.docker.internal")


def proposal(situation: Situation) -> str:
    """The address that is right in a cluster: the Service's whole name, of the target where there is one."""
    namespace = situation.parameters.namespace if situation.parameters else "ai"
    return f"http://{SERVICE}.{namespace}.svc.cluster.local:{PORT}"


def _key_wins(situation: Situation) -> Iterator[Found]:
    key = situation.environment.get(KEY)
    if key is None or not key.is_filled:
        return
    base = situation.environment.text("OPENAI_BASE_URL") or ""
    if f":{PORT}" in base or SERVICE in (_host(base) or ""):
        effect = "Karakeep asks Ollama through /v1, its OpenAI route, which `runbook karakeep check` does not replay"
        remedy = "For a thinking model set OPENAI_REASONING_EFFORT=none; otherwise remove both and set OLLAMA_BASE_URL."
        yield Found(KEY, effect, remedy, "note", key)
        return
    effect = (
        "the key is looked for first: Ollama is never asked, and every bookmark's text goes to the provider of the key"
    )
    yield Found(KEY, effect, f"Remove {KEY}, also from the Secret that holds it.", setting=key)


def _no_address(situation: Situation) -> Iterator[Found]:
    if situation.uses_openai:
        return
    remedy = f"Set {URL}={proposal(situation)}."
    found = situation.environment.get(URL)
    if found is not None and not found.is_filled:
        yield Found(URL, "empty: Karakeep has no provider and tags nothing, without an error", remedy, setting=found)
    yield from missing(situation, URL, "Karakeep has no provider and tags nothing, without an error", remedy)


def _asks_itself(situation: Situation) -> Iterator[Found]:
    setting, url = _address(situation)
    host = (url.hostname or "") if url else ""
    if setting and host and (host in ITSELF or _is_own(host)):
        effect = f"{host} is Karakeep's own container, where no Ollama listens: every request is refused"
        yield Found(URL, effect, f"Set {URL}={proposal(situation)}.", setting=setting)


def _malformed(situation: Situation) -> Iterator[Found]:
    setting, url = _address(situation)
    if setting is None:
        return
    remedy = f"Set {URL}={proposal(situation)}."
    if url is None or url.scheme not in ("http", "https") or not url.hostname:
        effect = "no address of the form http://host:port: Karakeep refuses to start, or asks the wrong port"
        yield Found(URL, effect, remedy, "error", setting)
        return
    if url.path.strip("/"):
        effect = "Karakeep appends /api/generate itself: with a path in front every request answers 404"
        yield Found(URL, effect, remedy, "error", setting)
    if _port(url) is None:
        effect = f"without a port {443 if url.scheme == 'https' else 80} is asked; Ollama listens on {PORT}"
        severity: Severity = "warning" if url.scheme == "http" else "note"
        yield Found(URL, effect, f"Write the port, such as {proposal(situation)}.", severity, setting)


def _elsewhere(situation: Situation) -> Iterator[Found]:
    """Only names of the cluster can be compared with the target."""
    setting, url = _address(situation)
    parameters, host = situation.parameters, (url.hostname if url else None) or ""
    if setting is None or parameters is None or not host or host in ITSELF or _is_ip(host):
        return
    parts = host.split(".")
    remedy = f"Set {URL}={proposal(situation)}."
    home = situation.environment.namespace or parameters.consumer_namespace
    if len(parts) == 1 and home != parameters.namespace:
        effect = f"{host} is looked for in {home} alone, and Ollama is in {parameters.namespace}: no such host"
        yield Found(URL, effect, remedy, "error", setting)
    elif _is_in_cluster(parts) and parts[:2] != [SERVICE, parameters.namespace]:
        effect = f"leads to {parts[0]} in {parts[1]}; the target's Ollama is {SERVICE} in {parameters.namespace}"
        yield Found(URL, effect, remedy, setting=setting)
    if _port(url) not in (None, PORT):
        yield Found(URL, f"the Service listens on {PORT}: the connection is refused", remedy, setting=setting)


def _is_in_cluster(parts: list[str]) -> bool:
    """Whether the parts of a name are those of a Service: name and namespace, with or without what follows."""
    return len(parts) == 2 or parts[2:3] == ["svc"]


def _address(situation: Situation) -> tuple[Setting | None, SplitResult | None]:
    """The setting, and its address where it is one."""
    setting = situation.environment.get(URL)
    if setting is None or setting.value is None or not setting.is_filled:
        return None, None
    try:
        return setting, urlsplit(setting.value.strip())
    except ValueError:
        return setting, None


def _host(text: str) -> str | None:
    try:
        return urlsplit(text).hostname
    except ValueError:
        return None


def _port(url: SplitResult | None) -> int | None:
    try:
        return url.port if url else None
    except ValueError:
        return None


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_own(host: str) -> bool:
    return _is_ip(host) and (ipaddress.ip_address(host).is_loopback or ipaddress.ip_address(host).is_unspecified)


RULES = (
    Rule("K01", "error", "the plan; Karakeep looks for the key first", _key_wins),
    Rule("K02", "error", "the plan", _no_address),
    Rule("K03", "error", "the plan", _asks_itself),
    Rule("K04", "warning", "Ollama's client adds the path and no port", _malformed),
    Rule("K05", "warning", "the plan; names of a cluster", _elsewhere),
)
