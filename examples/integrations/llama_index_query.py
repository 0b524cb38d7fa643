"""LlamaIndex, traced by its instrumentation handlers: a query engine over an index in memory.

python examples/integrations/llama_index_query.py      # offline: the model and the embeddings are its own
"""

from collections.abc import Generator
from typing import Any

import groundspan as gs
from groundspan.testing import capture_spans
from llama_index.core import Document, MockEmbedding, VectorStoreIndex
from llama_index.core.llms import CompletionResponse, CustomLLM, LLMMetadata
from llama_index.core.llms.callbacks import llm_completion_callback

TEXTS = ("Refunds take five days.", "Returns are free.")
WORDS = ("A refund ", "takes ", "five days.")
USAGE = {"usage": {"prompt_tokens": 21, "completion_tokens": 7}}


class SmallLLM(CustomLLM):
    """Always says the same; a real model's class is one of the packages llama-index-llms-*."""

    model: str = "small"

    @property
    def metadata(self) -> LLMMetadata:
        """Name the model."""
        return LLMMetadata(model_name=self.model)

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:  # noqa: ARG002
        """Answer at once."""
        return CompletionResponse(text="".join(WORDS), raw=USAGE)

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:  # noqa: ARG002
        """Answer word by word."""

        def pieces() -> Generator[CompletionResponse, None, None]:
            said = ""
            for word in WORDS:
                said += word
                yield CompletionResponse(text=said, delta=word, raw=USAGE)

        return pieces()


def main() -> None:
    """Ask twice, the second time streamed, and print the spans. An application calls gs.init() first of all."""
    index = VectorStoreIndex.from_documents(
        [Document(text=text) for text in TEXTS], embed_model=MockEmbedding(embed_dim=4)
    )
    gs.instrument("llama_index")
    with capture_spans() as spans:
        index.as_query_engine(llm=SmallLLM()).query("How long does a refund take?")
        streamed: Any = index.as_query_engine(llm=SmallLLM(), streaming=True).query("How long does a refund take?")
        for _ in streamed.response_gen:
            pass
    for span in spans:
        told = span.attributes or {}
        print(span.name)
        for name in sorted(told):
            if name.startswith(("gen_ai.", "groundspan.stream.outcome")):
                print(f"  {name}: {told[name]!r}")
    gs.integrations.uninstrument("llama_index")


if __name__ == "__main__":
    main()
