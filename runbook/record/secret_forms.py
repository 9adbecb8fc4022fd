"""What secrets look like: the forms that issuers give them, and the names that values stand behind.

Each row is a kind, the texts that a secret of the form begins with, and the form, which is tried only where such a
text stands: nearly all that is masked holds no secret, and must not cost much. A form of letters and digits alone does
not begin or end inside base64, so that a picture holds none.
Sources: the issuers' own descriptions of their prefixes and lengths.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MASK = "[secret]"
# Not within a longer word; behind the escape of a line's end, as in JSON, one begins all the same.
BEFORE = r"(?:(?<![A-Za-z0-9_])|(?<=\\[nrt]))"
AFTER = r"(?![A-Za-z0-9])"
# Not within base64 either.
BEFORE_PLAIN = r"(?:(?<![A-Za-z0-9+/_])|(?<=\\[nrt]))"
AFTER_PLAIN = r"(?![A-Za-z0-9+/_=])"


QUOTE = r"\\*[\"'`]?"
SCHEMES = "basic|bearer|token|digest|negotiate|aws4-hmac-sha256|apikey"


Span = tuple[int, int, str]  # where a secret begins and ends, and what the record counts it as


@dataclass(frozen=True)
class SecretForm:
    """One form of a secret.

    Attributes:
        kind: What the record counts it as.
        starts: Texts of which one stands where the form begins.
        pattern: The form; its group `mask` is what is masked, or all of it where there is no such group.
        before: How many characters of the form may stand before that text.
        any_case: Capitals and small letters are the same in it; the texts are in small letters.
    """

    kind: str
    starts: tuple[str, ...]
    pattern: re.Pattern[str]
    before: int = 0
    any_case: bool = False


def form_spans(text: str, small: str) -> Iterator[Span]:
    """The secrets of a text that are known by their form.

    Args:
        text: The text.
        small: The same in small letters.
    """
    present = {sign for sign in SIGNS if sign in text}
    for form, start, signs in STARTS:
        if signs <= present:
            searched = small if form.any_case else text
            at = searched.find(start)
            while at >= 0:
                match = _match(form, text, at)
                if match:
                    begin, end = match.span("mask" if "mask" in match.re.groupindex else 0)
                    if MASK not in text[begin:end]:
                        yield begin, end, form.kind
                at = searched.find(start, max(at + 1, match.end() if match else 0))


def _match(form: SecretForm, text: str, at: int) -> re.Match[str] | None:
    for begin in range(max(0, at - form.before), at + 1):
        if match := form.pattern.match(text, begin):
            return match
    return None


def _form(kind: str, starts: str, pattern: str, flags: int = 0, before: int = 0) -> SecretForm:
    return SecretForm(kind, tuple(starts.split("|")), re.compile(pattern, flags), before, bool(flags & re.IGNORECASE))


def _prefixed(starts: str, pattern: str, kind: str = "token") -> SecretForm:
    return _form(kind, starts, f"{BEFORE}(?:{pattern}){AFTER}")


def _plain(starts: str, pattern: str, kind: str = "cloudKey") -> SecretForm:
    return _form(kind, starts, f"{BEFORE_PLAIN}(?:{pattern}){AFTER_PLAIN}")


FORMS: tuple[SecretForm, ...] = (
    _form(
        "privateKey",
        "-----BEGIN ",
        r"-----BEGIN (?P<label>[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?)-----.*?(?:-----END (?P=label)-----|\Z)",
        re.DOTALL,
    ),
    # A PEM file in base64, as kubeconfigs and Secrets hold it: LS0tLS1CRUdJTi is "-----BEGIN ".
    _form("privateKey", "LS0tLS1CRUdJTi", r"LS0tLS1CRUdJTi[A-Za-z0-9+/=]{16,}(?:\\?n?\s*[A-Za-z0-9+/=]{40,})*"),
    _form("privateKey", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[0-9A-Z]{40,}"),
    _plain("AKIA|ASIA|ABIA|ACCA", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}"),
    _plain("AIza", r"AIza[\w-]{35}"),
    _prefixed("GOCSPX-", r"GOCSPX-[\w-]{20,}", "cloudKey"),
    _prefixed("ya29.", r"ya29\.[\w-]{20,}", "cloudKey"),
    _form("cloudKey", "Q~", rf"{BEFORE}[\w~.-]{{3}}\dQ~[\w~.-]{{31,34}}(?![\w~])", before=4),
    _form("cloudKey", "sig=", r"(?<=[?&;])sig=(?P<mask>[\w%+/=-]{20,})"),
    _form("cloudKey", "x-amz-signature=", r"X-Amz-Signature=(?P<mask>[0-9a-f]{32,})", re.IGNORECASE),
    _plain("LTAI", r"LTAI[A-Za-z0-9]{12,20}"),
    _prefixed("dop_v1_|doo_v1_|dor_v1_", r"do[opr]_v1_[0-9a-f]{40,}", "cloudKey"),
    _prefixed("ghp_|gho_|ghu_|ghs_|ghr_", r"gh[pousr]_[A-Za-z0-9]{36,255}"),
    _prefixed("github_pat_", r"github_pat_\w{22,255}"),
    _prefixed("glpat-|gldt-|glrt-|glptt-|glsoat-|glcbt-|glft-|glimt-|glagent-", r"gl[a-z]{2,5}-[\w-]{20,}[\w.-]*"),
    _prefixed("xox|xapp-", r"(?:xox[a-z]|xapp)-(?:[\w.]-)?[\w-]{10,}"),
    _form("token", "hooks.slack.com/", r"hooks\.slack\.com/(?P<mask>(?:services|workflows)/[\w/-]{20,})"),
    _form("token", "/api/webhooks/", r"/api/webhooks/\d{10,}/(?P<mask>[\w-]{20,})"),
    _prefixed("sk-", r"sk-(?=[\w-]{0,256}\d)(?=[\w-]{0,256}[A-Z])[\w-]{20,}", "apiKey"),
    _prefixed("sk-", r"sk-(?:[a-z0-9]{1,8}-){0,3}[0-9a-f]{32,}", "apiKey"),
    _prefixed("hf_", r"hf_[A-Za-z0-9]{30,}", "apiKey"),
    _prefixed("api_org_", r"api_org_[A-Za-z0-9]{30,}", "apiKey"),
    _prefixed("gsk_", r"gsk_[A-Za-z0-9]{40,}", "apiKey"),
    _prefixed("nvapi-|xai-", r"(?:nvapi|xai)-[\w-]{40,}", "apiKey"),
    _prefixed("r8_", r"r8_[A-Za-z0-9]{36,}", "apiKey"),
    _prefixed("sk_live_|sk_test_|rk_live_|rk_test_", r"[sr]k_(?:live|test)_[A-Za-z0-9]{16,}", "apiKey"),
    _prefixed("SG.", r"SG\.[\w-]{16,}\.[\w-]{16,}", "apiKey"),
    _plain("dapi", r"dapi[0-9a-f]{32}(?:-\d)?", "apiKey"),
    _prefixed("npm_", r"npm_[A-Za-z0-9]{36}"),
    _prefixed("pypi-", r"pypi-AgE[\w-]{50,}"),
    _prefixed("dckr_", r"dckr_[a-z]{2,4}_[\w-]{20,}"),
    _prefixed("glsa_|glc_", r"(?:glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}|glc_[A-Za-z0-9+/=]{40,})"),
    _prefixed("hvs.|hvb.|hvr.", r"hv[sbr]\.[\w-]{20,}"),
    _prefixed("tskey-", r"tskey-[\w-]{16,}"),
    _plain("ATATT3", r"ATATT3[\w=.-]{50,}", "token"),
    _prefixed("shpat_|shpss_|shpca_", r"shp(?:at|ss|ca)_[0-9a-fA-F]{32}"),
    _form("token", ":AA", r"(?:(?<![\w.:])|(?<=\\[nrt]))(?:bot)?\d{8,10}:AA[\w-]{32,34}(?![\w-])", before=14),
    _form("token", "eyJ", rf"{BEFORE}eyJ[\w-]{{8,2048}}\.[\w-]{{8,}}\.[\w-]*(?:\.[\w-]+){{0,2}}{AFTER}"),
    _form(
        "credential",
        "authorization",
        rf"authorization{QUOTE}[ \t]*[:=][ \t]*{QUOTE}(?:(?:{SCHEMES})[ \t]+|(?=[^\s\"'\\,;<>{{}}]{{0,256}}\d))"
        r"(?P<mask>[^\s\"'\\,;<>{}]{6,})",
        re.IGNORECASE,
    ),
    _form("credential", "bearer", r"\bbearer\s+(?P<mask>(?=[\w.~+/=-]{0,256}\d)[\w.~+/=-]{8,})", re.IGNORECASE),
    _form(
        "credential",
        "cookie",
        r"cookie\\*[\"']?:\s*\\*[\"']?(?P<mask>[^\s\"'\\=;,]{1,256}=[^\n\"'\\]{8,})",
        re.IGNORECASE,
    ),
    _form("password", "://", r"://(?P<user>[^\s/:@\"'<>`]*):(?P<mask>[^\s/\"'<>`]+)(?=@)"),
    _form("password", "://", r"://(?P<mask>(?=[^\s/:@]*\d)[\w.~-]{20,})(?=@)"),
    _form(
        "password",
        "curl|wget",
        r"\b(?:curl|wget)\b[^\n]{0,400}?\s(?:-u|--user)[\s=]*[\"']?[^\s:\"'\\]+:(?P<mask>[^\s\"'\\]+)",
    ),
)

# Most forms begin with a text that has one of these in it, and base64 has none of them.
SIGNS = frozenset("_-.:~ ")
STARTS = tuple((form, start, SIGNS.intersection(start)) for form in FORMS for start in form.starts)
