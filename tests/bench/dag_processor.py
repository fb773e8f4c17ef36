"""`python -m tests.bench.dag_processor FOLDER ROUNDS FILE...`: parse DAG files as a running dag-processor does.

Its own class does the work: it imports the airflow modules that a file names, then forks; the child parses, serialises
and sends the result back. Only the manager's loop around that is not here: it asks the database between two events,
which has nothing to do with a file. Prints a JSON list for each file: the seconds of each round.
"""

import json
import selectors
import sys
import time
import uuid
from pathlib import Path
from typing import Any

# a running dag-processor has all of this loaded before it forks for the first time
import airflow.__main__
import airflow.cli.commands.dag_processor_command  # noqa: F401
import structlog
from airflow.dag_processing.processor import DagFileProcessorProcess, in_process_api_server
from airflow.sdk.api.client import Client


def main(folder: Path, rounds: int, files: list[str]) -> None:
    """Parse every file once unmeasured: the modules it names are loaded from then on."""
    transport = in_process_api_server().transport
    client = Client(base_url=None, token="", dry_run=True, transport=transport)
    with selectors.DefaultSelector() as selector, (folder / "dag-processor.log").open("ab") as log:
        seconds: dict[str, list[float]] = {file: [] for file in files}
        for number in range(rounds + 1):
            for file in files:
                took = _parse(folder, file, selector, log, client)
                if number:
                    seconds[file].append(took)
    print(json.dumps([seconds[file] for file in files]))


def _parse(folder: Path, file: str, selector: selectors.BaseSelector, log: Any, client: Client) -> float:
    started = time.perf_counter()
    process = DagFileProcessorProcess.start(
        id=uuid.uuid4(),
        path=folder / file,
        bundle_path=folder,
        bundle_name="bench",
        dag_file_rel_path=file,
        callbacks=[],
        selector=selector,
        logger=structlog.wrap_logger(
            structlog.BytesLogger(log), processors=[structlog.processors.JSONRenderer(_bytes)]
        ),
        logger_filehandle=log,
        client=client,
    )
    while not process.is_ready:
        for key, _ in selector.select(timeout=0.001):
            handle, on_close = key.data
            if not handle(key.fileobj):
                on_close(key.fileobj)
                key.fileobj.close()  # type: ignore[union-attr]  # a socket
    took = time.perf_counter() - started
    result = process.parsing_result
    if result is None or result.import_errors or len(result.serialized_dags) != 1:
        sys.exit(f"{file} gave no DAG: {result.import_errors if result else 'no answer'}; see {log.name}")
    return took


def _bytes(event: Any, **_: Any) -> bytes:
    return json.dumps(event, default=str).encode()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
