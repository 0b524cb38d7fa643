"""A query engine of LlamaIndex over an index in memory, and an agent, traced by OpenInference.

openinference_llama_index.py ENDPOINT MODEL_API
"""

import asyncio
import sys
from contextlib import suppress

from llama_index.core import VectorStoreIndex
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.llms import ChatMessage
from llama_index.core.prompts import ChatPromptTemplate
from llama_index.core.schema import TextNode
from llama_index.core.tools import FunctionTool
from llama_index.embeddings.openai import OpenAIEmbedding
from llama_index.llms.openai import OpenAI
from openai import NotFoundError
from openinference.instrumentation.llama_index import LlamaIndexInstrumentor
from the_call import BROKEN_MODEL, EMBEDDING_MODEL, MODEL, PASSAGES, QUESTION, SOURCE, SYSTEM, TOOL_NAME, provider


def opening_hours() -> str:
    """When somebody is there."""
    return "9 to 5"


async def ask_agent(client: OpenAI) -> None:
    """One question, for which a tool is called."""
    tool = FunctionTool.from_defaults(opening_hours, name=TOOL_NAME)
    await FunctionAgent(tools=[tool], llm=client, system_prompt=SYSTEM, streaming=False).run(QUESTION)


def main(endpoint: str, model_api: str) -> None:
    """One question through retrieval and a chat; a streamed chat, an embedding, a failure, an agent after it."""
    traced = provider("openinference_llama_index", endpoint)
    nodes = [TextNode(id_=name, text=text, metadata={"source": SOURCE}) for name, text in PASSAGES]
    index = VectorStoreIndex(nodes, embed_model=MockEmbedding(embed_dim=4))
    LlamaIndexInstrumentor().instrument(tracer_provider=traced)
    client = OpenAI(model=MODEL, api_base=model_api, api_key="none", max_retries=0, timeout=30)
    asked = [ChatMessage(role="system", content=SYSTEM), ChatMessage(role="user", content="{query_str}")]
    index.as_query_engine(llm=client, text_qa_template=ChatPromptTemplate(asked)).query(QUESTION)
    messages = [ChatMessage(role="system", content=SYSTEM), ChatMessage(role="user", content=QUESTION)]
    list(client.stream_chat(messages, stream_options={"include_usage": True}))
    OpenAIEmbedding(
        model=EMBEDDING_MODEL, api_base=model_api, api_key="none", max_retries=0, timeout=30
    ).get_query_embedding(QUESTION)
    with suppress(NotFoundError):
        # A client of a model that it does not know asks nobody.
        client.chat(messages, model=BROKEN_MODEL)
    asyncio.run(ask_agent(client))
    traced.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
