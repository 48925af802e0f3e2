
/*
 * Reads a folded text back, as src/provider/qwen_fold.h tells the form, with
 * nothing of the code that folds.
 */

#ifndef QWEN_UNFOLD_H
#define QWEN_UNFOLD_H


#include <stdbool.h>
#include <stddef.h>
#include <string.h>


/* A turn: its role's name and a text that was read back. */
typedef struct {
    const char  *role;
    size_t       role_len;
    char        *text;               /* in the buffer that was folded */
    size_t       len;
} unfold_turn_t;


/* Length of the backslashes and the "<|" at the start of a line, else 0. */
static inline size_t
unfold_marked(const char *line, size_t len)
{
    size_t  i;

    for (i = 0; i < len && line[i] == '\\'; i++) { /* void */ }

    return (len - i >= 2 && memcmp(line + i, "<|", 2) == 0) ? i + 2 : 0;
}


/*
 * Reads the turns out of a plain text, in place.  Returns their number; a text
 * that does not begin with a mark is one user message.  max + 1: not folded
 * text at all.
 */
static inline size_t
unfold(char *plain, size_t len, unfold_turn_t *turns, size_t max)
{
    char    *line, *end, *to, *mark;
    size_t   n, line_len, marked;

    if (unfold_marked(plain, len) == 0) {
        turns[0] = (unfold_turn_t) { "user", 4, plain, len };
        return 1;
    }

    n = 0;
    to = NULL;

    for (line = plain; line <= plain + len; line = end + 1) {
        end = memchr(line, '\n', len - (size_t) (line - plain));

        if (end == NULL) {
            end = plain + len;
        }

        line_len = (size_t) (end - line);
        marked = unfold_marked(line, line_len);

        if (marked == 2) {

            /* a blank line ends the turn before */

            if (n) {
                if (turns[n - 1].len < 2
                    || memcmp(to - 2, "\n\n", 2) != 0)
                {
                    return max + 1;
                }

                turns[n - 1].len -= 2;
            }

            mark = memchr(line + 2, '|', line_len - 2);

            if (n == max || mark == NULL || end == plain + len
                || line + line_len != mark + 2 || mark[1] != '>')
            {
                return max + 1;
            }

            turns[n].role = line + 2;
            turns[n].role_len = (size_t) (mark - line) - 2;
            turns[n].text = end + 1;
            turns[n++].len = 0;
            to = end + 1;
            continue;
        }

        if (n == 0) {
            return max + 1;
        }

        /* one backslash less, and the newline with it */

        line += (marked > 2);
        line_len = (size_t) (end - line) + (end < plain + len);

        memmove(to, line, line_len);
        to += line_len;
        turns[n - 1].len += line_len;
    }

    return n;
}


#endif /* QWEN_UNFOLD_H */
