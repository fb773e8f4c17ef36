"""What makes two of everything that a paginator lists."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

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
from tests.waiting import until

Made = Callable[[Any, str, str], dict[str, Any]]  # from a client, a name and a bucket to the arguments of the list


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

    def status() -> str:
        return str(sagemaker.describe_hyper_parameter_tuning_job(**asked)["HyperParameterTuningJobStatus"])

    until(lambda: status() != "InProgress", f"{name} has ended")
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


def _pipelines(sagemaker: Any, name: str, bucket: str) -> dict[str, Any]:
    true = {"Type": "Equals", "LeftValue": 1, "RightValue": 1}
    definition = {
        "Version": "2020-12-01",
        "Parameters": [{"Name": each, "Type": "String", "DefaultValue": each} for each in ("X", "Y")],
        "Steps": [
            {
                "Name": each,
                "Type": "Condition",
                "Arguments": {"Conditions": [true], "IfSteps": [], "ElseSteps": []},
            }
            for each in ("a", "b")
        ],
    }
    for each in _two(name):
        sagemaker.create_pipeline(
            PipelineName=each,
            PipelineDefinition=json.dumps(definition),
            RoleArn=ROLE,
            ClientRequestToken=f"{each:-<32}",
        )
    return {"PipelineNamePrefix": name[:28]}


def _pipeline_executions(sagemaker: Any, name: str, bucket: str) -> dict[str, Any]:
    _pipelines(sagemaker, name, bucket)
    pipeline = {"PipelineName": _two(name)[0]}
    for number in range(2):
        started = sagemaker.start_pipeline_execution(**pipeline, ClientRequestToken=f"{name[:28]}{number:04}")
        arn = {"PipelineExecutionArn": started["PipelineExecutionArn"]}
        until(partial(_has_ended, sagemaker, arn), f"execution {number} has ended")
    return pipeline


def _has_ended(sagemaker: Any, arn: dict[str, str]) -> bool:
    return bool(sagemaker.describe_pipeline_execution(**arn)["PipelineExecutionStatus"] != "Executing")


def _pipeline_execution(sagemaker: Any, name: str, bucket: str) -> dict[str, Any]:
    listed = sagemaker.list_pipeline_executions(**_pipeline_executions(sagemaker, name, bucket))
    return {"PipelineExecutionArn": listed["PipelineExecutionSummaries"][0]["PipelineExecutionArn"]}


def _found(sagemaker: Any, name: str, bucket: str) -> dict[str, Any]:
    _groups(sagemaker, name, bucket)
    filters = [{"Name": "ModelPackageGroupName", "Operator": "Contains", "Value": name[:28]}]
    return {"Resource": "ModelPackageGroup", "SearchExpression": {"Filters": filters}}


def _tags(sagemaker: Any, name: str, bucket: str) -> dict[str, Any]:
    arn = sagemaker.create_model(**model(name), Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    return {"ResourceArn": arn["ModelArn"]}


def _query(athena: Any, sql: str, bucket: str) -> str:
    place = {"OutputLocation": f"s3://{bucket}/results/"}
    execution = athena.start_query_execution(QueryString=sql, ResultConfiguration=place)["QueryExecutionId"]

    def status() -> dict[str, Any]:
        found: dict[str, Any] = athena.get_query_execution(QueryExecutionId=execution)["QueryExecution"]["Status"]
        return found

    until(lambda: status()["State"] not in ("QUEUED", "RUNNING"), "the query has ended")
    assert status()["State"] == "SUCCEEDED", status()
    return str(execution)


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
        "ListPipelines": _pipelines,
        "ListPipelineExecutions": _pipeline_executions,
        "ListPipelineExecutionSteps": _pipeline_execution,
        "ListPipelineParametersForExecution": _pipeline_execution,
        "Search": _found,
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
