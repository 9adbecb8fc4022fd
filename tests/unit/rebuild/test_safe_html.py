import re

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbook.rebuild.safe_html import safe


@pytest.mark.parametrize(
    "html",
    [
        '<table class="plan"><tbody><tr><td colspan="2">a</td></tr></tbody></table>',
        '<a href="https://kubernetes.io/docs/">docs</a>',
        '<img src="data:image/png;base64,aGk=" alt="plot">',
        '<svg viewbox="0 0 10 10"><path d="M0 0h9" fill="red"></path></svg>',
        '<p style="color: red">a<br>b</p>',
        '<details open=""><summary>More</summary>a &lt; b &amp; c</details>',
    ],
)
def test_what_is_harmless_is_kept(html: str) -> None:
    assert safe(html) == html


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        '<svg onload="alert(1)"></svg>',
        '<a href="javascript:alert(1)">x</a>',
        '<a href="java\nscript:alert(1)">x</a>',
        '<iframe src="http://example.com"></iframe>',
        '<link rel=stylesheet href="http://example.com/x.css">',
        '<img src="http://example.com/x.png">',
        '<p style="background: url(http://example.com/x)">x</p>',
        "<style>@import 'http://example.com/x.css'</style>",
        '<meta http-equiv="refresh" content="0;url=http://example.com">',
        "<form action='http://example.com'><input></form>",
        "<object data='http://example.com'></object>",
        "<math><mtext><style><img src=x onerror=alert(1)></style>",
        "<scr<script>ipt>alert(1)</script>",
        "<p><![CDATA[<script>alert(1)</script>]]>",
        "<!--><script>alert(1)</script>-->",
        "<title><script>alert(1)</script></title>",
        "<textarea></textarea><script>alert(1)</script>",
        '<p class=""><script>alert(1)</script>">x</p>',
        "<plaintext><script>alert(1)",
        "<script",
    ],
)
def test_what_runs_or_fetches_is_not(html: str) -> None:
    made = safe(html)
    tags = re.findall(r"<[a-z][^>]*>", made)
    assert not [tag for tag in tags if re.match(r"<(script|iframe|link|style|meta|form|input|object|math)\b", tag)]
    assert not [tag for tag in tags if re.search(r"\son\w+=|src=\"(?!data:)|javascript:|url\(", tag)]


def test_a_script_stays_the_text_it_is() -> None:
    assert safe("<script>alert('a')</script>") == "&lt;script&gt;alert('a')&lt;/script&gt;"


def test_the_style_element_of_a_data_frame_is_not_shown() -> None:
    assert safe("<div><style scoped>.dataframe td { color: red }</style><b>a</b></div>") == "<div><b>a</b></div>"


@pytest.mark.parametrize(("html", "closed"), [("<div><b>a", "<div><b>a</b></div>"), ("a</div></p>", "a")])
def test_a_fragment_cannot_break_out_of_its_place(html: str, closed: str) -> None:
    assert safe(html) == closed


def test_a_link_to_a_notebook_leads_to_its_page() -> None:
    assert safe('<a href="03_apply.ipynb#Do">next</a>') == '<a href="03_apply.html#Do">next</a>'


@pytest.mark.parametrize(
    "html",
    [
        "<p>a<table><tr><td>1<td>2<tr><td><p>3</table>",
        "<ul><li>a<li>b<ul><li>c</ul></ul>",
        "<p>a<div>b</p>c</div>",
        "<td>without a table",
        "<table><thead><tr><th>a<tbody><tr><td>b</table>",
        "<dl><dt>a<dd><p>b<dt>c</dl>",
        "<h1>a<p>b</h1>",
    ],
)
def test_what_ends_by_itself_is_ended(html: str) -> None:
    html5lib.HTMLParser(strict=True).parseFragment(safe(html))


@given(st.lists(st.sampled_from(["p", "div", "ul", "li", "table", "tr", "td", "b", "h2", "a", "pre"]).flatmap(
    lambda tag: st.sampled_from([f"<{tag}>", f"</{tag}>", "x"])), max_size=12))  # fmt: skip
def test_whatever_order_elements_come_in_each_is_ended_once(parts: list[str]) -> None:
    made = safe("".join(parts))
    opened = re.findall(r"<(\w+)", made)
    assert sorted(opened) == sorted(re.findall(r"</(\w+)", made))
