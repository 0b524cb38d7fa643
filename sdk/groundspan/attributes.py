"""Every attribute key that the SDK writes, once.

Names are those of the OpenTelemetry GenAI conventions (newest spelling) where one exists, ``groundspan.*``
otherwise. A structured field is one JSON string, so that no span limit can cut a list in half.
"""

from typing import Final

# What kind of work a span is: pipeline, tokenize, embed, retrieve, rerank, generate or tool.
STAGE: Final = "groundspan.stage"
PROJECT: Final = "groundspan.project"
SEGMENT_PREFIX: Final = "groundspan.segment."
CUT_CHARS: Final = "groundspan.cut_chars"
# On one span of a batch: how many spans the sender had no room for since it last told.
DROPPED: Final = "groundspan.dropped"

# Of a trace that is one of a sample: how likely it was to be kept, on each of its spans.
SAMPLE_RATIO: Final = "groundspan.sample.ratio"

SERVICE_NAME: Final = "service.name"
SERVICE_VERSION: Final = "service.version"
ENVIRONMENT: Final = "deployment.environment.name"
SESSION: Final = "session.id"
CONVERSATION: Final = "gen_ai.conversation.id"
USER: Final = "user.id"
ERROR_TYPE: Final = "error.type"

HTTP_STATUS: Final = "http.response.status_code"

OPERATION: Final = "gen_ai.operation.name"
PROVIDER: Final = "gen_ai.provider.name"
REQUEST_MODEL: Final = "gen_ai.request.model"
REQUEST_TEMPERATURE: Final = "gen_ai.request.temperature"
REQUEST_TOP_P: Final = "gen_ai.request.top_p"
REQUEST_MAX_TOKENS: Final = "gen_ai.request.max_tokens"
RESPONSE_MODEL: Final = "gen_ai.response.model"
RESPONSE_ID: Final = "gen_ai.response.id"
FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
WORKFLOW_NAME: Final = "gen_ai.workflow.name"
TOOL_NAME: Final = "gen_ai.tool.name"
TOOL_ARGUMENTS: Final = "gen_ai.tool.call.arguments"
TOOL_RESULT: Final = "gen_ai.tool.call.result"

# Messages are JSON: a list of {"role": "user", "parts": [{"type": "text", "content": "…"}]}.
INPUT_MESSAGES: Final = "gen_ai.input.messages"
OUTPUT_MESSAGES: Final = "gen_ai.output.messages"

# Input includes cached tokens, output includes reasoning tokens.
INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
CACHE_READ_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
CACHE_WRITE_TOKENS: Final = "gen_ai.usage.cache_write.input_tokens"
REASONING_TOKENS: Final = "gen_ai.usage.reasoning.output_tokens"
# provider: the counts came with the response. tokenizer, estimate: the SDK counted, if only one of the two.
TOKENS_SOURCE: Final = "groundspan.tokens.source"

# Streams. Times are of pieces that carry some of the answer, as they passed on their way to the consumer.
TIME_TO_FIRST_CHUNK_S: Final = "gen_ai.response.time_to_first_chunk"
# finished, stopped, failed, cancelled or disconnected.
STREAM_OUTCOME: Final = "groundspan.stream.outcome"
STREAM_PIECES: Final = "groundspan.stream.pieces"
STREAM_GAP_P50_S: Final = "groundspan.stream.gap_p50_s"
STREAM_GAP_MAX_S: Final = "groundspan.stream.gap_max_s"
STREAM_TOKENS_PER_S: Final = "groundspan.stream.tokens_per_s"
# provider: the tokens are those of the usage; pieces: no usage came, and each piece is counted as one.
STREAM_TOKENS_SOURCE: Final = "groundspan.stream.tokens_source"

# Counts of a tokenize span; never gen_ai.usage.*, which is what a provider bills.
TOKENS_COUNT: Final = "groundspan.tokens.count"
TOKENIZER: Final = "groundspan.tokenizer.name"

EMBEDDING_DIMENSION: Final = "gen_ai.embeddings.dimension.count"
EMBEDDING_COUNT: Final = "groundspan.embeddings.count"

DATA_SOURCE: Final = "gen_ai.data_source.id"
TOP_K: Final = "gen_ai.retrieval.top_k"
QUERY: Final = "gen_ai.retrieval.query.text"
# JSON, in rank order: [{"id": "…", "score": 0.7, "content": "…", "metadata": {…}}]; only content is sure.
DOCUMENTS: Final = "gen_ai.retrieval.documents"
# What the caller says is relevant to the query: an array of strings, on a retrieve span or on its pipeline.
RELEVANT_IDS: Final = "groundspan.retrieval.relevant_ids"

# On a generate span, the chunks that it stood on: the spans that fetched them, or the chunks themselves
# (shaped like DOCUMENTS) where the caller gave them as context=.
CONTEXT_SPAN_IDS: Final = "groundspan.context.span_ids"
CONTEXT_DOCUMENTS: Final = "groundspan.context.documents"

# What was said of an answer: a log event beside its trace. The explanation holds a comment, or relevant ids as JSON.
EVALUATION_EVENT: Final = "gen_ai.evaluation.result"
EVALUATION_NAME: Final = "gen_ai.evaluation.name"
EVALUATION_SCORE: Final = "gen_ai.evaluation.score.value"
EVALUATION_LABEL: Final = "gen_ai.evaluation.score.label"
EVALUATION_EXPLANATION: Final = "gen_ai.evaluation.explanation"
