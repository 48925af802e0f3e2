
/*
 * The accounts: found by e-mail address, one queue or tree for each thing an
 * account can wait for.
 *
 * With a token an account is, for each kind of call, either in the ready queue
 * or in the tree of those that cool down; without one it is in neither, though
 * a rest goes on.  The signin trees tell when it has to sign in.
 */

#include "ngx_qwen_zone.h"


static void ngx_qwen_account_move(ngx_qwen_zone_t *sh,
    ngx_qwen_account_t *account, ngx_qwen_signin_e state, ngx_msec_t rest);
static void ngx_qwen_account_enter(ngx_qwen_zone_t *sh,
    ngx_qwen_account_t *account, ngx_qwen_kind_e kind);
static void ngx_qwen_account_leave(ngx_qwen_zone_t *sh,
    ngx_qwen_account_t *account, ngx_qwen_kind_e kind);
static void ngx_qwen_account_expire_refreshes(ngx_qwen_zone_t *sh);


ngx_qwen_account_t *
ngx_qwen_account_find(ngx_qwen_zone_t *sh, ngx_str_t *email, uint64_t number)
{
    uint32_t             hash;
    ngx_qwen_account_t  *account;

    hash = ngx_murmur_hash2(email->data, email->len);

    account = (ngx_qwen_account_t *)
                  ngx_str_rbtree_lookup(&sh->names, email, hash);

    if (account == NULL || account->number != number) {
        return NULL;
    }

    return account;
}


ngx_qwen_account_t *
ngx_qwen_account_after(ngx_qwen_zone_t *sh, uint64_t number)
{
    ngx_rbtree_node_t   *node, *sentinel;
    ngx_qwen_account_t  *account, *next;

    node = sh->accounts.root;
    sentinel = sh->accounts.sentinel;
    next = NULL;

    while (node != sentinel) {
        account = ngx_rbtree_data(node, ngx_qwen_account_t, order);

        if (account->number > number) {
            next = account;
            node = node->left;

        } else {
            node = node->right;
        }
    }

    return next;
}


ngx_qwen_account_t *
ngx_qwen_account_lookup(ngx_qwen_zone_t *sh, ngx_str_t *email)
{
    uint32_t  hash;

    hash = ngx_murmur_hash2(email->data, email->len);

    return (ngx_qwen_account_t *)
               ngx_str_rbtree_lookup(&sh->names, email, hash);
}


ngx_int_t
ngx_qwen_account_set(ngx_qwen_pool_t *pool,
    ngx_qwen_credentials_t *credentials, uint32_t sync)
{
    ngx_qwen_account_t  *account;

    account = ngx_qwen_account_lookup(pool->sh, &credentials->email);

    if (account == NULL) {
        account = ngx_qwen_account_add(pool, credentials);
        if (account == NULL) {
            return NGX_ERROR;
        }

    } else if (ngx_qwen_account_password(pool, account, &credentials->password)
               != NGX_OK)
    {
        return NGX_ERROR;
    }

    account->sync = sync;
    account->configured = 1;

    return NGX_OK;
}


ngx_int_t
ngx_qwen_account_password(ngx_qwen_pool_t *pool, ngx_qwen_account_t *account,
    ngx_str_t *password)
{
    if (account->password.len == password->len
        && ngx_memcmp(account->password.data, password->data, password->len)
           == 0)
    {
        return NGX_OK;
    }

    if (ngx_qwen_zone_replace(pool, &account->password, password) != NGX_OK) {
        return NGX_ERROR;
    }

    account->refused = 0;
    account->failed = 0;

    ngx_qwen_account_sign_out(pool, account, 0);

    return NGX_OK;
}


