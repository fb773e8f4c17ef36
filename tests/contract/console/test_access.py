"""Who sees the pages for people, and what else a page may do: nothing."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from tests.contract.conftest import LocalServer
from tests.contract.console.browser import ROOT, Browser, login_link


@pytest.mark.parametrize("path", ["/", "/sagemaker/jobs", "/s3/buckets", "/log/lines", "/nothing/at/all"])
def test_without_a_login_there_is_nothing_to_see(stranger: Browser, path: str) -> None:
    answer = stranger.get(f"{ROOT}{path}")
    assert answer.status == 401
    assert "sagelocal console --state" in answer.text


def test_a_link_logs_one_browser_in_and_no_second(aws: LocalServer) -> None:
    link = login_link(aws)
    first, second = Browser(aws), Browser(aws)
    assert first.log_in(link).headers["location"] == f"{ROOT}/"
    assert first.get(f"{ROOT}/").status == 200
    assert second.log_in(link).status == 403
    assert second.get(f"{ROOT}/").status == 401


@pytest.mark.parametrize(
    ("wanted", "target"),
    [
        (f"{ROOT}/sagemaker/home?region=r#/jobs/j", f"{ROOT}/sagemaker/home?region=r#/jobs/j"),
        ("https://elsewhere.example/", f"{ROOT}/"),
        ("//elsewhere.example/_console/", f"{ROOT}/"),
        (f"{ROOT}/\\elsewhere.example", f"{ROOT}/"),
        (f"{ROOT}/x\r\nSet-Cookie: a=b", f"{ROOT}/"),
    ],
)
def test_a_login_leads_to_the_page_that_was_asked_for_and_to_no_other_site(
    aws: LocalServer, wanted: str, target: str
) -> None:
    answer = Browser(aws).log_in(f"{login_link(aws)}&next={quote(wanted)}")
    assert (answer.status, answer.headers["location"]) == (303, target)


def test_another_host_or_origin_is_refused(browser: Browser) -> None:
    assert browser.get(f"{ROOT}/", Host="evil.example").status == 403
    assert browser.get(f"{ROOT}/", Origin="https://evil.example").status == 403
    assert browser.get(f"{ROOT}/", Origin="null").status == 403


def test_pages_only_show(browser: Browser) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert browser.get(f"{ROOT}/", method=method).status == 405


def test_the_cookie_opens_the_console_and_not_the_api(browser: Browser, bucket: str) -> None:
    assert browser.get(f"/{bucket}").status == 403
    assert browser.get("/").status == 403


def test_a_page_runs_no_script_but_the_consoles_own_and_stands_in_no_frame(browser: Browser) -> None:
    policy = browser.get(f"{ROOT}/").headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
