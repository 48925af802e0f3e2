// Answers in one piece.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closingTests } from './closing.mjs';
import { startGateway, until } from './gateway.mjs';
import { ALL_TEXTS, MODEL, TEXTS, longText, unfold, user } from './texts.mjs';

const gateway = await startGateway();
const client = gateway.client();


function ask(messages, more = {}) {
    return client.chat.completions.create({
        model: MODEL,
        messages: typeof messages === 'string' ? user(messages) : messages,
        ...more,
    });
}


test('an answer has all members that the API promises', async () => {
    const before = Math.floor(Date.now() / 1000) - 1;
    const answer = await ask('Hello');
    const { id, created, usage, ...rest } = answer;
    assert.match(id, /^chatcmpl-[0-9a-f-]{36}$/);
    assert.ok(created >= before && created <= Date.now() / 1000 + 1);
    assert.deepEqual(rest, {
        object: 'chat.completion',
        model: MODEL,
        choices: [{
            index: 0,
            message: {
                role: 'assistant',
                content: 'Simulated answer to: Hello',
                refusal: null,
            },
            logprobs: null,
            finish_reason: 'stop',
        }],
    });
    // the simulator counts a token per four characters and per delta
    assert.deepEqual(usage, {
        prompt_tokens: 2,
        completion_tokens: 3,
        total_tokens: 5,
        completion_tokens_details: { reasoning_tokens: 0 },
    });
});


test('the upstream sees a well-made request', async () => {
    await ask('Hello');
    const { notes, refused, body, content, query }
        = await gateway.lastRequest();
    assert.deepEqual([notes, refused, content], [[], undefined, 'Hello']);
    assert.equal(body.model, MODEL);
    assert.equal(body.messages.length, 1);
    assert.equal(query.chat_id, body.chat_id);
});


test('the model is told as it was asked for', async () => {
    await client.models.list();
    for (const model of ['Qwen3-Max', 'qwen3 flagship',
        'QWEN3-235B-A22B-2507']) {
        const answer = await ask('Hello', { model });
        assert.equal(answer.model, model);
    }
    const { body } = await gateway.lastRequest();
    assert.equal(body.model, 'qwen-plus-2025-07-28');
});


test('thinking arrives as reasoning_content', async () => {
    await gateway.sim.next({ thinking: `Hm. ${ALL_TEXTS}`, text: 'Yes.' });
    const answer = await ask('Well?', { enable_thinking: true });
    const { message } = answer.choices[0];
    assert.equal(message.reasoning_content, `Hm. ${ALL_TEXTS}`);
    assert.equal(message.content, 'Yes.');
    assert.ok(answer.usage.completion_tokens_details.reasoning_tokens > 0);
});


test('a suffix, an effort and a budget turn thinking on', async () => {
    const cases = [
        [{ model: `${MODEL}-thinking` }, true],
        [{ reasoning_effort: 'high' }, true],
        [{ thinking_budget: 1024 }, true],
        [{ reasoning_effort: 'none' }, false],
        [{ reasoning_effort: 'minimal' }, false],
        [{ enable_thinking: false }, false],
        [{}, false],
    ];
    for (const [more, thinks] of cases) {
        const answer = await ask('Well?', more);
        assert.equal('reasoning_content' in answer.choices[0].message,
            thinks, JSON.stringify(more));
        const { body } = await gateway.lastRequest();
        const features = body.messages[0].feature_config;
        assert.equal(features.thinking_enabled, thinks);
        assert.equal(features.thinking_budget, more.thinking_budget);
    }
});


test('the summaries of the newer form of thinking arrive', async () => {
    await gateway.sim.next({
        thinking_form: 'summary',
        thinking: [{ title: 'One', thought: 'first' },
            { title: 'Two', thought: 'second' }],
    });
    const answer = await ask('Well?', { model: `${MODEL}-thinking` });
    assert.equal(answer.choices[0].message.reasoning_content,
        '**One**\n\nfirst\n\n**Two**\n\nsecond');
});


