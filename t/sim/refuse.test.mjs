import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EMAIL, MODEL, begin, completionBody, deltas, newChatBody, open,
    post, read, send, sha256, signIn } from './harness.mjs';


async function refusal(simulator, change) {
    const chat = await open(simulator);
    const body = completionBody(chat.chatId, 'x');
    change(body, chat);
    const response = await send(simulator, chat, body);
    const text = await response.text();
    const records = await simulator.client.requests({ call: 'completion' });
    return { status: response.status, text, record: records.at(-1) };
}


test('sign-in checks the hash of the password', async (t) => {
    const simulator = await begin(t);
    const good = await (await signIn(simulator)).json();
    const [, payload] = good.token.split('.');
    const { exp } = JSON.parse(Buffer.from(payload, 'base64url'));
    assert.ok(Math.abs(exp - Date.now() / 1000 - 21600) < 3);
    assert.equal((await signIn(simulator, EMAIL, 'no')).status, 400);
    assert.equal((await signIn(simulator, 'nobody@x', 'no')).status, 400);
    const plain = await post(simulator, '/api/v1/auths/signin',
        { email: EMAIL, password: 'plain' });
    assert.equal(plain.status, 400);
    await simulator.client.set({ signin_refusal: 401 });
    assert.equal((await signIn(simulator, EMAIL, 'no')).status, 401);
});


test('any account signs in unless its password is wrong', async (t) => {
    const simulator = await begin(t, { any_account: true });
    assert.equal((await signIn(simulator, 'new@x', 'y')).status, 200);
    assert.equal((await signIn(simulator, 'new@x', 'wrong')).status, 400);
    assert.equal((await signIn(simulator, EMAIL, 'y')).status, 400);
});


test('the token check knows its account', async (t) => {
    const simulator = await begin(t);
    const { token } = await (await signIn(simulator)).json();
    const answer = await fetch(`${simulator.url}/api/v1/auths/`,
        { headers: { Authorization: `Bearer ${token}` } });
    const { role, email } = await answer.json();
    assert.deepEqual([answer.status, role, email], [200, 'user', EMAIL]);
});


test('expired, revoked and unknown tokens are refused', async (t) => {
    const simulator = await begin(t);
    const chat = await open(simulator);
    await simulator.client.revoke(EMAIL);
    const body = completionBody(chat.chatId, 'x');
    assert.equal((await send(simulator, chat, body)).status, 401);
    await simulator.client.set({ email: EMAIL, token_life: -1 });
    const { token } = await (await signIn(simulator)).json();
    const expired = { ...chat, token };
    assert.equal((await send(simulator, expired, body)).status, 401);
    await simulator.client.set({ unauthorized: 'unauthorized-200' });
    const soft = await send(simulator, expired, body);
    const json = await soft.json();
    assert.deepEqual([soft.status, json.success, json.data.code],
        [200, false, 'Unauthorized']);
    const reasons = (await simulator.client.requests(
        { call: 'completion' })).map(({ refused }) => refused);
    assert.deepEqual(reasons,
        ['unknown token', 'expired token', 'expired token']);
});


test('several messages give an empty answer', async (t) => {
    const simulator = await begin(t);
    const { status, text, record } = await refusal(simulator, (body) => {
        body.messages.push({ role: 'assistant', content: 'y' });
    });
    assert.equal(status, 200);
    assert.doesNotMatch(text, /delta/);
    assert.equal(record.refused, 'several messages');
});


test('without output_schema deltas have no phase', async (t) => {
    const simulator = await begin(t);
    const chat = await open(simulator);
    const body = completionBody(chat.chatId, 'x',
        { output_schema: undefined });
    const list = deltas(await read(await send(simulator, chat, body)));
    assert.ok(list.length > 1);
    assert.ok(list.every((delta) => !('phase' in delta)));
});


test('a body over 128 KiB meets the wall', async (t) => {
    const simulator = await begin(t);
    const chat = await open(simulator);
    const size = JSON.stringify(completionBody(chat.chatId, '')).length;
    const exact = completionBody(chat.chatId, 'x'.repeat(131072 - size));
    assert.equal((await read(await send(simulator, chat, exact))).length > 1,
        true);
    exact.messages[0].content += 'x';
    const over = await send(simulator, chat, exact);
    assert.match(over.headers.get('content-type'), /text\/html/);
    await simulator.client.set({ max_body: null });
    exact.messages[0].content += 'x'.repeat(5e6);
    const passed = await send(simulator, chat, exact);
    assert.match(passed.headers.get('content-type'), /event-stream/);
    await passed.arrayBuffer();
});


