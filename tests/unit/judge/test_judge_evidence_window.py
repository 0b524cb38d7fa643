"""The window shows what tells most of a claim, in the order of the context, within a budget."""

import os
import subprocess
import sys

import pytest
from groundspan_collector.evidence import Evidence, read
from groundspan_collector.evidence_window import Window, window
from groundspan_collector.wording import words

CAFES = [
    '{"name": "Blue Cafe", "WiFi": "no", "hours": {"Monday": "8:0-21:0", "Friday": "9:0-22:0"}}',
    '{"name": "Red Cafe", "WiFi": "free", "hours": {"Monday": "8:0-17:0"}}',
]


def shown(context: list[str], claim: str, most_chars: int = 400) -> Window:
    """The window of *context* for *claim*."""
    return window(read(context), words(claim), most_chars)


def test_a_window_has_the_parts_of_a_claim_when_they_stand_in_two_chunks() -> None:
    """What one chunk does not say is taken from another one."""
    context = [
        "Ann Lee wrote the parser. It is old.",
        "The weather was fine all week.",
        "The parser was finished in Oslo. Fish is cheap there.",
    ]

    text = shown(context, "Ann Lee's parser was finished in Oslo.", 60).text

    assert text == "Ann Lee wrote the parser.\nThe parser was finished in Oslo."


def test_a_window_goes_on_with_the_text_when_neighbours_are_shown() -> None:
    """Sentences that stand side by side are one part."""
    context = ["Ann Lee wrote the parser.  It was finished in Oslo."]

    assert shown(context, "Ann Lee's parser was finished in Oslo.") == Window(context[0], (Evidence(0, 0, 51),))


def test_a_field_brings_its_name_and_keys_and_hours_as_people_say_them() -> None:
    """A value alone would say nothing; a record's name is written once."""
    text = shown(CAFES, "Blue Cafe is open until 9 pm on Monday.", 52).text

    assert text == "Blue Cafe, hours, Monday: 8:0-21:0 (8 am to 9 pm)"


def test_fields_of_one_record_stand_on_one_line() -> None:
    """The judge sees which value belongs to which thing."""
    lines = shown(CAFES, "Blue Cafe has WiFi on Monday and Friday.").text.split("\n")

    assert lines[0].startswith("name: Blue Cafe; WiFi: no; hours, Monday: 8:0-21:0 (8 am to 9 pm); Friday:")
    assert lines[1].startswith("name: Red Cafe; WiFi: free;")


def test_a_row_brings_the_names_of_its_columns() -> None:
    """The head of a table is far from its rows."""
    table = "cafe\tWiFi\tstars\n" + "".join(f"Cafe {n}\tfree\t{n}\n" for n in range(40)) + "Blue\tno\t3\n"

    assert "WiFi: no" in shown([table], "Blue offers wifi.", 60).text


def test_a_heading_is_shown_with_the_sentence_below_it() -> None:
    """A sentence may not say itself what it is of."""
    context = ["heapq.heappush\n\nPush the item onto the heap, in order.\nReturn nothing."]

    assert shown(context, "It can push an item.").text.startswith("heapq.heappush\n\nPush the item")


def test_a_sentence_is_cut_when_it_is_longer_than_the_budget() -> None:
    """The stretch with the claim's words is shown."""
    context = ["word " * 200 + "the blue parser was finished in Oslo " + "word " * 200]
    found = shown(context, "The parser was finished in Oslo.", 40)

    assert "parser was finished in Oslo" in found.text
    assert len(found.text) <= 40


@pytest.mark.parametrize(("context", "most_chars"), [([], 400), (["The sky is blue."], 400), (["Compilers."], 0)])
def test_a_window_is_empty_when_nothing_can_be_shown(context: list[str], most_chars: int) -> None:
    """No chunk, no shared word, no room."""
    assert shown(context, "Compilers emit code.", most_chars) == Window("", ())


@pytest.mark.parametrize("seed", ["1", "2"])
def test_a_window_is_the_same_in_every_process(seed: str) -> None:
    """Words are added up in the order of the claim, whatever order a process gives to sets."""
    program = (
        "from groundspan_collector.evidence import read\n"
        "from groundspan_collector.evidence_window import window\n"
        "from groundspan_collector.wording import words\n"
        "context = [f'Item {n} of part {n % 7} is red, cheap and in Oslo since {n}.' for n in range(60)]\n"
        "print(window(read(context), words('Item 5 of part 3 in Oslo is cheap and red since 12.'), 300).text)"
    )
    context = [f"Item {n} of part {n % 7} is red, cheap and in Oslo since {n}." for n in range(60)]
    environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}

    found = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)

    assert found.stdout.strip() == shown(context, "Item 5 of part 3 in Oslo is cheap and red since 12.", 300).text
