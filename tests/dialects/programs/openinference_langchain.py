"""A LangChain pipeline, traced by OpenInference: openinference_langchain.py ENDPOINT MODEL_API."""

import sys

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_openai import ChatOpenAI
from openinference.instrumentation.langchain import LangChainInstrumentor
from the_call import MODEL, PASSAGES, QUESTION, SOURCE, SYSTEM, provider


class Passages(BaseRetriever):
    """Finds the same passages whatever it is asked."""

    def _get_relevant_documents(  # the base class names the arguments
        self,
        query: str,  # noqa: ARG002
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002
    ) -> list[Document]:
        return [Document(id=name, page_content=text, metadata={"source": SOURCE}) for name, text in PASSAGES]


def main(endpoint: str, model_api: str) -> None:
    """One question through retrieval and a chat; the chat streamed, too."""
    traced = provider("openinference_langchain", endpoint)
    LangChainInstrumentor().instrument(tracer_provider=traced)
    chat = ChatOpenAI(model=MODEL, base_url=model_api, api_key="none", max_retries=0, timeout=30)
    prompt = ChatPromptTemplate.from_messages([("system", SYSTEM), ("user", "{question}")])
    retrieve = RunnableLambda(lambda question: {"question": question, "found": Passages().invoke(question)})
    chain = retrieve | prompt | chat | RunnableLambda(lambda message: message.content)
    chain.invoke(QUESTION)
    list(chat.stream(QUESTION))
    traced.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
