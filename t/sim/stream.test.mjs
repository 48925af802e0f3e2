import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { ARTEFACTS, HOSTILE } from './hostile.mjs';
import { eventsText } from './patterns.mjs';
import { EMAIL, answerText, ask, begin, chunks, completionBody, deltas,
    events, open, read, send } from './harness.mjs';


async function bytes(simulator, behaviour) {
    const response = await ask(simulator, 'x', behaviour);
    return Buffer.from(await response.arrayBuffer());
}


test('the text is the same however an event is written', async (t) => {
    const simulator = await begin(t);
    const text = 'é漢😀 "quoted" / \\ \u0000\n\u2028';
    const forms = [{}, { eol: 'crlf' }, { eol: 'cr' }, { ascii: true },
        { slashes: true }, { multiline: true }, { comments: true },
        { fields: true }, { no_space: true }, { bom: true },
        { tail: 'line' }, { tail: 'none' }, { done: true },
        { length: true }, { close: true }, { created: false }, {
            eol: 'crlf', ascii: true, slashes: true, multiline: true,
            comments: true, fields: true, no_space: true, bom: true,
            split: [1, 2, 3, 4, 5, 6, 7],
        }];
    for (const form of forms) {
        const got = await bytes(simulator, { text, piece: 3, ...form });
        assert.equal(answerText(events(got)), text, JSON.stringify(form));
    }
});


