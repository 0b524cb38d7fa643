"""Secrets that the built-in redactors know, each in a text that may stand anywhere."""

import string
from ipaddress import IPv6Address
from random import Random

from hypothesis import strategies as st

ALPHANUMERIC = string.ascii_letters + string.digits


def _card(digits: str) -> str:
    total = sum((2 * int(d) - 9 * (2 * int(d) > 9)) if n % 2 == 0 else int(d) for n, d in enumerate(reversed(digits)))
    return f"{digits}{-total % 10}"


def _iban(country: str, account: str) -> str:
    moved = "".join(str(int(each, 36)) for each in account + country + "00")
    return f"{country}{98 - int(moved) % 97:02}{account}"


def _grouped(text: str, mark: str) -> str:
    return mark.join(text[start : start + 4] for start in range(0, len(text), 4))


def _digits(count: int) -> st.SearchStrategy[str]:
    return st.text(string.digits, min_size=count, max_size=count)


MARKS = st.sampled_from(["", " ", "-"])
EMAILS = st.from_regex(r"[a-z0-9][a-z0-9._+\-]{0,20}@[a-z0-9]{1,10}(\.[a-z]{2,8}){1,2}", fullmatch=True)
PHONES = st.from_regex(r"\+[1-9][0-9]{1,2} ?\([0-9]{2,4}\) ?[0-9]{3}[ \-][0-9]{4}", fullmatch=True)
CARDS = st.builds(
    lambda first, rest, mark: _grouped(_card(first + rest), mark), st.sampled_from("3456"), _digits(14), MARKS
)
IBANS = st.builds(
    lambda country, account, mark: _grouped(_iban(country, account), mark),
    st.sampled_from(["DE", "GB", "FR", "NL"]),
    st.text(string.digits + "ABCDEF", min_size=14, max_size=24),
    st.sampled_from(["", " "]),
)
KEYS = st.builds(
    lambda prefix, seed: prefix + "aA1" + "".join(Random(seed).sample(ALPHANUMERIC, 40)),
    st.sampled_from(["", "sk-", "sk-proj-", "ghp_", "glpat-", "hf_", "sk_live_"]),
    st.integers(0, 10**9),
)
IPS = st.one_of(
    st.ip_addresses(v=4).map(str),
    st.integers(2**120, 2**128 - 1).map(lambda number: str(IPv6Address(number))),
)
SECRETS = st.one_of(EMAILS, PHONES, CARDS, IBANS, KEYS, IPS)
BEFORE = st.sampled_from([" ", "\n", "\t", '"', "\\", "Grüße ", "\\n", "\\t", "\\xa0", "(", ", ", "<", "="])
AFTER = st.sampled_from([" ", "\n", "\t", '"', "\\", " Grüße", ")", ", ", ">", ". ", "? "])


@st.composite
def planted(draw: st.DrawFn) -> tuple[str, str]:
    """A secret, and a text that it stands in."""
    secret = draw(SECRETS)
    return secret, f"My data:{draw(BEFORE)}{secret}{draw(AFTER)}is what you need."
