"""Who is let in to the console, and for how long."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from sagelocal.console.markup import Markup, joined, tag
from sagelocal.console.session import cookie, cookie_name, is_logged_in, login_link, opens, raw_path, redeem
from sagelocal.store import Store

KEY = "a-secret-key"
URL = "http://127.0.0.1:4566"
NAME = cookie_name(URL)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "documents.sqlite")


def token(now: float | None = None, key: str = KEY) -> str:
    return login_link(URL, key, now).partition("?token=")[2]


def test_a_login_link_works_once(store: Store) -> None:
    given = token()
    assert redeem(given, KEY, store)
    assert not redeem(given, KEY, store)
    assert redeem(token(), KEY, store)


def test_a_used_link_stays_used_when_the_server_starts_again(store: Store, tmp_path: Path) -> None:
    given = token()
    assert redeem(given, KEY, store)
    store.close()
    assert not redeem(given, KEY, Store(tmp_path / "documents.sqlite"))


def test_a_login_link_is_good_for_a_day(store: Store) -> None:
    assert redeem(token(time.time() - 23 * 3600), KEY, store)
    assert not redeem(token(time.time() - 25 * 3600), KEY, store)


@pytest.mark.parametrize(
    "wrong", ["", ".", "..", "9999999999.nonce.", "9999999999.nonce.0", "x.y.z", "\u00e4.\u00e4.\u00e4"]
)
def test_a_made_up_token_is_refused(wrong: str, store: Store) -> None:
    assert not redeem(wrong, KEY, store)


def test_a_changed_or_foreign_token_is_refused(store: Store) -> None:
    expires, nonce, mac = token().split(".")
    assert not redeem(f"{int(expires) + 1}.{nonce}.{mac}", KEY, store)
    assert not redeem(f"{expires}.{nonce}x.{mac}", KEY, store)
    assert not redeem(token(key="another"), KEY, store)


def test_used_links_are_forgotten_when_they_would_be_too_old_anyhow(store: Store) -> None:
    store.create("console_login", "old", {"nonce": "old", "expires": str(int(time.time()) - 1)})
    assert redeem(token(), KEY, store)
    assert [used["nonce"] for used in store.list("console_login")] != ["old"]
    assert store.get("console_login", "old") is None


def test_a_session_is_known_by_its_cookie() -> None:
    header = cookie(NAME, KEY).partition(";")[0]
    assert is_logged_in(header, NAME, KEY)
    assert is_logged_in(f"other=1; {header}", NAME, KEY)
    assert not is_logged_in(header, NAME, "another")
    assert not is_logged_in(header, cookie_name("http://127.0.0.1:4567"), KEY)
    assert not is_logged_in("", NAME, KEY)


def test_a_cookie_that_ran_out_or_was_changed_is_refused() -> None:
    name, _, value = cookie(NAME, KEY).partition(";")[0].partition("=")
    expires, _, mac = value.partition(".")
    assert not is_logged_in(f"{name}={int(expires) + 1}.{mac}", NAME, KEY)
    assert not is_logged_in(f"{name}=1.{mac}", NAME, KEY)


def test_scripts_do_not_see_the_cookie_and_other_sites_do_not_send_it() -> None:
    words = cookie(NAME, KEY)
    assert "HttpOnly" in words
    assert "SameSite=Lax" in words
    assert "Path=/_console" in words


def ticket(bucket: str, key: str) -> str:
    return raw_path(bucket, key, KEY).split("/")[3]


def test_a_ticket_opens_a_report_and_what_lies_beside_it() -> None:
    given = ticket("b", "digits/validate/job/data_docs/index.html")
    assert opens(given, "b", "digits/validate/job/data_docs/index.html", KEY)
    assert opens(given, "b", "digits/validate/job/data_docs/static/style.css", KEY)


@pytest.mark.parametrize(
    ("bucket", "key"),
    [
        ("b", "digits/validate/other/index.html"),
        ("b", "digits/train/job/model.tar.gz"),
        ("b", "digits/validate/job2"),
        ("other", "digits/validate/job/data_docs/index.html"),
    ],
)
def test_a_ticket_opens_nothing_else(bucket: str, key: str) -> None:
    assert not opens(ticket("b", "digits/validate/job/data_docs/index.html"), bucket, key, KEY)


@pytest.mark.parametrize("wrong", ["", "3", "3.9999999999.0", "x.9999999999.0", "-1.9999999999.0"])
def test_a_made_up_ticket_opens_nothing(wrong: str) -> None:
    assert not opens(wrong, "b", "k", KEY)


def test_whatever_is_no_markup_is_escaped() -> None:
    assert tag("b", "<i>", title='"x"') == '<b title="&quot;x&quot;">&lt;i&gt;</b>'
    assert joined([tag("b", "1"), None, " & ", 2]) == "<b>1</b> &amp; 2"
    assert isinstance(tag("b"), Markup)
    assert tag("input", name="n", class_="c", data_x="1", id=None) == '<input name="n" class="c" data-x="1">'
