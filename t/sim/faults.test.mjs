import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAULT_NAMES, isConnectionFault } from './faults.mjs';
import { EMAIL, answerText, ask, begin, deltas, newChatBody, open, post,
    read, signIn } from './harness.mjs';


// Everything of a response, though it breaks.
async function partly(response) {
    const parts = [];
    try {
        for await (const part of response.body) {
            parts.push(part);
        }
    } catch {
        return { bytes: Buffer.concat(parts), broken: true };
    }
    return { bytes: Buffer.concat(parts), broken: false };
}


test('every fault that is an answer comes on every call', async (t) => {
    const simulator = await begin(t);
    const { token } = await (await signIn(simulator)).json();
    const headers = { Authorization: `Bearer ${token}` };
    const calls = {
        signin: () => signIn(simulator),
        models: () => fetch(`${simulator.url}/api/models`, { headers }),
        new_chat: () => post(simulator, '/api/v2/chats/new',
            newChatBody(), token),
        completion: () => ask(simulator, 'x'),
    };
    for (const fault of FAULT_NAMES) {
        for (const [on, call] of Object.entries(calls)) {
            if (isConnectionFault(fault)) {
                continue;
            }
            await simulator.client.next({ fault, on });
            const response = await call();
            const body = await response.text();
            assert.doesNotMatch(body, /"phase"|"token"|"owned_by"/,
                `${fault} on ${on}`);
            assert.match(body, /error|success|ret|html|detail|^$|failed/);
        }
    }
    assert.equal((await simulator.client.stats()).waiting, 0);
});


test('fault answers have the forms of the upstream', async (t) => {
    const simulator = await begin(t);
    const limited = await ask(simulator, 'x',
        { fault: 'rate-limited-200', hours: 5 });
    const { success, data } = await limited.json();
    assert.deepEqual([limited.status, success, data.code, data.num],
        [200, false, 'RateLimited', 5]);
    const many = await ask(simulator, 'x',
        { fault: 'rate-limited-429', retry_after: 7 });
    assert.deepEqual([many.status, many.headers.get('retry-after')],
        [429, '7']);
    const wall = await ask(simulator, 'x', { fault: 'wall-html-403' });
    assert.deepEqual([wall.status, wall.headers.get('content-type')],
        [403, 'text/html; charset=utf-8']);
    const bot = await (await ask(simulator, 'x',
        { fault: 'challenge-ret' })).json();
    assert.equal(bot.ret[0], 'FAIL_SYS_USER_VALIDATE');
    const empty = await ask(simulator, 'x', { fault: 'empty-body' });
    assert.equal(await empty.text(), '');
    assert.equal(empty.headers.get('content-type'), 'text/event-stream');
    const other = await ask(simulator, 'x', { fault: '503', status: 504 });
    assert.equal(other.status, 504);
});


test('the content filter speaks before, after and beside the stream',
    async (t) => {
        const simulator = await begin(t);
        const before = await read(await ask(simulator, 'x',
            { fault: 'content-filter' }));
        assert.deepEqual(deltas(before), []);
        assert.equal(before.at(-1).error.code, 'data_inspection_failed');
        const flag = await read(await ask(simulator, 'x', {
            fault: 'content-filter-flag', created: false,
        }));
        assert.equal(flag.length, 1);
        assert.equal(flag[0].data_inspection_failed, true);
        const after = await read(await ask(simulator, 'x', {
            fault: 'content-filter', text: ['a', 'b', 'c'], after: 2,
        }));
        assert.equal(answerText(after), 'ab');
        assert.equal(after.at(-1).error.code, 'data_inspection_failed');
        const plain = await ask(simulator, 'x',
            { fault: 'content-filter', as: 'json' });
        assert.equal(plain.headers.get('content-type'),
            'application/json');
        const limited = await read(await ask(simulator, 'x',
            { fault: 'rate-limited-200', as: 'sse' }));
        assert.equal(limited.at(-1).data.code, 'RateLimited');
    });


test('a stream ends by a clean close, a cut or a reset', async (t) => {
    const simulator = await begin(t);
    const text = ['a', 'b', 'c'];
    for (const [fault, broken] of [['close', false], ['cut', true],
        ['reset', true]]) {
        const response = await ask(simulator, 'x',
            { fault, text, after: 2 });
        const got = await partly(response);
        assert.equal(got.broken, broken, fault);
        assert.match(got.bytes.toString(), /"content":"b"/);
        assert.doesNotMatch(got.bytes.toString(), /"content":"c"|finished/);
    }
    const late = await partly(await ask(simulator, 'x',
        { fault: 'close', text, after: 99 }));
    assert.match(late.bytes.toString(), /"content":"c"/);
    assert.doesNotMatch(late.bytes.toString(), /finished/);
    const { bytes } = await partly(await ask(simulator, 'x',
        { fault: 'reset', text, after: 'finish' }));
    assert.match(bytes.toString(), /finished/);
    const nothing = await read(await ask(simulator, 'x',
        { fault: 'no-delta' }));
    assert.deepEqual(Object.keys(nothing[0]), ['response.created']);
    assert.equal(nothing.length, 1);
});


