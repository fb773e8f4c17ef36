"""Which steps of an execution are next, whatever its graph is and however its steps end."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sagelocal.pipelines import graph, progress

Json = dict[str, Any]
Draw = Any

ROLE = "arn:aws:iam::123456789012:role/boatyard"
PIPELINE = "arn:aws:sagemaker:us-east-1:123456789012:pipeline/p"


def model(name: str, depends_on: list[str]) -> Json:
    return {"Name": name, "Type": "Model", "Arguments": {}, "DependsOn": depends_on}


def execution(steps: list[Json], most: int | None = None) -> Json:
    return {
        "describe": {
            "PipelineArn": PIPELINE,
            "PipelineExecutionArn": f"{PIPELINE}/execution/abcdefghijkl",
            progress.STATUS: "Executing",
            "CreationTime": 0.0,
            "ParallelismConfiguration": {"MaxParallelExecutionSteps": most} if most else None,
        },
        "definition": json.dumps({"Steps": steps}),
        "parameters": {},
        "steps": [],
        "round": 0,
    }


@st.composite
def graphs(draw: Draw) -> dict[str, set[str]]:
    """Return steps with those they depend on, in any order and without a cycle."""
    names = draw(st.permutations([f"s{number}" for number in range(draw(st.integers(1, 8)))]))
    found = {
        name: draw(st.sets(st.sampled_from(names[:place]))) if place else set() for place, name in enumerate(names)
    }
    return {name: found[name] for name in draw(st.permutations(names))}


@given(graphs())
def test_every_step_comes_after_all_that_it_depends_on(depends_on: dict[str, set[str]]) -> None:
    order = graph.order(depends_on)
    assert isinstance(order, tuple)
    assert sorted(order) == sorted(depends_on)
    assert all(order.index(before) < order.index(name) for name, needed in depends_on.items() for before in needed)


@given(graphs(), st.data())
def test_steps_that_wait_for_each_other_are_named(depends_on: dict[str, set[str]], data: st.DataObject) -> None:
    first, last = (data.draw(st.sampled_from(sorted(depends_on))) for _ in range(2))
    ring = {**depends_on, first: depends_on[first] | {last}, last: depends_on[last] | {first}}
    order = graph.order(ring)
    assert isinstance(order, graph.Cycle)
    assert order.names[0] == order.names[-1]
    assert all(before in ring[after] for before, after in pairwise(order.names))


@given(graphs(), st.integers(1, 3), st.data())
def test_each_step_begins_once_after_those_it_needs_and_none_after_a_failure(
    depends_on: dict[str, set[str]], most: int, data: st.DataObject
) -> None:
    document = execution([model(name, sorted(needed)) for name, needed in depends_on.items()], most)
    begun: list[str] = []
    broken = False
    while True:
        rows = [progress.plan(document, step, 1.0, str) for step in progress.ready(document)]
        assert not (broken and rows)
        for row in rows:
            assert all(document_row(document, name)["status"] == "Succeeded" for name in depends_on[row["name"]])
        begun += [row["name"] for row in rows]
        progress.begin(document, rows, 1.0)
        running = progress.running(document)
        assert len(running) <= most
        if not running:
            break
        row = data.draw(st.sampled_from(running))
        if data.draw(st.integers(0, 9)) == 0:
            progress.fail(document, row["name"], "no wind", "no wind", 2.0)
            broken = True
        else:
            progress.succeed(document, row["name"], {}, 2.0)
    progress.end(document, 3.0)
    assert len(begun) == len(set(begun))
    if broken:
        assert document["describe"][progress.STATUS] == "Failed"
    else:
        assert (document["describe"][progress.STATUS], sorted(begun)) == ("Succeeded", sorted(depends_on))


def document_row(document: Json, name: str) -> Json:
    return next(row for row in document["steps"] if row["name"] == name)


def test_steps_inside_of_the_branch_not_taken_never_begin_nor_does_what_needs_them() -> None:
    def check(name: str, value: int, then: list[Json], otherwise: list[Json]) -> Json:
        conditions = [{"Type": "Equals", "LeftValue": value, "RightValue": 1}]
        return {
            "Name": name,
            "Type": "Condition",
            "Arguments": {"Conditions": conditions, "IfSteps": then, "ElseSteps": otherwise},
        }

    inner = check("inner", 2, [model("no", [])], [model("yes", [])])
    steps = [check("outer", 1, [inner], [model("never", [])]), model("waits", ["never"]), model("after", ["yes"])]
    document = execution(steps)
    while ready := progress.ready(document):
        progress.begin(document, [progress.plan(document, step, 1.0, str) for step in ready], 1.0)
        for row in progress.running(document):
            progress.succeed(document, row["name"], {}, 2.0)
    progress.end(document, 3.0)
    assert [row["name"] for row in document["steps"]] == ["outer", "inner", "yes", "after"]
    assert document["describe"][progress.STATUS] == "Succeeded"


def test_a_step_planned_when_somebody_stops_the_execution_does_not_begin() -> None:
    document = execution([model("a", [])])
    rows = [progress.plan(document, step, 1.0, str) for step in progress.ready(document)]
    progress.want_stop(document, 2.0)
    progress.begin(document, rows, 3.0)
    assert document["steps"] == []
    assert progress.ready(document) == []
    progress.end(document, 4.0)
    assert document["describe"][progress.STATUS] == "Stopped"


@given(st.from_regex(r"\A[A-Za-z0-9\-_]{1,64}\Z"), st.sampled_from(["Training", "Tuning", "RegisterModel", "Model"]))
def test_what_a_step_creates_has_a_name_that_fits_and_is_its_own(step: str, kind: str) -> None:
    document = execution([model("a", [])])
    row = {"name": step, "type": kind, "attempt": 1, "arguments": {}}
    name = progress.child_name(document, row)
    assert name == progress.child_name(document, row)
    assert "_" not in name
    assert len(name) <= {"Tuning": 32, "RegisterModel": 36}.get(kind, 63)
    assert "abcdefghijkl" in name
    assert name != progress.child_name(document, {**row, "attempt": 2})
    assert name != progress.child_name({**document, "round": 1}, row)


def test_a_name_among_the_arguments_is_the_beginning_of_the_jobs_name() -> None:
    arguments = {"TrainingJobName": "harbour" * 12}
    row = {"name": "train", "type": "Training", "attempt": 1, "arguments": arguments}
    name = progress.child_name(execution([model("a", [])]), row)
    assert name.startswith("harbour")
    assert "-abcdefghijkl-" in name
    assert len(name) == 63
