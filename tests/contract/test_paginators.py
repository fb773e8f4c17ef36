"""Every paginator that botocore has for an operation of sagelocal's SageMaker, Athena and S3, over more than one page.

https://docs.aws.amazon.com/boto3/latest/guide/paginators.html
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore import xform_name
from botocore.session import Session
from tests.contract.provider.requests import (
    IMAGE,
    ROLE,
    endpoint_config,
    model,
    numbers,
    processing,
    training,
    transform,
    tuning,
)

from sagelocal import coverage

Client = Callable[..., Any]
Made = Callable[[Any, str, str], dict[str, Any]]  # from a client, a name and a bucket to the arguments of the list

pytestmark = pytest.mark.unverified

SERVICES = ("sagemaker", "athena", "s3")
# AWS puts all of these on one page: at most 50 tags of a resource, one data catalog here.
ON_ONE_PAGE = {"ListTags", "ListDataCatalogs"}
PAGE_SIZES = {"ListTags": 50, "ListDataCatalogs": 2}


def _two(name: str) -> tuple[str, str]:
    return f"{name[:28]}-a", f"{name[:28]}-b"


def _named(name: str) -> dict[str, Any]:
    return {"NameContains": name[:28]}


def _training_jobs(sagemaker: Any, name: str, bucket: str) -> dict[str, Any]:
    for each in _two(name):
        sagemaker.create_training_job(**numbers(training(each, bucket)))
    return _named(name)


def _processing_jobs(sagemaker: Any, name: str, bucket: str) -> dict[str, Any]:
    for each in _two(name):
        sagemaker.create_processing_job(**numbers(processing(each, bucket)))
    return _named(name)


def _models(sagemaker: Any, name: str, bucket: str) -> dict[str, Any]:
    for each in _two(name):
        sagemaker.create_model(**model(each))
    return _named(name)


def _transform_jobs(sagemaker: Any, name: str, bucket: str) -> dict[str, Any]:
    _models(sagemaker, name, bucket)
    for each in _two(name):
        sagemaker.create_transform_job(**numbers(transform(each, each, bucket)))
    return _named(name)


def _endpoint_configs(sagemaker: Any, name: str, bucket: str) -> dict[str, Any]:
    _models(sagemaker, name, bucket)
    for each in _two(name):
        sagemaker.create_endpoint_config(**numbers(endpoint_config(each)))
    return _named(name)


def _endpoints(sagemaker: Any, name: str, bucket: str) -> dict[str, Any]:
    _endpoint_configs(sagemaker, name, bucket)
    for each in _two(name):
        sagemaker.create_endpoint(EndpointName=each, EndpointConfigName=each)
    return _named(name)


def _tuning_jobs(sagemaker: Any, name: str, bucket: str) -> dict[str, Any]:
    for each in _two(name):
        sagemaker.create_hyper_parameter_tuning_job(**numbers(tuning(each, bucket)))
    return _named(name)


def _children(sagemaker: Any, name: str, bucket: str) -> dict[str, Any]:
    request = numbers(tuning(name, bucket))
    asked = {"HyperParameterTuningJobName": request["HyperParameterTuningJobName"]}
    sagemaker.create_hyper_parameter_tuning_job(**request)
    deadline = time.monotonic() + 60
    while sagemaker.describe_hyper_parameter_tuning_job(**asked)["HyperParameterTuningJobStatus"] == "InProgress":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return asked


def _groups(sagemaker: Any, name: str, bucket: str) -> dict[str, Any]:
    for each in _two(name):
        sagemaker.create_model_package_group(ModelPackageGroupName=each)
    return _named(name)


def _packages(sagemaker: Any, name: str, bucket: str) -> dict[str, Any]:
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    container = {"Image": IMAGE, "ModelDataUrl": f"s3://{bucket}/data/train.csv"}
    specification = {"Containers": [container], "SupportedContentTypes": ["a/b"], "SupportedResponseMIMETypes": ["a/b"]}
    for _ in range(2):
        sagemaker.create_model_package(ModelPackageGroupName=name, InferenceSpecification=specification)
    return {"ModelPackageGroupName": name}


def _feature_groups(sagemaker: Any, name: str, bucket: str) -> dict[str, Any]:
    features = [{"FeatureName": feature, "FeatureType": "String"} for feature in ("id", "at")]
    for each in _two(name):
        sagemaker.create_feature_group(
            FeatureGroupName=each,
            RecordIdentifierFeatureName="id",
            EventTimeFeatureName="at",
            FeatureDefinitions=features,
            OnlineStoreConfig={"EnableOnlineStore": True},
            RoleArn=ROLE,
        )
    return _named(name)


def _experiments(sagemaker: Any, name: str, bucket: str) -> dict[str, Any]:
    for each in _two(name):
        sagemaker.create_experiment(ExperimentName=each)
    return {}


def _tags(sagemaker: Any, name: str, bucket: str) -> dict[str, Any]:
    arn = sagemaker.create_model(**model(name), Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    return {"ResourceArn": arn["ModelArn"]}


def _query(athena: Any, sql: str, bucket: str) -> str:
    place = {"OutputLocation": f"s3://{bucket}/results/"}
    execution = athena.start_query_execution(QueryString=sql, ResultConfiguration=place)["QueryExecutionId"]
    deadline = time.monotonic() + 60
    while True:
        found = athena.get_query_execution(QueryExecutionId=execution)["QueryExecution"]["Status"]
        if found["State"] not in ("QUEUED", "RUNNING"):
            assert found["State"] == "SUCCEEDED", found
            return str(execution)
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _results(athena: Any, name: str, bucket: str) -> dict[str, Any]:
    return {"QueryExecutionId": _query(athena, "SELECT * FROM (VALUES 1, 2) AS t(x)", bucket)}


def _executions(athena: Any, name: str, bucket: str) -> dict[str, Any]:
    for number in range(2):
        _query(athena, f"SELECT {number}", bucket)
    return {}


def _databases(athena: Any, name: str, bucket: str) -> dict[str, Any]:
    for each in _two(name):
        _query(athena, f"CREATE DATABASE `{each.replace('-', '_')}`", bucket)
    return {"CatalogName": "AwsDataCatalog"}


def _tables(athena: Any, name: str, bucket: str) -> dict[str, Any]:
    database = name.replace("-", "_")
    _query(athena, f"CREATE DATABASE `{database}`", bucket)
    for table in ("a", "b"):
        where = f"STORED AS PARQUET LOCATION 's3://{bucket}/{table}/'"
        _query(athena, f"CREATE EXTERNAL TABLE `{database}`.`{table}` (x int) {where}", bucket)
    return {"CatalogName": "AwsDataCatalog", "DatabaseName": database}


def _buckets(s3: Any, name: str, bucket: str) -> dict[str, Any]:
    for each in _two(name):
        s3.create_bucket(Bucket=each)
    return {"Prefix": name[:28]}


def _objects(s3: Any, name: str, bucket: str) -> dict[str, Any]:
    s3.put_object(Bucket=bucket, Key="data/more.csv", Body=b"3,4\n")
    return {"Bucket": bucket}


def _uploads(s3: Any, name: str, bucket: str) -> dict[str, Any]:
    for each in _two(name):
        s3.create_multipart_upload(Bucket=bucket, Key=each)
    return {"Bucket": bucket}


def _parts(s3: Any, name: str, bucket: str) -> dict[str, Any]:
    upload = {"Bucket": bucket, "Key": name}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    for number in (1, 2):
        s3.upload_part(PartNumber=number, Body=b"x", **upload)
    return upload


# The paginated operations -> what makes two of what they list.
MADE: dict[str, dict[str, Made]] = {
    "sagemaker": {
        "ListTrainingJobs": _training_jobs,
        "ListProcessingJobs": _processing_jobs,
        "ListTransformJobs": _transform_jobs,
        "ListHyperParameterTuningJobs": _tuning_jobs,
        "ListTrainingJobsForHyperParameterTuningJob": _children,
        "ListModels": _models,
        "ListEndpointConfigs": _endpoint_configs,
        "ListEndpoints": _endpoints,
        "ListModelPackageGroups": _groups,
        "ListModelPackages": _packages,
        "ListFeatureGroups": _feature_groups,
        "ListExperiments": _experiments,
        "ListTags": _tags,
    },
    "athena": {
        "GetQueryResults": _results,
        "ListQueryExecutions": _executions,
        "ListDataCatalogs": lambda athena, name, bucket: {},
        "ListDatabases": _databases,
        "ListTableMetadata": _tables,
    },
    "s3": {
        "ListBuckets": _buckets,
        "ListObjects": _objects,
        "ListObjectsV2": _objects,
        "ListObjectVersions": _objects,
        "ListMultipartUploads": _uploads,
        "ListParts": _parts,
    },
}
ELSEWHERE = "Pipeline"  # tests/contract/pipelines


def _paginated(service: str) -> set[str]:
    real = {found.name for found in coverage.operations(service) if found.answered == coverage.REAL}
    data = Session().get_component("data_loader").load_service_model(service, "paginators-1")
    return real.intersection(data["pagination"])


@pytest.mark.parametrize("service", SERVICES)
def test_every_paginator_of_an_operation_that_is_there_is_tested(service: str) -> None:
    assert {name for name in _paginated(service) if ELSEWHERE not in name} <= set(MADE[service])


@pytest.fixture
def data(client: Client, bucket: str) -> str:
    client("s3").put_object(Bucket=bucket, Key="data/train.csv", Body=b"1,2\n")
    return bucket


@pytest.mark.parametrize(
    ("service", "operation"),
    [(service, name) for service in SERVICES for name in MADE[service] if name in _paginated(service)],
)
def test_small_pages_hold_what_one_large_page_holds(client: Client, data: str, service: str, operation: str) -> None:
    made = client(service)
    arguments = MADE[service][operation](made, f"p-{uuid.uuid4()}", data)
    paginator = made.get_paginator(xform_name(operation))
    size = PAGE_SIZES.get(operation, 1)
    pages = list(paginator.paginate(**arguments, PaginationConfig={"PageSize": size}))
    (key,) = [found.expression for found in paginator.result_keys][:1]
    small = [_identity(item) for page in pages for item in _search(page, key)]
    whole = [_identity(item) for page in paginator.paginate(**arguments) for item in _search(page, key)]
    assert small == whole
    assert len(small) == len(set(small))
    if operation not in ON_ONE_PAGE:
        assert len(small) >= 2
        assert max(len(_search(page, key)) for page in pages) == size


def _search(page: dict[str, Any], key: str) -> list[Any]:
    found: Any = page
    for part in key.split("."):
        found = found.get(part, [])
    return list(found)


def _identity(item: Any) -> str:
    """Return what tells one listed thing from another; states and times may change between two lists."""
    if isinstance(item, dict):
        names = [name for name in item if name.endswith(("Name", "Key", "PartNumber", "UploadId", "Arn"))]
        return "/".join(str(item[name]) for name in names) or str(item)
    return str(item)
