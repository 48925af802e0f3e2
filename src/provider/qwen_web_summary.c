
#include "qwen_cursor.h"
#include "qwen_web_extra.h"


static bool qwen_web_summary_list(qwen_str_t extra, const char *name,
    qwen_cursor_t *cursor);
static bool qwen_web_summary_string(qwen_cursor_t *cursor,
    qwen_str_t *string);
static qwen_rc_t qwen_web_summary_part(qwen_web_stream_t *stream,
    size_t part, qwen_str_t title, qwen_str_t thought);
static qwen_rc_t qwen_web_summary_title(qwen_web_stream_t *stream,
    qwen_str_t title);
static qwen_rc_t qwen_web_summary_thought(qwen_web_stream_t *stream,
    qwen_str_t thought);
static qwen_rc_t qwen_web_summary_put(qwen_web_stream_t *stream,
    qwen_str_t piece);


qwen_rc_t
qwen_web_summary(qwen_web_stream_t *stream, qwen_str_t extra)
{
    bool           more_titles, more_thoughts;
    size_t         i;
    qwen_str_t     title, thought;
    qwen_cursor_t  titles, thoughts;

    more_titles = qwen_web_summary_list(extra, "summary_title", &titles);
    more_thoughts = qwen_web_summary_list(extra, "summary_thought",
                                          &thoughts);

    for (i = 0; /* void */ ; i++) {
        title = (qwen_str_t) { NULL, 0 };
        thought = (qwen_str_t) { NULL, 0 };

        more_titles = more_titles && qwen_web_summary_string(&titles, &title);
        more_thoughts = more_thoughts
                        && qwen_web_summary_string(&thoughts, &thought);

        if (!more_titles && !more_thoughts) {
            return QWEN_OK;
        }

        if (i >= stream->summary.part
            && qwen_web_summary_part(stream, i, title, thought) != QWEN_OK)
        {
            return QWEN_ERROR;
        }
    }
}


static qwen_rc_t
qwen_web_summary_part(qwen_web_stream_t *stream, size_t part,
    qwen_str_t title, qwen_str_t thought)
{
    qwen_web_summary_t  *summary;

    summary = &stream->summary;

    if (part > summary->part) {

        if (qwen_web_summary_end(stream) != QWEN_OK) {
            return QWEN_ERROR;
        }

        summary->part = part;
        summary->title = 0;
        summary->thought = 0;
    }

    if (qwen_web_summary_title(stream, title) != QWEN_OK) {
        return QWEN_ERROR;
    }

    return qwen_web_summary_thought(stream, thought);
}


/* Enters extra.<name>.content when that is an array. */
static bool
qwen_web_summary_list(qwen_str_t extra, const char *name,
    qwen_cursor_t *cursor)
{
    qwen_str_t  object, list;

    if (!qwen_web_extra_find(extra, name, &object)
        || !qwen_web_extra_find(object, "content", &list)
        || list.data[0] != '[')
    {
        return false;
    }

    qwen_cursor_init(cursor, list);
    qwen_cursor_enter(cursor);

    return true;
}


/* The next element; one that is no string counts as an empty one. */
static bool
qwen_web_summary_string(qwen_cursor_t *cursor, qwen_str_t *string)
{
    return qwen_cursor_element(cursor) == QWEN_OK
           && qwen_cursor_take_string(cursor, string) == QWEN_OK;
}


/* A title may still grow until its thought begins, so it is closed only then;
 * what grows later is lost. */
static qwen_rc_t
qwen_web_summary_title(qwen_web_stream_t *stream, qwen_str_t title)
{
    size_t               told;
    qwen_web_summary_t  *summary;

    summary = &stream->summary;
    told = summary->title;

    if (title.len <= told || (told && !summary->open) || summary->thought) {
        return QWEN_OK;
    }

    if (told == 0
        && ((summary->any
             && qwen_web_summary_put(stream, qwen_literal("\\n\\n"))
                != QWEN_OK)
            || qwen_web_summary_put(stream, qwen_literal("**")) != QWEN_OK))
    {
        return QWEN_ERROR;
    }

    summary->title = title.len;
    summary->open = true;
    summary->any = true;

    return qwen_web_summary_put(stream, (qwen_str_t) { title.data + told,
                                                       title.len - told });
}


static qwen_rc_t
qwen_web_summary_thought(qwen_web_stream_t *stream, qwen_str_t thought)
{
    size_t               told;
    qwen_web_summary_t  *summary;

    summary = &stream->summary;
    told = summary->thought;

    if (thought.len <= told) {
        return QWEN_OK;
    }

    /* behind its title, or, without one, behind the part before */

    if (told == 0 && summary->any
        && (qwen_web_summary_end(stream) != QWEN_OK
            || qwen_web_summary_put(stream, qwen_literal("\\n\\n"))
               != QWEN_OK))
    {
        return QWEN_ERROR;
    }

    summary->thought = thought.len;
    summary->any = true;

    return qwen_web_summary_put(stream, (qwen_str_t) { thought.data + told,
                                                       thought.len - told });
}


qwen_rc_t
qwen_web_summary_end(qwen_web_stream_t *stream)
{
    if (!stream->summary.open) {
        return QWEN_OK;
    }

    stream->summary.open = false;

    return qwen_web_summary_put(stream, qwen_literal("**"));
}


static qwen_rc_t
qwen_web_summary_put(qwen_web_stream_t *stream, qwen_str_t piece)
{
    return qwen_web_stream_pass(stream, QWEN_DELTA_REASONING, piece);
}
