"""LangChain, traced without a decorator: a chain that searches and answers, and the same as a stream.

python examples/integrations/langchain_chain.py      # offline: the model says what it was told to say
"""

from operator import itemgetter

import groundspan as gs
from groundspan.testing import capture_spans
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.language_models import FakeListChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever

TEXTS = {"h-1": "Refunds take five days.", "h-2": "Returns are free."}


class Handbook(BaseRetriever):
    """Finds the texts that share a word with the question."""

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002 - LangChain gives it
    ) -> list[Document]:
        words = set(query.lower().strip("?").split())
        return [Document(text, id=name) for name, text in TEXTS.items() if words & set(text.lower().strip(".").split())]


CHAIN = (
    {"context": itemgetter("question") | Handbook(), "question": itemgetter("question")}
    | ChatPromptTemplate.from_template("Answer from this: {context}\n\n{question}")
    | FakeListChatModel(responses=["Refunds take five days."])
    | StrOutputParser()
)


def main() -> None:
    """Ask, and print the spans. An application calls gs.init() in place of capture_spans()."""
    gs.instrument("langchain")
    with capture_spans() as spans:
        CHAIN.invoke({"question": "How long do refunds take?"}, {"run_name": "ask"})
        for _piece in CHAIN.stream({"question": "How long do refunds take?"}, {"run_name": "stream"}):
            pass
    for span in spans:
        told = span.attributes or {}
        print(span.name)
        for name in sorted(told):
            if name.startswith(("gen_ai.", "groundspan.context", "groundspan.stream.outcome")):
                print(f"  {name}: {told[name]!r}")
    gs.integrations.uninstrument("langchain")


if __name__ == "__main__":
    main()
