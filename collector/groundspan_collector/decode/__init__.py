"""OTLP bytes -> canonical columns, by one SELECT of the ClickHouse engine.

Here the SELECT is written out from its parts (decode.sql, normalise.sql, the table in dialects.py); it is run by
`decoder.py`. No Python object is made per span.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from string import Template

from groundspan_collector.decode import dialects, stages
from groundspan_collector.decode.dialects import Column

_SCALARS = (
    "string_value Nullable(String), bool_value Nullable(Bool), int_value Nullable(Int64), "
    "double_value Nullable(Float64), bytes_value Nullable(String)"
)
# A oneof's members are Nullable, or 0, false and '' would look alike.
_ATTRIBUTES = f"Array(Tuple(key String, value Tuple({_SCALARS}, array_value Tuple(values Array(Tuple({_SCALARS}))))))"
_STRUCTURE = (
    f"resource_spans Array(Tuple(resource Tuple(attributes {_ATTRIBUTES}), scope_spans Array(Tuple("
    "scope Tuple(name String), spans Array(Tuple(trace_id String, span_id String, parent_span_id String, "
    "name String, kind Int32, start_time_unix_nano UInt64, end_time_unix_nano UInt64, "
    f"attributes {_ATTRIBUTES}, dropped_attributes_count UInt32, events Array(Tuple(time_unix_nano UInt64, "
    f"name String, attributes {_ATTRIBUTES})), links Array(Tuple(trace_id String, span_id String)), "
    "status Tuple(message String, code Int32), cut_attributes UInt32)))))), token_project String, received_at_ns Int64"
)
# A message as the conventions and the providers write one, or another object that holds a text.
_MESSAGES = (
    "Array(Tuple(role String, parts Array(Tuple(type String, content String, text String)), content String, "
    "message Tuple(role String, content String), text String, prompt String, combined_chunk_content String, "
    "args Array(String), kwargs Map(String, String)))"
)
_DOCUMENTS = "Array(Tuple(id String, score String, content String, text String, page_content String, metadata String))"
_SCALAR_TEXT = (
    "isNotNull({v}.string_value), {string}, isNotNull({v}.int_value), toString({v}.int_value), "
    "isNotNull({v}.double_value), toString({v}.double_value), isNotNull({v}.bool_value), "
    "toString({v}.bool_value), isNotNull({v}.bytes_value), {bytes}"
)
_ELEMENT_TEXT = _SCALAR_TEXT.format(
    v="e", string="toJSONString(e.string_value)", bytes="toJSONString(base64Encode(e.bytes_value))"
)
_VALUE_TEXT = (
    "multiIf("
    + _SCALAR_TEXT.format(v="v", string="v.string_value", bytes="base64Encode(v.bytes_value)")
    + ", notEmpty(v.array_value.values), concat('[', arrayStringConcat(arrayMap(e -> multiIf("
    + f"{_ELEMENT_TEXT}, 'null'), v.array_value.values), ','), ']'), '')"
)

# More than any column has keys.
KEYS_PER_COLUMN = 32
_COUNTS = [number for number, column in enumerate(dialects.COLUMNS, start=1) if column.kind == "count"]

SETTINGS = {
    "format_schema_source": "string",
    "format_schema": files(__package__).joinpath("otlp.proto").read_text(),
    "format_schema_message_name": "Group",
    # What a message becomes comes out before the next one is there.
    "max_block_size": 1,
    "input_format_parallel_parsing": 0,
    "max_read_buffer_size": 1024 * 1024,
    "compile_expressions": 1,
    # Two groups are on their way at a time: each gets one core.
    "max_threads": 1,
}
"""Settings under which the SELECT runs."""

# In otlp.proto.
_TOKEN_PROJECT, _RECEIVED_AT_NS = 536870900, 536870901


def quoted(text: str) -> str:
    """*text* as a ClickHouse string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _listed(items: tuple[str, ...]) -> str:
    return "[" + ", ".join(quoted(item) for item in items) + "]"


