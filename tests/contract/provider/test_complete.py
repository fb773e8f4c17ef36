"""Every public class and hook method of the provider's SageMaker, Athena and S3 modules has its test, or its reason."""

from __future__ import annotations

import ast
from functools import cache
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent

# Services of their own, which only have a name in common with these three.
OTHER_SERVICES = {"s3_tables", "s3_vectors"}


def _each(pattern: str, names: str) -> tuple[str, ...]:
    return tuple(pattern.format(name) for name in names.split())


# The test file -> what it covers; a hook's methods are `Hook.method`.
COVERED: dict[str, tuple[str, ...]] = {
    "test_job_operators.py": (
        "SageMakerProcessingOperator",
        "SageMakerTrainingOperator",
        "SageMakerTransformOperator",
        "SageMakerTuningOperator",
        "SageMakerTrigger",
    ),
    "test_serving_operators.py": (
        "SageMakerConditionOperator",
        "SageMakerCreateExperimentOperator",
        "SageMakerDeleteModelOperator",
        "SageMakerEndpointConfigOperator",
        "SageMakerEndpointOperator",
        "SageMakerModelOperator",
        "SageMakerRegisterModelVersionOperator",
    ),
    "test_job_sensors.py": _each("SageMaker{}Sensor", "Endpoint Processing Training Transform Tuning"),
    "test_job_hook.py": (
        "LogState",
        "SageMakerHook",
        *_each(
            "SageMakerHook.{}",
            """
            check_s3_url check_status check_training_config check_training_status_with_log check_tuning_config
            configure_s3_resources count_billable_seconds count_processing_jobs_by_name create_endpoint
            create_endpoint_config create_model create_model_package_group create_processing_job create_training_job
            create_transform_job create_tuning_job delete_model describe_endpoint describe_endpoint_config
            describe_model describe_processing_job describe_training_job describe_training_job_async
            describe_training_job_with_log describe_training_job_with_log_async describe_transform_job
            describe_tuning_job get_multi_stream list_processing_jobs list_training_jobs list_transform_jobs
            multi_stream_iter tar_and_s3_upload update_endpoint
            """,
        ),
    ),
    "test_refused.py": (
        "AthenaHook.check_spark_calculation_status",
        "AthenaHook.get_spark_calculation_info",
        "AthenaHook.get_spark_calculation_state_change_reason",
        "AthenaHook.poll_spark_calculation_status",
        "AthenaHook.start_spark_calculation",
        "AthenaHook.stop_spark_calculation",
        "AthenaSparkOperator",
        "AthenaSparkSensor",
        "S3Hook.select_key",
        "SageMakerAutoMLOperator",
        "SageMakerAutoMLSensor",
        "SageMakerCreateNotebookOperator",
        "SageMakerDeleteNotebookOperator",
        "SageMakerHook.create_auto_ml_job",
        "SageMakerStartNoteBookOperator",
        "SageMakerStopNotebookOperator",
        "SageMakerUnifiedStudioNotebookHook",
        *_each(
            "SageMakerUnifiedStudioNotebookHook.{}",
            """get_notebook_outputs get_notebook_run get_project_s3_path start_notebook_run wait_for_notebook_run""",
        ),
        "SageMakerUnifiedStudioNotebookOperator",
        "SageMakerUnifiedStudioNotebookSensor",
        "SageMakerUnifiedStudioNotebookTrigger",
    ),
    "test_athena.py": (
        "AthenaHook",
        *_each(
            "AthenaHook.{}",
            """
            check_query_status get_output_location get_query_info get_query_results get_query_results_paginator
            get_state_change_reason poll_query_status run_query stop_query
            """,
        ),
        "AthenaOperator",
        "AthenaSQLHook",
        "AthenaSQLHook.get_conn",
        "AthenaSensor",
        "AthenaTrigger",
    ),
    "test_s3_hook.py": (
        "S3Hook",
        *_each(
            "S3Hook.{}",
            """
            check_for_bucket check_for_key check_for_prefix check_for_wildcard_key copy_object create_bucket
            delete_bucket delete_objects download_file extra_args generate_presigned_url get_bucket get_file_metadata
            get_key get_s3_bucket_key get_wildcard_key head_object iter_file_metadata list_keys list_prefixes
            load_bytes load_file load_file_obj load_string parse_s3_url read_key resource sync_to_local_dir
            transfer_config
            """,
        ),
    ),
    "test_s3_hook_async.py": _each(
        "S3Hook.{}",
        """
        check_for_prefix_async check_key_async get_file_metadata_async get_files_async get_head_object_async
        is_keys_unchanged_async list_prefixes_async
        """,
    ),
    "test_s3_operators.py": _each(
        "S3{}Operator",
        """
        CopyObject CopyPrefix CreateBucket CreateObject DeleteBucket DeleteObjects FileTransform List ListPrefixes
        ReadObject
        """,
    ),
    "test_s3_sensors.py": ("S3KeySensor", "S3KeyTrigger", "S3KeysUnchangedSensor", "S3KeysUnchangedTrigger"),
    "test_s3_tagging.py": (
        "S3DeleteBucketTaggingOperator",
        "S3GetBucketTaggingOperator",
        "S3PutBucketTaggingOperator",
        "S3Hook.delete_bucket_tagging",
        "S3Hook.get_bucket_tagging",
        "S3Hook.put_bucket_tagging",
    ),
}

