"""Words and sentences of English documentation: what the reranker and the built-in answerer read."""

import re

_WORD = re.compile(r"[a-z]+|\d+")
_STEM_LETTERS = 5
_SENTENCE_END = re.compile(r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)(?<!etc\.)\s+(?=[A-Z`*'\"])")
_CODE = re.compile(r"->|=>|>>>|::|[<>]=|\w\(.*\) =|^\S+\(.*\)$|^\w+ = ")
_POINTER = ("See ", "Please ", "Here's ")
_STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        """a an and any are as at be been but by can could do does for from has have how i if in into is it
        its me my no not of on or our out should so than that the their them then there these they this to us
        use used using was we what when where which who why will with would you your
        python standard library module function class method""",
    )
)


def keywords(text: str) -> frozenset[str]:
    """Return the stems of the words of *text* that say what it is about."""
    words = (word for word in _WORD.findall(text.lower()) if word not in _STOP_WORDS)
    return frozenset(word[:_STEM_LETTERS] for word in words)


def overlap(wanted: frozenset[str], text: str) -> float:
    """Return the share of the *wanted* stems that *text* has."""
    return len(wanted & keywords(text)) / len(wanted) if wanted else 0.0


def sentences(passage: str) -> list[str]:
    """Return the complete sentences of a passage, leaving out lists, signatures, and examples."""
    prose = (part for part in passage.split("\n\n") if "\n" not in part.strip())
    return [found for part in prose for found in _SENTENCE_END.split(part.strip()) if _is_statement(found)]


def _is_statement(sentence: str) -> bool:
    return (
        25 <= len(sentence) <= 240
        and sentence[0].isupper()
        and sentence.count(" ") >= 4
        and sentence.count("(") == sentence.count(")")
        and not sentence.startswith(_POINTER)
        and not sentence.endswith((":", "?", ","))
        and not _CODE.search(sentence)
    )
