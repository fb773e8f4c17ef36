"""How each kind of step is carried out without Airflow; the twin of the factory's table of operators."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from boatyard.aws import features
from boatyard.aws.cache.queries import QueryCache
from boatyard.aws.carry_out import data, gate, release, validate
from boatyard.aws.logs.job_log import show_end_of_endpoint_log
from boatyard.aws.release import endpoints
from boatyard.cli.runs.job import result_of, run_job, run_training, upload_code
from boatyard.cli.runs.work import Work
from boatyard.steps import training_set
from boatyard.steps.train import CONTINUE_TRAINING


def _ingest(work: Work) -> dict[str, Any]:
    upload_code(work)
    features.ensure_group(work.clients.get("sagemaker"), work.asked.only("CreateFeatureGroup"))
    return result_of(run_job(work, "processing", work.asked.only("CreateProcessingJob")))


def _wait_visible(work: Work) -> dict[str, Any]:
    with work.queries() as queries:
        return data.wait_visible(work.asked, work.clients, queries)


def _training_set(work: Work) -> dict[str, Any]:
    with work.queries() as queries:
        known = training_set.result(work.spec, work.run)
        cache = QueryCache(work.clients, work.cache, work.me, work.subject.uri) if work.cache else None
        return data.training_set(work.asked, work.clients, queries, work.me, known, cache)


def _validation(work: Work) -> dict[str, Any]:
    with work.queries() as queries:
        return validate.validate(work.asked, work.clients, queries, work.me)


def _processing(work: Work) -> dict[str, Any]:
    upload_code(work)
    return result_of(run_job(work, "processing", work.asked.only("CreateProcessingJob")))


def _training(work: Work) -> dict[str, Any]:
    upload_code(work)
    continued = work.asked.all(CONTINUE_TRAINING)
    total = continued[0]["MaxRuntimeInSeconds"] if continued else None
    return result_of(run_training(work, work.asked.only("CreateTrainingJob"), total))


def _evaluation(work: Work) -> dict[str, Any]:
    upload_code(work)
    asked = work.asked
    endpoint = asked.only("DescribeEndpoint")["EndpointName"]
    job = run_job(work, "processing", gate.beside_champion(work.clients, asked.only("CreateProcessingJob"), endpoint))
    return result_of(job) | gate.evaluated(job.description)


def _gate(work: Work) -> dict[str, Any]:
    return gate.gate(work.asked, work.clients)


def _register(work: Work) -> dict[str, Any]:
    upload_code(work)
    group, package = work.asked.only("CreateModelPackageGroup"), work.asked.only("CreateModelPackage")
    return {"model_package_arn": release.register(work.clients, group, package, work.me.token)}


def _approve(work: Work) -> dict[str, Any]:
    return release.approve(work.asked, work.clients)


def _deploy(work: Work) -> dict[str, Any]:
    asked, client = work.asked, work.clients.get("sagemaker")
    config = release.named(
        {
            "Model": asked.only("CreateModel"),
            "EndpointConfig": asked.only("CreateEndpointConfig"),
            "Endpoint": asked.only("CreateEndpoint") | asked.only("UpdateEndpoint"),
        }
    )
    release.ensure_approved_parts(client, asked.only("DescribeModelPackage")["ModelPackageName"], config)
    began = time.time()
    release.start_deploying(client, config["Endpoint"])
    result = release.deployed(config)
    found = endpoints.wait(client, result["endpoint_name"], result["endpoint_config_name"])
    if found.outcome.ended_badly:
        show_end_of_endpoint_log(lambda: work.clients.get("logs"), found.name, work.show, began)
    endpoints.require_in_service(found)
    return result


def _smoke_test(work: Work) -> dict[str, Any]:
    return release.smoke_test(work.asked, work.clients)


CARRY_OUT: dict[str, Callable[[Work], dict[str, Any]]] = {
    "ingest": _ingest,
    "feature_wait": _wait_visible,
    "training_set": _training_set,
    "validation": _validation,
    "processing": _processing,
    "training": _training,
    "evaluation": _evaluation,
    "gate": _gate,
    "register": _register,
    "approve": _approve,
    "deploy": _deploy,
    "smoke_test": _smoke_test,
}
