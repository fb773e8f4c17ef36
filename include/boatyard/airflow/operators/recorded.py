"""What every operator of ours does besides its work: leave a record, and links to what it worked with."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, ClassVar, TypeVar

from airflow.sdk import BaseOperator, BaseOperatorLink
from airflow.sdk.exceptions import AirflowRuntimeError, AirflowTaskTimeout

from boatyard.airflow.claimant import claimant
from boatyard.airflow.clients import Clients
from boatyard.airflow.failures import explained
from boatyard.airflow.notices import send_in
from boatyard.aws.carry_out.recorded import recorded
from boatyard.aws.notices.notify import Notices
from boatyard.aws.notices.state_changes import Listener, StateChange, heard_by
from boatyard.aws.records.links import RECORD, RUN_SUMMARY, Console, record_links
from boatyard.aws.records.record import Subject
from boatyard.spec.notify import places

log = logging.getLogger(__name__)

Result = TypeVar("Result")

REQUESTS_SO_FAR = "boatyard_requests"  # what a try asked of AWS before it was put off to the triggerer


@contextmanager
def unless_airflow_is_away(what: str) -> Iterator[None]:
    """Do without a comfort while Airflow's API server does not answer: it is not worth a try of the task."""
    try:
        yield
    except AirflowRuntimeError as error:
        log.warning("Airflow could not be told or asked of %s: %s", what, error)


class TaskLink(BaseOperatorLink):
    """A button on the page of a task, which leads where the task found its links to lead."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def name(self) -> str:
        """Return the words on the button."""
        return self._name

    @property
    def xcom_key(self) -> str:
        """Return where Airflow keeps the address."""
        return f"_link_boatyard_{self._name.lower().replace(' ', '_')}"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the address, "" while there is none; asked in the worker, when a try of the task is over."""
        link: str = operator.links.get(self._name, "")
        return link


class RecordedOperator(BaseOperator):
    """Leave a record of each try below `records` (s3://bucket/prefix; none without it), and links to its pages.

    `notify` is a list as in model.yaml: who is told when a job or an endpoint changes its state. It takes `records`,
    beside which it is kept which notices were sent.
    """

    link_names: ClassVar[tuple[str, ...]] = (RECORD,)

    def __init__(self, *, records: str | None = None, notify: Sequence[Mapping[str, Any]] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if notify and records is None:
            raise ValueError("notify needs records=s3://bucket/prefix: beside it stands which notices were sent")
        if records is not None and not re.match("s3://[^/]", records):
            raise ValueError(f"records: expected s3://bucket/prefix, got {records!r}")
        self.records = records
        self._places = places(notify)
        self.notify = list(notify)
        self.links: dict[str, str] = {}
        self._shown: dict[str, str] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.operator_extra_links = tuple(TaskLink(name) for name in (*cls.link_names, RUN_SUMMARY))

    @property
    def clients(self) -> Clients:
        """Return this task's boto3 clients."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it reaches AWS")

    def leaving_record(
        self, context: Mapping[str, Any], work: Callable[[], Result], *, resumed: bool = False
    ) -> Result:
        """Return what `work` returns once its record is written; errors become Airflow's."""
        try:
            return self._leaving_record(context, work, resumed)
        finally:
            # each link costs a call of Airflow's API when the try is over: what leads nowhere, or is known, needs none
            shown, links = self._shown, self.links
            self.operator_extra_links = tuple(
                link for link in type(self).operator_extra_links if links.get(link.name, "") != shown.get(link.name, "")
            )

    def _leaving_record(self, context: Mapping[str, Any], work: Callable[[], Result], resumed: bool) -> Result:
        with explained():
            if self.records is None:
                return work()
            subject, ti = self.subject(self.records, context), context["ti"]
            before = {"task_ids": ti.task_id, "key": REQUESTS_SO_FAR, "map_indexes": ti.map_index}

            def note(record: Mapping[str, Any]) -> None:
                self.links |= record_links(self.console, record, subject.uri)

            def pause(requests: list[dict[str, Any]]) -> None:
                with unless_airflow_is_away("what this try has asked of AWS so far"):
                    ti.xcom_push(key=REQUESTS_SO_FAR, value=requests)

            earlier: list[dict[str, Any]] = []
            if resumed:
                with unless_airflow_is_away("what this try asked of AWS before"):
                    earlier = ti.xcom_pull(**before) or []
            with heard_by(self._notices(subject, context)):
                return recorded(
                    subject,
                    self.clients,
                    work,
                    note,
                    earlier=earlier,
                    on_pause=pause,
                    failures=(Exception, AirflowTaskTimeout),
                )

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Any) -> Any:
        """Go on after a deferral; that the trigger failed or took too long is an end of the try as well."""
        return self.leaving_record(context, lambda: self.go_on(next_method, next_kwargs, context), resumed=True)

    def go_on(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Any) -> Any:
        """Call `next_method`, or raise what ended the deferral."""
        return super().resume_execution(next_method, next_kwargs, context)

    @property
    def console(self) -> Console:
        """Return the console that shows what this task's connection reaches."""
        return Console.from_environment(os.environ, self.clients.get("sagemaker").meta.region_name)

    def _notices(self, subject: Subject, context: Mapping[str, Any]) -> Listener:
        if not self._places:
            return lambda _: None
        aws = {"aws_conn_id": getattr(self, "aws_conn_id", None), "region_name": getattr(self, "region_name", None)}
        notices = Notices(
            places=self._places,
            subject=subject,
            clients=self.clients,
            console=self.console,
            task_page=context["ti"].log_url,
            send=send_in(context, aws),
            aws=aws,
        )
        return lambda change: notices(self.worded(change))

    def worded(self, change: StateChange) -> StateChange:
        """Return a state change in the words in which people are told of it."""
        return change

    def show_links(self, context: Mapping[str, Any], links: Mapping[str, str]) -> None:
        """Let links work while the task still runs."""
        self.links |= links
        for link in self.operator_extra_links:
            if link.name in links:
                with unless_airflow_is_away("a link"):
                    context["ti"].xcom_push(key=link.xcom_key, value=links[link.name])
                    self._shown[link.name] = links[link.name]

    def subject(self, place: str, context: Mapping[str, Any]) -> Subject:
        """Return this try, as its record below `place` tells of it."""
        me, ti = claimant(context), context["ti"]
        return Subject(
            place=place,
            owner=me.owner,
            started=ti.start_date or datetime.now(UTC),
            tried=ti.try_number,
            generation=me.generation,
        )
