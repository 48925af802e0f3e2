import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EMAIL, MODEL, answerText, ask, begin, completionBody, deltas,
    newChatBody, open, post, read, send, signIn } from './harness.mjs';


test('a completion repeats the text and finishes', async (t) => {
    const simulator = await begin(t);
    const response = await ask(simulator, 'Guten Tag, 世界 🚀');
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type'), /event-stream/);
    const list = await read(response);
    assert.ok(list[0]['response.created'].response_id);
    assert.equal(answerText(list),
        'Simulated answer to: Guten Tag, 世界 🚀');
    const last = deltas(list).at(-1);
    assert.deepEqual([last.content, last.status, last.phase],
        ['', 'finished', 'answer']);
    const { usage } = list.at(-1);
    assert.equal(usage.total_tokens,
        usage.input_tokens + usage.output_tokens);
});


test('the last directive of a text counts and is not repeated',
    async (t) => {
        const simulator = await begin(t);
        const list = await read(await ask(simulator,
            'a[[sim:{"text":"one"}]]b',
            { search: [[{ title: 'x]]y', url: 'u' }]] }));
        assert.equal(answerText(list),
            'Simulated answer to: a[[sim:{"text":"one"}]]b');
        assert.equal(deltas(list)[1].extra.web_search_info[0].title,
            'x]]y');
    });


test('thinking comes as think deltas', async (t) => {
    const simulator = await begin(t);
    const list = await read(await ask(simulator, 'x',
        { thinking: ['Hmm. ', 'Well.'], piece: 3 },
        { thinking_enabled: true }));
    const thought = deltas(list).filter(({ phase }) => phase === 'think');
    assert.equal(thought.map(({ content }) => content).join(''),
        'Hmm. Well.');
    assert.equal(thought.at(-1).status, 'finished');
    assert.ok(list.at(-1).usage.output_tokens_details.reasoning_tokens > 0);
});


test('thinking comes as a growing summary', async (t) => {
    const simulator = await begin(t);
    const list = await read(await ask(simulator, 'x', {
        thinking_form: 'summary', piece: 2,
        thinking: [{ title: 'One', thought: 'abc' },
            { title: 'Two', thought: 'defg' }],
    }));
    const parts = deltas(list).filter(
        ({ phase }) => phase === 'thinking_summary');
    assert.ok(parts.every(({ content }) => content === ''));
    assert.deepEqual(parts[0].extra.summary_title.content, ['On']);
    assert.deepEqual(parts.at(-1).extra.summary_title.content,
        ['One', 'Two']);
    assert.deepEqual(parts.at(-1).extra.summary_thought.content,
        ['abc', 'defg']);
});


test('thinking is absent unless asked for', async (t) => {
    const simulator = await begin(t);
    const plain = deltas(await read(await ask(simulator, 'x')));
    assert.ok(plain.every(({ phase }) => phase === 'answer'));
    const asked = deltas(await read(await ask(simulator, 'x', undefined,
        { thinking_enabled: true })));
    assert.ok(asked.some(({ phase }) => phase === 'think'));
});


test('search sends results, a newer list behind the older', async (t) => {
    const simulator = await begin(t);
    const plain = deltas(await read(await ask(simulator, 'x', undefined,
        { chat_type: 'search' })));
    const info = plain.filter(({ extra }) => extra?.web_search_info);
    assert.equal(info[0].name, 'web_search');
    assert.equal(info[0].extra.web_search_info.length, 2);
    const lists = [[{ title: 'a', url: 'b' }], [{ title: 'c', url: 'd' }]];
    const given = deltas(await read(await ask(simulator, 'x',
        { search: lists })));
    assert.deepEqual(given.map(({ extra }) => extra?.web_search_info)
        .filter(Boolean), lists);
});


test('usage comes in either naming, given, late or never', async (t) => {
    const simulator = await begin(t);
    const old = await read(await ask(simulator, 'x', { usage: 'old' }));
    assert.ok(old.at(-1).usage.prompt_tokens > 0);
    const none = await read(await ask(simulator, 'x', { usage: 'none' }));
    assert.ok(none.every(({ usage }) => usage === undefined));
    const given = await read(await ask(simulator, 'x',
        { usage: { input_tokens: 7 }, usage_at: 'last' }));
    assert.deepEqual(given.map(({ usage }) => usage).filter(Boolean),
        [{ input_tokens: 7 }]);
    const late = await read(await ask(simulator, 'x',
        { usage_at: 'after' }));
    assert.deepEqual(late.at(-1).choices, []);
    assert.equal(late.filter(({ usage }) => usage).length, 1);
});


