// What the SDK throws.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import { closingTests } from './closing.mjs';
import { gatewayFor, startGateway } from './gateway.mjs';
import { MODEL, collect, longText, user } from './texts.mjs';

const gateway = await startGateway();
const client = gateway.client();


function chat(through, more = {}) {
    return through.chat.completions.create({
        model: MODEL, messages: user('Hello'), ...more,
    });
}


// Of a call: its class, and members of the error.
async function refused(call, kind, members = {}) {
    let found;
    await assert.rejects(call, (error) => {
        found = error;
        return true;
    });
    const { status, code, type, param } = found;
    const names = Object.keys(members);
    assert.equal(found.constructor, kind, found.stack);
    assert.deepEqual(Object.fromEntries(Object.entries(
        { status, code, type, param })
        .filter(([name]) => names.includes(name))), members);
    return found;
}


// Each form of a chat.
async function chatRefused(through, more, kind, members) {
    await refused(chat(through, more), kind, members);
    return refused(chat(through, { ...more, stream: true }), kind, members);
}


test('a wrong key: AuthenticationError', async () => {
    const apiKey = gateway.secret('sk-wrong-key-0123456789');
    const other = gateway.client({ apiKey });
    const members = {
        status: 401, code: 'invalid_api_key', type: 'invalid_request_error',
        param: null,
    };
    for (const call of [() => chat(other), () => other.models.list(),
        () => other.models.retrieve(MODEL),
        () => other.embeddings.create({ model: MODEL, input: 'x' })]) {
        const error = await refused(call, OpenAI.AuthenticationError,
            members);
        assert.equal(error.headers.get('www-authenticate'), 'Bearer');
        assert.ok(!error.message.includes(apiKey));
    }
});


test('a key may stand in other headers too', async () => {
    for (const defaultHeaders of [
        { 'Authorization': gateway.key },
        { 'Authorization': null, 'x-api-key': gateway.key },
        { 'Authorization': `bearer ${gateway.adminKey}` },
    ]) {
        const other = gateway.client({ apiKey: 'unused', defaultHeaders });
        const answer = await chat(other);
        assert.equal(answer.choices[0].finish_reason, 'stop');
    }
    const none = gateway.client({ defaultHeaders: { Authorization: null } });
    await refused(chat(none), OpenAI.AuthenticationError,
        { code: 'invalid_api_key' });
});


test('what is wrong with a request: BadRequestError', async () => {
    const part = (type, more) => ({ messages: [{
        role: 'user', content: [{ type: 'text', text: 'x' },
            { type, ...more }],
    }] });
    const second = (message) => ({ messages: [...user('x'), message] });
    const cases = [
        [{ messages: undefined }, 'messages'],
        [{ messages: [] }, 'messages'],
        [{ messages: 'Hello' }, 'messages'],
        [{ messages: [null] }, 'messages[0]'],
        [{ messages: [{ content: 'x' }] }, 'messages[0].role'],
        [second({ role: 'robot', content: 'x' }), 'messages[1].role'],
        [second({ role: 'user' }), 'messages[1].content'],
        [second({ role: 'user', content: 1 }), 'messages[1].content'],
        [part('music', { music: 'x' }), 'messages[0].content[1].type'],
        [part('text', { text: 1 }), 'messages[0].content[1].text'],
        [part('image_url', {}), 'messages[0].content[1].image_url'],
        [part('image_url', { image_url: {} }),
            'messages[0].content[1].image_url.url'],
        [{ model: undefined }, 'model'],
        [{ model: 7 }, 'model'],
        [{ model: '' }, 'model'],
        [{ stream: 'yes' }, 'stream'],
        [{ chat_type: 't2x' }, 'chat_type'],
        [{ thinking_budget: 0 }, 'thinking_budget'],
        [{ thinking_budget: 81921 }, 'thinking_budget'],
        [{ enable_thinking: 'maybe' }, 'enable_thinking'],
    ];
    for (const [more, param] of cases) {
        const error = await refused(chat(client, more),
            OpenAI.BadRequestError);
        assert.deepEqual([error.type, error.param],
            ['invalid_request_error', param], JSON.stringify(more));
    }
});


test('a body that is no JSON', async () => {
    for (const body of ['{', 'null', '[]', '{"model":"x",}', '{"a":"\xff"}',
        '\ufeff{}', '{}{}', '{"model":"\\ud83d"']) {
        await refused(client.post('/chat/completions', {
            body, headers: { 'content-type': 'application/json' },
        }), OpenAI.BadRequestError, { type: 'invalid_request_error' });
    }
    await refused(client.post('/chat/completions', {
        body: 'model=x', headers: { 'content-type': 'text/plain' },
    }), OpenAI.APIError, { status: 415 });
});