ngx_qwen_account_t *
ngx_qwen_account_add(ngx_qwen_pool_t *pool,
    ngx_qwen_credentials_t *credentials)
{
    size_t               size;
    ngx_str_t           *email;
    ngx_qwen_zone_t     *sh;
    ngx_qwen_account_t  *account;

    sh = pool->sh;
    email = &credentials->email;

    size = offsetof(ngx_qwen_account_t, email) + email->len;
    size = ngx_max(size, sizeof(ngx_qwen_account_t));

    account = ngx_slab_calloc_locked(pool->shpool, size);
    if (account == NULL) {
        return NULL;
    }

    if (ngx_qwen_zone_replace(pool, &account->password, &credentials->password)
        != NGX_OK)
    {
        ngx_slab_free_locked(pool->shpool, account);
        return NULL;
    }

    account->number = ++sh->last_account;
    account->name.str.len = email->len;
    account->name.str.data = account->email;
    account->name.node.key = ngx_murmur_hash2(email->data, email->len);
    ngx_memcpy(account->email, email->data, email->len);

    ngx_rbtree_insert(&sh->names, &account->name.node);
    account->order.key = (ngx_rbtree_key_t) account->number;
    ngx_rbtree_insert(&sh->accounts, &account->order);
    sh->naccounts++;

    ngx_qwen_account_changed(sh, account);

    account->state = NGX_QWEN_SIGNIN_DUE;
    ngx_qwen_deadlines_insert(&sh->signin[NGX_QWEN_SIGNIN_DUE], account,
                              ngx_current_msec);

    return account;
}


void
ngx_qwen_account_remove(ngx_qwen_pool_t *pool, ngx_qwen_account_t *account)
{
    ngx_uint_t        kind;
    ngx_qwen_zone_t  *sh;

    sh = pool->sh;

    for (kind = 0; kind < NGX_QWEN_KINDS; kind++) {
        ngx_qwen_account_leave(sh, account, kind);
    }

    ngx_qwen_account_refresh(sh, account, NGX_QWEN_REFRESH_NONE);

    ngx_qwen_deadlines_delete(&sh->signin[account->state], account);
    ngx_rbtree_delete(&sh->names, &account->name.node);
    ngx_rbtree_delete(&sh->accounts, &account->order);
    sh->naccounts--;

    ngx_qwen_account_unchanged(account);
    ngx_qwen_zone_changed(sh);

    ngx_qwen_zone_free(pool, &account->token);
    ngx_qwen_zone_free(pool, &account->password);
    ngx_qwen_zone_free(pool, &account->extra);
    ngx_qwen_zone_free(pool, &account->own_extra);
    ngx_qwen_stats_free(pool, account);

    account->removed = 1;

    if (account->leases == 0) {
        ngx_slab_free_locked(pool->shpool, account);
    }
}


void
ngx_qwen_account_changed(ngx_qwen_zone_t *sh, ngx_qwen_account_t *account)
{
    ngx_qwen_zone_changed(sh);

    if (sh->changes.single && !account->is_changed) {
        ngx_queue_insert_tail(&sh->changes.accounts, &account->changed);
        account->is_changed = 1;
    }
}


void
ngx_qwen_account_unchanged(ngx_qwen_account_t *account)
{
    if (account->is_changed) {
        ngx_queue_remove(&account->changed);
        account->is_changed = 0;
    }
}


void
ngx_qwen_account_unref(ngx_qwen_pool_t *pool, ngx_qwen_account_t *account)
{
    account->leases--;

    if (account->removed && account->leases == 0) {
        ngx_slab_free_locked(pool->shpool, account);
    }
}


