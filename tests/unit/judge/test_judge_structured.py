"""Records and tables inside a text are read as statements: names, keys, value."""

import pytest
from groundspan_collector.evidence import read
from groundspan_collector.structured import stretches
from groundspan_collector.wording import STOP, words

JSON = '{"name": "Blue Cafe", "attributes": {"WiFi": "no", "garage": false}, "hours": {"Monday": "8:0-21:0"}}'
PYTHON = "{'name': 'Blue Cafe', 'attributes': {'WiFi': 'no', 'garage': False}, 'hours': {'Monday': '8:0-21:0'}}"
LINES = "name: Blue Cafe\nattributes:\n  WiFi: no\n  garage: false\nhours:\n  Monday: 8:0-21:0\n"


def said(text: str) -> list[str]:
    """Each value of *text* as "names and keys > key = value"."""
    return [
        " > ".join(
            [text[slice(*span)] for span in reading.lead]
            + [f"{text[slice(*reading.key)] if reading.key else ''} = {text[slice(*reading.value)]}"]
        )
        for _, readings in stretches(text)
        for reading in readings
    ]


@pytest.mark.parametrize("text", [JSON, PYTHON, LINES], ids=["json", "python", "key: value"])
def test_a_record_reads_the_same_when_it_is_spelled_differently(text: str) -> None:
    """JSON, a Python dict and indented lines lead to each value by the same names and keys."""
    assert [one.replace("False", "false") for one in said(text)] == [
        "name = Blue Cafe",
        "Blue Cafe > attributes > WiFi = no",
        "Blue Cafe > attributes > garage = false",
        "Blue Cafe > hours > Monday = 8:0-21:0",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "| cafe | WiFi |\n| --- | --- |\n| Blue | no |\n| Red | free |\n",
        "cafe,WiFi\nBlue,no\nRed,free\n".replace(",", ",x,").replace("cafe,x", "cafe,stars"),
        "cafe\tWiFi\nBlue\tno\nRed\tfree",
        '[{"cafe": "Blue", "WiFi": "no"}, {"cafe": "Red", "WiFi": "free"}]',
        '{"cafe": "Blue", "WiFi": "no"}\n{"cafe": "Red", "WiFi": "free"}\n',
        "- cafe: Blue\n  WiFi: no\n- cafe: Red\n  WiFi: free\n",
    ],
    ids=["markdown", "csv", "tsv", "json list", "json lines", "list of lines"],
)
def test_a_row_is_named_by_its_first_cell_when_there_are_several(text: str) -> None:
    """Each value says which of the things it is of."""
    assert {"Blue > WiFi = no", "Red > WiFi = free"} <= set(said(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('Record:\n{"a": 1}\nIt is so.', ["a = 1"]),
        ('"WiFi": "no", "stars": 3}, {"name": "Red"', ["WiFi = no", "stars = 3", "name = Red"]),
        ("""{"parking": "{'garage': False}"}""", ["parking > garage = False"]),
        ('{"wifi": "no", "owner": {"name": "Ann", "age": 3}, "name": "Blue"}', ["Blue > wifi = no"]),
        ('{"title": "Dr", "name": "Ann", "age": 3}', ["Ann > age = 3", "Ann > title = Dr"]),
        ("| a | b |\n|---|---|\n| x || y |\n", ["a = x"]),
        ('name,city,"seats, inside"\nBlue,"Oslo, Norway",4\nRed,Rome,5\n', ["Blue > city = Oslo, Norway"]),
        ('{"a": {"b": ', []),
        ("{{[[{'", []),
    ],
    ids=["in prose", "cut", "in a string", "name last", "name and title", "empty cell", "quoted cell", "open", "noise"],
)
def test_a_record_is_read_when_it_is_not_alone_or_not_whole(text: str, expected: list[str]) -> None:
    """Chunks begin and end anywhere."""
    assert set(expected) <= set(said(text)) or said(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "The cafe has wifi. It opens at 8:00, closes at 21:00, and is closed on Monday.\nIt is nice.",
        "Note: this is one line with a colon.\n\nAnother paragraph follows here.",
        "d = {'a': 1, 'b': 2}\nprint(d)",
        "First, we go there, we eat.\nThen we sleep.",
        "See https://example.org/a?b=c for more.",
        "Ann: No.\nBob: Why not? It is fine.\nAnn: I said no.\n",
        "Ann: We go.\nBob: Yes, we go.\n",
    ],
)
def test_prose_is_left_alone_when_it_only_looks_like_a_record(text: str) -> None:
    """Colons, commas and braces in sentences and code make no record."""
    assert said(text) == []


def test_hours_say_when_it_opens_and_closes() -> None:
    """``8:0-21:0`` meets "open until 9 pm"."""
    (statement,) = read(['{"Monday": "8:0-21:0"}']).statements
    claim = {word.stem for word in words("It is open until 9 pm on Monday and opens at 8 am.") if word.kind != STOP}

    assert claim <= statement.stems


@pytest.mark.parametrize("value", ["null", '"Closed"', '"closed"', "None"])
def test_hours_say_closed_when_there_are_none(value: str) -> None:
    """A day without hours is a day when it is closed."""
    statement = read([f'{{"hours": {{"Monday": {value}}}, "x": 1}}']).statements[0]

    assert {word.stem for word in words("closed")} <= statement.stems


@pytest.mark.parametrize("value", ["no", "'no'", "u'no'", "none", "False"])
def test_a_value_denies_its_key_when_it_is_a_no(value: str) -> None:
    """However it is spelled, it is "not wifi"."""
    (statement,) = read([f'{{"WiFi": "{value}"}}']).statements

    assert [word.stem for word in statement.words[:2]] == ["not", "wifi"]


def test_words_stand_where_their_letters_are_when_json_escapes_some() -> None:
    """An escaped letter is a letter, and an escaped newline parts two words."""
    text = r'{"name": "Caf\u00e9 Bleu", "note": "one\ntwo"}'
    first, second = read([text]).statements

    assert [text[w.start : w.end] for w in first.words[-2:]] == [r"Caf\u00e9", "Bleu"]
    assert [w.stem for w in second.words[-2:]] == ["1", "2"]


def test_a_text_in_a_record_is_read_by_its_sentences() -> None:
    """A long value may say several things."""
    text = '{"name": "Blue", "review": "The soup was cold that day. Nobody came to take our order, and we left."}'

    assert len(read([text]).statements) == 3
