"""Notices through Airflow's own notifiers: their connections hold every address and secret."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from boatyard.aws.notices.notify import Notice, Send
from boatyard.spec.notify import Notify

SLACK_TIMEOUT = 10  # seconds: a chat that hangs must not hold the job's task
SLACK_TRACE = 3000  # characters; Slack cuts a message into several above 4,000
SNS_SUBJECT = 100  # characters, of ASCII: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
SNS_TRACE = 100_000  # a message has at most 256 KB


def send_in(context: Mapping[str, Any], aws: Mapping[str, Any]) -> Send:
    """Return what sends a notice of the task of `context`; `aws` is the task's own connection, as SnsNotifier takes it.

    The notifiers' `notify` is called, not the notifiers: a call would render the text as a template, and parts of the
    text are what a job wrote.
    """

    def send(place: Notify, notice: Notice) -> None:
        channel = next(name for name in CHANNELS if getattr(place, name) is not None)
        CHANNELS[channel](place, notice, aws).notify(context)

    return send


def _slack(place: Notify, notice: Notice, _: Mapping[str, Any]) -> Any:
    from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier

    facts = "\n".join(f"{name}: {_slack_text(value)}" for name, value in notice.facts.items())
    links = " · ".join(f"<{_slack_text(address)}|{words}>" for words, address in notice.links.items())
    shown = _slack_text(notice.trace[-SLACK_TRACE:]).replace("```", "'''")
    trace = f"```{shown}```" if shown else ""
    text = "\n".join(part for part in (f"*{_slack_text(notice.title)}*", facts, links, trace) if part)
    return SlackWebhookNotifier(
        slack_webhook_conn_id=place.slack or "",
        text=text,
        unfurl_links=False,
        timeout=SLACK_TIMEOUT,
        retry_handlers=[],  # a request whose answer was lost may have been heard: never twice
    )


def _slack_text(text: str) -> str:
    """Return text that mentions nobody: https://api.slack.com/reference/surfaces/formatting#escaping."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _sns(place: Notify, notice: Notice, aws: Mapping[str, Any]) -> Any:
    from airflow.providers.amazon.aws.notifications.sns import SnsNotifier

    listed = ("\n".join(f"{name}: {value}" for name, value in part.items()) for part in (notice.facts, notice.links))
    return SnsNotifier(
        target_arn=place.sns or "",
        subject=notice.title[:SNS_SUBJECT].encode("ascii", "replace").decode(),
        message="\n\n".join(part for part in (notice.title, *listed, notice.trace[-SNS_TRACE:]) if part),
        message_attributes=dict(notice.attributes),
        **({"aws_conn_id": place.connection} if place.connection else aws),
    )


def _email(place: Notify, notice: Notice, _: Mapping[str, Any]) -> Any:
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    rows = "".join(f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in notice.facts.items())
    links = " · ".join(f'<a href="{escape(address)}">{escape(words)}</a>' for words, address in notice.links.items())
    trace = f"<pre>{escape(notice.trace)}</pre>" if notice.trace else ""
    return SmtpNotifier(
        to=list(place.email or ()),
        subject=notice.title,
        html_content=f"<h3>{escape(notice.title)}</h3><table>{rows}</table><p>{links}</p>{trace}",
        smtp_conn_id=place.connection,
    )


CHANNELS: dict[str, Callable[[Notify, Notice, Mapping[str, Any]], Any]] = {
    "slack": _slack,
    "sns": _sns,
    "email": _email,
}
