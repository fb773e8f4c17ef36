"""Browsers in front of the shared server, logged in and not."""

from __future__ import annotations

import pytest
from tests.contract.conftest import LocalServer
from tests.contract.console.browser import Browser, login_link


@pytest.fixture
def stranger(aws: LocalServer) -> Browser:
    """Give a browser that nobody has logged in."""
    return Browser(aws)


@pytest.fixture
def browser(aws: LocalServer) -> Browser:
    """Give a browser that is logged in."""
    browser = Browser(aws)
    assert browser.log_in(login_link(aws)).status == 303
    return browser
