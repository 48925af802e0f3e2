
/* One event of a completion's stream, read in a single pass. */

#ifndef QWEN_WEB_EVENT_H
#define QWEN_WEB_EVENT_H


#include "qwen_delta.h"


/* Strings are escaped slices of the event, not yet clean; their data is NULL
 * when there is none. */
typedef struct {
    qwen_str_t  content;             /* of choices[0].delta, as the next */
    qwen_str_t  phase;
    qwen_str_t  status;
    qwen_str_t  name;
    qwen_str_t  role;
    qwen_str_t  extra;               /* JSON text of any type */
    bool        has_choices;
    bool        has_delta;
    bool        has_usage;
    bool        refused;             /* perhaps a failure, to be classified */
} qwen_web_event_t;


/* Reads an event; counts that it holds replace those in *usage.  QWEN_OK, or
 * QWEN_ERROR: it is not a JSON object. */
qwen_rc_t qwen_web_event_read(qwen_str_t data, qwen_web_event_t *event,
    qwen_usage_t *usage);


#endif /* QWEN_WEB_EVENT_H */
