"""Write the UCI handwritten digits that ship with scikit-learn into a feature group, as a SageMaker processing job."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tabular.ingestion import ingest

FIRST_EVENT_TIME = datetime(2025, 1, 1, tzinfo=UTC)
BETWEEN_EVENTS = timedelta(minutes=1)


def digits() -> Iterator[dict[str, object]]:
    """Yield each image as a row of the feature group, one a minute from the start of 2025."""
    from sklearn.datasets import load_digits  # slow, and not needed to say what an argument means

    data = load_digits()
    for row, (pixels, digit) in enumerate(zip(data.data, data.target, strict=True)):
        event_time = FIRST_EVENT_TIME + row * BETWEEN_EVENTS
        yield {
            "record_id": f"digit-{row + 1:04d}",
            "event_time": event_time.strftime("%Y-%m-%dT%H:%M:%SZ"),
            **{f"pixel_{number}": int(pixel) for number, pixel in enumerate(pixels)},
            "digit": int(digit),
        }


if __name__ == "__main__":
    sys.exit(ingest(digits()))