test('a chat is its account\'s alone', async (t) => {
    const simulator = await begin(t);
    const anna = await open(simulator);
    const bob = await open(simulator, 'bob@example.com');
    const stolen = { token: bob.token, chatId: anna.chatId };
    const body = completionBody(anna.chatId, 'x');
    assert.equal((await send(simulator, stolen, body)).status, 404);
    const unknown = { token: bob.token, chatId: 'none' };
    assert.equal((await send(simulator, unknown,
        completionBody('none', 'x'))).status, 404);
    const reasons = (await simulator.client.requests(
        { call: 'completion' })).map(({ refused }) => refused);
    assert.deepEqual(reasons, ['chat of another account', 'unknown chat']);
});


test('a model that is not in the list is refused', async (t) => {
    const simulator = await begin(t);
    const { token } = await (await signIn(simulator)).json();
    const refused = await post(simulator, '/api/v2/chats/new',
        newChatBody('gpt-4'), token);
    const { success, data } = await refused.json();
    assert.deepEqual([refused.status, success, data.code],
        [200, false, 'Not_Found']);
    await simulator.client.set({
        model_check: 'completion', model_refusal: 'detail-404',
    });
    const made = await post(simulator, '/api/v2/chats/new',
        newChatBody('gpt-4'), token);
    const chat = { token, chatId: (await made.json()).data.id };
    const answer = await send(simulator, chat,
        completionBody(chat.chatId, 'x', { model: 'gpt-4' }));
    assert.equal(answer.status, 404);
});


test('malformed requests are refused with the reason', async (t) => {
    const simulator = await begin(t);
    const cases = [
        [(body) => { delete body.version; }, /^version/],
        [(body) => { body.incremental_output = false; }, /^incremental/],
        [(body) => { body.timestamp = Date.now(); }, /^timestamp/],
        [(body) => { body.chat_id = 'other'; }, /^chat_id/],
        [(body) => { body.stream = false; }, /^stream/],
        [(body) => { body.messages = []; }, /^messages/],
        [(body) => { body.messages[0].role = 'system'; }, /role/],
        [(body) => { body.messages[0].fid = 'x'; }, /fid/],
        [(body) => { body.messages[0].content = 5; }, /content/],
        [(body) => { body.messages[0].models = ['x']; }, /models/],
        [(body) => { body.messages[0].extra = {}; }, /subChatType/],
        [(body) => {
            body.messages[0].feature_config.thinking_enabled = 'yes';
        }, /thinking_enabled/],
        [(body) => {
            body.messages[0].feature_config.thinking_budget = 0;
        }, /thinking_budget/],
    ];
    for (const [change, reason] of cases) {
        const { status, record } = await refusal(simulator, change);
        assert.equal(status, 400, String(reason));
        assert.match(record.refused, reason);
    }
});


test('JSON, its type and its encoding are demanded', async (t) => {
    const simulator = await begin(t);
    const path = '/api/v1/auths/signin';
    const body = { email: EMAIL, password: sha256('x') };
    const form = await post(simulator, path, body, undefined,
        { 'Content-Type': 'text/plain' });
    assert.equal(form.status, 400);
    assert.equal((await post(simulator, path, '{')).status, 400);
    assert.equal((await post(simulator, path, 'null')).status, 400);
    const bytes = await fetch(simulator.url + path, {
        method: 'POST', headers: { 'Content-Type': 'application/json' },
        body: Buffer.from('{"email":"\xff","password":"x"}', 'latin1'),
    });
    assert.equal(bytes.status, 400);
    assert.equal((await fetch(`${simulator.url}/x`)).status, 404);
    assert.equal((await fetch(simulator.url + path)).status, 405);
});


test('a new chat names one model and milliseconds', async (t) => {
    const simulator = await begin(t);
    const { token } = await (await signIn(simulator)).json();
    for (const change of [{ timestamp: 1e9 }, { models: [] },
        { chat_type: 'x' }, { models: [MODEL, MODEL] }]) {
        const answer = await post(simulator, '/api/v2/chats/new',
            { ...newChatBody(), ...change }, token);
        assert.equal(answer.status, 400, JSON.stringify(change));
    }
});