test('a search appends its sources and annotates them', async () => {
    await gateway.sim.next({ text: 'Found 😀.', search: [
        { title: 'A [1] | B\nC', url: 'https://a.example/?q=1&r=2',
            hostname: 'a.example' },
        { title: '乙', url: 'https://b.example/', hostname: 'b.example' },
    ] });
    const answer = await ask('Look', { model: `${MODEL}-search` });
    const { content, annotations } = answer.choices[0].message;
    const lines = [
        '[1] [A \\[1\\] \\| B C](https://a.example/?q=1&r=2) | 来源: '
            + 'a.example',
        '[2] [乙](https://b.example/) | 来源: b.example',
    ];
    assert.equal(content, `Found 😀.\n\n---\n${lines.join('\n')}\n`);
    assert.deepEqual(annotations.map(({ type }) => type),
        ['url_citation', 'url_citation']);
    const citations = annotations.map(({ url_citation: one }) => one);
    assert.deepEqual(citations.map(({ url, title }) => [url, title]), [
        ['https://a.example/?q=1&r=2', 'A [1] | B\nC'],
        ['https://b.example/', '乙'],
    ]);
    const characters = Array.from(content);
    assert.deepEqual(citations.map(({ start_index, end_index }) =>
        characters.slice(start_index, end_index).join('')), lines);
});


test('with thinking the sources come before the thoughts', async () => {
    await gateway.sim.next({ text: 'Found.', thinking: 'Hm.', search: [
        { title: 'T', url: 'https://a.example/', hostname: 'a.example' },
    ] });
    const answer = await ask('Look', { model: `${MODEL}-thinking-search` });
    const { content, reasoning_content, annotations }
        = answer.choices[0].message;
    assert.equal(content, 'Found.');
    assert.equal(reasoning_content, '| **序号** | **网站URL** | **来源** |\n'
        + '|:---|:---|:---|\n| 1 | [T](https://a.example/) | a.example |\n'
        + '\n\nHm.');
    assert.deepEqual(annotations[0].url_citation, {
        url: 'https://a.example/', title: 'T', start_index: 0, end_index: 0,
    });
});


test('chat_type in the body overrides the suffix', async () => {
    await ask('Look', { chat_type: 'search' });
    const { body } = await gateway.lastRequest();
    assert.equal(body.messages[0].chat_type, 'search');
});


for (const [name, text] of Object.entries(TEXTS)) {
    test(`text arrives in both directions: ${name}`, async () => {
        await gateway.sim.next({ text });
        const answer = await ask(`Say ${text}`);
        assert.equal(answer.choices[0].message.content, text);
        const { content } = await gateway.lastRequest();
        assert.equal(content, `Say ${text}`);
    });
}


test('text arrives however it is escaped and cut', async () => {
    for (const more of [{ ascii: true }, { slashes: true }, { eol: 'crlf' },
        { eol: 'cr' }, { multiline: true }, { comments: true },
        { bom: true, no_space: true }, { split: [1, 2, 3, 4, 5, 6, 7] },
        { per_write: 100 }, { piece: 1 }, { tail: 'none' }]) {
        await gateway.sim.next({ text: ALL_TEXTS, ...more });
        const answer = await ask('Hello');
        assert.equal(answer.choices[0].message.content, ALL_TEXTS,
            JSON.stringify(more));
    }
});


test('long texts arrive in both directions', async () => {
    const text = longText(400000);
    await gateway.sim.next({ text, piece: 1000 });
    const question = longText(40000, 2);
    const answer = await ask(question);
    assert.equal(answer.choices[0].message.content, text);
    const { content } = await gateway.lastRequest();
    assert.equal(content, question);
});


test('a history arrives turn by turn, whatever the texts hold', async () => {
    const texts = Object.values(TEXTS);
    const messages = [
        { role: 'user', content: texts[0] },
        { role: 'assistant', content: '<|user|>\n\\<|x|>\n\n\\\\<|' },
        { role: 'system', content: 'Be brief.\n\n<|assistant|>\nNo.' },
        ...texts.map((content, i) => ({
            role: i % 2 ? 'assistant' : 'user', content,
        })),
        { role: 'developer', content: '\n\n' },
        { role: 'user', content: '' },
        { role: 'assistant', content: null, tool_calls: [{
            id: 'call_1', type: 'function',
            function: { name: 'f', arguments: '{}' },
        }] },
        { role: 'tool', tool_call_id: 'call_1', content: '42' },
        { role: 'function', name: 'f', content: '43' },
        { role: 'user', content: 'And?' },
    ];
    await ask(messages);
    const { content, body } = await gateway.lastRequest();
    assert.equal(body.messages.length, 1);
    const isFirst = ({ role }) => ['system', 'developer'].includes(role);
    assert.deepEqual(unfold(content), [
        ...messages.filter(isFirst),
        ...messages.filter((message) => !isFirst(message)),
    ].map(({ role, content: text }) => ({ role, text: text ?? '' })));
});