test('with a length a cut leaves bytes missing', async (t) => {
    const simulator = await begin(t);
    const whole = await ask(simulator, 'x', { text: 'ab', length: true });
    const length = Number(whole.headers.get('content-length'));
    assert.equal((await whole.arrayBuffer()).byteLength, length);
    const response = await ask(simulator, 'x',
        { text: ['a', 'b'], after: 1, fault: 'close', length: true });
    const { broken, bytes } = await partly(response);
    assert.equal(broken, true);
    assert.ok(bytes.length
        < Number(response.headers.get('content-length')));
});


test('a reset before an answer gives no byte', async (t) => {
    const simulator = await begin(t);
    await simulator.client.next({ fault: 'reset', on: 'signin' });
    await assert.rejects(signIn(simulator));
    assert.equal((await signIn(simulator)).status, 200);
    await assert.rejects(ask(simulator, 'x', { fault: 'reset' }));
    const { broken } = await simulator.client.stats();
    assert.equal(broken, 2);
});


test('a time-out ends when the client leaves', async (t) => {
    const simulator = await begin(t);
    const abort = new AbortController();
    const signal = abort.signal;
    setTimeout(() => abort.abort(), 100);
    await assert.rejects(ask(simulator, 'x', { fault: 'time-out' },
        undefined, { signal }));
    const second = new AbortController();
    const response = await ask(simulator, 'x',
        { fault: 'time-out', after: 1 }, undefined,
        { signal: second.signal });
    assert.equal((await simulator.client.stats()).open, 1);
    setTimeout(() => second.abort(), 100);
    assert.equal((await partly(response)).broken, true);
    await new Promise((resolve) => { setTimeout(resolve, 50); });
    const stats = await simulator.client.stats();
    assert.deepEqual([stats.open, stats.max_open, stats.aborted],
        [0, 1, 2]);
});


test('a queued behaviour waits for its match, once', async (t) => {
    const simulator = await begin(t);
    const { client } = simulator;
    await client.next({ fault: '500' }, { email: 'bob@example.com' });
    await client.next([{ text: 'one' }, { text: 'two', times: 2 }],
        { email: EMAIL, model: 'qwen3-max' });
    const texts = [];
    for (let i = 0; i < 4; i++) {
        texts.push(answerText(await read(await ask(simulator, 'x'))));
    }
    assert.deepEqual(texts,
        ['one', 'two', 'two', 'Simulated answer to: x']);
    assert.equal((await client.stats()).waiting, 1);
    await client.clearNext();
    assert.equal((await client.stats()).waiting, 0);
});


test('a standing behaviour holds until it is changed', async (t) => {
    const simulator = await begin(t);
    const { client } = simulator;
    await client.set({ behaviours: [{ usage: 'old' },
        { on: 'new_chat', delay: 1 }] });
    await client.set({ email: EMAIL, behaviours: [{ text: 'anna' }] });
    const list = await read(await ask(simulator, 'x', { piece: 2 }));
    assert.equal(answerText(list), 'anna');
    assert.ok(list.at(-1).usage.prompt_tokens >= 0);
    assert.equal(deltas(list).length, 3);
    await client.set({ email: EMAIL, behaviours: [{ fault: '502' }] });
    assert.equal((await ask(simulator, 'x')).status, 502);
    const bob = await open(simulator, 'bob@example.com');
    assert.ok(bob.chatId);
    await client.reset();
    assert.equal((await ask(simulator, 'x')).status, 200);
});


test('a whole answer can be given', async (t) => {
    const simulator = await begin(t);
    await simulator.client.next({
        on: 'models', status: 203, body: { data: 5 },
        headers: { 'X-Odd': 'yes' }, split: 1, length: false,
    });
    const { token } = await (await signIn(simulator)).json();
    const headers = { Authorization: `Bearer ${token}` };
    const models = await fetch(`${simulator.url}/api/models`, { headers });
    assert.deepEqual([models.status, models.headers.get('x-odd'),
        await models.json()], [203, 'yes', { data: 5 }]);
    const raw = Buffer.from('data: \xff\n\n', 'latin1');
    const stream = await ask(simulator, 'x',
        { body_base64: raw.toString('base64') });
    assert.equal(stream.headers.get('content-type'), 'text/event-stream');
    assert.deepEqual(Buffer.from(await stream.arrayBuffer()), raw);
    await simulator.client.next({ on: 'signin', token: 'a\r\nb' });
    assert.equal((await (await signIn(simulator)).json()).token, 'a\r\nb');
});
