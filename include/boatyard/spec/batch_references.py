"""What `batch:` names must be there: columns of the training set, words of its query."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from boatyard.spec.batch import AS_OF, RECORDS, Batch, query_words
from boatyard.spec.columns import Column
from boatyard.spec.problems import nearest
from boatyard.spec.source import Source


def batch_references(source: Source, batch: Batch, columns: Sequence[Column], groups: Iterable[str]) -> None:
    """Report what is wrong with `batch:`; `columns` are those of the training set, `groups` the model's."""
    ids = batch_ids(batch, columns)
    _once(source, "id", ids)
    _once(source, "columns", batch.columns or ())
    for name in batch.outputs:
        if name in ids:
            source.report(("batch", "outputs", name), f"{name!r} is an id already: call the output otherwise")
    if batch.input is None:
        known = [column.name for column in columns]
        _known(source, "id", ids, known)
        _known(source, "columns", batch.columns or (), known)
    elif batch.input.query is not None:
        words = (RECORDS, AS_OF, *groups)
        for word in query_words(batch.input.query):
            if word not in words:
                there = ", ".join(f"{{{known}}}" for known in words)
                message = f"nothing stands for {{{word}}}; there is {there}"
                source.report(("batch", "input", "query"), message, nearest(word, words))


def batch_ids(batch: Batch, columns: Sequence[Column]) -> tuple[str, ...]:
    """Return the columns that tell the rows of a batch apart; a training set begins with the record identifier."""
    return batch.id or (columns[0].name,)


def _known(source: Source, key: str, names: Iterable[str], known: Sequence[str]) -> None:
    for number, name in enumerate(names):
        if name not in known:
            source.report(("batch", key, number), f"the training set has no column {name!r}", nearest(name, known))


def _once(source: Source, key: str, names: Sequence[str]) -> None:
    for number, name in enumerate(names):
        if name in names[:number]:
            source.report(("batch", key, number), f"{name!r} is given twice")
