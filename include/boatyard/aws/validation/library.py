"""Great Expectations, imported without its noise and taught the functions of Athena that it does not know."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

_LOGGER = "great_expectations"


@cache
def great_expectations() -> Any:
    """Return the module."""
    with warnings.catch_warnings(), quiet():
        warnings.simplefilter("ignore")
        import great_expectations

        _teach_athena()
        _count_duplicates_by_group()
    return great_expectations


@contextmanager
def quiet() -> Iterator[None]:
    """Keep GX from logging each metric's traceback: what went wrong is told once, by us."""
    logger = logging.getLogger(_LOGGER)
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _teach_athena() -> None:
    """Register conditions on texts, which GX refuses for the dialect awsathena; names and arguments are GX's.

    https://docs.greatexpectations.io/docs/core/customize_expectations/ : a metric of the same name replaces GX's.
    """
    import sqlalchemy as sa

    def matches(column: Any, regex: str) -> Any:
        return sa.func.regexp_like(column, regex)

    def like(column: Any, pattern: str, escape: str | None) -> Any:
        return column.like(pattern, escape=escape)

    def any_or_all(match_on: str | None) -> Any:
        return sa.and_ if match_on == "all" else sa.or_

    conditions: dict[str, tuple[tuple[str, ...], Callable[..., Any]]] = {
        "match_regex": (("regex",), matches),
        "not_match_regex": (("regex",), lambda column, regex: sa.not_(matches(column, regex))),
        "match_regex_list": (
            ("regex_list", "match_on"),
            lambda column, regex_list, match_on: any_or_all(match_on)(*(matches(column, one) for one in regex_list)),
        ),
        "not_match_regex_list": (
            ("regex_list",),
            lambda column, regex_list: sa.not_(sa.or_(*(matches(column, one) for one in regex_list))),
        ),
        "match_like_pattern": (("like_pattern", "escape"), like),
        "not_match_like_pattern": (
            ("like_pattern", "escape"),
            lambda column, like_pattern, escape: sa.not_(like(column, like_pattern, escape)),
        ),
        "match_like_pattern_list": (
            ("like_pattern_list", "match_on", "escape"),
            lambda column, like_pattern_list, match_on, escape: any_or_all(match_on)(
                *(like(column, one, escape) for one in like_pattern_list)
            ),
        ),
        "not_match_like_pattern_list": (
            ("like_pattern_list", "escape"),
            lambda column, like_pattern_list, escape: sa.not_(
                sa.or_(*(like(column, one, escape) for one in like_pattern_list))
            ),
        ),
    }
    for name, (keys, condition) in conditions.items():
        _register(f"column_values.{name}", keys, condition)


def _count_duplicates_by_group() -> None:
    """Register the count of values that are not unique as a GROUP BY: GX's window costs several times as much."""
    import sqlalchemy as sa
    from great_expectations.core.metric_domain_types import MetricDomainTypes
    from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
    from great_expectations.expectations.metrics.metric_provider import MetricProvider, metric_value

    def in_sql(cls: Any, execution_engine: Any, metric_domain_kwargs: dict[str, Any], **_: Any) -> int:
        selectable, _domain, accessor = execution_engine.get_compute_domain(
            metric_domain_kwargs, domain_type=MetricDomainTypes.COLUMN
        )
        column: Any = sa.column(accessor["column"])
        count = sa.func.count().label("rows_of_value")
        selectable = selectable.subquery() if isinstance(selectable, sa.Select) else selectable
        repeated = (
            sa.select(count).select_from(selectable).where(column.is_not(None)).group_by(column).having(count > 1)
        ).subquery()
        asked = sa.select(sa.func.coalesce(sa.func.sum(repeated.c.rows_of_value), 0))
        return int(execution_engine.execute_query(asked).scalar())

    members = {
        "metric_name": "column_values.unique.unexpected_count",
        "_sqlalchemy": metric_value(engine=SqlAlchemyExecutionEngine)(in_sql),
    }
    type("DuplicatesByGroup", (MetricProvider,), members)


def _register(metric: str, keys: tuple[str, ...], condition: Callable[..., Any]) -> None:
    from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
    from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import (
        column_condition_partial,
    )
    from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
        ColumnMapMetricProvider,
    )

    def in_sql(cls: Any, column: Any, **kwargs: Any) -> Any:
        return condition(column, *(kwargs.get(key) for key in keys))

    members = {
        "condition_metric_name": metric,
        "condition_value_keys": keys,
        "_sqlalchemy": column_condition_partial(engine=SqlAlchemyExecutionEngine)(in_sql),
    }
    type("AthenaCondition", (ColumnMapMetricProvider,), members)  # GX registers a class when it is made