PIPELINES = "covered by tests/contract/pipelines"
ABSTRACT = "abstract: covered by what is made of it"
OFFLINE = "calls nothing of AWS"
OWN_ADDRESS = "its SDK calls DataZone at AWS's own address, whatever the environment says; see test_refused.py"
NOT_HERE: dict[str, str] = {
    "SageMakerStartPipelineOperator": PIPELINES,
    "SageMakerStopPipelineOperator": PIPELINES,
    "SageMakerPipelineSensor": PIPELINES,
    "SageMakerPipelineTrigger": PIPELINES,
    "SageMakerHook.describe_pipeline_exec": PIPELINES,
    "SageMakerHook.start_pipeline": PIPELINES,
    "SageMakerHook.stop_pipeline": PIPELINES,
    "SageMakerBaseOperator": ABSTRACT,
    "SageMakerBaseSensor": ABSTRACT,
    "SageMakerUnifiedStudioNotebookHook.conn": ABSTRACT,
    "AthenaSQLHook.conn": OFFLINE,
    "AthenaSQLHook.conn_config": OFFLINE,
    "AthenaSQLHook.get_openlineage_database_dialect": OFFLINE,
    "AthenaSQLHook.get_openlineage_database_info": OFFLINE,
    "AthenaSQLHook.get_openlineage_default_schema": OFFLINE,
    "AthenaSQLHook.get_ui_field_behaviour": OFFLINE,
    "AthenaSQLHook.get_uri": OFFLINE,
    "SageMakerNotebookHook": OWN_ADDRESS,
    "SageMakerNotebookHook.get_notebook_execution": OWN_ADDRESS,
    "SageMakerNotebookHook.start_notebook_execution": OWN_ADDRESS,
    "SageMakerNotebookHook.wait_for_execution_completion": OWN_ADDRESS,
    "SageMakerNotebookJobTrigger": OWN_ADDRESS,
    "SageMakerNotebookOperator": OWN_ADDRESS,
    "SageMakerNotebookSensor": OWN_ADDRESS,
}


def _public(body: list[ast.stmt], *kinds: type[ast.stmt]) -> list[ast.stmt]:
    return [node for node in body if isinstance(node, kinds) and not getattr(node, "name", "_").startswith("_")]


def _of_provider() -> set[str]:
    spec = find_spec("airflow.providers.amazon.aws")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    found = set()
    for kind in ("hooks", "operators", "sensors", "triggers"):
        for path in Path(spec.submodule_search_locations[0], kind).glob("*.py"):
            if path.stem.partition("_")[0] not in ("sagemaker", "athena", "s3") or path.stem in OTHER_SERVICES:
                continue
            for node in _public(ast.parse(path.read_text()).body, ast.ClassDef):
                assert isinstance(node, ast.ClassDef)
                found.add(node.name)
                if node.name.endswith("Hook"):
                    methods = _public(node.body, ast.FunctionDef, ast.AsyncFunctionDef)
                    found |= {f"{node.name}.{getattr(method, 'name', '')}" for method in methods}
    return found


@cache
def _named_in(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    return {node.id for node in nodes if isinstance(node, ast.Name)} | {
        node.attr for node in nodes if isinstance(node, ast.Attribute)
    }


def test_every_class_and_hook_method_of_the_provider_is_covered_or_has_a_reason() -> None:
    """A new version of the provider with something more fails here."""
    table = [name for names in COVERED.values() for name in names]
    assert len(table) == len(set(table))
    assert not NOT_HERE.keys() & set(table)
    assert _of_provider() == {*table, *NOT_HERE}


def test_what_is_covered_is_used_by_the_file_that_covers_it() -> None:
    unused = {
        f"{file}: {name}"
        for file, names in COVERED.items()
        for name in names
        if name.rpartition(".")[2] not in _named_in(HERE / file)
    }
    assert unused == set()
