
#include "qwen_failure.h"


typedef struct {
    qwen_str_t  name;
    bool        retriable;
} qwen_fail_class_info_t;


static const qwen_fail_class_info_t  qwen_fail_classes[] = {
    [QWEN_FAIL_NONE]           = { qwen_string(""), false },
    [QWEN_FAIL_TOKEN]          = { qwen_string("token"), true },
    [QWEN_FAIL_FORBIDDEN]      = { qwen_string("forbidden"), true },
    [QWEN_FAIL_RATE_LIMITED]   = { qwen_string("rate_limited"), true },
    [QWEN_FAIL_QUOTA]          = { qwen_string("quota"), true },
    [QWEN_FAIL_ACCOUNT]        = { qwen_string("account"), true },
    [QWEN_FAIL_CONTENT_FILTER] = { qwen_string("content_filter"), false },
    [QWEN_FAIL_CHALLENGED]     = { qwen_string("challenged"), true },
    [QWEN_FAIL_OUTAGE]         = { qwen_string("outage"), true },
    [QWEN_FAIL_TIMEOUT]        = { qwen_string("timeout"), true },
    [QWEN_FAIL_EMPTY]          = { qwen_string("empty"), true },
    [QWEN_FAIL_INCOMPLETE]     = { qwen_string("incomplete"), false },
    [QWEN_FAIL_PROTOCOL]       = { qwen_string("protocol"), true },
    [QWEN_FAIL_LIMIT]          = { qwen_string("limit"), false },
    [QWEN_FAIL_MODEL]          = { qwen_string("model"), false },
    [QWEN_FAIL_INTERNAL]       = { qwen_string("internal"), false }
};


qwen_str_t
qwen_fail_class_name(qwen_fail_class_t class)
{
    return qwen_fail_classes[class].name;
}


qwen_fail_class_t
qwen_fail_class_find(qwen_str_t name)
{
    size_t  i;

    for (i = 0;
         i < sizeof(qwen_fail_classes) / sizeof(qwen_fail_classes[0]);
         i++)
    {
        if (qwen_str_eq(qwen_fail_classes[i].name, name)) {
            return (qwen_fail_class_t) i;
        }
    }

    return QWEN_FAIL_NONE;
}


bool
qwen_fail_class_retriable(qwen_fail_class_t class)
{
    return qwen_fail_classes[class].retriable;
}