ngx_int_t
ngx_qwen_account_sign_in(ngx_qwen_pool_t *pool, ngx_qwen_account_t *account,
    ngx_str_t *token, time_t expires, ngx_msec_t life)
{
    ngx_uint_t  kind;

    if (ngx_qwen_zone_replace(pool, &account->token, token) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_qwen_account_refresh(pool->sh, account, NGX_QWEN_REFRESH_NONE);

    account->expires = expires;
    account->generation++;
    account->claim = 0;
    account->failed = 0;

    ngx_qwen_account_move(pool->sh, account, NGX_QWEN_SIGNIN_DONE, life);

    for (kind = 0; kind < NGX_QWEN_KINDS; kind++) {
        ngx_qwen_account_leave(pool->sh, account, kind);
        ngx_qwen_account_enter(pool->sh, account, kind);
    }

    ngx_qwen_account_changed(pool->sh, account);

    return NGX_OK;
}


void
ngx_qwen_account_sign_out(ngx_qwen_pool_t *pool, ngx_qwen_account_t *account,
    ngx_msec_t rest)
{
    ngx_uint_t  kind;

    for (kind = 0; kind < NGX_QWEN_KINDS; kind++) {
        ngx_qwen_account_leave(pool->sh, account, kind);
    }

    ngx_qwen_zone_free(pool, &account->token);
    ngx_qwen_account_refresh(pool->sh, account, NGX_QWEN_REFRESH_NONE);

    account->dropped = ngx_max(account->dropped, account->expires);
    account->expires = 0;
    account->claim = 0;

    ngx_qwen_account_changed(pool->sh, account);

    ngx_qwen_account_move(pool->sh, account, NGX_QWEN_SIGNIN_DUE, rest);
}


static void
ngx_qwen_account_move(ngx_qwen_zone_t *sh, ngx_qwen_account_t *account,
    ngx_qwen_signin_e state, ngx_msec_t rest)
{
    ngx_qwen_deadlines_delete(&sh->signin[account->state], account);

    account->state = state;

    ngx_qwen_deadlines_insert(&sh->signin[state], account,
                              ngx_current_msec
                              + ngx_min(rest, NGX_QWEN_REST_MAX));
}


void
ngx_qwen_account_claim(ngx_qwen_zone_t *sh, ngx_qwen_account_t *account,
    ngx_msec_t timeout)
{
    account->claim = ngx_qwen_zone_claim(sh);
    account->claimer = ngx_pid;

    if (account->state == NGX_QWEN_SIGNIN_DONE) {
        ngx_qwen_account_refresh(sh, account, NGX_QWEN_REFRESH_CLAIMED);
        account->refresh_end = ngx_current_msec + timeout;
        return;
    }

    ngx_qwen_account_move(sh, account, NGX_QWEN_SIGNIN_CLAIMED, timeout);
}


void
ngx_qwen_account_refresh(ngx_qwen_zone_t *sh, ngx_qwen_account_t *account,
    ngx_qwen_refresh_e state)
{
    if (account->refreshes != NGX_QWEN_REFRESH_NONE) {
        ngx_queue_remove(&account->refresh);
        sh->nrefresh[account->refreshes]--;
    }

    account->refreshes = state;

    if (state != NGX_QWEN_REFRESH_NONE) {
        ngx_queue_insert_tail(&sh->refresh[state], &account->refresh);
        sh->nrefresh[state]++;
    }
}


void
ngx_qwen_account_rest(ngx_qwen_zone_t *sh, ngx_qwen_account_t *account,
    ngx_qwen_kind_e kind, ngx_msec_t rest)
{
    ngx_qwen_turn_t  *turn;

    turn = &account->turns[kind];

    if (rest > NGX_QWEN_REST_MAX) {
        rest = NGX_QWEN_REST_MAX;
    }

    if (turn->rests && ngx_qwen_deadline_rest(turn->until) >= rest) {
        return;
    }

    ngx_qwen_account_leave(sh, account, kind);

    turn->rests = 1;
    turn->until = ngx_current_msec + rest;

    ngx_qwen_account_changed(sh, account);

    if (account->state == NGX_QWEN_SIGNIN_DONE) {
        ngx_qwen_account_enter(sh, account, kind);
    }
}


void
ngx_qwen_account_clear(ngx_qwen_pool_t *pool, ngx_qwen_account_t *account)
{
    ngx_uint_t        kind;
    ngx_qwen_turn_t  *turn;

    for (kind = 0; kind < NGX_QWEN_KINDS; kind++) {
        turn = &account->turns[kind];

        ngx_qwen_account_leave(pool->sh, account, kind);

        turn->rests = 0;
        turn->failures = 0;

        if (account->state == NGX_QWEN_SIGNIN_DONE) {
            ngx_qwen_account_enter(pool->sh, account, kind);
        }
    }

    account->challenged = 0;
    account->refused = 0;
    account->failed = 0;
    account->error = QWEN_FAIL_NONE;
    account->error_time = 0;
}


void
ngx_qwen_account_error(ngx_qwen_account_t *account, qwen_fail_class_t class)
{
    account->error = class;
    account->error_time = ngx_time();
}


ngx_uint_t
ngx_qwen_account_rests(ngx_qwen_account_t *account, ngx_qwen_kind_e kind)
{
    ngx_qwen_turn_t  *turn;

    turn = &account->turns[kind];

    return turn->rests && ngx_qwen_deadline_rest(turn->until) > 0;
}


static void
ngx_qwen_account_enter(ngx_qwen_zone_t *sh, ngx_qwen_account_t *account,
    ngx_qwen_kind_e kind)
{
    ngx_qwen_turn_t      *turn;
    ngx_qwen_rotation_t  *rotation;

    turn = &account->turns[kind];
    rotation = &sh->rotations[kind];

    if (ngx_qwen_account_rests(account, kind)) {
        turn->state = NGX_QWEN_TURN_COOLING;
        ngx_qwen_deadlines_insert(&rotation->cooling, account, turn->until);
        return;
    }

    turn->rests = 0;
    turn->state = NGX_QWEN_TURN_READY;

    ngx_queue_insert_tail(&rotation->ready, &turn->link.ready);
    rotation->nready++;
}


static void
ngx_qwen_account_leave(ngx_qwen_zone_t *sh, ngx_qwen_account_t *account,
    ngx_qwen_kind_e kind)
{
    ngx_qwen_turn_t      *turn;
    ngx_qwen_rotation_t  *rotation;

    turn = &account->turns[kind];
    rotation = &sh->rotations[kind];

    switch (turn->state) {

    case NGX_QWEN_TURN_READY:
        ngx_queue_remove(&turn->link.ready);
        rotation->nready--;
        break;

    case NGX_QWEN_TURN_COOLING:
        ngx_qwen_deadlines_delete(&rotation->cooling, account);
        break;

    default: /* NGX_QWEN_TURN_NONE */
        break;
    }

    turn->state = NGX_QWEN_TURN_NONE;
}


void
ngx_qwen_account_expire(ngx_qwen_pool_t *pool, ngx_qwen_kind_e kind)
{
    ngx_qwen_zone_t       *sh;
    ngx_qwen_account_t    *account;
    ngx_qwen_deadlines_t  *deadlines;

    sh = pool->sh;

    deadlines = &sh->signin[NGX_QWEN_SIGNIN_DONE];

    while ((account = ngx_qwen_deadlines_ended(deadlines))) {
        ngx_qwen_account_sign_out(pool, account, 0);
    }

    ngx_qwen_account_expire_refreshes(sh);

    /* the claim's number stays: a late result counts until the next claim */

    deadlines = &sh->signin[NGX_QWEN_SIGNIN_CLAIMED];

    while ((account = ngx_qwen_deadlines_ended(deadlines))) {
        ngx_qwen_account_move(sh, account, NGX_QWEN_SIGNIN_DUE, 0);
    }

    deadlines = &sh->rotations[kind].cooling;

    while ((account = ngx_qwen_deadlines_ended(deadlines))) {
        ngx_qwen_account_leave(sh, account, kind);
        ngx_qwen_account_enter(sh, account, kind);
    }
}


/* Those of processes that have died; the next round tries again. */

static void
ngx_qwen_account_expire_refreshes(ngx_qwen_zone_t *sh)
{
    ngx_queue_t         *q, *claimed;
    ngx_qwen_account_t  *account;

    claimed = &sh->refresh[NGX_QWEN_REFRESH_CLAIMED];

    while (!ngx_queue_empty(claimed)) {
        q = ngx_queue_head(claimed);
        account = ngx_queue_data(q, ngx_qwen_account_t, refresh);

        if (ngx_qwen_deadline_rest(account->refresh_end)) {
            break;
        }

        ngx_qwen_account_refresh(sh, account, NGX_QWEN_REFRESH_NONE);
    }
}


ngx_qwen_account_t *
ngx_qwen_account_pick(ngx_qwen_zone_t *sh, ngx_qwen_kind_e kind,
    const ngx_qwen_tried_t *tried)
{
    ngx_queue_t          *q, *ready;
    ngx_qwen_turn_t      *turn;
    ngx_qwen_account_t   *account;

    ready = &sh->rotations[kind].ready;

    for (q = ngx_queue_head(ready);
         q != ngx_queue_sentinel(ready);
         q = ngx_queue_next(q))
    {
        turn = ngx_queue_data(q, ngx_qwen_turn_t, link.ready);
        account = (ngx_qwen_account_t *)
                      ((u_char *) (turn - kind)
                       - offsetof(ngx_qwen_account_t, turns));

        if (!ngx_qwen_account_tried(account, tried)) {
            ngx_queue_remove(q);
            ngx_queue_insert_tail(ready, q);

            return account;
        }
    }

    return NULL;
}
