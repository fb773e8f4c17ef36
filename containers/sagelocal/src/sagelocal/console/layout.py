"""The frame around every page."""

from __future__ import annotations

from importlib.resources import files

from sagelocal.console.markup import Markup, joined, tag
from sagelocal.console.session import ROOT
from sagelocal.exchange import HttpResponse

_MENU = (("Jobs", "sagemaker/jobs"), ("Endpoints", "sagemaker/endpoints"), ("Storage", "s3/buckets"))
_ASSETS = {"style.css": "text/css; charset=utf-8", "console.js": "text/javascript; charset=utf-8"}
# Pages run our own script only and cannot be framed; what jobs wrote is shown in frames that are cut off from them.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def page(title: str, *content: object, status: int = 200) -> HttpResponse:
    """Return a page with its menu."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"{title} - sagelocal"),
        tag("link", rel="icon", href="data:,"),
        tag("link", rel="stylesheet", href=f"{ROOT}/static/style.css"),
        tag("script", src=f"{ROOT}/static/console.js", defer=""),
    )
    menu = (tag("a", words, href=f"{ROOT}/{path}") for words, path in _MENU)
    header = tag("header", tag("a", "sagelocal", href=f"{ROOT}/", class_="brand"), tag("nav", menu))
    body = tag("body", header, tag("main", tag("h1", title), joined(*content)))
    html = f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"
    return HttpResponse(status, {"Content-Type": "text/html; charset=utf-8", **_HEADERS}, html.encode())


def section(title: str, *content: object) -> Markup:
    """Return a part of a page."""
    return tag("section", tag("h2", title), joined(*content))


def asset(name: str) -> HttpResponse | None:
    """Return the style sheet or the script, None for any other name."""
    if name not in _ASSETS:
        return None
    content = files("sagelocal.console").joinpath("static", name).read_bytes()
    return HttpResponse(200, {"Content-Type": _ASSETS[name], "Cache-Control": "max-age=60"} | _plain(), content)


def redirect(address: str, **headers: str) -> HttpResponse:
    """Return an answer that sends the browser elsewhere."""
    return HttpResponse(303, {"Location": address, "Cache-Control": "no-store", **_plain(), **headers})


def _plain() -> dict[str, str]:
    return {name: _HEADERS[name] for name in ("X-Content-Type-Options", "Referrer-Policy")}
