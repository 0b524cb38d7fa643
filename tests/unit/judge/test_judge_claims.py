"""An answer is cut into claims at the right places, and what is no claim is left out."""

import pytest
from groundspan_collector.claims import LONGEST_SENTENCE, parts, sentences, split


def texts(answer: str) -> list[str]:
    """The claims of *answer*."""
    return [claim.text for claim in split(answer).claims]


def kinds(answer: str) -> list[str]:
    """The kinds of the parts of *answer*, marks left out."""
    return [part.kind for part in parts(answer) if part.kind != "mark"]


@pytest.mark.parametrize(
    ("answer", "claims"),
    [
        ("It is fast. It is small.", ["It is fast.", "It is small."]),
        (
            "Dr. Smith paid $3.50 in the U.S. on Jan. 5. It works.",
            ["Dr. Smith paid $3.50 in the U.S. on Jan. 5.", "It works."],
        ),
        (
            "J. K. Rowling wrote it. George R. R. Martin did not.",
            ["J. K. Rowling wrote it.", "George R. R. Martin did not."],
        ),
        ("It moved to the U.S. The plan failed.", ["It moved to the U.S.", "The plan failed."]),
        ("Use it, e.g. in a loop, i.e. often.", ["Use it, e.g. in a loop, i.e. often."]),
        (
            "See no. 5 of vol. 3. It has vitamin C. The rest is water.",
            ["See no. 5 of vol. 3.", "It has vitamin C.", "The rest is water."],
        ),
        (
            "It calls os.getcwd() first. os.path.join comes next.",
            ["It calls os.getcwd() first.", "os.path.join comes next."],
        ),
        ("Read https://a.example/b.html?c=d. Then stop.", ["Read https://a.example/b.html?c=d.", "Then stop."]),
        ("It is 6.[3] The rest is 7 [4].", ["It is 6.[3]", "The rest is 7 [4]."]),
        ("she left . he stayed .", ["she left .", "he stayed ."]),
        ('He said "stop." She went on.', ['He said "stop."', "She went on."]),
        ("The first one is small; the second one is large.", ["The first one is small;", "the second one is large."]),
        ("red; green; blue", ["red; green; blue"]),
        ("A line that\nwas wrapped by the\nwriter of it.", ["A line that\nwas wrapped by the\nwriter of it."]),
    ],
)
def test_sentences_are_claims_when_punctuation_is_tricky(answer: str, claims: list[str]) -> None:
    """Abbreviations, initials, decimals, addresses and code do not end a sentence."""
    assert texts(answer) == claims


@pytest.mark.parametrize(
    ("answer", "claims"),
    [
        ("首都是巴黎。人口有两百万！", ["首都是巴黎。", "人口有两百万！"]),
        ("東京は首都です。人口は多い。", ["東京は首都です。", "人口は多い。"]),
        ("¿Qué es? La capital es Madrid. ¡Es grande!", ["La capital es Madrid.", "¡Es grande!"]),
        ("هل هذا صحيح؟ نعم هو كذلك. انتهى الأمر.", ["نعم هو كذلك.", "انتهى الأمر."]),
        ("वह गया। वह आया।", ["वह गया।", "वह आया।"]),
        ("Das gilt z.B. für Berlin. Es ist groß.", ["Das gilt z.B. für Berlin.", "Es ist groß."]),
        (
            "La ville compte 3,5 millions d'habitants. Elle est belle.",
            ["La ville compte 3,5 millions d'habitants.", "Elle est belle."],
        ),
    ],
)
def test_sentences_are_claims_when_the_language_is_another(answer: str, claims: list[str]) -> None:
    """Every script's own full stop ends a sentence, and its own question mark asks."""
    assert texts(answer) == claims


@pytest.mark.parametrize(
    ("answer", "claims"),
    [
        ("- one thing\n- two things.\n  1. three things", ["one thing", "two things.", "three things"]),
        ("1) First do it\n2) Then rest", ["First do it", "Then rest"]),
        ("Steps:\n* [x] done it\n* [ ] not done", ["done it", "not done"]),
        ("> The quoted words.\n> And more words.", ["The quoted words.", "And more words."]),
        ("| name | age |\n|---|---|\n| Ann | 3 |\n| Bob | 4 |", ["| Ann | 3 |", "| Bob | 4 |"]),
        ("# Title\n\nThe text says so.", ["The text says so."]),
        ("**Result**\n\nThe text says so.", ["The text says so."]),
        ("**Limit**: 30 days", ["**Limit**: 30 days"]),
        ("Text.\n```python\nprint(1)\n```\nMore text.", ["Text.", "More text."]),
        (">>> os.getcwd()\nThe call gives a path.", ["The call gives a path."]),
    ],
)
def test_markdown_is_read_when_an_answer_has_it(answer: str, claims: list[str]) -> None:
    """List items, rows and quotes are claims; titles, heads of tables and code are not."""
    assert texts(answer) == claims