test('an unknown model: NotFoundError, and no account is blamed',
    async () => {
        const before = await gateway.sim.stats();
        for (let i = 0; i < 5; i++) {
            await chatRefused(client, { model: 'gpt-9' },
                OpenAI.NotFoundError, {
                    status: 404, code: 'model_not_found', param: 'model',
                    type: 'invalid_request_error',
                });
        }
        const after = await gateway.sim.stats();
        assert.equal(after.calls.new_chat - before.calls.new_chat, 10);
        await Promise.all(Array.from({ length: 6 }, () => chat(client)));
        assert.equal(await readiness(gateway), 200);
    });


test('an unknown model in all forms of the refusal', async () => {
    await client.models.list();
    for (const model_refusal of ['bad-request-200', 'bad-request-400',
        'detail-400', 'detail-404', 'not-found-200']) {
        await gateway.sim.set({ model_refusal, model_check: 'completion' });
        await chatRefused(client, { model: 'gpt-9' }, OpenAI.NotFoundError,
            { code: 'model_not_found' });
    }
    await gateway.sim.set({ model_check: 'both' });
});


test('an unknown route and a wrong method', async () => {
    await refused(client.embeddings.create({ model: MODEL, input: 'x' }),
        OpenAI.NotFoundError, { status: 404,
            type: 'invalid_request_error' });
    await refused(client.responses.create({ model: MODEL, input: 'x' }),
        OpenAI.NotFoundError);
    const error = await refused(client.get('/chat/completions'),
        OpenAI.APIError, { status: 405 });
    assert.match(error.headers.get('allow'), /POST/);
});


test('pictures and media models: 501', async () => {
    const url = 'data:image/png;base64,iVBORw0KGgo=';
    for (const more of [
        { messages: [{ role: 'user', content: [
            { type: 'text', text: 'What is it?' },
            { type: 'image_url', image_url: { url } },
        ] }] },
        { messages: [{ role: 'user', content: [
            { type: 'file', file: { file_data: url } },
        ] }, ...user('Hello')] },
        { model: 'qwen3.6-plus-image' },
        { model: 'qwen3.6-plus-video' },
        { chat_type: 'image_edit' },
        { chat_type: 'deep_research' },
    ]) {
        await chatRefused(client, more, OpenAI.InternalServerError,
            { status: 501 });
    }
});


test('a history over the limit: context_length_exceeded', async () => {
    const turn = longText(1000);
    const messages = (count) => Array.from({ length: count }, (_, i) => ({
        role: i % 2 ? 'assistant' : 'user', content: turn,
    }));
    assert.equal((await chat(client, { messages: messages(41) }))
        .choices[0].finish_reason, 'stop');
    const before = await gateway.sim.stats();
    for (const count of [61, 1001]) {
        await chatRefused(client, { messages: messages(count) },
            OpenAI.APIError,
            { status: 413, code: 'context_length_exceeded' });
    }
    const after = await gateway.sim.stats();
    assert.equal(after.calls.new_chat, before.calls.new_chat);
});


test('a body over client_max_body_size', async (t) => {
    const small = await gatewayFor(t, {
        places: [[/(?<=client_max_body_size +)128m/, '1m']],
    });
    await refused(chat(small.client(), { messages: user('x'.repeat(2e6)) }),
        OpenAI.APIError, { status: 413, type: 'invalid_request_error' });
});


test('a content filter before text: no retry', async () => {
    for (const fault of ['content-filter', 'content-filter-flag']) {
        await gateway.sim.next({ fault, times: 2 });
        const before = await gateway.sim.stats();
        await chatRefused(client, {}, OpenAI.BadRequestError,
            { code: 'content_filter' });
        const after = await gateway.sim.stats();
        assert.equal(after.calls.completion - before.calls.completion, 2);
    }
});


test('all accounts capped: RateLimitError with Retry-After', async (t) => {
    for (const [behaviour, least, most] of [
        [{ fault: 'rate-limited-200', hours: 2 }, 7190, 7200],
        [{ fault: 'rate-limited-429' }, 3590, 3600],
        [{ fault: 'quota' }, 3590, 3600],
    ]) {
        const capped = await gatewayFor(t);
        await capped.sim.set({ behaviours: [behaviour] });
        const error = await chatRefused(capped.client(), {},
            OpenAI.RateLimitError, { status: 429, type: 'rate_limit_error' });
        const after = Number(error.headers.get('retry-after'));
        assert.ok(after >= least && after <= most, `${after}`);
        // each account was asked once
        const { calls } = await capped.sim.stats();
        assert.equal(calls.completion, 3);
        assert.equal(await readiness(capped), 503);
    }
});


test("a capped account is passed over, the SDK's client sees nothing",
    async (t) => {
        const capped = await gatewayFor(t);
        await capped.sim.next([
            { fault: 'rate-limited-200', hours: 1 },
            { fault: 'rate-limited-429' },
        ]);
        for (let i = 0; i < 6; i++) {
            const answer = await chat(capped.client());
            assert.equal(answer.choices[0].finish_reason, 'stop');
        }
        const { calls } = await capped.sim.stats();
        assert.equal(calls.completion, 8);
    });


