"""Text that a model or a user wrote, made harmless for the place where it is printed. Pure."""

import re
from typing import Final

# What a terminal obeys or a reader cannot see: C0, DEL, C1, marks that turn the direction of text, line separators,
# invisible characters (joiners stand: emoji and Persian need them), tags, lone surrogates.
_UNSEEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_SHORT: Final = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]()#!|~$@])")
_HTML: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# A spreadsheet takes a cell that begins so for a formula; it looks past spaces, and full-width forms count too.
_FORMULA: Final = re.compile("[ ]*[=+\\-@\t\r\n＝＋－＠]")


def visible(text: str) -> str:
    r"""*text* on one line, with what would not be seen or would be obeyed written out, like ``\x1b``."""
    return _UNSEEN.sub(lambda match: _written_out(match[0]), text)


def _written_out(character: str) -> str:
    code = ord(character)
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def markdown(text: str) -> str:
    """*text* as markdown that reads as the text itself, also in a cell of a table."""
    escaped = _MARKDOWN.sub(r"\\\1", visible(text))
    return re.sub("[&<>]", lambda match: _HTML[match[0]], escaped)


def spreadsheet(text: str) -> str:
    """*text* as a cell that no spreadsheet takes for a formula."""
    return ("'" if _FORMULA.match(text) else "") + visible(text)


def json_text(text: str) -> str:
    """A JSON document in which what would not be seen, or would be obeyed, is escaped; it says the same."""
    # The serialiser has escaped C0; line breaks that are left are its own.
    return _UNSEEN.sub(lambda match: match[0] if match[0] == "\n" else _json_escape(match[0]), text)


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{int.from_bytes(units[i : i + 2]):04x}" for i in range(0, len(units), 2))
