
/* Typed, limited getters over cJSON trees, for answers of the upstream and
 * for skeletons (qwen_scan.h). */

#ifndef QWEN_JSON_H
#define QWEN_JSON_H


#include <cjson/cJSON.h>

#include "qwen_core.h"


/* Parses a whole text, at most 64 levels deep; NULL when it is not exactly
 * one JSON value.  cJSON forgives some errors within values, such as control
 * bytes and leading zeros.  The caller frees it with cJSON_Delete(). */
cJSON *qwen_json_parse(qwen_str_t text);

/* A member of an object; NULL when there is none or object is none. */
const cJSON *qwen_json_get(const cJSON *object, const char *name);

/* A string member; { NULL, 0 } when absent, empty or no string.  Valid as
 * long as the tree. */
qwen_str_t qwen_json_get_string(const cJSON *object, const char *name);

/* An integer member in min..max (a number without a fraction, or a string of
 * digits); false: absent or anything else. */
bool qwen_json_get_int(const cJSON *object, const char *name, int64_t min,
    int64_t max, int64_t *value);

/* true only for the literal true. */
bool qwen_json_get_true(const cJSON *object, const char *name);


#endif /* QWEN_JSON_H */