@pytest.mark.parametrize(
    ("answer", "claims"),
    [
        ('{"limit": 30, "open": true}', ['"limit": 30', '"open": true']),
        ('{"a": {"hours": "9 to 5"}, "tags": ["red", "blue"]}', ['"hours": "9 to 5"', "red", "blue"]),
        ('{"answer": "The sky is blue. It is big."}', ["The sky is blue.", "It is big."]),
        ('```json\n{"a": 3}\n```', ['"a": 3']),
        ('{"cut": "off in the mid', ['"cut": "off in the mid']),
        ('{"answer": "I don\'t know"}', []),
    ],
)
def test_json_is_read_when_an_answer_is_json(answer: str, claims: list[str]) -> None:
    """A value with its key is a claim, a value that is prose is read as prose, cut JSON is read as far as it goes."""
    assert texts(answer) == claims


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("Sure!", "greeting"),
        ("Hello there!", "greeting"),
        ("Thank you so much for your question!", "greeting"),
        ("I hope this helps!", "greeting"),
        ("Let me know if you have any other questions.", "greeting"),
        ("你好。", "greeting"),
        ("Here is a summary of the article in 60 words:", "about"),
        ("Based on the given passages, here are the steps to cook it:", "about"),
        ("This information can be found in passage 3.", "about"),
        ("Would you like more?", "question"),
        ("[1]", "citation"),
        ("Source: https://a.example/b", "citation"),
        ("(Passage 2)", "citation"),
        ("```\nx = 1\n```", "code"),
    ],
)
def test_a_sentence_is_no_claim_when_it_says_nothing_of_the_world(answer: str, kind: str) -> None:
    """Greetings, questions, words about the answer, citations and code are parts of their own kinds."""
    assert kinds(answer) == [kind]


@pytest.mark.parametrize(
    "answer",
    [
        "Unable to answer based on given passages.",
        "I don't know.",
        "I'm sorry, but I don't know.",
        "The context does not mention the price.",
        "The provided passages don't contain information on how to do it.",
        "Sorry. There is not enough information to answer.",
        "That is not mentioned in the documents.",
        "Das weiß ich leider nicht.",
        "Je ne sais pas.",
        "El contexto no menciona el precio.",
        "我不知道。",
        "根据上下文，没有提到价格。",
        "Not in the context.",
        "The documentation I was given does not say.",
    ],
)
def test_an_answer_abstains_when_it_only_says_that_it_does_not_know(answer: str) -> None:
    """Refusals and "the context does not say" claim nothing."""
    assert split(answer).abstains


@pytest.mark.parametrize(
    ("answer", "claims"),
    [
        ("The context does not mention the price, but the tool costs 30 dollars.", ["the tool costs 30 dollars."]),
        (
            "The first passage tells how to bake it, but does not mention frying.",
            ["The first passage tells how to bake it"],
        ),
        ("I don't know the year. The author is Ann Lee.", ["The author is Ann Lee."]),
        ("They do not support Windows.", ["They do not support Windows."]),
        ("Equal pay (not stated in the passages)", ["Equal pay (not stated in the passages)"]),
    ],
)
def test_an_answer_does_not_abstain_when_it_also_claims(answer: str, claims: list[str]) -> None:
    """What is claimed beside an abstention is still a claim."""
    assert (texts(answer), split(answer).abstains) == (claims, False)


@pytest.mark.parametrize("answer", ["Yes.", "**30 days**", "# Paris", "Result:"])
def test_a_title_is_a_claim_when_it_is_the_whole_answer(answer: str) -> None:
    """A bare word or bold line answers the question, so it is what is claimed."""
    assert texts(answer) == [answer]


@pytest.mark.parametrize("answer", ["Great Britain won.", "Certainly wrong numbers hurt.", "Dear John is a film."])
def test_a_sentence_is_a_claim_when_it_only_begins_like_a_greeting(answer: str) -> None:
    """The whole sentence must be a greeting, not its first word."""
    assert texts(answer) == [answer]


@pytest.mark.parametrize("answer", ["", " \n\t", "!!!", "🎉🎉", "---"])
def test_there_is_no_claim_when_there_is_no_word(answer: str) -> None:
    """Space, punctuation and emoji claim nothing and are no abstention."""
    assert (texts(answer), split(answer).abstains) == ([], False)


def test_a_claim_is_cut_when_a_text_has_no_punctuation() -> None:
    """Ten thousand words without a full stop become several claims."""
    assert max(high - low for low, high in sentences("word " * 10_000)) <= LONGEST_SENTENCE


def test_offsets_are_code_points_when_the_answer_has_emoji() -> None:
    """An emoji outside the first plane counts as one."""
    (claim,) = split("😀 It works.").claims

    assert (claim.start, claim.end, claim.text) == (0, 11, "😀 It works.")
