// A client that leaves: the upstream's stream is closed at once, at every
// stage, and the account is free again.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import { closingTests } from './closing.mjs';
import { startGateway, until } from './gateway.mjs';
import { MODEL, user } from './texts.mjs';

// Long enough that only the client can have ended it.
const FOREVER = 600000;

const gateway = await startGateway({ accounts: 2 });
const client = gateway.client();
const { sim } = gateway;


function request(more = {}) {
    return { model: MODEL, messages: user('Hello'), ...more };
}


// Nothing is open at the upstream, and the request was left there.
async function closedAtUpstream(call = 'completion') {
    const what = `the ${call} is closed`;
    await until(async () => {
        const { outcome } = await gateway.lastRequest(call);
        return outcome === 'aborted' && (await sim.stats()).open === 0;
    }, { what });
}


async function arrived(call = 'completion') {
    const { calls: { [call]: before = 0 } } = await sim.stats();
    return () => until(async () =>
        (await sim.stats()).calls[call] > before, { what: `a ${call}` });
}


// A test after which both accounts serve as before.
function abortTest(name, run) {
    test(name, async () => {
        await run();
        await allServe();
    });
}


async function allServe() {
    const { id } = (await sim.requests()).at(-1);
    for (let i = 0; i < 4; i++) {
        const answer = await client.chat.completions.create(request());
        assert.equal(answer.choices[0].finish_reason, 'stop');
    }
    const list = await sim.requests({ call: 'completion', after: id });
    assert.equal(list.length, 4);
    assert.equal(new Set(list.map(({ email }) => email)).size, 2);
}


const ENDINGS = {
    'a signal': (stream, controller) => controller.abort(),
    "the stream's controller": (stream) => stream.controller.abort(),
    'break': () => 'break',
};

for (const [name, leave] of Object.entries(ENDINGS)) {
    abortTest(`in mid-stream, by ${name}`, async () => {
        await sim.next({ text: ['a', 'b', 'c'],
            stall: { after: 2, ms: FOREVER } });
        const controller = new AbortController();
        const stream = await client.chat.completions.create(
            request({ stream: true }), { signal: controller.signal });
        let text = '';
        for await (const { choices: [{ delta }] } of stream) {
            text += delta.content;
            if (text === 'ab' && leave(stream, controller) === 'break') {
                break;
            }
        }
        assert.equal(text, 'ab');
        await closedAtUpstream();
    });
}


abortTest('in mid-stream, while much is being sent', async () => {
    await sim.next({ events: { count: 100000, size: 1000 } });
    const stream = await client.chat.completions.create(
        request({ stream: true }));
    let count = 0;
    for await (const chunk of stream) {
        count += chunk.choices.length;
        if (count > 100) {
            break;
        }
    }
    await closedAtUpstream();
    const { sent } = await gateway.lastRequest();
    assert.ok(sent.events < 100000);
});


abortTest('by the .stream() helper', async () => {
    await sim.next({ text: ['a', 'b'], stall: { after: 1, ms: FOREVER } });
    const stream = client.chat.completions.stream(request());
    const aborted = new Promise((resolve) => {
        stream.on('abort', resolve);
    });
    stream.once('content', () => stream.abort());
    await assert.rejects(stream.finalContent(), OpenAI.APIUserAbortError);
    assert.ok(await aborted instanceof OpenAI.APIUserAbortError);
    assert.ok(stream.aborted);
    await closedAtUpstream();
});


const STAGES = {
    'while the chat is opened': ['new_chat',
        { on: 'new_chat', delay: FOREVER }],
    'before the upstream answers': ['completion', { delay: FOREVER }],
    'before the first event': ['completion',
        { created: false, stall: { after: 0, ms: FOREVER } }],
    'before the first token': ['completion',
        { stall: { after: 0, ms: FOREVER } }],
};

for (const [name, [call, behaviour]] of Object.entries(STAGES)) {
    for (const stream of [true, false]) {
        abortTest(`${name}${stream ? ', a stream' : ''}`, async () => {
            await sim.next(behaviour);
            const here = await arrived(call);
            const controller = new AbortController();
            const { signal } = controller;
            const promise = client.chat.completions.create(
                request({ stream }), { signal });
            await Promise.all([
                assert.rejects(promise, OpenAI.APIUserAbortError),
                here().then(() => controller.abort()),
            ]);
            await closedAtUpstream(call);
        });
    }
}


abortTest('while an answer is collected', async () => {
    await sim.next({ text: ['a', 'b'], stall: { after: 1, ms: FOREVER } });
    const here = await arrived();
    const controller = new AbortController();
    const promise = client.chat.completions.create(request(),
        { signal: controller.signal });
    await Promise.all([
        assert.rejects(promise, OpenAI.APIUserAbortError),
        here().then(() => controller.abort()),
    ]);
    await closedAtUpstream();
});


abortTest("by the SDK's own time-out", async () => {
    for (const stream of [true, false]) {
        await sim.next({ delay: FOREVER });
        await assert.rejects(client.chat.completions.create(
            request({ stream }), { timeout: 300 }),
        OpenAI.APIConnectionTimeoutError);
        await closedAtUpstream();
    }
});


test('while it waits for a sign-in, which goes on', async (t) => {
    const fresh = await startGateway({ accounts: 1, simulator: {
        behaviours: [{ on: 'signin', delay: 1000 }],
    } });
    t.after(() => fresh.stop());
    await assert.rejects(fresh.client().chat.completions.create(request(),
        { timeout: 200 }), OpenAI.APIConnectionTimeoutError);
    const answer = await fresh.client().chat.completions.create(request());
    assert.equal(answer.choices[0].finish_reason, 'stop');
    const { calls } = await fresh.sim.stats();
    assert.deepEqual([calls.signin, calls.new_chat], [1, 1]);
});


abortTest('fifty at once', async () => {
    await sim.set({ behaviours: [{ text: ['a', 'b'],
        stall: { after: 1, ms: FOREVER } }] });
    const streams = await Promise.all(Array.from({ length: 50 }, () =>
        client.chat.completions.create(request({ stream: true }))));
    await until(async () => (await sim.stats()).open === 50,
        { what: '50 streams' });
    const before = await sim.stats();
    streams.forEach((stream) => stream.controller.abort());
    await until(async () => (await sim.stats()).open === 0,
        { what: 'no stream' });
    const after = await sim.stats();
    assert.equal(after.aborted - before.aborted, 50);
    await sim.set({ behaviours: [] });
});


closingTests(gateway);
