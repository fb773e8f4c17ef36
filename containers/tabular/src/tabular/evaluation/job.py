"""The evaluation as a processing job or by hand: model and rows in; evaluation.json, predictions.csv and report out."""

import argparse
import difflib
import json
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tabular.evaluation.champion import ChampionProcess
from tabular.evaluation.errors import EvaluationError
from tabular.evaluation.evaluated import Evaluated, Metrics, evaluated
from tabular.evaluation.rows import HeldOut
from tabular.evaluation.subject import PROGRAM, Subject
from tabular.evaluation.tasks import TASKS, Task


def evaluate(
    task: str,
    *,
    feature_names: Sequence[str] | None = None,
    metrics: Metrics | None = None,
    description: str | None = None,
) -> int:
    """Evaluate the model of a job and, beside it, the champion; return the exit code.

    `task` is "regression", "binary_classification" or "multiclass_classification". `feature_names` name the columns
    after the label, for the report. `metrics` (labels, predictions) gives further numbers by name, which become
    `custom_metrics`. Without a model or rows, or if the model cannot predict, the job fails with one line. A champion
    that cannot predict is in evaluation.json with its problem, and so is a report that cannot be drawn.
    """
    arguments = _arguments(description)
    try:
        chosen = _task(task)
        rows = HeldOut(arguments.test_dir)
        names = _named(feature_names, rows)
        champion = _begin(arguments, chosen)
        try:
            code = arguments.code_dir
            answers = Subject(arguments.model_dir / "model.tar.gz", code, PROGRAM).answers(rows, chosen)
            candidate = evaluated(chosen, rows, answers, metrics)
            found, beside = _champion(arguments, champion, chosen, rows, metrics)
        finally:
            if champion is not None:
                champion.end()
    except EvaluationError as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 1
    evaluation = _evaluation(rows, candidate) | {"champion": beside}
    output: Path = arguments.output_dir
    output.mkdir(parents=True, exist_ok=True)
    predicted = "".join(f"{line}\n" for line in answers.lines)
    (output / "predictions.csv").write_text(predicted, encoding="utf-8")
    problems = _draw(output / "report.html", arguments.model, chosen, rows, names, candidate, found, evaluation)
    if problems:
        evaluation["report"] = {"problem": "; ".join(problems)}
    (output / "evaluation.json").write_text(json.dumps(evaluation, indent=2) + "\n", encoding="utf-8")
    _say(chosen, evaluation)
    return 0


def _arguments(description: str | None) -> argparse.Namespace:
    base = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "processing"
    given, environment = base / "input", os.environ
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--model-dir", type=Path, default=given / "model", help="holds model.tar.gz")
    parser.add_argument("--test-dir", type=Path, default=given / "test", help="CSV without a header, the label first")
    parser.add_argument("--output-dir", type=Path, default=base / "output")
    parser.add_argument("--code-dir", type=Path, default=Path(sys.argv[0]).resolve().parent, help=f"holds {PROGRAM}")
    parser.add_argument(
        "--champion-dir", type=Path, default=given / "champion", help="its .tar.gz; absent: none serves"
    )
    parser.add_argument("--champion-code-dir", type=Path, default=given / "champion_code", help="its source")
    parser.add_argument("--champion", default=environment.get("CHAMPION_MODEL_PACKAGE", ""), help="its name")
    parser.add_argument("--champion-program", default=environment.get("CHAMPION_PROGRAM") or PROGRAM)
    parser.add_argument(
        "--champion-problem", default=environment.get("CHAMPION_PROBLEM", ""), help="why it is not here"
    )
    parser.add_argument("--model", default=environment.get("MODEL_NAME", ""), help="name in the report's title")
    return parser.parse_args()


def _task(name: str) -> Task:
    if name not in TASKS:
        (nearest, *_) = [*difflib.get_close_matches(name, TASKS, 1), None]
        hint = f"did you mean {nearest!r}?" if nearest else f"there is {', '.join(TASKS)}"
        raise EvaluationError(f"there is no task {name!r}: {hint}")
    return TASKS[name]()


def _named(names: Sequence[str] | None, rows: HeldOut) -> list[str]:
    if names is None:
        return [f"feature {number}" for number in range(1, rows.width + 1)]
    if len(names) != rows.width:
        raise EvaluationError(f"{len(names)} feature_names for rows of {rows.width} features")
    return list(names)


def _begin(arguments: argparse.Namespace, task: Task) -> ChampionProcess | None:
    if arguments.champion_problem or not arguments.champion_dir.is_dir():
        return None
    return ChampionProcess(
        arguments.champion_dir, arguments.champion_code_dir, arguments.champion_program, arguments.test_dir, task
    )


def _champion(
    arguments: argparse.Namespace,
    process: ChampionProcess | None,
    task: Task,
    rows: HeldOut,
    metrics: Metrics | None,
) -> tuple[Evaluated | None, dict[str, Any] | None]:
    """Return the champion and what evaluation.json says of it: figures, a problem, or None where there is none."""
    name = {"model_package_arn": arguments.champion} if arguments.champion else {}
    try:
        if arguments.champion_problem:
            raise EvaluationError(arguments.champion_problem)
        if process is None:
            if not arguments.champion:
                return None, None
            raise EvaluationError(f"there is no {arguments.champion_dir}")
        champion = evaluated(task, rows, process.answers(), metrics)
    except EvaluationError as error:
        print(f"evaluate: the champion {arguments.champion} cannot be evaluated: {error}", file=sys.stderr)
        return None, name | {"problem": str(error)}
    return champion, name | champion.figures


def _evaluation(rows: HeldOut, candidate: Evaluated) -> dict[str, Any]:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"version": 0.0, "dataset": {"item_count": len(rows), "evaluation_time": now}, **candidate.figures}


def _draw(path: Path, model: str, task: Task, rows: HeldOut, names: list[str], *rest: Any) -> list[str]:
    """Write the report and return what of it could not be drawn."""
    from tabular.evaluation.report import Report, plain_report

    candidate, champion, evaluation = rest
    try:
        report = Report(model, task, rows, names, candidate, champion, evaluation)
        path.write_text(report.html(), encoding="utf-8")
        problems = list(report.problems)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a picture must not cost the run its figures
        traceback.print_exc()
        problems = [f"{type(error).__name__}: {error}"]
        path.write_text(plain_report(problems[0], evaluation), encoding="utf-8")
    for problem in problems:
        print(f"evaluate: the report could not be drawn: {problem}", file=sys.stderr)
    return problems


def _say(task: Task, evaluation: dict[str, Any]) -> None:
    for name in task.headline:
        value, champion = (_value(part, task, name) for part in (evaluation, evaluation["champion"] or {}))
        beside = "" if champion is None else f", the champion's {champion:.4f}"
        print(f"{name}: {value:.4f} on {evaluation['dataset']['item_count']} rows{beside}")


def _value(figures: Mapping[str, Any], task: Task, name: str) -> float | None:
    found = figures.get(task.group, {}).get(name)
    return None if found is None else float(found["value"])
