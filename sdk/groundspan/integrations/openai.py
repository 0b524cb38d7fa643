"""OpenAI's client: chat completions, responses and embeddings; sync, async and streamed."""

from typing import Final

from groundspan import attributes as keys
from groundspan._capture import Value
from groundspan._parameters import Keywords
from groundspan._stages import EMBED, GENERATE, Stage
from groundspan.integrations._calls import Method, Request, Undo, part, patched
from groundspan.integrations._requests import provider, settings, spoken

LIBRARY: Final = "openai"

_KINDS: Final = {"Azure": "azure.ai.openai", "Bedrock": "aws.bedrock"}
# Others who answer in this format, as far as the conventions name them.
_HOSTS: Final = {
    "openai.azure.com": "azure.ai.openai",
    "cognitiveservices.azure.com": "azure.ai.openai",
    "services.ai.azure.com": "azure.ai.openai",
    "api.deepseek.com": "deepseek",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral_ai",
    "api.moonshot.ai": "moonshot_ai",
    "api.moonshot.cn": "moonshot_ai",
    "api.perplexity.ai": "perplexity",
    "api.x.ai": "x_ai",
    "generativelanguage.googleapis.com": "gcp.gemini",
}
_METHODS: Final = (
    ("resources.chat.completions", "Completions", ("create", "parse", "stream"), GENERATE),
    # Of versions before 1.92: there parse() and stream() stand apart.
    ("resources.beta.chat.completions", "Completions", ("parse", "stream"), GENERATE),
    ("resources.responses", "Responses", ("create", "parse", "stream"), GENERATE),
    ("resources.embeddings", "Embeddings", ("create",), EMBED),
)


def instrument() -> Undo:
    """Trace OpenAI's client."""
    return patched([method for row in _METHODS for method in _methods(*row)])


def request(client: object, kwargs: Keywords) -> Request:
    """Read a call of any of the three APIs."""
    attributes: dict[str, Value] = {keys.PROVIDER: provider(client, "openai", _KINDS, _HOSTS), **settings(kwargs)}
    if "messages" in kwargs:
        return Request(attributes, {"messages": spoken(None, kwargs["messages"])})
    # Of the two, the responses API takes one text as well as a list, and tells the system apart.
    asked, told = kwargs.get("input"), kwargs.get("instructions")
    if isinstance(asked, str) and isinstance(told, str):
        asked = [{"role": "user", "content": asked}]
    return Request(attributes, {"input": spoken(told, asked)})


def _methods(module: str, owner: str, names: tuple[str, ...], stage: Stage) -> list[Method]:
    found = part(f"{LIBRARY}.{module}")
    return [
        Method(
            kind,
            name,
            stage,
            request,
            # stream() gives a manager at once, async or not, and asks by create().
            is_async=kind.__name__.startswith("Async") and name != "stream",
            opens_others=name == "stream",
        )
        for kind in (getattr(found, owner, None), getattr(found, f"Async{owner}", None))
        if kind is not None
        for name in names
    ]
