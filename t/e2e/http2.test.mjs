// HTTP/2 in clear text, by a client that knows beforehand.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import { test } from 'node:test';
import { closingTests } from './closing.mjs';
import { startGateway, until } from './gateway.mjs';
import { Exchange, eventData, exchanges } from './recorder.mjs';
import { eventsText } from '../sim/patterns.mjs';
import { ALL_TEXTS, MODEL, together, user } from './texts.mjs';

const gateway = await startGateway();
const { sim } = gateway;


async function connect(t) {
    const session = http2.connect(gateway.http2Url);
    await once(session, 'connect');
    t.after(() => session.destroy());
    return session;
}


function send(session, body, headers = {}) {
    const isPost = body !== undefined;
    const request = session.request({
        ':path': '/v1/chat/completions',
        ':method': isPost ? 'POST' : 'GET',
        'authorization': `Bearer ${gateway.key}`,
        ...isPost ? { 'content-type': 'application/json' } : {},
        ...headers,
    });
    request.end(isPost ? JSON.stringify(body) : undefined);
    return request;
}


// A whole answer, kept for the closing tests like those of the SDK.
async function receive(request, path = '/v1/chat/completions') {
    const [headers] = await once(request, 'response');
    const exchange = new Exchange(new URL(path, gateway.http2Url), {
        method: request.sentHeaders[':method'],
    }, {
        status: headers[':status'],
        headers: new Headers(Object.entries(headers)
            .filter(([name]) => !name.startsWith(':'))),
    });
    exchanges.push(exchange);
    for await (const part of request) {
        exchange.add(part);
    }
    exchange.complete = true;
    return exchange;
}


function chat(content, more = {}) {
    return { model: MODEL, messages: user(content), ...more };
}


function read({ text }) {
    const events = eventData(text);
    assert.equal(events.pop(), '[DONE]');
    return together(events.map((event) => JSON.parse(event)));
}


test('answers in one piece', async (t) => {
    const session = await connect(t);
    const { status, text } = await receive(send(session, chat(ALL_TEXTS)));
    assert.equal(status, 200);
    const { choices: [{ message }] } = JSON.parse(text);
    assert.match(message.content, /^Simulated answer to: /);
    const { content } = await gateway.lastRequest();
    assert.equal(content, ALL_TEXTS);

    const path = '/v1/models';
    const models = await receive(send(session, undefined,
        { ':path': path }), path);
    assert.equal(JSON.parse(models.text).object, 'list');
});


test('a stream', async (t) => {
    await sim.next({ text: ALL_TEXTS, split: [1, 2, 3, 4, 5, 6, 7] });
    const exchange = await receive(send(await connect(t),
        chat('Hello', { stream: true })));
    const { content, finish } = read(exchange);
    assert.deepEqual([content, finish], [ALL_TEXTS, 'stop']);
});


test('fifty streams in one connection', async (t) => {
    const session = await connect(t);
    await sim.set({ behaviours: [{ interval: 20 }] });
    await Promise.all(Array.from({ length: 50 }, async (_, i) => {
        const { content } = read(await receive(send(session,
            chat(`number ${i}`, { stream: true }))));
        assert.equal(content, `Simulated answer to: number ${i}`);
    }));
    await sim.set({ behaviours: [] });
    const { max_open } = await sim.stats();
    assert.ok(max_open >= 40, `${max_open} at once`);
});


test('a long stream to a slow reader', async (t) => {
    const events = { count: 200, size: 20000, pattern: 'mixed' };
    await sim.next({ events });
    const request = send(await connect(t), chat('Hello', { stream: true }));
    request.pause();
    setTimeout(() => request.resume(), 500);
    const { content } = read(await receive(request));
    assert.ok(content === eventsText(events));
});


test('errors', async (t) => {
    const session = await connect(t);
    const wrong = gateway.secret('sk-wrong-key-0123456789');
    for (const [body, headers, status] of [
        [chat('x'), { authorization: `Bearer ${wrong}` }, 401],
        [{ model: MODEL }, {}, 400],
        [chat('x', { model: 'gpt-9' }), {}, 404],
        [chat('x'), { ':path': '/v1/nothing' }, 404],
        [undefined, {}, 405],
        [chat('x'.repeat(200000)), {}, 413],
    ]) {
        const exchange = await receive(send(session, body, headers));
        assert.equal(exchange.status, status);
        assert.equal(typeof JSON.parse(exchange.text).error.message,
            'string');
    }
});


test('a stream that breaks off', async (t) => {
    await sim.next({ text: ['a', 'b'], fault: 'cut', after: 1 });
    const { text } = await receive(send(await connect(t),
        chat('Hello', { stream: true })));
    const last = JSON.parse(eventData(text).at(-1));
    assert.equal(last.error.code, 'upstream_incomplete');
});


test('a stream that is cancelled, beside one that goes on', async (t) => {
    const session = await connect(t);
    const stall = { after: 1, ms: 600000 };
    await sim.next({ text: ['a', 'b'], stall }, { text: 'leave' });
    await sim.next({ text: ['a', 'b', 'c'], interval: 500 },
        { text: 'stay' });
    const stays = receive(send(session, chat('stay', { stream: true })));
    const leaves = send(session, chat('leave', { stream: true }));
    await once(leaves, 'data');
    leaves.close(http2.constants.NGHTTP2_CANCEL);
    await until(async () => (await sim.stats()).aborted === 1,
        { what: 'the stream is closed at the upstream' });
    assert.equal(read(await stays).content, 'abc');
});


test('a connection that is lost', async (t) => {
    const session = await connect(t);
    await sim.set({ behaviours: [
        { text: ['a', 'b'], stall: { after: 1, ms: 600000 } },
    ] });
    const { aborted } = await sim.stats();
    for (let i = 0; i < 10; i++) {
        send(session, chat('Hello', { stream: true })).on('error', () => {});
    }
    await until(async () => (await sim.stats()).open === 10,
        { what: '10 streams' });
    session.destroy();
    await until(async () => (await sim.stats()).aborted === aborted + 10,
        { what: 'the streams are closed at the upstream' });
});


closingTests(gateway);
