// Streams, as the SDK reads them.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import OpenAI from 'openai';
import { ChatCompletionStream } from 'openai/lib/ChatCompletionStream';
import { closingTests } from './closing.mjs';
import { startGateway } from './gateway.mjs';
import { eventsText } from '../sim/patterns.mjs';
import { ALL_TEXTS, MODEL, collect, longText, together, user }
    from './texts.mjs';

const gateway = await startGateway({
    http: ['qwen_stream_keepalive 1s;'],
});
const client = gateway.client();


function request(content = 'Hello', more = {}) {
    return { model: MODEL, messages: user(content), ...more };
}


function create(content, more) {
    return client.chat.completions.create(
        request(content, { stream: true, ...more }));
}


function helper(content, more) {
    return client.chat.completions.stream(request(content, more));
}


test('role, text, finish: for await', async () => {
    const { chunks, content, finish, usage } = await collect(
        await create('Hello'));
    assert.equal(content, 'Simulated answer to: Hello');
    assert.equal(finish, 'stop');
    assert.equal(usage, undefined);
    assert.deepEqual(chunks.map(({ choices: [{ delta }] }) => delta), [
        { role: 'assistant', content: '' },
        { content: 'Simulated an' }, { content: 'swer to: Hel' },
        { content: 'lo' }, {},
    ]);
    for (const chunk of chunks) {
        assert.equal(chunk.object, 'chat.completion.chunk');
        assert.equal(chunk.model, MODEL);
        assert.equal(chunk.choices[0].index, 0);
    }
});


test('usage comes when it is asked for', async () => {
    const stream_options = { include_usage: true };
    const { chunks } = await collect(
        await create('Hello', { stream_options }));
    assert.deepEqual(chunks.at(-1).choices, []);
    assert.deepEqual(chunks.at(-1).usage, {
        prompt_tokens: 2, completion_tokens: 3, total_tokens: 5,
        completion_tokens_details: { reasoning_tokens: 0 },
    });
    assert.equal(chunks.at(-2).choices[0].finish_reason, 'stop');

    const without = await collect(await create('Hello',
        { stream_options: { include_usage: false } }));
    assert.equal(without.usage, undefined);
});


test('the .stream() helper with all its events', async () => {
    const seen = {};
    const stream = helper('Hello', {
        stream_options: { include_usage: true },
    });
    for (const name of ['connect', 'chunk', 'content', 'content.delta',
        'content.done', 'message', 'chatCompletion', 'finalContent',
        'finalMessage', 'finalChatCompletion', 'totalUsage', 'end']) {
        stream.on(name, (...values) => {
            (seen[name] ??= []).push(values);
        });
    }
    const text = 'Simulated answer to: Hello';
    assert.equal(await stream.finalContent(), text);
    const completion = await stream.finalChatCompletion();
    assert.equal(completion.object, 'chat.completion');
    assert.equal(completion.choices[0].finish_reason, 'stop');
    assert.equal(completion.choices[0].message.content, text);
    assert.equal(completion.usage.total_tokens, 5);
    const usage = await stream.totalUsage();
    assert.deepEqual([usage.prompt_tokens, usage.completion_tokens], [2, 3]);
    await stream.done();

    const counts = Object.fromEntries(Object.entries(seen)
        .map(([name, list]) => [name, list.length]));
    assert.deepEqual(counts, {
        'connect': 1, 'chunk': 6, 'content': 3, 'content.delta': 3,
        'content.done': 1, 'message': 1, 'chatCompletion': 1,
        'finalContent': 1, 'finalMessage': 1, 'finalChatCompletion': 1,
        'totalUsage': 1, 'end': 1,
    });
    assert.equal(seen.content.map(([delta]) => delta).join(''), text);
    assert.equal(seen.content.at(-1)[1], text);
});


test('the .stream() helper by for await', async () => {
    const stream = helper(ALL_TEXTS);
    const chunks = [];
    for await (const chunk of stream) {
        chunks.push(chunk);
    }
    assert.equal(together(chunks).content, await stream.finalContent());
});