@cache
def _normalise() -> Template:
    """normalise.sql with everything filled in but the path of the file it reads."""
    own = files(__package__)
    parts = {
        "value_text": f"assumeNotNull({_VALUE_TEXT})",
        "structure": quoted(_STRUCTURE),
        "messages_type": _MESSAGES,
        "documents_type": _DOCUMENTS,
        "keys": _listed(tuple(_places())),
        "places": f"CAST({list(_places().values())}, 'Array(UInt16)')",
        "keys_per_column": str(KEYS_PER_COLUMN),
        "counts": f"[{', '.join(f'COLUMNS[{number}]' for number in _COUNTS)}]",
        "numbers_in": _listed(dialects.NUMBERS_IN),
        "dialect": _dialect_sql(),
        "stage_columns": ", ".join(str(_number(name)) for name in ("groundspan_stage", "operation")),
        "stage_words": f"{_listed(tuple(stages.STAGE_OF))}, {_listed(tuple(stages.STAGE_OF.values()))}",
        "call_to_be": quoted(stages.CALL_TO_BE),
        "object_in_python": quoted(stages.OBJECT_IN_PYTHON),
        "vector_stores": _listed(stages.VECTOR_STORES),
        "result_is_documents": ", ".join(quoted(name) for name in stages.RESULT_IS_DOCUMENTS),
        "first_token_events": ", ".join(quoted(name) for name in stages.FIRST_TOKEN_EVENTS),
        "is_segment_key": _is_segment_key_sql(),
        "segment_prefix": quoted(f"^({'|'.join(dialects.SEGMENT_PREFIXES)})".replace(".", r"\.")),
        "is_document_key": _is_document_key_sql(),
        "path": "${path}",
    } | {column.name: _column_sql(number, column) for number, column in enumerate(dialects.COLUMNS, start=1)}
    decode = Template(own.joinpath("decode.sql").read_text()).substitute(parts)
    return Template(Template(own.joinpath("normalise.sql").read_text()).substitute(parts, decode=decode))


def normalise_sql(path: str) -> str:
    """The SELECT that turns a file of length-delimited groups, see group(), into rows of spans.

    `chunk_texts` are the texts of the `chunks`, in their order.
    """
    return _normalise().substitute(path=quoted(path))


def group(bodies: Sequence[bytes], token_project: str, received_at_ns: int) -> list[bytes]:
    """The parts of one message: OTLP trace requests, received at one time, and whose they are by their token, if any.

    Of a field that is there twice the last one counts: no emitter writes over ours.
    """
    project = token_project.encode()
    return [
        *bodies,
        varint(_TOKEN_PROJECT << 3 | 2) + varint(len(project)) + project,
        varint(_RECEIVED_AT_NS << 3) + varint(received_at_ns),
    ]


def varint(number: int) -> bytes:
    """*number*, 0 or more, as protobuf writes it."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _dialect_sql() -> str:
    """The first dialect of the table of which a mark is there."""
    ranks = {mark: rank for rank, dialect in enumerate(dialects.DIALECTS, start=1) for mark in dialect.marks}
    names = _listed(tuple(dialect.name for dialect in dialects.DIALECTS))
    # 0 is no place in an array: what it gives is ''.
    return (
        f"{names}[256 - arrayMax(mark -> 256 - transform(mark, {_listed(tuple(ranks))}, {list(ranks.values())}, 256), "
        "arrayConcat([concat('scope ', scope)], mapKeys(a), "
        "arrayMap(k -> concat(substringIndex(k, '.', 1), '.'), mapKeys(a))))]"
    )


def _number(name: str) -> int:
    return next(number for number, column in enumerate(dialects.COLUMNS, start=1) if column.name == name)


def _places() -> dict[str, int]:
    """Attribute key -> its place: KEYS_PER_COLUMN places a column, in the order in which its keys are tried."""
    places: dict[str, int] = {}
    for number, column in enumerate(dialects.COLUMNS, start=1):
        places |= {key: number * KEYS_PER_COLUMN + order for order, key in enumerate(column.ordered)}
    return places


def _column_sql(number: int, column: Column) -> str:
    text = f"COLUMNS[{number}]"
    match column.kind:
        case "text":
            return text
        case "count":
            return f"COUNTS[{_COUNTS.index(number) + 1}]"
        case "money":
            return f"toDecimal128OrNull({text}, 18)"
        case "seconds":
            return f"toFloat64OrNull({text}) * 1e9"
        case "list":
            return f"JSONExtract({text}, 'Array(String)')"
        case "words":
            word = f"[trim(BOTH '\"' FROM {text})]"
            return f"if({text} = '' OR startsWith({text}, '['), JSONExtract({text}, 'Array(String)'), {word})"


def _is_segment_key_sql() -> str:
    canonical = [key for key in _places() if key.startswith(dialects.SEGMENT_PREFIXES)]
    return f"({_starts_with_sql(dialects.SEGMENT_PREFIXES)}) AND k NOT IN ({', '.join(map(quoted, canonical))})"


def _starts_with_sql(prefixes: Sequence[str]) -> str:
    return " OR ".join(f"startsWith(k, {quoted(prefix)})" for prefix in prefixes)


def _is_document_key_sql() -> str:
    flat = _starts_with_sql(stages.DOCUMENTS_FLAT)
    return f"(k IN ({', '.join(quoted(key) for key in stages.DOCUMENTS_JSON)}) OR {flat})"