test('forms show in the bytes', async (t) => {
    const simulator = await begin(t);
    const ascii = await bytes(simulator, { text: 'é漢😀', ascii: true });
    assert.ok(ascii.every((byte) => byte < 0x80));
    assert.match(ascii.toString(), /\\ud83d\\ude00/);
    const crlf = await bytes(simulator, { eol: 'crlf', comments: true });
    assert.doesNotMatch(crlf.toString(), /[^\r]\n/);
    const open = await bytes(simulator, { tail: 'none' });
    assert.equal(open.at(-1), '}'.charCodeAt(0));
    const lines = await bytes(simulator, { multiline: true });
    assert.match(lines.toString(), /data: {\ndata:  "choices": \[\n/);
});


test('splitting cuts the bytes where it is told', async (t) => {
    const simulator = await begin(t);
    const sizes = async (behaviour) => (await chunks(simulator, 'x',
        { text: 'abc', ...behaviour })).map(({ length }) => length);
    const three = await sizes({ split: 3 });
    assert.ok(three.slice(0, -1).every((size) => size === 3));
    const turns = await sizes({ split: [1, 7] });
    assert.deepEqual(turns.slice(0, 4), [1, 7, 1, 7]);
    const placed = await sizes({ split_at: [5, 50] });
    assert.deepEqual(placed.slice(0, 2), [5, 45]);
    assert.equal(placed.length, 3);
    const total = (list) => list.reduce((sum, size) => sum + size, 0);
    assert.equal(total(three), total(placed));
    const text = Array(10).fill('x');
    assert.equal((await sizes({ text })).length, 12);
    assert.equal((await sizes({ text, per_write: 6 })).length, 2);
});


test('hostile events are sent as raw as they are', async (t) => {
    const simulator = await begin(t);
    const has = async (name, part) => {
        const got = await bytes(simulator,
            { text: ['<', '>'], hostile: [name] });
        const at = got.indexOf(Buffer.from(part, 'latin1'));
        assert.ok(at > 0, name);
    };
    await has('invalid-utf8', '"content":"a\xffb\xc3(c\xed\xa0\x80d"');
    await has('control-byte', '"a\x01b\tc\x7fd"');
    await has('invalid-escape', '"a\\qb"');
    await has('lone-high', '"a\\ud83db"');
    await has('split-pair', '"content":"\\ude00b"');
    await has('nul', '"a\\u0000b"');
    await has('truncated-json', 'data: {"choices":[{"delta":{"content":"a\n');
    const all = await bytes(simulator,
        { text: ['<', '>'], hostile: HOSTILE, artefacts: ARTEFACTS });
    assert.ok(all.length > 20000);
});


test('artefacts stand between text', async (t) => {
    const simulator = await begin(t);
    const list = await read(await ask(simulator, 'x', {
        text: ['a', 'b'],
        artefacts: ['image-gen', 'image-gen-tool', 'unknown-phase',
            'function-call', 'empty-choices', { odd: 1 }],
    }));
    assert.equal(answerText(list), 'ab');
    assert.deepEqual(deltas(list).map(({ phase }) => phase),
        ['answer', 'image_gen', 'image_gen_tool', 'daydream', 'answer',
            'answer', 'answer']);
    assert.ok(list.some(({ odd }) => odd === 1));
});


test('verbatim events are all there is', async (t) => {
    const simulator = await begin(t);
    const got = await bytes(simulator, { frames: ['[DONE]', { a: 1 }] });
    assert.equal(got.toString(), 'data: [DONE]\n\ndata: {"a":1}\n\n');
});


test('many and huge events arrive whole', async (t) => {
    const simulator = await begin(t);
    const wanted = [
        { count: 3000, size: 12 },
        { count: 300, size: 1000, pattern: 'mixed' },
        { count: 1, size: 1048576, pattern: 'cjk' },
        { count: 100, size: 40, pattern: 'escapes' },
        { count: 100, size: 3, pattern: 'emoji' },
    ];
    const text = answerText(await read(await ask(simulator, 'x',
        { events: wanted })));
    assert.equal(text, eventsText(wanted));
    const size = wanted.reduce((sum, one) => sum + one.count * one.size, 0);
    assert.equal(Buffer.byteLength(text), size);
    const [record] = await simulator.client.requests({ call: 'completion' });
    assert.equal(record.sent.text_bytes, size);
    assert.equal(record.sent.text_sha256,
        createHash('sha256').update(text).digest('hex'));
});


test('200,000 events take seconds', async (t) => {
    const simulator = await begin(t);
    const start = Date.now();
    const got = await bytes(simulator,
        { events: { count: 200000, size: 12 }, usage: 'none' });
    t.diagnostic(`${Date.now() - start} ms, ${got.length} bytes`);
    assert.match(got.subarray(-300).toString(), /finished/);
    assert.ok(got.includes('00199999 ab'));
});


test('a slow reader slows the stream down', async (t) => {
    const simulator = await begin(t);
    const before = process.memoryUsage().rss;
    const response = await ask(simulator, 'x',
        { events: { count: 50000, size: 1000 } });
    const reader = response.body.getReader();
    await reader.read();
    await new Promise((resolve) => { setTimeout(resolve, 500); });
    const [record] = await simulator.client.requests({ call: 'completion' });
    assert.ok(record.sent.events < 20000, `${record.sent.events} events`);
    const grown = process.memoryUsage().rss - before;
    t.diagnostic(`${grown >> 20} MB more`);
    await reader.cancel();
    await new Promise((resolve) => { setTimeout(resolve, 100); });
    const { open: streams, aborted } = await simulator.client.stats();
    assert.deepEqual([streams, aborted], [0, 1]);
});


test('a thousand streams run at once', async (t) => {
    const simulator = await begin(t);
    const chat = await open(simulator);
    const body = completionBody(chat.chatId, 'x[[sim:{'
        + '"text":["a","b","c"],"stall":{"after":1,"ms":3000}}]]');
    const list = await Promise.all(Array.from({ length: 1000 },
        async () => answerText(await read(await send(simulator, chat,
            body)))));
    assert.ok(list.every((text) => text === 'abc'));
    const { max_open } = await simulator.client.stats();
    t.diagnostic(`${max_open} at once`);
    assert.ok(max_open > 500);
});


test('pauses are kept: delay, interval, stall, hang', async (t) => {
    const simulator = await begin(t);
    const took = async (behaviour) => {
        const start = Date.now();
        const list = await read(await ask(simulator, 'x',
            { text: ['a', 'b'], ...behaviour }));
        assert.equal(answerText(list), 'ab');
        return Date.now() - start;
    };
    assert.ok(await took({ delay: 120 }) >= 115);
    assert.ok(await took({ interval: 40 }) >= 115);
    assert.ok(await took({ stall: { after: 1, ms: 120 } }) >= 115);
    assert.ok(await took({ hang: 120 }) >= 115);
});


test('a client that leaves a finished stream has not aborted',
    async (t) => {
        const simulator = await begin(t);
        const abort = new AbortController();
        const response = await ask(simulator, 'x', { hang: true },
            undefined, { signal: abort.signal });
        setTimeout(() => abort.abort(), 150);
        await assert.rejects(response.text());
        await new Promise((resolve) => { setTimeout(resolve, 50); });
        const [{ outcome }] = await simulator.client.requests(
            { call: 'completion', email: EMAIL });
        assert.equal(outcome, 'done');
        assert.ok(await open(simulator));
    });