test('content parts are read, text by text', async (t) => {
    const simulator = await begin(t);
    const chat = await open(simulator);
    const body = completionBody(chat.chatId, [
        { type: 'text', text: 'one' },
        { type: 'image', image: 'https://example.com/a.png' },
        { type: 'text', text: 'two' },
    ]);
    const list = await read(await send(simulator, chat, body));
    assert.equal(answerText(list), 'Simulated answer to: one\ntwo');
});


test('the older request shape is accepted', async (t) => {
    const simulator = await begin(t);
    const chat = await open(simulator);
    const list = await read(await send(simulator, chat, {
        stream: true, incremental_output: true, chat_type: 't2t',
        sub_chat_type: 't2t', model: MODEL, session_id: 's', id: 'i',
        chat_id: chat.chatId, chat_mode: 'normal',
        messages: [{
            role: 'user', content: 'old', chat_type: 't2t', extra: {},
            feature_config: {
                output_schema: 'phase', thinking_enabled: false,
            },
        }],
    }));
    assert.equal(answerText(list), 'Simulated answer to: old');
});


test('a chat can be shown and deleted', async (t) => {
    const simulator = await begin(t);
    const chat = await open(simulator);
    await read(await send(simulator, chat,
        completionBody(chat.chatId, 'hello')));
    const url = `${simulator.url}/api/v2/chats/${chat.chatId}`;
    const headers = { Authorization: `Bearer ${chat.token}` };
    const { data } = await (await fetch(url, { headers })).json();
    assert.deepEqual(data.chat.messages.map(({ content }) => content),
        ['hello', 'Simulated answer to: hello']);
    const gone = await fetch(url, { method: 'DELETE', headers });
    assert.equal(gone.status, 200);
    assert.equal((await fetch(url, { headers })).status, 404);
});


test('models need a token and hold all forms', async (t) => {
    const simulator = await begin(t);
    const url = `${simulator.url}/api/models`;
    assert.equal((await fetch(url)).status, 401);
    const { token } = await (await signIn(simulator)).json();
    const headers = { Authorization: `Bearer ${token}` };
    const { data } = await (await fetch(url, { headers })).json();
    assert.ok(data.length > 5);
    assert.ok(data.some(({ info }) => info === undefined));
    await simulator.client.set({ models: [{ id: 'only' }] });
    const changed = await (await fetch(url, { headers })).json();
    assert.deepEqual(changed, { data: [{ id: 'only' }] });
});


test('requests are recorded with their exact text', async (t) => {
    const simulator = await begin(t);
    const text = '<|user|>\nline "one"\u0000\n😀';
    await read(await ask(simulator, text));
    const [record] = await simulator.client.requests(
        { call: 'completion' });
    assert.equal(record.content, text);
    assert.equal(record.email, EMAIL);
    assert.equal(record.body.model, MODEL);
    assert.match(record.headers.authorization, /^Bearer ey/);
    assert.equal(record.query.chat_id, record.chat_id);
    assert.deepEqual([record.status, record.outcome], [200, 'done']);
    assert.equal(record.sent.finished, true);
});


test('notes tell which headers a good client would send', async (t) => {
    const simulator = await begin(t);
    const { token } = await (await signIn(simulator)).json();
    await post(simulator, '/api/v2/chats/new', newChatBody(), token, {
        'Accept': 'application/json', 'User-Agent': 'x',
        'Origin': 'https://chat.qwen.ai',
        'Referer': 'https://chat.qwen.ai/', 'source': 'web',
        'version': '0.2.83', 'timezone': 'now',
        'Accept-Encoding': 'identity', 'Cookie': `a=b; token=${token}`,
        'X-Request-Id': 'b2c1e0c2-93a5-4d2c-8f5e-0123456789ab',
    });
    const [good] = await simulator.client.requests({ call: 'new_chat' });
    assert.deepEqual(good.notes, []);
    const [signin] = await simulator.client.requests({ call: 'signin' });
    assert.ok(signin.notes.some((note) => note.startsWith('x-request-id')));
});