test('a stream that is handed on', async () => {
    await gateway.sim.next({ text: ALL_TEXTS });
    const stream = helper();
    const again = ChatCompletionStream.fromReadableStream(
        stream.toReadableStream());
    assert.equal(await again.finalContent(), ALL_TEXTS);
});


test('a stream that is read twice', async () => {
    await gateway.sim.next({ text: ALL_TEXTS });
    const [left, right] = (await create()).tee();
    const [a, b] = await Promise.all([collect(left), collect(right)]);
    assert.equal(a.content, ALL_TEXTS);
    assert.deepEqual(a, b);
});


test('thoughts come before the text', async () => {
    await gateway.sim.next({ thinking: ALL_TEXTS, text: 'Yes.' });
    const { chunks, reasoning, content } = await collect(
        await create('Well?', { model: `${MODEL}-thinking` }));
    assert.equal(reasoning, ALL_TEXTS);
    assert.equal(content, 'Yes.');
    const kinds = chunks.slice(1, -1).map(({ choices: [{ delta }] }) =>
        Object.keys(delta).join());
    assert.deepEqual([...new Set(kinds)], ['reasoning_content', 'content']);
    assert.deepEqual(kinds, [...kinds].sort().reverse());
});


test('the summaries of the newer form of thinking', async () => {
    await gateway.sim.next({ thinking_form: 'summary', piece: 3, thinking: [
        { title: 'One', thought: 'first thought' },
        { title: '二', thought: '第二😀' },
    ] });
    const { reasoning } = await collect(
        await create('Well?', { enable_thinking: true }));
    assert.equal(reasoning,
        '**One**\n\nfirst thought\n\n**二**\n\n第二😀');
});


test('a search annotates its sources before the end', async () => {
    const { chunks, content, annotations } = await collect(
        await create('Look', { model: `${MODEL}-search` }));
    assert.match(content, /^Simulated answer to: Look\n\n---\n\[1\] /);
    assert.deepEqual(annotations.map(({ url_citation: one }) => one.url),
        ['https://qwen.ai/', 'https://example.com/a?b=c&d=(e)']);
    const characters = Array.from(content);
    annotations.forEach(({ url_citation: one }, i) => {
        const line = characters.slice(one.start_index, one.end_index);
        assert.ok(line.join('').startsWith(`[${i + 1}] [`));
        assert.ok(line.join('').endsWith(
            `| 来源: ${new URL(one.url).hostname}`));
    });
    const [before, finish] = chunks.slice(-2);
    assert.deepEqual(Object.keys(before.choices[0].delta), ['annotations']);
    assert.equal(finish.choices[0].finish_reason, 'stop');
});


test('both forms of an answer say the same', async () => {
    for (const model of ['', '-thinking', '-search', '-thinking-search']) {
        const whole = await client.chat.completions.create(
            request(ALL_TEXTS, { model: MODEL + model }));
        const { content, reasoning, annotations, finish, usage }
            = await collect(await create(ALL_TEXTS, {
                model: MODEL + model,
                stream_options: { include_usage: true },
            }));
        const { message, finish_reason } = whole.choices[0];
        assert.equal(content, message.content);
        assert.equal(reasoning, message.reasoning_content ?? '');
        assert.deepEqual(annotations, message.annotations ?? []);
        assert.deepEqual([finish, usage], [finish_reason, whole.usage]);
    }
});


test('text arrives however it is escaped and cut', async () => {
    for (const more of [{ ascii: true }, { slashes: true }, { eol: 'crlf' },
        { eol: 'cr' }, { multiline: true }, { comments: true },
        { fields: true }, { bom: true, no_space: true }, { split: 1 },
        { split: [1, 2, 3, 4, 5, 6, 7] }, { split: 7, eol: 'crlf' },
        { per_write: 100 }, { piece: 1 }, { tail: 'line' },
        { usage: 'none' }, { done: true }, { created: false },
        { length: true }, { close: true }]) {
        await gateway.sim.next({ text: ALL_TEXTS, ...more });
        const { content, finish } = await collect(await create());
        assert.equal(content, ALL_TEXTS, JSON.stringify(more));
        assert.equal(finish, 'stop');
    }
});


