"""Known causes of a pull that failed, in the words of Ollama 0.15.6 and of the Go libraries under it.

The first row that matches wins, so the more exact one stands first.
"""

from __future__ import annotations

from runbook.errors import PullFailed
from runbook.ollama.causes import Cause, recognise
from runbook.ollama.stream import StreamFault

AWAY = "server away"

PULL_CAUSES = (
    Cause(
        AWAY,
        r"^port-forward: ",
        "no pod of the server is there to answer",
        "See what became of the pod: `kubectl get pods`, or 03_apply.",
        retry=True,
    ),
    Cause(
        "no Location header",
        r"no Location header in response",
        "the registry sends the layers itself, and Ollama takes them only where it is sent on to another host name",
        "Let the mirror redirect its blobs to another host name (storage middleware `redirect` of distribution).",
    ),
    Cause(
        "disk full",
        r"no space left on device|disk quota exceeded|file too large|^no room$",
        "the volume of the models is full",
        "Remove a model, or enlarge the claim ollama-models; a new pull goes on where this one stopped.",
    ),
    Cause(
        "volume not writable",
        r"read-only file system|permission denied|operation not permitted",
        "the server may not write to the volume of the models",
        "Check that OLLAMA_MODELS lies on the claim and that fsGroup is the user of the pod.",
    ),
    Cause(
        "digest mismatch",
        r"digest mismatch",
        "a layer arrived with other bytes than its digest says; the server has thrown it away",
        "Pull again; if it happens twice, the registry or something on the way to it alters the data.",
        retry=True,
    ),
    Cause(
        "proxy",
        r"proxyconnect|Proxy Authentication Required|407[: ]",
        "the proxy that the pod is told to use does not let it through",
        "Check HTTPS_PROXY and NO_PROXY in the pod's environment; HTTP_PROXY should not be there at all.",
    ),
    Cause(
        "plain HTTP",
        r"server gave HTTP response to HTTPS client|first record does not look like a TLS handshake"
        r"|wrong version number",
        "the registry speaks plain HTTP",
        "Set `registry_insecure: true` in the target if that is meant.",
    ),
    Cause(
        "insecure refused",
        r"insecure protocol http",
        "the registry's address is http, and plain HTTP was not allowed",
        "Set `registry_insecure: true` in the target if that is meant.",
    ),
    Cause(
        "certificate",
        r"x509:|failed to verify certificate|certificate has expired|tls: (bad certificate|unknown certificate)",
        "the registry's certificate is not trusted by the pod",
        "Give the pod the authority that signed it, or correct the clock of the node if it says expired.",
    ),
    Cause(
        "DNS",
        r"no such host|server misbehaving|Temporary failure in name resolution"
        r"|lookup \S+( on \S+)?:.*(timeout|refused)",
        "the pod cannot resolve the registry's name",
        "Check the pod's DNS, and that a NetworkPolicy lets it ask port 53.",
        retry=True,
    ),
    Cause(
        "unauthorised",
        r"unauthorized|unknown ollama key|401:|403:|denied: requested access",
        "the registry refuses access to this model, and for many registries that also means it does not exist",
        "Check the name {model}; a private model needs the pod's key registered with its registry.",
    ),
    Cause(
        "newer Ollama",
        r"412:|requires a newer version of Ollama",
        "the model needs a newer Ollama than the one in the cluster",
        "Choose another model, or raise `image` in the target.",
    ),
    Cause(
        "sharded file",
        r"sharded GGUF",
        "the model is stored in several files, which Ollama does not join",
        "Choose a variant that is one file.",
    ),
    Cause(
        "unknown model",
        r"pull model manifest: file does not exist|manifest unknown|404:",
        "the registry has no model of this name and tag",
        "Check the name {model}, its tag included.",
    ),
    Cause(
        "layer missing",
        r"^file does not exist",
        "the registry lists a layer that it does not have",
        "Push the model to the registry again.",
    ),
    Cause(
        "invalid name",
        r"invalid model name",
        "Ollama does not take this name",
        "Write the name as host/namespace/model:tag.",
    ),
    Cause(
        "too many requests",
        r"429:|too many requests|toomanyrequests",
        "the registry asks to be left alone for a while",
        "Wait, or pull from a mirror.",
        retry=True,
    ),
    Cause(
        "not a registry",
        r"invalid character '<'|unexpected end of JSON input",
        "what answered is not a registry, or a login page stands before it",
        "Open the registry's address from the pod's network and look.",
    ),
    Cause(
        "registry unreachable",
        r"connection refused|no route to host|network is unreachable|i/o timeout|TLS handshake timeout"
        r"|context deadline exceeded|host is down|50[0234]:",
        "the registry cannot be reached, or does not answer",
        "Check the address and the way to it: egress policy, firewall, proxy, or whether it runs.",
        retry=True,
    ),
    Cause(
        "download breaks off",
        r"\bEOF\b|connection reset|broken pipe|max retries exceeded|stalled|context canceled|server closed",
        "the download stopped moving, or breaks off again and again",
        "Pull again: what has arrived is kept. A slow line may need a larger `pull_timeout_s`.",
        retry=True,
    ),
    Cause(
        "connection lost",
        r"^(closed|silent|unfinished)$",
        "the connection to the Ollama server broke in the middle of the pull",
        "Check that the pod still runs: a restart shows in `kubectl get pods`.",
        retry=True,
    ),
    Cause(
        "too late",
        r"^late$",
        "the pull did not end in time",
        "Pull again: what has arrived is kept. A slow line may need a larger `pull_timeout_s`.",
    ),
)
UNKNOWN_PULL = Cause("unknown", "", "the server reports a fault that is not in our table", "Read the server's log.")


def pull_cause(fault: StreamFault) -> Cause:
    """Why a pull failed."""
    return recognise(PULL_CAUSES, fault, UNKNOWN_PULL)


def pull_failed(model: str, fault: StreamFault, account: str = "", verb: str = "pulled") -> PullFailed:
    """The error of a pull, or of a push: the cause, the server's words, and what to do.

    Args:
        model: The name that was pulled.
        fault: What happened.
        account: What had been tried until then, as a clause: "after 3 attempts, 700,000,000 bytes".
        verb: What was not done.
    """
    cause = pull_cause(fault)
    tried = f" {account}" if account else ""
    return PullFailed(
        f"{model} was not {verb}{tried}: {cause.meaning}.",
        why=f"{cause.name}: {fault.words}",
        next=f"{cause.remedy.format(model=model)} See 91_troubleshoot, section Pull.",
    )
