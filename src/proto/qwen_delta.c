
#include "qwen_delta.h"


#define QWEN_USAGE_BYTES_PER_TOKEN  4


static uint64_t
qwen_usage_tokens(uint64_t bytes)
{
    return bytes / QWEN_USAGE_BYTES_PER_TOKEN
           + (bytes % QWEN_USAGE_BYTES_PER_TOKEN != 0);
}


qwen_usage_t
qwen_usage_estimate(uint64_t prompt_bytes, uint64_t text_bytes,
    uint64_t reasoning_bytes)
{
    qwen_usage_t  usage;

    usage.prompt = qwen_usage_tokens(prompt_bytes);
    usage.reasoning = qwen_usage_tokens(reasoning_bytes);
    usage.completion = qwen_usage_tokens(text_bytes) + usage.reasoning;
    usage.estimated = true;

    return usage;
}
