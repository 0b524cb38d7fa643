"""What a call was given: read into its span's content before the work runs."""

from groundspan import _capture as capture
from groundspan import attributes as keys
from groundspan._capture import Attributes, Found
from groundspan._content import Content
from groundspan._guard import Guard
from groundspan._parameters import Arguments, Keywords
from groundspan._plan import Plan
from groundspan._stages import EMBED
from groundspan._text import Cutter

_READING = Guard("read a call's arguments")


def take_asked(content: Content, plan: Plan, args: Arguments, kwargs: Keywords) -> None:
    """Keep what the call asks for, whatever it is."""
    with _READING:
        asked = plan.asked(args, kwargs)
        if plan.stage is EMBED:
            content.take_embedded(asked)
        else:
            content.take(plan.stage.read_asked, asked)


def stated(content: Content, plan: Plan, args: Arguments, kwargs: Keywords) -> Attributes:
    """Read what few calls say, and ask the decorator's own functions, which may raise."""
    found: Attributes = {}
    with _READING:
        if plan.tops and (top_k := plan.top_k(args, kwargs)) is not None:
            found[keys.TOP_K] = top_k
    if plan.relevant is not None:
        with _READING:
            found |= content.read(relevant, plan.relevant_ids(args, kwargs))
    if plan.context is not None:
        with _READING:
            content.take_chunks(capture.context, plan.given_context(args, kwargs))
    return found


def relevant(ids: object, _cutter: Cutter) -> Found:
    """Write which ids would be right."""
    return capture.relevant(ids)