test('the SDK itself retries after the time that it was told', async (t) => {
    const capped = await gatewayFor(t, {
        http: ['qwen_cooldown rate_limited=2s;'],
    });
    await capped.sim.next({ fault: 'rate-limited-429', times: 3 });
    const begun = Date.now();
    const answer = await chat(capped.client({ maxRetries: 2 }));
    assert.equal(answer.choices[0].message.content,
        'Simulated answer to: Hello');
    assert.ok(Date.now() - begun >= 900);
    const tries = capped.recorder.exchanges;
    assert.deepEqual(tries.map(({ status }) => status), [429, 200]);
    const after = Number(tries[0].headers.get('retry-after'));
    assert.ok(after === 1 || after === 2, `${after}`);
    assert.deepEqual(tries.map(({ requestHeaders }) =>
        requestHeaders.get('x-stainless-retry-count')), ['0', '1']);
});


test('outages: InternalServerError', async (t) => {
    const cases = [
        ['500', 502, 'upstream_unavailable'],
        ['502', 502, 'upstream_unavailable'],
        ['503', 502, 'upstream_unavailable'],
        ['reset', 502, 'upstream_unavailable'],
        ['internal-error', 502, 'upstream_unavailable'],
        ['bad-request-internal', 502, 'upstream_refused'],
        ['empty-body', 502, 'upstream_empty'],
        ['no-delta', 502, 'upstream_empty'],
        ['challenge-ret', 503, 'upstream_challenged'],
        ['wall-html-200', 503, 'upstream_challenged'],
        ['wall-html-403', 503, 'upstream_challenged'],
    ];
    for (const [fault, status, code] of cases) {
        const out = await gatewayFor(t, { accounts: 8 });
        await out.client().models.list();
        await out.sim.set({ behaviours: [{ fault }] });
        await chatRefused(out.client(), {}, OpenAI.InternalServerError,
            { status, code, type: 'upstream_error' });
        // three attempts for each of the two requests, each with another
        // account; a kept connection may have been reset before the request
        // came, so that attempt is made twice
        const list = await out.sim.requests({ call: 'completion' });
        const emails = list.map(({ email }) => email)
            .filter((email, i, all) => email !== all[i - 1]);
        assert.equal(emails.length, 6, fault);
        assert.equal(new Set(emails.slice(0, 3)).size, 3, fault);
    }
});


test('an upstream that does not answer in time: 504', async (t) => {
    const slow = await gatewayFor(t, { http: ['qwen_timeout 1s;'] });
    await slow.sim.set({ behaviours: [{ fault: 'time-out' }] });
    await chatRefused(slow.client(), {}, OpenAI.InternalServerError,
        { status: 504, code: 'upstream_timeout' });
});


test('the SDK itself retries an outage', async (t) => {
    const out = await gatewayFor(t, { accounts: 6 });
    await out.sim.next({ fault: '502', times: 3 });
    const { content } = await collect(await chat(
        out.client({ maxRetries: 1 }), { stream: true }));
    assert.equal(content, 'Simulated answer to: Hello');
    assert.deepEqual(out.recorder.exchanges.map(({ status }) => status),
        [502, 200]);
});


test('one outage is passed over, whatever it is', async () => {
    for (const fault of ['500', '502', '503', 'reset', 'internal-error',
        'empty-body', 'no-delta', 'unauthorized-401', 'unauthorized-200',
        'forbidden-403']) {
        for (const on of ['new_chat', 'completion']) {
            for (const stream of [false, true]) {
                await gateway.sim.next({ on, fault });
                const answer = await chat(client, { stream });
                const content = stream ? (await collect(answer)).content
                    : answer.choices[0].message.content;
                assert.equal(content, 'Simulated answer to: Hello', fault);
            }
        }
    }
});


test('no account can sign in: 503', async (t) => {
    const lost = await gatewayFor(t, { simulator: {
        behaviours: [{ on: 'signin', fault: 'signin-refused' }],
    } });
    await chatRefused(lost.client(), {}, OpenAI.InternalServerError,
        { status: 503, type: 'upstream_error' });
    assert.equal(await readiness(lost), 503);
});


test('no gateway at all: APIConnectionError', async () => {
    const nowhere = gateway.client({ baseURL: 'http://127.0.0.1:1/v1' });
    await refused(chat(nowhere), OpenAI.APIConnectionError);
});


async function readiness({ url }) {
    const answer = await fetch(`${url}/readyz`);
    const { status, reason } = await answer.json();
    assert.equal(status, answer.ok ? 'ready' : 'not_ready');
    assert.equal(typeof reason, answer.ok ? 'undefined' : 'string');
    return answer.status;
}


closingTests(gateway);
