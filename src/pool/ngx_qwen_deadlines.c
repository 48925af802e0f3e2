
/*
 * Accounts in the order of a deadline.  Deadlines are compared as signed
 * differences, in the tree by ngx_rbtree_insert_timer_value().
 */

#include "ngx_qwen_zone.h"


static ngx_rbtree_node_t *ngx_qwen_deadlines_min(
    ngx_qwen_deadlines_t *deadlines);


ngx_msec_t
ngx_qwen_deadline_rest(ngx_msec_t deadline)
{
    ngx_msec_int_t  rest;

    rest = (ngx_msec_int_t) (deadline - ngx_current_msec);

    return (rest > 0) ? (ngx_msec_t) rest : 0;
}


ngx_msec_t
ngx_qwen_deadline_double(ngx_msec_t rest, ngx_uint_t times, ngx_msec_t max)
{
    if (max > NGX_QWEN_REST_MAX) {
        max = NGX_QWEN_REST_MAX;
    }

    while (times && rest && rest < max) {
        rest *= 2;
        times--;
    }

    return ngx_min(rest, max);
}


void
ngx_qwen_deadlines_init(ngx_qwen_deadlines_t *deadlines, size_t node)
{
    ngx_rbtree_init(&deadlines->rbtree, &deadlines->sentinel,
                    ngx_rbtree_insert_timer_value);

    deadlines->node = node;
    deadlines->count = 0;
}


void
ngx_qwen_deadlines_insert(ngx_qwen_deadlines_t *deadlines,
    ngx_qwen_account_t *account, ngx_msec_t deadline)
{
    ngx_rbtree_node_t  *node;

    node = (ngx_rbtree_node_t *) ((u_char *) account + deadlines->node);

    node->key = deadline;
    ngx_rbtree_insert(&deadlines->rbtree, node);

    deadlines->count++;
}


void
ngx_qwen_deadlines_delete(ngx_qwen_deadlines_t *deadlines,
    ngx_qwen_account_t *account)
{
    ngx_rbtree_node_t  *node;

    node = (ngx_rbtree_node_t *) ((u_char *) account + deadlines->node);

    ngx_rbtree_delete(&deadlines->rbtree, node);

    deadlines->count--;
}


ngx_qwen_account_t *
ngx_qwen_deadlines_ended(ngx_qwen_deadlines_t *deadlines)
{
    ngx_rbtree_node_t  *node;

    node = ngx_qwen_deadlines_min(deadlines);

    if (node == NULL || ngx_qwen_deadline_rest(node->key) > 0) {
        return NULL;
    }

    return (ngx_qwen_account_t *) ((u_char *) node - deadlines->node);
}


ngx_qwen_account_t *
ngx_qwen_deadlines_next(ngx_qwen_deadlines_t *deadlines,
    const ngx_qwen_tried_t *tried, ngx_msec_t *rest)
{
    ngx_rbtree_node_t   *node;
    ngx_qwen_account_t  *account;

    for (node = ngx_qwen_deadlines_min(deadlines);
         node;
         node = ngx_rbtree_next(&deadlines->rbtree, node))
    {
        account = (ngx_qwen_account_t *) ((u_char *) node - deadlines->node);

        if (!ngx_qwen_account_tried(account, tried)) {
            *rest = ngx_qwen_deadline_rest(node->key);
            return account;
        }
    }

    return NULL;
}


ngx_uint_t
ngx_qwen_account_tried(ngx_qwen_account_t *account,
    const ngx_qwen_tried_t *tried)
{
    ngx_uint_t  i;

    if (tried == NULL) {
        return 0;
    }

    for (i = 0; i < tried->n; i++) {
        if (tried->accounts[i] == account->number) {
            return 1;
        }
    }

    return 0;
}


static ngx_rbtree_node_t *
ngx_qwen_deadlines_min(ngx_qwen_deadlines_t *deadlines)
{
    ngx_rbtree_t  *rbtree;

    rbtree = &deadlines->rbtree;

    if (rbtree->root == rbtree->sentinel) {
        return NULL;
    }

    return ngx_rbtree_min(rbtree->root, rbtree->sentinel);
}
