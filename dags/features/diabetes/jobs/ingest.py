"""Write the diabetes data that ships with scikit-learn into a feature group, as a SageMaker processing job."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tabular.ingestion import ingest

FIRST_EVENT_TIME = datetime(2025, 1, 1, tzinfo=UTC)
BETWEEN_EVENTS = timedelta(hours=1)
INTEGERS = ("age", "sex")


def patients() -> Iterator[dict[str, object]]:
    """Yield each patient as a row of the feature group, one an hour from the start of 2025."""
    from sklearn.datasets import load_diabetes  # slow, and not needed to say what an argument means

    data = load_diabetes(scaled=False)
    for row, (variables, progression) in enumerate(zip(data.data, data.target, strict=True)):
        event_time = FIRST_EVENT_TIME + row * BETWEEN_EVENTS
        values = dict(zip(data.feature_names, map(float, variables), strict=True))
        yield {
            "record_id": f"patient-{row + 1:03d}",
            "event_time": event_time.strftime("%Y-%m-%dT%H:%M:%SZ"),
            **values,
            **{name: int(values[name]) for name in INTEGERS},
            "progression": float(progression),
        }


if __name__ == "__main__":
    sys.exit(ingest(patients()))
