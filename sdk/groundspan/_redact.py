"""Pure: what looks like a secret or a person's data in a text, and the text without it."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address
from itertools import accumulate
from math import log2
from typing import Final, TypeAlias

Redactor: TypeAlias = Callable[[str], str]
"""Gives a text as it may be sent."""

# A message may quote a text by its repr(): the letter of an escape is no part of what comes after it.
_ESCAPE = r"(?<=\\[abfnrtv])|(?<=\\x[0-9a-f]{2})|(?<=\\u[0-9a-f]{4})"


def _begins(first: str, glue: str) -> str:
    """Give a pattern for where a secret may begin: with *first*, not after *glue* unless that ends an escape."""
    return rf"(?={first})(?:(?<!{glue})|{_ESCAPE})"


# Possessive (++), for a text of a quarter million characters must not take minutes.
_EMAIL = re.compile(r"(?<![\w.%+'\-])[\w.%+'\-]++@[\w\-]++(?:\.[\w\-]++)+")
_PHONE = re.compile(
    _begins("[+0]", r"[\w+]") + r"(?:\+|00)\d[\d ().\-/]{5,20}\d(?!\d)"
    "|" + _begins(r"[(\d]", r"[\w.+]") + r"\(?\d{3}\)?[ .\-]\d{3}[ .\-]\d{4}(?![\d\-])"
    "|" + _begins("[(0]", r"[\w.+]") + r"\(?0\d{1,4}\)?[ /\-]\d[\d \-]{4,12}\d(?!\d)"
)
_PHONE_DIGITS = range(8, 18)
_DIGITS = re.compile(_begins(r"\d", r"[\w.]") + r"\d++(?:[ \-]\d++)*+(?!\.?\d)")
_CARD_DIGITS = range(13, 20)
_IBAN = re.compile(_begins(r"[A-Za-z]{2}\d{2}", "[A-Za-z0-9]") + r"[A-Za-z]{2}\d{2}(?:[ \-]?[A-Za-z0-9])++")
_IBAN_CHARS = range(15, 35)
_IBAN_WORD = re.compile(
    _begins(r"[A-Za-z]{2}\d{2}", "[A-Za-z0-9]") + r"[A-Za-z]{2}\d{2}[A-Za-z0-9]{11,30}(?![A-Za-z0-9])"
)
_KEY = re.compile(
    _begins("[srpgxnhdlwAyeS]", "[A-Za-z0-9]") + r"(?:"
    r"(?:sk|rk|pk|gsk|xai|glpat|xox[a-z]|pypi|npm|hf|dop_v1|shpat|lsv2|pcsk|r8|whsec)[-_][\w\-]{16,}"
    r"|gh[a-z]_\w{20,}|github_pat_\w{20,}|(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[\w\-]{30,}|ya29\.[\w\-]{20,}"
    r"|SG\.[\w\-]{16,}\.[\w\-]{16,}|eyJ[\w\-]{8,}\.[\w\-]{8,}\.[\w\-]*)"
)
_TOKEN = re.compile(r"[A-Za-z0-9+/_\-]{32,}+={0,2}")
_KEY_ENTROPY_BITS = 4.3
_IPV4 = re.compile(_begins(r"\d", r"[\w.]") + r"\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d)")
_IPV6 = re.compile(
    _begins("[0-9A-Fa-f:]", r"[\w:.]") + r"[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]++(?:(?:\.?\d{1,3}){1,4})?(?!\w)"
)
_IPV6_CHARS = 3
_IPV6_WORD_CHARS = 6


def emails(text: str) -> str:
    """Leave out e-mail addresses."""
    return _EMAIL.sub("[email]", text) if "@" in text else text


def phones(text: str) -> str:
    """Leave out phone numbers that are written as such: with a +, 00 or 0 in front, or in groups."""
    return _PHONE.sub(
        lambda found: "[phone]" if sum(map(str.isdigit, found[0])) in _PHONE_DIGITS else found[0],
        text,
    )


def cards(text: str) -> str:
    """Leave out card numbers whose check digit is right."""
    return _DIGITS.sub(lambda found: _without(found[0], _is_card, _CARD_DIGITS, "[card]"), text)


def ibans(text: str) -> str:
    """Leave out bank accounts whose check digits are right."""
    # One that is written as a word ends there: by chance the words after it might make a longer one.
    text = _IBAN_WORD.sub(lambda found: "[iban]" if _is_iban(found[0]) else found[0], text)
    return _IBAN.sub(lambda found: _without(found[0], _is_iban, _IBAN_CHARS, "[iban]"), text)


def keys(text: str) -> str:
    """Leave out API keys: those of known prefixes, and long words that look drawn at random."""
    return _TOKEN.sub(lambda found: "[key]" if _is_random(found[0]) else found[0], _KEY.sub("[key]", text))


def ips(text: str) -> str:
    """Leave out IP addresses of both kinds."""
    text = _IPV4.sub(lambda found: "[ip]" if _is_ip(found[0]) else found[0], text)
    return _IPV6.sub(lambda found: "[ip]" if _is_long_ip(found[0]) else found[0], text) if ":" in text else text


BUILT_IN: Final[Mapping[str, Redactor]] = {
    "key": keys,
    "email": emails,
    "iban": ibans,
    "card": cards,
    "ip": ips,
    "phone": phones,
}
"""By name, in the order that they run in: what is most certain comes first."""


def _without(text: str, is_secret: Callable[[str], bool], sizes: range, mark: str) -> str:
    """Replace the longest secret among neighbouring groups: what follows a number may look like more of it."""
    pieces: list[str] = []
    done = 0
    for start, end in _stretches(text, sizes):
        if start >= done and is_secret(text[start:end].replace(" ", "").replace("-", "")):
            pieces += text[done:start], mark
            done = end
    return "".join(pieces) + text[done:]


def _stretches(text: str, sizes: range) -> Iterator[tuple[int, int]]:
    """Give where neighbouring groups of such a size begin and end, from the left, the longest first."""
    groups = re.split(r"[ \-]", text)
    begins = list(accumulate((len(group) + 1 for group in groups), initial=0))
    for first in range(len(groups)):
        for last in range(min(len(groups), first + sizes.stop), first, -1):
            size = begins[last] - begins[first] - (last - first)
            if size in sizes:
                yield begins[first], begins[last] - 1
            elif size < sizes.start:
                break


def _is_card(digits: str) -> bool:
    if digits[0] not in "23456" or not digits.isascii():
        return False
    doubled = [int(digit) * (1 + position % 2) for position, digit in enumerate(reversed(digits))]
    return sum(each - 9 * (each > 9) for each in doubled) % 10 == 0


def _is_iban(account: str) -> bool:
    if not (account[:2].isalpha() and account[2:4].isdigit()):
        return False
    return int("".join(str(int(each, 36)) for each in account[4:] + account[:4])) % 97 == 1


def _is_random(word: str) -> bool:
    mixed = any(map(str.isdigit, word)) and any(map(str.isupper, word)) and any(map(str.islower, word))
    return mixed and _entropy_bits(word) > _KEY_ENTROPY_BITS


def _entropy_bits(word: str) -> float:
    shares = [count / len(word) for count in Counter(word).values()]
    return -sum(share * log2(share) for share in shares)


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_long_ip(text: str) -> bool:
    """Tell an address from ``a::b``, ``[::2]`` and ``::`` of programs."""
    if sum(map(str.isalnum, text)) < _IPV6_CHARS or not (any(map(str.isdigit, text)) or len(text) > _IPV6_WORD_CHARS):
        return False
    return _is_ip(text)
