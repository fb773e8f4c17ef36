"""Trino's functions in DuckDB's SQL, where DuckDB has none of the name or one that answers otherwise."""

from __future__ import annotations

import re
from functools import lru_cache

from sagelocal.athena import render

_AUTHORITY = "'^[^:/?#]+://(?:[^@/?#]*@)?([^:/?#]*)(?::(\\d+))?'"
_FUNCTIONS = (
    (
        "CREATE MACRO slice_of(items, start, size) AS CASE "
        "WHEN start = 0 THEN error('Invalid Input Error: SQL array indices start at 1') "
        "WHEN start > 0 THEN items[start:start + size - 1] "
        "WHEN -start > len(items) THEN items[1:0] "
        "ELSE items[len(items) + start + 1:len(items) + start + size] END"
    ),
    (
        "CREATE MACRO split_up_to(text, mark, most) AS CASE WHEN len(str_split(text, mark)) <= most "
        "THEN str_split(text, mark) ELSE list_append(str_split(text, mark)[1:most - 1], "
        "array_to_string(str_split(text, mark)[most:], mark)) END"
    ),
    "CREATE MACRO codepoint(letter) AS unicode(letter)",
    "CREATE MACRO current_timezone() AS 'UTC'",
    "CREATE MACRO zip(a, b) AS list_zip(a, b)",
    (
        "CREATE MACRO java_url_encode(text) AS "
        "replace(replace(replace(url_encode(text), '%20', '+'), '%2A', '*'), '~', '%7E')"
    ),
    "CREATE MACRO java_url_decode(text) AS url_decode(replace(text, '+', '%20'))",
    "CREATE MACRO url_extract_protocol(url) AS regexp_extract(url, '^([^:/?#]+):', 1)",
    f"CREATE MACRO url_extract_host(url) AS regexp_extract(url, {_AUTHORITY}, 1)",
    f"CREATE MACRO url_extract_port(url) AS CAST(nullif(regexp_extract(url, {_AUTHORITY}, 2), '') AS BIGINT)",
    "CREATE MACRO url_extract_path(url) AS regexp_extract(url, '^(?:[^:/?#]+:)?(?://[^/?#]*)?([^?#]*)', 1)",
    "CREATE MACRO url_extract_query(url) AS regexp_extract(url, '\\?([^#]*)', 1)",
    "CREATE MACRO url_extract_fragment(url) AS regexp_extract(url, '#(.*)$', 1)",
    # its parts are urlencoded, and one without a value has an empty one
    (
        "CREATE MACRO url_extract_parameter(url, name) AS url_decode(replace(list_extract(list_transform(list_filter("
        "str_split(url_extract_query(url), '&'), lambda part: split_part(part, '=', 1) = name), "
        "lambda part: substr(part, length(name) + 2)), 1), '+', '%20'))"
    ),
    (
        "CREATE MACRO counted(n, unit) AS CASE WHEN n = 0 THEN NULL WHEN n = 1 THEN '1 ' || unit ELSE n || ' "
        "' || unit || 's' END"
    ),
    (
        "CREATE MACRO whole_seconds(n) AS coalesce(nullif(concat_ws(', ', counted(n // 604800, 'week'), "
        "counted(n // 86400 % 7, 'day'), counted(n // 3600 % 24, 'hour'), counted(n // 60 % 60, 'minute'), "
        "counted(n % 60, 'second')), ''), '0 seconds')"
    ),
    "CREATE MACRO human_readable_seconds(n) AS whole_seconds(CAST(round(n) AS BIGINT))",
    # numbers
    "CREATE MACRO e() AS exp(1e0)",
    "CREATE MACRO infinity() AS CAST('infinity' AS DOUBLE)",
    "CREATE MACRO nan() AS CAST('nan' AS DOUBLE)",
    "CREATE MACRO is_finite(x) AS isfinite(x)",
    "CREATE MACRO is_infinite(x) AS isinf(x)",
    "CREATE MACRO lower_base(number, radix) AS lower(to_base(number, radix))",
    (
        "CREATE MACRO from_base(text, radix) AS CAST(list_reduce(list_prepend(0, "
        "list_transform(str_split(lower(text), ''), "
        "lambda digit: strpos('0123456789abcdefghijklmnopqrstuvwxyz', digit) - 1)), "
        "lambda total, digit: total * radix + digit) AS BIGINT)"
    ),
    (
        "CREATE MACRO width_bucket(x, low, high, buckets) AS CAST(CASE WHEN x < low THEN 0 WHEN x >= high "
        "THEN buckets + 1 "
        "ELSE floor((x - low) * 1e0 / (high - low) * buckets) + 1 END AS BIGINT)"
    ),
    (
        "CREATE MACRO bits_set(x, bits) AS bit_count(CASE WHEN bits = 64 THEN x::BIGINT ELSE x::BIGINT & "
        "((1::BIGINT << bits) - 1) END)"
    ),
    (
        "CREATE MACRO decimal_quotient(a, b) AS CASE WHEN b = 0 THEN error('Division by zero') "
        "ELSE CAST(a AS DOUBLE) / CAST(b AS DOUBLE) END"
    ),
    "CREATE MACRO bitwise_left_shift(x, n) AS x << n",
    "CREATE MACRO bitwise_right_shift(x, n) AS x >> n",
    "CREATE MACRO exact_cbrt(x) AS CASE WHEN pow(round(cbrt(x)), 3) = x THEN round(cbrt(x)) ELSE cbrt(x) END",
    "CREATE MACRO random_below(n) AS CAST(floor(random() * n) AS BIGINT)",
    "CREATE MACRO random_between(low, high) AS low + CAST(floor(random() * (high - low)) AS BIGINT)",
    # casts of texts
    "CREATE MACRO if_it_fits(text, pattern) AS CASE WHEN regexp_full_match(text, pattern) THEN text END",
    # what does not fit becomes its own message, which cannot be cast either: TRY takes no error()
    (
        "CREATE MACRO must_fit(text, pattern, front, back) AS "
        "CASE WHEN text IS NULL OR regexp_full_match(text, pattern) THEN text ELSE front || text || back END"
    ),
    # arrays and maps
    "CREATE MACRO distinct_items(items) AS list_filter(items, lambda item, place: list_position(items, item) = place)",
    (
        "CREATE MACRO grouped(pairs) AS map_from_entries(list_transform(distinct_items(list_transform(pairs, "
        "lambda pair: pair.k)), lambda key: {'k': key, 'v': list_transform(list_filter(pairs, "
        "lambda pair: pair.k = key), lambda pair: pair.v)}))"
    ),
    (
        "CREATE MACRO one_of_each(pairs) AS list_filter(pairs, lambda pair, place: place = 1 "
        "OR pairs[place - 1].k <> pair.k)"
    ),
    # of several values of a key one stays; DuckDB sorts by no constant, but by what a function makes of it
    (
        "CREATE MACRO map_agg(k, v) AS map_from_entries(one_of_each("
        "list({'k': k, 'v': v} ORDER BY coalesce(k, k)) FILTER (k IS NOT NULL)))"
    ),
    "CREATE MACRO multimap_agg(k, v) AS grouped(list({'k': k, 'v': v}) FILTER (k IS NOT NULL))",
    "CREATE MACRO array_union(a, b) AS distinct_items(list_concat(a, b))",
    (
        "CREATE MACRO common_items(a, b) AS distinct_items(list_filter(a, lambda item: list_position(b, "
        "item) IS NOT NULL))"
    ),
    (
        "CREATE MACRO arrays_overlap(a, b) AS CASE WHEN list_has_any(a, b) THEN true "
        "WHEN list_count(a) < len(a) OR list_count(b) < len(b) THEN NULL ELSE false END"
    ),
    "CREATE MACRO greatest_item(items) AS CASE WHEN list_count(items) = len(items) THEN list_max(items) END",
    "CREATE MACRO least_item(items) AS CASE WHEN list_count(items) = len(items) THEN list_min(items) END",
    (
        "CREATE MACRO place_of(items, item) AS CASE WHEN items IS NOT NULL AND item IS NOT NULL THEN "
        "coalesce(list_position(items, item), 0) END"
    ),
    "CREATE MACRO repeated(item, count) AS list_transform(range(count), lambda i: item)",
    "CREATE MACRO trim_array(items, count) AS items[1:len(items) - count]",
    "CREATE MACRO dot_product(a, b) AS list_dot_product(a, b)",
    (
        "CREATE MACRO ngrams(items, n) AS list_transform(range(1, greatest(len(items) - n + 2, 2)), lambda "
        "i: items[i:i + n - 1])"
    ),
    (
        "CREATE MACRO all_true(answers) AS CASE WHEN list_contains(answers, false) THEN false "
        "WHEN list_count(answers) = len(answers) THEN true END"
    ),
    (
        "CREATE MACRO any_true(answers) AS CASE WHEN list_contains(answers, true) THEN true "
        "WHEN list_count(answers) = len(answers) THEN false END"
    ),
    "CREATE MACRO entries_of(m) AS list_transform(map_entries(m), lambda entry: row(entry.key, entry.value))",
    (
        "CREATE MACRO split_to_map(text, mark, equals) AS map_from_entries(list_transform(str_split(text, mark), "
        "lambda part: {'k': split_part(part, equals, 1), 'v': split_part(part, equals, 2)}))"
    ),
    # texts
    (
        "CREATE MACRO strpos_of(text, part, number) AS CASE WHEN text IS NOT NULL AND part IS NOT NULL THEN coalesce("
        "list_filter(range(1, length(text) + 1), lambda place: substr(text, place, length(part)) = "
        "part)[number], 0) END"
    ),
    (
        "CREATE MACRO hamming_distance(a, b) AS CASE WHEN length(a) = length(b) THEN hamming(a, b) "
        "ELSE error('Invalid Input Error: The input strings to hamming_distance function must have the same "
        "length') END"
    ),
    (
        "CREATE MACRO regexp_position(text, pattern) AS CASE WHEN regexp_matches(text, pattern) "
        "THEN strpos(text, regexp_extract(text, pattern)) ELSE -1 END"
    ),
    "CREATE MACRO sha1_bytes(bytes) AS unhex(sha1(bytes))",
    # JSON
    (
        "CREATE MACRO json_scalar(j, path) AS CASE WHEN json_type(j, path) IN ('ARRAY', 'OBJECT') THEN NULL "
        "ELSE json_extract_string(j, path) END"
    ),
    "CREATE MACRO json_array_contains(j, item) AS list_contains(CAST(j AS JSON[]), to_json(item))",
    (
        "CREATE MACRO json_array_get(j, place) AS "
        "CAST(json(j) AS JSON[])[CASE WHEN place < 0 THEN place ELSE place + 1 END]"
    ),
    (
        "CREATE MACRO json_size(j, path) AS CAST(CASE json_type(j, path) WHEN 'OBJECT' THEN len(json_keys(j, path)) "
        "WHEN 'ARRAY' THEN json_array_length(j, path) WHEN NULL THEN NULL ELSE 0 END AS BIGINT)"
    ),
    # times
    "CREATE MACRO millisecond_of(moment) AS millisecond(moment) % 1000",
    "CREATE MACRO yow(moment) AS isoyear(moment)",
    "CREATE MACRO days_between(later, earlier) AS to_days(CAST(later - earlier AS INTEGER))",
    # what translations use
    "CREATE MACRO round_all(numbers) AS list_transform(numbers, lambda number: round(number))",
    "CREATE MACRO checksum_bytes(total) AS unhex(printf('%016X', (total % 18446744073709551616::HUGEINT)::UBIGINT))",
)

_NAME = re.compile(r"\s*CREATE MACRO (\w+)\(")
# A macro stands behind those that it calls.
_BY_NAME = {found.group(1): text for text in (*render.MACROS, *_FUNCTIONS) if (found := _NAME.match(text))}
_WORD = re.compile(r"\w+")


def called(sql: str) -> dict[str, str]:
    """Return the macros that a statement calls, by name, with those that they call, in the order to make them in."""
    wanted: set[str] = set()
    for word in set(_WORD.findall(sql.lower())) & _BY_NAME.keys():
        wanted |= _with_callees(word)
    return {name: text for name, text in _BY_NAME.items() if name in wanted}


@lru_cache(maxsize=256)
def _with_callees(name: str) -> frozenset[str]:
    words = set(_WORD.findall(_BY_NAME[name].lower())) & _BY_NAME.keys() - {name}
    return frozenset({name}.union(*(_with_callees(word) for word in words)))