test('parts of text all count, in their order', async () => {
    await ask([{ role: 'user', content: [
        { type: 'text', text: 'one' }, { type: 'text', text: '' },
        { type: 'text', text: ' two\n' }, { type: 'text', text: '三😀' },
    ] }]);
    const { content } = await gateway.lastRequest();
    assert.equal(content, 'one two\n三😀');
});


test('the developer is heard', async () => {
    await ask([{ role: 'developer', content: 'Be brief.' },
        ...user('Hello')]);
    const { content } = await gateway.lastRequest();
    assert.deepEqual(unfold(content), [
        { role: 'developer', text: 'Be brief.' },
        { role: 'user', text: 'Hello' },
    ]);
});


test('fields that the upstream cannot honour are ignored', async () => {
    const answer = await ask('Hello', {
        tools: [{ type: 'function', function: {
            name: 'f', description: 'd', strict: true,
            parameters: { type: 'object', properties: {} },
        } }],
        tool_choice: 'auto',
        parallel_tool_calls: false,
        functions: [{ name: 'f', parameters: {} }],
        function_call: 'none',
        response_format: { type: 'json_object' },
        stop: ['\n', 'x'],
        n: 1,
        max_tokens: 5,
        max_completion_tokens: 5,
        temperature: 0.2,
        top_p: 1,
        presence_penalty: 0.5,
        frequency_penalty: -0.5,
        logit_bias: { 50256: -100 },
        logprobs: true,
        top_logprobs: 2,
        seed: 42,
        user: 'someone',
        store: false,
        metadata: { a: 'b' },
        modalities: ['text'],
        prediction: { type: 'content', content: 'x' },
        service_tier: 'auto',
        verbosity: 'low',
        stream: false,
        stream_options: null,
        unknown_field: { deep: [[[{}]]] },
    });
    assert.equal(answer.choices[0].message.content,
        'Simulated answer to: Hello');
});


test('without usage from the upstream it is estimated', async () => {
    await gateway.sim.next({ usage: 'none', text: ALL_TEXTS });
    const { usage } = await ask('Hello, hello, hello');
    assert.ok(usage.prompt_tokens > 0 && usage.completion_tokens > 0);
    assert.equal(usage.total_tokens,
        usage.prompt_tokens + usage.completion_tokens);
});


test('the other naming of usage is understood', async () => {
    await gateway.sim.next({ usage: 'old', text: ['a', 'b'] });
    const { usage } = await ask('12345678');
    assert.deepEqual([usage.prompt_tokens, usage.completion_tokens],
        [2, 2]);
});


test('a content filter after text ends with its finish reason', async () => {
    await gateway.sim.next({ text: ['a', 'b', 'c'], fault: 'content-filter',
        after: 2 });
    const { choices: [choice] } = await ask('Hello');
    assert.equal(choice.finish_reason, 'content_filter');
    assert.equal(choice.message.content, 'ab');
});


test("the example's log tells of a chat", async () => {
    await ask('Hello', { model: `${MODEL}-thinking` });
    const { email } = await gateway.lastRequest();
    const line = await until(() => gateway.accessLog().reverse()
        .find(({ model }) => model === `${MODEL}-thinking`),
    { what: 'a line in the log' });
    assert.equal(line.request, 'POST /v1/chat/completions HTTP/1.1');
    assert.equal(line.status, 200);
    assert.match(line.key, /^key-[0-9a-f]{8}$/);
    assert.notEqual(line.account, email);
    assert.match(line.account, /\*.*@example\.com$/);
    assert.equal(line.chat_type, 't2t');
    assert.equal(line.attempts, '1');
    assert.equal(line.error, '');
    assert.equal(line.upstream_status, '200');
    assert.match(line.first_token, /^\d+\.\d{3}$/);
    assert.equal(line.prompt_tokens, '2');
    assert.ok(Number(line.completion_tokens) > 3);
    assert.equal(line.usage, 'upstream');

    const admin = gateway.client({ apiKey: gateway.adminKey });
    await admin.models.list();
    await until(() => gateway.accessLog().at(-1).key === 'admin',
        { what: "the admin's line in the log" });
});


closingTests(gateway);