test('artefacts between the texts do not disturb', async () => {
    await gateway.sim.next({ text: ['a', 'b', 'c'], artefacts: [
        'unknown-phase', 'function-call', 'function-role', 'null-content',
        'no-content', 'unknown-event', 'empty-choices', 'no-choices',
    ] });
    const { content, finish } = await collect(await create());
    assert.deepEqual([content, finish], ['abc', 'stop']);
});


test('many events, long events, a long text', async () => {
    for (const events of [{ count: 20000, size: 12 },
        { count: 1, size: 1048576, pattern: 'mixed' },
        { count: 50, size: 65536, pattern: 'escapes' }]) {
        await gateway.sim.next({ events });
        const { content, finish } = await collect(await create());
        assert.ok(content === eventsText(events), JSON.stringify(events));
        assert.equal(finish, 'stop');
    }
    const text = longText(300000);
    await gateway.sim.next({ text, piece: 100 });
    const { content } = await collect(await create());
    assert.ok(content === text);
});


test('keep-alive comments in a silence', async () => {
    await gateway.sim.next({ text: ['a', 'b'],
        stall: { after: 1, ms: 2500 } });
    const { content } = await collect(await create());
    assert.equal(content, 'ab');
    const comments = gateway.recorder.last().text.split('\n\n')
        .filter((block) => block.startsWith(':'));
    assert.equal(comments.length, 2);
});


test('each text is passed on when it comes', async () => {
    await gateway.sim.next({ text: ['first', 'second'],
        stall: { after: 1, ms: 60000 } });
    const stream = await create();
    for await (const { choices: [{ delta }] } of stream) {
        if (delta.content) {
            assert.equal(delta.content, 'first');
            break;
        }
    }
});


// What the SDK makes of an error event: an APIError without a status.
function isIncomplete(error) {
    assert.ok(error instanceof OpenAI.APIError);
    assert.equal(error.status, undefined);
    assert.equal(error.type, 'upstream_error');
    assert.equal(error.code, 'upstream_incomplete');
    return true;
}


for (const fault of ['close', 'cut', 'reset']) {
    test(`a stream that breaks off throws: ${fault}`, async () => {
        await gateway.sim.next({ text: ['a', 'b', 'c'], fault, after: 2 });
        const chunks = [];
        await assert.rejects(async () => {
            for await (const chunk of await create()) {
                chunks.push(chunk);
            }
        }, isIncomplete);
        assert.equal(together(chunks).content, 'ab');
        assert.equal(together(chunks).finish, undefined);
    });
}


test('an error of the upstream in mid-stream throws', async () => {
    for (const [fault, type, code] of [
        ['quota', 'rate_limit_error', 'insufficient_quota'],
        ['internal-error', 'upstream_error', 'upstream_unavailable'],
    ]) {
        await gateway.sim.next({ text: ['a', 'b', 'c'], fault, after: 2 });
        await assert.rejects(async () => collect(await create()),
            (error) => {
                assert.ok(error instanceof OpenAI.APIError);
                assert.deepEqual([error.type, error.code], [type, code]);
                return true;
            });
    }
});


test('the .stream() helper tells an error in mid-stream', async () => {
    await gateway.sim.next({ text: ['a', 'b', 'c'], fault: 'cut',
        after: 2 });
    const stream = helper();
    const told = once(stream, 'error').catch((error) => [error]);
    await assert.rejects(stream.finalContent(), isIncomplete);
    isIncomplete((await told)[0]);
    assert.ok(stream.errored && stream.ended && !stream.aborted);
});


test('a content filter after text ends with its finish reason', async () => {
    await gateway.sim.next({ text: ['a', 'b', 'c'], fault: 'content-filter',
        after: 2 });
    const { content, finish } = await collect(await create());
    assert.deepEqual([content, finish], ['ab', 'content_filter']);
});


test('the last finish event counts, not the end of the connection',
    async () => {
        for (const more of [{ fault: 'cut', after: 'finish' },
            { fault: 'reset', after: 'finish' }, { hang: true },
            { usage_at: 'after' }]) {
            await gateway.sim.next({ text: 'whole', ...more });
            const { content, finish } = await collect(await create());
            assert.deepEqual([content, finish], ['whole', 'stop'],
                JSON.stringify(more));
        }
    });


closingTests(gateway);
